"""Tasmota: switches and senses of its boards, and what its bridge to Zigbee hears."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from sensor_gateway.decoders.plain import availability, nothing, object_of, one_of, text_of, word
from sensor_gateway.decoders.zigbee2mqtt import of_model, told_by_model
from sensor_gateway.heard import Heard, percent, whole
from sensor_gateway.messages import Envelope, Undecodable
from sensor_gateway.profiles import Profiles

_TASMOTA_KEYS = re.compile(r"(switch|pir|motion|occupancy|presence)\d*", re.IGNORECASE)
TASMOTA = ("tele", "stat")


def tasmota(envelope: Envelope, profiles: Profiles, models: Mapping[str, str]) -> Heard | list[Heard]:
    """`tele/{device}/SENSOR|STATE|LWT` and `stat/{device}/…`; the site may put the prefix behind the device. `Time` has
    no offset, so arrival stands for it. Of a bridge to Zigbee the devices behind it. `models`: of the devices that are
    known, as registered."""
    levels = envelope.topic.split("/")
    if len(levels) < 3:
        raise Undecodable("topic")
    names = levels[1:-1] if levels[0] in TASMOTA else levels[:-2]
    device, leaf = "/".join(names), levels[-1]
    text = text_of(envelope)
    if leaf.upper() == "LWT":
        return availability(device, text)
    if not text.lstrip().startswith("{"):
        if not _TASMOTA_KEYS.fullmatch(leaf):
            return Heard(device, kind="no_occupancy_field")
        return one_of(device, {leaf: word(text)})
    said = object_of(envelope)
    if behind := [_of_zigbee(name, one, profiles, models.get(name)) for name, one in _behind(said)]:
        return behind
    inner = said.get("StatusSNS")
    said = inner if isinstance(inner, dict) else said
    wifi = said.get("Wifi")
    rssi = whole(wifi.get("Signal"), -200, 100) if isinstance(wifi, dict) else None
    if _TASMOTA_KEYS.fullmatch(leaf) and "State" in said:
        said = {leaf: said["State"]}
    zones = {
        key: word(value.get("Action", value.get("State")) if isinstance(value, dict) else value)
        for key, value in said.items()
        if _TASMOTA_KEYS.fullmatch(key)
    }
    return one_of(device, zones, rssi=rssi)


def _behind(said: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The devices behind a bridge, each by its name there, which is its short address where it has none. The bridge may
    leave out `ZbReceived` (SetOption100 and 118), and the name before the device's own object (SetOption119)."""
    received = said.get("ZbReceived")
    told = received if isinstance(received, dict) else said
    if isinstance(device := told.get("Device"), str):
        name = told.get("Name")
        yield (name if isinstance(name, str) and name else device), told
        return
    for name, one in told.items():
        if isinstance(one, dict) and (told is received or isinstance(one.get("Device"), str)):
            yield name, one


def _of_zigbee(name: str, said: Mapping[str, Any], profiles: Profiles, model: str | None) -> Heard:
    battery = percent(said.get("BatteryPercentage"))
    if (told := told_by_model(profiles, said, model, said.get("ModelId"))) is not None:
        return of_model(name, told, battery=battery)
    if "Occupancy" not in said:
        return Heard(name, None, nothing(battery), battery_pct=battery)
    occupied = word(said["Occupancy"])
    return Heard(name, occupied, "" if occupied is not None else "unknown", battery_pct=battery)
