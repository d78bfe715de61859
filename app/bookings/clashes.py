"""What stands in the way of a change of a booking, and what could be had instead."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.bookings.alternatives import Nearby, candidates
from app.bookings.attendees import people_of
from app.bookings.models import HOLDS, Booking
from app.bookings.rules import Status
from app.spaces.models import Space
from app.spaces.service import get_place
from app.timespan import TimeSpan


@dataclass(frozen=True, slots=True)
class InTheWay:
    """When others have the wanted space, and what else its person holds of the lane, by code; the nearest other space
    for the same time, by code, and the nearest time of that day at the same space."""

    code: str
    taken: list[TimeSpan]
    held: list[tuple[str, TimeSpan]]
    other_code: str | None
    other_time: TimeSpan | None


def in_the_way(
    session: Session, booking: Booking, space_id: int, span: TimeSpan, *, now: datetime, hours: TimeSpan
) -> InTheWay:
    """Of a booking that is to have a space for a span; a fixed number of queries. `hours`: the office's of that day,
    out of which no other time is named, unless that is what was asked. Raises NotFound `space.unknown`."""
    place = get_place(session, space_id)
    overlapping = (
        select(Booking, Space.code)
        .join(Space, Space.id == Booking.space_id)
        .where(HOLDS, Booking.start_at < span.end, Booking.end_at > span.start, Booking.id != booking.id)
        .order_by(Booking.start_at, Booking.id)
    )
    there = [one for one, _code in session.execute(overlapping.where(Booking.space_id == space_id))]
    taken = [one.span for one in there if one.user_id is None or one.user_id != booking.user_id]
    held = []
    if booking.user_id is not None:
        own = overlapping.where(
            Booking.user_id == booking.user_id,
            Booking.lane == place.space.lane,
            Booking.status != Status.HELD,  # an offer is in nobody's own way (RULES 13)
        )
        held = [(code, one.span) for one, code in session.execute(own)]
    people = people_of(session, [booking.id])[booking.id]
    free = [
        one
        for one in candidates(session, place, span, now=now, user_id=booking.user_id, besides=booking.id)
        if one.takes(span, people) and not any(span.overlaps(busy) for busy in one.busy)
    ]
    best = min(free, key=lambda one: (one.distance, one.code), default=None) if not held else None
    time = None
    if booking.start_at > now:
        within = hours if hours.start <= span.start and span.end <= hours.end else None
        nearby = Nearby(session, place, span, user_id=booking.user_id, now=now, besides=booking.id)
        time = nearby.time(span, within)
    return InTheWay(
        place.space.code, taken, held, best.code if best else None, time if time != span else None
    )
