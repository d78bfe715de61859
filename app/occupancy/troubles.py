"""What is wrong with sensors, told once when it begins to whoever looks after them; letters that nobody could read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import delete, func, insert, select, tuple_
from sqlalchemy.orm import Session

from app import events
from app.occupancy.gateways import newly_missed
from app.occupancy.health import LOW_BATTERY_PCT, UNTOLD, Health, health
from app.occupancy.models import DeadLetter, SensorState, SensorTrouble
from app.occupancy.rules import Occupancy, suspect_before
from app.spaces.models import SensorBinding, Site

# Readings that were lost are in the figures; nobody can do anything about a sensor for them.
TOLD = ("silent", "clock", "suspect", "flapping", UNTOLD, "battery")
NAMED_AT_MOST = 10


def needs_look(one: Health) -> bool:
    """Whether somebody should see to a sensor that watches a space; a spare is nobody's worry."""
    return bool(one.space_ids) and any(trouble in TOLD for trouble in one.troubles)


def note_all(session: Session, keepers: Collection[int], *, untold: Collection[str], now: datetime) -> int:
    """What is newly wrong with gateways and with sensors, for each of `keepers`; returns how much."""
    missed = note_missed(session, keepers, now=now)
    return missed + note_troubles(session, keepers, untold=untold, now=now)


def note_troubles(session: Session, keepers: Iterable[int], *, untold: Collection[str], now: datetime) -> int:
    """Keep what is wrong with which sensor since when, and record for each of `keepers` (users who look after the
    sensors) what is new. One that was never heard is not silent: it is to be fitted. `untold`: the sensors without
    whose word no no-show was released. Returns how many are new."""
    found = {
        (one.sensor_id, trouble): one
        for one in health(session, now, count_gaps=False)
        for trouble in replace(one, untold=one.sensor_id in untold).troubles
        if trouble in TOLD and one.last_seen_at is not None
    }
    known = {
        (row.sensor_id, row.trouble)
        for row in session.execute(select(SensorTrouble.sensor_id, SensorTrouble.trouble))
    }
    gone = known - found.keys()
    if gone:
        session.execute(
            delete(SensorTrouble).where(tuple_(SensorTrouble.sensor_id, SensorTrouble.trouble).in_(gone))
        )
    new = sorted(found.keys() - known)
    if not new:
        return 0
    session.execute(
        insert(SensorTrouble),
        [{"sensor_id": sensor_id, "trouble": trouble, "since_at": now} for sensor_id, trouble in new],
    )
    data = {"new": [_named(found[one], one[1]) for one in new[:NAMED_AT_MOST]], "count": len(new)}
    events.record_many(
        session,
        [
            {
                "at": now,
                "kind": "sensor.troubles",
                "subject": f"user:{user_id}",
                "actor_id": None,
                "data": data | {"user_id": user_id},
            }
            for user_id in sorted(keepers)
        ],
    )
    return len(new)


def note_missed(session: Session, keepers: Iterable[int], *, now: datetime) -> int:
    """Record for each of `keepers` the gateways that have heard nothing for long, each once; returns how many."""
    missed = newly_missed(session, now)
    events.record_many(
        session,
        [
            {
                "at": now,
                "kind": "gateway.unheard",
                "subject": f"user:{user_id}",
                "actor_id": None,
                "data": {"gateway": one.name, "since": (one.heard_at or now).isoformat(), "user_id": user_id},
            }
            for one in missed
            for user_id in sorted(keepers)
        ],
    )
    return len(missed)


def _named(one: Health, trouble: str) -> dict[str, str]:
    return {"sensor": one.sensor_id, "spaces": ", ".join(one.space_codes), "trouble": trouble}


@dataclass(frozen=True, slots=True)
class Letter:
    """A message that nobody could read, as it is shown."""

    received_at: datetime
    topic: str
    reason: str
    size: int
    excerpt: str


def newest_letters(session: Session, limit: int = 50) -> list[Letter]:
    """The newest messages that could not be taken, the latest first."""
    rows = session.scalars(select(DeadLetter).order_by(DeadLetter.received_at.desc()).limit(limit))
    return [
        Letter(one.received_at, one.topic, one.reason, one.size, one.payload[:200].decode(errors="replace"))
        for one in rows
    ]


@dataclass(frozen=True, slots=True)
class Counted:
    """Sensors that watch something, by what they say; and what is wrong, in figures."""

    by_state: dict[str, int]
    low_battery: int
    suspect: int
    dead_letters: int


def counted(session: Session, now: datetime) -> Counted:
    """The figures of the sensors that watch something, never heard or not; four queries however many. Of an office in
    several zones of time, all night is from the evening of the first to the morning of the last."""
    watching = select(SensorBinding.sensor_id).where(SensorBinding.until_at.is_(None)).distinct().subquery()
    with_state = watching.c.sensor_id == SensorState.sensor_id
    rows: Sequence[tuple[Occupancy | None, int]] = session.execute(
        select(SensorState.state, func.count())
        .select_from(watching.join(SensorState, with_state, isouter=True))
        .group_by(SensorState.state)
    ).all()
    by_state: Counter[str] = Counter()
    for state, count in rows:
        by_state[(state or Occupancy.UNKNOWN).value] += count
    zones = [ZoneInfo(name) for name in session.scalars(select(Site.timezone).distinct())]
    began = min((suspect_before(now, zone) for zone in zones), default=suspect_before(now, None))
    is_suspect = (SensorState.state == Occupancy.OCCUPIED) & (SensorState.since_at < began)
    low, suspect = session.execute(
        select(
            func.count().filter(SensorState.battery_pct <= LOW_BATTERY_PCT), func.count().filter(is_suspect)
        ).select_from(watching.join(SensorState, with_state))
    ).one()
    letters = session.scalar(select(func.count()).select_from(DeadLetter)) or 0
    return Counted(dict(by_state), low, suspect, letters)
