"""Shelly of the second generation."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from typing import Any

from sensor_gateway.decoders.plain import availability, object_of, one_of, text_of
from sensor_gateway.decoders.told_once import ToldOnce
from sensor_gateway.heard import Heard, epoch, percent
from sensor_gateway.messages import Envelope, Undecodable

WIRE = "shelly"
# A list, not a set: what is looked for among them may be anything that JSON has.
NOTICES = ["NotifyStatus", "NotifyFullStatus"]
_SHELLY_TOPIC = re.compile(r"(?P<prefix>.+?)/(?P<rest>events/rpc|online|status/[^/]+)")


def place(topic: str) -> str:
    """The levels of a device: all before what it tells of."""
    found = _SHELLY_TOPIC.fullmatch(topic)
    return found["prefix"] if found else topic


class Shelly:
    """Reads a device's topics as one device: under a prefix of the site's its name stands in its notices alone."""

    def __init__(self, told_once: ToldOnce, known: Container[str] = frozenset()) -> None:
        """`known`: the devices that are registered. One that is so by its topic's name speaks as nobody else."""
        self._sources = told_once
        self._known = known

    def decode(self, envelope: Envelope) -> Heard:
        """`{device}/events/rpc`, `{device}/status/{component}`, `{device}/online`; the site may put levels before the
        device, or others in its place."""
        found = _SHELLY_TOPIC.fullmatch(envelope.topic)
        if found is None:
            raise Undecodable("topic")
        prefix, rest = found["prefix"], found["rest"]
        named = prefix.rsplit("/", 1)[-1]
        is_known = named in self._known
        device = named if is_known else (self._sources.get(WIRE, prefix) or {}).get("source") or named
        if rest == "online":
            return availability(device, text_of(envelope), online="true", offline="false")
        said = object_of(envelope)
        if rest != "events/rpc":
            return _status(device, {rest.removeprefix("status/"): said})
        device = device if is_known else self._source(prefix, said.get("src"), device)
        params = said.get("params")
        if said.get("method") not in NOTICES or not isinstance(params, dict):
            return Heard(device, kind="ignored")
        return _status(device, params)

    def _source(self, prefix: str, source: Any, device: str) -> str:
        """As whom a device speaks, which is remembered where its topic says something else."""
        if not isinstance(source, str) or source == device:
            return device
        heard = Heard(source).device_id  # refused where no sensor can be called so
        self._sources.tell(WIRE, prefix, {"source": heard}, (heard,))
        return heard


_SHELLY_ZONES = re.compile(r"(presencezone|presence|motion|occupancy|input):\d+")
# What a Bluetooth sensor told a gateway, such as Shelly BLU Motion: of its values a movement is the boolean.
_SHELLY_BLU = re.compile(r"bthomesensor:\d+")


def _status(device: str, params: Mapping[str, Any]) -> Heard:
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
