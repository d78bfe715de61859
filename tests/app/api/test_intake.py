"""Sensors' messages by HTTP: signed, read by the same decoders, stored once, and kept where nobody can read them."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from hashlib import sha1, sha256
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from joserfc import jwt
from joserfc.jwk import OctKey
from sqlalchemy import func, select

from app import intake
from app.clock import SteppingClock
from app.database import reading, transaction
from app.extensions import db
from app.factory import create_app
from app.occupancy import health
from app.occupancy.models import DeadLetter, StoredReading
from app.people import service as people
from app.people.models import Role
from app.settings import Settings
from app.spaces.models import Sensor
from tests.app.api.good import DESK_EVENT
from tests.app.bookings.test_walk_in import signed_in
from tests.fixtures.web import Api, problem
from tests.house import DAY, House, at

SECRET = "a secret of the data connector"
TAKEN: dict[str, Any] = {"stored": 1, "repeated": 0, "changes": 0, "kept": None, "unknown_sensors": []}


@pytest.fixture
def bridge(api: Api, house: House) -> Api:
    """The API with the token of a service."""
    with transaction(house.engine) as session:
        user = people.add_user(
            session,
            "bridge@example.jp",
            name="bridge",
            section_code="zei",
            role=Role.SERVICE,
            now=at("08:00"),
            on=DAY,
        )
        api.tokens["bridge"] = people.issue_token(session, user, now=at("08:00"))
    return api


def stored(house: House) -> list[StoredReading]:
    with reading(house.engine) as session:
        found = list(session.scalars(select(StoredReading).order_by(StoredReading.id)))
        session.expunge_all()
    return found


def dead(house: House) -> list[tuple[str, str]]:
    with reading(house.engine) as session:
        rows = session.execute(select(DeadLetter.topic, DeadLetter.reason))
        return [(topic, reason) for topic, reason in rows]


def test_an_event_of_a_data_connector_is_a_reading(bridge: Api, house: House) -> None:
    answer = bridge.call("bridge", "POST", "/intake/disruptive", DESK_EVENT)
    assert (answer.status_code, answer.get_json()) == (202, TAKEN)
    (one,) = stored(house)
    assert (one.sensor_id, one.occupied, one.observed_at) == ("sensor-seat", True, at("08:59"))
    assert bridge.call("aoki", "POST", "/intake/disruptive", DESK_EVENT).status_code == 403


def test_network_servers_post_what_they_publish_and_a_frame_counts_once(bridge: Api, house: House) -> None:
    eui = "24e124535b316056"
    with transaction(house.engine) as session:
        session.add(Sensor(id=eui, model="VS340"))
        session.add(Sensor(id="desk 3/left"))
    frame = base64.b64encode(bytes.fromhex("030001")).decode()
    up = {
        "deviceInfo": {"applicationId": "1", "devEui": eui, "deviceProfileName": "milesight-vs340"},
        "time": at("08:58").isoformat(),
        "devAddr": "00189440",
        "fCnt": 7,
        "fPort": 85,
        "data": frame,
        "object": {"occupancy": "occupied", "battery": 92},
    }
    first, second = (
        bridge.call("bridge", "POST", "/intake/chirpstack?event=up", up).get_json() for _ in "12"
    )
    assert (first["stored"], second["stored"], second["repeated"]) == (1, 0, 1)
    assert bridge.call("bridge", "POST", "/intake/chirpstack?event=join", up).status_code == 202
    raw = {**up, "fCnt": 8, "deviceInfo": {"applicationId": "1", "devEui": eui}, "object": None}
    assert bridge.call("bridge", "POST", "/intake/chirpstack?event=up", raw).get_json()["stored"] == 1
    ids = {"device_id": eui, "application_ids": {"application_id": "office"}}
    things = {
        "end_device_ids": ids,
        "uplink_message": {
            "session_key_id": "AYfg",
            "f_cnt": 1,
            "f_port": 85,
            "version_ids": {"model_id": "vs340"},
            "decoded_payload": {"occupancy": "vacant"},
            "received_at": at("08:59").isoformat(),
        },
    }
    assert bridge.call("bridge", "POST", "/intake/things-stack", things).get_json()["stored"] == 1
    assert [(one.occupied, one.seq) for one in stored(house)] == [
        (True, 7),
        (True, 8),  # by the model as it is registered: the server named none and decoded nothing
        (False, 1),
    ]


@pytest.mark.parametrize(
    ("wire", "body", "reason", "kept"),
    [
        ("disruptive", {"event": {}}, "unreadable", "disruptive/event"),
        ("chirpstack", {"deviceInfo": {"devEui": "a/b"}}, "device", "intake/chirpstack"),
        ("things-stack", [], "not_an_object", "intake/things-stack"),
        (
            "chirpstack",
            {"deviceInfo": {"devEui": "a\x00\ud800"}},
            "unreadable",
            "application/-/device/a\ufffd\ufffd/event/up",
        ),
    ],
)
def test_what_nobody_understands_is_kept_and_not_asked_for_again(
    bridge: Api, house: House, wire: str, body: Any, reason: str, kept: str
) -> None:
    answer = bridge.call("bridge", "POST", f"/intake/{wire}", body)
    assert (answer.status_code, answer.get_json()) == (202, TAKEN | {"stored": 0, "kept": reason})
    assert [topic for topic, _reason in dead(house)] == [kept]


def test_a_wire_that_is_not_taken_here_is_told_apart(bridge: Api, house: House) -> None:
    assert problem(bridge.call("bridge", "POST", "/intake/nobody", {})) == (404, "intake.wire")
    assert dead(house) == []


def test_a_sensor_that_nobody_knows_is_named_and_kept_once_an_hour(
    bridge: Api, house: House, clock: SteppingClock
) -> None:
    def post(name: str) -> None:
        event = json.loads(json.dumps(DESK_EVENT).replace("sensor-seat", name))
        answer = bridge.call("bridge", "POST", "/intake/disruptive", event)
        told = {"stored": 0, "kept": "unknown_sensor", "unknown_sensors": [name]}
        assert (answer.status_code, answer.get_json()) == (202, TAKEN | told)

    for _ in "12":
        post("stranger")
    post("another")
    once = [("disruptive/stranger/event", "unknown_sensor"), ("disruptive/another/event", "unknown_sensor")]
    assert dead(house) == once
    clock.advance(timedelta(hours=1))
    post("stranger")
    assert dead(house) == [*once, once[0]]


def test_an_event_that_is_posted_again_is_known_by_its_name(bridge: Api, house: House) -> None:
    def post(event_id: str, state: str) -> dict[str, Any]:
        said = json.dumps(DESK_EVENT).replace("c510f9ag03fligl8tvag", event_id).replace("OCCUPIED", state)
        found = bridge.call("bridge", "POST", "/intake/disruptive", json.loads(said)).get_json()
        return {name: found[name] for name in ("stored", "repeated")}

    new, again = {"stored": 1, "repeated": 0}, {"stored": 0, "repeated": 1}
    assert [post("a", "OCCUPIED"), post("b", "NOT_OCCUPIED"), post("a", "OCCUPIED")] == [new, new, again]
    assert [post("", "OCCUPIED"), post("", "OCCUPIED")] == [new, new]  # without a name nothing is a copy
    assert [(one.boot, one.seq) for one in stored(house)] == [("a", 0), ("b", 0), (None, None), (None, None)]
    with reading(house.engine) as session:
        assert health.sequence_gaps(session) == {}


def signed(body: bytes, *, secret: str = SECRET, minutes: int = 5, **claims: str) -> Mapping[str, str]:
    made = claims or {"checksum_sha256": sha256(body).hexdigest()}
    expires = int((at("09:00") + timedelta(minutes=minutes)).timestamp())
    return {
        "X-Dt-Signature": jwt.encode({"alg": "HS256"}, {"exp": expires, **made}, OctKey.import_key(secret))
    }


def test_where_there_is_a_secret_only_what_is_signed_with_it_is_taken(
    app: Flask, bridge: Api, house: House
) -> None:
    url = house.engine.url.render_as_string(hide_password=False)
    settings = Settings(
        database_url=url, secret_key="k" * 32, clock=lambda: at("09:00"), disruptive_secret=SECRET
    )
    guarded = create_app(settings)
    client = guarded.test_client()
    body = json.dumps(DESK_EVENT).encode()
    cases = [
        ({}, 403),
        (signed(body), 202),
        (signed(body, checksum=sha1(body, usedforsecurity=False).hexdigest()), 202),
        (signed(body, secret="another secret of somebody"), 403),
        (signed(b"another body"), 403),
        (signed(body, minutes=-5), 403),
        (signed(body, other="claim"), 403),
        (signed(body, checksum_sha256="é" * 64), 403),
        ({"X-Dt-Signature": "no token"}, 403),
    ]
    for headers, status in cases:
        answer = client.post(
            "/api/v1/intake/disruptive",
            data=body,
            headers={**bridge.headers("bridge"), **headers},
            content_type="application/json",
        )
        assert answer.status_code == status, (headers, answer.text)
    with guarded.app_context():
        db.engine.dispose()
    with reading(house.engine) as session:
        assert (
            session.scalar(select(func.count()).select_from(StoredReading)) == 1
        )  # the second is the first again


def test_a_mistake_in_a_profile_stops_nobody_but_the_messages(
    app: Flask, bridge: Api, house: House, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "profiles" / "own.toml"
    file.parent.mkdir()
    file.write_text('models = ["X"')
    app.extensions["akiseki"] = replace(app.extensions["akiseki"], data_dir=tmp_path)
    intake.register(app)
    assert str(file) in caplog.text
    answer = bridge.call("bridge", "POST", "/intake/disruptive", DESK_EVENT)
    assert problem(answer) == (503, "intake.profile")
    assert (stored(house), dead(house)) == ([], [])
    page = signed_in(app.test_client(), house, "fujii").get("/office/sensors")
    assert (page.status_code, str(file) in page.text) == (200, True)
    file.write_text('models = ["X"]')
    intake.register(app)
    assert bridge.call("bridge", "POST", "/intake/disruptive", DESK_EVENT).get_json() == TAKEN
    assert "own.toml" not in signed_in(app.test_client(), house, "fujii").get("/office/sensors").text
