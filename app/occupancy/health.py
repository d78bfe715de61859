"""How sensors are: for those who look after them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from app.occupancy.models import SensorState, StoredReading
from app.occupancy.rules import Occupancy, looks_stuck
from app.spaces.models import Sensor, SensorBinding, Space


@dataclass(frozen=True, slots=True)
class Health:
    """What a sensor says of its space, when it was last heard, and how many of its readings never came.

    `suspect`: it has said occupied for over 12 hours; shown and told, no evidence (RULES 4).
    """

    sensor_id: str
    space_id: int
    space_code: str
    state: Occupancy
    last_seen_at: datetime | None
    battery_pct: int | None
    missing: int
    suspect: bool


def health(session: Session, now: datetime, *, after: str = "", limit: int | None = None) -> list[Health]:
    """The bound sensors in the order of their ids, at most `limit` after `after`; two queries."""
    rows = session.execute(
        select(
            Sensor.id,
            Space.id,
            Space.code,
            SensorState.state,
            SensorState.signal_at,
            SensorState.battery_pct,
            SensorState.since_at,
        )
        .join(SensorBinding, and_(SensorBinding.sensor_id == Sensor.id, SensorBinding.until_at.is_(None)))
        .join(Space, Space.id == SensorBinding.space_id)
        .join(SensorState, SensorState.sensor_id == Sensor.id, isouter=True)
        .where(Sensor.id > after)
        .order_by(Sensor.id)
        .limit(limit)
    ).all()
    missing = sequence_gaps(session, [row[0] for row in rows])
    return [
        Health(
            sensor,
            space,
            code,
            state or Occupancy.UNKNOWN,
            signal_at,
            battery,
            missing.get(sensor, 0),
            looks_stuck(state, since_at, now),
        )
        for sensor, space, code, state, signal_at, battery, since_at in rows
    ]


def sequence_gaps(session: Session, sensor_ids: Sequence[str] | None = None) -> dict[str, int]:
    """How many readings each sensor numbered that never came: a loss before the gateway shows here.

    Counted from what is stored, so a gap that a device fills by publishing again heals by itself. Of all sensors
    where none are named.
    """
    per_boot = (
        select(
            StoredReading.sensor_id,
            (func.max(StoredReading.seq) - func.min(StoredReading.seq) + 1 - func.count()).label("missing"),
        )
        .where(StoredReading.seq.is_not(None))
        .group_by(StoredReading.sensor_id, StoredReading.boot)
    )
    if sensor_ids is not None:
        per_boot = per_boot.where(StoredReading.sensor_id.in_(sensor_ids))
    found = per_boot.subquery()
    total = func.sum(found.c.missing)
    rows = session.execute(select(found.c.sensor_id, total).group_by(found.c.sensor_id).having(total > 0))
    return {sensor_id: int(count) for sensor_id, count in rows}
