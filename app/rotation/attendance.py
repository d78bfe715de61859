"""How many are in the office in each half-day, and what fewer seats would have meant; pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from math import ceil

HALVES_A_WEEK = 10
TENTHS = range(5, 11)


@dataclass(frozen=True, slots=True)
class Beyond:
    """What so many seats would have asked for. `half_days`: those in which more people came; `home`: half-days at home
    of all together: those that were, and one of everybody who would have found no seat."""

    half_days: int
    home: int


@dataclass(frozen=True, slots=True)
class Attendance:
    """People in the office by half-day, as planned or as it was; `home`: half-days at home of all together."""

    counts: Mapping[tuple[date, str], int] = field(default_factory=dict)
    home: int = 0

    @property
    def most(self) -> int:
        """The most in the office at once."""
        return max(self.counts.values(), default=0)

    def beyond(self, seats: int) -> Beyond:
        over = [count - seats for count in self.counts.values() if count > seats]
        return Beyond(len(over), self.home + sum(over))


def days_a_week(half_days: int, people: int, working_half_days: int) -> float | None:
    """Half-days of all together as days a person and week of five working days; None of nobody."""
    if not people or not working_half_days:
        return None
    return half_days / people / working_half_days * HALVES_A_WEEK / 2


def seat_counts(people: int, named: Collection[int | None]) -> list[int]:
    """Numbers of seats to look at, the most first: those named, and from half a seat to one for each person."""
    tenths = {ceil(people * tenth / 10) for tenth in TENTHS}
    return sorted(tenths | {one for one in named if one is not None}, reverse=True)
