"""What sites choose: what their topics begin with, and what they call what their devices tell."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from app.settings import Settings, SettingsError
from sensor_gateway.decoders import Wires
from sensor_gateway.decoders.sparkplug import payload_class
from sensor_gateway.heard import Heard
from sensor_gateway.messages import Envelope, Undecodable

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
PREFIXES = Settings.from_env(
    {
        "AKISEKI_SECRET_KEY": "x" * 16,
        "AKISEKI_MQTT_PREFIXES": "home/zigbee2mqtt=zigbee2mqtt, my-homie=homie,ha=homeassistant, ha/z=zigbee2mqtt,"
        "site/tele/=tasmota",
    }
).mqtt_prefixes


def hear(topic: str, said: Any, prefixes: Sequence[tuple[str, str]] = ()) -> list[Heard]:
    content = (
        said if isinstance(said, bytes) else (said if isinstance(said, str) else json.dumps(said)).encode()
    )
    return list(Wires(prefixes=prefixes).hear(Envelope(topic, content, NOW)))


@pytest.mark.parametrize(
    ("topic", "said", "device", "kind"),
    [
        ("home/zigbee2mqtt/4f/desk", {"occupancy": True}, "4f/desk", ""),
        ("my-homie/5/desk/presence/occupied", "true", "desk", ""),
        ("ha/binary_sensor/desk/config", {"state_topic": "x"}, "desk", "discovery"),
        ("ha/z/desk", {"occupancy": True}, "desk", ""),
        ("site/tele/desk/SENSOR", {"Switch1": "ON"}, "desk", ""),
        ("zigbee2mqtt/desk", {"occupancy": True}, "desk", ""),
    ],
)
def test_a_prefix_of_the_sites_is_of_its_wire(topic: str, said: Any, device: str, kind: str) -> None:
    (found,) = hear(topic, said, PREFIXES)
    assert (found.device_id, found.kind) == (device, kind)


def test_without_the_setting_such_a_topic_is_nobodys() -> None:
    with pytest.raises(Undecodable, match="topic"):
        hear("home/zigbee2mqtt/desk", {"occupancy": True})


@pytest.mark.parametrize("said", ["home", "home=nowhere", "=homie", "home/#=homie", "a=homie,a=tasmota"])
def test_a_prefix_that_cannot_be_is_told_by_its_name(said: str) -> None:
    with pytest.raises(SettingsError, match="AKISEKI_MQTT_PREFIXES"):
        Settings.from_env({"AKISEKI_MQTT_PREFIXES": said})


@pytest.mark.parametrize(
    ("topic", "said", "occupied", "kind"),
    [
        ("homie/5/d/presence/motion-led-enabled", "true", None, "no_occupancy_field"),
        ("homie/5/d/motion-led/state", "true", None, "no_occupancy_field"),
        ("homie/5/d/presence/motion-sensitivity", "5", None, "no_occupancy_field"),
        ("homie/5/d/people/occupancy-count", "3", None, "no_occupancy_field"),
        ("homie/5/d/presence/last-motion", "2026-11-02T08:15:29Z", None, "no_occupancy_field"),
        ("homie/5/d/seat/occupancy", "occupied", True, ""),
        ("homie/5/d/seat/occupancy", "vacant", False, ""),
        ("homie/5/d/seat/occupancy", "calibrating", None, "unknown"),
        ("homie/5/d/seat/occupied", "TRUE", None, "decode_error"),
        ("homie/5/d/seat/occupancy", "3", None, "decode_error"),
        ("d/binary_sensor/motion_led/state", "ON", None, "no_occupancy_field"),
        ("d/binary_sensor/motion_enabled/state", "ON", None, "no_occupancy_field"),
        ("d/binary_sensor/motion/state", "ON", True, ""),
        # ESPHome's platform `status`: whether the board is there, under an object of that name.
        ("d/binary_sensor/status/state", "ON", None, "no_occupancy_field"),
    ],
)
def test_what_stands_beside_a_sense_is_not_the_sense(
    topic: str, said: str, occupied: bool | None, kind: str
) -> None:
    (found,) = hear(topic, said)
    assert (found.device_id, found.occupied, found.kind) == ("d", occupied, kind)


def sparkplug(**metrics: Any) -> Heard:
    told = [
        {
            "name": name.replace("__", " "),
            **({"boolean_value": said} if isinstance(said, bool) else {"int_value": said}),
        }
        for name, said in metrics.items()
    ]
    return hear("spBv1.0/g/DDATA/n/d", payload_class()(metrics=told).SerializeToString())[0]


def test_what_a_sparkplug_device_is_set_to_is_no_zone() -> None:
    found = sparkplug(Occupied=False, Motion__Sensitivity=1, Occupancy__Enabled=True, MotionTimeout=1)
    assert (found.occupied, dict(found.zones)) == (False, {})
    assert sparkplug(Occupancy__Count=1).occupied is None
    assert sparkplug(Motion__Enabled=True, LowBattery=True).occupied is None
    assert sparkplug(**{"Level 4/Occupied": True}).occupied is True


def test_a_part_that_a_device_takes_away_is_not_found() -> None:
    """Home Assistant's documentation, MQTT: a component with its platform alone is removed."""
    parts = {"seat": {"p": "binary_sensor"}, "heat": {"p": "sensor", "uniq_id": "h", "stat_t": "x"}}
    gone, heat = hear("homeassistant/device/d/config", {"dev": {"ids": "x"}, "stat_t": "y", "cmps": parts})
    assert (gone.kind, gone.about) == ("discovery_removed", {"part": "seat"})
    assert (heat.device_id, heat.kind) == ("h", "discovery")
