"""A month of a section: who is where in each half-day; the musts of a plan, what it is worth, and its check; pure.

`check` shares no code with `search`: what one got wrong the other sees.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from fractions import Fraction
from math import ceil
from typing import NamedTuple

MONDAY, FRIDAY = 0, 4
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SHARE = 10_000  # a share of granted ÷ available is counted in ten-thousandths
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
    year; `row`: days in a row, each with some of it at home. None: no cap."""

    week: int | None = None
    month: int | None = None
    year: int | None = None
    row: int | None = None


@dataclass(frozen=True, slots=True)
class Granted:
    """Of a weekday in the fiscal year so far: how many half-days at home were granted, of how many that could be."""

    granted: int = 0
    available: int = 0


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody of the section. `target`: half-days at home that are wanted; None: as it comes.

    `around`: half-days at home on the working days just before and after those planned, which are settled already; they
    count for the week and for the days in a row that reach over the ends. A day without any stands there with 0.
    """

    id: str
    name: str
    unit: str = ""
    eligible: bool = True
    skills: frozenset[str] = frozenset()
    own_terminal: bool = False
    caps: Caps = Caps()
    target: int | None = None
    mondays: Granted = Granted()
    fridays: Granted = Granted()
    mentor: str | None = None
    around: Mapping[date, int] = field(default_factory=dict)

    def so_far(self, weekday: int) -> Granted:
        return self.mondays if weekday == MONDAY else self.fridays


@dataclass(frozen=True, slots=True)
class Cover:
    """At least so many of these people in the office in each half-day, or in one of the halves."""

    name: str
    people: frozenset[str]
    least: int
    half: str | None = None

    def halves(self) -> Sequence[str]:
        return HALVES if self.half is None else (self.half,)


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
    """A cell that is given: away, or locked; `why` says so to whoever asks."""

    state: State
    why: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is to be planned. `seats`: usable in the zone; `terminals`: to lend, None: enough of them."""

    days: Sequence[date]
    members: Sequence[Member]
    fixed: Mapping[Cell, Fixed] = field(default_factory=dict)
    covers: Sequence[Cover] = ()
    duties: Sequence[Duty] = ()
    seats: int | None = None
    terminals: int | None = None
    wishes: Sequence[Wish] = ()
    published: Mapping[Cell, State] = field(default_factory=dict)

    def cells(self) -> Iterator[Cell]:
        for member in self.members:
            for day in self.days:
                for half in HALVES:
                    yield Cell(member.id, day, half)

    def is_away(self, cell: Cell) -> bool:
        return cell in self.fixed and self.fixed[cell].state is State.AWAY

    @property
    def units(self) -> dict[str, list[str]]:
        """The members of each 係."""
        found: dict[str, list[str]] = defaultdict(list)
        for member in self.members:
            if member.unit:
                found[member.unit].append(member.id)
        return dict(found)

    @property
    def weeks(self) -> dict[tuple[int, int], list[date]]:
        """The days of each ISO week, in order."""
        found: dict[tuple[int, int], list[date]] = defaultdict(list)
        for day in self.days:
            found[day.isocalendar()[:2]].append(day)
        return dict(found)


Plan = Mapping[Cell, State]


class Rule(NamedTuple):
    """A must, as it is named to people: its kind, and whom or what it is about ("" where it is about all). `why`: of
    what is fixed, as it was given."""

    kind: str
    about: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Violation:
    """A must that a plan breaks, where, and by how much."""

    rule: Rule
    day: date | None = None
    half: str = ""
    found: int = 0
    allowed: int = 0


def limit_of(problem: Problem, rule: Rule) -> int | None:
    """The number of a rule, such as the cap or the least to be in; None for rules without one."""
    if rule.kind == "cover":
        return next(cover.least for cover in problem.covers if cover.name == rule.about)
    if rule.kind in {"week", "month", "year", "row"}:
        caps = next(member.caps for member in problem.members if member.id == rule.about)
        return {"week": caps.week, "month": caps.month, "year": caps.year, "row": caps.row}[rule.kind]
    return {"seats": problem.seats, "terminals": problem.terminals}.get(rule.kind)


def check(problem: Problem, plan: Plan) -> list[Violation]:
    """Every must that a plan breaks, in the order of the rules."""
    found: list[Violation] = []
    for cell in problem.cells():
        if cell not in plan:
            found.append(Violation(Rule("missing", cell.person), cell.day, cell.half))
        elif plan[cell] is State.AWAY and not problem.is_away(cell):
            found.append(Violation(Rule("away", cell.person), cell.day, cell.half))
    if found:
        return found
    for cell, fixed in problem.fixed.items():
        if plan[cell] is not fixed.state:
            found.append(Violation(Rule("fixed", cell.person, fixed.why), cell.day, cell.half))
    for member in problem.members:
        found += _of_member(problem, member, plan)
    for half_day, states in _by_half_day(problem, plan).items():
        found += _of_half_day(problem, half_day, states)
    return found


def _of_member(problem: Problem, member: Member, plan: Plan) -> Iterator[Violation]:
    home = {
        day: sum(plan[Cell(member.id, day, half)] is State.HOME for half in HALVES) for day in problem.days
    }
    total = sum(home.values())
    if not member.eligible and total:
        yield Violation(Rule("eligible", member.id), found=total)
    caps = member.caps
    for week, days in problem.weeks.items():
        settled = sum(count for day, count in member.around.items() if day.isocalendar()[:2] == week)
        count = sum(home[day] for day in days)
        if caps.week is not None and count > max(0, caps.week - settled):
            monday = date.fromisocalendar(*week, 1)
            yield Violation(Rule("week", member.id), monday, "", settled + count, caps.week)
    for kind, cap in (("month", caps.month), ("year", caps.year)):
        if cap is not None and total > cap:
            yield Violation(Rule(kind, member.id), found=total, allowed=cap)
    if caps.row is not None:
        run: list[date] = []
        for day, count in sorted({**member.around, **home}.items()):
            run = [*run, day] if count else []
            chosen = [one for one in run[-caps.row - 1 :] if one in home]
            if len(run) > caps.row and chosen:
                yield Violation(Rule("row", member.id), chosen[-1], "", len(run), caps.row)


def _by_half_day(problem: Problem, plan: Plan) -> dict[tuple[date, str], dict[str, State]]:
    found: dict[tuple[date, str], dict[str, State]] = {
        (day, half): {} for day in problem.days for half in HALVES
    }
    for cell in problem.cells():
        found[cell.day, cell.half][cell.person] = plan[cell]
    return found


def _of_half_day(
    problem: Problem, half_day: tuple[date, str], states: Mapping[str, State]
) -> Iterator[Violation]:
    day, half = half_day
    here = {person for person, state in states.items() if state is State.OFFICE}
    for cover in problem.covers:
        count = len(here & cover.people)
        if half in cover.halves() and count < cover.least:
            yield Violation(Rule("cover", cover.name), day, half, count, cover.least)
    for duty in problem.duties:
        if not here & {duty.main, duty.deputy}:
            yield Violation(Rule("duty", duty.name), day, half)
    for member in problem.members:
        if member.mentor and member.id in here and member.mentor not in here:
            yield Violation(Rule("mentor", member.id), day, half)
    if problem.seats is not None and len(here) > problem.seats:
        yield Violation(Rule("seats"), day, half, len(here), problem.seats)
    lent = sum(states[member.id] is State.HOME and not member.own_terminal for member in problem.members)
    if problem.terminals is not None and lent > problem.terminals:
        yield Violation(Rule("terminals"), day, half, lent, problem.terminals)


@dataclass(frozen=True, slots=True)
class Worth:
    """How far a plan meets the wishes, the most important first; less is better of each.

    `targets`: half-days off the targets. `care`, `wishes`: unmet. `unfair`: the spreads of granted ÷ available Mondays
    and Fridays over the fiscal year, added up, in ten-thousandths; a half is rounded down. `no_common_day`: units and
    weeks without a day on which all that are at work are in. `peak`: the most in the office. `changes`: cells other
    than published, but for those who are away by now.
    """

    targets: int
    care: int
    wishes: int
    unfair: int
    no_common_day: int
    peak: int
    changes: int


def worth(problem: Problem, plan: Plan) -> Worth:
    """Count a plan; shares no code with the search."""
    home: Counter[str] = Counter(cell.person for cell in problem.cells() if plan[cell] is State.HOME)
    unmet = [wish for wish in problem.wishes if plan[wish.cell] is not wish.state]
    crowd = Counter((cell.day, cell.half) for cell in problem.cells() if plan[cell] is State.OFFICE)
    return Worth(
        targets=sum(
            abs(home[member.id] - member.target) for member in problem.members if member.target is not None
        ),
        care=sum(wish.care for wish in unmet),
        wishes=sum(not wish.care for wish in unmet),
        unfair=ceil(
            SHARE * sum(_spread(problem, plan, weekday) for weekday in (MONDAY, FRIDAY)) - Fraction(1, 2)
        ),
        no_common_day=sum(
            not any(_all_in(plan, people, day) for day in days)
            for people in problem.units.values()
            for days in problem.weeks.values()
        ),
        peak=max(crowd.values(), default=0),
        changes=sum(
            plan[cell] is not state for cell, state in problem.published.items() if not problem.is_away(cell)
        ),
    )


def _all_in(plan: Plan, people: Iterable[str], day: date) -> bool:
    return all(plan[Cell(one, day, half)] is not State.HOME for one in people for half in HALVES)


def available(problem: Problem, member: Member, weekday: int) -> int:
    """The half-days of a weekday that could be at home, of the days planned."""
    return sum(
        day.weekday() == weekday and not problem.is_away(Cell(member.id, day, half))
        for day in problem.days
        for half in HALVES
    )


def _spread(problem: Problem, plan: Plan, weekday: int) -> Fraction:
    shares = []
    for member in problem.members:
        so_far = member.so_far(weekday)
        could = so_far.available + available(problem, member, weekday)
        if not member.eligible or not could:
            continue
        granted = so_far.granted + sum(
            day.weekday() == weekday and plan[Cell(member.id, day, half)] is State.HOME
            for day in problem.days
            for half in HALVES
        )
        shares.append(Fraction(granted, could))
    return max(shares) - min(shares) if shares else Fraction(0)
