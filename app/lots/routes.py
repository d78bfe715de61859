"""API of draws by lot: the zones' rules, the draws with their promise and record, one's own wish."""

from typing import Any

from flask import Response, make_response

from app.access import PEOPLE, READERS, Role, allow, asker
from app.database import reading, transaction
from app.errors import NotFound
from app.extensions import db
from app.http import Blueprint, cursor_page, now
from app.lots import service
from app.lots.rules.record import check
from app.lots.schemas import (
    CheckView,
    DrawList,
    DrawQuery,
    DrawView,
    LotRuleView,
    RecordView,
    WishRequest,
    WishView,
)
from app.lots.service import LotRule
from app.lots.views import record_of
from app.versions import changes, shown

api = Blueprint("lots", "lots", url_prefix="/api/v1", description="Drawing lots")


@api.route("/zones/<int:zone_id>/lots")
@shown(service.hold_zone)
@api.response(200, LotRuleView)
@allow(*READERS)
def rule(zone_id: int) -> Any:
    """How a zone is drawn"""
    with reading(db.engine) as session:
        return service.get_rule(session, zone_id)


@api.route("/zones/<int:zone_id>/lots", methods=["PUT"])
@changes(rule)
@api.arguments(LotRuleView)
@api.response(200, LotRuleView)
@allow(Role.FACILITY)
def set_rule(body: dict[str, Any], zone_id: int) -> Any:
    """Let a zone be drawn from the next draw on, or no more; what is booked stays"""
    wanted = LotRule(**body)
    with transaction(db.engine) as session:
        service.set_lots(session, zone_id, wanted, actor_id=asker().id, now=now())
    return wanted


@api.route("/lots")
@api.arguments(DrawQuery, location="query")
@api.response(200, DrawList)
@allow(*READERS)
def index(query: dict[str, Any]) -> Any:
    """Draws, with the commitment to the seed before and the seed after"""
    with reading(db.engine) as session:
        found = service.list_draws(
            session, zone_id=query["zone"], after_id=query["cursor"], limit=query["limit"] + 1
        )
    return cursor_page(found, query["limit"])


@api.route("/lots/<int:draw_id>")
@api.response(200, DrawView)
@allow(*READERS)
def show(draw_id: int) -> Any:
    """One draw"""
    with reading(db.engine) as session:
        return service.get_draw(session, draw_id)


@api.route("/lots/<int:draw_id>/record")
@api.response(200, RecordView)
@api.doc(responses={409: {}})
@allow(*READERS)
def record(draw_id: int) -> Any:
    """Seed, inputs and result of a draw that took place, people by their numbers"""
    with reading(db.engine) as session:
        return record_of(service.get_draw(session, draw_id))


@api.route("/lots/<int:draw_id>/check")
@api.response(200, CheckView)
@api.doc(responses={409: {}})
@allow(*READERS)
def check_draw(draw_id: int) -> Any:
    """Repeat a draw from its record"""
    with reading(db.engine) as session:
        found = record_of(service.get_draw(session, draw_id))
    return check(found)


@api.route("/lots/<int:draw_id>/wish")
@shown(service.hold_draw)
@api.response(200, WishView)
@allow(*PEOPLE)
def show_wish(draw_id: int) -> Any:
    """One's own wish and what became of it"""
    with reading(db.engine) as session:
        service.get_draw(session, draw_id)
        found = service.find_wish(session, draw_id, asker().id)
    if found is None:
        raise NotFound("lots.no_wish", draw_id=draw_id)
    return found


@api.route("/lots/<int:draw_id>/wish", methods=["PUT"])
@changes(show_wish)
@api.arguments(WishRequest)
@api.response(200, WishView)
@allow(*PEOPLE)
def wish(body: dict[str, Any], draw_id: int) -> Any:
    """Wish for a desk of the day that is drawn, or change the wish"""
    with transaction(db.engine) as session:
        made = service.wish(
            session, draw_id, actor=asker(), now=now(), prefers=body["prefers"], beside=body["beside"]
        )
        session.expunge(made)
    return made


@api.route("/lots/<int:draw_id>/wish", methods=["DELETE"])
@changes(show_wish)
@api.response(204)
@allow(*PEOPLE)
def withdraw(draw_id: int) -> Response:
    """Wish for nothing any more"""
    with transaction(db.engine) as session:
        service.withdraw(session, draw_id, actor=asker(), now=now())
    return make_response("", 204)
