"""API of telework: one's plans, a chief's approval, the day log."""

from typing import Any

from app.access import PEOPLE, READERS, Role, allow, asker
from app.database import reading, transaction
from app.errors import Forbidden
from app.extensions import db
from app.fields import ME
from app.http import Blueprint, now, position_page, settings
from app.telework import service
from app.telework.models import HalfDay
from app.telework.rules import Half, PlanKind
from app.telework.schemas import DaysQuery, HalfDayList, PlanList, PlanPut, PlanRequest, PlanView
from app.telework.service import Office

api = Blueprint("telework", "telework", url_prefix="/api/v1", description="Telework plans and days")
SEES_ALL = frozenset({Role.PERSONNEL, Role.AUDITOR})


@api.route("/telework/plans")
@api.arguments(DaysQuery, location="query")
@api.response(200, PlanList)
@allow(*PEOPLE)
def plans(query: dict[str, Any]) -> Any:
    """One's own plans"""
    with reading(db.engine) as session:
        found = service.list_plans(session, user_id=asker().id, first=query["first"], last=query["last"])
    return position_page(found, query)


@api.route("/telework/plans", methods=["PUT"])
@api.arguments(PlanRequest)
@api.response(200, PlanPut)
@allow(*PEOPLE)
def put_plan(body: dict[str, Any]) -> Any:
    """Plan one's own half-day; the chief approves. Tells which bookings it makes needless"""
    with transaction(db.engine) as session:
        plan = service.put_plan(
            session,
            actor=asker(),
            on=body["on"],
            half=Half(body["half"]),
            kind=PlanKind(body["kind"]),
            now=now(),
        )
        needless = service.needless_bookings(session, plan, Office.of(settings()))
        session.expunge_all()
    return {"plan": plan, "needless": needless}


@api.route("/telework/plans/<int:plan_id>/approve", methods=["POST"])
@api.response(200, PlanView)
@allow(Role.CHIEF)
def approve(plan_id: int) -> Any:
    """Approve a plan of the own section"""
    with transaction(db.engine) as session:
        plan = service.approve_plan(session, plan_id, actor=asker(), now=now())
        session.expunge(plan)
    return plan


@api.route("/telework/days")
@api.arguments(DaysQuery, location="query")
@api.response(200, HalfDayList)
@allow(*READERS)
def days(query: dict[str, Any]) -> Any:
    """The day log: one's own; of a section for its chief; of all for personnel"""
    person = asker()
    user, section = query["user"], query["section"]
    user_id = person.id if user == ME or (user is None and section is None) else user
    chiefs = person.role is Role.CHIEF and user_id is None and section in person.section_ids
    if user_id != person.id and not chiefs and person.role not in SEES_ALL:
        raise Forbidden("telework.not_allowed", why="days")
    if user_id is not None and user_id != person.id:
        with transaction(db.engine) as session:
            service.look_at(session, user_id, actor=person, now=now())
    with reading(db.engine) as session:
        start, limit = query["cursor"], query["limit"]
        rows = service.list_days(
            session,
            first=query["first"],
            last=query["last"],
            user_id=user_id,
            section_id=section,
            start=start,
            limit=limit + 1,
        )
    return {
        "items": [_shown(half_day, name) for half_day, name in rows[:limit]],
        "next_cursor": start + limit if len(rows) > limit else None,
    }


def _shown(half_day: HalfDay, name: str) -> dict[str, Any]:
    return {
        "id": half_day.id,
        "user_id": half_day.user_id,
        "name": name,
        "on_date": half_day.on_date,
        "half": half_day.half.value,
        "day_class": half_day.day_class.value,
        "reason": half_day.reason,
        "conflict": half_day.conflict,
    }
