"""A profile's file: every mistake in it is told in plain words, with the file's name, before anything is read by it."""

from __future__ import annotations

import string
import tomllib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from sensor_gateway.profiles.layouts import HEADS, Layout, Part
from sensor_gateway.profiles.meanings import Battery, Rule, Zones, text
from sensor_gateway.profiles.models import NO_LAYOUT, Profile, plain

ALL_THAT_IT_CAN_SAY = Path(__file__).with_name("__init__.py")
MOST_SECONDS = 86_400
# What a value may mean beside true and false; `Heard.kind`.
KINDS = ("pending", "unknown", "fault", "counter", "ignored")
MOST_BYTES = 255

Check = Callable[[Any], bool]


class ProfileError(Exception):
    """A profile that cannot be used; says which file and why."""


def read(file: Path) -> Profile:
    """The profile in a file. Raises ProfileError."""
    try:
        return _profile(file.stem, tomllib.loads(file.read_text(encoding="utf-8-sig")))
    except OSError as error:
        raise ProfileError(f"{file}: {error}") from error
    except ValueError as error:
        raise ProfileError(f"{file}: {error}; all that a profile can say: {ALL_THAT_IT_CAN_SAY}") from error


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_value(value: Any) -> bool:
    return isinstance(value, bool | int | str)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_table(value: Any) -> bool:
    return isinstance(value, dict)


def _is_tables(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, dict) for one in value)


def _whole(least: int, most: int) -> Check:
    return lambda value: type(value) is int and least <= value <= most


# What each table may hold, how that must be, and how it is said of what is not so.
Rows = Mapping[str, tuple[Check, str]]
TEXT, TEXTS, FLAG = (_is_text, "a text"), (_is_texts, "a list of texts"), (_is_flag, "true or false")
NUMBER, TABLE = (_is_number, "a number"), (_is_table, "a table")
OBJECTS = (_is_tables, "a list of tables such as [{ length = 1 }]")
BYTE = (_whole(0, 255), "a number from 0 to 255")
PROFILE: Rows = {
    "models": (_is_texts, "a list of names"),
    "requires": TEXTS,
    "port": (_whole(1, 223), "a LoRaWAN port from 1 to 223"),
    "occupancy": (_is_tables, "a list of tables, each begun by [[occupancy]]"),
    "battery": TABLE,
    "timing": TABLE,
    "zones": (lambda value: _is_table(value) or _is_tables(value), "a table, begun by [[zones]]"),
    "bytes": TABLE,
    "unclear": TABLE,
    "decoded": TEXTS,
}
RULE: Rows = {"field": TEXT, "values": TABLE, "count": FLAG}
ZONES: Rows = {
    **RULE,
    "enabled": TEXT,
    "name": TEXT,
    "names": TEXTS,
    "list": TEXT,
    "number": TEXT,
    "first": (_whole(0, 255), "a number from 0 to 255"),
}
BATTERY: Rows = {"field": TEXT, "volts": FLAG, "scale": NUMBER, "empty": NUMBER, "full": NUMBER, "low": TEXT}
BYTES: Rows = {
    "layout": (lambda value: value in list(HEADS), f"one of {', '.join(HEADS)}"),
    "order": (lambda value: value in {"big", "little"}, "big or little"),
    "first": FLAG,
    "fields": OBJECTS,
}
PART: Rows = {
    "name": (lambda value: isinstance(value, str), "a text"),
    "names": TEXTS,
    "channel": (
        lambda value: (
            BYTE[0](value) or (isinstance(value, list) and bool(value) and all(map(BYTE[0], value)))
        ),
        "a number from 0 to 255, or a list of them",
    ),
    "type": BYTE,
    "length": (_whole(1, MOST_BYTES), f"a whole number from 1 to {MOST_BYTES}"),
    "signed": FLAG,
    "scale": NUMBER,
    "offset": NUMBER,
    "mask": (_whole(0, 2**64 - 1), "a whole number"),
    "order": BYTES["order"],
    "values": TABLE,
    "bits": TEXT,
    "count": (
        lambda value: _is_text(value) or _whole(1, 8 * MOST_BYTES)(value),
        "a field's name or a whole number",
    ),
    "where": TABLE,
    "history": FLAG,
    "parts": OBJECTS,
}


SECONDS = (_whole(0, MOST_SECONDS), f"a whole number of seconds, {MOST_SECONDS} at most")
TIMING: Rows = {
    "heartbeat_s": (_whole(1, MOST_SECONDS), f"a whole number of seconds from 1 to {MOST_SECONDS}"),
    "own_hold_s": SECONDS,
    "holds_itself": FLAG,
    "detection_delay_s": SECONDS,
    "clears_after_s": SECONDS,
}
FILE, FIELDS = "the profile itself", "a field of bytes"
# Each kind of table, by what it is called in a refusal.
TABLES: Mapping[str, Rows] = {
    FILE: PROFILE,
    "occupancy": RULE,
    "zones": ZONES,
    "battery": BATTERY,
    "timing": TIMING,
    "bytes": BYTES,
    FIELDS: PART,
}


def _checked(said: Mapping[str, Any], place: str) -> Mapping[str, Any]:
    rows = TABLES[place]
    for name, value in said.items():
        if name not in rows:
            raise ValueError(_strange(name, place))
        is_right, how = rows[name]
        if not is_right(value):
            raise ValueError(f"{name}{_of(place)} must be {how}, not {value!r}")
    return said


def _strange(name: str, place: str) -> str:
    """That a table knows no such name; where it belongs, or what the table knows."""
    homes = " or to ".join(other for other, rows in TABLES.items() if name in rows)
    above = ", above its first table" * (FILE in homes)
    hint = f"it belongs to {homes}{above}" if homes else f"it may hold {', '.join(TABLES[place])}"
    return f"nothing{_of(place)} is called {name}: {hint}"


def _of(place: str) -> str:
    return "" if place == FILE else f" of {place}"


def _profile(name: str, said: Mapping[str, Any]) -> Profile:
    _checked(said, FILE)
    if "models" not in said:
        raise ValueError("'models' is missing")
    zones = said.get("zones", ())
    found = Profile(
        name,
        tuple(_named(said["models"])),
        tuple(said.get("requires", ())),
        tuple(_rule(_checked(one, "occupancy"), "occupancy") for one in said.get("occupancy", ())),
        _battery(said.get("battery", {})),
        dict(_checked(said.get("timing", {}), "timing")),
        tuple(_zones(one) for one in ([zones] if isinstance(zones, dict) else zones)),
        said.get("port"),
        _layout(said["bytes"]) if "bytes" in said else NO_LAYOUT,
        dict(_unclear(said.get("unclear", {}))),
    )
    _known(found, said.get("decoded", ()))
    return found


def _known(profile: Profile, decoded: Collection[str]) -> None:
    """Whether what a profile asks for is read from its bytes, where it describes them: each field of `unclear`, since
    by a slip there what a blind device says would be believed; and one at least by which somebody is there, since
    several may be a server's words for the same. `decoded`: fields of `unclear` that a server alone tells of."""
    if not profile.layout.kind:
        return
    told = [*profile.layout.names, *decoded]
    seats = [*profile.asked()]
    missing = [("unclear", name) for name in profile.unclear if name not in told]
    if seats and not any(name in told for _place, name in seats):
        missing.append(seats[0])
    for place, name in missing:
        raise ValueError(
            f"{place} asks for {name}, and no field of bytes is called so; there are "
            f'{", ".join(told) or "none"}. What only a server\'s decoder tells stands in decoded = ["…"]'
        )


def _named(models: Iterable[str]) -> Iterator[str]:
    for one in models:
        # A name without a letter would be the beginning of every other.
        if not plain(one):
            raise ValueError(f"{one!r} is no model's name")
        yield one


def _unclear(said: Mapping[str, Any]) -> Iterator[tuple[str, Collection[str]]]:
    for field, told in said.items():
        values = told if isinstance(told, list) else [told]
        if not values or not all(map(_is_value, values)):
            raise ValueError(f"{field} of unclear must be a value, or a list of them, not {told!r}")
        yield field, frozenset(map(text, values))


def _rule(said: Mapping[str, Any], place: str, *, numbered: bool = False) -> Rule:
    if "field" not in said:
        raise ValueError(f"'field' of {place} is missing")
    field, values = said["field"], {key.lower(): value for key, value in said.get("values", {}).items()}
    if not (values or said.get("count", False)):
        raise ValueError(f"{field}: neither values nor count")
    for key, meant in values.items():
        if not isinstance(meant, bool) and meant not in KINDS:
            raise ValueError(
                f"{field}: what {key} means must be true, false or one of {', '.join(KINDS)}, not {meant!r}"
            )
    _numbered(field, needed=numbered)
    return Rule(field, values, said.get("count", False))


def _zones(said: Mapping[str, Any]) -> Zones:
    _checked(said, "zones")
    is_list = "list" in said
    rule = _rule(said, "zones", numbered=not is_list)
    if not is_list and said.keys() & {"number", "first"}:
        raise ValueError("number and first of zones are for a list")
    if is_list and "name" in said:
        raise ValueError("name of zones is not for a list")
    enabled, name = said.get("enabled", ""), said.get("name", "")
    for one in (enabled, name):
        _numbered(one, needed=bool(one))
    more = {name: said[name] for name in ("list", "number", "first") if name in said}
    return Zones(rule, enabled, tuple(said.get("names", ())), name, **more)


def _numbered(field: str, *, needed: bool) -> None:
    """Whether `{n}` stands in a name where it must, and nothing else in braces does anywhere."""
    try:
        found = {
            name for _text, name, _format, _convert in string.Formatter().parse(field) if name is not None
        }
    except ValueError:
        found = {field}
    if found - {"n"}:
        raise ValueError(f"{field}: in braces only {{n}} may stand, for the number of a zone")
    if needed is not bool(found):
        raise ValueError(f"{field}: {'{n} must stand in it' if needed else '{n} is for zones'}")


def _battery(said: Mapping[str, Any]) -> Battery:
    found = Battery(**_checked(said, "battery"))
    if said.keys() - {"low"} and not found.field:
        raise ValueError("'field' of battery is missing")
    if (found.empty is None) is not (found.full is None):
        raise ValueError("battery: empty and full go together")
    if found.empty is not None and found.full is not None and found.empty >= found.full:
        raise ValueError("battery: empty must be less than full")
    return found


def _layout(said: Mapping[str, Any]) -> Layout:
    _checked(said, "bytes")
    if "layout" not in said:
        raise ValueError("'layout' of bytes is missing")
    kind = said["layout"]
    parts = tuple(_part(one, tagged=kind) for one in said.get("fields", ()))
    return Layout(kind, said.get("order", "big"), said.get("first", False), parts)


def _part(said: Mapping[str, Any], *, tagged: str = "fixed") -> Part:
    _checked(said, FIELDS)
    needed = {"channels": {"channel", "type"}, "types": {"type"}, "fixed": set()}[tagged]
    if missing := sorted(needed - said.keys()):
        raise ValueError(f"bytes: {' and '.join(missing)} of {dict(said)} missing")
    if (said.keys() & {"channel", "type"}) - needed:
        raise ValueError(f"bytes: {dict(said)} has a tag, which the layout {tagged!r} has not")
    own = dict(said)
    channel = own.pop("channel", [])
    own["channels"] = tuple(channel if isinstance(channel, list) else [channel])
    own["parts"] = tuple(_part(one) for one in said.get("parts", ()))
    own["where"] = {_place(key): value for key, value in said.get("where", {}).items()}
    _numbered(own.get("bits", ""), needed="bits" in own)
    found = Part(**own)
    if found.parts and sum(one.length for one in found.parts) > found.length:
        raise ValueError(f"bytes: the parts of {found.type} are longer than its length {found.length}")
    if found.names and found.length % len(found.names):
        raise ValueError(f"bytes: {found.length} bytes cannot be shared by {len(found.names)} names")
    if any(not BYTE[0](byte) for byte in found.where.values()):
        raise ValueError(f"bytes: where must say which byte stands where, not {said['where']!r}")
    return found


def _place(key: str) -> int:
    if not (key.isascii() and key.isdigit() and int(key) < MOST_BYTES):
        raise ValueError(f"bytes: where: {key!r} is no place of a byte, counted from 0")
    return int(key)
