"""The seats of a published rotation: booked near the unit, kept from an earlier one, given back where not needed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import islice

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.bookings import release
from app.bookings.guards import queue_up
from app.bookings.models import Booking
from app.bookings.reserve import allot
from app.bookings.rules import Origin, Status
from app.errors import DomainError
from app.people.service import Person, find_people
from app.rotation.expected import Expected, expected
from app.rotation.models import Key, Rotation, RotationBooking, RotationCell
from app.rotation.publishable import Gone
from app.rotation.rules import HalfDay
from app.rotation.seating import DAY, Coming, Desk, seat
from app.rotation.standing import Unmet
from app.rotation.usable import Held, bookable, held_desks, home_zones, whole_span, windows
from app.rotation.writing import Broken
from app.spaces.barriers import Barrier, barriers
from app.spaces.models import Space
from app.spaces.rules import Kind
from app.spaces.service import in_layout, policies
from app.telework.caps.service import Governed, governed, rulebook
from app.telework.rules import Half, PlanKind
from app.telework.service import Office
from app.timespan import TimeSpan, without

TRIES = 3  # so many desks are tried for somebody, where a rule stands before the first
PersonDay = tuple[int, date]
Hours = dict[PersonDay, list[TimeSpan]]


@dataclass(frozen=True, slots=True)
class Unseated:
    """Somebody for whom there is no seat on a day, or (`part`) for a part of their hours."""

    user_id: int
    name: str
    on: date
    part: bool = False


@dataclass(slots=True)
class Taken:
    """The desks that cannot be had: in some of a half-day, and when exactly."""

    halves: dict[HalfDay, set[int]] = field(default_factory=lambda: defaultdict(set))
    spans: dict[tuple[date, int], list[TimeSpan]] = field(default_factory=lambda: defaultdict(list))

    def add(self, half_day: HalfDay, space_id: int, span: TimeSpan) -> None:
        self.halves[half_day].add(space_id)
        self.spans[half_day[0], space_id].append(span)

    def is_free(self, desk: Desk, on: date, span: TimeSpan) -> bool:
        return not any(span.overlaps(one) for one in self.spans.get((on, desk.id), ()))


@dataclass(slots=True)
class Published:
    """What publishing did. `requested`: those of the changed half-days that wait for somebody else's approval, for they
    are of whoever publishes. `taken_back`: half-days whose plans an earlier rotation had written for people who do not
    work in the section then any more. `gone`: of whom nothing is published from a day on, for they belong to the
    section no more. `closed`: planned days that are no working days by now. `broken`: the rules of telework that the
    new plans break. `unmet`: what of the section's musts does not hold, for some are elsewhere by plans that are no
    rotation's.

    `freed`: seats of an earlier rotation that nobody needs now. `expected`: how many of those without a desk come to
    zones without booking. `unseated`: for whom there is none there either.
    """

    changed: list[Key] = field(default_factory=list)
    requested: list[Key] = field(default_factory=list)
    taken_back: int = 0
    gone: list[Gone] = field(default_factory=list)
    closed: list[date] = field(default_factory=list)
    bookings: list[Booking] = field(default_factory=list)
    broken: list[Broken] = field(default_factory=list)
    unmet: list[Unmet] = field(default_factory=list)
    freed: list[Booking] = field(default_factory=list)
    unseated: list[Unseated] = field(default_factory=list)
    expected: list[Expected] = field(default_factory=list)

    @property
    def people(self) -> set[int]:
        return {user_id for user_id, _on, _half in self.changed}


class Seats:
    """Books the seats of a published rotation for some of its people."""

    def __init__(
        self,
        session: Session,
        rotation: Rotation,
        people: Collection[int],
        *,
        office: Office,
        now: datetime,
        actor: Person,
    ) -> None:
        assert rotation.section_id is not None  # noqa: S101 - what has none is never published
        self.session, self.rotation = session, rotation
        self.office, self.now, self.actor = office, now, actor
        self.people: Mapping[int, Governed] = governed(session, people)
        self._rulebook = rulebook(session)
        zones = home_zones(session, self._rulebook, rotation.section_id)
        self.booked_zones = bookable(zones)
        self.free_zones = [zone for zone in zones if zone.free_seating]
        self.desks = self._desks()
        self._persons = find_people(session, people, office.day(now))

    def take_turn(self, before: Iterable[Booking]) -> None:
        """Wait for the turn of everybody and of every desk that may be touched, the seats booked before among them, in
        the one order that all bookings wait in."""
        listed = list(before)
        queue_up(
            self.session,
            user_ids={*self.people, *(one.user_id for one in listed)},
            space_ids={*(desk.id for desk in self.desks), *(one.space_id for one in listed)},
        )

    def book(self, cells: Mapping[Key, PlanKind], before: Sequence[Booking], found: Published) -> None:
        """Seats for those who come, in the hours that they hold no desk in by a booking of their own; of what was
        booked before, give back what is not needed any more. The caller has taken the turn."""
        whole = self._hours(cells)
        days = sorted({on for _user, on in whole})
        held = held_desks(self.session, whole_span(days, self.office)) if days else []
        earlier = {(one.space_id, one.start_at) for one in before}
        own: dict[int | None, list[Held]] = defaultdict(list)
        for one in held:
            is_earlier = (one.space_id, one.start) in earlier
            if not (is_earlier or one.is_offer):  # what is offered is not theirs yet (RULES 13)
                own[one.user_id].append(one)
        hours = self._keep(self._open(whole, own), before, found)
        if not hours or not (self.desks or self.free_zones):
            return
        freed = {(one.space_id, one.start_at) for one in found.freed}
        taken = self._taken(days, [one for one in held if (one.space_id, one.start) not in freed])
        left = self._seat(hours, own, taken, found)
        coming = [self._coming(key, spans) for key, spans in left.items()]
        found.expected = self._expected(coming)
        in_part = {key for key, spans in left.items() if spans != whole[key]}
        found.unseated = self._unseated(coming, found.expected, in_part)

    def _hours(self, cells: Mapping[Key, PlanKind]) -> Hours:
        """The hours of those who come, in order; of a day that has begun, what is left."""
        windows: dict[PersonDay, list[TimeSpan]] = defaultdict(list)
        for (user_id, on, half), kind in cells.items():
            if kind is PlanKind.OFFICE:
                windows[user_id, on].append(self.office.window(on, Half(half)))
        found = {}
        for key in sorted(windows, key=lambda key: (key[1], key[0])):
            theirs = sorted(windows[key])
            ahead = [TimeSpan(max(one.start, self.now), one.end) for one in theirs if one.end > self.now]
            ahead = ahead or theirs
            found[key] = [TimeSpan(ahead[0].start, ahead[-1].end)]
        return found

    def _open(self, hours: Hours, own: Mapping[int | None, Sequence[Held]]) -> Hours:
        """What of these hours people hold no desk in; for noon alone nobody needs one."""
        found = {}
        for key, spans in hours.items():
            theirs = [one.span for one in own.get(key[0], ())]
            gaps = (gap for span in spans for gap in without(span, theirs))
            if at_work := [span for gap in gaps if (span := self._at_work(key[1], gap))]:
                found[key] = at_work
        return found

    def _at_work(self, on: date, span: TimeSpan) -> TimeSpan | None:
        """A span without the noon that it begins or ends with."""
        parts = [part for half in Half if (part := self.office.window(on, half).intersection(span))]
        return TimeSpan(parts[0].start, parts[-1].end) if parts else None

    def _keep(self, hours: Hours, before: Iterable[Booking], found: Published) -> Hours:
        """The hours that no seat of before is for; such seats stay, and the others are given back."""
        left = {key: list(spans) for key, spans in hours.items()}
        for booking in before:
            key = (booking.user_id or 0, self.office.day(booking.start_at))
            if booking.span in left.get(key, ()):
                left[key].remove(booking.span)
            else:
                release.cancel(self.session, booking, actor=self.actor, now=self.now)
                found.freed.append(booking)
        return {key: spans for key, spans in left.items() if spans}

    def _seat(
        self, hours: Hours, own: Mapping[int | None, Sequence[Held]], taken: Taken, found: Published
    ) -> Hours:
        """Book desks; returns the hours for which none was found.

        Whoever holds a desk for a part of a day stays at it where they can. Whoever is given one for all their hours
        has it before others look where one is free in some.
        """
        at = {desk.id: desk for desk in self.desks}
        left: Hours = {}
        for key, spans in hours.items():
            theirs = [one for one in own.get(key[0], ()) if self.office.day(one.start) == key[1]]
            same = [at[one.space_id] for one in theirs if one.space_id in at]
            left[key] = self._sit(key, spans, same, taken, found)
        coming = {self._coming(key, spans): key for key, spans in left.items() if spans}
        seated = seat(list(coming), self.desks, taken.halves, same_desk=self._same_desk())
        for one in sorted(coming, key=lambda one: one not in seated):
            key = coming[one]
            desks = dict.fromkeys([seated[one], *self.desks] if one in seated else self.desks)
            left[key] = self._sit(key, left[key], desks, taken, found)
        return {key: spans for key, spans in left.items() if spans}

    def _sit(
        self,
        key: PersonDay,
        spans: Iterable[TimeSpan],
        desks: Collection[Desk],
        taken: Taken,
        found: Published,
    ) -> list[TimeSpan]:
        """Book the first of these desks that can be had in each of these spans; returns those in which none can."""
        left = []
        for span in spans:
            made = self._allot(key, span, desks, taken)
            if made is None:
                left.append(span)
                continue
            found.bookings.append(made)
            for half in Half:
                if span.overlaps(self.office.window(key[1], half)):
                    taken.add((key[1], half.value), made.space_id, span)
        return left

    def _coming(self, key: PersonDay, spans: Iterable[TimeSpan]) -> Coming:
        """Who comes in these hours, by the half-days that they touch."""
        user_id, on = key
        touched = [
            half.value for half in Half if any(one.overlaps(self.office.window(on, half)) for one in spans)
        ]
        part = DAY if len(touched) == len(Half) else touched[0]
        return Coming(str(user_id), self._unit(user_id, on), on, part)

    def _unit(self, user_id: int, on: date) -> str:
        return str(min(self.people[user_id].sections_on(on), default=0))

    def _desks(self) -> list[Desk]:
        zones = [zone.id for zone in self.booked_zones]
        query = (
            select(Space)
            .where(Space.zone_id.in_(zones), Space.kind == Kind.SEAT, in_layout(Space))
            .order_by(Space.zone_id, Space.y, Space.x, Space.id)
        )
        return [Desk(one.id, one.zone_id, one.x, one.y) for one in self.session.scalars(query)]

    def _same_desk(self) -> bool:
        """Whether people keep their desk: not where a zone wants change."""
        found = policies(self.session)
        return not any(found.of(Kind.SEAT, zone.id).change_seats for zone in self.booked_zones)

    def _taken(self, days: Sequence[date], held: Iterable[Held]) -> Taken:
        """The desks that cannot be had on these days."""
        ours = {desk.id for desk in self.desks}
        bars = barriers(
            self.session,
            whole_span(days, self.office),
            self.office.timezone,
            zone_ids=sorted({desk.zone_id for desk in self.desks}),
        )
        not_free: list[Held | Barrier] = [*(one for one in held if one.space_id in ours), *bars]
        taken = Taken()
        for half_day, window in windows(days, self.office).items():
            for one in not_free:
                if one.touches(window):
                    end = window.end if one.end is None else min(one.end, window.end)
                    taken.add(half_day, one.space_id, TimeSpan(max(one.start, window.start), end))
        return taken

    def _allot(self, key: PersonDay, span: TimeSpan, desks: Iterable[Desk], taken: Taken) -> Booking | None:
        """Book the first of these desks that is free in this span, or where a rule stands before it the next; None
        where all tried are refused."""
        user_id, on = key
        person = self._persons.get(user_id)
        if person is None:  # who has left since
            return None
        free = (desk for desk in desks if taken.is_free(desk, on, span))
        for tried in islice(free, TRIES):
            try:
                with self.session.begin_nested():
                    booking = allot(
                        self.session,
                        person=person.as_of(on),
                        space_id=tried.id,
                        span=span,
                        now=self.now,
                        origin=Origin.ROTATION,
                    )
            except DomainError:
                continue
            self.session.add(RotationBooking(booking_id=booking.id, rotation_id=self.rotation.id))
            return booking
        return None

    def _expected(self, left: Iterable[Coming]) -> list[Expected]:
        """Those without a desk, where the section has zones without booking."""
        coming: dict[HalfDay, list[int]] = defaultdict(list)
        for one in left if self.free_zones else ():
            for half in one.halves:
                coming[one.day, half].append(int(one.person))
        return expected(
            self.session,
            self._rulebook,
            self.rotation.section_id or 0,
            coming,
            people=self.people,
            office=self.office,
        )

    def _unseated(
        self, left: Iterable[Coming], found: Iterable[Expected], in_part: Collection[PersonDay]
    ) -> list[Unseated]:
        """Those without a desk who are too many for the seats of zones without booking. `in_part`: who has a desk for
        the rest of a day."""
        seats = {(one.on, one.half): one.seats for one in found}
        come: Counter[HalfDay] = Counter()
        unseated = []
        for one in left:
            theirs = [(one.day, half) for half in one.halves]
            if all(come[half_day] < seats.get(half_day, 0) for half_day in theirs):
                come.update(theirs)
            else:
                person = int(one.person)
                is_part = (person, one.day) in in_part
                unseated.append(Unseated(person, self.people[person].name, one.day, is_part))
        return unseated


def seats_before(
    session: Session,
    earlier: Collection[Rotation],
    behind: Mapping[Key, RotationCell],
    office: Office,
    now: datetime,
) -> list[Booking]:
    """The seats of earlier rotations; and those which other sections' rotations have booked for people on days on which
    they do not belong to those any more."""
    days = {(user_id, on) for user_id, on, _half in behind}
    of_others = seats_of(session, {one.rotation_id for one in behind.values()}, now)
    return [
        *seats_of(session, {one.id for one in earlier}, now),
        *(one for one in of_others if (one.user_id, office.day(one.start_at)) in days),
    ]


def seats_of(session: Session, rotation_ids: Collection[int], now: datetime) -> list[Booking]:
    """What was booked for these rotations, has not begun and nobody has given up."""
    query = (
        select(Booking)
        .join(RotationBooking, RotationBooking.booking_id == Booking.id)
        .where(
            RotationBooking.rotation_id.in_(rotation_ids),
            Booking.status == Status.BOOKED,
            Booking.start_at > now,
        )
        .order_by(Booking.id)
        .execution_options(populate_existing=True)
    )
    return list(session.scalars(query))
