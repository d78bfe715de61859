"""The seats of a published rotation: booked near the unit, kept from an earlier one, given back where not needed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import chain, islice

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.bookings import release
from app.bookings.guards import queue_up
from app.bookings.models import Booking
from app.bookings.reserve import allot
from app.bookings.rules import Origin
from app.errors import DomainError
from app.people.service import Person, find_people
from app.rotation.expected import Expected, expected
from app.rotation.models import Key, Rotation, RotationBooking
from app.rotation.rules import HALVES, HalfDay
from app.rotation.seating import DAY, Coming, Desk, seat
from app.rotation.standing import Unmet
from app.rotation.usable import held_desks, home_zones, whole_span, windows
from app.rotation.writing import Broken
from app.spaces.barriers import barriers
from app.spaces.models import Space
from app.spaces.rules import Kind
from app.spaces.service import in_layout, policies
from app.telework.caps.service import Governed, governed, rulebook
from app.telework.rules import Half, PlanKind
from app.telework.service import Office
from app.timespan import TimeSpan

TRIES = 3  # so many desks are tried for somebody, where a rule stands before the first


@dataclass(frozen=True, slots=True)
class Unseated:
    """Somebody for whom there is no seat on a day."""

    user_id: int
    name: str
    on: date


@dataclass(slots=True)
class Published:
    """What publishing did. `broken`: the rules of telework that the new plans break. `unmet`: what of the section's
    musts does not hold, for some are elsewhere by plans that are no rotation's.

    `freed`: seats of an earlier rotation that nobody needs now. `expected`: how many of those without a desk come to
    zones without booking. `unseated`: for whom there is none there either.
    """

    changed: list[Key] = field(default_factory=list)
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
        self.booked_zones = [zone for zone in zones if not zone.free_seating and zone.lots_at is None]
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
        """Seats for those who come; of what was booked before, give back what is not needed any more. The caller has
        taken the turn."""
        coming = self._coming(cells)
        kept = self._kept(coming, before, found)
        wanted = [one for one in coming if (int(one.person), one.day) not in kept]
        if not wanted or not (self.desks or self.free_zones):
            return
        taken, has_one = self._taken(wanted)
        wanted = [
            one for one in wanted if not has_one & {(int(one.person), one.day, half) for half in one.halves}
        ]
        left = self._seat(wanted, taken, found)
        found.expected = self._expected(left)
        found.unseated = self._unseated(left, found.expected)

    def _kept(
        self, coming: Iterable[Coming], before: Iterable[Booking], found: Published
    ) -> set[tuple[int, date]]:
        """Whose seats of before stay, and on which days; the others are given back."""
        needed = {(int(one.person), one.day): self._span(one) for one in coming}
        kept: set[tuple[int, date]] = set()
        for booking in before:
            key = (booking.user_id or 0, self.office.day(booking.start_at))
            if needed.get(key) == booking.span:
                kept.add(key)
            else:
                release.cancel(self.session, booking, actor=self.actor, now=self.now)
                found.freed.append(booking)
        return kept

    def _seat(
        self, wanted: Sequence[Coming], taken: dict[tuple[date, str], set[int]], found: Published
    ) -> list[Coming]:
        """Book desks; returns those who found none."""
        seated = seat(wanted, self.desks, taken, same_desk=self._same_desk())
        left = []
        for one in wanted:
            made = self._allot(one, seated[one], taken) if one in seated else None
            if made is None:
                left.append(one)
                continue
            found.bookings.append(made)
            for half in one.halves:
                taken[one.day, half].add(made.space_id)
        return left

    def _coming(self, cells: Mapping[Key, PlanKind]) -> list[Coming]:
        halves: dict[tuple[int, date], list[str]] = defaultdict(list)
        for (user_id, on, half), kind in cells.items():
            if kind is PlanKind.OFFICE:
                halves[user_id, on].append(half)
        return [
            Coming(str(user_id), self._unit(user_id, on), on, DAY if len(found) == len(HALVES) else found[0])
            for (user_id, on), found in sorted(halves.items(), key=lambda item: (item[0][1], item[0][0]))
        ]

    def _unit(self, user_id: int, on: date) -> str:
        return str(min(self.people[user_id].sections_on(on), default=0))

    def _span(self, one: Coming) -> TimeSpan:
        """The hours of who comes; of those which have begun, what is left."""
        first, last = (self.office.window(one.day, Half(half)) for half in (one.halves[0], one.halves[-1]))
        start = max(first.start, self.now)
        return TimeSpan(start if start < last.end else first.start, last.end)

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

    def _taken(self, wanted: Sequence[Coming]) -> tuple[dict[tuple[date, str], set[int]], set[Key]]:
        """The desks that cannot be had, by day and half, and who holds a desk somewhere already."""
        days = sorted({one.day for one in wanted})
        whole = whole_span(days, self.office)
        held = held_desks(self.session, whole)
        bars = barriers(
            self.session, whole, self.office.timezone, zone_ids=sorted({desk.zone_id for desk in self.desks})
        )
        taken: dict[tuple[date, str], set[int]] = defaultdict(set)
        has_one: set[Key] = set()
        ours = {desk.id for desk in self.desks}
        for (on, half), window in windows(days, self.office).items():
            for one in held:
                if one.touches(window):
                    if not one.is_offer:  # it is not theirs yet (RULES 13)
                        has_one.add((one.user_id or 0, on, half))
                    if one.space_id in ours:
                        taken[on, half].add(one.space_id)
            taken[on, half] |= {bar.space_id for bar in bars if bar.touches(window)}
        return taken, has_one

    def _allot(self, one: Coming, desk: Desk, taken: Mapping[tuple[date, str], set[int]]) -> Booking | None:
        """Book the desk, or where a rule stands before it another that is free; None where all tried are refused."""
        person = self._persons.get(int(one.person))
        if person is None:  # who has left since
            return None
        others = (
            other
            for other in self.desks
            if other != desk and not any(other.id in taken.get((one.day, half), ()) for half in one.halves)
        )
        for tried in islice(chain([desk], others), TRIES):
            try:
                with self.session.begin_nested():
                    booking = allot(
                        self.session,
                        person=person.as_of(one.day),
                        space_id=tried.id,
                        span=self._span(one),
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

    def _unseated(self, left: Iterable[Coming], found: Iterable[Expected]) -> list[Unseated]:
        """Those without a desk who are too many for the seats of zones without booking."""
        seats = {(one.on, one.half): one.seats for one in found}
        come: Counter[HalfDay] = Counter()
        unseated = []
        for one in left:
            theirs = [(one.day, half) for half in one.halves]
            if all(come[half_day] < seats.get(half_day, 0) for half_day in theirs):
                come.update(theirs)
            else:
                person = int(one.person)
                unseated.append(Unseated(person, self.people[person].name, one.day))
        return unseated
