"""Whether Mondays and Fridays at home are shared out fairly: granted ÷ available, for each person; pure.

A fiscal year has 42 to 47 Mondays on which the office works and 46 to 51 of each other weekday, so that bare counts
cannot be compared; nor can those of somebody who came in October.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from app.people.rules import Stay

MONDAY, FRIDAY = 0, 4


@dataclass(frozen=True, slots=True)
class Weekday:
    """Of a weekday in the period: half-days of telework granted, and working days on which the person belonged."""

    granted: int
    available: int

    @property
    def share(self) -> float | None:
        """Granted days ÷ available days; None where none was available."""
        return self.granted / (2 * self.available) if self.available else None

    def __add__(self, other: Weekday) -> Weekday:
        return Weekday(self.granted + other.granted, self.available + other.available)


@dataclass(frozen=True, slots=True)
class Fairness:
    """How somebody fares. `off`: how far their share of Mondays and Fridays lies from that of their section, in
    percentage points by hundred; None where there is nothing to compare."""

    user_id: int
    section_id: int | None
    monday: Weekday
    friday: Weekday
    off: float | None

    @property
    def both(self) -> Weekday:
        return self.monday + self.friday


def fairness(
    people: Mapping[int, Sequence[Stay]],
    granted: Mapping[tuple[int, date], int],
    working: Iterable[date],
    section_of: Mapping[int, int | None],
) -> list[Fairness]:
    """Each person's Mondays and Fridays, by section, the largest share first.

    `granted`: half-days of telework by (person, day), more than none. `working`: the days of the period on which the
    office works. `section_of`: where each person is compared, by the last day of the period.
    """
    days = [on for on in working if on.weekday() in {MONDAY, FRIDAY}]
    found = {
        user_id: {
            weekday: Weekday(
                sum(granted.get((user_id, on), 0) for on in there if on.weekday() == weekday),
                sum(on.weekday() == weekday for on in there),
            )
            for weekday in (MONDAY, FRIDAY)
        }
        for user_id, stays in people.items()
        if (there := [on for on in days if any(stay.holds(on) for stay in stays)])
    }
    sums: dict[int | None, Weekday] = {}
    for user_id, by_day in found.items():
        section = section_of.get(user_id)
        sums[section] = sums.get(section, Weekday(0, 0)) + by_day[MONDAY] + by_day[FRIDAY]
    listed = []
    for user_id, by_day in found.items():
        section = section_of.get(user_id)
        own, all_ = (by_day[MONDAY] + by_day[FRIDAY]).share, sums[section].share
        off = own - all_ if own is not None and all_ is not None else None
        listed.append(Fairness(user_id, section, by_day[MONDAY], by_day[FRIDAY], off))
    return sorted(listed, key=lambda one: (one.section_id or 0, -(one.both.share or 0), one.user_id))
