"""What a rotation may write over, how it writes, and what stood before, so that taking it back brings that back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from sqlalchemy.orm import Session

from app.calendar import working_days
from app.rotation.models import Key, RotationCell
from app.rotation.rules import State as Where
from app.rotation.terminals import own_terminals
from app.telework.caps.rules import Breach, Cell, breaches, concerning
from app.telework.caps.service import AtHome, Governed, around, cells_of, facts, rulebook, shortages
from app.telework.models import TeleworkPlan
from app.telework.rules import AWAY, REMOTE, Half, PlanKind, PlanState
from app.telework.service import Office


def settled(plan: TeleworkPlan | None, cell: RotationCell | None, office: Office) -> tuple[Where, str] | None:
    """Where somebody is in a half-day by a plan that is no rotation's to change, and why; None: that is open.

    Leave and trips that fill the half-day, what was approved by hand, and coming in, which needs nobody's approval.
    What takes up less than the half-day leaves it in the office, and stays. `cell`: what a rotation has published of
    the half-day.
    """
    if plan is None or not plan.stands:
        return None
    if not office.cell_of(plan).fills:
        return Where.OFFICE, "part"
    if plan.kind in AWAY:
        return Where.AWAY, plan.kind.value
    if plan.state is PlanState.APPROVED and not (cell is not None and cell.has_written(plan)):
        return (Where.HOME if plan.kind in REMOTE else Where.OFFICE), "approved"
    if plan.kind is PlanKind.OFFICE and plan.state is PlanState.REQUESTED:
        return Where.OFFICE, "office"
    return None


def is_wish(plan: TeleworkPlan | None, cell: RotationCell | None) -> bool:
    """Whether somebody asks for what is open, and not a rotation for them."""
    if plan is None or plan.state is not PlanState.REQUESTED:
        return False
    return cell is None or not cell.has_written(plan)


def stands_as(plan: TeleworkPlan | None, cell: RotationCell | None, office: Office) -> Where:
    """Where somebody is in a half-day that has begun: by their plan; while it is only asked for, as was published; and
    without any, in the office."""
    given = settled(plan, cell, office)
    if given is not None:
        return given[0]
    if plan is None or not plan.stands:
        return Where.OFFICE
    published = PlanKind.OFFICE if cell is None else cell.kind
    kind = plan.kind if plan.state is PlanState.APPROVED else published
    return Where.HOME if kind in REMOTE else Where.OFFICE


# What of a plan is kept, and how it is read again from JSON.
KEPT: Mapping[str, Callable[[Any], Any]] = {
    "kind": PlanKind,
    "state": PlanState,
    "starts": time.fromisoformat,
    "ends": time.fromisoformat,
    "requested_at": datetime.fromisoformat,
    "approved_at": datetime.fromisoformat,
    "approved_by": int,
    "decided_at": datetime.fromisoformat,
    "decided_by": int,
    "reason": str,
}


def _as_it_stands(plan: TeleworkPlan) -> dict[str, Any]:
    values = {name: getattr(plan, name) for name in KEPT}
    return {
        name: value.isoformat() if isinstance(value, time | datetime) else value
        for name, value in values.items()
    }


def is_own_request(user_id: int, kind: PlanKind, by: int | None) -> bool:
    """Whether a plan that somebody writes is only asked for: it needs approval, and nobody decides on the own plans."""
    return user_id == by and kind in REMOTE


def write_over(
    cell: RotationCell, plan: TeleworkPlan | None, kind: PlanKind, *, by: int | None, now: datetime
) -> TeleworkPlan:
    """The plan of a half-day becomes the cell's, approved, or asked for where it is of whoever writes it
    (`is_own_request`); what stood before the first writing is kept in the cell."""
    if plan is None:
        plan = TeleworkPlan(
            user_id=cell.user_id, on_date=cell.on_date, half=cell.half, kind=kind, requested_at=now
        )
    elif not cell.has_written(plan):
        cell.before = _as_it_stands(plan)
    plan.kind, plan.starts, plan.ends, plan.reason = kind, None, None, ""
    cell.wrote_at = now
    if is_own_request(cell.user_id, kind, by):
        plan.state, plan.requested_at = PlanState.REQUESTED, now
        plan.approved_at = plan.decided_at = plan.approved_by = plan.decided_by = None
    else:
        plan.state, plan.approved_at, plan.decided_at = PlanState.APPROVED, now, now
        plan.approved_by = plan.decided_by = by
    return plan


def bring_back(plan: TeleworkPlan, cell: RotationCell) -> None:
    """What the cell wrote over stands again; where nothing stood, the plan is withdrawn."""
    if cell.before is None:
        plan.state, plan.approved_at, plan.approved_by = PlanState.WITHDRAWN, None, None
        return
    for name, value in cell.before.items():
        setattr(plan, name, None if value is None else KEPT[name](value))


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule of telework that somebody's plans break."""

    user_id: int
    name: str
    breach: Breach

    @property
    def facts(self) -> dict[str, Any]:
        """As refusals and the API tell it."""
        return {"name": self.name, **facts(self.breach)}

    def is_refused_to(self, actor_id: int) -> bool:
        """Whether it is not somebody's to allow: nobody's is, or it is of their own plans."""
        return self.breach.is_refused or self.user_id == actor_id


def would_break(
    session: Session, fresh: Mapping[Key, PlanKind], people: Mapping[int, Governed], office: Office
) -> list[Broken]:
    """What of the rules these people break with what is about to be written; seven queries and one for each rule that
    lends terminals, or none."""
    asked: dict[int, dict[tuple[date, Half], Cell]] = defaultdict(dict)
    for (user_id, on, half), kind in fresh.items():
        asked[user_id][on, Half(half)] = office.cell(on, Half(half), kind, None)
    if not asked:
        return []
    days = {on for _user, on, _half in fresh}
    book, calendar = rulebook(session), working_days(session, min(days).year)
    planned = cells_of(session, asked, *around(days), office)
    after = {
        user_id: list(({(one.on, one.half): one for one in planned.get(user_id, ())} | theirs).values())
        for user_id, theirs in asked.items()
    }
    own = own_terminals(session)
    wanted = [
        AtHome(person, after[user_id], asked[user_id].values())
        for user_id, person in people.items()
        if user_id in asked and user_id not in own
    ]
    short = shortages(session, book, wanted, besides=own)
    found = []
    for user_id, theirs in asked.items():
        every = breaches(after[user_id], book.rule_on(people[user_id]), calendar)
        at_home = {on for (on, _half), one in theirs.items() if one.is_remote}
        of_them = [*concerning(every, at_home), *short.get(user_id, ())]
        found += [Broken(user_id, people[user_id].name, one) for one in of_them]
    return found
