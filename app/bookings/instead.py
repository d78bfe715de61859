"""What could be had instead of what clashed: asked only once it was refused, so that no booking pays for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.bookings.alternatives import Nearby, own_clash
from app.database import reading_apart
from app.errors import Conflict
from app.people.service import Person
from app.spaces.service import get_place
from app.timespan import TimeSpan


@contextmanager
def told(engine: Engine, *, actor: Person, now: datetime) -> Iterator[None]:
    """An overlap that is refused inside says what would be allowed; around the transaction, which is over by then.

    Three queries, four where the person holds something else, and only of what is refused.
    """
    try:
        yield
    except Conflict as error:
        span = _asked(error.facts)
        if error.code == "booking.overlap" and span is not None:
            with reading_apart(engine) as session:
                error.facts |= _instead(session, error.facts, span, actor=actor, now=now)
        raise


def _asked(facts: dict[str, Any]) -> TimeSpan | None:
    """The span of a refusal."""
    start, _, end = str(facts.get("value", "")).partition("/")
    return TimeSpan(datetime.fromisoformat(start), datetime.fromisoformat(end)) if start and end else None


def _instead(
    session: Session, facts: dict[str, Any], span: TimeSpan, *, actor: Person, now: datetime
) -> dict[str, Any]:
    place = get_place(session, facts["space_id"])
    # Of a guest nothing else is known than where they are expected.
    user_id = facts.get("for_user_id") if "person" in facts else actor.id
    besides = facts.get("booking_id")
    free = Nearby(session, place, span, user_id=user_id, now=now, besides=besides).time(span)
    found: dict[str, Any] = {}
    if free is not None:
        start, end = free.start.isoformat(), free.end.isoformat()
        found = {"next_start": start, "next_end": end, "allowed": f"{start}/{end}"}
    own = own_clash(session, place, span, user_id) if facts["clash"] == "person" and user_id else None
    if own is None:
        return found
    booking, code = own
    found |= {"own_start": booking.start_at.isoformat(), "own_end": booking.end_at.isoformat()}
    # Where somebody else sits is looked up in their bookings, which leaves a trace (RULES 20).
    return found if "person" in facts else found | {"own_booking_id": booking.id, "own_space": code}
