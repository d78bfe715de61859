"""Haltian: what its cloud measured, `…/measurements/{name}/{device}`, and what a Wirepas gateway heard,
`…/received_data/{gateway}/{sink}/{network}/{endpoint}/{endpoint}`: a Thingsee message as JSON, or as the CBOR that the
sensor sent, which names its fields by number and itself not at all: it is known by the address that Wirepas' wrapping
tells. Bare, it is anybody's in the network, and nobody's word. The cloud passes the same on as
`…/payloads/wirepas/{device}`.

developer.haltian.io: Stream API, Thingsee CBOR to JSON Conversion, Gateway and Cloud Binary Passthrough. Wirepas' own
messages: wirepas/backend-apis, gateway_to_backend.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import cache, partial
from typing import Any

from sensor_gateway.decoders import cbor
from sensor_gateway.decoders.native import json_object
from sensor_gateway.decoders.plain import MOST_BYTES, nothing, object_of, word
from sensor_gateway.decoders.protobuf import message_class, parsed
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
# What a Wirepas message begins with: by Haltian's cloud with its source, by Wirepas' gateways with a message of theirs.
PASSED_ON, GENERIC = b"\x08", b"\x0a"
_PACKET = (
    ("source_address", 2, "UINT32"),
    ("source_endpoint", 4, "UINT32"),
    ("destination_endpoint", 5, "UINT32"),
    ("travel_time_ms", 6, "UINT32"),
    ("rx_time_ms_epoch", 7, "UINT64"),
    ("payload", 9, "BYTES"),
)
_GENERIC = {
    "Packet": _PACKET,
    "Packets": (("packets", 2, "*Packet"),),
    "Wirepas": (("packet_received_event", 8, "Packet"), ("multi_packet_received_event", 17, "Packets")),
    "Generic": (("wirepas", 1, "Wirepas"),),
}
# The same without a header, so that each number is one less; its quality of service is left out, its time is not.
_PASSED_ON = {
    "Passed": (
        ("source_address", 1, "UINT32"),
        ("source_endpoint", 3, "UINT32"),
        ("destination_endpoint", 4, "UINT32"),
        ("travel_time_ms", 5, "UINT32"),
        ("payload", 7, "BYTES"),
        ("rx_time_ms_epoch", 8, "UINT64"),
    )
}


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
        gateway = levels[levels.index("received_data") + 1]
        return _received(gateway, None, tuple(levels[-2:]), envelope.payload)
    if "notifications" in levels[-3:-1]:
        return _noticed(levels)
    if "messages" in levels[-3:-1]:
        return Heard(levels[-1][:MOST_ID] or "haltian", kind="undecoded")
    return _thingsee("", None, object_of(envelope))


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
    return _received(device, device, endpoints, content, instant(said.get("received_at")))


def _received(
    gateway: str,
    device: str | None,
    endpoints: tuple[str, ...],
    content: bytes,
    at: datetime | None = None,
) -> list[Heard]:
    """JSON, CBOR, or either in Wirepas' wrapping: each begins otherwise. `device`: as which it came, where that is
    known; `gateway`: who heard it."""
    first = content[:1]
    if first == GENERIC:
        return _generic(gateway, content)
    if first == PASSED_ON and endpoints == THINGSEE:
        packet = parsed(_passed_on_class(), content)
        if not packet.HasField("payload"):
            raise Undecodable("not_protobuf")
        return _inner(gateway, device or str(packet.source_address), packet.payload, _taken_at(packet))
    if endpoints != THINGSEE and first not in {b"{", b"["} and not first.isspace():
        return [Heard(gateway, kind="undecoded")]
    return _inner(gateway, device, content, at)


def _generic(gateway: str, content: bytes) -> list[Heard]:
    """What a Wirepas gateway says in its own form: one packet or several, each with its source."""
    wirepas = parsed(_generic_class(), content).wirepas
    packets = [*wirepas.multi_packet_received_event.packets][:MOST_MESSAGES]
    if wirepas.HasField("packet_received_event"):
        packets.append(wirepas.packet_received_event)
    return _each(partial(_packet, gateway), packets) or [Heard(gateway, kind="undecoded")]


def _packet(gateway: str, packet: Any) -> list[Heard]:
    device = str(packet.source_address)
    endpoints = (str(packet.source_endpoint), str(packet.destination_endpoint))
    if endpoints == THINGSEE and packet.source_address:
        return _inner(gateway, device, packet.payload, _taken_at(packet))
    return [Heard(device, kind="undecoded")]


def _inner(gateway: str, device: str | None, content: bytes, at: datetime | None) -> list[Heard]:
    """A Thingsee message as it was sent, or several."""
    if content[:1] in {b"{", b"["} or content[:1].isspace():
        messages, of = _messages(content), _object
    else:
        found = cbor.loads(content)
        messages, of = found if isinstance(found, list) else [found], _named
    if not messages:
        raise Undecodable("not_an_object")
    return _each(lambda one: [_thingsee(gateway, device, of(one), at)], messages[:MOST_MESSAGES])


def _each(read: Callable[[Any], list[Heard]], packed: Iterable[Any]) -> list[Heard]:
    """What can be read of all that came in one message: one that cannot costs none of the others, who may be other
    sensors. Raises Undecodable where each of them is so."""
    found: list[Heard] = []
    refused: Undecodable | None = None
    for one in packed:
        try:
            found += read(one)
        except Undecodable as error:
            refused = error
    if refused is not None and not found:
        raise refused
    return found


@cache
def _generic_class() -> Any:
    return message_class("akiseki.wirepas", _GENERIC)


@cache
def _passed_on_class() -> Any:
    return message_class("akiseki.haltian", _PASSED_ON)


def _taken_at(packet: Any) -> datetime | None:
    """When the sensor sent a packet: when the gateway took it, less the time that it was on its way."""
    if not packet.HasField("rx_time_ms_epoch"):
        return None
    return epoch((packet.rx_time_ms_epoch - packet.travel_time_ms) / 1000)


def _messages(content: bytes) -> list[Any]:
    if content.lstrip()[:1] == b"[":
        found = json_object(b'{"all":' + content + b"}")["all"]
        return (
            found if isinstance(found, list) else [found]
        )  # who knows how they are wrapped may end the list early
    return [json_object(content)]


def _object(message: Any) -> dict[Any, Any]:
    if not isinstance(message, dict):
        raise Undecodable("not_an_object")
    return message


def _named(message: Any) -> dict[str, Any]:
    named = {NAMES.get(key, str(key)): value for key, value in _object(message).items()}
    return {
        name: value / 10 if name in TENTHS and number(value) is not None else value
        for name, value in named.items()
    }


def _thingsee(gateway: str, device: str | None, said: Mapping[str, Any], at: datetime | None = None) -> Heard:
    """A Thingsee message. `device`: as which it came, where it does not name itself; where neither is so it says
    nothing, since it may be of any sensor that the gateway hears."""
    named = said.get("tsmTuid")
    device = named if isinstance(named, str) and named else device
    if device is None:
        if not gateway:
            raise Undecodable("sensor_id")
        return Heard(gateway, kind="undecoded")
    at = epoch(said.get("tsmTs")) or at
    kind = whole(said.get("tsmId"))
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
