"""Sensors' messages over HTTP: what a network server or a sensor's maker posts, through the same function as MQTT."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime
from functools import partial
from typing import Any

from flask import Flask, current_app, request
from marshmallow import Schema, fields, validate

from app.access import Role, allow
from app.errors import Forbidden, NotFound, Unavailable
from app.extensions import db
from app.fields import Text
from app.http import Blueprint, now, profile_fault, settings
from app.settings import Settings
from sensor_gateway.decoders import Wires
from sensor_gateway.decoders.webhooks import POSTED, envelope_of, is_signed
from sensor_gateway.handler import Handler
from sensor_gateway.messages import Envelope, Undecodable
from sensor_gateway.profiles import ProfileError, Profiles, built_in, load

log = logging.getLogger(__name__)
api = Blueprint("intake", "intake", url_prefix="/api/v1", description="Sensors' messages over HTTP")
SIGNATURE = "X-Dt-Signature"


class IntakeQuery(Schema):
    event = Text(
        load_default="up",
        validate=validate.Length(1, 32),
        metadata={"description": "of ChirpStack, which names the event in the address"},
    )


class Taken(Schema):
    stored = fields.Integer(metadata={"description": "readings stored by this message"})
    repeated = fields.Integer(metadata={"description": "readings that were stored before"})
    changes = fields.Integer(metadata={"description": "spaces that changed by it"})
    kept = fields.String(
        allow_none=True,
        metadata={
            "description": "why the message is kept for the facility staff instead (once an hour of a topic and a "
            "reason at most): unknown_sensor, or why nobody can read it"
        },
    )
    unknown_sensors = fields.List(fields.String(), metadata={"description": "those that nobody made known"})


def register(app: Flask) -> None:
    """Prepare the decoders of an application, what its models of sensors are like, and what remembers when a message
    that nobody could take was kept."""
    told: Settings = app.extensions["akiseki"]
    models, app.extensions["akiseki.profile_fault"] = _profiles(told)
    # What comes by HTTP tells nothing once; what is looked at here again is of before what the gateway keeps.
    app.extensions["akiseki.wires"] = wires = Wires(models, told.mqtt_prefixes, keeps=False)
    app.extensions["akiseki.kept_at"] = {}
    app.extensions["akiseki.timing"] = models.timing
    app.extensions["akiseki.models"] = models.models
    app.extensions["akiseki.knows"] = models.knows
    app.extensions["akiseki.names"] = partial(_names, wires)


def _profiles(told: Settings) -> tuple[Profiles, str]:
    """The profiles of an office, and what is wrong with one: whoever books is not to wait until a sensor's profile is
    mended, so that those of the package do until then, and no message is taken."""
    try:
        return load(told.data_dir / "profiles"), ""
    except ProfileError as error:
        fault = str(error)
    log.error("until it is mended no sensor's message is taken: %s", fault)
    return built_in(), fault


def _names(
    wires: Wires, messages: Iterable[tuple[str, bytes, datetime]]
) -> list[list[tuple[str, str, bool | None]]]:
    """As whom messages would be heard; nobody where one cannot be read, such as one that was kept in part."""
    return wires.names(Envelope(*one) for one in messages)


@api.route("/intake/<string:wire>", methods=["POST"])
@api.arguments(IntakeQuery, location="query")
@api.response(202, Taken)
@allow(Role.SERVICE)
def take(query: dict[str, Any], wire: str) -> Any:
    """Take a message in: of disruptive, things-stack or chirpstack, as its webhook posts it

    What cannot be read, or is of a sensor that nobody knows, is kept and answered 202 as well: a server that posts
    would take anything else for a failure, and post it again and again.
    """
    if wire not in POSTED:
        raise NotFound("intake.wire", known=", ".join(POSTED))
    if profile_fault():
        raise Unavailable("intake.profile")
    body, secret = request.get_data(), settings().disruptive_secret
    if (
        wire == "disruptive"
        and secret
        and not is_signed(request.headers.get(SIGNATURE, ""), body, secret, now())
    ):
        raise Forbidden("intake.signature")
    known = current_app.extensions
    handler = Handler(db.engine, now, wires=known["akiseki.wires"], kept_at=known["akiseki.kept_at"])
    reason = "unreadable"
    try:
        counts = handler.handle([envelope_of(wire, query["event"], body, now())])
    except Undecodable as refused:
        reason = refused.reason
        counts = handler.store([], [(f"intake/{wire}", body, reason)], messages=1)
    if counts.unknown_sensors:
        reason = "unknown_sensor"
    return {
        "stored": counts.stored,
        "repeated": counts.repeated,
        "changes": counts.changes,
        "kept": reason if counts.dead else None,
        "unknown_sensors": sorted(counts.unknown_sensors),
    }
