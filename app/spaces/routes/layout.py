"""API by which the layout, its sensors and the office's rules are kept."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from flask import Response, make_response
from sqlalchemy.orm import Session

from app import pipeline
from app.access import READERS, Role, allow, asker
from app.cursors import key_page, paged_by
from app.database import reading, rehearsal, transaction
from app.extensions import db
from app.fields import Identifier
from app.http import Blueprint, model_timing, now
from app.spaces import layout, service
from app.spaces.models import Sensor
from app.spaces.routes import space as show_space
from app.spaces.routes import zone as show_zone
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
from app.versions import changes, row, shown

api = Blueprint("layout", "layout", url_prefix="/api/v1", description="Keeping the layout and the rules")
KEEPERS = (Role.FACILITY, Role.IT)
KINDS = list(Kind)


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
@changes(show_zone)
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
@changes(show_zone)
@api.response(204)
@allow(Role.FACILITY)
def remove_zone(zone_id: int) -> Response:
    """Take a zone without spaces out of the layout; its history stays"""
    with transaction(db.engine) as session:
        pipeline.remove_zone(session, zone_id, actor_id=asker().id, now=now())
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
@changes(show_space)
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
@changes(show_space)
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
        made = layout.add_sensor(session, body, actor_id=asker().id, now=now())
        return _sensor(session, made.id), 201, {"Location": f"/api/v1/sensors/{quote(made.id)}"}


@api.route("/sensors/<path:sensor_id>")
@shown(row(Sensor, "sensor_id"))
@api.response(200, SensorSetView)
@allow(*KEEPERS)
def show_sensor(sensor_id: str) -> Any:
    """What a sensor is and watches; what it says stands in the list"""
    with reading(db.engine) as session:
        return _sensor(session, sensor_id)


def _sensor(session: Session, sensor_id: str) -> dict[str, Any]:
    found = layout.get_sensor(session, sensor_id)
    watched = {"space_ids": layout.watched_by(session, sensor_id)}
    return {name: getattr(found, name) for name in SensorSetView().fields if name not in watched} | watched


@api.route("/sensors/<path:sensor_id>", methods=["PATCH"])
@changes(show_sensor)
@api.arguments(SensorChange)
@api.response(200, SensorSetView)
@allow(*KEEPERS)
def change_sensor(body: dict[str, Any], sensor_id: str) -> Any:
    """Change a sensor, or what it watches from now on"""
    with transaction(db.engine) as session:
        layout.change_sensor(session, sensor_id, body, actor_id=asker().id, now=now())
        return _sensor(session, sensor_id)


@api.route("/sensors/<path:sensor_id>/swap", methods=["POST"])
@changes(show_sensor)
@api.arguments(SensorSwap)
@api.response(200, SensorSetView)
@allow(*KEEPERS)
def swap_sensor(body: dict[str, Any], sensor_id: str) -> Any:
    """A spare takes the place of a sensor: it watches what that one did"""
    with transaction(db.engine) as session:
        layout.swap_sensor(session, sensor_id, body["spare_id"], actor_id=asker().id, now=now())
        return _sensor(session, body["spare_id"])


@api.route("/sensors/<path:sensor_id>", methods=["DELETE"])
@changes(show_sensor)
@api.response(204)
@allow(*KEEPERS)
def let_sensor_go(sensor_id: str) -> Response:
    """The sensor watches nothing any more; what it said stays"""
    with transaction(db.engine) as session:
        layout.change_sensor(session, sensor_id, {"space_id": None}, actor_id=asker().id, now=now())
    return make_response("", 204)


@api.route("/policies")
@api.arguments(paged_by(Identifier(strict=True), Identifier(strict=True)), location="query")
@api.response(200, PolicyList)
@allow(*READERS)
def policies(query: dict[str, Any]) -> Any:
    """What holds for each kind of space, and for kinds in zones that have values of their own"""
    with reading(db.engine) as session:
        return key_page(
            service.policy_list(session), query, lambda one: (one.zone_id or 0, KINDS.index(one.kind))
        )


@api.route("/policies/<string:kind>")
@shown(service.hold_policies)
@api.arguments(PolicyQuery, location="query")
@api.response(200, PolicyView)
@allow(*READERS)
def show_policy(query: dict[str, Any], kind: str) -> Any:
    """What holds for a kind of space, everywhere or in a zone"""
    with reading(db.engine) as session:
        return service.policy_of(session, service.kind_of(kind), query["zone"])


@api.route("/policies", methods=["POST"])
@api.arguments(PolicySet)
@api.response(201, PolicyView)
@allow(Role.FACILITY)
def set_policy(body: dict[str, Any]) -> Any:
    """Set values for a kind of space, everywhere or in a zone; null: as it would be without"""
    return _set(Kind(body["kind"]), body["zone_id"], body["values"])


@api.route("/policies/<string:kind>", methods=["PATCH"])
@changes(show_policy)
@api.arguments(PolicyQuery, location="query")
@api.arguments(PolicyChange)
@api.response(200, PolicyView)
@allow(Role.FACILITY)
def change_policy(query: dict[str, Any], body: dict[str, Any], kind: str) -> Any:
    """The same, for one kind by its address"""
    return _set(service.kind_of(kind), query["zone"], body["values"])


@api.route("/policies/<string:kind>", methods=["DELETE"])
@changes(show_policy)
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
