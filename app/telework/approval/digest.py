"""Who decides is told what waits: once a day at most, and only when something came since."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import events
from app.events import Event
from app.people.models import Role
from app.people.service import ids_with_role
from app.telework.approval.service import authority
from app.telework.approval.waiting import BACK
from app.telework.caps.service import governed
from app.telework.models import TeleworkPlan
from app.telework.rules import PlanKind, PlanState
from app.telework.service import Office
from app.timespan import day_span
from app.working_days import WorkingDays

WAITING = "telework.waiting"


def note_waiting(session: Session, now: datetime, office: Office, calendar: WorkingDays) -> int:
    """From the office's opening on a working day: one event for each person for whom a request waits that came after
    they were last told; returns how many were told. Nothing on a day on which they were told already."""
    today = office.day(now)
    if not calendar.is_working(today) or now < day_span(today, office.timezone, office.hours.start).start:
        return 0
    waiting = _waiting(session, today)
    told = _last_told(session, now - BACK) if waiting else {}
    begins = day_span(today, office.timezone).start
    count = 0
    for user_id, plans in sorted(waiting.items()):
        last = told.get(user_id)
        if last is not None and (last >= begins or all(plan.requested_at <= last for plan in plans)):
            continue
        events.record(session, WAITING, f"user:{user_id}", at=now, user_id=user_id, count=len(plans))
        count += 1
    return count


def _waiting(session: Session, today: date) -> dict[int, list[TeleworkPlan]]:
    """The requests by who decides on them; of those above whom nobody is, by each of personnel."""
    plans = session.scalars(
        select(TeleworkPlan).where(
            TeleworkPlan.state == PlanState.REQUESTED,
            TeleworkPlan.kind != PlanKind.OFFICE,
            TeleworkPlan.on_date >= today - BACK,
        )
    ).all()
    if not plans:
        return {}
    people = governed(session, {plan.user_id for plan in plans})
    who = authority(session, today)
    personnel = ids_with_role(session, Role.PERSONNEL)
    found: dict[int, list[TeleworkPlan]] = defaultdict(list)
    for plan in plans:
        decide = who.of(people[plan.user_id], plan.on_date)
        for user_id in (set(personnel) - {plan.user_id}) if decide.personnel else decide.people:
            found[user_id].append(plan)
    return found


def _last_told(session: Session, since: datetime) -> dict[int, datetime]:
    query = (
        select(Event.subject, func.max(Event.at))
        .where(Event.kind == WAITING, Event.at >= since)
        .group_by(Event.subject)
    )
    return {int(subject.partition(":")[2]): at for subject, at in session.execute(query)}
