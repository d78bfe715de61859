"""What people took of telework, leave and trips: what the log says of days that are closed, and what is approved of
those to come."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import date, timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from app.telework.caps.rules import Cell
from app.telework.daylog.rules import telework_minutes
from app.telework.daylog.service import COUNTS_AS, effective
from app.telework.models import ClosedDay, HalfDay, TeleworkPlan
from app.telework.rules import AWAY, REMOTE, DayClass, PlanKind
from app.telework.service import Office

KINDS = {
    DayClass.LEAVE: PlanKind.LEAVE,
    DayClass.TRIP: PlanKind.TRIP,
}


def taken(
    session: Session, first: date, last: date, office: Office, user_ids: Collection[int] | None = None
) -> dict[int, list[Cell]]:
    """By person, the half-days from a day to another of which some was telework, leave or a trip; of everybody where
    nobody is named. Telework at home and in a satellite office is one. Three queries."""
    found: dict[int, list[Cell]] = defaultdict(list)
    query = effective(
        HalfDay.user_id,
        HalfDay.on_date,
        HalfDay.half,
        HalfDay.day_class.label("found"),
        HalfDay.telework_minutes,
    ).where(
        HalfDay.on_date.between(first, last),
        or_(COUNTS_AS.in_((DayClass.TELEWORK, *KINDS)), HalfDay.telework_minutes > 0),
    )
    closed = session.scalar(select(func.max(ClosedDay.on_date)))
    begin = max(first, closed + timedelta(days=1)) if closed else first
    plans = select(TeleworkPlan).where(
        TeleworkPlan.on_date.between(begin, last),
        TeleworkPlan.approved_at.is_not(None),
        TeleworkPlan.kind.in_({*REMOTE, *AWAY}),
    )
    if user_ids is not None:
        query = query.where(HalfDay.user_id.in_(user_ids))
        plans = plans.where(TeleworkPlan.user_id.in_(user_ids))
    for user_id, on, half, was, stored, day_class in session.execute(query):
        whole = office.hours_of(half).minutes
        minutes = None if day_class in KINDS else telework_minutes(was, day_class, stored)
        kind = KINDS.get(day_class, PlanKind.HOME)
        found[user_id].append(Cell(on, half, kind, whole if minutes is None else minutes, whole))
    for plan in session.scalars(plans):
        found[plan.user_id].append(office.cell_of(plan))
    return found
