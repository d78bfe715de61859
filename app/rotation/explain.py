"""Why there is no plan: an irreducible set of rules that cannot hold together, and which of them, let go of, frees it.

By elastic filtering (Chinneck, Feasibility and Infeasibility in Optimization, 2008, ch. 6): stretch the rules as little
as can be, make those that had to give way hard, again until nothing holds; then let go of one after the other.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from app.rotation.milp import INFINITY, Linear, Outcome, Status, Watcher, total
from app.rotation.rules import Problem, Rule
from app.rotation.search import Musts, Observer

NOTHING = Linear({})
STRETCHED = 0.5  # rules are whole numbers: what is stretched is so by 1, or by rounding


@dataclass(frozen=True, slots=True)
class Conflict:
    """`rules`: an irreducible set that cannot hold together: without any one of them the others can. `frees`: those of
    them whose letting go, alone, makes the whole plan possible."""

    rules: tuple[Rule, ...]
    frees: tuple[Rule, ...]


class _Poll(Watcher):
    """Asks an observer whether to go on, which also shows that somebody works."""

    def __init__(self, observer: Observer) -> None:
        self.is_over = observer.is_over  # type: ignore[method-assign]


class Elastic:
    """A problem whose rules can be held, let go of, or stretched at a cost; all questions together within `seconds`."""

    def __init__(self, problem: Problem, seconds: float, observer: Observer | None = None) -> None:
        self._musts = Musts(problem, elastic=True)
        self._seconds = seconds
        self._watcher = _Poll(observer or Observer())
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

    def _ask(self, goal: Linear) -> Outcome:
        left = self._seconds - self._musts.milp.seconds
        outcome = self._musts.milp.minimize(goal, seconds=left, watcher=self._watcher)
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
        return _conflict(elastic)
    except TimeoutError:
        return None


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
