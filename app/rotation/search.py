"""The search for a plan by HiGHS: one level of the wishes after the other, each held while the next is searched."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from time import monotonic

from app.rotation.milp import INFINITY, Limits, Linear, Milp, Status, Terms, Watcher, total
from app.rotation.rules import (
    HALVES,
    SHARE,
    Cell,
    Member,
    Problem,
    Rule,
    State,
    available,
    sharers,
    uncalled,
    worth,
)

EACH_HALF = dict.fromkeys(HALVES, 1)


class Musts:
    """The columns (a cell is at home, or in the office) and every must as rows, each known by its rule.

    `elastic`: rules can be stretched, each by a column of its own that is 0 unless `explain` sets it free. Rules in
    `without` are left out.
    """

    def __init__(
        self, problem: Problem, *, elastic: bool = False, without: Collection[Rule] = (), seed: int = 1
    ) -> None:
        self.problem, self.without, self.milp = problem, frozenset(without), Milp(seed=seed)
        self.home = {cell: self.milp.column() for cell in problem.cells() if not problem.is_away(cell)}
        self.stretch: dict[Rule, int] = {}
        self._is_elastic = elastic
        self._fixed()
        for member in problem.members:
            self._member(member)
        for day in problem.days:
            for half in HALVES:
                if (day, half) not in problem.begun:
                    self._half_day(day, half, self.at_work(day, half))

    def at_home(self, person: str, days: Iterable[date]) -> list[int]:
        """The columns of a person's cells on these days that can be at home."""
        return [self.home[cell] for cell in self._cells(person, days)]

    def _cells(self, person: str, days: Iterable[date]) -> Iterator[Cell]:
        cells = (Cell(person, day, half) for day in days for half in HALVES)
        return filter(self.home.__contains__, cells)

    def at_work(self, day: date, half: str) -> dict[str, int]:
        """By person who works then: the column of being at home."""
        return {
            one.id: self.home[cell]
            for one in self.problem.members
            if (cell := Cell(one.id, day, half)) in self.home
        }

    def _must(self, rule: Rule, terms: Terms, most: float) -> None:
        """terms ≤ most, or more by what the rule is stretched."""
        if rule in self.without:
            return
        if self._is_elastic:
            if rule not in self.stretch:
                self.stretch[rule] = self.milp.column(high=0, whole=False)
            terms = {**terms, self.stretch[rule]: -1.0}
        self.milp.row(terms, high=most)

    def _fixed(self) -> None:
        for cell, fixed in self.problem.fixed.items():
            rule = Rule("fixed", cell.person, fixed.why)
            if fixed.state is State.HOME:
                self._must(rule, {self.home[cell]: -1.0}, -1)
            elif fixed.state is State.OFFICE:
                self._must(rule, {self.home[cell]: 1.0}, 0)

    def _member(self, member: Member) -> None:
        days, caps = self.problem.days, member.caps
        barred = [day for day in days if day in member.barred or not member.eligible]
        if barred:
            approved = self._approved(member.id, barred)
            chosen = [home for home in self.at_home(member.id, barred) if home not in approved]
            self._must(Rule("eligible", member.id), total(chosen), 0)
        if member.whole_days:
            self._whole_days(member)
        if caps.week is not None:
            for week in self.problem.weeks.values():
                monday = week[0] - timedelta(days=week[0].weekday())
                settled = sum(member.around.get(monday + timedelta(days=offset), 0) for offset in range(7))
                self._at_most(Rule("week", member.id), week, caps.week - settled)
        for kind, cap in (("month", caps.month), ("year", caps.year)):
            if cap is not None:
                self._at_most(Rule(kind, member.id), days, cap)
        for quota in member.quotas:
            within = [day for day in days if quota.covers(day)]
            if within:
                self._at_most(Rule(quota.kind, member.id), within, quota.left, quota.weights)
        if caps.row is not None:
            self._row(member, caps.row)

    def _at_most(
        self, rule: Rule, days: Sequence[date], most: int, weights: Mapping[str, int] = EACH_HALF
    ) -> None:
        """Whom the rule is about has so many half-days at home of these days; or those approved, if they are more, and
        then no other. `weights`: what each half counts."""
        home = {self.home[cell]: weights[cell.half] for cell in self._cells(rule.about, days)}
        approved = sum(home[column] for column in self._approved(rule.about, days))
        self._must(rule, home, max(most, approved))

    def _approved(self, person: str, days: Iterable[date]) -> list[int]:
        """Of the columns of `at_home` those that stay whatever the rules of telework, since they are approved."""
        return [self.home[cell] for cell in self._cells(person, days) if self.problem.is_approved(cell)]

    def _whole_days(self, member: Member) -> None:
        """Both halves of a day are at home, or neither; but where one is so already."""
        rule = Rule("unit", member.id)
        for day in self.problem.days:
            if self._approved(member.id, [day]):
                continue
            cells = self.at_home(member.id, [day])
            if len(cells) == len(HALVES):
                self._must(rule, {cells[0]: 1.0, cells[1]: -1.0}, 0)
                self._must(rule, {cells[0]: -1.0, cells[1]: 1.0}, 0)
            else:
                self._must(rule, total(cells), 0)

    def _row(self, member: Member, most: int) -> None:
        """Days in a row, on which all halves at work are at home, and none is off: of one more than may be, one is not
        so."""
        some: dict[date, int] = {}
        for day in self.problem.days:
            is_off = any(self.problem.is_off(Cell(member.id, day, half)) for half in HALVES)
            cells = [] if is_off else self.at_home(member.id, [day])
            some[day] = self.milp.column(high=1.0 if cells else 0.0, whole=False)
            if cells:
                self.milp.row({**total(cells), some[day]: -1.0}, high=len(cells) - 1)
        is_open = {day for day in some if not self.problem.is_settled(member.id, day)}
        days = sorted([*member.around, *some])
        for first in range(len(days) - most):
            window = days[first : first + most + 1]
            chosen = [some[day] for day in window if day in some]
            if not is_open.isdisjoint(window):
                settled = sum(member.around[day] == len(HALVES) for day in window if day not in some)
                self._must(Rule("row", member.id), total(chosen), most - settled)

    def _half_day(self, day: date, half: str, at_work: Mapping[str, int]) -> None:
        problem = self.problem
        for cover in problem.covers:
            if half in cover.halves():
                theirs = [home for person, home in at_work.items() if person in cover.people_of(day)]
                self._must(Rule("cover", cover.name), total(theirs), len(theirs) - cover.least)
        for duty in problem.duties:
            both = [at_work[one] for one in dict.fromkeys((duty.main, duty.deputy)) if one in at_work]
            self._must(Rule("duty", duty.name), total(both), len(both) - 1)
        for member in problem.members:
            if member.mentor and member.id in at_work:
                # The newcomer is at home where the mentor is; a mentor who is away is not in either.
                rule, own = Rule("mentor", member.id), {at_work[member.id]: -1.0}
                if member.mentor in at_work:
                    self._must(rule, {at_work[member.mentor]: 1.0, **own}, 0)
                else:
                    self._must(rule, own, -1)
        seats = problem.seats_of(day, half)
        if seats is not None:
            self._must(Rule("seats"), total(at_work.values(), -1.0), seats - len(at_work))
        lent = {
            one.id: at_work[one.id]
            for one in problem.members
            if one.id in at_work and problem.is_lent(one, day, half)
        }
        approved = {person for person in lent if problem.is_approved(Cell(person, day, half))}
        if problem.terminals is not None:
            self._must(Rule("terminals"), total(lent.values()), max(problem.terminals, len(approved)))
        for pool in problem.pools:
            people = pool.people_of(day)
            theirs = [home for person, home in lent.items() if person in people]
            most = max(pool.most_of(day, half), len(approved & people))
            self._must(Rule("terminals", pool.name), total(theirs), most)


@dataclass(frozen=True, slots=True)
class Found:
    """A plan, and for each level of the wishes what it came to and the bound that was proven, the levels above held."""

    plan: dict[Cell, State]
    levels: dict[str, tuple[int, int]]


class Observer:
    """Hears how a search goes, and may end it with what was found. This one does neither."""

    def better(self, level: str, best: int, bound: int, plan: Callable[[], dict[Cell, State]]) -> None:
        """A better plan for a level of the wishes; `plan` gives it."""

    def is_over(self) -> bool:
        """Whether to stop; asked often."""
        return False


def search(
    problem: Problem,
    limits: Limits,
    observer: Observer | None = None,
    without: Collection[Rule] = (),
    clock: Callable[[], float] = monotonic,
) -> Found | Status:
    """The best plan found within the limits; else IMPOSSIBLE, where there is none (see `explain`), or UNKNOWN. `clock`:
    its seconds are those of the limits; what puts the rows together takes some of them."""
    ends_at = clock() + limits.seconds
    observer = observer or Observer()
    musts = Musts(problem, without=without, seed=limits.seed)
    found: Found | None = None
    values: Sequence[float] = ()
    levels = list(_levels(musts))
    for number, (name, build) in enumerate(levels):
        goal = build()
        # What is left is shared by this level and those after it; one that is proven sooner leaves its share to them.
        share = (ends_at - clock()) / (len(levels) - number)
        outcome = musts.milp.minimize(
            goal,
            seconds=None if limits.work is not None else share,
            nodes=limits.work,
            start={column: float(round(values[column])) for column in musts.home.values()}
            if values
            else None,
            watcher=_Watch(musts, name, observer),
        )
        if not outcome.is_found:
            return _counted(problem, found) if found else outcome.status
        values = outcome.values
        reached = {**(found.levels if found else {}), name: (outcome.best, max(0, outcome.bound))}
        found = Found(plan_of(musts, values), reached)
        if observer.is_over():
            break
        musts.milp.at_most(goal, outcome.best)
    assert found is not None  # noqa: S101 - there is always the level of the peak
    return _counted(problem, found)


def _counted(problem: Problem, found: Found) -> Found:
    """With what each level comes to at last: a level that was not proven may have become better by those after it."""
    counted = asdict(worth(problem, found.plan))
    levels = {name: (min(best, counted[name]), bound) for name, (best, bound) in found.levels.items()}
    return Found(found.plan, levels)


@dataclass(slots=True)
class _Watch(Watcher):
    musts: Musts
    level: str
    observer: Observer

    def better(self, values: Sequence[float], best: int, bound: int) -> None:
        # All that is counted is counted from nothing on: a bound below says only that none is known yet.
        self.observer.better(self.level, best, max(0, bound), lambda: plan_of(self.musts, values))

    def is_over(self) -> bool:
        return self.observer.is_over()


def plan_of(musts: Musts, values: Sequence[float]) -> dict[Cell, State]:
    """The plan that the columns' values say."""
    plan = dict.fromkeys(musts.problem.cells(), State.AWAY)
    for cell, home in musts.home.items():
        plan[cell] = State.HOME if values[home] > 0.5 else State.OFFICE
    return plan


Build = Callable[[], Linear]


def _levels(musts: Musts) -> Iterator[tuple[str, Build]]:
    """What is to be least, the most important first; only what the problem knows of. Columns of a level come when its
    turn comes: those before it are solved without them."""
    problem = musts.problem
    if any(member.goals(problem.days) for member in problem.members):
        yield "targets", lambda: _off_targets(musts)
    for name, care in (("care", True), ("wishes", False)):
        wanted = [
            (wish.cell, wish.state)
            for wish in problem.wishes
            if wish.care is care and wish.cell in musts.home
        ]
        if wanted:
            yield name, lambda wanted=wanted: _other_than(musts, wanted)  # type: ignore[misc]
    without = [(cell, State.OFFICE) for cell in uncalled(problem)]
    if without:
        yield "uncalled", lambda: _other_than(musts, without)
    yield "unfair", lambda: _spreads(musts)
    if problem.units:
        yield "no_common_day", lambda: _no_common_day(musts)
    yield "peak", lambda: peak(musts)
    published = [(cell, state) for cell, state in problem.published.items() if cell in musts.home]
    if published:
        yield "changes", lambda: _other_than(musts, published)


def _other_than(musts: Musts, wanted: Collection[tuple[Cell, State]]) -> Linear:
    """How many cells are not as wanted."""
    terms: dict[int, float] = {}
    for cell, state in wanted:
        column = musts.home[cell]
        terms[column] = terms.get(column, 0.0) + (-1.0 if state is State.HOME else 1.0)
    return Linear(terms, sum(state is State.HOME for _cell, state in wanted))


def _off_targets(musts: Musts) -> Linear:
    offs = []
    for member in musts.problem.members:
        for days, wanted in member.goals(musts.problem.days):
            offs.append(musts.milp.column(high=INFINITY, whole=False))
            home = musts.at_home(member.id, days)
            musts.milp.row({**total(home), offs[-1]: -1.0}, high=wanted)
            musts.milp.row({**total(home), offs[-1]: 1.0}, low=wanted)
    return Linear(total(offs))


def _spreads(musts: Musts) -> Linear:
    """The widest difference of granted ÷ available, of Mondays and of Fridays of each fiscal year, together: the least
    whole number that is not more than a half below it."""
    together: dict[int, float] = {}
    for days, granted in musts.problem.shared():
        most, least = (musts.milp.column(high=INFINITY, whole=False) for _ in "12")
        for member in sharers(musts.problem):
            so_far = granted[member.id]
            could = so_far.available + available(musts.problem, member, days)
            if could:
                together |= {most: 1.0, least: -1.0}
                before = SHARE * so_far.granted / could
                home = total(musts.at_home(member.id, days), SHARE / could)
                musts.milp.row({**home, most: -1.0}, high=-before)
                musts.milp.row({**home, least: -1.0}, low=-before)
    spread = musts.milp.column(high=INFINITY)
    musts.milp.row({**together, spread: -1.0}, high=0.5)
    return Linear({spread: 1.0})


def _no_common_day(musts: Musts) -> Linear:
    """The units and weeks without a day on which nobody of the unit is at home."""
    apart = []
    for people_on in musts.problem.units.values():
        for week in musts.problem.weeks.values():
            commons = {day: musts.milp.column() for day in week if day in people_on}
            if not commons:
                continue
            for day, common in commons.items():
                for person in people_on[day]:
                    for home in musts.at_home(person, [day]):
                        musts.milp.row({common: 1.0, home: 1.0}, high=1)
            apart.append(musts.milp.column())
            musts.milp.row(total([apart[-1], *commons.values()]), low=1)
    return Linear(total(apart))


def peak(musts: Musts) -> Linear:
    """The most who are in the office in any half-day."""
    most = musts.milp.column(high=len(musts.problem.members), whole=False)
    for day in musts.problem.days:
        for half in HALVES:
            at_work = list(musts.at_work(day, half).values())
            musts.milp.row({**total(at_work), most: 1.0}, low=len(at_work))
    return Linear({most: 1.0})
