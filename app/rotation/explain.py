"""Why there is no plan: an irreducible set of rules that cannot hold together, which of them, let go of, frees it, and
on which days they fail.

By elastic filtering (Chinneck, Feasibility and Infeasibility in Optimization, 2008, ch. 6): stretch the rules as little
as can be, make those that had to give way hard, again until nothing holds; then let go of one after the other.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from app.rotation.milp import INFINITY, Linear, Outcome, Status, Watcher, total
from app.rotation.rules import HALVES, Cell, Problem, Rule, limit_of
from app.rotation.search import Musts, Observer

NOTHING = Linear({})
STRETCHED = 0.5  # rules are whole numbers: what is stretched is so by 1, or by rounding


def rule_told(problem: Problem, rule: Rule) -> dict[str, Any]:
    """A rule as it is stored and shown: whom it is about by name, and its number."""
    about = next((member.name for member in problem.members if member.id == rule.about), rule.about)
    return {"kind": rule.kind, "about": about, "why": rule.why, "limit": limit_of(problem, rule)}


@dataclass(frozen=True, slots=True)
class Conflict:
    """`rules`: an irreducible set that cannot hold together: without any one of them the others can. `frees`: those of
    them whose letting go, alone, makes the whole plan possible. `days`: on which they fail, `is_each` of them alone, or
    only these together; none where the time did not suffice to tell."""

    rules: tuple[Rule, ...]
    frees: tuple[Rule, ...]
    days: tuple[date, ...] = ()
    is_each: bool = True

    def told(self, problem: Problem) -> dict[str, Any]:
        """As it is stored and shown: people by their names, and for each day how many of all are away, not why."""
        names = {member.id: member.name for member in problem.members}
        return {
            "rules": [{**rule_told(problem, rule), "frees": rule in self.frees} for rule in self.rules],
            "days": [
                {
                    "on": day.isoformat(),
                    **{half: sum(problem.is_away(Cell(one, day, half)) for one in names) for half in HALVES},
                }
                for day in self.days
            ],
            "is_each": self.is_each,
            "people": len(names),
        }


class _Poll(Watcher):
    """Asks an observer whether to go on, which also shows that somebody works."""

    def __init__(self, observer: Observer) -> None:
        self.is_over = observer.is_over  # type: ignore[method-assign]


class Elastic:
    """A problem whose rules can be held, let go of, or stretched at a cost; all questions together within `seconds`."""

    def __init__(self, problem: Problem, seconds: float, observer: Observer | None = None) -> None:
        self._musts = Musts(problem, elastic=True)
        self._seconds = seconds
        self.watcher = _Poll(observer or Observer())
        self.rules = list(self._musts.stretch)

    def can_hold(self, rules: Collection[Rule]) -> bool:
        """Whether a plan can hold these rules alone. Raises TimeoutError."""
        self._hold(rules)
        return self._ask(NOTHING).is_found

    def stretched(self, held: Collection[Rule]) -> list[Rule] | None:
        """Of the rules that are not held, those that give way when as little as can be is given; None: nothing holds.

        Raises TimeoutError.
        """
        self._hold(held)
        stretch = self._musts.stretch
        outcome = self._ask(Linear(total(column for rule, column in stretch.items() if rule not in held)))
        if not outcome.is_found:
            return None
        return [rule for rule, column in stretch.items() if outcome.values[column] > STRETCHED]

    @property
    def left(self) -> float:
        """What is left of the time, in seconds."""
        return self._seconds - self._musts.milp.seconds

    def _ask(self, goal: Linear) -> Outcome:
        left = self.left
        outcome = self._musts.milp.minimize(goal, seconds=left, watcher=self.watcher)
        if outcome.status is Status.UNKNOWN or left <= 0:
            raise TimeoutError
        return outcome

    def _hold(self, rules: Collection[Rule]) -> None:
        stretch = self._musts.stretch
        high = [0.0 if rule in rules else INFINITY for rule in stretch]
        self._musts.milp.bound(list(stretch.values()), [0.0] * len(high), high)


def explain(problem: Problem, *, seconds: float = 60.0, observer: Observer | None = None) -> Conflict | None:
    """The conflict of a problem without a plan; None where there is a plan, or the time did not suffice to tell, or the
    observer ended it."""
    elastic = Elastic(problem, seconds, observer)
    try:
        conflict = _conflict(elastic)
    except TimeoutError:
        return None
    return conflict and _dated(conflict, problem, elastic)


def _dated(conflict: Conflict, problem: Problem, elastic: Elastic) -> Conflict:
    """With the days on which its rules fail: all that do so alone, else few that do so together."""
    few = Days(problem, conflict.rules, elastic)
    try:
        each = [day for day in problem.days if not few.can_hold([day])]
        if each:
            return replace(conflict, days=tuple(each))
        together = list(problem.days)
        for day in problem.days:
            rest = [one for one in together if one != day]
            if not few.can_hold(rest):
                together = rest
    except TimeoutError:
        return conflict
    return replace(conflict, days=tuple(together), is_each=False)


class Days:
    """Some rules of a problem, asked about on some of its days, within what is left of the time of an `Elastic`."""

    def __init__(self, problem: Problem, rules: Collection[Rule], elastic: Elastic) -> None:
        self._problem, self._watcher = problem, elastic.watcher
        self._others = set(elastic.rules) - set(rules)
        self._left = elastic.left

    def can_hold(self, days: Sequence[date]) -> bool:
        """Whether a plan of these days alone can hold the rules. Raises TimeoutError."""
        musts = Musts(only(self._problem, days), without=self._others)
        musts.milp.column()  # HiGHS says nothing of a programme without any, as where everybody is away
        outcome = musts.milp.minimize(NOTHING, seconds=self._left, watcher=self._watcher)
        self._left -= musts.milp.seconds
        if outcome.status is Status.UNKNOWN or self._left <= 0:
            raise TimeoutError
        return outcome.is_found


def only(problem: Problem, days: Sequence[date]) -> Problem:
    """A problem of some of its days; on the others nobody is at home, so that rules over several days ask no more."""
    chosen = set(days)
    at_work = dict.fromkeys(set(problem.days) - chosen, 0)
    return replace(
        problem,
        days=days,
        members=[replace(one, around={**one.around, **at_work}) for one in problem.members],
        fixed={cell: fixed for cell, fixed in problem.fixed.items() if cell.day in chosen},
        wishes=(),
        published={},
    )


def _conflict(elastic: Elastic) -> Conflict | None:
    held: list[Rule] = []
    while gave := elastic.stretched(held):
        held += gave
    if gave is not None:
        return None  # whatever is held, the others need not give way: there is a plan
    for rule in list(held):
        rest = [one for one in held if one != rule]
        if not elastic.can_hold(rest):
            held = rest
    every = elastic.rules
    frees = tuple(rule for rule in sorted(held) if elastic.can_hold([one for one in every if one != rule]))
    return Conflict(tuple(sorted(held)), frees)
