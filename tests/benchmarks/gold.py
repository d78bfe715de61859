"""The gold comparison: who really sat where and when in simulated days, beside what the house recorded of it.

    python -m tests.benchmarks.gold [--sensors N] [--days D] [--seed S] [--wire W] [--faults F | --no-faults] [--pir]
                                    [--every SECONDS] [--database URL]

People book in the morning, come, leave for lunch and meetings, come late or never; the sensors see that and send it
over a faulty way (`firmware_stubs.simulator`). The messages go through the gateway's decoders and the pipeline as they
arrive, the jobs' sweeps come when they are due. What could be known is judged by what came out of the simulator, not by
what was stored of it. One JSON line: `gold_comparing.Figures`, and

    usage_off       hours recorded, by how much they differ from the hours used (0.01: one in a hundred more)
    usage_apart     hours that stand on one side only, as a part of the hours used
    messages, stored, repeated, dead      of the messages; seconds, per_s: how long all of it took
    wrong           each thing that may not be, in words

What it leaves out: check-in by hand, claims, the queue, rooms; two devices on one seat; the broker and its connection.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path

from sqlalchemy import Engine, event, select
from sqlalchemy.orm import Session

from app.bookings.models import Booking
from app.bookings.rules import Status
from app.database import create_engine, reading
from app.occupancy.models import StoredReading
from app.occupancy.rules import HEARTBEATS_UNTIL_OFFLINE
from app.timespan import TimeSpan
from app.usage.models import UsageSession
from firmware_stubs.simulator.faults import NONE, USUAL, WRONG_BY_S, Faults
from firmware_stubs.simulator.stream import Fleet, sensor_ids
from firmware_stubs.simulator.wires import WIRES
from sensor_gateway.handler import Counts
from tests.benchmarks.databases import fresh_database
from tests.benchmarks.gold_comparing import Booked, Figures, Said, Seat, compare
from tests.benchmarks.gold_hearing import NATIVE, Name, heard
from tests.benchmarks.gold_playing import Seats, play, settle_in

MONDAY = date(2026, 11, 16)
SENSORS, DAYS, EVERY = 100, 5, timedelta(seconds=60)


def run(fleet: Fleet, server: str, *, every: timedelta = EVERY) -> dict[str, object]:
    """Play and compare; `server` is the address of a PostgreSQL database whose user may create others, empty for
    SQLite."""
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder, fresh_database(server, Path(folder)) as url:
        engine = create_engine(url)
        if engine.dialect.name == "sqlite":
            # Nothing here has to survive a power cut.
            event.listen(engine, "connect", lambda one, _record: one.execute("PRAGMA synchronous=OFF"))
        seats = settle_in(engine, fleet)
        counts = play(engine, fleet, seats, every=every)
        figures = sum((compare(name, seat) for name, seat in _seats(engine, fleet, seats)), Figures())
        engine.dispose()
    return _told(figures, counts, time.perf_counter() - begun)


def _told(figures: Figures, counts: Counts, seconds: float) -> dict[str, object]:
    rounded = {
        name: round(value, 1) if isinstance(value, float) else value
        for name, value in asdict(figures).items()
    }
    return rounded | {
        "usage_off": round(figures.hours_recorded / figures.hours_used - 1, 4),
        "usage_apart": round(figures.hours_apart / figures.hours_used, 4),
        "messages": counts.messages,
        "stored": counts.stored,
        "repeated": counts.repeated,
        "dead": counts.dead,
        "seconds": round(seconds, 1),
        "per_s": round(counts.messages / seconds),
    }


def _seats(engine: Engine, fleet: Fleet, seats: Seats) -> Iterator[tuple[str, Seat]]:
    """Each seat with its truth, what arrived of its sensor's words, and what is stored of it."""
    until = fleet.day_span(fleet.dates[-1])[1]
    recorded: dict[int, list[TimeSpan]] = defaultdict(list)
    bookings: dict[tuple[int, TimeSpan], Booking] = {}
    with reading(engine) as session:
        for one in session.scalars(select(UsageSession).order_by(UsageSession.id)):
            end_at = min(one.end_at or until, until)
            if one.start_at < end_at:
                recorded[one.space_id].append(TimeSpan(one.start_at, end_at))
        for booking in session.scalars(select(Booking).order_by(Booking.id)):
            bookings[booking.space_id, booking.span] = booking
        skew = timedelta(seconds=WRONG_BY_S if fleet.faults.skew else 0)
        for sensor_id, space_id in seats.spaces.items():
            said = heard(fleet, sensor_id)
            unstored = _unstored(session, sensor_id, said) if fleet.wire == NATIVE else []
            sat, sat_by = _truth(fleet, sensor_id, space_id, bookings)
            yield (
                sensor_id,
                Seat(
                    sat,
                    sat_by,
                    recorded[space_id],
                    [*said.values()],
                    fleet.zone,
                    skew,
                    fleet.heartbeat * HEARTBEATS_UNTIL_OFFLINE,
                    unstored,
                ),
            )


def _unstored(session: Session, sensor_id: str, said: Mapping[Name, Said]) -> list[Said]:
    """What arrived under a name that stands nowhere in the readings."""
    own = select(StoredReading.boot, StoredReading.seq).where(StoredReading.sensor_id == sensor_id)
    stored = {tuple(name) for name in session.execute(own)}
    return [word for name, word in said.items() if name not in stored]


def _truth(
    fleet: Fleet, sensor_id: str, space_id: int, bookings: Mapping[tuple[int, TimeSpan], Booking]
) -> tuple[list[TimeSpan], list[tuple[Booked, list[TimeSpan]]]]:
    """When somebody sat there; and of each booking when its own person did."""
    sat: list[TimeSpan] = []
    sat_by: list[tuple[Booked, list[TimeSpan]]] = []
    for on in fleet.dates:
        truth = fleet.truth(sensor_id, on)
        sat += [TimeSpan(*span) for span in truth.sat]
        for booked in truth.booked:
            span = TimeSpan(*booked.span)
            stored = bookings[space_id, span]
            released_at = stored.ended_at if stored.status is Status.RELEASED else None
            mine = [TimeSpan(*stay.span) for stay in truth.stays if stay.person == booked.person]
            sat_by.append((Booked(span, booked.comes, released_at, stored.checked_in_at is not None), mine))
    return sat, sat_by


def main() -> None:
    """Read the arguments, play, print one line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sensors", type=int, default=SENSORS)
    parser.add_argument("--days", type=int, default=DAYS, help="from a Monday on; at weekends nobody comes")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--wire", choices=sorted(WIRES), default="native")
    parser.add_argument("--faults", type=Faults.parse, default=USUAL, help="none, all, or loss=0.05,dead")
    parser.add_argument("--no-faults", action="store_const", dest="faults", const=NONE)
    parser.add_argument("--pir", action="store_true", help="sensors that see movement only")
    parser.add_argument("--every", type=float, default=EVERY.total_seconds(), help="seconds between sweeps")
    parser.add_argument("--database", default="", help="a PostgreSQL database whose user may create others")
    given = parser.parse_args()
    fleet = Fleet(
        sensor_ids(given.sensors),
        MONDAY,
        given.days,
        given.seed,
        given.wire,
        given.faults,
        given.pir,
    )
    print(json.dumps(run(fleet, given.database, every=timedelta(seconds=given.every))))


if __name__ == "__main__":
    main()
