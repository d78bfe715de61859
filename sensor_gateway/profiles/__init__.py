"""Models of sensors as data: which of their fields means what, and how their bytes are read where no server did.

A profile is a TOML file here or in the data folder's `profiles`; a new model needs one and no code:

    models = ["VS340", "VS341"]          # names that begin so, whatever their case
    requires = ["temperatureBoard"]      # fields by which an object is known as this model's, without a name
    port = 85                            # the LoRaWAN port of what `bytes` reads

    [[occupancy]]                        # the first field that is there decides
    field = "occupancy"
    values = { occupied = true, vacant = false }     # anything else: nothing clear; `pending` etc. as text: that kind
    # or: count = true                   # more than nought is somebody; its kind is motion_count

    [battery]
    field = "battery"                    # per cent; `volts = true`: a voltage

    [zones]                              # of a sensor that watches several seats
    field = "region_{n}"                 # its word, as above, or with `count = true` a number of people
    enabled = "region_{n}_enable"        # passed over where this says `disable`

    [bytes]
    layout = "channels"                  # [channel, type, value…]; "types": [type, value…]; "fixed": in order
    order = "little"
    fields = [{ channel = 3, type = 0, length = 1, name = "occupancy", values = { 0 = "vacant", 1 = "occupied" } }]
"""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from sensor_gateway.heard import Past, epoch, number, percent

HERE = Path(__file__).parent
MOST_ZONES = 32
MOST_HISTORY = 200
COUNTERS = ("total_in", "total_out", "people_total_counts", "line_1_total_in")


class ProfileError(Exception):
    """A profile that cannot be used; says which file and why."""


@dataclass(frozen=True, slots=True)
class Told:
    """What an object of fields says. `kind` as `Heard.kind`."""

    occupied: bool | None = None
    kind: str = ""
    battery_pct: float | None = None
    battery_v: float | None = None
    zones: Mapping[str, bool | None] = dataclasses.field(default_factory=dict)
    history: Sequence[Past] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """What a field means: by the values listed, as text, or by a count."""

    field: str
    values: Mapping[str, bool | str] = dataclasses.field(default_factory=dict)
    count: bool = False

    def read(self, value: Any) -> tuple[bool | None, str]:
        """Occupied, and its kind."""
        if self.count and not isinstance(value, bool):
            found = number(value)
            return (None, "unknown") if found is None or found < 0 else (found > 0, "motion_count")
        if self.count:
            return bool(value), ""
        meant = self.values.get(_text(value))
        if isinstance(meant, str):
            return None, meant
        return meant, "" if meant is not None else "unknown"


def _text(value: Any) -> str:
    """A value as the key of a table: `true`, `2`, `occupied`."""
    return str(value).lower() if isinstance(value, bool | int | str) else ""


@dataclass(frozen=True, slots=True)
class Part:
    """A value in a message's bytes. `scale` multiplies it; `mask` cuts bits out; `values` names numbers."""

    name: str = ""
    channel: int | None = None
    type: int | None = None
    length: int = 1
    signed: bool = False
    scale: float = 1
    offset: float = 0
    mask: int | None = None
    values: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def read(self, content: bytes, order: str) -> Any:
        whole = int.from_bytes(content, "big" if order == "big" else "little", signed=self.signed)
        whole = whole if self.mask is None else whole & self.mask
        if self.values:
            return self.values.get(str(whole), whole)
        return whole if (self.scale, self.offset) == (1, 0) else round(whole * self.scale + self.offset, 6)


@dataclass(frozen=True, slots=True)
class Profile:
    """A model, as its file says."""

    name: str
    models: Sequence[str]
    requires: Sequence[str] = ()
    occupancy: Sequence[Rule] = ()
    battery: str = ""
    in_volts: bool = False
    zone: Rule | None = None
    enabled: str = ""
    layout: str = ""
    order: str = "big"
    port: int | None = None
    parts: Sequence[Part] = ()

    def read(self, fields: Mapping[str, Any]) -> Told | None:
        """What the fields say by this profile; None where none of them is one that it knows."""
        battery = number(fields.get(self.battery)) if self.battery else None
        pct, volts = (None, battery) if self.in_volts else (percent(battery), None)
        zones = self._zones(fields)
        if zones:
            return Told(None, "zones", pct, volts, zones)
        for rule in self.occupancy:
            if rule.field in fields:
                occupied, kind = rule.read(fields[rule.field])
                return Told(occupied, kind, pct, volts)
        history = self._history(fields.get("history"))
        if history:
            return Told(None, "history", pct, volts, history=history)
        return Told(None, "battery", pct, volts) if battery is not None else None

    def _zones(self, fields: Mapping[str, Any]) -> dict[str, bool | None]:
        if self.zone is None:
            return {}
        found = {}
        for number_ in range(1, MOST_ZONES + 1):
            name = self.zone.field.format(n=number_)
            enabled = fields.get(self.enabled.format(n=number_)) if self.enabled else None
            if name in fields and enabled != "disable":
                found[name.removesuffix("_count")] = self.zone.read(fields[name])[0]
        return found

    def _history(self, entries: Any) -> list[Past]:
        found = []
        for entry in entries[:MOST_HISTORY] if isinstance(entries, list) else ():
            at = epoch(entry.get("timestamp")) if isinstance(entry, dict) else None
            rule = next(
                (one for one in self.occupancy if isinstance(entry, dict) and one.field in entry), None
            )
            if at is not None and rule is not None:
                found.append(Past(at, rule.read(entry[rule.field])[0]))
        return found

    def fields_of(self, content: bytes, port: int | None) -> dict[str, Any] | None:
        """The fields in a message's bytes; None where this profile cannot read them."""
        if not self.layout or (self.port is not None and port is not None and port != self.port):
            return None
        return self._fixed(content) if self.layout == "fixed" else self._tagged(content)

    def _fixed(self, content: bytes) -> dict[str, Any] | None:
        found, at = {}, 0
        for part in self.parts:
            if at + part.length > len(content):
                return None
            if part.name:
                found[part.name] = part.read(content[at : at + part.length], self.order)
            at += part.length
        return found

    def _tagged(self, content: bytes) -> dict[str, Any] | None:
        """Values behind their tags; what comes behind an unknown tag cannot be read, what came before it stands."""
        found: dict[str, Any] = {}
        head = 2 if self.layout == "channels" else 1
        at = 0
        while at + head <= len(content):
            tag = content[at : at + head]
            part = next((one for one in self.parts if self._is(one, tag)), None)
            at += head
            if part is None or at + part.length > len(content):
                break
            if part.name:
                found[part.name] = part.read(content[at : at + part.length], self.order)
            at += part.length
        return found or None

    def _is(self, part: Part, tag: bytes) -> bool:
        return (part.type == tag[-1]) and (self.layout != "channels" or part.channel == tag[0])


class Profiles:
    """All models that are known; those of the data folder before those of the package."""

    def __init__(self, profiles: Iterable[Profile]) -> None:
        self._all = tuple(profiles)

    def named(self, *names: str) -> Profile | None:
        """The profile whose model one of these names begins with; the longest model first."""
        spoken = [_plain(name) for name in names]
        found = [
            (len(model), profile)
            for profile in self._all
            for model in profile.models
            if any(name.startswith(_plain(model)) for name in spoken)
        ]
        return max(found, key=lambda one: one[0])[1] if found else None

    def read(self, fields: Mapping[str, Any], profile: Profile | None = None) -> Told:
        """What fields say: by the profile, else by the first one that the fields are of."""
        if "error" in fields or "errors" in fields:
            return Told(kind="decode_error")
        if profile is not None and (told := profile.read(fields)) is not None:
            return told
        for one in self._all:
            if one.requires and all(name in fields for name in one.requires):
                told = one.read(fields)
                if told is not None:
                    return told
        battery = percent(fields.get("battery"))
        if any(name in fields for name in COUNTERS):
            return Told(None, "counter", battery)
        return Told(None, "no_occupancy_field" if battery is None else "battery", battery)


def _plain(name: str) -> str:
    return "".join(one for one in name.lower() if one.isalnum())


def load(folder: Path | None = None) -> Profiles:
    """The profiles of a folder, if it is there, and those of the package. Raises ProfileError."""
    files = sorted(folder.glob("*.toml")) if folder is not None and folder.is_dir() else []
    return Profiles([_read(file) for file in (*files, *sorted(HERE.glob("*.toml")))])


@cache
def built_in() -> Profiles:
    """The profiles of the package."""
    return load()


def _read(file: Path) -> Profile:
    try:
        said = tomllib.loads(file.read_text(encoding="utf-8"))
        bytes_, zones, battery = said.get("bytes", {}), said.get("zones"), said.get("battery", {})
        return Profile(
            file.stem,
            tuple(said["models"]),
            tuple(said.get("requires", ())),
            tuple(_rule(one) for one in said.get("occupancy", ())),
            battery.get("field", ""),
            battery.get("volts", False),
            _rule(zones) if zones else None,
            zones.get("enabled", "") if zones else "",
            bytes_.get("layout", ""),
            bytes_.get("order", "big"),
            said.get("port"),
            tuple(Part(**one) for one in bytes_.get("fields", ())),
        )
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ProfileError(f"{file}: {error}") from error
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ProfileError(f"{file}: {error}; see the profiles of the package") from error


def _rule(said: Mapping[str, Any]) -> Rule:
    values = {key.lower(): value for key, value in said.get("values", {}).items()}
    return Rule(said["field"], values, said.get("count", False))
