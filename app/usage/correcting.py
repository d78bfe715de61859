"""The facility staff say what really happened; what the sensor said stays beside it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from app.bookings.models import Booking
from app.bookings.service import change, get_booking
from app.errors import Conflict, RuleBroken
from app.people.service import Person
from app.timespan import TimeSpan
from app.usage.models import UsageCorrection
from app.usage.rules import Reason, may_correct

__all__ = ["correct", "get_booking"]


def correct(
    session: Session,
    booking: Booking,
    real: TimeSpan | None,
    *,
    reason: Reason,
    note: str,
    actor: Person,
    now: datetime,
) -> UsageCorrection:
    """Set what really happened beside what was booked (None: nobody came). A later correction takes its place; the
    history keeps both.

    Raises Conflict `booking.state` while it is not over, `booking.erased` once its people are forgotten, RuleBroken
    `usage.far_off`.
    """
    if booking.erased_at is not None:
        raise Conflict("booking.erased", booking_id=booking.id)
    if booking.is_live:
        raise Conflict("booking.state", status=booking.status.value)
    if not may_correct(booking.span, real, now):
        raise RuleBroken("usage.far_off")
    stored = session.get(UsageCorrection, booking.id)
    before = stored.span if stored else None
    # The booking itself changes by its version alone: two who correct at once do not overwrite each other unseen.
    change(
        session,
        booking,
        "booking.corrected",
        now=now,
        actor_id=actor.id,
        details={
            "corrected": [_plain(before), _plain(real)],
            "correction": reason.value,
            "why": note.strip(),
        },
    )
    stored = stored or UsageCorrection(booking_id=booking.id)
    stored.start_at, stored.end_at = (real.start, real.end) if real else (None, None)
    stored.reason, stored.note, stored.made_at, stored.made_by = reason.value, note.strip(), now, actor.id
    session.add(stored)
    session.flush()
    return stored


def _plain(span: TimeSpan | None) -> list[str] | None:
    return [span.start.isoformat(), span.end.isoformat()] if span else None
