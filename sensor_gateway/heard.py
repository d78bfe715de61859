"""What a message says, whatever wire it came by, and the readings that become of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from app.occupancy.readings import AHEAD_AT_MOST, BEHIND_AT_MOST, Reading
from app.texts import as_on_wire, is_line
from sensor_gateway.messages import Envelope, Undecodable

MOST_ID = 64
LENGTH_OF_EUI = 16
# What was made up at a console must neither check in nor release anybody.
NOT_REAL = frozenset({"simulated"})
# Of which nothing becomes a reading.
UNHEARD = NOT_REAL | {"discovery", "discovery_removed", "removed", "ignored", "join"}


@dataclass(frozen=True, slots=True)
class Past:
    """What a device kept and told afterwards, of itself or of one of its zones."""

    observed_at: datetime
    occupied: bool | None
    zone: str = ""


@dataclass(frozen=True, slots=True)
class Heard:
    """One device's word. `occupied` None: nothing about that, for the reason that `kind` names (no_occupancy_field,
    pending, unknown, history, zones, counter, battery, availability, discovery, removed, join, ignored, undecoded,
    fault, heartbeat, decode_error).

    `charge_pct`: what the voltage leaves of the battery, where nothing better is told. `boot` and `seq` name the
    message once: a counter that restarts, with what names its run. `zones`: of a sensor that watches several seats, by
    its own names; `zone`: the one that `occupied` is of, where a wire tells of one at a time. `about`: what a discovery
    told of a device; by which profile it was read. `why`: of what says nothing clear, or should not, what
    its reader looked for.
    `battery_low`: whether the device calls its battery low, in whatever it may be measured. `fields`: all that was
    read from its bytes.
    """

    device_id: str
    occupied: bool | None = None
    kind: str = ""
    observed_at: datetime | None = None
    battery_pct: float | None = None
    battery_v: float | None = None
    charge_pct: float | None = None
    rssi: int | None = None
    boot: str | None = None
    seq: int | None = None
    online: bool | None = None
    zones: Mapping[str, bool | None] = field(default_factory=dict)
    zone: str = ""
    history: Sequence[Past] = ()
    about: Mapping[str, str] = field(default_factory=dict)
    why: str = ""
    battery_low: bool | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)

    @property
    def left_pct(self) -> float | None:
        """What is left of the battery: of one that is only called low nothing, since what is shown and told goes by per
        cent, and how little is left nobody said."""
        measured = self.charge_pct if self.battery_pct is None else self.battery_pct
        return 0 if measured is None and self.battery_low else measured

    def __post_init__(self) -> None:
        if not 0 < len(self.device_id) <= MOST_ID or not is_line(self.device_id):
            raise Undecodable("sensor_id")
        if len(self.device_id) == LENGTH_OF_EUI and not self.device_id.islower():
            object.__setattr__(self, "device_id", as_on_wire(self.device_id))


def zone_id(device_id: str, zone: str) -> str:
    """The id of the sensor that one zone of a device is."""
    return f"{device_id}:{zone}"


def zones_of(sensor_ids: Iterable[str]) -> dict[str, list[str]]:
    """The sensors that are zones of a device, by what may be the device's name: both may hold a colon."""
    found: dict[str, list[str]] = defaultdict(list)
    for sensor_id in sensor_ids:
        levels = sensor_id.split(":")
        for count in range(1, len(levels)):
            found[":".join(levels[:count])].append(sensor_id)
    return dict(found)


def readings(heard: Heard, envelope: Envelope, known_zones: Collection[str] = ()) -> Iterator[Reading]:
    """The readings in a device's word: one of the device, one of each zone, one for each thing of the past.

    A clock that cannot be right is not believed: the time of arrival stands for it. `known_zones`: the sensors that are
    zones of this device. Whatever it says, it lives, and so do they; when it is gone, or its battery low, theirs is.
    """
    if heard.kind in UNHEARD:
        return
    at = _believed(heard.observed_at, envelope.received_at)
    said: dict[str, bool | None] = {heard.device_id: heard.occupied, **dict.fromkeys(known_zones)}
    alone = {heard.zone: heard.occupied} if heard.zone else {}
    for zone, occupied in (alone | dict(heard.zones)).items():
        if sensor_id := _sensor_of(heard.device_id, zone):
            said[sensor_id] = occupied
    left = heard.left_pct
    for sensor_id, occupied in said.items():
        yield Reading(
            sensor_id,
            at,
            envelope.received_at,
            occupied,
            heard.boot,
            heard.seq if heard.boot is not None else None,
            None if left is None else max(0, min(100, round(left))),
            heard.rssi,
            heard.online,
            envelope.retained,
            heard.boot is not None,
            left is None and heard.battery_low is False,
        )
    for past in heard.history:
        is_known = envelope.received_at - past.observed_at <= BEHIND_AT_MOST
        sensor_id = _sensor_of(heard.device_id, past.zone)
        if sensor_id and is_known and past.observed_at <= at + AHEAD_AT_MOST:
            yield Reading(
                sensor_id, past.observed_at, envelope.received_at, occupied=past.occupied, history=True
            )


def _sensor_of(device_id: str, zone: str) -> str:
    """The id of the sensor that a device, or one of its zones, is; empty where it can be none."""
    sensor_id = zone_id(device_id, zone) if zone else device_id
    return sensor_id if is_line(sensor_id) and len(sensor_id) <= MOST_ID else ""


def _believed(told: datetime | None, received_at: datetime) -> datetime:
    if told is None or told - received_at > AHEAD_AT_MOST or received_at - told > BEHIND_AT_MOST:
        return received_at
    return told


def epoch(seconds: object) -> datetime | None:
    """An instant from seconds since 1970, or milliseconds where the number is that large; None where it is none."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return None
    try:
        found = seconds / 1000 if seconds > 1e11 else seconds
        return datetime.fromtimestamp(round(found, 6), UTC) if found > 0 else None
    except (ValueError, OverflowError, OSError):
        return None


def instant(text: object) -> datetime | None:
    """An instant in RFC 3339 with an offset, in UTC, cut to microseconds; None where it is none."""
    if not isinstance(text, str) or len(text) > 40:
        return None
    head, dot, tail = text.strip().partition(".")
    if dot:
        digits = len(tail) - len(tail.lstrip("0123456789"))
        text = f"{head}.{tail[:digits][:6]}{tail[digits:]}"
    try:
        at = datetime.fromisoformat(text.strip().upper())
        return at.astimezone(UTC) if at.tzinfo else None
    except (ValueError, OverflowError):
        return None


def number(value: object) -> float | None:
    """A finite number; None where it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < 1e15 else None


def whole(value: object, least: int = 0, most: int = 2**53) -> int | None:
    """A whole number within limits; None where it is none."""
    return value if type(value) is int and least <= value <= most else None


def percent(value: object) -> float | None:
    """A percentage; None where it is none."""
    found = number(value)
    return found if found is not None and 0 <= found <= 100 else None
