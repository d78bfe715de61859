"""Disruptive Technologies' events, as its data connector posts them: at least once, each with an `eventId` of its own.

An event is named by that id as the boot, with the number nought: what is posted again is known by it, and a boot of one
reading has no gap.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sensor_gateway.decoders.plain import object_of
from sensor_gateway.heard import Heard, instant, percent, whole
from sensor_gateway.messages import Envelope, Undecodable

STATES = {
    "motion": {"MOTION_DETECTED": True, "NO_MOTION_DETECTED": False},
    "deskOccupancy": {"OCCUPIED": True, "NOT_OCCUPIED": False},
}
MOST_EVENT_ID = 32  # of a reading's boot


def decode(envelope: Envelope) -> Heard:
    """One event; raises Undecodable."""
    said = _unwrapped(object_of(envelope))
    kind, data = said.get("eventType"), said.get("data")
    if not isinstance(said.get("targetName"), str) or not isinstance(kind, str) or not isinstance(data, dict):
        raise Undecodable("event")
    device = _device(said)
    found = data.get(kind)
    value = found if isinstance(found, dict) else {}
    at = instant(value.get("updateTime")) or instant(said.get("timestamp"))
    boot = _event_id(said)
    seq = None if boot is None else 0
    if kind in STATES:
        state = value.get("state")
        occupied = STATES[kind].get(state) if isinstance(state, str) else None
        return Heard(device, occupied, "" if occupied is not None else "unknown", at, boot=boot, seq=seq)
    if kind == "batteryStatus":
        return Heard(device, None, "battery", at, percent(value.get("percentage")), boot=boot, seq=seq)
    if kind == "networkStatus":
        rssi = whole(value.get("rssi"), -200, 100)
        return Heard(device, None, "heartbeat", at, rssi=rssi, boot=boot, seq=seq)
    return Heard(device, None, "no_occupancy_field", at, boot=boot, seq=seq)


def topic(said: Mapping[str, Any], _event: str = "") -> str:
    """The topic that an event would have at a broker: one for each device, by which who is not known is told apart."""
    device = _device(_unwrapped(said))
    named = device and device.isprintable() and not any(one in "+#" for one in device)
    return f"disruptive/{device}/event" if named else "disruptive/event"


def _unwrapped(said: Mapping[str, Any]) -> Mapping[str, Any]:
    """A data connector wraps an event in `event`, a stream that once more in `result`."""
    for wrapping in ("result", "event"):
        said = said[wrapping] if isinstance(said.get(wrapping), dict) else said
    return said


def _device(said: Mapping[str, Any]) -> str:
    target = said.get("targetName")
    return target.strip().rsplit("/", 1)[-1] if isinstance(target, str) else ""


def _event_id(said: Mapping[str, Any]) -> str | None:
    found = said.get("eventId")
    if isinstance(found, str) and 0 < len(found) <= MOST_EVENT_ID and found.isascii() and found.isprintable():
        return found
    return None
