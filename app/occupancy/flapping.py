"""Sensors that turn more often than anybody comes and goes, as the jobs find them. What is confirmed does not tell: the
hold evens it out."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import delete, func, insert, or_, select
from sqlalchemy.orm import Session

from app.bulk import among
from app.occupancy.models import SensorFlap, SensorState, StoredReading

# More turns than that within an hour are nobody's: however people move, a movement sensor that holds for two minutes
# turns no more often.
TURNS_AT_MOST = 60
WITHIN = timedelta(hours=1)
# So long it is shown, and told no second time.
SHOWN_FOR = timedelta(days=1)


def find_flapping(session: Session, now: datetime) -> set[str]:
    """The sensors that turned too often within the last hour, from occupied to vacant or back, as they said; one
    query, which reads that hour of those that saw anybody in it."""
    since = now - WITHIN
    moved = select(SensorState.sensor_id).where(SensorState.last_hit_at > since)
    said = (
        select(
            StoredReading.sensor_id,
            StoredReading.occupied,
            func.lag(StoredReading.occupied)
            .over(
                partition_by=StoredReading.sensor_id, order_by=(StoredReading.observed_at, StoredReading.id)
            )
            .label("before"),
        )
        .where(
            StoredReading.sensor_id.in_(moved),
            StoredReading.observed_at > since,
            StoredReading.observed_at <= now,
            StoredReading.occupied.is_not(None),
            StoredReading.history.is_(False),
        )
        .subquery()
    )
    query = (
        select(said.c.sensor_id)
        .where(said.c.occupied != said.c.before)
        .group_by(said.c.sensor_id)
        .having(func.count() > TURNS_AT_MOST)
    )
    return set(session.scalars(query))


def keep_flapping(session: Session, sensor_ids: Collection[str], *, now: datetime) -> None:
    """Keep which sensors flap now, and forget what is shown no more."""
    is_over = or_(SensorFlap.at <= now - SHOWN_FOR, among(session, SensorFlap.sensor_id, sensor_ids))
    session.execute(delete(SensorFlap).where(is_over))
    if sensor_ids:
        rows = [{"sensor_id": sensor_id, "at": now} for sensor_id in sorted(sensor_ids)]
        session.execute(insert(SensorFlap), rows)


def flapping(session: Session, now: datetime) -> set[str]:
    """The sensors that were found to flap within the last day."""
    return set(session.scalars(select(SensorFlap.sensor_id).where(SensorFlap.at > now - SHOWN_FOR)))
