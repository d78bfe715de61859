"""The native wire: what our own devices send. Strict, since whoever writes a device must learn of a mistake.

    akiseki/v1/{sensor_id}/reading
        {"boot": "9c41e0d2a77b3f16", "seq": 42, "observed_at": "2026-11-24T00:01:02.345Z", "occupied": true,
         "battery_pct": 87, "rssi": -61}
    akiseki/v1/{sensor_id}/status    online | offline

`boot` and `seq` are demanded, the rest may be absent or null; fields with other names are passed over.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NoReturn

import orjson

from app.occupancy.readings import AHEAD_AT_MOST, BEHIND_AT_MOST, Reading
from sensor_gateway.messages import Envelope, Undecodable
from sensor_gateway.topics import parse_native

MOST_BYTES = 4096
MOST_BOOT_CHARACTERS = 32
MOST_SEQ = 2**53  # beyond it a device that counts in doubles stands still
_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_STATUS = {b"online": True, b"offline": False}


def decode(envelope: Envelope) -> Sequence[Reading]:
    """The one reading in a native message; none in an empty one, which only clears what the broker retained."""
    topic = parse_native(envelope.topic)
    if len(envelope.payload) > MOST_BYTES:
        raise Undecodable("too_large")
    if topic.leaf == "status":
        return _status(topic.sensor_id, envelope)
    if not envelope.payload and envelope.retained:
        return ()
    return (_reading(topic.sensor_id, envelope),)


def _status(sensor_id: str, envelope: Envelope) -> Sequence[Reading]:
    if not envelope.payload:
        return ()
    online = _STATUS.get(envelope.payload)
    if online is None:
        raise Undecodable("status")
    at = envelope.received_at
    return (Reading(sensor_id, at, at, online=online, history=envelope.retained),)


def _reading(sensor_id: str, envelope: Envelope) -> Reading:
    fields = json_object(envelope.payload)
    get = fields.get
    boot = get("boot")
    # Printable text has no null character, which PostgreSQL refuses, and no lone surrogate, which UTF-8 does.
    if type(boot) is not str or not 0 < len(boot) <= MOST_BOOT_CHARACTERS or not boot.isprintable():
        raise Undecodable("boot")
    occupied = get("occupied")
    if not (occupied is None or occupied is True or occupied is False):
        raise Undecodable("occupied")
    text = get("observed_at")
    return Reading(
        sensor_id,
        envelope.received_at if text is None else observed_at(text, envelope.received_at),
        envelope.received_at,
        occupied,
        boot,
        _integer("seq", get("seq"), 0, MOST_SEQ),
        _optional_integer("battery_pct", get("battery_pct"), 0, 100),
        _optional_integer("rssi", get("rssi"), -200, 100),
        None,
        envelope.retained,
    )


def instant(text: object) -> datetime:
    """An instant in RFC 3339, in UTC; raises Undecodable `observed_at`."""
    if type(text) is not str or not _RFC_3339.fullmatch(text):
        raise Undecodable("observed_at")
    try:
        at = datetime.fromisoformat(text.upper())
        return at if at.tzinfo is UTC else at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Undecodable("observed_at") from None


def observed_at(text: object, received_at: datetime) -> datetime:
    """An instant that a device gave, in UTC; raises Undecodable where its clock cannot be right."""
    at = instant(text)
    ahead = at - received_at
    if ahead > AHEAD_AT_MOST:
        raise Undecodable("clock_ahead", ahead=ahead)
    if ahead < -BEHIND_AT_MOST:
        raise Undecodable("clock_behind")
    return at


def json_object(payload: bytes) -> dict[str, Any]:
    """What a payload says; raises Undecodable `not_utf8`, `not_json` or `not_an_object`."""
    try:
        found = orjson.loads(payload)
    except orjson.JSONDecodeError:
        found = _json(payload)
    if type(found) is not dict:
        raise Undecodable("not_an_object")
    return found


def _json(payload: bytes) -> object:
    """The same of what the faster reader refuses, such as half a character, or why it is none."""
    try:
        return _decode_json(payload.decode("utf-8"))
    except UnicodeDecodeError:
        raise Undecodable("not_utf8") from None
    except (ValueError, RecursionError):
        raise Undecodable("not_json") from None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


# Python reads NaN and Infinity, which JSON has not.
_decode_json = json.JSONDecoder(parse_constant=_refuse).decode


def _integer(name: str, value: object, least: int, most: int) -> int:
    # `type is`: True is an int to isinstance.
    if type(value) is not int or not least <= value <= most:
        raise Undecodable(name)
    return value


def _optional_integer(name: str, value: object, least: int, most: int) -> int | None:
    return None if value is None else _integer(name, value, least, most)
