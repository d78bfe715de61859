"""All that happened to one booking, for those who may see it, with who did it and the row of the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import events
from app.bookings.attendees import addresses_of
from app.bookings.models import Booking
from app.bookings.service import get_booking, is_look, may_change, note_seen
from app.events import Event
from app.people.models import User
from app.people.service import Person, names
from app.spaces.models import Space
from app.spaces.rules import Policy
from app.spaces.service import policies
from app.timespan import TimeSpan
from app.usage.models import UsageCorrection
from app.usage.service import LedgerRow, ledger


@dataclass(frozen=True, slots=True)
class Story:
    """A booking with its events, oldest first, and the policy of its space. `who`: names by user id; `spaces`: codes by
    space id; `coming`: the addresses of who else comes. `is_look`: whether its reader looks somebody up by it;
    `may_change`: whether they may change it."""

    booking: Booking
    space: Space
    policy: Policy
    events: list[Event]
    who: dict[int, str]
    spaces: dict[int, str]
    row: LedgerRow | None
    is_look: bool
    may_change: bool
    coming: dict[int, str]


def story_of(session: Session, booking_id: int, *, actor: Person, now: datetime) -> Story:
    """Raises as `bookings.service.get_booking`: strangers see nothing, the auditor everything."""
    booking = get_booking(session, booking_id, actor=actor)
    happened = events.history(session, f"booking:{booking.id}")
    people = {one.actor_id for one in happened} | {booking.user_id, booking.made_by}
    people |= {one.data.get("user_id") for one in happened}
    told = [pair for one in happened if (pair := one.data.get("changes", {}).get("space_id"))]
    space_ids = {booking.space_id, *(space_id for pair in told for space_id in pair)}
    spaces = session.scalars(select(Space).where(Space.id.in_(space_ids))).all()
    row = _row(session, booking, now)
    space = next(one for one in spaces if one.id == booking.space_id)
    return Story(
        booking,
        space,
        policies(session).of(space.kind, space.zone_id),
        happened,
        names(session, [one for one in people if one is not None]),
        {one.id: one.code for one in spaces},
        row,
        is_look(booking, actor),
        may_change(session, booking, actor),
        addresses_of(session, [booking.id]),
    )


def note_look(session: Session, story: Story, *, actor: Person, now: datetime) -> None:
    """Somebody's booking was seen by another: it leaves a trace that the person can read."""
    note_seen(session, story.booking, actor=actor, now=now)


def _row(session: Session, booking: Booking, now: datetime) -> LedgerRow | None:
    span = TimeSpan(booking.start_at, max(booking.over_at, booking.end_at))
    rows = ledger(session, span, now=now, space_id=booking.space_id)
    return next((row for row in rows if row.booking is not None and row.booking.id == booking.id), None)


def corrected_by(session: Session, correction: UsageCorrection) -> str:
    """The name of who corrected; empty once it is forgotten."""
    user = session.get(User, correction.made_by) if correction.made_by else None
    return user.name if user else ""
