"""What a signed link in a mail or a calendar does: the same as its button on a page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from app import pipeline
from app.bookings import attendees, presence, warning
from app.bookings.models import Attendee, Booking
from app.errors import NotFound
from app.people.service import Person, get_person
from app.spaces.service import get_place


@dataclass(frozen=True, slots=True)
class Linked:
    """What a link asks for: the booking, its space's code, and the verb."""

    booking: Booking
    code: str
    verb: str


def _decline(session: Session, booking: Booking, *, actor: Person, now: datetime) -> Booking:
    attendees.decline(session, booking.id, actor=actor, now=now)
    return booking


LINKED = {
    "check-in": presence.check_in,
    "give-up": pipeline.cancel,
    "still-coming": warning.still_coming,
    "decline": _decline,
}


def linked(session: Session, asked: tuple[int, int, str], now: datetime) -> Linked:
    """What a signed link is about, as (user, booking, verb); good until the booking is over.

    Raises NotFound `link.invalid`.
    """
    user_id, booking_id, verb = asked
    booking = session.get(Booking, booking_id)
    if booking is None or booking.end_at <= now or not _may(session, booking, user_id, verb):
        raise NotFound("link.invalid")
    return Linked(booking, get_place(session, booking.space_id).space.code, verb)


def _may(session: Session, booking: Booking, user_id: int, verb: str) -> bool:
    """An invitation is declined by whoever is invited; all else is its host's."""
    if verb == "decline":
        return session.get(Attendee, (booking.id, user_id)) is not None
    return verb in LINKED and booking.host_id == user_id


def follow_link(session: Session, asked: tuple[int, int, str], now: datetime, on: date) -> Booking:
    """Do what a signed link asks for, as the person whom it was sent to, `on` the office's day. Raises as `linked` and
    as the verb."""
    found = linked(session, asked, now)
    return LINKED[found.verb](session, found.booking, actor=get_person(session, asked[0], on), now=now)
