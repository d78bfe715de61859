"""What Home Assistant's discovery tells of devices: which there are, and on which topics they speak."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

from app.texts import is_line
from sensor_gateway.decoders.plain import object_of
from sensor_gateway.heard import MOST_ID, Heard
from sensor_gateway.messages import Envelope

MOST_COMPONENTS = 64
_LONG = {
    "uniq_id": "unique_id",
    "stat_t": "state_topic",
    "avty_t": "availability_topic",
    "dev_cla": "device_class",
    "pl_on": "payload_on",
    "pl_off": "payload_off",
    "off_dly": "off_delay",
    "val_tpl": "value_template",
    "dev": "device",
    "cmps": "components",
    "mdl": "model",
    "p": "platform",
}
_TOLD = (
    "name",
    "state_topic",
    "availability_topic",
    "device_class",
    "payload_on",
    "payload_off",
    "off_delay",
    "value_template",
)


def home_assistant(envelope: Envelope) -> list[Heard]:
    """`homeassistant/{component}/[{node}/]{object}/config`, or of all that a device has
    `homeassistant/device/{object}/config`. Empty: there is one less."""
    levels = envelope.topic.split("/")
    if len(levels) < 4 or levels[-1] != "config":
        return [Heard(levels[-1][:MOST_ID] or "homeassistant", kind="ignored")]
    named = levels[2][:MOST_ID]
    if not envelope.payload:
        return [Heard(named, kind="discovery_removed")]
    said = _written_out(object_of(envelope))
    parts = said.get("components")
    if levels[1] != "device" or not isinstance(parts, dict):
        return [_found(named, said)]
    shared = {key: value for key, value in said.items() if key != "components"}
    found = [
        _part(named, name, shared, _written_out(part))
        for name, part in islice(parts.items(), MOST_COMPONENTS)
        if isinstance(part, dict)
    ]
    return found or [_found(named, shared)]


def _part(named: str, name: str, shared: Mapping[str, Any], said: Mapping[str, Any]) -> Heard:
    """A part of a device; one of which nothing is said but its platform is taken away."""
    if said.keys() <= {"platform"}:
        return Heard(named, kind="discovery_removed", about={"part": name})
    return _found(named, {**shared, **said})


def _written_out(said: Mapping[str, Any]) -> dict[str, Any]:
    return {_LONG.get(key, key): value for key, value in said.items()}


def _found(named: str, said: Mapping[str, Any]) -> Heard:
    base, device = said.get("~"), said.get("device")
    about = {}
    for key in _TOLD:
        value = said.get(key)
        if isinstance(value, str | int | float):
            told = str(value).lower() if isinstance(value, bool) else str(value)
            about[key] = (
                told.replace("~", base, 1) if isinstance(base, str) and key.endswith("_topic") else told
            )
    for key in ("name", "model"):
        if isinstance(device, dict) and isinstance(value := _written_out(device).get(key), str):
            about[f"device_{key}"] = value
    unique = said.get("unique_id")
    if isinstance(unique, str) and 0 < len(unique) <= MOST_ID and is_line(unique):
        named = unique
    return Heard(named, kind="discovery", about=about)
