"""Which days the office works, as a value: weekends, national holidays, year's end, local overrides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from types import MappingProxyType

# 地方公務員の休日: the statutes of Japanese cities close from 29 December to 3 January.
YEAR_END = frozenset({(12, 29), (12, 30), (12, 31), (1, 1), (1, 2), (1, 3)})
SATURDAY = 5
FIRST_MONTH = 4  # 年度: April to March


def fiscal_year(on: date) -> int:
    """The year in whose April the fiscal year of a day began."""
    return on.year if on.month >= FIRST_MONTH else on.year - 1


def fiscal_days(year: int) -> tuple[date, date]:
    """The first and the last day of a fiscal year."""
    return date(year, FIRST_MONTH, 1), date(year + 1, FIRST_MONTH, 1) - timedelta(days=1)


@dataclass(frozen=True, slots=True)
class WorkingDays:
    """The office calendar. `holidays` name national holidays; `overrides` win: True works, False is closed."""

    holidays: Mapping[date, str] = field(default_factory=lambda: MappingProxyType({}))
    overrides: Mapping[date, bool] = field(default_factory=lambda: MappingProxyType({}))

    def is_working(self, on: date) -> bool:
        if on in self.overrides:
            return self.overrides[on]
        return on.weekday() < SATURDAY and on not in self.holidays and (on.month, on.day) not in YEAR_END

    def but(self, overrides: Mapping[date, bool]) -> WorkingDays:
        """The same with days on which the office does otherwise."""
        return replace(self, overrides=MappingProxyType({**self.overrides, **overrides}))

    def next_working(self, on: date) -> date:
        """`on` itself where it is a working day, else the first one after it."""
        while not self.is_working(on):
            on += timedelta(days=1)
        return on

    def last_before(self, on: date) -> date:
        """The last working day before `on`."""
        on -= timedelta(days=1)
        while not self.is_working(on):
            on -= timedelta(days=1)
        return on

    def between(self, first: date, last: date) -> Iterator[date]:
        """Working days from `first` to `last`, both included."""
        for n in range((last - first).days + 1):
            on = first + timedelta(days=n)
            if self.is_working(on):
                yield on
