"""Homie 4 and 5: properties of devices, each on a topic of its own; in Homie 5 a device may have children."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from app.texts import is_line
from sensor_gateway.decoders.names import says_occupancy
from sensor_gateway.decoders.native import json_object
from sensor_gateway.decoders.plain import one_of, text_of, word
from sensor_gateway.decoders.senses import Senses
from sensor_gateway.decoders.told_once import ToldOnce
from sensor_gateway.heard import MOST_ID, Heard
from sensor_gateway.messages import Envelope, Undecodable

WIRE = "homie"
MOST_CHILDREN = 1_000
_STATES: Mapping[str, bool | None] = {
    **dict.fromkeys(("init", "ready", "alert"), True),
    **dict.fromkeys(("disconnected", "lost"), False),
    "sleeping": None,  # a battery device: its last word still holds
}
_VALUES = frozenset({"state", "value", "detected", "active"})


class Homie:
    """Reads devices that describe themselves once: when a root is gone, so is whoever speaks through it."""

    def __init__(self, told_once: ToldOnce, is_elsewhere: Callable[[str], bool]) -> None:
        self._described = told_once
        self._senses = Senses(WIRE, told_once, is_elsewhere)

    def decode(self, envelope: Envelope) -> list[Heard]:
        """Homie 4, `homie/{device}/…`, and 5, `homie/5/{device}/…`: `$state`, `$description`, and `{node}/{property}`
        of a boolean, or of an enumeration whose words say it."""
        levels = envelope.topic.split("/")[1:]
        is_5 = bool(levels) and levels[0] == "5"
        levels = levels[1:] if is_5 else levels
        if len(levels) < 2:
            raise Undecodable("topic")
        device, rest = levels[0], levels[1:]
        text, at = text_of(envelope), envelope.received_at
        if rest == ["$state"]:
            return self._state(device, text, at)
        if rest == ["$description"] and is_5:
            self._learn(Heard(device).device_id, json_object(envelope.payload) if text else {})
        if any(one.startswith("$") for one in levels) or rest[-1] == "set":
            return [Heard(device, kind="ignored")]
        return [self._property(Heard(device).device_id, rest, text, at)]

    def _state(self, device: str, text: str, at: datetime) -> list[Heard]:
        if not text:
            return [Heard(device, kind="removed")]
        if text not in _STATES:
            raise Undecodable("status")
        online = _STATES[text]
        gone = self._children_of(device) if online is False else ()
        told = [Heard(one, kind="availability", online=online) for one in (device, *gone)]
        if text == "init" or online is False:
            for one in told:
                self._senses.wait_for_all(one.device_id, at)
        return told

    def _learn(self, device: str, said: Mapping[str, Any]) -> None:
        """Whose child a device is, and which children it has, by its description."""
        told, named = said.get("children"), said.get("root")
        children = [one for one in told[:MOST_CHILDREN] if _is_id(one)] if isinstance(told, list) else []
        root = str(named) if _is_id(named) else ""
        if children or root or self._described.get(WIRE, device):
            family = {"children": children, "root": root}
            self._described.tell(WIRE, device, family, (device, root, *children), 1 + len(children))

    def _children_of(self, root: str) -> list[str]:
        """Who is lost with a root: its children, and theirs; whoever names it as theirs."""
        found, waiting = {root}, [root]
        theirs = [name for name, said in self._described.of(WIRE) if said.get("root") == root]
        while waiting:
            said = self._described.get(WIRE, waiting.pop()) or {}
            new = [one for one in (*said.get("children", ()), *theirs) if one not in found]
            found.update(new)
            waiting += new
        return sorted(found - {root})

    def _property(self, device: str, rest: list[str], text: str, at: datetime) -> Heard:
        """A property's word, as that of the seat that its node is: a node may have several senses."""
        # `presence/occupied`; or `motion-sensor/detected`, where the node's name says it of a boolean.
        occupied = {"true": True, "false": False}.get(text)  # exactly so, says the convention
        is_boolean = occupied is not None or not text
        of_node = is_boolean and rest[-1] in _VALUES and says_occupancy(rest[0])
        if not (of_node or says_occupancy(rest[-1])):
            return Heard(device, kind="no_occupancy_field")
        if not text:
            self._senses.gone(device, rest[0], "/".join(rest[1:]), at)
            return Heard(device, kind="removed")
        if occupied is None and (text.isnumeric() or text.lower() in {"true", "false"}):
            return Heard(device, kind="decode_error")
        said = self._senses.hear(device, rest[0], "/".join(rest[1:]), word(text), at)
        return one_of(device, {rest[0]: said})


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= MOST_ID and is_line(value)
