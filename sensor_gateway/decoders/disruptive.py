"""Disruptive Technologies' events, as its data connector posts them; `eventId` names an event once."""

from __future__ import annotations

from sensor_gateway.decoders.plain import object_of
from sensor_gateway.heard import Heard, instant, percent, whole
from sensor_gateway.messages import Envelope, Undecodable

STATES = {
    "motion": {"MOTION_DETECTED": True, "NO_MOTION_DETECTED": False},
    "deskOccupancy": {"OCCUPIED": True, "NOT_OCCUPIED": False},
}


def decode(envelope: Envelope) -> Heard:
    """One event; a data connector wraps it in `event`, a stream that once more in `result`."""
    said = object_of(envelope)
    for wrapping in ("result", "event"):
        said = said[wrapping] if isinstance(said.get(wrapping), dict) else said
    target, kind, data = said.get("targetName"), said.get("eventType"), said.get("data")
    if not isinstance(target, str) or not isinstance(kind, str) or not isinstance(data, dict):
        raise Undecodable("event")
    device = target.strip().rsplit("/", 1)[-1]
    found = data.get(kind)
    value = found if isinstance(found, dict) else {}
    at = instant(value.get("updateTime")) or instant(said.get("timestamp"))
    if kind in STATES:
        state = value.get("state")
        occupied = STATES[kind].get(state) if isinstance(state, str) else None
        return Heard(device, occupied, "" if occupied is not None else "unknown", at)
    if kind == "batteryStatus":
        return Heard(device, None, "battery", at, percent(value.get("percentage")))
    if kind == "networkStatus":
        return Heard(device, None, "heartbeat", at, rssi=whole(value.get("rssi"), -200, 100))
    return Heard(device, None, "no_occupancy_field", at)
