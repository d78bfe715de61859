"""Why a message says nothing clear, in words for whoever writes its profile: `akiseki sensors try` shows them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from sensor_gateway.heard import number
from sensor_gateway.profiles.layouts import Layout
from sensor_gateway.profiles.meanings import ABSENT, NOTHING_TOLD, Rule, find
from sensor_gateway.profiles.models import Profile

MOST_NAMES, MOST_SHOWN = 12, 40
MOST_PATHS, MOST_OF_PATH, MOST_LEVELS = 20, 80, 8
# What the number of all there ever were may be called, or be: between two messages nobody moves so often.
_OF_ALL_TIME = re.compile(r"total|global|overall|lifetime|cumul", re.IGNORECASE)
MUCH = 1000
MUCH_VOLTS = 60


def of_fields(profile: Profile | None, names: Iterable[object], fields: Mapping[str, Any]) -> str:
    """What the profile looked for and what stood there; without one, by which names it was looked for."""
    if profile is None:
        return f"{_nobody(names)}; its fields are {_shown_paths(fields)}"
    if found := next(_unclear(profile.occupancy, fields), ""):
        return f"by the profile {profile.name} {found}"
    looked = [one.field for one in profile.occupancy] + [one.list or one.rule.field for one in profile.zones]
    if not looked:
        return f"the profile {profile.name} is of no seat"
    return f"the profile {profile.name} looks for {_listed(looked)}; the message has {_shown_paths(fields)}"


def _unclear(rules: Iterable[Rule], fields: Mapping[str, Any]) -> Iterator[str]:
    """The first of the fields that is there, whose value means nothing clear."""
    for rule in rules:
        if (value := find(fields, rule.field)) is not ABSENT:
            wanted = "" if rule.knows(value) else f" (known are {_listed(rule.values)})"
            yield f"{rule.field} is {_shown(value)}, which means nothing clear{wanted}"
            return


def doubts(profile: Profile, fields: Mapping[str, Any], *, by_bytes: bool = False) -> Iterator[str]:
    """What looks wrong in what a profile makes of a message, be it clear. `by_bytes`: it read the fields itself."""
    yield from filter(None, (of_count(profile, fields), of_battery(profile, fields)))
    if not (by_bytes or profile.is_of_package):
        missing = [name for name in profile.unclear if find(fields, name) is ABSENT]
        if missing:
            yield (
                f"the profile {profile.name} asks by unclear for {_listed(missing)}, which the message has not: "
                "where it is called otherwise, what a blind device says is believed"
            )


def of_count(profile: Profile, fields: Mapping[str, Any]) -> str:
    """Whether what somebody is counted by looks like a number that only ever rises; empty where it does not."""
    for rule in profile.occupancy:
        if (value := find(fields, rule.field)) is not ABSENT:
            counted = number(value) if rule.count else None
            if counted and (counted >= MUCH or _OF_ALL_TIME.search(rule.field)):
                return f"{rule.field} is {_shown(value)}: by a counter that only ever rises somebody is there for ever"
            return ""
    return ""


def of_battery(profile: Profile, fields: Mapping[str, Any]) -> str:
    """What stands in the field of the battery, where that tells nothing of it, or more than can be; empty where it
    does, or is absent."""
    battery = profile.battery
    left = battery.read(fields)
    if left.volts is not None and left.volts > MUCH_VOLTS:
        return (
            f"{battery.field} would be {left.volts:g} V, as no sensor's battery has: "
            "where it is told in thousandths of a volt, say scale = 0.001"
        )
    if left != NOTHING_TOLD:
        return ""
    there = ((name, find(fields, name)) for name in (battery.field, battery.low) if name)
    whys = (
        f"{name} is {_shown(one)}, which tells nothing of the battery"
        for name, one in there
        if one is not ABSENT
    )
    return next(whys, "")


def of_bytes(
    profile: Profile | None, names: Iterable[object], content: bytes | None, port: int | None
) -> str:
    """Why the bytes of a message could not be read, or not all of them; empty where they were."""
    if content is None:
        return "there is neither a decoded object nor bytes in base64"
    if profile is None:
        return f"{_nobody(names)}, and nobody decoded the bytes"
    if not profile.layout.kind:
        return f"the profile {profile.name} describes no bytes"
    if not profile.is_on(port):
        return f"the bytes came on port {port}; the profile {profile.name} reads port {profile.port}"
    return _of_layout(profile.layout, content, profile.name)


def _of_layout(layout: Layout, content: bytes, name: str) -> str:
    if layout.kind == "fixed":
        most = sum(one.length for one in layout.parts)
        if len(content) < most:
            return f"{len(content)} bytes are too few: the profile {name} describes {most}"
        if not layout.fields(content):
            return f"no field of the profile {name} is meant by these bytes"
        rest = content[most : most + 16].hex()
        return (
            f"{len(content) - most} bytes are left over behind what the profile {name} describes: {rest}"
            * bool(rest)
        )
    _found, at = layout.read(content)
    if at == len(content):
        return ""
    return f"from byte {at} on (counted from 0) the profile {name} cannot read {content[at : at + 16].hex()}"


def _nobody(names: Iterable[object]) -> str:
    asked = [one for one in names if isinstance(one, str)]
    return f"no model of a profile is named in {_listed(asked)}" if asked else "no name tells the model"


def _shown_paths(fields: Mapping[str, Any]) -> str:
    """The fields of a message, as a profile would name them; of a list the first place shows how it is entered."""
    some = [one[:MOST_OF_PATH] for one in islice(_paths(fields), MOST_PATHS + 1)]
    return ", ".join(some[:MOST_PATHS]) + ", …" * (len(some) > MOST_PATHS) or "none"


def _paths(fields: Mapping[str, Any], before: str = "", levels: int = MOST_LEVELS) -> Iterator[str]:
    for name, value in fields.items():
        inner = {"0": value[0]} if isinstance(value, list) and value else value
        if isinstance(inner, dict) and inner and levels:
            yield from _paths(inner, f"{before}{name}.", levels - 1)
        else:
            yield f"{before}{name}"


def _listed(names: Iterable[str]) -> str:
    some = [str(one)[:MOST_SHOWN] for one in islice(names, MOST_NAMES + 1)]
    return ", ".join(some[:MOST_NAMES]) + ", …" * (len(some) > MOST_NAMES) or "none"


def _shown(value: Any) -> str:
    return repr(value)[:MOST_SHOWN]
