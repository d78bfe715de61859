"""Whether Mondays and Fridays at home are shared out fairly: granted ÷ available, for each person; pure.

A fiscal year has 42 to 47 Mondays on which the office works and 46 to 51 of each other weekday, so that bare counts
cannot be compared; nor can those of somebody who came in October.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial

from app.people.rules import Stay
from app.telework.caps.rules import Cell
from app.telework.figures.rules import Granted, granted
from app.telework.rules import Half

MONDAY, FRIDAY = 0, 4


@dataclass(frozen=True, slots=True)
class Fairness:
    """How somebody fares. `off`: how far their share of Mondays and Fridays lies from that of their section, in
    percentage points by hundred; None where there is nothing to compare."""

    user_id: int
    section_id: int | None
    monday: Granted
    friday: Granted
    off: float | None

    @property
    def both(self) -> Granted:
        return self.monday + self.friday


def fairness(
    people: Mapping[int, Sequence[Stay]],
    cells: Mapping[int, Sequence[Cell]],
    working: Iterable[date],
    section_of: Mapping[int, int | None],
    could: Callable[[int, date, Half], bool],
) -> list[Fairness]:
    """Each person's Mondays and Fridays, by section, the largest share first.

    `cells`: what each took of telework, leave and trips. `working`: the days of the period on which the office works.
    `section_of`: where each person is compared, by the last day of the period. `could`: see `granted`.
    """
    days = [on for on in working if on.weekday() in {MONDAY, FRIDAY}]
    found = {
        user_id: {
            weekday: granted(weekday, there, cells.get(user_id, ()), partial(could, user_id))
            for weekday in (MONDAY, FRIDAY)
        }
        for user_id, stays in people.items()
        if (there := [on for on in days if any(stay.holds(on) for stay in stays)])
    }
    sums: dict[int | None, Granted] = {}
    for user_id, by_day in found.items():
        section = section_of.get(user_id)
        sums[section] = sums.get(section, Granted()) + by_day[MONDAY] + by_day[FRIDAY]
    listed = []
    for user_id, by_day in found.items():
        section = section_of.get(user_id)
        own, all_ = (by_day[MONDAY] + by_day[FRIDAY]).share, sums[section].share
        off = own - all_ if own is not None and all_ is not None else None
        listed.append(Fairness(user_id, section, by_day[MONDAY], by_day[FRIDAY], off))
    return sorted(listed, key=lambda one: (one.section_id or 0, -(one.both.share or 0), one.user_id))
