"""Deciding on plans: who may, and approving, rejecting, revoking; one plan, or a person's week.

Whoever decides waits for the locks of the persons whose plans they are, so that nobody approves what has just changed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import events
from app.database import lock_rows
from app.errors import Conflict, Forbidden, NotFound
from app.events import Event
from app.people.models import Membership, Role, User
from app.people.sections import parents
from app.people.service import Person
from app.telework.approval.rules import Deciders, deciders
from app.telework.caps.service import Governed, governed
from app.telework.freeing import needless_of
from app.telework.guards import hold_months
from app.telework.models import TeleworkDeputy, TeleworkPlan
from app.telework.rules import AWAY, PlanState
from app.telework.service import Office, check_open


@dataclass(frozen=True, slots=True)
class Authority:
    """Who decides for whom on a day."""

    parents: Mapping[int, int | None]
    chiefs: Mapping[int, frozenset[int]]
    deputies: Mapping[int, frozenset[int]]

    def of(self, person: Governed, on: date) -> Deciders:
        """Who decides on a person's plan for the day `on`: by the sections of that day."""
        return deciders(person.user_id, person.sections_on(on), self.parents, self.chiefs, self.deputies)

    def may(self, actor: Person, person: Governed, on: date) -> bool:
        """Whether somebody decides on a person's plan for a day."""
        found = self.of(person, on)
        by_role = found.personnel and actor.role is Role.PERSONNEL and actor.id != person.user_id
        return by_role or actor.id in found.people


def authority(session: Session, on: date) -> Authority:
    """Who decides on the day `on`; four queries."""
    chiefs: dict[int, set[int]] = defaultdict(set)
    for section_id, user_id in session.execute(
        select(Membership.section_id, User.id)
        .join(User, User.id == Membership.user_id)
        .where(
            User.role == Role.CHIEF,
            User.left_at.is_(None),
            Membership.from_on <= on,
            Membership.until_on.is_(None) | (Membership.until_on >= on),
        )
    ):
        chiefs[section_id].add(user_id)
    deputies: dict[int, set[int]] = defaultdict(set)
    for one in _acting(session, on):
        deputies[one.chief_id].add(one.deputy_id)
    return Authority(
        parents(session),
        {section: frozenset(people) for section, people in chiefs.items()},
        {chief: frozenset(people) for chief, people in deputies.items()},
    )


def is_deputy(session: Session, user_id: int, on: date) -> bool:
    """Whether somebody decides for a chief on a day."""
    return any(one.deputy_id == user_id for one in _acting(session, on, of=user_id))


def _acting(session: Session, on: date, *, of: int | None = None) -> list[TeleworkDeputy]:
    """The deputies who decide on a day, or what makes one of them so; a chief is away who has an approved leave or trip
    in any half of it."""
    query = select(TeleworkDeputy).where(
        TeleworkDeputy.from_on <= on,
        TeleworkDeputy.until_on.is_(None) | (TeleworkDeputy.until_on >= on),
    )
    if of is not None:
        query = query.where(TeleworkDeputy.deputy_id == of)
    named = session.scalars(query.order_by(TeleworkDeputy.id)).all()
    standing = {one.chief_id for one in named if one.when_away}
    away = _away(session, standing, on) if standing else set()
    return [one for one in named if one.value.acts(on, away)]


def _away(session: Session, chief_ids: Collection[int], on: date) -> set[int]:
    query = select(TeleworkPlan.user_id).where(
        TeleworkPlan.user_id.in_(chief_ids),
        TeleworkPlan.on_date == on,
        TeleworkPlan.state == PlanState.APPROVED,
        TeleworkPlan.kind.in_(AWAY),
    )
    return set(session.scalars(query))


def decided_by(session: Session, plans: Iterable[TeleworkPlan], *, actor: Person) -> list[TeleworkPlan]:
    """Those of the plans on which somebody decides."""
    listed = list(plans)
    people = governed(session, {plan.user_id for plan in listed})
    who = authority(session, actor.on)
    return [plan for plan in listed if who.may(actor, people[plan.user_id], plan.on_date)]


def hold_plan(session: Session, *, plan_id: int) -> None:
    """Wait until nobody else changes the plans of a plan's person; held until the transaction ends."""
    owner = session.scalar(select(TeleworkPlan.user_id).where(TeleworkPlan.id == plan_id))
    lock_rows(session, "person", [owner] if owner is not None else [])


def get_plan(session: Session, plan_id: int, *, actor: Person) -> TeleworkPlan:
    """A plan, to its person and to whoever decides on it. Raises NotFound `telework.unknown`, Forbidden
    `telework.not_allowed`."""
    plan = session.get(TeleworkPlan, plan_id)
    if plan is None:
        raise NotFound("telework.unknown", plan_id=plan_id)
    if plan.user_id != actor.id and not decided_by(session, [plan], actor=actor):
        raise Forbidden("telework.not_allowed")
    return plan


def _to_decide(session: Session, plan_ids: Collection[int], *, actor: Person) -> list[TeleworkPlan]:
    """Plans to be decided on, as they are once it is one's turn.

    Raises NotFound `telework.unknown`, Forbidden `telework.not_allowed`.
    """
    query = select(TeleworkPlan).where(TeleworkPlan.id.in_(plan_ids))
    lock_rows(session, "person", set(session.scalars(query.with_only_columns(TeleworkPlan.user_id))))
    ordered = query.order_by(TeleworkPlan.user_id, TeleworkPlan.on_date, TeleworkPlan.half)
    plans = list(session.scalars(ordered, execution_options={"populate_existing": True}))
    missing = set(plan_ids) - {plan.id for plan in plans}
    if missing:
        raise NotFound("telework.unknown", plan_id=min(missing))
    if len(decided_by(session, plans, actor=actor)) < len(plans):
        raise Forbidden("telework.not_allowed")
    return plans


def approve_plan(
    session: Session, plan_id: int, *, actor: Person, now: datetime, office: Office | None = None
) -> TeleworkPlan:
    """Approve a request; also of a day that is over, which is then classified anew. `office`: so that the person is
    told how many of their bookings that makes needless.

    Raises NotFound `telework.unknown`, Forbidden `telework.not_allowed`, Conflict `telework.state`, or
    `telework.month_closed` where the day would not be classified anew.
    """
    (plan,) = _to_decide(session, [plan_id], actor=actor)
    _require_state([plan], PlanState.REQUESTED)
    _require_open_months(session, [plan], actor.on)
    _decide([plan], PlanState.APPROVED, actor=actor, now=now)
    _tell(session, "telework.approved", [plan], actor=actor, now=now, office=office)
    return plan


@dataclass(frozen=True, slots=True)
class Approved:
    """What became of many: approved; still waiting, since they changed after they were looked at."""

    approved: list[TeleworkPlan]
    left: list[TeleworkPlan]


def approve_many(
    session: Session,
    plan_ids: Collection[int],
    *,
    actor: Person,
    now: datetime,
    seen_at: datetime | None = None,
    office: Office | None = None,
) -> Approved:
    """Approve those of many requests that still are what they were at `seen_at`; each person is told once. `office` as
    of `approve_plan`.

    Raises NotFound `telework.unknown`, Forbidden `telework.not_allowed`, Conflict `telework.month_closed`: then none
    is.
    """
    plans = _to_decide(session, plan_ids, actor=actor)
    waiting = [plan for plan in plans if plan.state is PlanState.REQUESTED]
    chosen = [plan for plan in waiting if seen_at is None or plan.requested_at <= seen_at]
    _require_open_months(session, chosen, actor.on)
    _decide(chosen, PlanState.APPROVED, actor=actor, now=now)
    _tell(session, "telework.approved", chosen, actor=actor, now=now, office=office)
    return Approved(chosen, [plan for plan in waiting if plan not in chosen])


def reject(session: Session, plan_id: int, reason: str, *, actor: Person, now: datetime) -> TeleworkPlan:
    """Refuse a request, with a word why; also of a closed month. Raises NotFound `telework.unknown`, Forbidden
    `telework.not_allowed`, Conflict `telework.state`."""
    return reject_many(session, [plan_id], reason, actor=actor, now=now)[0]


def reject_many(
    session: Session, plan_ids: Collection[int], reason: str, *, actor: Person, now: datetime
) -> list[TeleworkPlan]:
    """Refuse requests, with one word why; all of them or none. Who had something else approved in their place is told
    that it does not come back. Raises as `reject`."""
    plans = _to_decide(session, plan_ids, actor=actor)
    _require_state(plans, PlanState.REQUESTED)
    _decide(plans, PlanState.REJECTED, actor=actor, now=now, reason=reason)
    _tell(
        session,
        "telework.rejected",
        plans,
        actor=actor,
        now=now,
        lost=_replaced(session, plans),
        reason=reason,
    )
    return plans


def _replaced(session: Session, plans: Collection[TeleworkPlan]) -> dict[int, list[list[str]]]:
    """By person the half-days which were approved as something else when these plans were asked for; one query."""
    asked = {(f"user:{one.user_id}", one.on_date.isoformat(), one.half.value): one for one in plans}
    rows = session.execute(
        select(Event.subject, Event.at, Event.data)
        .where(
            Event.kind == "telework.planned",
            Event.subject.in_({subject for subject, _on, _half in asked}),
            Event.at.in_({one.requested_at for one in plans}),
        )
        .order_by(Event.id)
    )
    found: dict[int, list[list[str]]] = defaultdict(list)
    for subject, at, data in rows:
        plan = asked.get((subject, data["on"], data["half"]))
        if plan is not None and plan.requested_at == at and "replaced" in data:
            found[plan.user_id].append([data["on"], data["half"], data["replaced"]])
    return found


def revoke(session: Session, plan_id: int, reason: str, *, actor: Person, now: datetime) -> TeleworkPlan:
    """Take an approval back, with the reason; not of a day that has been closed.

    Raises as `reject`, and Conflict `telework.day_closed`.
    """
    return revoke_many(session, [plan_id], reason, actor=actor, now=now)[0]


def revoke_many(
    session: Session, plan_ids: Collection[int], reason: str, *, actor: Person, now: datetime
) -> list[TeleworkPlan]:
    """Take approvals back, with one reason; all of them or none. Raises as `revoke`."""
    plans = _to_decide(session, plan_ids, actor=actor)
    for on in sorted({plan.on_date for plan in plans}):
        check_open(session, on)
    _require_state(plans, PlanState.APPROVED)
    _decide(plans, PlanState.REVOKED, actor=actor, now=now, reason=reason)
    _tell(session, "telework.revoked", plans, actor=actor, now=now, reason=reason)
    return plans


def _require_state(plans: Iterable[TeleworkPlan], state: PlanState) -> None:
    for plan in plans:
        if plan.state is not state:
            raise Conflict("telework.state", state=plan.state.value)


def _require_open_months(session: Session, plans: Iterable[TeleworkPlan], today: date) -> None:
    """A month is closed once it is over; what is then approved of it would change nothing."""
    closed = hold_months(session, {plan.on_date for plan in plans if plan.on_date < today.replace(day=1)})
    if closed:
        raise Conflict("telework.month_closed", on=min(closed).isoformat())


def _decide(
    plans: Iterable[TeleworkPlan], state: PlanState, *, actor: Person, now: datetime, reason: str = ""
) -> None:
    for plan in plans:
        plan.state, plan.decided_at, plan.decided_by, plan.reason = state, now, actor.id, reason
        approved = state is PlanState.APPROVED
        plan.approved_at, plan.approved_by = (now, actor.id) if approved else (None, None)


def _tell(
    session: Session,
    kind: str,
    plans: Iterable[TeleworkPlan],
    *,
    actor: Person,
    now: datetime,
    office: Office | None = None,
    lost: Mapping[int, Sequence[Sequence[str]]] | None = None,
    **more: str,
) -> None:
    """One event for each person, whatever number of half-days was decided on; with the number of bookings that they
    make needless, where the office's hours are known, and with the half-days whose approval they `lost`."""
    session.flush()
    by_person: dict[int, list[TeleworkPlan]] = defaultdict(list)
    for plan in plans:
        by_person[plan.user_id].append(plan)
    needless = needless_of(session, list(by_person), now=now, office=office) if office and by_person else {}
    count = {
        user_id: sum(
            any(plan in by_person[user_id] for plan in one.plans) for one in found if not one.is_of_guest
        )
        for user_id, found in needless.items()
    }
    rows = [
        {
            "at": now,
            "kind": kind,
            "subject": f"user:{user_id}",
            "actor_id": actor.id,
            "data": {
                "user_id": user_id,
                "cells": [[one.on_date.isoformat(), one.half.value, one.kind.value] for one in theirs],
                "plan_ids": [one.id for one in theirs],
                **({"count": count[user_id]} if count.get(user_id) else {}),
                **({"count": len(lost[user_id]), "lost": lost[user_id]} if lost and user_id in lost else {}),
                **more,
            },
        }
        for user_id, theirs in by_person.items()
    ]
    events.record_many(session, rows)
