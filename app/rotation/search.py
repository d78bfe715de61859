"""The search for a plan: CP-SAT, one level of the wishes after the other, each held while the next is searched."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field

from ortools.sat.python import cp_model

from app.rotation.rules import FRIDAY, HALVES, MONDAY, Cell, Member, Problem, Rule, State, available

WORKERS = 2
Expression = cp_model.LinearExprT


@dataclass(frozen=True, slots=True)
class Limits:
    """How long to search. `work`: CP-SAT's deterministic work instead of seconds: the same input and seed give the same
    plan on every machine."""

    seconds: float = 60.0
    work: float | None = None
    seed: int = 1


@dataclass(slots=True)
class Musts:
    """The variables (a cell is at home, or in the office) and every must, each under a literal of its rule where one is
    given, so that it can be let go of. Rules in `without` are left out."""

    problem: Problem
    without: Collection[Rule] = ()
    guarded: bool = False
    model: cp_model.CpModel = field(default_factory=cp_model.CpModel)
    home: dict[Cell, cp_model.IntVar] = field(default_factory=dict)
    guards: dict[Rule, cp_model.IntVar] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for cell in self.problem.cells():
            if not self.problem.is_away(cell):
                self.home[cell] = self.model.new_bool_var(f"{cell.person} {cell.day} {cell.half}")
        self._fixed()
        for member in self.problem.members:
            self._member(member)
        self._half_days()

    def at_home(self, person: str, *days: object) -> list[cp_model.IntVar]:
        """The cells of a person on these days that can be at home."""
        return [
            self.home[cell]
            for day in days
            for half in HALVES
            if (cell := Cell(person, day, half)) in self.home  # type: ignore[arg-type]
        ]

    def _must(self, rule: Rule, *bounds: cp_model.BoundedLinearExpression | bool) -> None:
        if rule in self.without:
            return
        for bound in bounds:
            # What no variable takes part in is true or false by itself.
            made = self.model.add(bound) if not isinstance(bound, bool) else self.model.add_bool_or([bound])
            if self.guarded:
                if rule not in self.guards:
                    self.guards[rule] = self.model.new_bool_var(f"{rule.kind} {rule.about}")
                made.only_enforce_if(self.guards[rule])

    def _fixed(self) -> None:
        for cell, fixed in self.problem.fixed.items():
            if fixed.state is not State.AWAY:
                self._must(Rule("fixed", cell.person), self.home[cell] == int(fixed.state is State.HOME))

    def _member(self, member: Member) -> None:
        days, caps = self.problem.days, member.caps
        all_home = self.at_home(member.id, *days)
        if not member.eligible:
            self._must(Rule("eligible", member.id), sum(all_home) == 0)
        if caps.week is not None:
            weeks = [self.at_home(member.id, *week) for week in self.problem.weeks.values()]
            self._must(
                Rule("week", member.id), *(sum(week) <= caps.week for week in weeks if len(week) > caps.week)
            )
        for kind, cap in (("month", caps.month), ("year", caps.year)):
            if cap is not None:
                self._must(Rule(kind, member.id), sum(all_home) <= cap)
        if caps.row is not None and len(days) > caps.row:
            some = []
            for day in days:
                any_home = self.model.new_bool_var(f"{member.id} {day} home")
                for cell in self.at_home(member.id, day):
                    self.model.add_implication(cell, any_home)
                some.append(any_home)
            windows = (some[first : first + caps.row + 1] for first in range(len(days) - caps.row))
            self._must(Rule("row", member.id), *(sum(window) <= caps.row for window in windows))

    def _half_days(self) -> None:
        for day in self.problem.days:
            for half in HALVES:
                self._half_day(
                    half,
                    {
                        one.id: self.home[cell]
                        for one in self.problem.members
                        if (cell := Cell(one.id, day, half)) in self.home
                    },
                )

    def _half_day(self, half: str, at_work: Mapping[str, cp_model.IntVar]) -> None:
        """The musts of a half-day; `at_work`: whether each who works then is at home."""
        problem = self.problem
        for cover in problem.covers:
            if half in cover.halves():
                theirs = [home for person, home in at_work.items() if person in cover.people]
                self._must(Rule("cover", cover.name), len(theirs) - sum(theirs) >= cover.least)
        for duty in problem.duties:
            both = [at_work[one] for one in (duty.main, duty.deputy) if one in at_work]
            if both:
                self._must(Rule("duty", duty.name), sum(both) <= len(both) - 1)
        for member in problem.members:
            if member.mentor in at_work and member.id in at_work:
                self._must(Rule("mentor", member.id), at_work[member.mentor] <= at_work[member.id])
        if problem.seats is not None:
            self._must(Rule("seats"), len(at_work) - sum(at_work.values()) <= problem.seats)
        if problem.terminals is not None:
            lent = [at_work[one.id] for one in problem.members if one.id in at_work and not one.own_terminal]
            self._must(Rule("terminals"), sum(lent) <= problem.terminals)


Tell = Callable[[str, int, int], bool]  # level, best so far, its bound → whether to go on


@dataclass(frozen=True, slots=True)
class Found:
    """A plan, and for each level of the wishes what it came to and the bound that was proven, the levels above held."""

    plan: dict[Cell, State]
    levels: dict[str, tuple[int, int]]


def search(
    problem: Problem, limits: Limits, tell: Tell = lambda *_: True, without: Collection[Rule] = ()
) -> Found | None:
    """The best plan found within the limits; None where there is none (see `explain`).

    `tell` hears of each better plan of a level and ends the search by False; what was found stands.
    """
    musts = Musts(problem, without)
    spent = 0.0
    found: Found | None = None
    levels = list(_levels(musts))
    for number, (name, goal) in enumerate(levels):
        musts.model.minimize(goal)
        solver = cp_model.CpSolver()
        solver.parameters.random_seed = limits.seed
        solver.parameters.num_workers = WORKERS
        share = 1 / (len(levels) - number)  # what one level leaves the others have too
        if limits.work is not None:
            solver.parameters.interleave_search = True  # else two workers race, and no two runs are alike
            solver.parameters.max_deterministic_time = (limits.work - spent) * share
        else:
            solver.parameters.max_time_in_seconds = (limits.seconds - spent) * share
        watch = _Watch(name, tell)
        status = solver.solve(musts.model, watch)
        spent += solver.deterministic_time if limits.work is not None else solver.wall_time
        if status not in {cp_model.OPTIMAL, cp_model.FEASIBLE}:
            return found
        best, bound = round(solver.objective_value), round(solver.best_objective_bound)
        reached = {**(found.levels if found else {}), name: (best, bound)}
        found = Found(_plan(musts, solver), reached)
        if watch.is_over:
            return found
        musts.model.add(goal <= best)
        musts.model.clear_hints()
        for variable in musts.home.values():
            musts.model.add_hint(variable, solver.value(variable))
    return found


class _Watch(cp_model.CpSolverSolutionCallback):
    def __init__(self, name: str, tell: Tell) -> None:
        super().__init__()
        self._name, self._tell, self.is_over = name, tell, False

    def on_solution_callback(self) -> None:
        if not self._tell(self._name, round(self.objective_value), round(self.best_objective_bound)):
            self.is_over = True
            self.stop_search()


def _plan(musts: Musts, solver: cp_model.CpSolver) -> dict[Cell, State]:
    plan = dict.fromkeys(musts.problem.cells(), State.AWAY)
    for cell, home in musts.home.items():
        plan[cell] = State.HOME if solver.value(home) else State.OFFICE
    return plan


def _levels(musts: Musts) -> Iterator[tuple[str, Expression]]:
    """What is to be least, the most important first; only what the problem knows of."""
    problem = musts.problem
    if any(member.target is not None for member in problem.members):
        yield "targets", sum(_off_targets(musts))
    for name, care in (("care", True), ("wishes", False)):
        wanted = [wish for wish in problem.wishes if wish.care is care and wish.cell in musts.home]
        if wanted:
            yield (
                name,
                sum(
                    1 - musts.home[wish.cell] if wish.state is State.HOME else musts.home[wish.cell]
                    for wish in wanted
                ),
            )
    yield "unfair", sum(_spread(musts, weekday) for weekday in (MONDAY, FRIDAY))
    common = list(_no_common_day(musts))
    if common:
        yield "no_common_day", sum(common)
    yield "peak", _peak(musts)
    published = [(cell, state) for cell, state in problem.published.items() if cell in musts.home]
    if published:
        yield (
            "changes",
            sum(
                musts.home[cell] if state is State.OFFICE else 1 - musts.home[cell]
                for cell, state in published
            ),
        )


def _off_targets(musts: Musts) -> Iterator[cp_model.IntVar]:
    for member in musts.problem.members:
        if member.target is None:
            continue
        most = 2 * len(musts.problem.days) + member.target
        off = musts.model.new_int_var(0, most, f"{member.id} off target")
        total = sum(musts.at_home(member.id, *musts.problem.days))
        musts.model.add(off >= total - member.target)
        musts.model.add(off >= member.target - total)
        yield off


def _spread(musts: Musts, weekday: int) -> Expression:
    problem, model = musts.problem, musts.model
    days = [day for day in problem.days if day.weekday() == weekday]
    shares = []
    for member in problem.members:
        so_far = member.so_far(weekday)
        could = so_far.available + available(problem, member, weekday)
        if member.eligible and could:
            shares.append((1000 // could) * (so_far.granted + sum(musts.at_home(member.id, *days))))
    if not shares:
        return 0
    most, least = (model.new_int_var(0, 1_000_000, f"{name} share {weekday}") for name in ("most", "least"))
    for share in shares:
        model.add(most >= share)
        model.add(least <= share)
    return most - least


def _no_common_day(musts: Musts) -> Iterator[cp_model.IntVar]:
    model = musts.model
    for unit, people in musts.problem.units.items():
        for week, days in musts.problem.weeks.items():
            none = model.new_bool_var(f"{unit} {week} apart")
            commons = []
            for day in days:
                common = model.new_bool_var(f"{unit} {day} common")
                for person in people:
                    for cell in musts.at_home(person, day):
                        model.add_implication(common, ~cell)
                commons.append(common)
            model.add_bool_or([none, *commons])
            yield none


def _peak(musts: Musts) -> cp_model.IntVar:
    problem = musts.problem
    peak = musts.model.new_int_var(0, len(problem.members), "peak")
    for day in problem.days:
        for half in HALVES:
            at_work = [
                musts.home[cell] for one in problem.members if (cell := Cell(one.id, day, half)) in musts.home
            ]
            musts.model.add(peak >= len(at_work) - sum(at_work))
    return peak
