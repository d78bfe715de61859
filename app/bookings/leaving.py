"""Somebody has left the office: what they hold is freed."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.bookings import attendees
from app.bookings.ending import end_from
from app.bookings.guards import queue_up
from app.bookings.models import HOLDS, Booking
from app.bookings.service import is_of
from app.people.models import User

REASON = "left"
# For so long after somebody left the sweep looks for what was being booked for them meanwhile.
LATE = timedelta(days=1)


def held_by(session: Session, user_ids: Collection[int]) -> list[Booking]:
    """What these people hold, and what they hold for guests whom they were to receive, in the order of time."""
    query = select(Booking).where(is_of(user_ids), HOLDS).order_by(Booking.start_at, Booking.id)
    return list(session.scalars(query.execution_options(populate_existing=True)))


def free_all(session: Session, user_id: int, *, actor_id: int | None, now: datetime) -> list[Booking]:
    """Free what somebody holds: what has begun ends now, the rest is cancelled; and they come to nothing any more that
    they are invited to. Waits for whoever is booking it."""
    space_ids = [one.space_id for one in held_by(session, [user_id])]
    queue_up(session, user_ids=[user_id], space_ids=space_ids)
    held = held_by(session, [user_id])
    attendees.drop_leavers(session, [user_id], actor_id=actor_id, now=now)
    return end_from(session, held, now, reason=REASON, now=now, actor_id=actor_id)


def free_of_the_gone(session: Session, now: datetime) -> list[Booking]:
    """Free what was booked for leavers, or to which they were invited, while they were leaving; the sweep waits for
    nobody, and comes again."""
    gone = list(session.scalars(select(User.id).where(User.left_at > now - LATE)))
    if not gone:
        return []
    attendees.drop_leavers(session, gone, actor_id=None, now=now)
    found = held_by(session, gone)
    return end_from(session, found, now, reason=REASON, now=now, actor_id=None, wait=False)
