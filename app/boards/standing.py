"""What stands before the spaces of a floor, of what was read of it at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from datetime import timedelta
from typing import Any, NamedTuple

from app.bookings.rules import Status
from app.spaces.barriers import Barrier
from app.timespan import TimeSpan

# What stands before a space for a person: the reason, the first booking, the bookings, the barriers, whether the first
# booking is theirs, and the space kept for them; what bookings in and around the span take with the pauses that they
# need, and whether one of those around reaches into it so. A plain tuple, since hundreds are made.
Stands = tuple[
    str | None, int | None, tuple[Any, ...], tuple[Barrier, ...], bool, bool, tuple[TimeSpan, ...], bool
]
NOTHING: Stands = (None, None, (), (), False, False, (), False)


class Found(NamedTuple):
    """What was read of a floor that stands before spaces, by space; `ahead`: what of the span is not past; `touched`:
    before which anything does."""

    ahead: TimeSpan
    user_id: int | None
    taken: Mapping[int, Sequence[Any]]
    near: Mapping[int, Sequence[Any]]
    standing: Mapping[int, Sequence[Barrier]]
    touched: Set[int]

    @classmethod
    def of_floor(
        cls,
        span: TimeSpan,
        ahead: TimeSpan,
        user_id: int | None,
        *,
        bookings: Iterable[Any],
        ends: Iterable[Any],
        barriers: Iterable[Barrier],
        and_around: bool,
    ) -> Found:
        """From the bookings in a span, or in and around it, the `ends` of what was used before, and the barriers."""
        taken: dict[int, list[Any]] = defaultdict(list)
        near: dict[int, list[Any]] = defaultdict(list)
        standing: dict[int, list[Barrier]] = defaultdict(list)
        for barrier in barriers:
            standing[barrier.space_id].append(barrier)
        for one in bookings:
            is_near = and_around and (one.start_at >= span.end or one.end_at <= span.start)
            (near if is_near else taken)[one.space_id].append(one)
        for one in ends:
            near[one.space_id].append(one)
        touched = taken.keys() | standing.keys() | near.keys()
        return cls(ahead, user_id, taken, near, standing, touched)

    def before(self, space_id: int, buffer: timedelta | None) -> Stands:
        """What stands before a space whose bookings need such a pause between them."""
        bookings = tuple(self.taken.get(space_id, ()))
        standing = self.standing.get(space_id, ())
        before = tuple(one for one in standing if one.bars(self.user_id)) if standing else ()
        booking = bookings[0] if bookings else None
        mine = booking is not None and self.user_id is not None and booking.user_id == self.user_id
        booking_id = booking.id if booking is not None else None
        reason = _reason(booking, before[0].why if before else None, mine=mine)
        is_kept = len(before) < len(standing)
        if not buffer:
            return reason, booking_id, bookings, before, mine, is_kept, (), False
        around, inside = (
            [TimeSpan(one.start_at - buffer, one.end_at + buffer) for one in some]
            for some in (self.near.get(space_id, ()), bookings)
        )
        is_near = any(one.overlaps(self.ahead) for one in around)
        pauses = tuple(sorted(around + inside))
        return reason, booking_id, bookings, before, mine, is_kept, pauses, is_near


def _reason(booking: Any, barrier: str | None, *, mine: bool) -> str | None:
    """What stands before a space, be it booked or barred."""
    if barrier is not None and not mine:
        return barrier
    if booking is None:
        return None
    if mine:
        return "yours"
    return "held" if booking.status == Status.HELD else "taken"
