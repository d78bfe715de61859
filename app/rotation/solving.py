"""A problem solved: the plan with its figures, or why there is none. What commands and the jobs call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from app.rotation.explain import Conflict, explain
from app.rotation.milp import Limits, Status
from app.rotation.rules import Plan, Problem, Worth, check, worth
from app.rotation.search import Observer, search

# The most that can be asked of a stored search: they run one at a time, and others wait for it.
MOST_SECONDS, MOST_WORK = 600, 5_000
EXPLAIN_SECONDS = 60.0


class SearchError(RuntimeError):
    """The search gave a plan that breaks a must: a defect of the product, never shown as a plan."""


@dataclass(frozen=True, slots=True)
class Solved:
    """`plan` with its worth and, by level, what it came to and the proven bound; else `conflict`. Neither: the time did
    not suffice to find a plan, nor to tell that there is none."""

    plan: Plan | None = None
    worth: Worth | None = None
    levels: Mapping[str, tuple[int, int]] | None = None
    conflict: Conflict | None = None

    @property
    def figures(self) -> dict[str, object]:
        """Each figure of the plan, and the bound where the level was searched."""
        if self.worth is None or self.levels is None:
            return {}
        bounds = {name: bound for name, (_best, bound) in self.levels.items()}
        return {
            name: {"value": value, "bound": bounds.get(name)} for name, value in asdict(self.worth).items()
        }


def solve(problem: Problem, limits: Limits, observer: Observer | None = None) -> Solved:
    """Search, check what was found, and explain where there is nothing to find."""
    found = search(problem, limits, observer)
    if isinstance(found, Status):
        return Solved(conflict=explain(problem, seconds=EXPLAIN_SECONDS, observer=observer))
    if broken := check(problem, found.plan):
        raise SearchError(f"the plan breaks {broken[0]}")
    return Solved(found.plan, worth(problem, found.plan), found.levels)
