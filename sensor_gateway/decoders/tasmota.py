"""Tasmota: switches and senses of its boards, and what its bridge to Zigbee hears."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from sensor_gateway.decoders.plain import availability, nothing, object_of, one_of, text_of, word
from sensor_gateway.decoders.senses import together
from sensor_gateway.decoders.zigbee2mqtt import doubted, of_model, unread
from sensor_gateway.heard import Heard, percent, whole
from sensor_gateway.messages import Envelope, Undecodable
from sensor_gateway.profiles import Profiles, by_profile

_SENSE = re.compile(r"(switch|pir|motion|occupancy|presence)(\d*)", re.IGNORECASE)
# A topic may be called SWITCH1 where an object says Switch1.
_WRITTEN = {
    "switch": "Switch",
    "pir": "PIR",
    "motion": "MOTION",
    "occupancy": "Occupancy",
    "presence": "Presence",
}
TASMOTA = ("tele", "stat")
# With SetOption119 the device's name behind its bridge stands in the topic, or its short address, another each join.
_SHORT_ADDRESS = re.compile(r"(^|/)(0x)?[0-9A-Fa-f]{4}$")


def _sense(name: str) -> tuple[str, str]:
    """What kind of sense a name is of, and how it is written; neither where it is of none."""
    found = _SENSE.fullmatch(name)
    kind = _WRITTEN[found[1].lower()] if found else ""
    return kind, kind + found[2] if found else ""


def seats(parts: Iterable[str]) -> Mapping[str, str]:
    """Each switch is a seat; one PIR beside one switch is the same, told by a rule under a name of its own."""
    written = {part: _sense(part)[1] or part for part in parts}
    kinds: dict[str, set[str]] = defaultdict(set)
    for name in written.values():
        kinds[_sense(name)[0] or name].add(name)
    if not written or any(len(names) > 1 for names in kinds.values()):
        return written
    (seat,) = kinds.get("Switch") or {min(written.values())}
    return dict.fromkeys(written, seat)


def place(topic: str) -> str:
    """The bridge's name, or the device's own."""
    return _SHORT_ADDRESS.sub("", _name_of(topic.split("/")))


def _name_of(levels: list[str]) -> str:
    return "/".join(levels[1:-1] if levels[0] in TASMOTA else levels[:-2])


def tasmota(envelope: Envelope, profiles: Profiles, models: Mapping[str, str]) -> Heard | list[Heard]:
    """`tele/{device}/SENSOR|STATE|LWT` and `stat/{device}/…`; the site may put the prefix behind the device. `Time` has
    no offset, so arrival stands for it. Of a bridge to Zigbee the devices behind it, unless it is a sensor itself.
    `models`: of the devices that are known, as registered."""
    levels = envelope.topic.split("/")
    if len(levels) < 3:
        raise Undecodable("topic")
    device, leaf = _name_of(levels), levels[-1]
    text = text_of(envelope)
    if leaf.upper() == "LWT":
        return availability(device, text)
    if not text.lstrip().startswith("{"):
        name = _sense(leaf)[1]
        return one_of(device, {name: word(text)}) if name else Heard(device, kind="no_occupancy_field")
    said = object_of(envelope)
    if behind := [_of_zigbee(name, one, profiles, models) for name, one in _behind(said, models)]:
        # By SetOption125 the topic is of the device behind the bridge alone.
        if device in models and any(one.device_id != device for one in behind):
            raise Undecodable("not_a_bridge")
        return behind
    inner = said.get("StatusSNS")
    said = inner if isinstance(inner, dict) else said
    wifi = said.get("Wifi")
    rssi = whole(wifi.get("Signal"), -200, 100) if isinstance(wifi, dict) else None
    if "State" in said and _sense(leaf)[1]:
        said = {leaf: said["State"]}
    senses = {
        name: word(value.get("Action", value.get("State")) if isinstance(value, dict) else value)
        for key, value in said.items()
        if (name := _sense(key)[1])
    }
    return _together(one_of(device, senses, rssi=rssi))


def _together(heard: Heard) -> Heard:
    """Of one seat's senses one is enough that somebody is there; nobody is where each says so."""
    told = seats(heard.zones)
    if len(set(told.values())) != 1:
        return heard
    occupied = together(heard.zones.values())
    kind = "" if occupied is not None else "unknown"
    return replace(heard, occupied=occupied, kind=kind, zone=next(iter(told.values())))


def _behind(said: Mapping[str, Any], models: Mapping[str, str]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The devices behind a bridge, each by its name there. The bridge may leave out `ZbReceived` (SetOption100 and
    118), and the name before the device's own object (SetOption119)."""
    received = said.get("ZbReceived")
    told = received if isinstance(received, dict) else said
    if isinstance(device := told.get("Device"), str):
        yield _called(device, told, models), told
        return
    for name, one in told.items():
        if isinstance(one, dict) and (told is received or isinstance(one.get("Device"), str)):
            yield _called(name, one, models), one


def _called(key: str, said: Mapping[str, Any], models: Mapping[str, str]) -> str:
    """By its name, where it has one: the short address is another after each join. One that is registered by what
    stands before it keeps that."""
    name = said.get("Name")
    has_name = isinstance(name, str) and name and (name in models or key not in models)
    return str(name) if has_name else key


def _of_zigbee(name: str, said: Mapping[str, Any], profiles: Profiles, models: Mapping[str, str]) -> Heard:
    battery, names = percent(said.get("BatteryPercentage")), (models.get(name), said.get("ModelId"))
    profile = profiles.named(*names)
    if profile is not None and (told := by_profile(profile, said)) is not None:
        heard = of_model(name, told, battery=battery)
        return unread(heard, profile, names, said) if told.is_untold else doubted(heard, profile, said)
    if "Occupancy" not in said:
        return unread(Heard(name, None, nothing(battery), battery_pct=battery), profile, names, said)
    occupied = word(said["Occupancy"])
    return Heard(name, occupied, "" if occupied is not None else "unknown", battery_pct=battery)
