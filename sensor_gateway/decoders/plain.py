"""Wires on which a device says plainly whether somebody is there: zigbee2mqtt, Tasmota, ESPHome, Homie, Shelly.

Only a clear true or false is one; null, an unknown word, a number that no rule names is none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sensor_gateway.decoders.native import json_object
from sensor_gateway.heard import Heard, epoch, instant, percent, whole
from sensor_gateway.messages import Envelope, Undecodable

MOST_BYTES = 65_536
_THERE = (
    *(
        "on",
        "true",
        "1",
        "occupied",
        "detected",
        "presence",
        "present",
        "motion",
        "moving",
        "move",
        "movement",
    ),
    *("small_movement", "large_movement", "stationary", "static", "still", "peaceful"),
    # As radars of the ZG-204ZM kind say it by zigbee2mqtt.
    *("large", "small", "large_move", "small_move", "breathe", "breathing", "active"),
)
_NOBODY = ("off", "false", "0", "vacant", "unoccupied", "clear", "none", "absence", "absent", "no_motion")
WORDS: Mapping[str, bool] = {**dict.fromkeys(_THERE, True), **dict.fromkeys(_NOBODY, False)}
FIELDS = ("occupancy", "presence", "presence_state", "motion", "human_motion_state", "motion_state")


def word(value: object) -> bool | None:
    """What a value says of somebody's presence; None: nothing clear."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int) and value in {0, 1}:
        return bool(value)
    return WORDS.get(value.strip().lower()) if isinstance(value, str) else None


def text_of(envelope: Envelope) -> str:
    """A short payload as text; raises Undecodable."""
    if len(envelope.payload) > MOST_BYTES:
        raise Undecodable("too_large")
    try:
        return envelope.payload.decode("utf-8")
    except UnicodeDecodeError:
        raise Undecodable("not_utf8") from None


def object_of(envelope: Envelope) -> dict[str, Any]:
    """A payload as an object; raises Undecodable."""
    if len(envelope.payload) > MOST_BYTES:
        raise Undecodable("too_large")
    return json_object(envelope.payload)


def nothing(battery: float | None) -> str:
    """Why an object says nothing of occupancy."""
    return "no_occupancy_field" if battery is None else "battery"


def availability(device_id: str, text: str, *, online: str = "online", offline: str = "offline") -> Heard:
    """A device is there or not; raises Undecodable `status` for another word."""
    state = {online: True, offline: False}.get(text.strip().lower())
    if state is None:
        raise Undecodable("status")
    return Heard(device_id, kind="availability", online=state)


def one_of(
    device: str,
    zones: Mapping[str, bool | None],
    *,
    at: datetime | None = None,
    battery: float | None = None,
    rssi: int | None = None,
) -> Heard:
    """The word of a device that may watch several seats and tells of some of them, by its own names; of one alone it is
    the device's word too."""
    if len(zones) > 1:
        return Heard(device, None, "zones", at, battery, rssi=rssi, zones=zones)
    for zone, occupied in zones.items():
        return Heard(
            device, occupied, "" if occupied is not None else "unknown", at, battery, rssi=rssi, zone=zone
        )
    return Heard(device, None, nothing(battery), at, battery, rssi=rssi)


def zigbee2mqtt(envelope: Envelope) -> Heard:
    """`zigbee2mqtt/{friendly name}`, which may have levels of its own, and `…/availability`. Where it is set to publish
    each attribute by itself, `…/{attribute}`."""
    name = envelope.topic.partition("/")[2]
    if name.startswith("bridge/") or name.endswith(("/set", "/get")):
        return Heard(name[:64] or "bridge", kind="ignored")
    if not envelope.payload:
        return Heard(name, kind="removed")
    text = text_of(envelope)
    if name.endswith("/availability"):
        device = name.removesuffix("/availability")
        if text.lstrip().startswith("{"):
            text = str(object_of(envelope).get("state"))
        return availability(device, text)
    device, slash, attribute = name.rpartition("/")
    if slash and not text.lstrip().startswith("{"):
        return _zigbee_device(device, {attribute: "" if text == "null" else text})
    return _zigbee_device(name, object_of(envelope))


def _zigbee_device(device: str, said: Mapping[str, Any]) -> Heard:
    """Somebody is there where one field says so, nobody where each does that is there: a model may have two senses."""
    battery, seen = percent(said.get("battery")), said.get("last_seen")
    words = [word(said[one]) for one in FIELDS if one in said]
    occupied = True if True in words else None if None in words or not words else False
    kind = "" if occupied is not None else "unknown" if words else nothing(battery)
    return Heard(device, occupied, kind, observed_at=instant(seen) or epoch(seen), battery_pct=battery)


_TASMOTA_KEYS = re.compile(r"(switch|pir|motion|occupancy|presence)\d*", re.IGNORECASE)
TASMOTA = ("tele", "stat")


def tasmota(envelope: Envelope) -> Heard | list[Heard]:
    """`tele/{device}/SENSOR|STATE|LWT` and `stat/{device}/…`; the site may put the prefix behind the device. `Time` has
    no offset, so arrival stands for it. Of a bridge to Zigbee the devices behind it."""
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
    if isinstance(behind := said.get("ZbReceived"), dict):
        return [_behind_tasmota(name, one) for name, one in behind.items() if isinstance(one, dict)]
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


def _behind_tasmota(name: str, said: Mapping[str, Any]) -> Heard:
    """A Zigbee device, by its name at the bridge, which is its short address where it has none."""
    battery = percent(said.get("BatteryPercentage"))
    if "Occupancy" not in said:
        return Heard(name, None, nothing(battery), battery_pct=battery)
    occupied = word(said["Occupancy"])
    return Heard(name, occupied, "" if occupied is not None else "unknown", battery_pct=battery)


# What else a desk's board tells by a binary sensor; and what a radar tells beside whether there is a target: nothing
# moves where somebody sits still, and nobody sits still who is just coming.
_NO_SEAT = re.compile(
    r"(^|_)(status|button|door|window|contact|tamper|charging|battery|power|problem|update)(_|$)"
)
_SEAT = re.compile(r"occup|presen|motion|target")
PART_OF_A_SEAT = re.compile(r"moving|still|static")


def esphome(envelope: Envelope) -> Heard:
    """`{prefix}/{device}/binary_sensor/{object}/state` and `…/status`; the prefix may have levels of its own."""
    levels = envelope.topic.split("/")
    if levels[-1] in {"status", "debug"} and len(levels) >= 2:
        device = levels[-2]
        return (
            availability(device, text_of(envelope))
            if levels[-1] == "status"
            else Heard(device, kind="ignored")
        )
    if len(levels) < 4 or levels[-1] not in {"state", "command"}:
        raise Undecodable("topic")
    device, component, name = levels[-4:-1]
    if levels[-1] == "command":
        return Heard(device, kind="ignored")
    if component != "binary_sensor" or (_NO_SEAT.search(name) and not _SEAT.search(name)):
        return Heard(device, kind="no_occupancy_field")
    occupied = word(text_of(envelope))
    if occupied is False and PART_OF_A_SEAT.search(name):
        return Heard(device, kind="unknown")
    return one_of(device, {name: occupied})


_HOMIE_STATES: Mapping[str, bool | None] = {
    **dict.fromkeys(("init", "ready", "alert"), True),
    **dict.fromkeys(("disconnected", "lost"), False),
    "sleeping": None,  # a battery device: its last word still holds
}
_HOMIE_PROPERTIES = re.compile(r"occup|presen|motion", re.IGNORECASE)
_HOMIE_VALUES = frozenset({"state", "value", "detected", "active"})


def homie(envelope: Envelope) -> Heard:
    """Homie 4, `homie/{device}/…`, and 5, `homie/5/{device}/…`: `$state`, and `{node}/{property}` of a boolean."""
    levels = envelope.topic.split("/")[1:]
    levels = levels[1:] if levels and levels[0] == "5" else levels
    if len(levels) < 2:
        raise Undecodable("topic")
    device, rest = levels[0], levels[1:]
    text = text_of(envelope)
    if any(one.startswith("$") for one in levels) or rest[-1] == "set":
        if rest != ["$state"]:
            return Heard(device, kind="ignored")
        if not text:
            return Heard(device, kind="removed")
        if text not in _HOMIE_STATES:
            raise Undecodable("status")
        return Heard(device, kind="availability", online=_HOMIE_STATES[text])
    occupied = {"true": True, "false": False}.get(text)  # exactly so, says the convention
    # `presence/occupied`; or `motion-sensor/detected`, where the node's name says it of a boolean.
    of_node = occupied is not None and rest[-1] in _HOMIE_VALUES and _HOMIE_PROPERTIES.search(rest[0])
    if not (of_node or _HOMIE_PROPERTIES.search(rest[-1])):
        return Heard(device, kind="no_occupancy_field")
    if not text:
        return Heard(device, kind="removed")
    return one_of(device, {rest[0]: occupied}) if occupied is not None else Heard(device, kind="decode_error")


_SHELLY_TOPIC = re.compile(r"(?P<prefix>.+?)/(?P<rest>events/rpc|online|status/[^/]+)")


def shelly(envelope: Envelope) -> Heard:
    """Shelly of the second generation: `{device}/events/rpc`, `{device}/status/{component}`, `{device}/online`; the
    site may put levels before the device."""
    found = _SHELLY_TOPIC.fullmatch(envelope.topic)
    if found is None:
        raise Undecodable("topic")
    device, rest = found["prefix"].rsplit("/", 1)[-1], found["rest"]
    if rest == "online":
        return availability(device, text_of(envelope), online="true", offline="false")
    said = object_of(envelope)
    if rest != "events/rpc":
        return _shelly_status(device, {rest.removeprefix("status/"): said})
    source, params = said.get("src"), said.get("params")
    device = source if isinstance(source, str) else device
    if said.get("method") not in {"NotifyStatus", "NotifyFullStatus"} or not isinstance(params, dict):
        return Heard(device, kind="ignored")
    return _shelly_status(device, params)


_SHELLY_ZONES = re.compile(r"(presencezone|presence|motion|occupancy|input):\d+")
# What a Bluetooth sensor told a gateway, such as Shelly BLU Motion: of its values a movement is the boolean.
_SHELLY_BLU = re.compile(r"bthomesensor:\d+")


def _shelly_status(device: str, params: Mapping[str, Any]) -> Heard:
    zones: dict[str, bool | None] = {}
    battery = None
    for name, value in params.items():
        if not isinstance(value, dict):
            continue
        told = next((value[key] for key in ("value", "state", "motion") if key in value), ...)
        if _SHELLY_ZONES.fullmatch(name) and told is not ...:  # absent: unchanged
            zones[name] = told if isinstance(told, bool) else None
        elif _SHELLY_BLU.fullmatch(name) and isinstance(told, bool):
            zones[name] = told
        elif name.startswith("devicepower:") and isinstance(value.get("battery"), dict):
            battery = percent(value["battery"].get("percent"))
    at = epoch(params.get("ts"))
    if any(_SHELLY_BLU.fullmatch(name) for name in zones):  # the gateway itself stands at no seat
        return Heard(device, None, "zones", at, battery, zones=zones)
    return one_of(device, zones, at=at, battery=battery)
