"""`akiseki sensors try`: what it says to whoever fits a sensor of a model that nobody knows yet."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from app.cli.trying import TOPICS
from sensor_gateway.decoders import Wires
from sensor_gateway.messages import Envelope, Undecodable
from tests.app.test_cli import Run, refused, run

__all__ = ["run"]
README = Path(__file__).parents[2] / "README.md"
BENCH = """
models = ["PAD-2"]
unclear = { fault = true }
[[zones]]
field = "seat_{n}"
values = { true = true, false = false }
[battery]
field = "battery"
volts = true
[timing]
own_hold_s = 300
"""
BYTES = """
models = ["PAD-2"]
[[occupancy]]
field = "bit_1"
values = { 1 = true, 0 = false }
[bytes]
layout = "fixed"
fields = [{ length = 1, bits = "bit_{n}", count = 2 }, { length = 2, scale = 0.1, name = "temperature" }]
"""


class Try:
    """Tries messages against one profile in the data folder."""

    def __init__(self, run: Run, folder: Path) -> None:
        self._run, self._file = run, folder / "messages.json"
        self.profiles = folder / "data" / "profiles"
        self.profiles.mkdir(parents=True)

    def write(self, text: str, name: str = "bench.toml") -> None:
        (self.profiles / name).write_text(text)

    def text(self, content: str, *options: str) -> list[dict[str, Any]]:
        self._file.write_text(content)
        done = self._run("sensors", "try", str(self._file), *options)
        assert done.status == 0, done.err
        return [json.loads(line) for line in done.out.splitlines()]

    def refused(self, content: str) -> str:
        self._file.write_text(content)
        return refused(self._run("sensors", "try", str(self._file)))

    def one(self, topic: str, payload: Any, *options: str) -> dict[str, Any]:
        (line,) = self.text(json.dumps([{"id": 1, "topic": topic, "payload": payload}]), *options)
        return line

    def bytes(self, data: str) -> dict[str, Any]:
        up = {"deviceInfo": {"devEui": "01", "deviceProfileName": "PAD-2"}, "data": data}
        return self.one("application/a/device/01/event/up", up)


@pytest.fixture
def try_(run: Run, tmp_path: Path) -> Try:
    return Try(run, tmp_path)


SEATS = {"seat_1": True, "seat_2": False, "fault": False}


def test_a_model_that_nobody_names_is_told_what_to_do(try_: Try) -> None:
    try_.write(BENCH)
    try_.write("", "other.toml.txt")
    line = try_.one("zigbee2mqtt/4f/bench-3", SEATS)
    assert line["why"] == "no name tells the model; its fields are seat_1, seat_2, fault"
    for said in (str(try_.profiles), "register the sensor", "--model NAME", ".toml: other.toml.txt"):
        assert said in line["todo"]
    near = try_.one("zigbee2mqtt/4f/bench-3", SEATS, "--model", "AD-2")
    assert "named in AD-2" in near["why"]
    assert "called nearly so: PAD-2 (bench.toml)" in near["todo"]


def test_a_usual_field_with_a_word_of_its_own_is_told_what_to_do_too(try_: Try) -> None:
    told = try_.one("zigbee2mqtt/4f/radar-1", {"presence": "yes", "linkquality": 99})
    assert (told["occupied"], told["kind"]) == (None, "unknown")
    assert "no name tells the model; its fields are presence, linkquality" in told["why"]
    assert "--model NAME" in told["todo"]


def test_a_model_may_be_said_and_each_seat_is_shown_with_the_id_to_register(try_: Try) -> None:
    try_.write(BENCH)
    line = try_.one("zigbee2mqtt/4f/bench-3", SEATS, "--model", "pad-2")
    assert (line["profile"], line["zones"]) == ("bench", {"seat_1": True, "seat_2": False})
    assert line["register"] == ["4f/bench-3:seat_1", "4f/bench-3:seat_2"]
    assert line["timing"] == {"heartbeat_s": 600, "own_hold_s": 300}
    assert "why" not in line
    assert "todo" not in line


def test_the_profiles_that_the_readme_shows_are_read_as_it_says(try_: Try) -> None:
    vivid, bits = (
        dedent(re.findall(rf"\n( +{begin}.*?)\n\n", README.read_text(), re.DOTALL)[0])
        for begin in (r'models = \["VIVID', "unclear = { bit_8")
    )
    try_.write(vivid, "vivid.toml")
    try_.write('models = ["PAD-2"]\n' + bits)
    up = {
        "deviceInfo": {"devEui": "01", "deviceProfileName": "Tektelic VIVID"},
        "object": {"motion_state": "Detected", "battery_voltage": 3.1},
    }
    line = try_.one("application/7/device/01/event/up", up)
    assert (line["occupied"], line["profile"], line["charge_pct"]) == (True, "vivid", 38)
    assert line["timing"] == {"heartbeat_s": 3600, "own_hold_s": 300, "holds_itself": True}
    assert [try_.bytes(one)["occupied"] for one in ("AQDX", "AADX", "gQDX")] == [True, False, None]


def test_a_field_of_unclear_that_is_not_there_is_doubted(try_: Try) -> None:
    try_.write(BENCH)
    line = try_.one("zigbee2mqtt/4f/bench-3", {"seat_1": False, "error": True}, "--model", "PAD-2")
    assert "asks by unclear for fault, which the message has not" in line["why"]
    up = {"deviceInfo": {"devEui": "01", "deviceProfileName": "PAD-2"}, "object": {"seat_1": False}}
    assert "unclear for fault" in try_.one("application/a/device/01/event/up", up)["why"]


def test_a_voltage_that_no_battery_has_is_doubted(try_: Try) -> None:
    try_.write(BENCH)
    line = try_.one("zigbee2mqtt/4f/bench-3", SEATS | {"battery": 2950}, "--model", "PAD-2")
    assert line["why"].startswith("battery would be 2950 V")
    assert "why" not in try_.one("zigbee2mqtt/4f/bench-3", SEATS | {"battery": 2.95}, "--model", "PAD-2")


def test_what_was_read_from_bytes_is_shown_and_what_is_left_over(try_: Try) -> None:
    try_.write(BYTES)
    line = try_.bytes("AQDX")
    assert (line["occupied"], line["fields"]) == (True, {"bit_1": 1, "bit_2": 0, "temperature": 21.5})
    assert "why" not in line
    assert (
        "1 bytes are left over behind what the profile bench describes: ff" in try_.bytes("AQDX/w==")["why"]
    )


@pytest.mark.parametrize("topic", ["office/desk-1", "v3/office@ttn/vivid-07/up"])
def test_a_topic_of_no_wire_is_told_which_there_are(try_: Try, topic: str) -> None:
    line = try_.one(topic, {"occupancy": True})
    assert (line["reason"], "zigbee2mqtt/NAME" in line["why"]) == ("topic", True)


def refusal_of(topic: str) -> str:
    try:
        Wires().hear(Envelope(topic, b"?", datetime(2026, 11, 2, tzinfo=UTC)))
    except Undecodable as refused:
        return refused.reason
    return ""


@pytest.mark.parametrize("topic", TOPICS)
def test_the_topics_that_are_told_are_read_and_in_the_readme(topic: str) -> None:
    assert refusal_of(topic) != "topic"
    known = [one for one in README.read_text().splitlines() if one.startswith("| ")]
    levels = [level for level in topic.split("/") if level.islower()] or ["v3"]
    assert any(all(level in line for level in levels) for line in known), levels


def test_the_whole_event_of_the_things_stack_is_told(try_: Try) -> None:
    event = {
        "name": "as.up.data.forward",
        "data": {"end_device_ids": {"device_id": "d"}, "uplink_message": {}},
    }
    line = try_.one("v3/office@ttn/devices/d/up", event)
    assert line["why"].endswith("the payload is `data` of it")


ONE = '{"id": 1, "topic": "zigbee2mqtt/desk-1", "payload": {"occupancy": true}}'


@pytest.mark.parametrize(
    ("content", "count"), [(ONE, 1), (f"{ONE}\n\n{ONE}\n", 2), (json.dumps(json.loads(ONE), indent=1), 1)]
)
def test_one_message_alone_or_one_a_line_is_taken(try_: Try, content: str, count: int) -> None:
    assert [one["occupied"] for one in try_.text(content)] == [True] * count


@pytest.mark.parametrize("content", ['{"end_device_ids": {}}', "[3]", "3"])
def test_what_is_no_message_is_told_how_one_looks(try_: Try, content: str) -> None:
    assert f"such as {ONE}" in try_.refused(content)


def test_a_message_without_content_or_topic_is_told_how_one_looks(try_: Try) -> None:
    lines = try_.text('[{"topic": "zigbee2mqtt/desk-1"}, {"payload": {"x": 1}}, {"topic": 3, "payload": 1}]')
    assert lines[0]["why"].startswith("a message is such as")
    assert "Disruptive" in lines[1]["why"]
    assert "no wire" in lines[2]["why"]
