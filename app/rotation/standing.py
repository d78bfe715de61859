"""A rotation as it is by now, and what of it does not hold any more."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.calendar import working_days
from app.rotation.explain import rule_told
from app.rotation.form import plan_of
from app.rotation.missing import absences, members
from app.rotation.models import Key, Rotation, RotationCell
from app.rotation.models import State as Stage
from app.rotation.published import left_behind, published
from app.rotation.rules import Cell, Fixed, Problem, Rule, State, check
from app.rotation.service import problem
from app.rotation.writing import settled
from app.telework.models import TeleworkPlan
from app.telework.rules import AWAY, REMOTE, PlanKind, PlanState
from app.telework.service import Office


@dataclass(frozen=True, slots=True)
class Seen:
    """A rotation, and where its people are by now by other than it says: leave and trips, what was approved or revoked
    since, who comes in after all, who has left the office or the section by then, and who is absent since somebody
    steps in for them. Who asks for something else is left as they are.

    `published`: what rotations of its section have published of its days. `waiting`: half-days at home as it has
    published them that are not approved yet. `closed`: planned days that are no working days by now, of which nothing
    holds any more.
    """

    rotation: Rotation
    by_now: Mapping[Cell, Fixed]
    published: Mapping[Key, RotationCell]
    waiting: Collection[Cell] = frozenset()
    closed: Collection[date] = frozenset()


def look(session: Session, rotation: Rotation, office: Office) -> Seen:
    """A rotation as it is by now; seven queries, or eight before it is published."""
    return look_at(session, [rotation], rotation.first_on, rotation.last_on, office)[0]


def look_at(
    session: Session, rotations: Sequence[Rotation], first: date, last: date, office: Office
) -> list[Seen]:
    """Rotations as they are by now, from a day to another; seven queries, however many there are, and one more for
    each that is not published."""
    planned = {one.id: plan_between(one, first, last) for one in rotations if one.section_id is not None}
    people = {int(cell.person) for plan in planned.values() for cell in plan}
    query = select(TeleworkPlan).where(
        TeleworkPlan.user_id.in_(people), TeleworkPlan.on_date.between(first, last)
    )
    plans = {Cell(str(one.user_id), one.on_date, one.half.value): one for one in session.scalars(query)}
    absent = absences(session, people, first, last)
    staff = members(session, people, office)
    calendar = working_days(session, first.year)
    sections = {one.section_id for one in rotations if one.section_id is not None}
    of_sections = published(session, sections, first, last)
    found = []
    for one in rotations:
        section_id = one.section_id or 0
        theirs = of_sections.get(section_id, {})
        written, why_gone = dict(theirs), staff.of(section_id)
        if one.state is not Stage.PUBLISHED:
            for left in left_behind(session, section_id, staff, first, last).values():
                written |= left
        plan = planned.get(one.id, {})
        closed = {cell.day for cell in plan if not calendar.is_working(cell.day)}
        by_now = {}
        for cell, was in plan.items():
            if cell.day in closed:
                continue
            fixed = _by_now(one, was, plans.get(cell), written.get(key_of(cell)), office)
            if key_of(cell) in absent and was is not State.AWAY and (fixed is None or fixed.state is was):
                fixed = Fixed(State.AWAY, "absent")
            if was is not State.AWAY and (why := why_gone(int(cell.person), cell.day)) is not None:
                fixed = Fixed(State.AWAY, why)
            if fixed is not None:
                by_now[cell] = fixed
        waiting = {
            cell
            for cell, was in plan.items()
            if cell.day not in closed
            and cell not in by_now
            and was is State.HOME
            and _waits(one, plans.get(cell))
        }
        found.append(Seen(one, by_now, theirs, waiting, closed))
    return found


def plan_between(rotation: Rotation, first: date, last: date) -> dict[Cell, State]:
    """What a rotation plans from a day to another."""
    begins, ends = first.isoformat(), last.isoformat()
    plan = rotation.plan or {}
    return plan_of(
        {who: {on: of for on, of in days.items() if begins <= on <= ends} for who, days in plan.items()}
    )


def key_of(cell: Cell) -> Key:
    """A cell in the office's rows."""
    return int(cell.person), cell.day, cell.half


def _by_now(
    rotation: Rotation, was: State, plan: TeleworkPlan | None, cell: RotationCell | None, office: Office
) -> Fixed | None:
    """Where somebody is by a plan that the rotation did not make, and why; None where they are as it says.

    Once published it goes by every plan; before, by those that it will not write over. Of a half-day that had begun
    when it was published (`cell` None) it has written none.
    """
    if was is State.AWAY:
        return None
    if plan is None:
        is_unwritten = rotation.state is Stage.PUBLISHED and cell is None and was is State.HOME
        return Fixed(State.OFFICE, "begun") if is_unwritten else None
    where = _where(plan, office)
    if rotation.state is not Stage.PUBLISHED and (given := settled(plan, cell, office)) is not None:
        return None if given[0] is was else Fixed(*given)
    if where is was or not (plan.stands or rotation.state is Stage.PUBLISHED):
        return None
    if where is State.AWAY:
        return Fixed(where, plan.kind.value)
    if plan.state is PlanState.REQUESTED:
        comes = plan.kind is PlanKind.OFFICE  # which needs nobody's approval
        return Fixed(where, plan.kind.value) if comes else Fixed(was, plan.state.value)
    return Fixed(where, plan.state.value) if rotation.state is Stage.PUBLISHED else None


def _waits(rotation: Rotation, plan: TeleworkPlan | None) -> bool:
    return rotation.state is Stage.PUBLISHED and plan is not None and plan.state is PlanState.REQUESTED


def _where(plan: TeleworkPlan, office: Office) -> State:
    """Where somebody is by a plan. What does not stand any more, or takes up less than the half-day, leaves it in the
    office."""
    if not plan.stands or not office.cell_of(plan).fills:
        return State.OFFICE
    return State.AWAY if plan.kind in AWAY else State.HOME if plan.kind in REMOTE else State.OFFICE


def as_it_is(seen: Seen) -> tuple[Problem, dict[Cell, State]]:
    """The problem and the plan, with everybody where they are by now. Raises Conflict `rotation.erased`."""
    asked, plan = problem(seen.rotation), plan_of(seen.rotation.plan or {})
    plan |= {cell: fixed.state for cell, fixed in seen.by_now.items()}
    return replace(asked, fixed={**asked.fixed, **seen.by_now}), plan


# Musts that are the rules of telework: those go by every plan, see `app.rotation.writing.would_break`.
OF_TELEWORK = frozenset({"eligible", "unit", "week", "month", "year", "row", "terminals"})


@dataclass(frozen=True, slots=True)
class Unmet:
    """A must of the section that does not hold in a half-day: `rule` as `rule_told` has it, with the number of that
    half-day; `found` instead of it, where the rule has one. `called_in`: whoever is at home though they are called in.
    """

    rule: Mapping[str, Any]
    on: date
    half: str
    found: int | None


def unmet(seen: Seen) -> list[Unmet]:
    """What of a section's musts does not hold with everybody where they are by now, in the order of the rules; and who
    is at home, by an approval or a lock, while they are called in."""
    asked, plan = as_it_is(seen)
    found = []
    for one in check(asked, plan):
        if one.rule.kind not in OF_TELEWORK and one.day and _is_own(seen, one.day):
            told = rule_told(asked, one.rule)
            number = None if told["limit"] is None else one.found
            found.append(Unmet({**told, "limit": one.allowed}, one.day, one.half, number))
    for cell in sorted(asked.called_in):
        if plan[cell] is State.HOME and _is_own(seen, cell.day):
            told = rule_told(asked, Rule("called_in", cell.person))
            found.append(Unmet(told, cell.day, cell.half, None))
    return found


def _is_own(seen: Seen, on: date) -> bool:
    """Whether a day is one of a rotation's, and a working day still."""
    return seen.rotation.first_on <= on <= seen.rotation.last_on and on not in seen.closed
