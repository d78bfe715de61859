"""Who could step in for somebody who is suddenly absent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from app.errors import Conflict, RuleBroken
from app.rotation import gathering
from app.rotation.form import plan_of
from app.rotation.models import Rotation
from app.rotation.rules import Cell, Worth
from app.rotation.service import problem
from app.rotation.whatif import swaps


@dataclass(frozen=True, slots=True)
class Way:
    """How somebody could step in for who is absent, in the plan of a rotation as it was looked at."""

    plan: dict[str, Any]
    absent_id: int
    person_id: int
    on: date
    comes: list[dict[str, str]]
    home_instead: list[dict[str, str]]


def find_way(rotation: Rotation, *, absent_id: int, on: date, person_id: int) -> Way:
    """The way in which a person could step in; takes a second, so that no transaction may be open.

    Raises as `swaps_of`, RuleBroken `rotation.no_swap` where there is none.
    """
    found = next((one for one in swaps_of(rotation, absent_id, on) if one["user_id"] == person_id), None)
    if found is None:
        raise RuleBroken("rotation.no_swap")
    return Way(rotation.plan or {}, absent_id, person_id, on, found["comes"], found["home_instead"])


def swaps_of(rotation: Rotation, user_id: int, on: date) -> list[dict[str, Any]]:
    """Ways out where somebody of a rotation is absent on a day.

    Raises Conflict `rotation.state` where it has no plan, RuleBroken `rotation.not_in_it`.
    """
    if rotation.plan is None:
        raise Conflict("rotation.state", state=rotation.state.value)
    asked, plan = problem(rotation), plan_of(rotation.plan)
    if Cell(str(user_id), on, "am") not in plan:
        raise RuleBroken("rotation.not_in_it")
    names = gathering.names_of(rotation.problem)
    return [
        {
            "user_id": int(one.person),
            "name": names[one.person],
            "comes": [_said(cell) for cell in one.comes],
            "home_instead": [_said(cell) for cell in one.home_instead],
            "cost": dict(zip(Worth.__dataclass_fields__, one.cost, strict=True)),
        }
        for one in swaps(asked, plan, str(user_id), on)
    ]


def _said(cell: Cell) -> dict[str, str]:
    return {"on": cell.day.isoformat(), "half": cell.half}
