"""API of approvals: what waits, deciding, who decides for a chief."""

from datetime import date
from typing import Any

from flask import Response, make_response
from marshmallow import fields

from app import pipeline
from app.access import PEOPLE, Role, allow, asker
from app.cursors import BY_ID, key_page, paged_by
from app.database import reading, transaction
from app.extensions import db
from app.fields import Day, Identifier
from app.http import Blueprint, now, settings, today
from app.telework.approval import deputies
from app.telework.approval import service as approval
from app.telework.approval.rules import Deputy
from app.telework.approval.waiting import AHEAD, BACK, approve_week, asked
from app.telework.caps.rules import Limit, period
from app.telework.models import TeleworkDeputy
from app.telework.routes import breach_shown
from app.telework.routes import plan as show_plan
from app.telework.schemas import (
    HALF,
    ApprovalsQuery,
    ApprovalsRequest,
    ApprovedView,
    DeputyList,
    DeputyRequest,
    DeputyView,
    PlanView,
    ReasonRequest,
    WaitingList,
)
from app.telework.service import Office
from app.versions import changes, row, shown

api = Blueprint("telework_approvals", "telework_approvals", url_prefix="/api/v1", description="Approvals")
# Anybody may be named deputy; whether the asker decides on a plan is the service's to say.
DECIDERS = PEOPLE
NAMERS = (Role.CHIEF, Role.PERSONNEL)


@api.route("/telework/approvals")
@api.arguments(
    paged_by(Identifier(strict=True), Day(), fields.String(validate=HALF), of=ApprovalsQuery),
    location="query",
)
@api.response(200, WaitingList)
@allow(*DECIDERS)
def waiting(query: dict[str, Any]) -> Any:
    """The requests that wait for one's decision, each with what it breaks of the rules"""
    week = period(Limit.WEEK, query["week"]) if query["week"] else (today() - BACK, today() + AHEAD)
    with reading(db.engine) as session:
        office = Office.of(settings())
        found = asked(session, *week, actor=asker(), office=office, own_terminals=pipeline.own_terminals)
    rows = [
        {
            "plan": plan,
            "name": one.person.name,
            "breaches": [breach_shown(breach) for breach in one.broken.get(plan.id, ())],
        }
        for one in found
        for plan in one.waiting
    ]
    return key_page(rows, query, _place)


def _place(one: dict[str, Any]) -> tuple[int, date, str]:
    """By person, then by day."""
    plan = one["plan"]
    return plan.user_id, plan.on_date, plan.half.value


@api.route("/telework/approvals", methods=["POST"])
@api.arguments(ApprovalsRequest)
@api.response(200, ApprovedView)
@allow(*DECIDERS)
def approve_many(body: dict[str, Any]) -> Any:
    """Approve requests by their ids, or all of a week that break no rule; each person is told once"""
    office = Office.of(settings())
    with transaction(db.engine) as session:
        if "week" in body:
            done = approve_week(
                session,
                body["week"],
                actor=asker(),
                now=now(),
                office=office,
                seen_at=body["seen_at"],
                own_terminals=pipeline.own_terminals,
            )
        else:
            done = approval.approve_many(
                session, body["plan_ids"], actor=asker(), now=now(), seen_at=body["seen_at"], office=office
            )
        session.expunge_all()
    return done


@api.route("/telework/plans/<int:plan_id>/approve", methods=["POST"])
@changes(show_plan)
@api.response(200, PlanView)
@allow(*DECIDERS)
def approve(plan_id: int) -> Any:
    """Approve a request, whatever it breaks"""
    with transaction(db.engine) as session:
        office = Office.of(settings())
        plan = approval.approve_plan(session, plan_id, actor=asker(), now=now(), office=office)
        session.expunge(plan)
    return plan


@api.route("/telework/plans/<int:plan_id>/reject", methods=["POST"])
@changes(show_plan)
@api.arguments(ReasonRequest)
@api.response(200, PlanView)
@allow(*DECIDERS)
def reject(body: dict[str, Any], plan_id: int) -> Any:
    """Refuse a request, with a word why"""
    with transaction(db.engine) as session:
        plan = approval.reject(session, plan_id, body["reason"].strip(), actor=asker(), now=now())
        session.expunge(plan)
    return plan


@api.route("/telework/plans/<int:plan_id>/revoke", methods=["POST"])
@changes(show_plan)
@api.arguments(ReasonRequest)
@api.response(200, PlanView)
@allow(*DECIDERS)
def revoke(body: dict[str, Any], plan_id: int) -> Any:
    """Take an approval back, with the reason, until the day is closed"""
    with transaction(db.engine) as session:
        plan = approval.revoke(session, plan_id, body["reason"].strip(), actor=asker(), now=now())
        session.expunge(plan)
    return plan


@api.route("/telework/deputies")
@api.arguments(paged_by(*BY_ID), location="query")
@api.response(200, DeputyList)
@allow(*NAMERS, Role.AUDITOR)
def list_deputies(query: dict[str, Any]) -> Any:
    """Who decides for a chief, today or later: one's own deputies; all of them for personnel"""
    own = asker().id if asker().role is Role.CHIEF else None
    with reading(db.engine) as session:
        rows = deputies.list_deputies(session, today(), chief_id=own)
    listed = [_shown(*one) for one in rows]
    return key_page(listed, query, lambda one: (one["id"],))


@api.route("/telework/deputies/<int:deputy_id>")
@shown(row(TeleworkDeputy, "deputy_id"))
@api.response(200, DeputyView)
@allow(*NAMERS, Role.AUDITOR)
def deputy(deputy_id: int) -> Any:
    """Who decides for a chief, today or later: one's own deputy; any for personnel"""
    own = asker().id if asker().role is Role.CHIEF else None
    with reading(db.engine) as session:
        return _shown(*deputies.get_deputy(session, deputy_id, today(), chief_id=own))


@api.route("/telework/deputies", methods=["POST"])
@api.arguments(DeputyRequest)
@api.response(201, DeputyView)
@allow(*NAMERS)
def name_deputy(body: dict[str, Any]) -> Any:
    """Name who decides for a chief: on these days, or on those on which the chief is away"""
    chief_id = asker().id if body["chief_id"] is None else body["chief_id"]
    wanted = Deputy(
        chief_id, body["deputy_id"], body["from_on"] or today(), body["until_on"], body["when_away"]
    )
    with transaction(db.engine) as session:
        made = deputies.name_deputy(session, wanted, actor=asker(), now=now())
        return _shown(*deputies.get_deputy(session, made.id, today()))


@api.route("/telework/deputies/<int:deputy_id>", methods=["DELETE"])
@changes(deputy)
@api.response(204)
@allow(*NAMERS)
def end_deputy(deputy_id: int) -> Response:
    """The deputy decides no more, from now on"""
    with transaction(db.engine) as session:
        deputies.end_deputy(session, deputy_id, actor=asker(), now=now())
    return make_response("", 204)


def _shown(named: TeleworkDeputy, chief: str, deputy: str) -> dict[str, Any]:
    names = ("id", "chief_id", "deputy_id", "from_on", "until_on", "when_away")
    return {name: getattr(named, name) for name in names} | {"chief": chief, "deputy": deputy}
