"""Sensors that live but do not say that a space is empty when it counts: there nobody's absence is found (RULES 8)."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.bookings.models import Booking, facts_of
from app.bookings.rules import Status, is_untold
from app.occupancy.models import StoredReading
from app.occupancy.rules import HEARTBEATS_UNTIL_OFFLINE
from app.spaces.models import Sensor, SensorBinding, Space
from app.spaces.service import policies

LATELY = timedelta(days=7)
# Once may be chance.
AT_LEAST = 2


def find_untold(session: Session, now: datetime) -> set[str]:
    """The sensors that lived but said nothing clear through two bookings of the last seven days, which so ended
    unverified, since a no-show was last released there. Two queries.

    That a sensor checks people in refutes nothing: what speaks on change only does say that somebody comes.
    """
    policy_of = policies(session)
    observed_at = StoredReading.observed_at
    rows = session.execute(
        select(
            Booking,
            Space.kind,
            Space.zone_id,
            Sensor,
            _heard(observed_at).order_by(observed_at).limit(1).scalar_subquery(),
            _heard(observed_at).order_by(observed_at.desc()).limit(1).scalar_subquery(),
            _heard(StoredReading.id).where(StoredReading.occupied.is_not(None)).exists(),
        )
        .join(Space, Space.id == Booking.space_id)
        .join(SensorBinding, SensorBinding.space_id == Booking.space_id)
        .join(Sensor, Sensor.id == SensorBinding.sensor_id)
        .where(
            # As the index of a space's days has them.
            Booking.start_at >= now - LATELY,
            Booking.start_at <= now,
            SensorBinding.until_at.is_(None),
            SensorBinding.from_at <= Booking.start_at,
            # Of one that says occupied only, silence says vacant.
            Sensor.clears_after_s == 0,
            or_(
                and_(Booking.status == Status.COMPLETED, Booking.reason == "unverified"),
                and_(Booking.status == Status.RELEASED, Booking.reason == "no_show"),
            ),
        )
        .order_by(Booking.start_at, Booking.id)
    )
    untold: Counter[str] = Counter()
    for booking, kind, zone_id, sensor, first, last, is_clear in rows:
        if booking.status is Status.RELEASED:
            del untold[sensor.id]
            continue
        untold[sensor.id] += not is_clear and is_untold(
            facts_of(booking),
            (first, last),
            offline_after=sensor.heartbeat * HEARTBEATS_UNTIL_OFFLINE,
            detection_delay=timedelta(seconds=sensor.detection_delay_s),
            policy=policy_of.of(kind, zone_id),
        )
    return {sensor_id for sensor_id, count in untold.items() if count >= AT_LEAST}


def _heard(what: InstrumentedAttribute[Any]) -> Select[Any]:
    """What a sensor said within a booking, as it came."""
    return (
        select(what)
        .where(
            StoredReading.sensor_id == Sensor.id,
            StoredReading.observed_at >= Booking.start_at,
            StoredReading.observed_at <= Booking.end_at,
            StoredReading.history.is_(False),
        )
        .correlate(Sensor, Booking)
    )
