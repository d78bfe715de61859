"""A real room with its true head count: what the stream makes of two weeks of its PIR sensor (tests/data/README.md).

The policy is the product's default; the sensor is declared as a clerk would from its sheet (tests/uci864.py).
"""

import itertools
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from app.database import create_engine, reading, transaction
from app.jobs import sweep_once
from app.occupancy.models import OccupancyChange
from app.occupancy.rules import Occupancy
from app.settings import Settings
from app.spaces.models import Sensor
from app.telework.service import Office
from app.timespan import TimeSpan
from app.usage.models import UsageSession
from sensor_gateway.replay import Replay, Telling
from tests import uci864
from tests.office import furnish_database

SWEEP = timedelta(seconds=15)


def replayed(url: str, path: Path) -> tuple[list[OccupancyChange], list[UsageSession]]:
    furnish_database(url, [uci864.SENSOR], heartbeat_s=int(uci864.HEARTBEAT.total_seconds()))
    engine = create_engine(url)
    with transaction(engine) as session:
        sensor = session.get_one(Sensor, uci864.SENSOR)
        sensor.own_hold_s = int(uci864.OWN_HOLD.total_seconds())
    office = Office.of(Settings())
    telling = Telling(lambda number, reason: pytest.fail(f"line {number}: {reason}"), lambda *_: None)

    def sweep(now: datetime) -> int:
        return len(sweep_once(engine, now, office).observed.changes)

    Replay(engine, sweep, every=SWEEP, telling=telling).play(path)
    with reading(engine) as session:
        changes = session.scalars(select(OccupancyChange).order_by(OccupancyChange.id)).all()
        sessions = session.scalars(select(UsageSession).order_by(UsageSession.start_at)).all()
    engine.dispose()
    return list(changes), list(sessions)


def spans(changes: Sequence[OccupancyChange], state: Occupancy, *, live: bool) -> list[TimeSpan]:
    """When a state held: as the log says afterwards, or `live`, as the page showed it at the time."""
    found = []
    for change, following in itertools.pairwise(changes):
        start, end = (change.at, following.at) if live else (change.since_at, following.since_at)
        if change.state is state and start < end:
            found.append(TimeSpan(start, end))
    return found


def true_spans(seen: Sequence[uci864.Observation], people: int) -> list[TimeSpan]:
    return [
        TimeSpan(one.at, following.at)
        for one, following in itertools.pairwise(seen)
        if one.people == people and one.at < following.at
    ]


def overlap(one: Sequence[TimeSpan], other: Sequence[TimeSpan]) -> timedelta:
    lengths = (min(a.end, b.end) - max(a.start, b.start) for a in one for b in other if a.overlaps(b))
    return sum(lengths, timedelta(0))


def people_at(seen: Sequence[uci864.Observation], at: datetime) -> int:
    return next(one.people for one in reversed(seen) if one.at <= at)


def test_the_sessions_agree_with_the_true_head_count(sqlite_url: str, tmp_path: Path) -> None:
    seen = uci864.observations()
    changes, sessions = replayed(sqlite_url, uci864.write(tmp_path / "uci864.jsonl"))
    one_person, nobody = true_spans(seen, 1), true_spans(seen, 0)
    false_vacancy = overlap(spans(changes, Occupancy.VACANT, live=False), one_person)
    begun_empty = [one for one in sessions if people_at(seen, one.start_at) == 0]
    occupied_empty = overlap(spans(changes, Occupancy.OCCUPIED, live=True), nobody)
    debounce = overlap(spans(changes, Occupancy.VACANT, live=True), one_person)
    print(f"false vacancy while exactly one person is present: {false_vacancy.total_seconds():g} s")
    print(f"  (shown live as vacant until the second hit: {debounce.total_seconds():g} s)")
    print(f"sessions: {len(sessions)}, begun in the empty room: {len(begun_empty)}")
    print(f"occupied while empty, as shown live: {occupied_empty / timedelta(hours=1):.2f} h")
    assert false_vacancy == timedelta(0)
    assert len(begun_empty) <= 3
    assert occupied_empty <= timedelta(hours=1.5)
    # Not by seeing nothing: every arrival in an empty room begins a session, and each of them ends.
    arrivals = [b.at for a, b in itertools.pairwise(seen) if a.people == 0 and b.people > 0]
    assert all(any(s.start_at <= at <= (s.end_at or at) for s in sessions) for at in arrivals)
    assert all(one.end_at is not None for one in sessions)
    # Until the debounce is through, an arrival is shown late, two minutes at most (RULES 2).
    assert debounce <= len(arrivals) * timedelta(minutes=2)
