"""What is to be planned: days, people, what is given, what must hold, what is wished for; and a plan of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from app.working_days import fiscal_year

MONDAY, FRIDAY = 0, 4
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
HALVES = ("am", "pm")


class State(StrEnum):
    """Where somebody is in a half-day. `away` (leave, trip, training, not working) is given, never chosen."""

    OFFICE = "office"
    HOME = "home"
    AWAY = "away"


class Cell(NamedTuple):
    person: str
    day: date
    half: str


@dataclass(frozen=True, slots=True)
class Caps:
    """The most half-days at home in a week (Monday to Sunday), in the days planned (a month), and left of the fiscal
    year; `row`: days in a row, each with some of it at home and none of it in the office. None: no cap."""

    week: int | None = None
    month: int | None = None
    year: int | None = None
    row: int | None = None


@dataclass(frozen=True, slots=True)
class Quota:
    """A cap of one week, month or year (`kind`): at most so many half-days at home from a day to another, both
    included, of which so many are settled on other days than those planned. `minutes`: of each half, where both
    numbers are minutes instead."""

    kind: str
    first: date
    last: date
    most: int
    settled: int = 0
    minutes: Mapping[str, int] | None = None

    @property
    def left(self) -> int:
        return max(0, self.most - self.settled)

    @property
    def weights(self) -> Mapping[str, int]:
        """By half, how much of the cap one at home takes."""
        return self.minutes or dict.fromkeys(HALVES, 1)

    def half_days(self, amount: int) -> int:
        """How many half-days an amount of what it counts is at most."""
        return amount // min(self.weights.values())

    def covers(self, day: date) -> bool:
        return self.first <= day <= self.last


@dataclass(frozen=True, slots=True)
class Granted:
    """Of a weekday in the fiscal year of the first day planned, before it: how many half-days at home were granted, of
    how many that could be."""

    granted: int = 0
    available: int = 0


@dataclass(frozen=True, slots=True)
class Goal:
    """So many half-days at home are wanted from a day to another, both included."""

    first: date
    last: date
    half_days: int

    def covers(self, day: date) -> bool:
        return self.first <= day <= self.last


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody of the section. `unit`: their 係; `unit_on`: days on which they belong to another, or ("") to none.
    `target`: half-days at home that are wanted in all; `targets`: from a day to another. None of either: no half-day
    but those wished for.

    `barred`: days on which nothing may be at home. `whole_days`: a day is at home with both halves, or not at all.
    `quotas`: caps of single weeks, months and years, beside `caps`. `around`: half-days at home on the working days
    just before and after those planned, which are settled already; they count for the week, and with both halves for
    the days in a row that reach over the ends. A day without any stands there with 0.
    """

    id: str
    name: str
    unit: str = ""
    unit_on: Mapping[date, str] = field(default_factory=dict)
    eligible: bool = True
    barred: frozenset[date] = frozenset()
    whole_days: bool = False
    skills: frozenset[str] = frozenset()
    own_terminal: bool = False
    caps: Caps = Caps()
    quotas: Sequence[Quota] = ()
    target: int | None = None
    targets: Sequence[Goal] = ()
    mondays: Granted = Granted()
    fridays: Granted = Granted()
    mentor: str | None = None
    around: Mapping[date, int] = field(default_factory=dict)

    def unit_of(self, day: date) -> str:
        return self.unit_on.get(day, self.unit)

    def goals(self, days: Sequence[date]) -> list[tuple[list[date], int]]:
        """Of which of these days so many half-days at home are wanted."""
        wanted = [([day for day in days if one.covers(day)], one.half_days) for one in self.targets]
        return wanted if self.target is None else [*wanted, (list(days), self.target)]

    def so_far(self, weekday: int) -> Granted:
        return self.mondays if weekday == MONDAY else self.fridays


@dataclass(frozen=True, slots=True)
class Cover:
    """At least so many of these people in the office in each half-day, or in one of the halves. `people_on`: days on
    which they are others."""

    name: str
    people: frozenset[str]
    least: int
    half: str | None = None
    people_on: Mapping[date, frozenset[str]] = field(default_factory=dict)

    def people_of(self, day: date) -> frozenset[str]:
        return self.people_on.get(day, self.people)

    def halves(self) -> Sequence[str]:
        return HALVES if self.half is None else (self.half,)


HalfDay = tuple[date, str]


@dataclass(frozen=True, slots=True)
class Pool:
    """Terminals that are lent to some people: no more of them at home without one of their own. `people_on`: days on
    which they are others; `most_on`: half-days with another number, since somebody else has some."""

    name: str
    people: frozenset[str]
    most: int
    people_on: Mapping[date, frozenset[str]] = field(default_factory=dict)
    most_on: Mapping[HalfDay, int] = field(default_factory=dict)

    def people_of(self, day: date) -> frozenset[str]:
        return self.people_on.get(day, self.people)

    def most_of(self, day: date, half: str) -> int:
        return self.most_on.get((day, half), self.most)


@dataclass(frozen=True, slots=True)
class Duty:
    """Of whom one at least is in the office, always."""

    name: str
    main: str
    deputy: str


@dataclass(frozen=True, slots=True)
class Wish:
    cell: Cell
    state: State
    care: bool = False


@dataclass(frozen=True, slots=True)
class Fixed:
    """A cell that is given: away, or locked; `why` says so to whoever asks. `off`: who is away never works then
    (part-time), so that the day is none of those in a row. `approved`: it has been approved already. What is so at home
    counts for every rule of telework, and breaks none by itself: a rule binds what is still to be chosen."""

    state: State
    why: str = ""
    off: bool = False
    approved: bool = False


class Shared(NamedTuple):
    """The Mondays or Fridays of one fiscal year among the days planned, which are shared out by granted ÷ available;
    `so_far`: by person, what was of them before."""

    days: Sequence[date]
    so_far: Mapping[str, Granted]


@dataclass(frozen=True, slots=True)
class Problem:
    """What is to be planned. `seats`: usable in the zone, `seats_on`: half-days with another number; `terminals`: to
    lend to all, None: enough of them; `pools`: to lend to some; `satellites`: cells that, at home, are at a satellite
    office, for which none is lent; `called_in`: cells in which the section asks somebody to come, who may be elsewhere
    all the same by what is given; `begun`: half-days that are as they are, of which nothing is asked any more."""

    days: Sequence[date]
    members: Sequence[Member]
    fixed: Mapping[Cell, Fixed] = field(default_factory=dict)
    covers: Sequence[Cover] = ()
    duties: Sequence[Duty] = ()
    seats: int | None = None
    seats_on: Mapping[HalfDay, int] = field(default_factory=dict)
    terminals: int | None = None
    pools: Sequence[Pool] = ()
    satellites: Collection[Cell] = frozenset()
    called_in: Collection[Cell] = frozenset()
    begun: Collection[HalfDay] = frozenset()
    wishes: Sequence[Wish] = ()
    published: Mapping[Cell, State] = field(default_factory=dict)

    def cells(self) -> Iterator[Cell]:
        for member in self.members:
            for day in self.days:
                for half in HALVES:
                    yield Cell(member.id, day, half)

    def is_away(self, cell: Cell) -> bool:
        return cell in self.fixed and self.fixed[cell].state is State.AWAY

    def is_off(self, cell: Cell) -> bool:
        """Whether somebody never works in such a half-day."""
        return self.is_away(cell) and self.fixed[cell].off

    def is_approved(self, cell: Cell) -> bool:
        """Whether somebody is at home then since that has been approved already."""
        return cell in self.fixed and self.fixed[cell].approved and self.fixed[cell].state is State.HOME

    def is_settled(self, person: str, day: date) -> bool:
        """Whether a day of somebody holds nothing but what is away or has been approved."""
        given = [self.fixed.get(Cell(person, day, half)) for half in HALVES]
        return all(one is not None and (one.approved or one.state is State.AWAY) for one in given)

    def is_lent(self, member: Member, day: date, half: str) -> bool:
        """Whether somebody has a terminal that is lent when they are at home then."""
        return not member.own_terminal and Cell(member.id, day, half) not in self.satellites

    def seats_of(self, day: date, half: str) -> int | None:
        return self.seats_on.get((day, half), self.seats)

    def shared(self) -> Iterator[Shared]:
        """What is shared out, each fiscal year by itself: one that begins among the days begins from nothing."""
        first = fiscal_year(min(self.days))
        for year in sorted({fiscal_year(day) for day in self.days}):
            for weekday in (MONDAY, FRIDAY):
                yield Shared(
                    [day for day in self.days if day.weekday() == weekday and fiscal_year(day) == year],
                    {one.id: one.so_far(weekday) if year == first else Granted() for one in self.members},
                )

    @property
    def units(self) -> dict[str, dict[date, list[str]]]:
        """The members of each 係, by day: of the days on which it has any."""
        found: dict[str, dict[date, list[str]]] = defaultdict(lambda: defaultdict(list))
        for member in self.members:
            for day in self.days:
                if unit := member.unit_of(day):
                    found[unit][day].append(member.id)
        return {unit: dict(by_day) for unit, by_day in found.items()}

    @property
    def weeks(self) -> dict[tuple[int, int], list[date]]:
        """The days of each ISO week, in order."""
        found: dict[tuple[int, int], list[date]] = defaultdict(list)
        for day in self.days:
            found[day.isocalendar()[:2]].append(day)
        return dict(found)


Plan = Mapping[Cell, State]
