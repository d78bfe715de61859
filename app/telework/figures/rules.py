"""What a half-day counts as, and the ministry's yearly sheet; pure.

人日 (person-days) are half-days by two.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TypeVar

from app.telework.caps.rules import Cell
from app.telework.daylog.rules import Form
from app.telework.rules import AWAY, DayClass, Half

# Whether somebody may telework at all, on a day.
Eligible = Callable[[int, date], bool]
Key = TypeVar("Key")
SHEET_DAY = (10, 1)  # the ministry asks as of 1 October


@dataclass(frozen=True, slots=True)
class HalfDay:
    """What a person's half-day was, as corrected; `section_id`: of that day. `telework_minutes`: None: all of it, where
    it was telework."""

    user_id: int
    section_id: int | None
    on: date
    half: Half
    day_class: DayClass
    form: Form | None
    telework_minutes: int | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """So many people of a section had a half-day of a class; who they were is forgotten. `is_eligible`: of all of
    them; `telework_minutes`: of all together, as of a half-day."""

    section_id: int | None
    on: date
    half: Half
    day_class: DayClass
    form: Form | None
    is_eligible: bool
    people: int
    telework_minutes: int | None = None


@dataclass(frozen=True, slots=True)
class Granted:
    """Of somebody's half-days of a weekday: how many were at home, of how many that could be."""

    granted: int = 0
    available: int = 0

    @property
    def share(self) -> float | None:
        """Granted ÷ available; None where none was available."""
        return share(self.granted, self.available)

    def __add__(self, other: Granted) -> Granted:
        return Granted(self.granted + other.granted, self.available + other.available)


def granted(
    weekday: int, days: Iterable[date], cells: Iterable[Cell], could: Callable[[date, Half], bool]
) -> Granted:
    """Somebody's telework on a weekday, for whoever shares it out and whoever reports on it.

    `days`: working days on which they belonged to the office. `cells`: telework, leave and trips, as they were and as
    they are approved. `could`: whether they work in a half-day and may be at home. Leave and trips take a half-day
    away; one at home was to be had, whatever the rules say of it.
    """
    filled = {(cell.on, cell.half): cell for cell in cells if cell.fills}
    home = available = 0
    for on in days:
        for half in Half if on.weekday() == weekday else ():
            cell = filled.get((on, half))
            if cell is not None and cell.is_remote:
                home += 1
                available += 1
            else:
                available += (cell is None or cell.kind not in AWAY) and could(on, half)
    return Granted(home, available)


def share(part: int, whole: int) -> float | None:
    """A share, computed once from its counts; None of nothing."""
    return part / whole if whole else None


def added(counts: Mapping[Key, int], more: Mapping[Key, int]) -> dict[Key, int]:
    """What is counted twice by the same keys, added up."""
    return {key: counts.get(key, 0) + more.get(key, 0) for key in counts.keys() | more.keys()}


class Band(StrEnum):
    """The bands of the ministry's sheet; NONE: nobody is eligible."""

    UNDER_30 = "under_30"
    UNDER_50 = "under_50"
    UNDER_80 = "under_80"
    FROM_80 = "from_80"
    NONE = "none"


def band(users: int, eligible: int) -> Band:
    """In which band a rate of use lies: 0 to below 30, 30 to below 50, 50 to below 80, 80 per cent and more."""
    if eligible == 0:
        return Band.NONE
    for bound, found in ((30, Band.UNDER_30), (50, Band.UNDER_50), (80, Band.UNDER_80)):
        if users * 100 < bound * eligible:
            return found
    return Band.FROM_80


@dataclass(frozen=True, slots=True)
class SheetLine:
    """Of the office (`section_id` None) or a section: people by what they may and what they did in the period.

    `users`: eligible people who teleworked, at home or at a satellite office, for a half-day at least. `by_form`: who
    worked so, eligible or not, for a half-day at least; one person may have worked in several forms.
    """

    section_id: int | None
    staff: int
    eligible: int
    users: int
    by_form: Mapping[Form, int]
    half_days: Mapping[Form, int]

    def __add__(self, other: SheetLine) -> SheetLine:
        """With another, which is of other people."""
        return SheetLine(
            self.section_id,
            self.staff + other.staff,
            self.eligible + other.eligible,
            self.users + other.users,
            added(self.by_form, other.by_form),
            added(self.half_days, other.half_days),
        )

    @property
    def rate(self) -> float | None:
        """The rate of use: users ÷ eligible."""
        return share(self.users, self.eligible)

    @property
    def band(self) -> Band:
        return band(self.users, self.eligible)


def yearly(
    staff: Mapping[int, int | None], halves: Iterable[HalfDay], is_eligible: Eligible, as_of: date
) -> list[SheetLine]:
    """The ministry's yearly sheet as of a day, the office first, then by section.

    地方公共団体におけるテレワークの取組状況調査, as of 1 October. `staff`: who belongs to the office on that day, each
    with the section of that day; only their half-days of the period count. A business trip is mobile work: it is
    counted by form, but makes nobody a user, or the rate of use would say how many travelled.
    """
    worked: dict[int, dict[Form, int]] = defaultdict(lambda: defaultdict(int))
    for one in halves:
        if one.form is not None and one.user_id in staff:
            worked[one.user_id][one.form] += 1
    eligible = {user_id for user_id in staff if is_eligible(user_id, as_of)}

    def line(section_id: int | None, people: set[int]) -> SheetLine:
        return SheetLine(
            section_id,
            len(people),
            len(people & eligible),
            sum(bool(worked[one].keys() & {Form.HOME, Form.SATELLITE}) for one in people & eligible),
            {form: sum(form in worked[one] for one in people) for form in Form},
            {form: sum(worked[one].get(form, 0) for one in people) for form in Form},
        )

    by_section: dict[int, set[int]] = defaultdict(set)
    for user_id, section_id in staff.items():
        if section_id is not None:
            by_section[section_id].add(user_id)
    return [line(None, set(staff)), *(line(one, people) for one, people in sorted(by_section.items()))]
