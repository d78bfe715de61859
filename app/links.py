"""What a signed link in a mail or a calendar does: the same as its button on a page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from app import pipeline
from app.bookings import attendees, presence, warning
from app.bookings.models import Attendee, Booking
from app.errors import NotFound
from app.letters import Act
from app.notifications.service import calendar_version
from app.people.service import Person, get_person
from app.settings import OfficeClock
from app.spaces.service import get_place
from app.waitlist import service as waitlist


@dataclass(frozen=True, slots=True)
class Linked:
    """What a link asks for: the booking, its space's code, and the verb."""

    booking: Booking
    code: str
    verb: str


def _accept_offer(
    session: Session, booking: Booking, *, actor: Person, now: datetime, office: OfficeClock
) -> Booking:
    return pipeline.accept_offer(
        session, waitlist.offer_of(session, booking.id), actor=actor, now=now, office=office
    )


def _decline_offer(
    session: Session, booking: Booking, *, actor: Person, now: datetime, office: OfficeClock
) -> Booking:
    pipeline.decline_offer(
        session, waitlist.offer_of(session, booking.id), actor=actor, now=now, office=office
    )
    return booking


def _decline(session: Session, booking: Booking, *, actor: Person, now: datetime) -> Booking:
    invited = attendees.get_invitation(session, booking.id, actor=actor)
    attendees.decline(session, invited, actor=actor, now=now)
    return invited


LINKED: dict[str, Callable[..., Booking]] = {
    "check-in": presence.check_in,
    "give-up": pipeline.cancel,
    "still-coming": warning.still_coming,
    "decline": _decline,
    "accept-offer": _accept_offer,
    "decline-offer": _decline_offer,
}
# What these free is offered to whoever waits.
FREEING = frozenset({"give-up", "accept-offer", "decline-offer"})


def linked(session: Session, asked: Act, now: datetime) -> Linked:
    """What a signed link is about; good until the booking is over, and one of a calendar until its address is renewed.

    Raises NotFound `link.invalid`.
    """
    booking = session.get(Booking, asked.booking_id)
    if booking is None or booking.end_at <= now or not _may(session, booking, asked):
        raise NotFound("link.invalid")
    return Linked(booking, get_place(session, booking.space_id).space.code, asked.verb)


def _may(session: Session, booking: Booking, asked: Act) -> bool:
    """An invitation is declined by whoever is invited; all else is its host's."""
    if asked.calendar not in {None, calendar_version(session, asked.user_id)}:
        return False
    if asked.verb == "decline":
        return session.get(Attendee, (booking.id, asked.user_id)) is not None
    return asked.verb in LINKED and booking.host_id == asked.user_id


def follow_link(session: Session, asked: Act, now: datetime, on: date, office: OfficeClock) -> Booking:
    """Do what a signed link asks for, as the person whom it was sent to, `on` the office's day. Raises as `linked` and
    as the verb."""
    found = linked(session, asked, now)
    person = get_person(session, asked.user_id, on, now)
    more = {"office": office} if found.verb in FREEING else {}
    return LINKED[found.verb](session, found.booking, actor=person, now=now, **more)
