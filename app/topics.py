"""What the operator says of the broker's topics: which the gateway asks for, and of which wire the site's own are."""

from __future__ import annotations

from collections.abc import Mapping

from app.texts import is_line

# What the topics of a wire begin with by themselves, where a site may choose; Sparkplug lets nobody.
WIRES: Mapping[str, str] = {
    "zigbee2mqtt": "zigbee2mqtt",
    "tasmota": "tele",
    "homie": "homie",
    "homeassistant": "homeassistant",
    "haltian": "haltian-iot",
    "disruptive": "disruptive",
    "things-stack": "v3",
    "chirpstack": "application",
}


def filters(text: str) -> tuple[str, ...]:
    """Topic filters (MQTT 5, 4.7): `+` and `#` stand for whole levels, `#` for the last."""
    found = tuple(one.strip() for one in text.split(",") if one.strip())
    for one in found:
        levels = one.split("/")
        wild = any(("+" in level and level != "+") or ("#" in level and level != "#") for level in levels)
        if wild or "#" in levels[:-1] or not is_line(one) or len(one.encode()) > 256:
            raise ValueError(f"'{one}' is not a topic filter such as zigbee2mqtt/+")
    if not found:
        raise ValueError("must name a topic filter such as zigbee2mqtt/+")
    return found


def overlap(one: str, other: str) -> bool:
    """Whether a topic may fit both of two filters. Who shares a subscription with others hears nothing twice."""
    if one.startswith("$share/") or other.startswith("$share/"):
        return False
    these, those = one.split("/"), other.split("/")
    if these[0] != those[0] and "$" in {these[0][:1], those[0][:1]}:
        return False  # no wildcard stands for a first level with a $
    for this, that in zip(these, those, strict=False):
        if "#" in {this, that}:
            return True
        if this != that and "+" not in {this, that}:
            return False
    beyond = max(these, those, key=len)[min(len(these), len(those)) :]
    return not beyond or beyond[0] == "#"  # which stands for nothing too


def prefixes(text: str) -> tuple[tuple[str, str], ...]:
    """What a site's topics begin with, and what those of their wire begin with by themselves, from
    `home/zigbee2mqtt=zigbee2mqtt,ha=homeassistant`."""
    found: dict[str, str] = {}
    for one in (one.strip() for one in text.split(",") if one.strip()):
        prefix, _equals, wire = (part.strip().strip("/") for part in one.partition("="))
        if not prefix or wire not in WIRES or any(mark in prefix for mark in "+#") or not is_line(prefix):
            raise ValueError(
                f"'{one}' is not a prefix and its wire such as home/zigbee2mqtt=zigbee2mqtt, of {', '.join(WIRES)}"
            )
        if found.setdefault(prefix, WIRES[wire]) != WIRES[wire]:
            raise ValueError(f"'{prefix}' must be of one wire")
    return tuple(found.items())
