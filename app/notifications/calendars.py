"""Bookings as calendars: an invitation that updates and cancels, and each person's private feed (RFC 5545, 5546)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from icalendar import Calendar, Event, vCalAddress, vText
from sqlalchemy import select, union
from sqlalchemy.orm import Session

from app.bookings.models import Attendee, Booking
from app.bookings.rules import Status
from app.notifications.models import CalendarDomain
from app.spaces.models import Space
from app.timespan import TimeSpan

PRODUCT = "-//Akiseki//Akiseki//JA"
BACK, AHEAD = timedelta(days=31), timedelta(days=92)
GONE = frozenset({Status.CANCELLED, Status.RELEASED})


@dataclass(frozen=True, slots=True)
class Entry:
    """A booking as a calendar shows it. `url`: the page behind it; `note`: links and the like. `is_readers`: whether
    the calendar's person has to do with it. `changed_at`: when anything of it was changed last.
    `told`: when it is, as the person was told; None: when it is now."""

    booking: Booking
    summary: str
    place: str
    url: str = ""
    note: str = ""
    is_readers: bool = True
    changed_at: datetime | None = None
    told: TimeSpan | None = None

    @property
    def span(self) -> TimeSpan:
        """From when to when a calendar shows it."""
        booking = self.booking
        ended = booking.over_at > booking.start_at
        return self.told or TimeSpan(booking.start_at, booking.over_at if ended else booking.end_at)

    @property
    def is_gone(self) -> bool:
        """Whether a calendar lets go of it, though the booking may go on without its person."""
        return self.booking.status in GONE or not self.is_readers


def invitation(
    entry: Entry,
    *,
    domain: str,
    organizer: str,
    attendee: str,
    accepted: bool = False,
    now: datetime,
) -> bytes:
    """An invitation to one booking, or its cancellation: always one UID, a SEQUENCE that grows with each change.
    `accepted`: the attendee asked for it; nobody else has answered, nor is asked to by mail, which nobody reads.
    """
    calendar = _calendar()
    calendar.add("method", "CANCEL" if entry.is_gone else "REQUEST")
    event = _event(entry, domain, now)
    event.add("organizer", vCalAddress(f"mailto:{organizer}"))
    invited = vCalAddress(f"mailto:{attendee}")
    invited.params["partstat"] = vText("ACCEPTED" if accepted else "NEEDS-ACTION")
    invited.params["rsvp"] = vText("FALSE")
    event.add("attendee", invited)
    calendar.add_component(event)
    return bytes(calendar.to_ical())


def published(entries: Sequence[Entry], *, domain: str, organizer: str, now: datetime) -> bytes:
    """Several bookings at once, each under the UID that its own invitations have. PUBLISH, since a request is about one
    UID (RFC 5546, 3.2)."""
    calendar = _calendar()
    calendar.add("method", "PUBLISH")
    for entry in entries:
        event = _event(entry, domain, now)
        event.add("organizer", vCalAddress(f"mailto:{organizer}"))
        calendar.add_component(event)
    return bytes(calendar.to_ical())


def feed(entries: Sequence[Entry], *, domain: str, name: str) -> bytes:
    """A person's calendar, the same until something of it is changed. Without a METHOD a DTSTAMP is the time of the
    last change (RFC 5545, 3.8.7.2)."""
    calendar = _calendar()
    calendar.add("x-wr-calname", name)
    calendar.add("refresh-interval", timedelta(minutes=15), parameters={"value": "DURATION"})
    for entry in entries:
        changed_at = entry.changed_at or entry.booking.made_at
        event = _event(entry, domain, changed_at)
        event.add("last-modified", changed_at)
        calendar.add_component(event)
    return bytes(calendar.to_ical())


def _calendar() -> Calendar:
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    return calendar


def _event(entry: Entry, domain: str, stamp: datetime) -> Event:
    booking = entry.booking
    event = Event()
    event.add("uid", f"booking-{booking.id}@{domain}")
    event.add("sequence", booking.version)
    event.add("dtstamp", stamp)
    event.add("dtstart", entry.span.start)
    event.add("dtend", entry.span.end)
    event.add("summary", entry.summary)
    event.add("location", entry.place)
    event.add("status", "CANCELLED" if entry.is_gone else "CONFIRMED")
    if entry.note:
        event.add("description", entry.note)
    if entry.url:
        event.add("url", entry.url)
    return event


def domain(session: Session) -> str:
    """What the ids of bookings end with in the office's calendars."""
    return session.scalars(select(CalendarDomain.name)).one()


def bookings_of(session: Session, user_id: int, now: datetime) -> list[tuple[Booking, Space]]:
    """What belongs in a person's calendar: their own, their guests' and what they are invited to, a month back and
    three ahead; one query."""
    # Each part by an index of its own, which one condition for all of them would have none of.
    mine = union(
        select(Booking.id).where(
            Booking.user_id == user_id, Booking.start_at > now - BACK, Booking.start_at < now + AHEAD
        ),
        select(Booking.id).where(Booking.guest_name != "", Booking.made_by == user_id),
        select(Attendee.booking_id).where(Attendee.user_id == user_id),
    )
    query = (
        select(Booking, Space)
        .join(Space, Space.id == Booking.space_id)
        .where(
            Booking.id.in_(mine),
            Booking.start_at > now - BACK,
            Booking.start_at < now + AHEAD,
            Booking.status != Status.HELD,
        )
        .order_by(Booking.start_at, Booking.id)
    )
    return [(booking, space) for booking, space in session.execute(query)]
