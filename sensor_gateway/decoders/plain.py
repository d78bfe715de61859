"""Words by which a device says plainly whether somebody is there, and names of what it says them of.

Only a clear true or false is one; null, an unknown word, a number that no rule names is none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sensor_gateway.decoders.native import json_object
from sensor_gateway.heard import Heard
from sensor_gateway.messages import Envelope, Undecodable

# Longer names are a stranger's: of them the end is read.
MOST_BYTES, MOST_NAME = 65_536, 255
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
# In a name, in the languages of makers; `Presentation` is of none, nor is `motionless`.
OCCUPANCY = r"occup|pr(?:e|é|ä|ae)sen(?!t?ation|ter)|motion(?!less)|bewegung(?!slos)|在席|人感|在室|着席"
_OCCUPANCY = re.compile(OCCUPANCY, re.IGNORECASE)
# What a sensor is set to, and what else it tells around its sense: a light beside it, how often it saw something,
# whether the sensor itself is well.
_ASIDE = re.compile(
    r"led|light|enable|enabled|disable|disabled|sensitivity|timeout|count|counts|counter|total|last|"
    r"since|time|timestamp|config|configuration|settings|delay|hold|threshold|cooldown|interval|"
    r"duration|indicator|mode|calibration|distance|tamper|battery|"
    r"online|offline|connected|connection|connectivity|fault|faults|faulty|problem|error|errors|alarm|alarms|"
    r"valid|validity|invalid|stale|ok|override|setpoint|setback|update|updated|available|availability"
    r"|(.*(在席|人感|在室|着席).*)?(異常|故障|警報|エラー|感度|設定|電池|有効|無効|通信|照明|回数|時間|時刻|率)値?"
)
# `presence_status` is a radar's word for the seat, `presence_sensor_status` is of the sensor.
_OF_THE_SENSOR = re.compile(r"(sensor|detector|detection)s?_(status|active)")
# A name that says the opposite. Nobody turns its values round: only what is said plainly counts. A seat that is called
# free, or an area that is called no. 4, says nothing by that of whether somebody is there.
_SENSE = rf"({OCCUPANCY}|target)"
_NEGATED = re.compile(
    r"(?<![a-z])(un|non?|not|nobody|without|absence_of|keine?|sin|senza|sans)"
    rf"(_(currently|longer|one|body|person|people|human|any))*_?{_SENSE}|unoccup"
    rf"|(?<![a-z])(absence|absent|vacant|vacancy|empty|free(?!_address)|nobody|unmanned)(?![a-z])(?!.*{_SENSE})"
    rf"|(空席|不在|無人|未使用|空き|離席|未(在席|在室|着席))(?!.*{_SENSE})|(在席|人感|在室|着席)_?(なし|無し)"
)
_NAME_WORDS = re.compile(r"[A-Z]?[a-zß-ÿ]+|[A-Z]+|\d+|[^\W\d_A-Za-zß-ÿ]+")


def _telling(name: str) -> list[str]:
    """The words of a name, in small letters with a line between them; of a path those of each level that says what it
    is, not where."""
    levels = name[-MOST_NAME:].split("/")
    telling = [*(one for one in levels if _OCCUPANCY.search(one)), levels[-1]]
    return ["_".join(_NAME_WORDS.findall(level)).lower() for level in telling]


def is_negated(name: str) -> bool:
    """Whether a name says that nobody is there: what is true of `unoccupied` is so of an empty seat."""
    return any(_NEGATED.search(words) for words in _telling(name))


def says_something_aside(name: str) -> bool:
    """Whether a name is of what stands beside a sense, such as its sensitivity, or says the opposite of it."""
    return any(
        any(_ASIDE.fullmatch(one) for one in words.split("_"))
        or _OF_THE_SENSOR.search(words)
        or _NEGATED.search(words)
        for words in _telling(name)
    )


def says_occupancy(name: str) -> bool:
    """Whether a name, of a site's or a maker's choice, is of whether somebody is there."""
    return _OCCUPANCY.search(name) is not None and not says_something_aside(name)


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
