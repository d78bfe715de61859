"""API of telework: one's plans and caps. Approvals, rules, the day log: beside."""

from collections.abc import Callable
from typing import Any

from flask import request
from marshmallow import fields
from sqlalchemy.orm import Session

from app import pipeline
from app.access import PEOPLE, READERS, allow, asker
from app.calendar import working_days
from app.cursors import BY_ID, key_page, paged_by
from app.database import lock_rows, reading, transaction
from app.errors import RuleBroken
from app.extensions import db
from app.fields import ME, Day
from app.http import Blueprint, now, settings, today
from app.telework import freeing, requesting, service
from app.telework.approval import service as approval
from app.telework.caps.rules import Breach, concerning
from app.telework.caps.service import check_may_see, facts, standings_of
from app.telework.daylog.service import note_look
from app.telework.freeing import awaited_needlessly, needless_by, needless_of
from app.telework.models import TeleworkPlan
from app.telework.requesting import Wanted, wanted_between
from app.telework.rules import Half, PlanKind
from app.telework.schemas import (
    HALF,
    CapsQuery,
    CapsView,
    FreedList,
    FreeRequest,
    NeedlessList,
    PlanList,
    PlanPut,
    PlanRequest,
    PlansSeen,
    PlanView,
    ReportRequest,
    SpanQuery,
)
from app.telework.service import Office
from app.versions import changes, shown
from app.wording import of_telework

api = Blueprint("telework", "telework", url_prefix="/api/v1", description="Telework plans and days")


def breach_shown(breach: Breach) -> dict[str, Any]:
    """A breach as every answer tells it, with its sentence."""
    told = facts(breach)
    return {**told, "detail": of_telework.breach(told)}


def _hold_own(session: Session) -> None:
    lock_rows(session, "person", [asker().id])


@api.route("/telework/plans")
@shown(_hold_own)
@api.arguments(paged_by(Day(), fields.String(validate=HALF), of=SpanQuery), location="query")
@api.response(200, PlanList)
@allow(*PEOPLE)
def plans(query: dict[str, Any]) -> Any:
    """One's own plans"""
    with reading(db.engine) as session:
        found = service.list_plans(session, user_id=asker().id, first=query["first"], last=query["last"])
    return key_page(found, query, lambda one: (one.on_date, one.half.value))


@api.route("/telework/plans", methods=["PUT"])
@changes(plans)
@api.arguments(PlansSeen, location="query")
@api.arguments(PlanRequest)
@api.response(200, PlanPut)
@allow(*PEOPLE)
def put_plan(_query: dict[str, Any], body: dict[str, Any]) -> Any:
    """Plan one's own half-days, one or many; the chief approves. If-Match is of the GET of the same query"""
    office = Office.of(settings())
    is_one = "half" in body
    wanted = [cell for one in body.get("cells", [body]) for cell in _wanted(one, office)]
    if len({(one.on, one.half) for one in wanted}) < len(wanted):
        raise RuleBroken("request.invalid", field="cells")
    with transaction(db.engine) as session:
        asked = requesting.request(
            session, wanted, actor=asker(), now=now(), office=office, own_terminals=pipeline.own_terminals
        )
        needless = {made: needless_by(session, made, office, now=now()) for made in asked.plans}
        items = [
            {
                "plan": made,
                "needless_bookings": [one.booking for one in found if one.left is None],
                "partly_needless": [one for one in found if one.left is not None],
                "breaches": [breach_shown(one) for one in concerning(asked.breaches, [made.on_date])],
            }
            for made, found in needless.items()
        ]
        session.expunge_all()
    return items[0] if is_one else {"items": items}


def _wanted(one: dict[str, Any], office: Office) -> list[Wanted]:
    kind = PlanKind(one["kind"])
    if "half" in one:
        return [Wanted(one["on"], Half(one["half"]), kind)]
    return wanted_between(one["on"], one["starts"], one["ends"], kind, office)


@api.route("/telework/plans/<int:plan_id>")
@shown(approval.hold_plan)
@api.response(200, PlanView)
@allow(*PEOPLE)
def plan(plan_id: int) -> Any:
    """A plan, to its person and to whoever decides on it"""
    with reading(db.engine) as session:
        found = approval.get_plan(session, plan_id, actor=asker())
    # A change made from what was seen looks at nothing more.
    if request.method == "GET":
        _looked_at(found.user_id)
    return found


def _looked_at(user_id: int) -> None:
    if user_id != asker().id:
        with transaction(db.engine) as session:
            note_look(session, user_id, actor=asker(), now=now())


@api.route("/telework/needless")
@api.arguments(paged_by(*BY_ID), location="query")
@api.response(200, NeedlessList)
@allow(*PEOPLE)
def list_needless(query: dict[str, Any]) -> Any:
    """What one's plans of today and later make needless of what one has booked, waits for and wishes for"""
    office = Office.of(settings())
    with reading(db.engine) as session:
        found = needless_of(session, [asker().id], now=now(), office=office)
        awaited = awaited_needlessly(session, asker().id, now=now(), office=office)
    mine = found.get(asker().id, [])
    page = key_page(mine, query, lambda one: (one.booking.id,))
    return page | {"waits": awaited.waits, "wishes": awaited.draws}


@api.route("/telework/needless", methods=["POST"])
@api.arguments(FreeRequest)
@api.response(200, FreedList)
@allow(*PEOPLE)
def free(body: dict[str, Any]) -> Any:
    """Give up of these bookings what one's plans make needless, all of it or the part, and wait and wish no longer"""
    with transaction(db.engine) as session:
        given = freeing.free(
            session,
            body["booking_ids"],
            actor=asker(),
            now=now(),
            office=Office.of(settings()),
            entry_ids=body["wait_ids"],
            draw_ids=body["draw_ids"],
        )
        session.expunge_all()
    return {"freed": given.bookings, "waits": given.waits, "wishes": given.draws}


@api.route("/telework/plans/<int:plan_id>/withdraw", methods=["POST"])
@changes(plan)
@api.response(200, PlanView)
@allow(*PEOPLE)
def withdraw(plan_id: int) -> Any:
    """Take one's own request or approved plan back, until the day is closed"""
    return _changed(lambda session: requesting.withdraw(session, plan_id, actor=asker(), now=now()))


@api.route("/telework/plans/<int:plan_id>/restore", methods=["POST"])
@changes(plan)
@api.response(200, PlanView)
@allow(*PEOPLE)
def restore(plan_id: int) -> Any:
    """Undo a withdrawal, within a quarter of an hour: the plan is as it was, approved where it was"""
    office = Office.of(settings())
    return _changed(
        lambda session: requesting.restore(
            session, plan_id, actor=asker(), now=now(), office=office, own_terminals=pipeline.own_terminals
        )
    )


@api.route("/telework/plans/<int:plan_id>/report", methods=["POST"])
@changes(plan)
@api.arguments(ReportRequest)
@api.response(200, PlanView)
@allow(*PEOPLE)
def report(body: dict[str, Any], plan_id: int) -> Any:
    """Tell what was done in an approved half-day, from its day on"""
    office = Office.of(settings())
    return _changed(
        lambda session: requesting.report(
            session, plan_id, body["text"], actor=asker(), now=now(), office=office
        )
    )


def _changed(change: Callable[[Session], TeleworkPlan]) -> TeleworkPlan:
    with transaction(db.engine) as session:
        changed = change(session)
        session.expunge(changed)
    return changed


@api.route("/telework/caps")
@api.arguments(CapsQuery, location="query")
@api.response(200, CapsView)
@allow(*READERS)
def caps(query: dict[str, Any]) -> Any:
    """How much of each cap is used and left: one's own; of the section for its chief; of all for personnel"""
    user_id = asker().id if query["user"] in {None, ME} else query["user"]
    on = query["on"] or today()
    with reading(db.engine) as session:
        check_may_see(session, user_id, actor=asker(), on=on)
        calendar = working_days(session, on.year)
        rule, found = standings_of(session, user_id, on, Office.of(settings()), calendar)
    _looked_at(user_id)
    return {
        "user_id": user_id,
        "on": on,
        "unit": rule.unit if rule else None,
        "eligible": rule.eligible if rule else None,
        "caps": found,
    }
