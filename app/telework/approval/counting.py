"""How much waits for somebody's decision, for the navigation of every page: one query, over what may be theirs alone.

Who decides is the rule of `app.telework.approval.rules.deciders`, told to the database; tests hold the two together.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import CTE, ColumnElement, Select, and_, func, literal, or_, select
from sqlalchemy.orm import Session

from app.people.models import Membership, Role, Section, User
from app.people.service import Person
from app.telework.approval.waiting import AHEAD, BACK
from app.telework.models import TeleworkDeputy, TeleworkPlan
from app.telework.rules import AWAY, PlanKind, PlanState


def count_waiting(session: Session, actor: Person, today: date) -> int:
    """How many requested half-days somebody decides on, of the days that the page of approvals shows."""
    chiefs = _chiefs(actor.on).cte("chiefs")
    decides = or_(chiefs.c.user_id == actor.id, chiefs.c.user_id.in_(_acts_for(actor)))
    query = _waiting(actor, today)
    if actor.role is not Role.PERSONNEL:
        below = _below(select(chiefs.c.section_id).where(decides))
        query = query.where(
            TeleworkPlan.user_id.in_(
                select(Membership.user_id).where(Membership.section_id.in_(select(below.c.id)))
            )
        )
    waiting = query.cte("waiting")
    above = _above(waiting)
    is_above = and_(chiefs.c.section_id == above.c.section_id, chiefs.c.user_id != above.c.user_id)
    nearest = (
        select(above.c.plan_id, above.c.origin, func.min(above.c.distance).label("distance"))
        .join(chiefs, is_above)
        .group_by(above.c.plan_id, above.c.origin)
        .cte("nearest")
    )
    is_nearest = and_(*(nearest.c[name] == above.c[name] for name in ("plan_id", "origin", "distance")))
    theirs = select(above.c.plan_id).join(chiefs, is_above).join(nearest, is_nearest).where(decides)
    of_nobody = waiting.c.id.not_in(select(nearest.c.plan_id))
    found: ColumnElement[bool] = waiting.c.id.in_(theirs)
    if actor.role is Role.PERSONNEL:
        found = or_(found, of_nobody)
    return session.scalar(select(func.count()).select_from(waiting).where(found)) or 0


def _waiting(actor: Person, today: date) -> Select[int, int, date]:
    """The requests of others who are here."""
    return (
        select(TeleworkPlan.id, TeleworkPlan.user_id, TeleworkPlan.on_date)
        .join(User, User.id == TeleworkPlan.user_id)
        .where(
            TeleworkPlan.state == PlanState.REQUESTED,
            TeleworkPlan.on_date.between(today - BACK, today + AHEAD),
            TeleworkPlan.kind != PlanKind.OFFICE,
            TeleworkPlan.user_id != actor.id,
            User.left_at.is_(None),
            User.role.not_in((Role.KIOSK, Role.SERVICE)),
        )
    )


def _below(sections: Select[Any]) -> CTE:
    """These sections and all below them."""
    found = sections.with_only_columns(*(one.label("id") for one in sections.selected_columns)).cte(
        "below", recursive=True
    )
    return found.union(select(Section.id).join(found, found.c.id == Section.parent_id))


def _above(waiting: CTE) -> CTE:
    """For each request and section of its day (`origin`): that section and all above it, with their distance."""
    own = (
        select(
            waiting.c.id.label("plan_id"),
            waiting.c.user_id,
            Membership.section_id.label("origin"),
            Membership.section_id,
            literal(0).label("distance"),
        )
        .join(Membership, and_(Membership.user_id == waiting.c.user_id, _holds(waiting.c.on_date)))
        .cte("above", recursive=True)
    )
    return own.union_all(
        select(own.c.plan_id, own.c.user_id, own.c.origin, Section.parent_id, own.c.distance + 1)
        .join(Section, Section.id == own.c.section_id)
        .where(Section.parent_id.is_not(None))
    )


def _holds(on: date | ColumnElement[date]) -> ColumnElement[bool]:
    return and_(Membership.from_on <= on, or_(Membership.until_on.is_(None), Membership.until_on >= on))


def _chiefs(on: date) -> Select[int, int]:
    return (
        select(Membership.section_id, Membership.user_id)
        .join(User, User.id == Membership.user_id)
        .where(User.role == Role.CHIEF, User.left_at.is_(None), _holds(on))
    )


def _acts_for(actor: Person) -> Select[int]:
    """The chiefs for whom somebody decides now."""
    is_away = select(TeleworkPlan.id).where(
        TeleworkPlan.user_id == TeleworkDeputy.chief_id,
        TeleworkPlan.on_date == actor.on,
        TeleworkPlan.state == PlanState.APPROVED,
        TeleworkPlan.kind.in_(AWAY),
    )
    return select(TeleworkDeputy.chief_id).where(
        TeleworkDeputy.deputy_id == actor.id,
        TeleworkDeputy.from_on <= actor.on,
        or_(TeleworkDeputy.until_on.is_(None), TeleworkDeputy.until_on >= actor.on),
        or_(TeleworkDeputy.when_away.is_(False), is_away.exists()),
    )
