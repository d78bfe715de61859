"""What the office allows of telework: units, caps, who may, by when; pure.

Telework is what is planned at home or in a satellite office, on working days; requested and approved plans count alike.
Amounts are half-days where the unit is days or half-days, else minutes of office hours. A part of a half-day counts as
the half-day where it is half of it or more, else as nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import cache
from zoneinfo import ZoneInfo

from app.people.rules import Employment
from app.telework.rules import REMOTE, Half, PlanKind
from app.working_days import WorkingDays

FIRST_MONTH = 4  # 年度: April to March
HOUR = 60


class Unit(StrEnum):
    """In what telework is asked for."""

    DAY = "day"
    HALF_DAY = "half_day"
    HOUR = "hour"
    MINUTE = "minute"


class OverCap(StrEnum):
    """What becomes of a request beyond a cap, or past its deadline: refused, or shown to the chief, who decides."""

    REFUSE = "refuse"
    ASK = "ask"


class Limit(StrEnum):
    """What a rule limits; its value is what refusals call `rule`."""

    WEEK = "week"
    MONTH = "month"
    FISCAL_YEAR = "fiscal_year"
    IN_A_ROW = "in_a_row"
    TERMINALS = "terminals"
    DEADLINE = "deadline"
    UNIT = "unit"
    ELIGIBLE = "eligible"


# What no chief may allow: the request is not what the rule is about at all.
NEVER_ASKED = frozenset({Limit.UNIT, Limit.ELIGIBLE})
PERIODS = (Limit.WEEK, Limit.MONTH, Limit.FISCAL_YEAR)


class Measure(StrEnum):
    """What a number counts."""

    HALF_DAYS = "half_days"
    MINUTES = "minutes"
    DAYS = "days"
    PEOPLE = "people"
    NOTHING = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule with its dates of effect (both included); None stands for no limit, or for everybody.

    `section_id`: for this section and those below it. `week`, `month`, `fiscal_year`: in the unit's measure.
    `in_a_row`: working days. `terminals`: how many can be lent to those at home. `deadline_days` working days before,
    at `deadline_at` of the office's clock, is the last instant to ask.
    """

    id: int
    from_on: date
    until_on: date | None = None
    section_id: int | None = None
    employment: Employment | None = None
    unit: Unit = Unit.HALF_DAY
    week: int | None = None
    month: int | None = None
    fiscal_year: int | None = None
    in_a_row: int | None = None
    eligible: bool = True
    terminals: int | None = None
    deadline_days: int | None = None
    deadline_at: time = time(17, 15)
    over_cap: OverCap = OverCap.REFUSE

    @property
    def measure(self) -> Measure:
        return Measure.HALF_DAYS if self.unit in {Unit.DAY, Unit.HALF_DAY} else Measure.MINUTES

    def cap(self, limit: Limit) -> int | None:
        """The cap of a period."""
        return {Limit.WEEK: self.week, Limit.MONTH: self.month, Limit.FISCAL_YEAR: self.fiscal_year}[limit]

    def holds(self, on: date) -> bool:
        return self.from_on <= on and (self.until_on is None or on <= self.until_on)


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """A half-day that a person has planned. `minutes` of the `whole` that the half-day has."""

    on: date
    half: Half
    kind: PlanKind
    minutes: int
    whole: int

    @property
    def is_remote(self) -> bool:
        return self.kind in REMOTE

    @property
    def is_whole(self) -> bool:
        return self.minutes >= self.whole

    @property
    def fills(self) -> bool:
        """Whether it counts as the half-day."""
        return fills(self.minutes, self.whole)

    def amount(self, measure: Measure) -> int:
        return self.minutes if measure is Measure.MINUTES else int(self.fills)


def fills(minutes: int, whole: int) -> bool:
    """Whether so many minutes count as the half-day: half of it or more."""
    return 2 * minutes >= whole


@dataclass(frozen=True, slots=True, order=True)
class Breach:
    """That `value` is more than the `cap` which a rule sets, in the days from `first` to `last`.

    `measure`: of both numbers; of a unit its name. `due_at`: of a deadline, when the request was due. `judged`: of a
    period's cap, the days with telework on which that rule is in effect; no other day's plan breaks it.
    """

    limit: Limit
    first: date
    last: date
    value: int
    cap: int
    measure: str
    over_cap: OverCap
    due_at: datetime | None = None
    judged: frozenset[date] = field(default=frozenset(), compare=False)

    def concerns(self, on: date) -> bool:
        """Whether a plan of a day makes it or makes it worse."""
        return on in self.judged if self.judged else self.first <= on <= self.last

    @property
    def is_refused(self) -> bool:
        """Whether the request is refused, instead of shown to the chief with it."""
        return self.limit in NEVER_ASKED or self.over_cap is OverCap.REFUSE


RuleOn = Callable[[date], Rule | None]


def rule_for(
    rules: Iterable[Rule], sections: Mapping[int, int], employment: Employment, on: date
) -> Rule | None:
    """The rule that holds for a person on a day.

    `sections`: those they belong to and all above them, each with its distance. The nearest section's rule goes
    before the whole office's, a kind of employment's before everybody's, then the one that began last.
    """

    def order(rule: Rule) -> tuple[bool, int, bool, date, int]:
        distance = 0 if rule.section_id is None else sections[rule.section_id]
        return rule.section_id is not None, -distance, rule.employment is not None, rule.from_on, rule.id

    held = [
        rule
        for rule in rules
        if rule.holds(on)
        and (rule.section_id is None or rule.section_id in sections)
        and rule.employment in {None, employment}
    ]
    return max(held, key=order, default=None)


def period(limit: Limit, on: date) -> tuple[date, date]:
    """The week from Monday to Sunday, the month, or the fiscal year that a day lies in: its first and last day."""
    if limit is Limit.WEEK:
        monday = on - timedelta(days=on.weekday())
        return monday, monday + timedelta(days=6)
    if limit is Limit.MONTH:
        after = (on.replace(day=1) + timedelta(days=32)).replace(day=1)
        return on.replace(day=1), after - timedelta(days=1)
    began = on.year if on.month >= FIRST_MONTH else on.year - 1
    return date(began, FIRST_MONTH, 1), date(began + 1, FIRST_MONTH, 1) - timedelta(days=1)


def used(cells: Iterable[Cell], measure: Measure, span: tuple[date, date], calendar: WorkingDays) -> int:
    """How much telework a person has planned from a day to another, both included."""
    first, last = span
    return sum(
        cell.amount(measure)
        for cell in cells
        if cell.is_remote and first <= cell.on <= last and calendar.is_working(cell.on)
    )


def breaches(cells: Collection[Cell], rule_on: RuleOn, calendar: WorkingDays) -> list[Breach]:
    """What of one person's plans breaks the rules, in the order of limits and days.

    Each day is judged by the rule in effect on it; a period's cap counts the whole period, whatever rule held before.
    A row is of working days next to each other on which nobody planned an hour in the office: at home, in a satellite
    office, on a trip or on leave in both halves, some of it telework.
    """
    by_day: dict[date, list[Cell]] = defaultdict(list)
    for cell in cells:
        if cell.is_remote and calendar.is_working(cell.on):
            by_day[cell.on].append(cell)

    @cache
    def total(measure: Measure, first: date, last: date) -> int:
        return sum(
            cell.amount(measure) for on, theirs in by_day.items() if first <= on <= last for cell in theirs
        )

    found: set[Breach] = set()
    judged: dict[Breach, set[date]] = defaultdict(set)
    for on in sorted(by_day):
        rule = rule_on(on)
        if rule is not None:
            found.update(_of_day(by_day[on], on, rule))
            for breach in _of_periods(total, on, rule):
                judged[breach].add(on)
    found.update(replace(breach, judged=frozenset(on)) for breach, on in judged.items())
    for run in rows(cells, calendar):
        for rule in filter(None, map(rule_on, run)):
            if rule.in_a_row is not None and len(run) > rule.in_a_row:
                found.add(
                    Breach(
                        Limit.IN_A_ROW, run[0], run[-1], len(run), rule.in_a_row, Measure.DAYS, rule.over_cap
                    )
                )
    return sorted(found, key=lambda one: (list(Limit).index(one.limit), one.first, one.last, one.cap))


def _of_day(remote: Collection[Cell], on: date, rule: Rule) -> Iterator[Breach]:
    if not rule.eligible:
        yield Breach(Limit.ELIGIBLE, on, on, 1, 0, Measure.NOTHING, rule.over_cap)
    if not _fits(remote, rule.unit):
        yield Breach(Limit.UNIT, on, on, 1, 0, rule.unit, rule.over_cap)


def _fits(remote: Collection[Cell], unit: Unit) -> bool:
    """Whether a day's telework is asked for in a unit. A whole half-day is always so many hours."""
    match unit:
        case Unit.DAY:
            return len(remote) == len(Half) and all(cell.is_whole for cell in remote)
        case Unit.HALF_DAY:
            return all(cell.is_whole for cell in remote)
        case Unit.HOUR:
            return all(cell.is_whole or cell.minutes % HOUR == 0 for cell in remote)
        case Unit.MINUTE:
            return True


def _of_periods(total: Callable[[Measure, date, date], int], on: date, rule: Rule) -> Iterator[Breach]:
    for limit in PERIODS:
        cap, span = rule.cap(limit), period(limit, on)
        if cap is not None and (value := total(rule.measure, *span)) > cap:
            yield Breach(limit, *span, value, cap, rule.measure, rule.over_cap)


def days_out(cells: Iterable[Cell], calendar: WorkingDays) -> list[date]:
    """The working days with telework on which no half is left for the office, in order: what counts in a row."""
    remote: set[date] = set()
    away: dict[date, set[Half]] = defaultdict(set)
    for cell in cells:
        if cell.is_remote and calendar.is_working(cell.on):
            remote.add(cell.on)
        if cell.kind is not PlanKind.OFFICE and cell.fills:
            away[cell.on].add(cell.half)
    return sorted(on for on in remote if is_out(away[on]))


def is_out(away: Collection[Half]) -> bool:
    """Whether a day of which some is telework counts in a row: the halves planned `away` leave none for the office. One
    in which somebody never works, and has planned nothing, is left."""
    return all(half in away for half in Half)


def rows(cells: Iterable[Cell], calendar: WorkingDays) -> list[list[date]]:
    """The days in a row: `days_out`, cut where a working day lies between two of them."""
    found: list[list[date]] = []
    for on in days_out(cells, calendar):
        if found and calendar.last_before(on) == found[-1][-1]:
            found[-1].append(on)
        else:
            found.append([on])
    return found


def concerning(found: Iterable[Breach], days: Collection[date]) -> list[Breach]:
    """Those that plans of these days make or make worse, each day by its own rule."""
    return [one for one in found if any(map(one.concerns, days))]


def due_at(rule: Rule, on: date, calendar: WorkingDays, zone: ZoneInfo) -> datetime | None:
    """The last instant to ask for telework on a day; None: there is no deadline."""
    if rule.deadline_days is None:
        return None
    due = on
    for _ in range(rule.deadline_days):
        due = calendar.last_before(due)
    return datetime.combine(due, rule.deadline_at, zone)


def lateness(rule: Rule, on: date, now: datetime, calendar: WorkingDays, zone: ZoneInfo) -> Breach | None:
    """That a request which is made now is past its deadline."""
    due = due_at(rule, on, calendar, zone)
    if due is None or now <= due:
        return None
    return Breach(Limit.DEADLINE, on, on, 1, 0, Measure.NOTHING, rule.over_cap, due)


def shortage(rule: Rule, on: date, at_home: int) -> Breach | None:
    """That more people mean to be at home in a half-day than there are terminals to lend."""
    if rule.terminals is None or at_home <= rule.terminals:
        return None
    return Breach(Limit.TERMINALS, on, on, at_home, rule.terminals, Measure.PEOPLE, rule.over_cap)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a person stands with a cap in a period."""

    limit: Limit
    first: date
    last: date
    used: int
    cap: int
    measure: Measure

    @property
    def left(self) -> int:
        """What can still be asked for; 0 where the cap is reached or broken."""
        return max(0, self.cap - self.used)


def standings(cells: Collection[Cell], rule: Rule | None, on: date, calendar: WorkingDays) -> list[Standing]:
    """How a person stands with each cap of the rule in effect on a day, in the periods that it lies in: what is left
    of them all can be asked for on that day, whatever rule held on the others."""
    found = []
    for limit in PERIODS if rule is not None and rule.eligible else ():
        cap, span = rule.cap(limit) if rule else None, period(limit, on)
        if rule is not None and cap is not None:
            found.append(Standing(limit, *span, used(cells, rule.measure, span, calendar), cap, rule.measure))
    return found
