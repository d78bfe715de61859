"""Which other space is the best for a booking, and which other time; what a change of the layout takes away; pure."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from types import MappingProxyType

from app.bookings.several.rules import Row, Wanted, leaves_room
from app.spaces.rules import LANES, Door, Entry, Kind, Lane
from app.timespan import TimeSpan, without


@dataclass(frozen=True, slots=True)
class Candidate:
    """A space that would do: how far away, in the floor's units, when it cannot be had, for how many it is, how unlike
    what was booked (0: same zone and kind), and the longest booking it takes."""

    space_id: int
    code: str
    distance: float
    busy: tuple[TimeSpan, ...]
    capacity: int = 1
    unlike: int = 0
    longest: timedelta | None = None

    def takes(self, span: TimeSpan, people: int) -> bool:
        """Whether a booking of so many people fits, busy or not."""
        return people <= max(self.capacity, 1) and (self.longest is None or span.length <= self.longest)


@dataclass(frozen=True, slots=True)
class Quotas:
    """What the quotas leave to people whose bookings go to other spaces. `held`: by booking, all that its person holds,
    by id; of what is not there, as a guest's, nothing is counted. `there`: by space, under which policy it is wanted.
    """

    held: Mapping[int, dict[int, Row]]
    there: Mapping[int, Wanted]
    now: datetime

    def leave(self, booking_id: int, span: TimeSpan, ways: Sequence[Candidate]) -> Sequence[Candidate]:
        """The candidates that they leave to a booking."""
        if booking_id not in self.held:
            return ways
        held, found = self.held[booking_id], []
        leaves: dict[tuple[Kind, int], bool] = {}
        for one in ways:
            wanted = self.there[one.space_id]
            alike = (wanted.kind, wanted.zone_id)
            if alike not in leaves:
                wanted = replace(wanted, user_id=held[booking_id].user_id, span=span)
                leaves[alike] = leaves_room(held.values(), wanted, booking_id, now=self.now)
            if leaves[alike]:
                found.append(one)
        return found

    def take(self, booking_id: int, space_id: int) -> None:
        """A booking will be at a space: from here on it counts there."""
        if booking_id in self.held:
            held, at = self.held[booking_id], self.there[space_id]
            held[booking_id] = replace(
                held[booking_id], space_id=space_id, zone_id=at.zone_id, kind=at.kind, own_keys=at.own_keys
            )


def place_each(
    wanted: Mapping[int, TimeSpan],
    ways: Mapping[int, Sequence[Candidate]],
    people: Mapping[int, int] = MappingProxyType({}),
    quotas: Quotas | None = None,
) -> dict[int, int | None]:
    """A space for each booking, by booking's id, of the candidates that it has: `ways`; None where nothing is free for
    it. `people`: how many come to it, where that is more than one. `quotas`: None where none is set.

    In the order of time; no two on one space at once. Who can stay together with what they had all day, does: a space
    that already takes one of these bookings goes before an equally near one.
    """
    taken: dict[int, list[TimeSpan]] = {}
    placed: dict[int, int | None] = {}
    for booking_id, span in sorted(wanted.items(), key=lambda item: (item[1], item[0])):
        left = quotas.leave(booking_id, span, ways[booking_id]) if quotas else ways[booking_id]
        found = best(span, left, people.get(booking_id, 1), taken)
        placed[booking_id] = found.space_id if found else None
        if found:
            if quotas:
                quotas.take(booking_id, found.space_id)
            taken.setdefault(found.space_id, []).append(span)
    return placed


def best(
    span: TimeSpan,
    ways: Iterable[Candidate],
    people: int = 1,
    taken: Mapping[int, Sequence[TimeSpan]] = MappingProxyType({}),
) -> Candidate | None:
    """The candidate for one booking: the most alike, then the nearest, of those that fit and are free. `taken`: what
    others were given of each space."""
    free = [
        one
        for one in ways
        if one.takes(span, people)
        and not any(span.overlaps(busy) for busy in (*one.busy, *taken.get(one.space_id, ())))
    ]
    return min(free, key=lambda one: _order(one, taken), default=None)


def _order(one: Candidate, used: Container[int]) -> tuple[int, float, bool, str]:
    return (one.unlike, one.distance, one.space_id not in used, one.code)


def nearest_time(span: TimeSpan, busy: Iterable[TimeSpan], window: TimeSpan) -> TimeSpan | None:
    """The span of the same length, inside `window` and clear of `busy`, that begins nearest to what was asked; of two
    equally near, the later. None where there is none."""
    found = []
    for gap in without(window, busy):
        if gap.length >= span.length:
            start = min(max(span.start, gap.start), gap.end - span.length)
            found.append(TimeSpan(start, start + span.length))
    return min(found, key=lambda one: (abs(one.start - span.start), one.start < span.start), default=None)


@dataclass(frozen=True, slots=True)
class Ground:
    """What the layout says of a space: where it stands, for how many it is, who may have it. `drawn`: the desks of its
    zone are drawn by lot. Coordinates in the floor's units."""

    space_id: int
    code: str
    kind: Kind
    zone_id: int
    floor_id: int
    site_id: int
    timezone: str
    x: int
    y: int
    capacity: int
    free_seating: bool
    drawn: bool
    door: Door

    @property
    def lane(self) -> Lane:
        return LANES[self.kind]

    @property
    def allows(self) -> tuple[int, Door, bool, int]:
        """What of it decides whether a booking may be there."""
        return self.site_id, self.door, self.free_seating, max(self.capacity, 1)


@dataclass(frozen=True, slots=True)
class Stay:
    """A booking as the layout sees it: of people of `sections` from its first to its last day, for so many of them.
    `kept`: the space is kept for its person. `zone_id`: where they stay on whatever ground they were put there."""

    sections: frozenset[int]
    first: date
    last: date
    people: int = 1
    kept: bool = False
    zone_id: int | None = None


def may_enter(door: Door, stay: Stay) -> bool:
    """Whether the sections of a booking have any ground to be in a zone; whether their own is full is not asked."""
    return stay.kept or door.entry_for(stay.sections, stay.first, stay.last) is not Entry.NONE


def takes_away(was: Ground, becomes: Ground, stay: Stay) -> bool:
    """Whether a change of the layout takes its ground from a booking: it would be in another building, its people may
    be there no more, nothing is booked there any more, or there are too many of them. What was not allowed before
    stays, as somebody decided it."""
    return (
        becomes.site_id != was.site_id
        or (may_enter(was.door, stay) and not may_enter(becomes.door, stay))
        or (becomes.free_seating and not was.free_seating)
        or max(becomes.capacity, 1) < stay.people <= max(was.capacity, 1)
    )


def could_take(ground: Ground, stay: Stay) -> bool:
    """Whether a booking whose own space went could be moved to this one, as far as the layout says."""
    if ground.free_seating:
        return False
    if ground.zone_id == stay.zone_id:
        return True
    return not ground.drawn and may_enter(ground.door, replace(stay, kept=False))


def is_overflow(ground: Ground, stay: Stay) -> bool:
    """Whether its people may be there only while their own zones are full."""
    entry = ground.door.entry_for(stay.sections, stay.first, stay.last)
    return ground.zone_id != stay.zone_id and entry is Entry.OVERFLOW


def unlike(was: Ground, other: Ground, *, overflow: bool = False) -> int:
    """How unlike another space is to the one that was booked; 0: same zone and kind. `overflow`: only where there is
    nothing else."""
    return (
        8 * overflow
        + 4 * (other.kind is not was.kind)
        + 2 * (other.floor_id != was.floor_id)
        + (other.zone_id != was.zone_id)
    )
