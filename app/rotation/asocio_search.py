"""The search for a plan of an ASOCIO instance: CP-SAT, one level of the wishes after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import product

from ortools.sat.python import cp_model

from app.rotation.asocio import LEAST_DAYS, MOST_DAYS, Instance

# Of the time that is given, what each level of the wishes may take; what one leaves the next has too.
SHARES = (0.3, 0.5, 1.0)
WORKERS = 2


@dataclass(frozen=True, slots=True)
class Limits:
    """How long to search. `work`: CP-SAT's deterministic work instead of seconds, so that the same input and seed give
    the same plan on every machine."""

    seconds: float = 30.0
    work: float | None = None
    seed: int = 1


@dataclass(slots=True)
class _Model:
    """The variables: `sits[person, day, desk]`, `comes[person, day]`, and what the wishes count."""

    instance: Instance
    model: cp_model.CpModel = field(default_factory=cp_model.CpModel)

    def __post_init__(self) -> None:
        of, add = self.instance, self.model.new_bool_var
        self.sits = {
            (person, day, desk): add(f"{person} {day} {desk}")
            for person in of.people
            for day in of.days
            for desk in of.allowed[person]
        }
        self.comes = {(person, day): add(f"{person} {day}") for person in of.people for day in of.days}
        self._musts()
        self.alone = self._alone()
        self.uses = self._uses()

    def _musts(self) -> None:
        of, model = self.instance, self.model
        for person, day in self.comes:
            model.add(
                sum(self.sits[person, day, desk] for desk in of.allowed[person]) == self.comes[person, day]
            )
        for person in of.people:
            model.add_linear_constraint(
                sum(self.comes[person, day] for day in of.days), LEAST_DAYS, MOST_DAYS
            )
        for day, desk in product(of.days, of.desks):
            model.add_at_most_one(
                self.sits[person, day, desk] for person in of.people if desk in of.allowed[person]
            )
        for group, members in of.groups.items():
            meets = [model.new_bool_var(f"{group} meets {day}") for day in of.days]
            model.add_exactly_one(meets)
            for day, meets_then in zip(of.days, meets, strict=True):
                for person in members:
                    model.add_implication(meets_then, self.comes[person, day])

    def _alone(self) -> list[cp_model.IntVar]:
        """By group, day and zone: that exactly one of the group sits there."""
        of, model = self.instance, self.model
        found = []
        for (group, members), day in product(of.groups.items(), of.days):
            for zone in sorted(set(of.zone_of.values())):
                here = [
                    sum(self.sits[one, day, desk] for desk in of.allowed[one] if of.zone_of[desk] == zone)
                    for one in members
                ]
                alone = model.new_bool_var(f"{group} {day} {zone} alone")
                for number, own in enumerate(here):
                    model.add(alone >= own - sum(here[:number] + here[number + 1 :]))
                found.append(alone)
        return found

    def _uses(self) -> list[cp_model.IntVar]:
        """By person and desk: that the person sits there on some day."""
        found = []
        for person in self.instance.people:
            for desk in self.instance.allowed[person]:
                uses = self.model.new_bool_var(f"{person} uses {desk}")
                for day in self.instance.days:
                    self.model.add_implication(self.sits[person, day, desk], uses)
                found.append(uses)
        return found

    @property
    def wishes(self) -> Sequence[cp_model.IntVar]:
        return [
            self.comes[person, day] for person in self.instance.people for day in self.instance.wanted[person]
        ]


Tell = Callable[[str, int, int], None]  # level, best so far, its bound


def search(
    instance: Instance, limits: Limits, tell: Tell = lambda *_: None
) -> dict[str, dict[str, str]] | None:
    """The best plan found; None where there is none. Each level is held while the next is searched."""
    built = _Model(instance)
    levels: list[tuple[str, Iterable[cp_model.IntVar], bool]] = [
        ("wishes", built.wishes, True),
        ("isolated", built.alone, False),
        ("desks", built.uses, False),
    ]
    plan, spent = None, 0.0
    for (name, counted, is_more), share in zip(levels, SHARES, strict=True):
        goal = sum(counted)
        (built.model.maximize if is_more else built.model.minimize)(goal)
        solver = cp_model.CpSolver()
        solver.parameters.random_seed = limits.seed
        solver.parameters.num_workers = WORKERS
        if limits.work is not None:
            solver.parameters.interleave_search = True  # else two workers race, and no two runs are alike
            solver.parameters.max_deterministic_time = limits.work * share - spent
        else:
            solver.parameters.max_time_in_seconds = limits.seconds * share - spent
        status = solver.solve(built.model)
        spent += solver.deterministic_time if limits.work is not None else solver.wall_time
        if status not in {cp_model.OPTIMAL, cp_model.FEASIBLE}:
            return plan
        best = round(solver.objective_value)
        tell(name, best, round(solver.best_objective_bound))
        plan = _plan(built, solver)
        built.model.add(goal >= best if is_more else goal <= best)
        built.model.clear_hints()
        for variable in (*built.sits.values(), *built.comes.values(), *built.alone, *built.uses):
            built.model.add_hint(variable, solver.value(variable))
    return plan


def _plan(built: _Model, solver: cp_model.CpSolver) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {person: {} for person in built.instance.people}
    for (person, day, desk), sits in built.sits.items():
        if solver.value(sits):
            found[person][day] = desk
    return found
