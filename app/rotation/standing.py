"""A rotation as it is by now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.rotation.form import plan_of
from app.rotation.models import Rotation
from app.rotation.models import State as Stage
from app.rotation.rules import Cell, Fixed, Problem, State
from app.rotation.service import problem
from app.telework.models import TeleworkPlan
from app.telework.rules import AWAY, REMOTE, PlanState
from app.telework.service import Office


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


def as_it_is(seen: Seen) -> tuple[Problem, dict[Cell, State]]:
    """The problem and the plan, with everybody where they are by now."""
    asked, plan = problem(seen.rotation), plan_of(seen.rotation.plan or {})
    plan |= {cell: fixed.state for cell, fixed in seen.by_now.items()}
    return replace(asked, fixed={**asked.fixed, **seen.by_now}), plan
