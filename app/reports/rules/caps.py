"""Who is about to break a cap of telework, or has broken one; pure. What the caps are is given."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from app.working_days import WorkingDays, fiscal_days, fiscal_year

# About to: four fifths of the cap are used.
NEAR = (4, 5)


class Period(StrEnum):
    WEEK = "week"
    MONTH = "month"
    FISCAL_YEAR = "fiscal_year"
    IN_A_ROW = "in_a_row"


class Measure(StrEnum):
    HALF_DAYS = "half_days"
    MINUTES = "minutes"
    DAYS = "days"


@dataclass(frozen=True, slots=True)
class Cap:
    """At most so much telework in a period. In a row are working days next to each other, counted in days."""

    period: Period
    at_most: int
    measure: Measure = Measure.HALF_DAYS


@dataclass(frozen=True, slots=True)
class Amount:
    """A day's telework, done or approved."""

    half_days: int
    minutes: int


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
        """None: far from it."""
        if self.used > self.cap.at_most:
            return State.BROKEN
        if self.used == self.cap.at_most:
            return State.REACHED
        return State.NEAR if self.used * NEAR[1] >= self.cap.at_most * NEAR[0] else None


def standings(
    amounts: Mapping[date, Amount], caps: Iterable[Cap], calendar: WorkingDays, first: date, last: date
) -> list[Standing]:
    """How one person stands with each cap, in every period that a day from `first` to `last` lies in.

    `amounts`: of working days, also of those outside which such a period reaches to (`reach`).
    """
    found = []
    for cap in caps:
        if cap.period is Period.IN_A_ROW:
            found += [
                Standing(cap, run[0], run[-1], len(run))
                for run in _runs(amounts, calendar)
                if run[0] <= last and run[-1] >= first
            ]
            continue
        for begin, end in _periods(cap.period, first, last):
            used = sum(
                amount.half_days if cap.measure is Measure.HALF_DAYS else amount.minutes
                for on, amount in amounts.items()
                if begin <= on <= end
            )
            found.append(Standing(cap, begin, end, used))
    return found


def reach(first: date, last: date) -> tuple[date, date]:
    """The days that the periods around those from `first` to `last` reach to: whole fiscal years, with a month at both
    ends for weeks and rows."""
    month = timedelta(days=31)
    return fiscal_days(fiscal_year(first))[0] - month, fiscal_days(fiscal_year(last))[1] + month


def around(period: Period, on: date) -> tuple[date, date]:
    """The week (Monday to Sunday), month or fiscal year that a day lies in."""
    match period:
        case Period.WEEK:
            monday = on - timedelta(days=on.weekday())
            return monday, monday + timedelta(days=6)
        case Period.MONTH:
            begins = on.replace(day=1)
            return begins, (begins + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        case _:
            return fiscal_days(fiscal_year(on))


def _periods(period: Period, first: date, last: date) -> Iterator[tuple[date, date]]:
    on = first
    while on <= last:
        begin, end = around(period, on)
        yield begin, end
        on = end + timedelta(days=1)


def _runs(amounts: Mapping[date, Amount], calendar: WorkingDays) -> list[list[date]]:
    """The rows of working days next to each other, each with telework."""
    runs: list[list[date]] = []
    for on in sorted(on for on, amount in amounts.items() if amount.half_days and calendar.is_working(on)):
        if runs and calendar.last_before(on) == runs[-1][-1]:
            runs[-1].append(on)
        else:
            runs.append([on])
    return runs
