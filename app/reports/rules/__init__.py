"""Counting half-days by section and person; pure.

A half-day counts in the section of its day. The whole that a share is of are the half-days of working days, whatever
they were: in the office, at home, away, on leave, not known.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

from app.people.rules import lineage
from app.telework.daylog.rules import Form
from app.telework.figures.rules import Eligible, HalfDay, Kept, SheetLine, added
from app.telework.rules import DayClass, Half

MinutesOf = Callable[[date, Half], int]


@dataclass(slots=True)
class Sum:
    """So many half-days of each class; of telework the minutes, and of the half-days those of the eligible."""

    by_class: dict[DayClass, int] = field(default_factory=lambda: defaultdict(int))
    by_form: dict[Form, int] = field(default_factory=lambda: defaultdict(int))
    telework_minutes: int = 0
    eligible: int = 0
    eligible_telework: int = 0

    @property
    def working(self) -> int:
        """Half-days of working days."""
        return sum(number for day_class, number in self.by_class.items() if day_class is not DayClass.CLOSED)

    @property
    def telework(self) -> int:
        return self.by_class.get(DayClass.TELEWORK, 0)

    @property
    def office(self) -> int:
        """In the office, by hand or presumed."""
        return self.by_class.get(DayClass.OFFICE, 0) + self.by_class.get(DayClass.OFFICE_PRESUMED, 0)

    def of(self, day_class: DayClass) -> int:
        return self.by_class.get(day_class, 0)

    def __add__(self, other: Sum) -> Sum:
        return Sum(
            added(self.by_class, other.by_class),
            added(self.by_form, other.by_form),
            self.telework_minutes + other.telework_minutes,
            self.eligible + other.eligible,
            self.eligible_telework + other.eligible_telework,
        )

    def add(self, one: HalfDay | Kept, minutes: int, *, is_eligible: bool, people: int = 1) -> None:
        """A half-day of so many people, which has so many minutes of office hours."""
        self.by_class[one.day_class] += people
        if one.form is not None:
            self.by_form[one.form] += people
        is_telework = one.day_class is DayClass.TELEWORK
        is_whole = is_telework and one.telework_minutes is None
        self.telework_minutes += minutes * people if is_whole else one.telework_minutes or 0
        if is_eligible and one.day_class is not DayClass.CLOSED:
            self.eligible += people
            self.eligible_telework += people * is_telework


@dataclass(frozen=True, slots=True)
class Monthly:
    """The sums of all, of each section, and in it of each person."""

    total: Sum
    sections: Mapping[int | None, Sum]
    people: Mapping[tuple[int | None, int], Sum]


def monthly(
    halves: Iterable[HalfDay], minutes: MinutesOf, is_eligible: Eligible, kept: Iterable[Kept] = ()
) -> Monthly:
    """Telework by section and person. Who changed section counts in each for the days there; the sections' sums add up
    to the total. `minutes`: of office hours in a half-day. `kept`: days of which only sums are left; they count
    in those alone."""
    total = Sum()
    sections: dict[int | None, Sum] = defaultdict(Sum)
    people: dict[tuple[int | None, int], Sum] = defaultdict(Sum)
    for one in halves:
        eligible = is_eligible(one.user_id, one.on)
        for into in (total, sections[one.section_id], people[one.section_id, one.user_id]):
            into.add(one, minutes(one.on, one.half), is_eligible=eligible)
    for past in kept:
        for of_all in (total, sections[past.section_id]):
            of_all.add(past, minutes(past.on, past.half), is_eligible=past.is_eligible, people=past.people)
    return Monthly(total, sections, people)


Figures = TypeVar("Figures", Sum, SheetLine)


def with_below(sections: Mapping[int | None, Figures], above: Mapping[int, int | None]) -> dict[int, Figures]:
    """Of each section that has others below it with figures: its own and theirs. `above`: the section above each."""
    found: dict[int, Figures] = {}
    upper: set[int] = set()
    for section_id, figures in sections.items():
        for one in lineage([section_id], above) if section_id is not None else ():
            found[one] = found[one] + figures if one in found else figures
            upper |= {one} - {section_id}
    return {one: figures for one, figures in found.items() if one in upper}
