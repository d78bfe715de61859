"""API of telework: one's plans, a chief's approval."""

from typing import Any

from app.access import PEOPLE, Role, allow, asker
from app.database import reading, transaction
from app.extensions import db
from app.http import Blueprint, now, position_page, settings
from app.telework import service
from app.telework.rules import Half, PlanKind
from app.telework.schemas import DaysQuery, PlanList, PlanPut, PlanRequest, PlanView
from app.telework.service import Office

api = Blueprint("telework", "telework", url_prefix="/api/v1", description="Telework plans")


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
