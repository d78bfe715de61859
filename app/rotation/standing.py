"""Who could step in for somebody who is suddenly absent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import Conflict, RuleBroken
from app.rotation import gathering
from app.rotation.form import plan_of
from app.rotation.models import Rotation
from app.rotation.models import State as Stage
from app.rotation.rules import Cell, Fixed, State, Worth
from app.rotation.service import problem
from app.rotation.whatif import swaps
from app.telework.models import TeleworkPlan
from app.telework.rules import AWAY, REMOTE, PlanState
from app.telework.service import Office


@dataclass(frozen=True, slots=True)
class Way:
    """How somebody could step in for who is absent, in the plan of a rotation as it was looked at."""

    plan: dict[str, Any]
    absent_id: int
    person_id: int
    on: date
    comes: list[dict[str, str]]
    home_instead: list[dict[str, str]]


@dataclass(frozen=True, slots=True)
class Seen:
    """A rotation, and where its people are by now by other plans than it knew of: leave and trips, what was approved or
    revoked since. Who asks for something else is left as they are."""

    rotation: Rotation
    by_now: Mapping[Cell, Fixed]


def look(session: Session, rotation: Rotation, office: Office) -> Seen:
    """A rotation as it is by now; one query."""
    planned = plan_of(rotation.plan or {}) if rotation.section_id is not None else {}
    people = {int(cell.person) for cell in planned}
    query = select(TeleworkPlan).where(
        TeleworkPlan.user_id.in_(people),
        TeleworkPlan.on_date.between(rotation.first_on, rotation.last_on),
    )
    by_now = {}
    for one in session.scalars(query):
        cell = Cell(str(one.user_id), one.on_date, one.half.value)
        where, was = _where(one, office), planned.get(cell, State.AWAY)
        if was is State.AWAY or not (one.stands or rotation.state is Stage.PUBLISHED):
            continue
        if where is State.AWAY:
            by_now[cell] = Fixed(where, one.kind.value)
        elif where is not was:
            by_now[cell] = Fixed(was if one.state is PlanState.REQUESTED else where, one.state.value)
    return Seen(rotation, by_now)


def _where(plan: TeleworkPlan, office: Office) -> State:
    """Where somebody is by a plan. What does not stand any more, or takes up less than the half-day, leaves it in the
    office."""
    if not plan.stands or not office.cell_of(plan).fills:
        return State.OFFICE
    return State.AWAY if plan.kind in AWAY else State.HOME if plan.kind in REMOTE else State.OFFICE


def find_way(seen: Seen, *, absent_id: int, on: date, person_id: int) -> Way:
    """The way in which a person could step in; takes a second, so that no transaction may be open.

    Raises as `swaps_of`, RuleBroken `rotation.no_swap` where there is none.
    """
    found = next((one for one in swaps_of(seen, absent_id, on) if one["user_id"] == person_id), None)
    if found is None:
        raise RuleBroken("rotation.no_swap")
    plan = seen.rotation.plan or {}
    return Way(plan, absent_id, person_id, on, found["comes"], found["home_instead"])


def swaps_of(seen: Seen, user_id: int, on: date) -> list[dict[str, Any]]:
    """Ways out where somebody of a rotation is absent on a day: they are missing where they were to be, beside whoever
    is away by now.

    Raises Conflict `rotation.state` where it has no plan, RuleBroken `rotation.not_in_it`.
    """
    rotation = seen.rotation
    if rotation.plan is None:
        raise Conflict("rotation.state", state=rotation.state.value)
    asked, plan = problem(rotation), plan_of(rotation.plan)
    if Cell(str(user_id), on, "am") not in plan:
        raise RuleBroken("rotation.not_in_it")
    by_now = {
        cell: fixed for cell, fixed in seen.by_now.items() if (cell.person, cell.day) != (str(user_id), on)
    }
    asked = replace(asked, fixed={**asked.fixed, **by_now})
    plan |= {cell: fixed.state for cell, fixed in by_now.items()}
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
