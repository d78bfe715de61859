"""Who could step in for somebody who is suddenly absent, and whether it still is a way out once they accept."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from app.errors import Conflict, RuleBroken
from app.rotation import gathering
from app.rotation.explain import rule_told
from app.rotation.models import Key
from app.rotation.models import State as Stage
from app.rotation.rules import HALVES, Cell, Fixed, Plan, Problem, State, Violation, Worth
from app.rotation.standing import Seen, as_it_is, key_of
from app.rotation.whatif import Swap, makes_worse, ways_out


@dataclass(frozen=True, slots=True)
class Absence:
    """Somebody is absent on a day, or in one half of it."""

    user_id: int
    on: date
    half: str | None = None

    @property
    def halves(self) -> list[str]:
        return list(HALVES) if self.half is None else [self.half]

    @property
    def cells(self) -> list[Cell]:
        return [Cell(str(self.user_id), self.on, half) for half in self.halves]


@dataclass(frozen=True, slots=True)
class Way:
    """How somebody could step in for who is absent, in the plan of a rotation as it was looked at. `absence`: what of
    it they step in for."""

    plan: dict[str, Any]
    absence: Absence
    person_id: int
    comes: list[dict[str, str]]
    home_instead: list[dict[str, str]]


def find_way(seen: Seen, absence: Absence, person_id: int) -> Way:
    """The way in which a person could step in, be it among the best or not; no transaction may be open meanwhile.

    Raises as `swaps_of`, RuleBroken `rotation.no_swap` where there is none.
    """
    found = next(iter(swaps_of(seen, absence, person_id)["swaps"]), None)
    if found is None:
        raise RuleBroken("rotation.no_swap")
    of_it = replace(absence, half=found["half"] or absence.half)
    return Way(seen.rotation.plan or {}, of_it, person_id, found["comes"], found["home_instead"])


def swaps_of(seen: Seen, absence: Absence, person_id: int | None = None) -> dict[str, Any]:
    """What breaks where somebody of a rotation is absent, and the ways out of it, or that of one person: they are
    missing where they were to be, beside whoever is away by now.

    Raises Conflict `rotation.state` where it has no plan, RuleBroken `rotation.not_in_it`.
    """
    rotation, absent = seen.rotation, absence.cells
    if rotation.plan is None:
        raise Conflict("rotation.state", state=rotation.state.value)
    asked, plan = _but_for(seen, absent)
    if not plan.keys() >= set(absent):
        raise RuleBroken("rotation.not_in_it")
    person = None if person_id is None else str(person_id)
    found = ways_out(_kept(seen, asked, plan), plan, absent, person=person)
    names = gathering.names_of(rotation.problem)
    return {
        "breaks": [_broken_told(asked, one) for one in found.broken],
        "swaps": [_told(one, names[one.person]) for one in found.swaps],
    }


def still_helps(seen: Seen, *, away: Iterable[Key], comes: Iterable[Key], home: Iterable[Key]) -> bool:
    """Whether somebody can step in as they were asked, with everybody where they are by now: they are not away then,
    nor in another section, and nothing breaks by it that is whole without it."""
    absent = _cells(away)
    change = {**dict.fromkeys(_cells(comes), State.OFFICE), **dict.fromkeys(_cells(home), State.HOME)}
    if any(cell in seen.by_now and seen.by_now[cell].state is State.AWAY for cell in change):
        return False
    return not makes_worse(*_but_for(seen, absent), absent, change)


def _but_for(seen: Seen, absent: Collection[Cell]) -> tuple[Problem, dict[Cell, State]]:
    """The problem and the plan as they are by now, but for whoever is absent, who may have said so already."""
    by_now = {cell: fixed for cell, fixed in seen.by_now.items() if cell not in absent}
    return as_it_is(replace(seen, by_now=by_now))


def _kept(seen: Seen, problem: Problem, plan: Plan) -> Problem:
    """The same where what a published rotation does not have any more, as another took its place, stays as it is."""
    rotation = seen.rotation
    if rotation.state is not Stage.PUBLISHED:
        return problem
    own = {key for key, cell in seen.published.items() if cell.rotation_id == rotation.id}
    others = {cell: Fixed(where, "published") for cell, where in plan.items() if key_of(cell) not in own}
    return replace(problem, fixed={**others, **problem.fixed})


def _cells(keys: Iterable[Key]) -> list[Cell]:
    return [Cell(str(user_id), on, half) for user_id, on, half in keys]


def _broken_told(problem: Problem, one: Violation) -> dict[str, Any]:
    return {**rule_told(problem, one.rule), "on": one.day, "half": one.half or None, "found": one.found}


def _told(one: Swap, name: str) -> dict[str, Any]:
    return {
        "user_id": int(one.person),
        "name": name,
        "comes": [_said(cell) for cell in one.comes],
        "home_instead": [_said(cell) for cell in one.home_instead],
        "half": one.half or None,
        "cost": dict(zip(Worth.__dataclass_fields__, one.cost, strict=True)),
    }


def _said(cell: Cell) -> dict[str, str]:
    return {"on": cell.day.isoformat(), "half": cell.half}
