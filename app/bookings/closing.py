"""Ending what is booked where the office closes: told, not lost."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.bookings.guards import queue_up
from app.bookings.models import HOLDS, Booking
from app.bookings.rules import Status
from app.bookings.service import change_all
from app.people.service import Person
from app.timespan import TimeSpan

REASON = "closed"


def within(session: Session, space_ids: Collection[int], span: TimeSpan) -> list[Booking]:
    """The live bookings of these spaces that a closure of `span` touches, in the order of time."""
    query = (
        select(Booking)
        .where(
            Booking.space_id.in_(space_ids), HOLDS, Booking.start_at < span.end, Booking.end_at > span.start
        )
        .order_by(Booking.start_at, Booking.id)
    )
    return list(session.scalars(query.execution_options(populate_existing=True)))


def end_within(
    session: Session, space_ids: Collection[int], span: TimeSpan, *, actor: Person, now: datetime
) -> list[Booking]:
    """End what a closure touches: what is on ends now, what begins before it ends where it begins, the rest is
    cancelled. Returns all of them.

    Waits for the spaces' turn first: whoever books after this sees the closure, whoever booked before is seen.
    """
    queue_up(session, user_ids=[], space_ids=space_ids)
    found: list[Booking] = []
    # Again where a sweep changed one between the look and the lock: nothing stays in what is closed.
    while listed := within(session, space_ids, span):
        found += _end(session, listed, span, actor=actor, now=now)
    return found


def _end(
    session: Session, listed: list[Booking], span: TimeSpan, *, actor: Person, now: datetime
) -> list[Booking]:
    ended: list[tuple[Booking, dict[str, Any]]] = []
    shortened: list[tuple[Booking, dict[str, Any]]] = []
    cancelled: list[tuple[Booking, dict[str, Any]]] = []
    over: dict[str, Any]
    for booking in listed:
        if booking.start_at >= max(span.start, now) or booking.status is Status.HELD:
            over = {"status": Status.CANCELLED, "reason": REASON, "ended_at": None, "release_check_at": None}
            cancelled.append((booking, over))
        elif span.start <= now:
            over = {"status": Status.ENDED_EARLY, "reason": REASON, "ended_at": now, "release_check_at": None}
            ended.append((booking, over))
        else:
            shortened.append((booking, {"end_at": span.start}))
    return [
        *change_all(session, "booking.ended_early", ended, now=now, actor_id=actor.id),
        *change_all(session, "booking.changed", shortened, now=now, actor_id=actor.id),
        *change_all(session, "booking.cancelled", cancelled, now=now, actor_id=actor.id),
    ]
