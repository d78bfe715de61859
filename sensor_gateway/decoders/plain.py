"""Words by which a device says plainly whether somebody is there; `names` has the names of what it says them of.

Only a clear true or false is one; null, an unknown word, a number that no rule names is none.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sensor_gateway.decoders.native import json_object
from sensor_gateway.heard import Heard
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
