"""What stands in the way of what was refused, and what could be had instead: asked only then, so that no booking pays
for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.bookings.alternatives import Hold, Nearby
from app.bookings.attendees import people_of
from app.bookings.models import Booking
from app.database import reading_apart
from app.errors import Conflict
from app.people.service import Person
from app.settings import OfficeHours
from app.spaces.service import get_place
from app.timespan import TimeSpan


@contextmanager
def told(engine: Engine, *, actor: Person, now: datetime, hours: OfficeHours) -> Iterator[None]:
    """An overlap that is refused inside says what would be allowed; around the transaction, which is over by then.
    `hours`: the office's, out of which no other time is named, unless that is what was asked.

    Three queries, and only of what is refused.
    """
    try:
        yield
    except Conflict as error:
        span = _asked(error.facts)
        if error.code == "booking.overlap" and span is not None:
            with reading_apart(engine) as session:
                error.facts |= _instead(session, error.facts, span, actor=actor, now=now, hours=hours)
        raise


def _asked(facts: dict[str, Any]) -> TimeSpan | None:
    """The span of a refusal."""
    start, _, end = str(facts.get("value", "")).partition("/")
    return TimeSpan(datetime.fromisoformat(start), datetime.fromisoformat(end)) if start and end else None


def _instead(
    session: Session,
    facts: dict[str, Any],
    span: TimeSpan,
    *,
    actor: Person,
    now: datetime,
    hours: OfficeHours,
) -> dict[str, Any]:
    place = get_place(session, facts["space_id"])
    # Of a guest nothing else is known than where they are expected.
    user_id = facts.get("for_user_id") if "person" in facts else actor.id
    nearby = Nearby(session, place, span, user_id=user_id, now=now, besides=facts.get("booking_id"))
    free = nearby.time(span, hours)
    found: dict[str, Any] = {}
    if free is not None:
        start, end = free.start.isoformat(), free.end.isoformat()
        found = {"next_start": start, "next_end": end, "allowed": f"{start}/{end}"}
    own = nearby.held(span) if facts["clash"] == "person" else []
    if not own:
        return found
    found |= {"own_start": own[0].span.start.isoformat(), "own_end": own[0].span.end.isoformat()}
    # Where somebody else sits is looked up in their bookings, which leaves a trace (RULES 20).
    if "person" not in facts:
        found |= {"own_booking_id": own[0].booking_id, "own_space": own[0].code}
    return found


@dataclass(frozen=True, slots=True)
class InTheWay:
    """When others have the wanted space, and what else its person holds of the lane; the nearest other space for the
    same time, by code, and the nearest time of that day at the same space."""

    code: str
    taken: list[TimeSpan]
    held: list[Hold]
    other_code: str | None
    other_time: TimeSpan | None


def in_the_way(
    session: Session, booking: Booking, space_id: int, span: TimeSpan, *, now: datetime, hours: OfficeHours
) -> InTheWay:
    """Of a booking that is to have a space for a span; a fixed number of queries. `hours` as of `told`. Raises NotFound
    `space.unknown`."""
    place = get_place(session, space_id)
    nearby = Nearby(
        session,
        place,
        span,
        user_id=booking.user_id,
        now=now,
        host_id=booking.made_by,
        people=people_of(session, [booking.id])[booking.id],
        besides=booking.id,
    )
    other = nearby.space(span)
    time = nearby.time(span, hours) if booking.start_at > now else None
    return InTheWay(
        place.space.code,
        nearby.taken(span),
        nearby.held(span),
        other.code if other else None,
        time if time != span else None,
    )
