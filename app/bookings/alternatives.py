"""Where else, and when else: the nearest space that is free, the nearest time that is, and what stands in the way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cached_property

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from app.bookings.after_use import pauses_after_use
from app.bookings.models import HOLDS, Booking
from app.bookings.moving.others import Others, grounds, read_others, sites_of
from app.bookings.moving.rules import Candidate, Stay, best, nearest_time
from app.bookings.rules import Status
from app.people.service import Person, find_people
from app.settings import OfficeHours
from app.spaces.barriers import barriers
from app.spaces.models import Space
from app.spaces.service import Place
from app.timespan import TimeSpan, day_span, days_of


@dataclass(frozen=True, slots=True)
class Hold:
    """A live booking by its id, with the code of its space; whether it is the person's own."""

    booking_id: int
    code: str
    span: TimeSpan
    is_own: bool


class Nearby:
    """What comes nearest to a place that cannot be had, for spans within a window: what bears on it is read when first
    asked for, once for all spans; fifteen queries at most, of them three for what stands in the way and when else.

    `user_id`: who wants it, None: a guest of `host_id`, who goes where the host may; `people`: how many come.
    `besides`: the booking that is to be moved there.
    """

    def __init__(
        self,
        session: Session,
        place: Place,
        window: TimeSpan,
        *,
        user_id: int | None,
        now: datetime,
        host_id: int | None = None,
        people: int = 1,
        besides: int | None = None,
    ) -> None:
        self._session, self._place, self._now = session, place, now
        self._user_id, self._host_id = user_id, host_id
        self._people, self._besides = people, besides
        days = days_of(window, place.timezone)
        self._days = TimeSpan(day_span(days[0], place.timezone).start, day_span(days[1], place.timezone).end)

    def taken(self, span: TimeSpan) -> list[TimeSpan]:
        """When others have the space in a part of a span."""
        return [one.span for one in self._holds[0] if one.span.overlaps(span) and not one.is_own]

    def held(self, span: TimeSpan) -> list[Hold]:
        """What the person holds of the lane in a part of a span, wherever it is."""
        return [one for one in self._holds[1] if one.span.overlaps(span)]

    def space(self, span: TimeSpan) -> Candidate | None:
        """The other space of the site and lane that the person may enter, the most alike, then the nearest, that is
        free for a span; None where the person is busy."""
        if self.held(span):
            return None
        others, (first, last) = self._others, days_of(span, self._place.timezone)
        sections = self._person.as_of(first).within if self._person else frozenset()
        # Asked of a place that they may enter: on whatever ground, it is that of the zone's other spaces too.
        stay = Stay(sections, first, last, self._people, zone_id=self._place.zone.id)
        return best(span, others.ways(others.grounds[self._place.space.id], stay), self._people)

    def time(self, span: TimeSpan, hours: OfficeHours) -> TimeSpan | None:
        """The nearest time of the same day for which the space itself is free, and the person too: while the site is
        open and, unless what was asked lies outside of them, within the office's `hours`."""
        place = self._place
        on = span.start.astimezone(place.timezone).date()
        day = day_span(on, place.timezone, place.opening.opens or time.min, place.opening.closes)
        office = day_span(on, place.timezone, hours.start, hours.end)
        if office.start <= span.start and span.end <= office.end:
            day = day.intersection(office) or day
        if day.end <= self._now:
            return None
        window = TimeSpan(max(day.start, self._now), day.end)
        there, person = self._holds
        pause = place.policy.buffer
        paused = [TimeSpan(one.span.start - pause, one.span.end + pause) for one in there]
        busy = [*paused, *self._after_use, *(one.span for one in person), *self._barred]
        return nearest_time(span, [one for one in busy if one.overlaps(window)], window)

    @cached_property
    def _others(self) -> Others:
        found = grounds(self._session, sites_of(self._session, [self._place.zone.id]))
        return read_others(
            self._session, found, self._days, self._now, user_id=self._user_id, besides=self._besides
        )

    @cached_property
    def _person(self) -> Person | None:
        user_id = self._user_id if self._user_id is not None else self._host_id
        return find_people(self._session, {user_id}, date.min).get(user_id) if user_id is not None else None

    @cached_property
    def _barred(self) -> list[TimeSpan]:
        found = barriers(self._session, self._days, self._place.timezone, space_id=self._place.space.id)
        return [TimeSpan(one.start, one.end or self._days.end) for one in found if one.bars(self._user_id)]

    @cached_property
    def _after_use(self) -> list[TimeSpan]:
        place, now = self._place, self._now
        policy = {place.space.id: place.policy}
        return pauses_after_use(self._session, policy, self._days.start, now=now)[place.space.id]

    @cached_property
    def _holds(self) -> tuple[list[Hold], list[Hold]]:
        """The bookings of the space, and what the person holds of the lane; offers, which are for the space alone,
        apart. In the order of time."""
        place, buffer = self._place, self._place.policy.buffer
        is_there = Booking.space_id == place.space.id
        query = (
            select(Booking, Space.code)
            .join(Space, Space.id == Booking.space_id)
            .where(
                is_there if self._user_id is None else or_(is_there, _held_by(self._user_id, place)),
                HOLDS,
                Booking.start_at < self._days.end + buffer,
                Booking.end_at > self._days.start - buffer,
            )
            .order_by(Booking.start_at, Booking.id)
        )
        there, person = [], []
        for booking, code in self._session.execute(query):
            if booking.id == self._besides:
                continue
            is_own = self._user_id is not None and booking.user_id == self._user_id
            hold = Hold(booking.id, code, booking.span, is_own)
            if booking.space_id == place.space.id:
                there.append(hold)
            if is_own and booking.status is not Status.HELD:
                person.append(hold)
        return there, person


def _held_by(user_id: int, place: Place) -> ColumnElement[bool]:
    return and_(Booking.user_id == user_id, Booking.lane == place.space.lane)
