"""API of spaces that are out of order, now or later."""

from __future__ import annotations

from typing import Any

from flask import Response, make_response

from app import pipeline
from app.access import Role, allow, asker
from app.cursors import key_page, paged_by
from app.database import reading, transaction
from app.errors import RuleBroken
from app.extensions import db
from app.fields import Identifier, Instant
from app.http import Blueprint, now
from app.spaces import outages, service
from app.spaces.outage_schemas import OutageList, OutageRequest, OutageView
from app.spaces.routes import LOOKERS
from app.spaces.routes import space as show_space
from app.spaces.schemas import MoveList, moves_shown
from app.versions import changes, shown

api = Blueprint("outages", "outages", url_prefix="/api/v1", description="Spaces out of order")


@api.route("/outages")
@api.arguments(paged_by(Instant(), Identifier(strict=True)), location="query")
@api.response(200, OutageList)
@allow(*LOOKERS)
def list_outages(query: dict[str, Any]) -> Any:
    """Outages that hold now or later"""
    with reading(db.engine) as session:
        found = [one.outage for one in outages.list_outages(session, now=now())]
        return key_page(found, query, lambda one: (one.start_at, one.id))


@api.route("/outages/<int:outage_id>")
@shown(outages.hold)
@api.response(200, OutageView)
@allow(*LOOKERS)
def outage(outage_id: int) -> Any:
    """One outage that was neither ended before its time nor taken back"""
    with reading(db.engine) as session:
        return outages.get_outage(session, outage_id)


@api.route("/outages/<int:outage_id>", methods=["DELETE"])
@changes(outage)
@api.response(204)
@allow(Role.FACILITY)
def lift(outage_id: int) -> Response:
    """End an outage now, or take back one to come; the space's others stay, and who was moved stays where they are"""
    with transaction(db.engine) as session:
        outages.lift(session, outage_id, actor_id=asker().id, now=now())
    return make_response("", 204)


@api.route("/spaces/<int:space_id>/outage", methods=["POST"])
@changes(show_space)
@api.arguments(OutageRequest)
@api.response(201, MoveList)
@api.alt_response(200, schema=MoveList, description="who would go where, of a dry run")
@allow(Role.FACILITY)
def break_down(body: dict[str, Any], space_id: int) -> Any:
    """A space is out of order: its bookings move to the best other space, or end and their people are told"""
    begins = max(body["start"] or now(), now())
    if body["end"] is not None and body["end"] <= begins:
        raise RuleBroken("request.invalid", detail="end must be after start, and not past")
    outage = pipeline.Outage(space_id, begins, body["end"], body["reason"])
    if body["dry_run"]:
        with reading(db.engine) as session:
            return moves_shown(pipeline.moves_of(session, outage, now=now())), 200
    with transaction(db.engine) as session:
        return moves_shown(pipeline.take_out_of_order(session, outage, actor=asker(), now=now()))


@api.route("/spaces/<int:space_id>/outage", methods=["DELETE"])
@changes(show_space)
@api.response(204)
@allow(Role.FACILITY)
def mend(space_id: int) -> Response:
    """The space is in order again: what is out of order now ends, outages to come stay; who was moved stays where
    they are"""
    with transaction(db.engine) as session:
        found = service.get_place(session, space_id).space.id
        outages.mend(session, [found], actor_id=asker().id, now=now())
    return make_response("", 204)
