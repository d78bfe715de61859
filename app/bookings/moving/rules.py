"""Which other space is the best for a booking, and which other time; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType

from app.timespan import TimeSpan, merged


@dataclass(frozen=True, slots=True)
class Candidate:
    """A space that would do: how far away, in the floor's units, when it cannot be had, for how many it is, how unlike
    what was booked (0: same zone and kind), and the longest booking it takes. `of_section`: in another zone, for the
    people of its section alone."""

    space_id: int
    code: str
    distance: float
    busy: tuple[TimeSpan, ...]
    capacity: int = 1
    unlike: int = 0
    longest: timedelta | None = None
    of_section: bool = False

    def takes(self, span: TimeSpan, people: int) -> bool:
        """Whether a booking of so many people fits, busy or not."""
        return people <= max(self.capacity, 1) and (self.longest is None or span.length <= self.longest)


def place_all(
    wanted: Mapping[int, TimeSpan],
    candidates: Sequence[Candidate],
    people: Mapping[int, int] = MappingProxyType({}),
    guests: Set[int] = frozenset(),
) -> dict[int, int | None]:
    """A space for each booking, by booking's id; None where nothing is free for it. `people`: how many come to it,
    where that is more than one. `guests`: the bookings of those who are not of the section.

    In the order of time, the most alike first, then the nearest; no two on one space at once. Who can stay together
    with what they had all day, does: a space that already takes one of these bookings goes before an equally near one.
    """
    taken: dict[int, list[TimeSpan]] = {one.space_id: list(one.busy) for one in candidates}
    used: set[int] = set()
    placed: dict[int, int | None] = {}
    for booking_id, span in sorted(wanted.items(), key=lambda item: (item[1], item[0])):
        fitting = [
            one
            for one in candidates
            if one.takes(span, people.get(booking_id, 1)) and not (one.of_section and booking_id in guests)
        ]
        free = [one for one in fitting if not any(span.overlaps(busy) for busy in taken[one.space_id])]
        best = min(free, key=lambda one: _order(one, used), default=None)
        placed[booking_id] = best.space_id if best else None
        if best:
            taken[best.space_id].append(span)
            used.add(best.space_id)
    return placed


def _order(one: Candidate, used: Set[int]) -> tuple[int, float, bool, str]:
    return (one.unlike, one.distance, one.space_id not in used, one.code)


def nearest_time(span: TimeSpan, busy: Iterable[TimeSpan], window: TimeSpan) -> TimeSpan | None:
    """The span of the same length, inside `window` and clear of `busy`, that begins nearest to what was asked; of two
    equally near, the later. None where there is none."""
    gaps, begins = [], window.start
    for one in merged(busy):
        if begins < min(one.start, window.end):
            gaps.append(TimeSpan(begins, min(one.start, window.end)))
        begins = max(begins, one.end)
    if begins < window.end:
        gaps.append(TimeSpan(begins, window.end))
    found = []
    for gap in gaps:
        if gap.length >= span.length:
            start = min(max(span.start, gap.start), gap.end - span.length)
            found.append(TimeSpan(start, start + span.length))
    return min(found, key=lambda one: (abs(one.start - span.start), one.start < span.start), default=None)
