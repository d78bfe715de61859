"""Why there is no plan: the fewest rules that cannot hold together, and which of them, let go of, frees the plan."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from ortools.sat.python import cp_model

from app.rotation.rules import Problem, Rule
from app.rotation.search import Musts


@dataclass(frozen=True, slots=True)
class Conflict:
    """`rules`: an irreducible set that cannot hold together: without any one of them the others can. `frees`: those of
    them whose letting go, alone, makes the whole plan possible."""

    rules: tuple[Rule, ...]
    frees: tuple[Rule, ...]


def explain(problem: Problem, *, seconds: float = 30.0) -> Conflict | None:
    """The conflict of a problem without a plan; None where there is a plan, or the time did not suffice to tell."""
    musts = Musts(problem, guarded=True)
    musts.model.add_assumptions(list(musts.guards.values()))
    solver = _solver(seconds)
    if solver.solve(musts.model) != cp_model.INFEASIBLE:
        return None
    by_index = {guard.index: rule for rule, guard in musts.guards.items()}
    core = [by_index[index] for index in solver.sufficient_assumptions_for_infeasibility()]
    rules = _irreducible(problem, core, list(musts.guards), seconds)
    frees = tuple(
        rule for rule in rules if is_possible(problem, [one for one in musts.guards if one != rule], seconds)
    )
    return Conflict(tuple(rules), frees)


def _irreducible(
    problem: Problem, core: Iterable[Rule], every: Collection[Rule], seconds: float
) -> list[Rule]:
    """Let go of one rule after the other for which the rest is still impossible."""
    kept = list(core) or list(every)
    for rule in list(kept):
        rest = [one for one in kept if one != rule]
        if is_possible(problem, rest, seconds) is False:
            kept = rest
    return sorted(kept)


def is_possible(problem: Problem, rules: Collection[Rule], seconds: float = 30.0) -> bool | None:
    """Whether a plan can hold these rules alone; None where the time did not suffice to tell."""
    guarded = Musts(problem, guarded=True)
    held = set(rules)
    for rule, guard in guarded.guards.items():
        guarded.model.add(guard == int(rule in held))
    status = _solver(seconds).solve(guarded.model)
    return {cp_model.OPTIMAL: True, cp_model.FEASIBLE: True, cp_model.INFEASIBLE: False}.get(status)


def _solver(seconds: float) -> cp_model.CpSolver:
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1  # cores are told by one worker alone
    solver.parameters.max_time_in_seconds = seconds
    solver.parameters.random_seed = 1
    return solver
