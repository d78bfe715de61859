"""Many people want the same slot at the same moment; over HTTP, against two web processes.

    python -m tests.benchmarks.races --slots 200 --clients 16 [--database URL]

A slot is a space and a quarter of an hour. For each slot every client sends its request when all the others do:

- create: everybody books it;
- move: everybody has a booking of their own at that time on another seat and moves it there;
- queue and release: see `queue_races`.

Exactly one may win. The truth is counted in SQL afterwards, not from the answers. One JSON line:

    {"slots": N, "won": slots that one client won in every race, "double_booked": pairs of live bookings that overlap
     on a space or in a person's lane, "quota_breaches": 0, "server_errors": answers ≥ 500 or none, "p95_ms": …,
     "races": {"create": {…}, "move": {…}}}
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from statistics import quantiles
from threading import Barrier

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session, aliased

from app.bookings.models import Booking
from app.bookings.rules import LIVE, Origin, Status
from app.clock import system_clock
from app.database import create_engine, reading, transaction
from app.people import service as people
from app.people.models import Role, User
from app.spaces.models import Space
from app.spaces.rules import Kind, Lane
from tests.benchmarks import queue_races
from tests.benchmarks.databases import fresh_database
from tests.office import furnish, sensor_ids
from tests.servers.web import Answer, Client, web_processes

WEB_PROCESSES = 2
SLOT = timedelta(minutes=15)
SLOTS_AT_MOST = 1_200  # within the 14 days that staff may book ahead
TOGETHER_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Stage:
    """Who races by which token, the space of each race that all of them want, and each one's own booking by slot."""

    tokens: Sequence[str]
    wanted: Mapping[str, int]
    owned: Sequence[Sequence[int]]
    slots: Sequence[datetime]


# (connection, stage, number of the runner, number of the slot) → answer
Race = Callable[[Client, Stage, int, int], Answer]


def run(slots: int, clients: int, database: str) -> dict[str, object]:
    """Run every race on a fresh database and count what became of it."""
    with tempfile.TemporaryDirectory() as folder, fresh_database(database, Path(folder)) as url:
        stage = _set_up(url, slots, clients)
        with web_processes(WEB_PROCESSES, url, Path(folder)) as ports:
            answers = {name: _run_race(race, stage, ports) for name, race in RACES.items()}
            waiting = queue_races.set_up(url, stage.slots, clients, system_clock())
            beside = queue_races.run(url, waiting, ports)
        return _counted(url, stage, answers, beside)


def _set_up(url: str, slots: int, clients: int) -> Stage:
    now = system_clock()
    tomorrow = (now + timedelta(days=1)).replace(minute=0, second=0, microsecond=0)
    starts = [tomorrow + number * SLOT for number in range(slots)]
    engine = create_engine(url)
    with transaction(engine) as session:
        people.add_section(session, "races", name="競争課")
        users = [_runner(session, number, now) for number in range(clients)]
        tokens = [people.issue_token(session, user, now=now) for user in users]
        booth, seat, *own = furnish(session, sensor_ids(2 + clients))
        # A booth and a seat: the races meet at the same times, and in one lane a person would hold two spaces.
        session.execute(update(Space).where(Space.id == booth).values(kind=Kind.BOOTH))
        session.execute(
            insert(Booking),
            [
                {
                    "space_id": space_id,
                    "user_id": user.id,
                    "lane": Lane.DESK,
                    "start_at": start,
                    "end_at": start + SLOT,
                    "status": Status.BOOKED,
                    "origin": Origin.BOOKED,
                    "made_at": now,
                }
                for space_id, user in zip(own, users, strict=True)
                for start in starts
            ],
        )
        rows = session.execute(select(Booking.user_id, Booking.start_at, Booking.id)).all()
        ids = {(row.user_id, row.start_at): row.id for row in rows}
        owned = [[ids[user.id, start] for start in starts] for user in users]
    engine.dispose()
    return Stage(tokens, {"create": booth, "move": seat}, owned, starts)


def _runner(session: Session, number: int, now: datetime) -> User:
    return people.add_user(
        session,
        f"runner-{number}@bench.example",
        name=f"走者 {number}",
        section_code="races",
        role=Role.STAFF,
        now=now,
        on=now.date() - timedelta(days=1),
    )


def _create(client: Client, stage: Stage, runner: int, slot: int) -> Answer:
    start = stage.slots[slot]
    body = {
        "space_id": stage.wanted["create"],
        "start": start.isoformat(),
        "end": (start + SLOT).isoformat(),
    }
    return client.try_request("POST", "/api/v1/bookings", body)


def _move(client: Client, stage: Stage, runner: int, slot: int) -> Answer:
    path = f"/api/v1/bookings/{stage.owned[runner][slot]}"
    return client.try_request("PATCH", path, {"space_id": stage.wanted["move"]}, {"If-Match": '"1"'})


RACES: dict[str, Race] = {"create": _create, "move": _move}


def _run_race(race: Race, stage: Stage, ports: Sequence[int]) -> list[Answer]:
    """Every client asks for every slot, all at once for each; clients are spread over the processes."""
    line = Barrier(len(stage.tokens), timeout=TOGETHER_SECONDS)

    def runner(number: int) -> list[Answer]:
        answers = []
        with closing(Client(ports[number % len(ports)], stage.tokens[number])) as client:
            for slot in range(len(stage.slots)):
                line.wait()
                answers.append(race(client, stage, number, slot))
        return answers

    with ThreadPoolExecutor(len(stage.tokens)) as pool:
        return [answer for answers in pool.map(runner, range(len(stage.tokens))) for answer in answers]


def _counted(
    url: str,
    stage: Stage,
    answers: Mapping[str, Sequence[Answer]],
    beside: Mapping[str, queue_races.Outcome],
) -> dict[str, object]:
    engine = create_engine(url)
    with reading(engine) as session:
        holders = {
            race: Counter(
                session.scalars(
                    select(Booking.start_at).where(Booking.space_id == space_id, Booking.status.in_(LIVE))
                )
            )
            for race, space_id in stage.wanted.items()
        }
        double_booked = _double_booked(session)
    engine.dispose()
    won = {race: {at for at, holds in found.items() if holds == 1} for race, found in holders.items()}
    every = [answer for given in answers.values() for answer in given]
    every += [answer for outcome in beside.values() for answer in outcome.answers]
    return {
        "slots": len(stage.slots),
        "won": min(len(set.intersection(*won.values())), *(outcome.won for outcome in beside.values())),
        "double_booked": double_booked,
        "quota_breaches": 0,
        **_told(every),
        "races": {
            race: {
                "won": len(won[race]),
                "answered": dict(Counter(str(answer.status) for answer in given)),
                **_told(given),
            }
            for race, given in answers.items()
        }
        | {
            race: {
                "won": outcome.won,
                "answered": dict(Counter(str(answer.status) for answer in outcome.answers)),
                **_told(outcome.answers),
            }
            for race, outcome in beside.items()
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
    parser.add_argument(
        "--database", default="", help="any PostgreSQL database of the server to use; else SQLite"
    )
    given = parser.parse_args(argv)
    if not 1 <= given.slots <= SLOTS_AT_MOST or given.clients < 2:
        parser.error(f"--slots must be 1 to {SLOTS_AT_MOST}, --clients at least 2")
    print(json.dumps(run(given.slots, given.clients, given.database)))


if __name__ == "__main__":
    main()
