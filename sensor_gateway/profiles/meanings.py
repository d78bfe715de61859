"""What fields mean: whether somebody is there, in which zones, and what is left of the battery."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sensor_gateway.heard import Past, number, percent

MOST_ZONES = 32
MOST_PLACES = 256
ABSENT = ...
# What a zone that is switched off says of itself, as text.
OFF = frozenset({"0", "false", "disable", "disabled", "off"})
# Why nothing was said of occupancy, where another may know it.
UNTOLD = frozenset({"no_occupancy_field", "battery", "undecoded", "unknown"})
_MEASURED = re.compile(r"\s*(\d{1,6}(?:\.\d{1,6})?)\s*(?:%|v|volts?)?\s*(?:\(.*\))?\s*", re.IGNORECASE)
_FLAGS = {"true": True, "1": True, "false": False, "0": False}


class Left(NamedTuple):
    """What is left of a battery: per cent, volts, per cent by the volts, and whether the device calls it low."""

    percent: float | None = None
    volts: float | None = None
    charge: float | None = None
    is_low: bool | None = None


NOTHING_TOLD = Left()


@dataclass(frozen=True, slots=True)
class Told:
    """What an object of fields says. `kind` as `Heard.kind`. `charge_pct`: what the voltage leaves of the battery.
    `profile`: the file by which it was read; `by_name`: it is the model's own, not one that the fields look like.
    `why`: of what is not clear, what the reader looked for. `fields`: all that was read from bytes."""

    occupied: bool | None = None
    kind: str = ""
    battery_pct: float | None = None
    battery_v: float | None = None
    charge_pct: float | None = None
    battery_low: bool | None = None
    zones: Mapping[str, bool | None] = dataclasses.field(default_factory=dict)
    history: Sequence[Past] = ()
    profile: str = ""
    by_name: bool = False
    why: str = ""
    fields: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def is_untold(self) -> bool:
        """Whether nothing of who is or was there could be read, other than what means nothing clear."""
        return self.kind in UNTOLD and not self.zones and not self.history


def find(fields: Mapping[str, Any], path: str) -> Any:
    """A field by its name, or by the names on the way to it with points between, in a list by the number of its place,
    from 0 on; ABSENT where there is none."""
    if path in fields:
        return fields[path]
    head, point, rest = path.partition(".")
    inner = fields.get(head) if point else None
    if isinstance(inner, list):
        inner = {str(place): one for place, one in enumerate(inner[:MOST_PLACES])}
    return find(inner, rest) if isinstance(inner, dict) else ABSENT


@dataclass(frozen=True, slots=True)
class Rule:
    """What a field means: by the values listed, as text, or by a count."""

    field: str
    values: Mapping[str, bool | str] = dataclasses.field(default_factory=dict)
    count: bool = False

    def knows(self, value: Any) -> bool:
        """Whether the value is one that it means something by."""
        return self.count or text(value) in self.values

    def read(self, value: Any) -> tuple[bool | None, str]:
        """Occupied, and its kind."""
        if self.count and not isinstance(value, bool):
            found = number(value)
            return (None, "unknown") if found is None or found < 0 else (found > 0, "motion_count")
        if self.count:
            return bool(value), ""
        meant = self.values.get(text(value))
        if isinstance(meant, str):
            return None, meant
        return meant, "" if meant is not None else "unknown"


def first_told(rules: Iterable[Rule], fields: Mapping[str, Any]) -> tuple[bool | None, str] | None:
    """What the first field that is there means; None where there is none."""
    for rule in rules:
        if (value := find(fields, rule.field)) is not ABSENT:
            return rule.read(value)
    return None


def doubt(unclear: Mapping[str, Collection[str]], fields: Mapping[str, Any]) -> str:
    """The first field by which a device says that it cannot see, and what stands there; empty where none does."""
    for name, values in unclear.items():
        if (value := find(fields, name)) is not ABSENT and text(value) in values:
            return f"{name} is {text(value)}"
    return ""


def text(value: Any) -> str:
    """A value as the key of a table: `true`, `2`, `occupied`. ChirpStack writes a whole number as 2.0."""
    value = _whole(value)
    return str(value).lower() if isinstance(value, bool | int | str) else ""


def flag(value: Any) -> bool | None:
    """True or false, as a word or a number too; None where it is neither."""
    return _FLAGS.get(text(value))


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


@dataclass(frozen=True, slots=True)
class Zones:
    """The seats that one sensor watches: by a field for each, whose name holds a number or one of `names`; or by a
    `list` of objects, of which `number` says which zone it is of, beginning with `first`. `name`: what a zone is
    called, where not by its field."""

    rule: Rule
    enabled: str = ""
    names: Sequence[str] = ()
    name: str = ""
    list: str = ""
    number: str = ""
    first: int = 1

    def asked(self) -> Sequence[str]:
        """The fields of a device that may tell of a zone."""
        if self.list:
            return [self.list]
        numbers = self.names or [str(count) for count in range(1, MOST_ZONES + 1)]
        return [self.rule.field.format(n=one) for one in numbers]

    def read(self, fields: Mapping[str, Any]) -> dict[str, bool | None]:
        """What is said of each zone, by its name."""
        return dict(self._of_list(find(fields, self.list)) if self.list else self._of_fields(fields))

    def _of_fields(self, fields: Mapping[str, Any]) -> Iterator[tuple[str, bool | None]]:
        for one in self.names or [str(count) for count in range(1, MOST_ZONES + 1)]:
            field = self.rule.field.format(n=one)
            value = find(fields, field)
            if value is ABSENT or (self.enabled and text(find(fields, self.enabled.format(n=one))) in OFF):
                continue
            by_field = field.removesuffix("_count").removesuffix("_occupancy")
            yield self.name.format(n=one) or by_field, self.rule.read(value)[0]

    def _of_list(self, entries: Any) -> Iterator[tuple[str, bool | None]]:
        objects = (
            [one for one in entries[:MOST_ZONES] if isinstance(one, dict)]
            if isinstance(entries, list)
            else []
        )
        for place, entry in enumerate(objects, self.first):
            count = _whole(entry.get(self.number)) if self.number else place
            value = find(entry, self.rule.field)
            if value is not ABSENT and type(count) is int and 0 <= count - self.first < MOST_ZONES:
                yield f"region_{count - self.first + 1}", self.rule.read(value)[0]


@dataclass(frozen=True, slots=True)
class Battery:
    """Which field tells of the battery: per cent, or a voltage, of which what lies between two is what is left.
    `low`: which one says that it is low, be it all that the device tells."""

    field: str = ""
    volts: bool = False
    scale: float = 1
    empty: float | None = None
    full: float | None = None
    low: str = ""

    def read(self, fields: Mapping[str, Any]) -> Left:
        """What the fields tell of it."""
        is_low = flag(find(fields, self.low)) if self.low else None
        told = _measured(find(fields, self.field)) if self.field else None
        if told is None or not (self.volts or _is_voltage(told)):
            return Left(percent(told), is_low=is_low)
        volts = round(told * self.scale, 3)
        if self.empty is None or self.full is None:
            return Left(None, volts, None, is_low)
        charge = max(0.0, min(100.0, 100 * (volts - self.empty) / (self.full - self.empty)))
        return Left(None, volts, charge, is_low)


def _measured(value: Any) -> float | None:
    """A number, or a text that begins with one: `2.4(low battery)`, `3.6 V`, `95%`."""
    found = _MEASURED.fullmatch(value) if isinstance(value, str) else None
    return float(found[1]) if found else number(value)


def _is_voltage(told: float) -> bool:
    """Whether what should be per cent is none: nobody tells it with a fraction when so little is left."""
    return told < 5 and not told.is_integer()
