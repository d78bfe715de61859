"""Models of sensors as data: which of their fields means what, and how their bytes are read where no server did.

A profile is a TOML file here or in the data folder's `profiles`; a new model needs one and no code:

    models = ["VS340", "VS341"]          # names of which a word begins so, whatever their case
    requires = ["temperatureBoard"]      # fields by which an object is known as this model's, without a name
    port = 85                            # the LoRaWAN port of what `bytes` reads

    [[occupancy]]                        # the first field that is there decides
    field = "occupancy"
    values = { occupied = true, vacant = false }     # anything else: nothing clear; `pending` etc. as text: that kind
    # or: count = true                   # more than nought is somebody; its kind is motion_count

    [battery]
    field = "battery"                    # per cent
    # or: volts = true                   # a voltage; `scale = 0.001` where it is told in thousandths of a volt
    # empty = 2.8                        # of these two voltages: what is left between them, in per cent
    # full = 3.6

    [timing]                             # of a sensor of this model for which nobody says otherwise; all in seconds
    heartbeat_s = 3600                   # it speaks at least so often; offline is it after 2.5 times that
    own_hold_s = 300                     # so long it keeps saying occupied after the last movement
    holds_itself = true                  # its vacant has waited for that already: no second hold is laid on it
    detection_delay_s = 60               # so late may its vacant come
    clears_after_s = 30                  # it says occupied only: quiet for so long it counts as vacant

    [[zones]]                            # of a sensor that watches several seats; the first of which fields are there
    field = "region_{n}"                 # its word, as above, or with `count = true` a number of people
    enabled = "region_{n}_enable"        # passed over where this says `disable`

    [bytes]
    layout = "channels"                  # [channel, type, value…]; "types": [type, value…]; "fixed": in order
    order = "little"
    fields = [{ channel = 3, type = 0, length = 1, name = "occupancy", values = { 0 = "vacant", 1 = "occupied" } }]
    # `signed`, `mask`, `scale` and `offset` are for numbers; a part without a name is passed over; `names = ["a",
    # "b"]`: several values of one length behind one tag. Of firmwares that say the same otherwise on another channel,
    # each part has values of its own.

A mistake in a file stops the start and is told with the file's name.
"""

from __future__ import annotations

import dataclasses
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from sensor_gateway.heard import Past, epoch, number, percent

HERE = Path(__file__).parent
MOST_ZONES = 32
MOST_HISTORY = 200
# Numbers of people who passed say nothing of who is there.
_COUNTER = re.compile(r"(\w+_)?(in|out)|people_total_counts|people_count_max")
TIMING = frozenset({"heartbeat_s", "own_hold_s", "holds_itself", "detection_delay_s", "clears_after_s"})
MOST_SECONDS = 86_400


class ProfileError(Exception):
    """A profile that cannot be used; says which file and why."""


@dataclass(frozen=True, slots=True)
class Told:
    """What an object of fields says. `kind` as `Heard.kind`. `charge_pct`: what the voltage leaves of the battery.
    `profile`: the file by which it was read."""

    occupied: bool | None = None
    kind: str = ""
    battery_pct: float | None = None
    battery_v: float | None = None
    charge_pct: float | None = None
    zones: Mapping[str, bool | None] = dataclasses.field(default_factory=dict)
    history: Sequence[Past] = ()
    profile: str = ""


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
    """A value in a message's bytes, or several of one length, by their `names`. `scale` multiplies it; `mask` cuts bits
    out; `values` names numbers."""

    name: str = ""
    names: Sequence[str] = ()
    channel: int | None = None
    type: int | None = None
    length: int = 1
    signed: bool = False
    scale: float = 1
    offset: float = 0
    mask: int | None = None
    values: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def fields(self, content: bytes, order: str) -> dict[str, Any]:
        """What these bytes say, by name."""
        names = self.names or (self.name,)
        size = len(content) // len(names)
        cut = {name: content[n * size : (n + 1) * size] for n, name in enumerate(names)}
        return {name: self._value(part, order) for name, part in cut.items() if name}

    def _value(self, content: bytes, order: str) -> Any:
        whole = int.from_bytes(content, "big" if order == "big" else "little", signed=self.signed)
        whole = whole if self.mask is None else whole & self.mask
        if self.values:
            return self.values.get(str(whole), whole)
        return whole if (self.scale, self.offset) == (1, 0) else round(whole * self.scale + self.offset, 6)


@dataclass(frozen=True, slots=True)
class Battery:
    """Which field tells of the battery: per cent, or a voltage, of which what lies between two is what is left."""

    field: str = ""
    volts: bool = False
    scale: float = 1
    empty: float | None = None
    full: float | None = None

    def read(self, fields: Mapping[str, Any]) -> tuple[float | None, float | None, float | None]:
        """Per cent, volts, and per cent by the volts."""
        told = number(fields.get(self.field)) if self.field else None
        if told is None or not (self.volts or _is_voltage(told)):
            return percent(told), None, None
        volts = round(told * self.scale, 3)
        if self.empty is None or self.full is None:
            return None, volts, None
        return None, volts, max(0.0, min(100.0, 100 * (volts - self.empty) / (self.full - self.empty)))


def _is_voltage(told: float) -> bool:
    """Whether what should be per cent is none: nobody tells it with a fraction when so little is left."""
    return told < 5 and not told.is_integer()


@dataclass(frozen=True, slots=True)
class Profile:
    """A model, as its file says."""

    name: str
    models: Sequence[str]
    requires: Sequence[str] = ()
    occupancy: Sequence[Rule] = ()
    battery: Battery = Battery()
    timing: Mapping[str, int | bool] = dataclasses.field(default_factory=dict)
    zones: Sequence[tuple[Rule, str]] = ()
    layout: str = ""
    order: str = "big"
    port: int | None = None
    parts: Sequence[Part] = ()

    def read(self, fields: Mapping[str, Any]) -> Told | None:
        """What the fields say by this profile; None where none of them is one that it knows."""
        battery = self.battery.read(fields)
        zones = next(
            (found for rule, enabled in self.zones if (found := _zones(rule, enabled, fields))), None
        )
        if zones:
            return Told(None, "zones", *battery, zones)
        for rule in self.occupancy:
            if rule.field in fields:
                occupied, kind = rule.read(fields[rule.field])
                return Told(occupied, kind, *battery)
        history = self._history(fields.get("history"))
        if history:
            return Told(None, "history", *battery, history=history)
        return None if battery == (None, None, None) else Told(None, "battery", *battery)

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
        found: dict[str, Any] = {}
        at = 0
        for part in self.parts:
            if at + part.length > len(content):
                return None
            found |= part.fields(content[at : at + part.length], self.order)
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
            found |= part.fields(content[at : at + part.length], self.order)
            at += part.length
        return found or None

    def _is(self, part: Part, tag: bytes) -> bool:
        return (part.type == tag[-1]) and (self.layout != "channels" or part.channel == tag[0])


def _zones(rule: Rule, enabled: str, fields: Mapping[str, Any]) -> dict[str, bool | None]:
    found = {}
    for count in range(1, MOST_ZONES + 1):
        name = rule.field.format(n=count)
        if name in fields and not (enabled and fields.get(enabled.format(n=count)) == "disable"):
            found[name.removesuffix("_count").removesuffix("_occupancy")] = rule.read(fields[name])[0]
    return found


class Profiles:
    """All models that are known; those of the data folder before those of the package."""

    def __init__(self, profiles: Iterable[Profile]) -> None:
        self._all = tuple(profiles)

    def named(self, *names: str) -> Profile | None:
        """The profile whose model one of these names begins with, or a word of one does: the longest model first."""
        spoken = [_plain(name[begin.start() :]) for name in names for begin in _WORD.finditer(name)]
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
        asked = (profile,) if profile is not None else ()
        of_fields = (
            one for one in self._all if one.requires and all(name in fields for name in one.requires)
        )
        for one in (*asked, *of_fields):
            if (told := one.read(fields)) is not None:
                found: Told = dataclasses.replace(told, profile=one.name)
                return found
        battery = Battery("battery").read(fields)
        if any(_COUNTER.fullmatch(name) for name in fields):
            return Told(None, "counter", *battery)
        return Told(None, "no_occupancy_field" if battery == (None, None, None) else "battery", *battery)

    @property
    def models(self) -> list[str]:
        """The names of all models, in order."""
        return sorted({model for profile in self._all for model in profile.models})

    def timing(self, model: str) -> Mapping[str, int | bool]:
        """The times of a model, by the names of a sensor's columns; none where no profile tells them."""
        profile = self.named(model)
        return profile.timing if profile else {}


_WORD = re.compile(r"[^\W_]+")


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
        return _profile(file.stem, said)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ProfileError(f"{file}: {error}") from error
    except KeyError as error:
        raise ProfileError(f"{file}: {error} is missing; see the profiles of the package") from error
    except (TypeError, AttributeError, ValueError) as error:
        raise ProfileError(f"{file}: {error}; see the profiles of the package") from error


KEYS = frozenset({"models", "requires", "port", "occupancy", "battery", "timing", "zones", "bytes"})


def _profile(name: str, said: Mapping[str, Any]) -> Profile:
    bytes_, zones = said.get("bytes", {}), said.get("zones", ())
    zones = [zones] if isinstance(zones, dict) else zones
    if strange := sorted(said.keys() - KEYS):
        raise ValueError(f"nothing is called {', '.join(strange)}")
    if not isinstance(said["models"], list):
        raise TypeError("models must be a list of names")
    return Profile(
        name,
        tuple(_plain_names(said["models"])),
        tuple(said.get("requires", ())),
        tuple(_rule(one) for one in said.get("occupancy", ())),
        Battery(**said.get("battery", {})),
        _timing(said.get("timing", {})),
        tuple((_rule(one), one.get("enabled", "")) for one in zones),
        bytes_.get("layout", ""),
        bytes_.get("order", "big"),
        said.get("port"),
        tuple(Part(**one) for one in bytes_.get("fields", ())),
    )


def _plain_names(models: Iterable[Any]) -> Iterator[str]:
    for one in models:
        # A name without a letter would be the beginning of every other.
        if not isinstance(one, str) or not _plain(one):
            raise ValueError(f"{one!r} is no model's name")
        yield one


def _timing(said: Mapping[str, Any]) -> dict[str, int | bool]:
    for name, value in said.items():
        least = 1 if name == "heartbeat_s" else 0
        is_flag = name == "holds_itself"
        if name not in TIMING or isinstance(value, bool) is not is_flag or not isinstance(value, int):
            raise ValueError(f"timing: {name} = {value!r}")
        if not least <= value <= MOST_SECONDS:
            raise ValueError(f"timing: {name} = {value!r}")
    return dict(said)


def _rule(said: Mapping[str, Any]) -> Rule:
    values = {key.lower(): value for key, value in said.get("values", {}).items()}
    if strange := sorted(said.keys() - {"field", "values", "count", "enabled"}):
        raise ValueError(f"nothing is called {', '.join(strange)}")
    if not (values or said.get("count", False)):
        raise ValueError(f"{said['field']}: neither values nor count")
    return Rule(said["field"], values, said.get("count", False))
