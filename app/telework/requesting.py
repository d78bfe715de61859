"""Asking for telework, a trip or leave; taking it back; telling what was done. By the person, within the rules.

Whoever changes plans holds the lock of their persons: what is counted, decided and written is one.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import events
from app.calendar import working_days
from app.database import lock_rows
from app.errors import Conflict, Forbidden, NotFound, RuleBroken
from app.events import Event
from app.people.service import Person
from app.telework.caps.rules import Breach, breaches, concerning, lateness
from app.telework.caps.service import (
    AtHome,
    OwnTerminals,
    around,
    cells_of,
    governed,
    nobody,
    refuse,
    rulebook,
    shortages,
)
from app.telework.models import TeleworkPlan
from app.telework.rules import REMOTE, STANDING, Half, Part, PlanKind, PlanState
from app.telework.service import Office, check_open, put_plan
from app.working_days import WorkingDays

MOST_AHEAD = timedelta(days=366)
MOST_AT_ONCE = 124  # the half-days of two months
# So long a slip of the hand is taken back as if it had not been.
UNDO_WITHIN = timedelta(minutes=15)
REPORTED = REMOTE | {PlanKind.TRIP}


@dataclass(frozen=True, slots=True)
class Wanted:
    """A half-day to plan; `part`: from a time to another of the office's clock, None for the whole."""

    on: date
    half: Half
    kind: PlanKind
    part: Part | None = None


@dataclass(frozen=True, slots=True)
class Requested:
    """The plans as they stand now, and what of them the chief is asked to allow although a rule does not."""

    plans: list[TeleworkPlan]
    breaches: list[Breach]


def wanted_between(on: date, start: time, end: time, kind: PlanKind, office: Office) -> list[Wanted]:
    """The half-days, or parts of them, from a time to another. Raises RuleBroken `telework.no_hours`."""
    found = [
        Wanted(on, half, kind, None if part == office.hours_of(half) else part)
        for half in Half
        if (part := office.part(half, start, end)) is not None
    ]
    if not found:
        raise RuleBroken("telework.no_hours", on=on.isoformat())
    return found


def request(
    session: Session,
    wanted: Sequence[Wanted],
    *,
    actor: Person,
    now: datetime,
    office: Office,
    own_terminals: OwnTerminals = nobody,
) -> Requested:
    """Ask for half-days, all of them or none.

    Raises Conflict `telework.day_closed`, RuleBroken `telework.closed_day`, `telework.too_far`, `telework.one_plan`,
    or `telework.cap` naming the first rule that refuses.
    """
    calendar = working_days(session, office.day(now).year)
    for one in wanted:
        _check_day(one, office.day(now), calendar)
    lock_rows(session, "person", [actor.id])
    _check_place(session, wanted, actor)
    own = own_terminals(session)
    found = _judge(session, wanted, actor, now=now, office=office, calendar=calendar, own_terminals=own)
    plans = [
        put_plan(session, actor=actor, on=one.on, half=one.half, kind=one.kind, now=now, part=one.part)
        for one in wanted
    ]
    return Requested(plans, found)


def _check_day(wanted: Wanted, today: date, calendar: WorkingDays) -> None:
    if wanted.on < today:
        raise Conflict("telework.day_closed", on=wanted.on.isoformat())
    if wanted.on > today + MOST_AHEAD:
        raise RuleBroken("telework.too_far", on=wanted.on.isoformat())
    if wanted.kind in REMOTE and not calendar.is_working(wanted.on):
        raise RuleBroken("telework.closed_day", on=wanted.on.isoformat())


def _check_place(session: Session, wanted: Sequence[Wanted], actor: Person) -> None:
    """That hours of a half-day take nothing away: a half-day has one plan, and theirs would be all of it. In the office
    is where people are without one."""
    parts = {(one.on, one.half): one.kind for one in wanted if one.part is not None}
    if not parts:
        return
    standing = select(TeleworkPlan.on_date, TeleworkPlan.half, TeleworkPlan.kind).where(
        TeleworkPlan.user_id == actor.id,
        TeleworkPlan.on_date.in_({on for on, _half in parts}),
        TeleworkPlan.state.in_(STANDING),
        TeleworkPlan.kind != PlanKind.OFFICE,
    )
    for on, half, kind in session.execute(standing.order_by(TeleworkPlan.on_date, TeleworkPlan.half)):
        if parts.get((on, half), kind) is not kind:
            raise RuleBroken("telework.one_plan", on=on.isoformat(), half=half.value)


def _judge(
    session: Session,
    wanted: Sequence[Wanted],
    actor: Person,
    *,
    now: datetime,
    office: Office,
    calendar: WorkingDays,
    own_terminals: Collection[int],
) -> list[Breach]:
    """What of the rules the new telework among the wanted breaks and the chief may allow; refuses the rest."""
    days = [one.on for one in wanted]
    theirs = cells_of(session, [actor.id], *around(days), office)[actor.id]
    before = {(cell.on, cell.half): cell for cell in theirs}
    asked = {(one.on, one.half): office.cell(one.on, one.half, one.kind, one.part) for one in wanted}
    fresh = [cell for at, cell in asked.items() if cell.is_remote and before.get(at) != cell]
    if not fresh:
        return []
    book, person = rulebook(session), governed(session, [actor.id])[actor.id]
    rule_on = book.rule_on(person)
    late = (
        lateness(rule, cell.on, now, calendar, office.timezone)
        for cell in fresh
        if (rule := rule_on(cell.on)) is not None
    )
    after = list((before | asked).values())
    at_home = [] if actor.id in own_terminals else [AtHome(person, after, fresh)]
    short = shortages(session, book, at_home, besides=own_terminals)
    found = [
        *concerning(breaches(after, rule_on, calendar), {cell.on for cell in fresh}),
        *sorted({one for one in late if one is not None}),
        *short.get(actor.id, ()),
    ]
    for breach in found:
        if breach.is_refused:
            refuse(breach)
    return found


def own_plan(session: Session, plan_id: int, *, actor: Person) -> TeleworkPlan:
    """One's own plan, to be changed. Raises NotFound `telework.unknown`, Forbidden `telework.not_yours`."""
    lock_rows(session, "person", [actor.id])
    plan = session.get(TeleworkPlan, plan_id, populate_existing=True)
    if plan is None:
        raise NotFound("telework.unknown", plan_id=plan_id)
    if plan.user_id != actor.id:
        raise Forbidden("telework.not_yours")
    return plan


def withdraw(session: Session, plan_id: int, *, actor: Person, now: datetime) -> TeleworkPlan:
    """Take a request or an approved plan back. Raises as `own_plan` and `check_open`, Conflict `telework.state`."""
    plan = own_plan(session, plan_id, actor=actor)
    check_open(session, plan.on_date)
    if plan.state not in STANDING:
        raise Conflict("telework.state", state=plan.state.value)
    was = {"state": plan.state.value, "approved_by": plan.approved_by}
    if plan.approved_at is not None:
        was["approved_at"] = plan.approved_at.isoformat()
    plan.state, plan.approved_at, plan.approved_by = PlanState.WITHDRAWN, None, None
    session.flush()
    _record(session, "telework.withdrawn", plan, now, was=was)
    return plan


def restore(
    session: Session,
    plan_id: int,
    *,
    actor: Person,
    now: datetime,
    office: Office,
    own_terminals: OwnTerminals = nobody,
) -> TeleworkPlan:
    """Undo a withdrawal: within a quarter of an hour the plan is as it was, approved where it was; after that it can be
    asked for anew. What it would break of the rules by now refuses it.

    Raises as `own_plan`, `check_open` and `request`, Conflict `telework.state`.
    """
    plan = own_plan(session, plan_id, actor=actor)
    check_open(session, plan.on_date)
    event = _withdrawal(session, plan)
    if plan.state is not PlanState.WITHDRAWN or event is None or event.at < now - UNDO_WITHIN:
        raise Conflict("telework.state", state=plan.state.value)
    wanted = Wanted(plan.on_date, plan.half, plan.kind, plan.part)
    calendar = working_days(session, plan.on_date.year)
    asked_at, own = plan.requested_at, own_terminals(session)
    _judge(session, [wanted], actor, now=asked_at, office=office, calendar=calendar, own_terminals=own)
    was = event.data["was"]
    if "approved_at" in was:
        plan.approved_at, plan.approved_by = datetime.fromisoformat(was["approved_at"]), was["approved_by"]
    plan.state = PlanState(was["state"])
    session.flush()
    _record(session, "telework.restored", plan, now)
    return plan


def _withdrawal(session: Session, plan: TeleworkPlan) -> Event | None:
    """The last time that a plan was withdrawn, if that is among the person's latest."""
    latest = session.scalars(
        select(Event)
        .where(Event.subject == f"user:{plan.user_id}", Event.kind == "telework.withdrawn")
        .order_by(Event.id.desc())
        .limit(MOST_AT_ONCE)
    )
    return next((one for one in latest if one.data.get("plan_id") == plan.id), None)


def report(
    session: Session, plan_id: int, text: str, *, actor: Person, now: datetime, office: Office
) -> TeleworkPlan:
    """Tell what was done in an approved half-day away from the office; again, to correct it.

    Raises as `own_plan`, Conflict `telework.state` where it is not approved, lies ahead, or is no work.
    """
    plan = own_plan(session, plan_id, actor=actor)
    over = plan.on_date <= office.day(now)
    if plan.state is not PlanState.APPROVED or plan.kind not in REPORTED or not over:
        raise Conflict("telework.state", state=plan.state.value)
    plan.reported_at, plan.report = now, text
    session.flush()
    _record(session, "telework.reported", plan, now)
    return plan


def _record(session: Session, kind: str, plan: TeleworkPlan, now: datetime, **more: object) -> None:
    events.record(
        session,
        kind,
        f"user:{plan.user_id}",
        at=now,
        actor_id=plan.user_id,
        plan_id=plan.id,
        on=plan.on_date.isoformat(),
        half=plan.half,
        to=plan.kind,
        **more,
    )
