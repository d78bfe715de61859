"""For how long check-ins say that their people were there: bookings, beside what the sensors of their spaces said."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from app.bookings.models import Booking
from app.bookings.rules import By, Status
from app.occupancy.models import OccupancyChange
from app.occupancy.rules import Occupancy
from app.telework.daylog.rules import Said, until_left
from app.timespan import TimeSpan
from app.usage.models import UsageCorrection

Spans = Mapping[int, Sequence[TimeSpan]]
_last, _before = aliased(OccupancyChange), aliased(OccupancyChange)


def presence(
    session: Session, day: TimeSpan, closes_at: datetime, away: Spans, zone: ZoneInfo
) -> tuple[Spans, Spans]:
    """For how long each person's bookings were checked in during a day, by their own hand, and inferred; one query.

    `closes_at`: of the office's hours, after which nobody asks what sensors say. `away`: approved, by person.
    """
    by_hand: dict[int, list[TimeSpan]] = defaultdict(list)
    inferred: dict[int, list[TimeSpan]] = defaultdict(list)
    rows = session.execute(_checked_in(day, closes_at))
    for booking, is_corrected, state, since_at, before, before_since in rows:
        user_id, at, over_at = booking.user_id or 0, booking.checked_in_at, booking.over_at
        if at is None:
            continue
        if booking.seen_at is not None and booking.seen_at < min(at, over_at):
            inferred[user_id].append(TimeSpan(booking.seen_at, min(at, over_at)))
        if at >= over_at:
            continue
        said = None
        if state is not None and since_at is not None and not is_corrected:
            said = Said(state, since_at, before, before_since, by=min(over_at, closes_at))
        is_by_hand = booking.checked_in_by is By.HAND
        is_own_word = is_by_hand and not booking.is_claim
        here = until_left(TimeSpan(at, over_at), said, away.get(user_id, ()), zone, is_own_word=is_own_word)
        (by_hand if is_by_hand else inferred)[user_id].append(here)
    return by_hand, inferred


def _checked_in(
    day: TimeSpan, closes_at: datetime
) -> Select[Booking, bool, Occupancy | None, datetime | None, Occupancy | None, datetime | None]:
    """A day's bookings that were checked in, whether the facility staff corrected what the sensor said, and the last
    two changes of their spaces by their end."""
    over_at = func.coalesce(Booking.ended_at, Booking.end_at)
    change = OccupancyChange
    last_id = (
        select(change.id)
        .where(
            change.space_id == Booking.space_id,
            change.since_at < over_at,
            change.since_at < closes_at,
            # Silence is not known as long as the next sign of life may come.
            or_(change.state != Occupancy.OFFLINE, and_(change.at < over_at, change.at < closes_at)),
        )
        .order_by(change.since_at.desc(), change.id.desc())
        .limit(1)
        .correlate(Booking)
        .scalar_subquery()
    )
    before_id = (
        select(change.id)
        .where(change.space_id == _last.space_id, change.since_at <= _last.since_at, change.id < _last.id)
        .order_by(change.since_at.desc(), change.id.desc())
        .limit(1)
        .correlate(_last)
        .scalar_subquery()
    )
    return (
        select(
            Booking,
            UsageCorrection.booking_id.is_not(None),
            _last.state,
            _last.since_at,
            _before.state,
            _before.since_at,
        )
        .join(UsageCorrection, UsageCorrection.booking_id == Booking.id, isouter=True)
        .join(_last, _last.id == last_id, isouter=True)
        .join(_before, _before.id == before_id, isouter=True)
        .where(
            Booking.start_at < day.end,
            Booking.end_at > day.start,
            Booking.checked_in_at.is_not(None),
            Booking.status.in_((Status.CHECKED_IN, Status.COMPLETED, Status.ENDED_EARLY)),
            Booking.user_id.is_not(None),
        )
        .order_by(Booking.id)
    )
