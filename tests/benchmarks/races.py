"""Many people want the same thing at the same moment; over HTTP, against two web processes.

    python -m tests.benchmarks.races --slots 200 --clients 16 [--only create,move] [--database URL]

It says on stderr when a race has ended.

For each slot of each race every client sends its request when all the others do:

- create: everybody books a space for a quarter of an hour; move: everybody moves a booking of their own there
  (`races_slots`). Exactly one wins;
- series: everybody books the same days of a seat, all or nothing (`races_series`);
- quota, on_behalf: one person asks, or many chiefs for one person, for more than the quota (`races_quota`);
- claim: half sit down, half book; release: the sweep, the person who comes, and who sits down there
  (`races_presence`);
- queue: a slot is held for one, who accepts it while everybody books it (`races_queue`);
- closing: the office closes while everybody books (`races_closing`);
- rotation: a rotation's seats are booked, and every second one taken back, while everybody books (`races_rotation`).

The truth is counted in SQL afterwards, not from the answers. One JSON line:

    {"slots": N, "won": the fewest slots that ended as they must in any race, "double_booked": pairs of live bookings
     that overlap on a space or in a person's lane, "quota_breaches": persons above their quota, "server_errors":
     answers ≥ 500 or none, "p95_ms": …, "races": {"create": {…}, "move": {…}, …}}

A further race is a subclass of `races_stage.Race` in RACES.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from statistics import quantiles
from time import monotonic

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session, aliased

from app.bookings.models import Booking
from app.bookings.rules import LIVE
from app.clock import system_clock
from app.database import create_engine, reading, transaction
from app.people import service as people
from app.spaces.models import Zone
from tests.benchmarks.databases import fresh_database
from tests.benchmarks.races_closing import Closing
from tests.benchmarks.races_presence import Claim, Release
from tests.benchmarks.races_queue import Queue
from tests.benchmarks.races_quota import OnBehalf, Quota
from tests.benchmarks.races_rotation import Publishing
from tests.benchmarks.races_series import Series
from tests.benchmarks.races_slots import Create, Move
from tests.benchmarks.races_stage import SLOT, Cast, Race, run_race
from tests.office import furnish
from tests.servers.web import Answer, web_processes

WEB_PROCESSES = 2
SLOTS_AT_MOST = 1_200  # within the 14 days that staff may book ahead
RACES: tuple[type[Race], ...] = (
    Create,
    Move,
    Series,
    Quota,
    OnBehalf,
    Claim,
    Queue,
    Release,
    Closing,
    Publishing,
)


def run(slots: int, clients: int, database: str, only: Collection[str] | None = None) -> dict[str, object]:
    """Run every race, or those named, on a fresh database and count what became of it."""
    with tempfile.TemporaryDirectory() as folder, fresh_database(database, Path(folder)) as url:
        engine = create_engine(url)
        races = [race() for race in RACES if only is None or race.name in only]
        cast = _set_up(engine, races, slots, clients)
        with web_processes(WEB_PROCESSES, url, Path(folder)) as ports:
            answers = {race.name: _raced(race, cast, ports, engine) for race in races}
        found = _counted(engine, races, answers)
        engine.dispose()
        return {"slots": slots, **found}


def _raced(race: Race, cast: Cast, ports: Sequence[int], engine: Engine) -> list[Answer]:
    since = monotonic()
    answers = run_race(race, cast, ports, engine)
    print(f"{race.name}: {len(answers)} answers in {monotonic() - since:.0f} s", file=sys.stderr, flush=True)
    return answers


def _set_up(engine: Engine, races: Sequence[Race], slots: int, clients: int) -> Cast:
    now = system_clock()
    tomorrow = (now + timedelta(days=1)).replace(minute=0, second=0, microsecond=0)
    with transaction(engine) as session:
        people.add_section(session, "races", name="競争課")
        furnish(session, ["lobby"])
        zone_id = session.scalars(select(Zone.id)).one()
        starts = [tomorrow + number * SLOT for number in range(slots)]
        cast = Cast(zone_id, now, starts, [], [])
        runners = cast.hire(session, "runner", clients)
        cast = Cast(zone_id, now, starts, runners, cast.tokens_of(session, runners))
        for race in races:
            race.prepare(session, cast)
    return cast


def _counted(
    engine: Engine, races: Sequence[Race], answers: Mapping[str, Sequence[Answer]]
) -> dict[str, object]:
    with reading(engine) as session:
        won = {race.name: race.won(session) for race in races}
        breaches = sum(race.breaches(session) for race in races)
        double_booked = _double_booked(session)
    return {
        "won": min(won.values()),
        "double_booked": double_booked,
        "quota_breaches": breaches,
        **_told([answer for given in answers.values() for answer in given]),
        "races": {
            name: {
                "won": won[name],
                "answered": dict(Counter(str(answer.status) for answer in given)),
                **_told(given),
            }
            for name, given in answers.items()
        },
    }


def _told(answers: Sequence[Answer]) -> dict[str, object]:
    seconds = sorted(answer.seconds for answer in answers)
    return {
        "server_errors": sum(answer.status == 0 or answer.status >= 500 for answer in answers),
        "p95_ms": round(quantiles(seconds, n=100)[94] * 1000, 1),
    }


def _double_booked(session: Session) -> int:
    """Pairs of live bookings that overlap on one space, or for one person in one lane."""
    other = aliased(Booking)
    same = (Booking.space_id == other.space_id) | (
        (Booking.user_id == other.user_id) & (Booking.lane == other.lane)
    )
    return session.scalars(
        select(func.count())
        .select_from(Booking)
        .join(other, Booking.id < other.id)
        .where(
            same,
            Booking.status.in_(LIVE),
            other.status.in_(LIVE),
            Booking.start_at < other.end_at,
            other.start_at < Booking.end_at,
        )
    ).one()


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.races", description=__doc__)
    parser.add_argument("--slots", type=int, default=200)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--only", default="", help="races by name, apart by commas; all without")
    parser.add_argument(
        "--database", default="", help="any PostgreSQL database of the server to use; else SQLite"
    )
    given = parser.parse_args(argv)
    if not 1 <= given.slots <= SLOTS_AT_MOST or given.clients < 2:
        parser.error(f"--slots must be 1 to {SLOTS_AT_MOST}, --clients at least 2")
    names = {race.name for race in RACES}
    only = set(given.only.split(",")) if given.only else names
    if not only <= names:
        parser.error(f"--only must name some of {', '.join(sorted(names))}")
    print(json.dumps(run(given.slots, given.clients, given.database, only)))


if __name__ == "__main__":
    main()
