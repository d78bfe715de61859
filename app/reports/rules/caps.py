"""Who is about to break a cap of telework, or has broken one; pure. What the caps are is given; what counts for one is
what counts where telework is asked for (`app.telework.caps.rules`)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from app.telework.caps.rules import PERIODS, Cell, Limit, Measure, period, rows, used
from app.working_days import WorkingDays

# About to: four fifths of the cap are used.
NEAR = (4, 5)
LIMITS = (*PERIODS, Limit.IN_A_ROW)


@dataclass(frozen=True, slots=True)
class Cap:
    """At most so much telework: one of LIMITS. In a row are days, in the measure DAYS."""

    limit: Limit
    at_most: int
    measure: Measure = Measure.HALF_DAYS

    @classmethod
    def of_days(cls, limit: Limit, days: int) -> Cap:
        """As people ask for it."""
        if limit is Limit.IN_A_ROW:
            return cls(limit, days, Measure.DAYS)
        return cls(limit, 2 * days)

    def shown(self, amount: int) -> float:
        """An amount as people read it: days or minutes."""
        return amount / 2 if self.measure is Measure.HALF_DAYS else amount


class State(StrEnum):
    NEAR = "near"
    REACHED = "reached"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Standing:
    """How somebody stands with a cap in the period from `first` to `last`."""

    cap: Cap
    first: date
    last: date
    used: int

    @property
    def state(self) -> State | None:
        """None: far from it, as is whoever used nothing."""
        if self.used > self.cap.at_most:
            return State.BROKEN
        if self.used == 0:
            return None
        if self.used == self.cap.at_most:
            return State.REACHED
        return State.NEAR if self.used * NEAR[1] >= self.cap.at_most * NEAR[0] else None


def standings(
    cells: Collection[Cell], caps: Iterable[Cap], calendar: WorkingDays, first: date, last: date
) -> list[Standing]:
    """How one person stands with each cap, in every period that a day from `first` to `last` lies in.

    `cells`: telework, leave and trips, done or approved, also of the days outside to which such a period or row
    reaches.
    """
    found = []
    for cap in caps:
        if cap.limit is Limit.IN_A_ROW:
            found += [
                Standing(cap, run[0], run[-1], len(run))
                for run in rows(cells, calendar)
                if run[0] <= last and run[-1] >= first
            ]
        else:
            found += [
                Standing(cap, *span, used(cells, cap.measure, span, calendar))
                for span in _periods(cap.limit, first, last)
            ]
    return found


def _periods(limit: Limit, first: date, last: date) -> Iterator[tuple[date, date]]:
    on = first
    while on <= last:
        span = period(limit, on)
        yield span
        on = span[1] + timedelta(days=1)
