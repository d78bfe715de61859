"""`akiseki sensors`: who is known, and what a message would mean."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from app.clock import SteppingClock
from app.database import transaction
from app.occupancy import gateways
from app.occupancy.readings import Reading
from app.spaces.models import Sensor
from sensor_gateway.handler import Handler
from sensor_gateway.messages import Envelope
from tests.app.test_cli import Run, refused, run
from tests.house import House, at

__all__ = ["run"]
VECTORS = Path(__file__).parents[1] / "data" / "vectors"


def test_what_messages_would_mean_is_told_line_by_line(run: Run, tmp_path: Path) -> None:
    done = run("sensors", "try", str(VECTORS / "zigbee2mqtt.json"))
    lines = [json.loads(line) for line in done.out.splitlines()]
    assert done.status == 0
    assert lines[0] == {"id": "zigbee2mqtt-01", "device_id": "desk-4f-017", "occupied": True}
    assert lines[-1]["observed_at"] == "2026-11-02T07:15:29Z"
    hidden = tmp_path / "more.json"
    hidden.write_text('[{"id": 7, "topic": "nobody/knows", "payload": "x"}, {"id": 8, "payload_hex": "zz"}]')
    strange = [json.loads(line) for line in run("sensors", "try", str(hidden)).out.splitlines()]
    assert [(one["id"], one["kind"], one["reason"]) for one in strange] == [
        (7, "undecodable", "topic"),
        (8, "undecodable", "payload"),
    ]


def test_a_file_that_holds_no_messages_is_refused_in_one_line(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "no.json"
    for content in ("{}", "[1]", "not json"):
        file.write_text(content)
        assert str(file) in refused(run("sensors", "try", str(file)))


def test_a_model_is_added_in_the_data_folder(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "data" / "profiles"
    folder.mkdir(parents=True)
    profile = folder / "seat.toml"
    profile.write_text(
        'models = ["Seat"]\n[[occupancy]]\nfield = "taken"\nvalues = { yes = true, no = false }\n'
    )
    said = {"deviceInfo": {"devEui": "01", "deviceProfileName": "Seat 3"}, "object": {"taken": "yes"}}
    file = tmp_path / "one.json"
    file.write_text(
        json.dumps([{"id": 1, "topic": "application/a/device/01/event/up", "payload": said}]), "utf-8-sig"
    )
    assert json.loads(run("sensors", "try", str(file)).out)["occupied"] is True
    profile.write_text("models = 1")
    assert "seat.toml" in refused(run("sensors", "try", str(file)))


VIVID = """
models = ["VIVID"]
port = 10
[[occupancy]]
field = "motion_state"
values = { detected = true, none = false }
[battery]
field = "battery"
volts = true
empty = 2.8
full = 3.6
[bytes]
layout = "fixed"
fields = [
  { length = 1 },
  { length = 1, name = "motion_state", values = { 0 = "none", 1 = "detected" }, where = { 0 = 3 } },
]
"""


@pytest.mark.parametrize(
    ("model", "said", "shown"),
    [
        (
            "VIVID",
            {"object": {"motion_state": "none", "battery": 3.2}},
            {"occupied": False, "charge_pct": 50},
        ),
        ("VIVID", {"object": {"motion_state": "none", "battery": "2.8(low battery)"}}, {"charge_pct": 0}),
        ("VIVID", {"data": "AwE="}, {"occupied": True, "profile": "vivid"}),
        (
            "VIVID",
            {"object": {"motion_state": "none", "battery": "low"}},
            {"occupied": False, "why": "battery is 'low', which tells nothing of the battery"},
        ),
        (
            "VIVID",
            {"object": {"Motion_State": "none", "temperature": 20}},
            {"why": "the profile vivid looks for motion_state; the message has Motion_State, temperature"},
        ),
        (
            "VIVID",
            {"object": {"motion_state": "gone"}},
            {
                "kind": "unknown",
                "why": "by the profile vivid motion_state is 'gone', which means nothing clear (known are detected, "
                "none)",
            },
        ),
        (
            "VIVID",
            {"data": "AwE=", "fPort": 2},
            {"why": "the bytes came on port 2; the profile vivid reads port 10"},
        ),
        ("VIVID", {"data": "Aw=="}, {"why": "1 bytes are too few: the profile vivid describes 2"}),
        ("VIVID", {"data": "AgE="}, {"why": "no field of the profile vivid is meant by these bytes"}),
        ("VIVID", {}, {"kind": "undecoded", "why": "there is neither a decoded object nor bytes in base64"}),
        ("VIVID", {"data": "?"}, {"kind": "decode_error", "profile": "vivid"}),
        (
            "WS203",
            {"data": "A2cAAP8B", "fPort": 85},
            {
                "profile": "milesight",
                "why": "the profile milesight looks for occupancy, pir; the message has temperature; from byte 4 on "
                "(counted from 0) the profile milesight cannot read ff01",
            },
        ),
        (
            "VIVAT",
            {"data": "AwE="},
            {"why": "no model of a profile is named in VIVAT, and nobody decoded the bytes"},
        ),
        (
            "VIVAT",
            {"object": {"bytes": {"status": {"low": True}, "counts": [4, 0], "none": {}}}},
            {
                "why": "no model of a profile is named in VIVAT; its fields are bytes.status.low, bytes.counts.0, "
                "bytes.none"
            },
        ),
        ("VIVAT", {"object": {"x": 1}}, {"why": "no model of a profile is named in VIVAT; its fields are x"}),
    ],
)
def test_the_profile_that_was_chosen_and_what_it_looked_for_are_shown(
    run: Run, tmp_path: Path, model: str, said: dict[str, Any], shown: dict[str, Any]
) -> None:
    folder = tmp_path / "data" / "profiles"
    folder.mkdir(parents=True)
    (folder / "vivid.toml").write_text(VIVID)
    file = tmp_path / "one.json"
    payload = {"deviceInfo": {"devEui": "01", "deviceProfileName": model}, "fPort": 10, **said}
    file.write_text(json.dumps([{"id": 1, "topic": "application/a/device/01/event/up", "payload": payload}]))
    line = json.loads(run("sensors", "try", str(file)).out)
    assert {name: line.get(name) for name in shown} == shown
    assert line.get("profile") == {"VIVID": "vivid", "WS203": "milesight"}.get(model)


def test_why_a_zigbee_device_or_a_board_says_nothing_is_shown_too(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "more.json"
    said = [
        ("zigbee2mqtt/door", {"device": {"model": "VS340"}, "contact": True}),
        ("zigbee2mqtt/lamp", {"state": "ON"}),
        ("tele/b/SENSOR", {"ZbReceived": {"0x1": {"Device": "0x1", "ModelId": "X1", "Power": 1}}}),
        ("b/binary_sensor/gpio_4/state", "ON"),
    ]
    file.write_text(json.dumps([{"id": n, "topic": one[0], "payload": one[1]} for n, one in enumerate(said)]))
    lines = [json.loads(line) for line in run("sensors", "try", str(file)).out.splitlines()]
    assert [(one.get("profile"), one["why"]) for one in lines] == [
        (
            "milesight",
            "the profile milesight looks for occupancy, pir; the message has device.model, contact",
        ),
        (None, "no name tells the model; its fields are state"),
        (None, "no model of a profile is named in X1; its fields are Device, ModelId, Power"),
        (
            None,
            (
                "gpio_4 is no name of a seat: call the part seat, seat_2, left_seat or presence, "
                "or register b:gpio_4 (without a model, or any)"
            ),
        ),
    ]


def test_two_devices_of_one_name_are_told_by_a_file_that_holds_both(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "two.json"
    topics = ("zigbee2mqtt-4f/desk-1", "zigbee2mqtt-5f/desk-1")
    file.write_text(json.dumps([{"topic": one, "payload": {"occupancy": True}} for one in topics]))
    first, second = (json.loads(line) for line in run("sensors", "try", str(file)).out.splitlines())
    assert (first["device_id"], second["device_id"]) == ("desk-1", None)
    assert second["reason"] == "two_devices"
    assert "a name of its own" in second["why"]


def test_a_message_that_says_nothing_is_told_too(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "nothing.json"
    empty = {"id": 4, "topic": "akiseki/v1/d/reading", "payload": "", "retain": True}
    bridge = {"id": 5, "topic": "tele/x/SENSOR", "payload": {"ZbReceived": {}}}
    file.write_text(json.dumps([empty, bridge]))
    lines = [json.loads(line) for line in run("sensors", "try", str(file)).out.splitlines()]
    assert lines[0] == {"id": 4, "device_id": None, "occupied": None, "kind": "ignored"}
    assert (lines[1]["id"], lines[1]["kind"]) == (5, "no_occupancy_field")
    assert not (tmp_path / "data" / "akiseki.db").exists()  # trying makes no database


def test_a_registered_model_is_asked_where_the_database_answers(
    run: Run, tmp_path: Path, sqlite_house: House
) -> None:
    with transaction(sqlite_house.engine) as session:
        session.execute(update(Sensor).where(Sensor.id == "sensor-seat").values(model="VS340"))
    # Bytes alone, as a server without the model's codec passes them on: VS340 says occupied.
    said = {
        "deviceInfo": {"devEui": "sensor-seat", "deviceProfileName": "our seats"},
        "fPort": 85,
        "data": "AwAB",
    }
    file = tmp_path / "bytes.json"
    file.write_text(
        json.dumps([{"id": 1, "topic": "application/a/device/sensor-seat/event/up", "payload": said}])
    )
    url = sqlite_house.engine.url.render_as_string(hide_password=False)
    assert json.loads(run("sensors", "try", str(file), DATABASE_URL=url).out)["occupied"] is True
    nowhere = run("sensors", "try", str(file), DATABASE_URL="postgresql+psycopg://x:y@127.0.0.1:9/none")
    assert (nowhere.status, json.loads(nowhere.out)["kind"]) == (0, "undecoded")


def test_the_sensors_are_listed(run: Run, sqlite_house: House) -> None:
    sqlite_house.hear("seat", ("08:50", False))
    restarted = Reading("sensor-seat", at("08:50"), at("08:50"), False, "0b1e5d6f7a8c9d20", 0)
    sqlite_house.process([restarted], at("08:50"))
    with transaction(sqlite_house.engine) as session:
        session.add_all([Sensor(id="spare", model="VS340"), Sensor(id="boxed")])
    sqlite_house.process([Reading("spare", at("08:51"), at("08:51"), False, battery_pct=9)], at("08:51"))
    done = run("sensors", "list", DATABASE_URL=sqlite_house.engine.url.render_as_string(hide_password=False))
    (seat,) = [line for line in done.out.splitlines() if line.startswith("sensor-seat")]
    assert "2026-11-24T08:50:00+09:00" in seat
    assert seat.endswith("restarts: 1")
    assert "never heard" in done.out
    lines = [line.split() for line in done.out.splitlines()]
    spare = ["spare", "VS340", "unknown", "2026-11-24T08:51:00+09:00", "9", "%", "battery", "low"]
    assert [line for line in lines if line[0] in {"spare", "boxed"}] == [
        ["boxed", "akiseki-pir", "unknown", "never", "heard"],
        spare,
    ]


def test_devices_that_announce_themselves_are_found_with_the_names_that_they_would_have(
    run: Run, sqlite_house: House
) -> None:
    """As the gateway heard it: nothing connects to the broker as the gateway does, which would take its place."""
    url = sqlite_house.engine.url.render_as_string(hide_password=False)
    assert "No gateway has run yet" in run("sensors", "find", DATABASE_URL=url).out
    ld2410 = {"~": "board", "stat_t": "~/binary_sensor/seat/state", "dev_cla": "occupancy", "uniq_id": "b1"}
    told = {
        "binary_sensor/0x01/occupancy": {
            "state_topic": "zigbee2mqtt/sensor-seat",
            "device_class": "occupancy",
            "device": {"name": "seat", "model": "RTCGQ11LM"},
        },
        "binary_sensor/b1": ld2410,
        "sensor/heat": {"state_topic": "zigbee2mqtt/sensor-seat", "device_class": "temperature"},
    }
    now = at("09:00")
    with transaction(sqlite_house.engine) as session:
        assert gateways.take(session, "gateway", "here", None, now=now)
    Handler(sqlite_house.engine, SteppingClock(now)).handle(
        [
            Envelope(f"homeassistant/{place}/config", json.dumps(said).encode(), now, retained=True)
            for place, said in told.items()
        ]
    )
    done = run("sensors", "find", DATABASE_URL=url)
    assert [line.split() for line in done.out.splitlines()] == [
        ["sensor-seat", "seat", "RTCGQ11LM", "zigbee2mqtt/sensor-seat"],
        ["+", "board", "board/binary_sensor/seat/state", "(or", "board:seat)"],
        ["2", "found."],
    ]
