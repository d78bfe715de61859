"""API by which the layout, its sensors and the office's rules are kept."""

from __future__ import annotations

from typing import Any

from flask import Response, make_response

from app import pipeline
from app.access import READERS, Role, allow, asker
from app.database import reading, rehearsal, transaction
from app.extensions import db
from app.http import Blueprint, PageArguments, model_timing, now, position_page
from app.spaces import layout, service
from app.spaces.rules import Kind
from app.spaces.schemas import (
    DryRun,
    MoveList,
    NewSensor,
    NewSpace,
    NewZone,
    PolicyChange,
    PolicyList,
    PolicyQuery,
    PolicySet,
    PolicyView,
    SensorChange,
    SensorSetView,
    SensorSwap,
    SpaceChange,
    SpaceChanged,
    SpaceSetView,
    ZoneChange,
    ZoneChanged,
    ZoneView,
    changed,
    moves_shown,
)

api = Blueprint("layout", "layout", url_prefix="/api/v1", description="Keeping the layout and the rules")
KEEPERS = (Role.FACILITY, Role.IT)


@api.route("/zones", methods=["POST"])
@api.arguments(NewZone)
@api.response(201, ZoneView)
@allow(Role.FACILITY)
def add_zone(body: dict[str, Any]) -> Any:
    """Add a zone to a floor"""
    with transaction(db.engine) as session:
        zone = layout.add_zone(session, body, actor_id=asker().id, now=now())
        session.expunge(zone)
    return zone


@api.route("/zones/<int:zone_id>", methods=["PATCH"])
@api.arguments(DryRun, location="query")
@api.arguments(ZoneChange)
@api.response(200, ZoneChanged)
@allow(Role.FACILITY)
def change_zone(query: dict[str, Any], body: dict[str, Any], zone_id: int) -> Any:
    """Change a zone; whoever may no longer have what they booked there moves to the best other space, or is told"""
    with (rehearsal if query["dry_run"] else transaction)(db.engine) as session:
        zone, moves = pipeline.change_zone(session, zone_id, body, actor=asker(), now=now())
        return changed(ZoneView, zone, moves)


@api.route("/zones/<int:zone_id>", methods=["DELETE"])
@api.response(204)
@allow(Role.FACILITY)
def remove_zone(zone_id: int) -> Response:
    """Take a zone without spaces out of the layout; its history stays"""
    with transaction(db.engine) as session:
        layout.remove_zone(session, zone_id, actor_id=asker().id, now=now())
    return make_response("", 204)


@api.route("/spaces", methods=["POST"])
@api.arguments(NewSpace)
@api.response(201, SpaceSetView)
@allow(Role.FACILITY)
def add_space(body: dict[str, Any]) -> Any:
    """Add a space to a zone"""
    with transaction(db.engine) as session:
        space = layout.add_space(session, _space_values(body), actor_id=asker().id, now=now())
        session.expunge(space)
    return space, 201, {"Location": f"/api/v1/spaces/{space.id}"}


@api.route("/spaces/<int:space_id>", methods=["PATCH"])
@api.arguments(DryRun, location="query")
@api.arguments(SpaceChange)
@api.response(200, SpaceChanged)
@allow(Role.FACILITY)
def change_space(query: dict[str, Any], body: dict[str, Any], space_id: int) -> Any:
    """Change a space; whoever may no longer have what they booked moves, and a booked seat becomes no room"""
    with (rehearsal if query["dry_run"] else transaction)(db.engine) as session:
        space, moves = pipeline.change_space(session, space_id, _space_values(body), actor=asker(), now=now())
        return changed(SpaceSetView, space, moves)


@api.route("/spaces/<int:space_id>", methods=["DELETE"])
@api.arguments(DryRun, location="query")
@api.response(200, MoveList)
@allow(Role.FACILITY)
def remove_space(query: dict[str, Any], space_id: int) -> Any:
    """Take a space out of the layout: its bookings move to the best other space, or end and their people are told"""
    with (rehearsal if query["dry_run"] else transaction)(db.engine) as session:
        return moves_shown(pipeline.remove_space(session, space_id, actor=asker(), now=now()))


def _space_values(body: dict[str, Any]) -> dict[str, Any]:
    return body | ({"kind": Kind(body["kind"])} if "kind" in body else {})


@api.route("/sensors", methods=["POST"])
@api.arguments(NewSensor)
@api.response(201, SensorSetView)
@allow(*KEEPERS)
def add_sensor(body: dict[str, Any]) -> Any:
    """Make a sensor known, and say what it watches; what is not said of its times is as its model's profile says"""
    body = {**model_timing(body.get("model", "")), **body}
    with transaction(db.engine) as session:
        sensor = layout.add_sensor(session, body, actor_id=asker().id, now=now())
        session.expunge(sensor)
    return sensor


@api.route("/sensors/<path:sensor_id>", methods=["PATCH"])
@api.arguments(SensorChange)
@api.response(200, SensorSetView)
@allow(*KEEPERS)
def change_sensor(body: dict[str, Any], sensor_id: str) -> Any:
    """Change a sensor, or what it watches from now on"""
    with transaction(db.engine) as session:
        sensor = layout.change_sensor(session, sensor_id, body, actor_id=asker().id, now=now())
        session.expunge(sensor)
    return sensor


@api.route("/sensors/<path:sensor_id>/swap", methods=["POST"])
@api.arguments(SensorSwap)
@api.response(200, SensorSetView)
@allow(*KEEPERS)
def swap_sensor(body: dict[str, Any], sensor_id: str) -> Any:
    """A spare takes the place of a sensor: it watches what that one did"""
    with transaction(db.engine) as session:
        spare = layout.swap_sensor(session, sensor_id, body["spare_id"], actor_id=asker().id, now=now())
        session.expunge(spare)
    return spare


@api.route("/sensors/<path:sensor_id>", methods=["DELETE"])
@api.response(204)
@allow(*KEEPERS)
def let_sensor_go(sensor_id: str) -> Response:
    """The sensor watches nothing any more; what it said stays"""
    with transaction(db.engine) as session:
        layout.change_sensor(session, sensor_id, {"space_id": None}, actor_id=asker().id, now=now())
    return make_response("", 204)


@api.route("/policies")
@api.arguments(PageArguments, location="query")
@api.response(200, PolicyList)
@allow(*READERS)
def policies(query: dict[str, Any]) -> Any:
    """What holds for each kind of space, and for kinds in zones that have values of their own"""
    with reading(db.engine) as session:
        return position_page(service.policy_list(session), query)


@api.route("/policies", methods=["POST"])
@api.arguments(PolicySet)
@api.response(201, PolicyView)
@allow(Role.FACILITY)
def set_policy(body: dict[str, Any]) -> Any:
    """Set values for a kind of space, everywhere or in a zone; null: as it would be without"""
    return _set(Kind(body["kind"]), body["zone_id"], body["values"])


@api.route("/policies/<string:kind>", methods=["PATCH"])
@api.arguments(PolicyQuery, location="query")
@api.arguments(PolicyChange)
@api.response(200, PolicyView)
@allow(Role.FACILITY)
def change_policy(query: dict[str, Any], body: dict[str, Any], kind: str) -> Any:
    """The same, for one kind by its address"""
    return _set(service.kind_of(kind), query["zone"], body["values"])


@api.route("/policies/<string:kind>", methods=["DELETE"])
@api.arguments(PolicyQuery, location="query")
@api.response(204)
@allow(Role.FACILITY)
def reset_policy(query: dict[str, Any], kind: str) -> Response:
    """Back to the defaults, in a zone to what holds for the kind elsewhere"""
    with transaction(db.engine) as session:
        service.reset_policy(
            session, service.kind_of(kind), zone_id=query["zone"], actor_id=asker().id, now=now()
        )
    return make_response("", 204)


def _set(kind: Kind, zone_id: int | None, values: dict[str, str | None]) -> Any:
    with transaction(db.engine) as session:
        for key, value in values.items():
            service.set_or_clear_policy(
                session, kind, key, value, zone_id=zone_id, actor_id=asker().id, now=now()
            )
        return service.policy_of(session, kind, zone_id)
