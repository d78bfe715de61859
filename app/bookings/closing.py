"""Ending what is booked where the office closes: told, not lost."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.bookings.ending import end_from
from app.bookings.guards import queue_up
from app.bookings.models import HOLDS, Booking
from app.errors import Conflict
from app.people.service import Person
from app.timespan import TimeSpan

REASON = "closed"
# A sweep may change a booking between the look and the lock, so it is looked again, until nothing is left.
ROUNDS = 5


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
    session: Session,
    space_ids: Collection[int],
    span: TimeSpan,
    *,
    actor: Person,
    now: datetime,
    notice: str = "",
) -> list[Booking]:
    """End what a closure touches: what is on ends now, what begins before it ends where it begins, the rest is
    cancelled. Returns all of them. `notice`: why it is closed, as people are told. Raises Conflict `booking.changed`
    where they keep changing meanwhile.

    Waits for the spaces' turn first: whoever books after this sees the closure, whoever booked before is seen.
    """
    queue_up(session, user_ids=[], space_ids=space_ids)
    found: list[Booking] = []
    for _ in range(ROUNDS):
        listed = within(session, space_ids, span)
        if not listed:
            return found
        found += end_from(
            session, listed, span.start, reason=REASON, now=now, actor_id=actor.id, notice=notice
        )
    raise Conflict("booking.changed")
