"""Haltian: what its cloud measured, `…/measurements/{name}/{device}`, and what a Wirepas gateway heard,
`…/received_data/{gateway}/{sink}/{node}/{endpoint}/{endpoint}`: a Thingsee message as JSON, or as the CBOR that the
sensor sent, which names its fields by number and itself not at all: it is known by its node. The cloud passes the same
on as `…/payloads/wirepas/{device}`.

developer.haltian.io: Stream API, Thingsee CBOR to JSON Conversion, Gateway and Cloud Binary Passthrough.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sensor_gateway.decoders import cbor
from sensor_gateway.decoders.native import json_object
from sensor_gateway.decoders.plain import MOST_BYTES, nothing, object_of, word
from sensor_gateway.heard import MOST_ID, Heard, epoch, instant, number, percent, whole
from sensor_gateway.messages import Envelope, Undecodable

MOST_MESSAGES = 64
# The numbers that CBOR says for names, of which a seat needs these; what is to be divided by ten.
NAMES = {
    1: "tsmId",
    3: "tsmTs",
    4: "tsmTuid",
    21: "batl",
    38: "state",
    44: "moveCount",
    65: "rssiDbm",
}
TENTHS = frozenset({"batl"})
# Presence and radar say whether somebody is there; presence counts movements since its last message.
STATES, MOVEMENTS = frozenset({2100, 28009}), 13100
# How often somebody came, how many passed: nothing of who is there.
COUNTERS = frozenset({13102, 13103})
THINGSEE = ("21", "21")


def haltian(envelope: Envelope) -> Heard | Iterable[Heard]:
    """One word of a sensor, or of a Wirepas message several."""
    if len(envelope.payload) > MOST_BYTES:
        raise Undecodable("too_large")
    levels = envelope.topic.split("/")
    if "measurements" in levels[:-2]:
        return _measured(levels[-1], object_of(envelope))
    if levels[-3:-1] == ["payloads", "wirepas"]:
        return _passed_on(levels[-1], object_of(envelope))
    if "received_data" in levels[:-5]:
        node = levels[levels.index("received_data") + 3]
        return _received(node, tuple(levels[-2:]), envelope.payload)
    if "notifications" in levels[-3:-1]:
        return _noticed(levels)
    if "messages" in levels[-3:-1]:
        return Heard(levels[-1][:MOST_ID] or "haltian", kind="undecoded")
    return _thingsee(None, object_of(envelope))


def _measured(device: str, said: Mapping[str, Any]) -> Heard:
    """Names are written `occupantsCount`, of a group of devices also `occupants_count`."""
    at = instant(said.get("measured_at")) or epoch(said.get("measured_at"))
    told = {name.replace("_", "").lower(): value for name, value in said.items()}
    for name in ("isoccupied", "occupancystatus", "occupancystate"):
        if name in told:
            occupied = told[name] if isinstance(told[name], bool) else _word(told[name])
            return Heard(device, occupied, "" if occupied is not None else "unknown", at)
    if "movementdetections" in told:
        return _counted(device, told["movementdetections"], at, "motion_count")
    if "occupantscount" in told:
        return _counted(device, told["occupantscount"], at, "")
    levels = (value for name, value in told.items() if name.startswith("battery") and "voltage" not in name)
    battery = next((percent(value) for value in levels), None)
    return Heard(device, None, nothing(battery), at, battery)


def _word(value: Any) -> bool | None:
    return word(value) if isinstance(value, str) else None


def _counted(device: str, value: Any, at: datetime | None, kind: str) -> Heard:
    """More than nought is somebody."""
    count = number(value)
    occupied = None if count is None or count < 0 else count > 0
    return Heard(device, occupied, kind if occupied is not None else "unknown", at)


def _noticed(levels: list[str]) -> Heard:
    """The cloud's notices: that a device is gone; of others nothing that a seat needs."""
    if levels[-2] == "deviceOffline":
        return Heard(levels[-1], kind="availability", online=False)
    return Heard(levels[-1][:MOST_ID] or "haltian", kind="ignored")


def _passed_on(device: str, said: Mapping[str, Any]) -> Iterable[Heard]:
    """What a gateway published, wrapped by the cloud: its topic, and in Base64 Wirepas' own wrapping."""
    value = said.get("value")
    told = value if isinstance(value, dict) else {}
    try:
        content = base64.b64decode(told.get("payload", ""), validate=True)
    except (binascii.Error, ValueError, TypeError):
        raise Undecodable("payload") from None
    topic = told.get("mqtt_topic")
    endpoints = tuple(topic.split("/")[-2:]) if isinstance(topic, str) else THINGSEE
    return _received(device, endpoints, content, instant(said.get("received_at")))


def _received(
    device: str, endpoints: tuple[str, ...], content: bytes, at: datetime | None = None
) -> Iterable[Heard]:
    """JSON, CBOR, or either in Wirepas' wrapping: each begins otherwise."""
    first = content[:1]
    if first in {b"{", b"["} or first.isspace():
        return _each(device, _messages(content), at)
    if endpoints != THINGSEE:
        return [Heard(device, kind="undecoded")]
    if first == b"\x08":
        content, at = _unwrapped(content)
        if content[:1] in {b"{", b"["}:
            return _each(device, _messages(content), at)
    found = cbor.loads(content)
    return _each(device, [_named(one) for one in (found if isinstance(found, list) else [found])], at)


def _messages(content: bytes) -> list[Any]:
    if content.lstrip()[:1] == b"[":
        return list(json_object(b'{"all":' + content + b"}")["all"])
    return [json_object(content)]


def _named(message: Any) -> dict[str, Any]:
    if not isinstance(message, dict):
        raise Undecodable("not_an_object")
    named = {NAMES.get(key, str(key)): value for key, value in message.items()}
    return {
        name: value / 10 if name in TENTHS and number(value) is not None else value
        for name, value in named.items()
    }


def _each(device: str, messages: list[Any], at: datetime | None) -> list[Heard]:
    if not messages or not all(isinstance(one, dict) for one in messages):
        raise Undecodable("not_an_object")
    return [_thingsee(device, one, at) for one in messages[:MOST_MESSAGES]]


def _thingsee(device: str | None, said: Mapping[str, Any], at: datetime | None = None) -> Heard:
    """A Thingsee message. `device`: as which it came, where it does not name itself."""
    named = said.get("tsmTuid")
    device = named if isinstance(named, str) and named else device
    if device is None:
        raise Undecodable("sensor_id")
    at = epoch(said.get("tsmTs")) or at
    kind = said.get("tsmId")
    rssi = whole(said.get("rssiDbm"), -200, 100)
    if kind in STATES and "state" in said:
        occupied = word(said["state"])
        return Heard(device, occupied, "" if occupied is not None else "unknown", at)
    if kind == MOVEMENTS and "moveCount" in said:
        return _counted(device, said["moveCount"], at, "motion_count")
    if kind in COUNTERS:
        return Heard(device, None, "counter", at)
    battery = percent(said.get("batl"))
    return Heard(device, None, nothing(battery), at, battery, rssi=rssi)


def _unwrapped(content: bytes) -> tuple[bytes, datetime | None]:
    """A Wirepas message's content and when the gateway took it: fields 7 and 8, less field 5, the time that it was on
    its way, in milliseconds. Raises Undecodable `not_protobuf`."""
    fields: dict[int, Any] = {}
    at = 0
    try:
        while at < len(content):
            tag, at = _varint(content, at)
            told, at = _varint(content, at)
            match tag & 7:
                case 0:
                    fields[tag >> 3] = told
                case 2:
                    fields[tag >> 3] = content[at : at + told]
                    at += told
                case _:
                    raise Undecodable("not_protobuf")
    except IndexError:
        raise Undecodable("not_protobuf") from None
    said, taken, travelled = fields.get(7), fields.get(8), fields.get(5, 0)
    if not isinstance(said, bytes) or at != len(content):
        raise Undecodable("not_protobuf")
    if not isinstance(taken, int) or not isinstance(travelled, int):
        return said, None
    return said, epoch((taken - travelled) / 1000)


def _varint(content: bytes, at: int) -> tuple[int, int]:
    found = shift = 0
    while True:
        byte = content[at]
        found |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if not byte & 0x80:
            return found, at
        if shift > 63:
            raise Undecodable("not_protobuf")
