"""Kinds of space, the lane each fills, and the policies that govern it; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    SEAT = "seat"
    FOCUS_SEAT = "focus_seat"
    BOOTH = "booth"
    MEETING_BOOTH = "meeting_booth"
    OPEN_MEETING = "open_meeting"


class Lane(StrEnum):
    """A person holds at most one space of each lane at a time (RULES 11)."""

    DESK = "desk"
    ROOM = "room"


LANES: Mapping[Kind, Lane] = {
    Kind.SEAT: Lane.DESK,
    Kind.FOCUS_SEAT: Lane.DESK,
    Kind.BOOTH: Lane.ROOM,
    Kind.MEETING_BOOTH: Lane.ROOM,
    Kind.OPEN_MEETING: Lane.ROOM,
}


@dataclass(frozen=True, slots=True)
class Policy:
    """What holds for a kind of space. A duration of zero switches `early_leave` off."""

    check_in_opens: timedelta = timedelta(minutes=15)
    no_show_grace: timedelta = timedelta(minutes=60)
    warn_before_release: timedelta = timedelta(minutes=5)
    vacant_hold: timedelta = timedelta(minutes=10)
    early_leave: timedelta = timedelta(0)
    max_duration: timedelta = timedelta(days=1)
    horizon: timedelta = timedelta(days=14)
    horizon_facility: timedelta = timedelta(days=62)
    walk_in: bool = True
    check_in_by_hand: bool = False


_ROOM = Policy(
    no_show_grace=timedelta(minutes=10), early_leave=timedelta(minutes=10), max_duration=timedelta(hours=2)
)

DEFAULTS: Mapping[Kind, Policy] = {
    kind: Policy() if lane is Lane.DESK else _ROOM for kind, lane in LANES.items()
}

POLICY_KEYS = tuple(field.name for field in fields(Policy))


def with_value(policy: Policy, key: str, text: str) -> Policy:
    """The policy with one value read from text: `on`/`off`, or a duration such as `90s`, `15m`, `2h`, `14d`.

    Raises ValueError saying what would be right.
    """
    if key not in POLICY_KEYS:
        raise ValueError(f"'{key}' is no policy; known: {', '.join(POLICY_KEYS)}")
    if isinstance(getattr(policy, key), bool):
        if text not in {"on", "off"}:
            raise ValueError(f"{key} is on or off, not '{text}'")
        return _with(policy, key, text == "on")
    if text == "off" and key == "early_leave":
        return replace(policy, early_leave=timedelta(0))
    duration = parse_duration(text)
    if key == "max_duration" and not duration:
        raise ValueError("max_duration must be longer than nothing")
    return _with(policy, key, duration)


def _with(policy: Policy, key: str, value: Any) -> Policy:
    return replace(policy, **{key: value})


UNITS = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}
LONGEST = timedelta(days=366)


def parse_duration(text: str) -> timedelta:
    """A whole number with its unit: `90s`, `15m`, `2h`, `14d`; a year at most."""
    number, unit = text[:-1], text[-1:]
    if (
        not number.isascii()
        or not number.isdigit()
        or unit not in UNITS
        or int(number) > LONGEST / UNITS[unit]
    ):
        raise ValueError(f"'{text}' is not a duration such as 90s, 15m, 2h or 14d")
    return int(number) * UNITS[unit]


def duration_text(value: timedelta | bool) -> str:
    """The inverse of what `with_value` reads."""
    if isinstance(value, bool):
        return "on" if value else "off"
    for unit in ("d", "h", "m"):
        if value and value % UNITS[unit] == timedelta(0):
            return f"{value // UNITS[unit]}{unit}"
    return f"{int(value.total_seconds())}s"
