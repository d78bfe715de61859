"""Somebody has left the office: what they hold is freed."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from app.bookings.guards import queue_up
from app.bookings.models import HOLDS, Booking
from app.bookings.rules import Status
from app.bookings.service import change_all
from app.people.models import User

REASON = "left"
# For so long after somebody left the sweep looks for what was being booked for them meanwhile.
LATE = timedelta(days=1)


def held_by(session: Session, user_ids: Collection[int]) -> list[Booking]:
    """What these people hold, and what they hold for guests whom they were to receive, in the order of time."""
    query = (
        select(Booking)
        .where(
            or_(Booking.user_id.in_(user_ids), and_(Booking.guest_name != "", Booking.made_by.in_(user_ids))),
            HOLDS,
        )
        .order_by(Booking.start_at, Booking.id)
    )
    return list(session.scalars(query.execution_options(populate_existing=True)))


def free_all(session: Session, user_id: int, *, actor_id: int | None, now: datetime) -> list[Booking]:
    """Free what somebody holds: what has begun ends now, the rest is cancelled. Waits for whoever is booking it."""
    space_ids = [one.space_id for one in held_by(session, [user_id])]
    queue_up(session, user_ids=[user_id], space_ids=space_ids)
    return _free(session, held_by(session, [user_id]), actor_id=actor_id, now=now)


def free_of_the_gone(session: Session, now: datetime) -> list[Booking]:
    """Free what was booked for leavers while they were leaving; the sweep waits for nobody, and comes again."""
    gone = list(session.scalars(select(User.id).where(User.left_at > now - LATE)))
    found = held_by(session, gone) if gone else []
    return _free(session, found, actor_id=None, now=now, wait=False)


def _free(
    session: Session, found: list[Booking], *, actor_id: int | None, now: datetime, wait: bool = True
) -> list[Booking]:
    ended: list[tuple[Booking, dict[str, Any]]] = []
    cancelled: list[tuple[Booking, dict[str, Any]]] = []
    for booking in found:
        begun = booking.start_at < now and booking.status is not Status.HELD
        values = {
            "status": Status.ENDED_EARLY if begun else Status.CANCELLED,
            "reason": REASON,
            "ended_at": min(now, booking.end_at) if begun else None,
            "release_check_at": None,
        }
        (ended if begun else cancelled).append((booking, values))
    return [
        *change_all(session, "booking.ended_early", ended, now=now, actor_id=actor_id, wait=wait),
        *change_all(session, "booking.cancelled", cancelled, now=now, actor_id=actor_id, wait=wait),
    ]
