"""Somebody is away: what they booked for that time is given up in one step."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone, tzinfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.bookings import release
from app.bookings.guards import queue_up
from app.bookings.models import Booking
from app.bookings.refusing import acting
from app.bookings.rules import Status
from app.bookings.service import is_of, may_act_for
from app.errors import Conflict
from app.people.service import Person, get_person
from app.spaces.service import timezones
from app.timespan import TimeSpan

AT_MOST = 400
# Wherever on earth a site is, its day has begun, or is over.
FIRST, LAST = timezone(timedelta(hours=14)), timezone(timedelta(hours=-12))


@dataclass(frozen=True, slots=True)
class Days:
    """Days from the first to the last, each by the clock of the site where something is booked; what is over by an
    instant stays as it was."""

    first: date
    last: date
    since: datetime

    @property
    def window(self) -> TimeSpan | None:
        """In which all of them lie; None where they are over, or there are none."""
        if self.last < max(self.first, self.since.astimezone(LAST).date()):
            return None
        return TimeSpan(
            datetime.combine(self.first, time(0), FIRST),
            datetime.combine(self.last + timedelta(days=1), time(0), LAST),
        )

    def at(self, zone: tzinfo) -> TimeSpan | None:
        """What is left of them by one clock; None where they are over there, or there are none."""
        begins = max(datetime.combine(self.first, time(0), zone), self.since)
        ends = datetime.combine(self.last + timedelta(days=1), time(0), zone)
        return TimeSpan(begins, ends) if begins < ends else None


def booked_on(session: Session, user_id: int, days: Days) -> list[Booking]:
    """What a person has booked, be it for a guest whom they receive, and nobody has checked in to, that begins on one
    of some days and is not over; in the order of time. Whoever calls in sick in the morning frees the seat that they
    have booked since, too."""
    if days.window is None:
        return []
    found = booked_within(session, user_id, days.window, ends_after=days.since)
    if len(found) > AT_MOST:
        return found  # too many for one step, whichever days they are of
    clocks = timezones(session, {one.space_id for one in found})
    local = {one.id: one.start_at.astimezone(clocks[one.space_id]).date() for one in found}
    return [one for one in found if days.first <= local[one.id] <= days.last]


def booked_within(
    session: Session, user_id: int, span: TimeSpan, *, ends_after: datetime | None = None
) -> list[Booking]:
    """The same that begins within a span, and ends after an instant."""
    query = select(Booking).where(
        is_of([user_id]),
        Booking.status == Status.BOOKED,
        Booking.start_at >= span.start,
        Booking.start_at < span.end,
    )
    if ends_after is not None:
        query = query.where(Booking.end_at > ends_after)
    return list(session.scalars(query.order_by(Booking.start_at, Booking.id).limit(AT_MOST + 1)))


def booked(session: Session, user_id: int, when: TimeSpan | Days) -> list[Booking]:
    """`booked_on` or `booked_within`."""
    return (
        booked_on(session, user_id, when) if isinstance(when, Days) else booked_within(session, user_id, when)
    )


def cancel_within(
    session: Session,
    user_id: int,
    when: TimeSpan | Days,
    *,
    actor: Person,
    now: datetime,
    why: str = "",
    turns: Iterable[int] = (),
    guest_booking_ids: Collection[int] = (),
) -> list[Booking]:
    """Cancel all that is booked within a span or on some days; each says `why`. `turns`: other spaces whose turn is
    waited for in the same step. `guest_booking_ids`: of those of guests, whom somebody else may receive, these alone.

    Raises Forbidden `booking.not_allowed`, Conflict `booking.too_many`.
    """
    person = get_person(session, user_id, actor.on)
    if not may_act_for(actor, person):
        raise acting("on_behalf", actor)
    found = [
        one for one in booked(session, user_id, when) if not one.guest_name or one.id in guest_booking_ids
    ]
    if len(found) > AT_MOST:
        raise Conflict("booking.too_many", most=AT_MOST)
    queue_up(session, user_ids=[user_id], space_ids=[*turns, *(one.space_id for one in found)])
    release.cancel_all(session, found, actor=actor, now=now, why=why)
    return found
