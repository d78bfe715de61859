"""The wires that sensors speak, by name: an encoder each, from what a device says to a topic and its payload."""

from __future__ import annotations

from collections.abc import Mapping

from firmware_stubs.simulator.wires import lorawan, native, plain, sparkplug
from firmware_stubs.simulator.wires.said import Encode

WIRES: Mapping[str, Encode] = {
    "native": native.encode,
    "things_stack": lorawan.things_stack,
    "chirpstack": lorawan.chirpstack,
    "zigbee2mqtt": plain.zigbee2mqtt,
    "tasmota": plain.tasmota,
    "esphome": plain.esphome,
    "homie": plain.homie,
    "sparkplug": sparkplug.encode,
    "shelly": plain.shelly,
    "haltian": plain.haltian,
    "disruptive": plain.disruptive,
}
# On these a device that nobody could reach tells afterwards what it kept, since its message says when that was.
KEEP = frozenset({"native", "things_stack", "chirpstack", "sparkplug", "shelly", "haltian", "disruptive"})
# On these whoever speaks on change only says nothing else that would show that it lives.
WITHOUT_SIGN = frozenset({"haltian"})


def id_on(wire: str, sensor_id: str) -> str:
    """What a listener calls the sensor: on Sparkplug a device has its place in the name."""
    return sparkplug.subject(sensor_id) if wire == "sparkplug" else sensor_id
