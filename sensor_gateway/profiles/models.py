"""A model of sensors, and all of them: which one an object of fields is of, and what it says by it."""

from __future__ import annotations

import dataclasses
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sensor_gateway.heard import Past, epoch
from sensor_gateway.profiles.layouts import Layout
from sensor_gateway.profiles.meanings import (
    ABSENT,
    NOTHING_TOLD,
    Battery,
    Rule,
    Told,
    Zones,
    doubt,
    find,
    first_told,
)

MOST_HISTORY = 200
# Numbers of people who passed say nothing of who is there.
_COUNTER = re.compile(r"(\w+_)?(in|out)|people_total_counts|people_count_max")
# With these a profile that only looks like the right one lets others speak.
_WEAK = frozenset({"unknown", "battery"})
# What the models of our own firmware begin with.
NATIVE_MODEL = "akiseki"
NO_BATTERY, NO_LAYOUT = Battery(), Layout()
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Profile:
    """A model, as its file says."""

    name: str
    models: Sequence[str]
    requires: Sequence[str] = ()
    occupancy: Sequence[Rule] = ()
    battery: Battery = NO_BATTERY
    timing: Mapping[str, int | bool] = dataclasses.field(default_factory=dict)
    zones: Sequence[Zones] = ()
    port: int | None = None
    layout: Layout = NO_LAYOUT
    unclear: Mapping[str, Collection[str]] = dataclasses.field(default_factory=dict)
    # One of the package is of several models and firmwares, of which not each has all its fields.
    is_of_package: bool = False

    def asked(self) -> Iterator[tuple[str, str]]:
        """The fields by which somebody is there, each with where it is asked for."""
        yield from (("occupancy", rule.field) for rule in self.occupancy)
        yield from (("zones", name) for zones in self.zones for name in zones.asked())

    @property
    def is_of_seats(self) -> bool:
        """Whether the model tells of who is there at all."""
        return bool(self.occupancy or self.zones)

    def is_of(self, fields: Mapping[str, Any]) -> bool:
        """Whether fields look like this model's; one without names and fields of its own is of everything."""
        if not self.requires:
            return not self.models
        return all(find(fields, name) is not ABSENT for name in self.requires)

    def read(self, fields: Mapping[str, Any]) -> Told | None:
        """What the fields say by this profile, of the device and of its zones; None where none of them is one that it
        knows."""
        battery = self.battery.read(fields)
        own, zones = self._said(fields)
        history = tuple(self._past(fields))
        if own is not None:
            occupied, kind = own
            blind = doubt(self.unclear, fields)
            why = f"{blind}: what else it says is not believed" if blind else ""
            return Told(occupied, kind, *battery, zones, history, why=why)
        if zones or history:
            return Told(None, "zones" if zones else "history", *battery, zones, history)
        return None if battery == NOTHING_TOLD else Told(None, "battery", *battery)

    def _said(
        self, fields: Mapping[str, Any]
    ) -> tuple[tuple[bool | None, str] | None, dict[str, bool | None]]:
        """What is said of the device itself, None where nothing is, and of its zones; nothing clear where it cannot
        see."""
        zones = next((found for one in self.zones if (found := one.read(fields))), {})
        if doubt(self.unclear, fields):
            return (None, "fault"), dict.fromkeys(zones)
        return first_told(self.occupancy, fields), zones

    def _past(self, fields: Mapping[str, Any]) -> Iterator[Past]:
        entries = fields.get("history")
        for entry in entries[:MOST_HISTORY] if isinstance(entries, list) else ():
            at = epoch(entry.get("timestamp")) if isinstance(entry, dict) else None
            if at is None:
                continue
            own, zones = self._said(entry)
            if own is not None:
                yield Past(at, own[0])
            for zone, occupied in zones.items():
                yield Past(at, occupied, zone)

    def fields_of(self, content: bytes, port: int | None) -> dict[str, Any] | None:
        """The fields in a message's bytes; None where this profile cannot read them."""
        return self.layout.fields(content) if self.is_on(port) else None

    def is_on(self, port: int | None) -> bool:
        """Whether what came on this port may be this model's."""
        return self.port is None or port is None or port == self.port


class Profiles:
    """All models that are known; those of the data folder before those of the package."""

    def __init__(self, profiles: Iterable[Profile]) -> None:
        # Those that are of everything come last.
        self._all = tuple(sorted(profiles, key=lambda one: not (one.models or one.requires)))

    def __iter__(self) -> Iterator[Profile]:
        return iter(self._all)

    def called(self, name: str) -> Profile | None:
        """The profile in the file of this name."""
        return next((one for one in self._all if one.name == name), None)

    def named(self, *names: object) -> Profile | None:
        """The profile whose model one of these names begins with, or a word of one does: the longest model first."""
        texts = [_folded(one) for one in names if isinstance(one, str)]
        spoken = [plain(name[begin.start() :]) for name in texts for begin in _WORD.finditer(name)]
        found = [
            (len(model), profile)
            for profile in self._all
            for model in profile.models
            if any(name.startswith(plain(model)) for name in spoken)
        ]
        return max(found, key=lambda one: one[0])[1] if found else None

    def read(self, fields: Mapping[str, Any], profile: Profile | None = None) -> Told:
        """What fields say: by the profile, else by those that the fields look like, the first that says something
        clear."""
        if "error" in fields or "errors" in fields:
            return Told(kind="decode_error")
        if profile is not None and (told := by_profile(profile, fields)) is not None:
            return told
        weak: list[Told] = []
        for one in self._all:
            if not one.is_of(fields) or (told := one.read(fields)) is None:
                continue
            told = dataclasses.replace(told, profile=one.name)
            if told.kind not in _WEAK:
                return told
            weak.append(told)
        return _nothing(fields, weak)

    @property
    def models(self) -> list[str]:
        """The names of all models, in order."""
        return sorted({model for profile in self._all for model in profile.models})

    def knows(self, model: str) -> bool:
        """Whether a profile tells what a model is like; of what speaks the native wire its firmware does."""
        return plain(model).startswith(NATIVE_MODEL) or self.named(model) is not None

    def timing(self, model: str) -> Mapping[str, int | bool]:
        """The times of a model, by the names of a sensor's columns; none where no profile tells them."""
        profile = self.named(model)
        return profile.timing if profile else {}


def by_profile(profile: Profile, fields: Mapping[str, Any]) -> Told | None:
    """What fields say by their own model's profile; None where it knows none of them, and may have others that it
    does."""
    told = profile.read(fields)
    if told is None:
        if profile.is_of_seats:
            return None
        told = Told(kind="no_occupancy_field")
    return dataclasses.replace(told, profile=profile.name, by_name=True)


def _nothing(fields: Mapping[str, Any], weak: Sequence[Told]) -> Told:
    """What is said where nothing clear is: by the first profile that knew a field, or only of the battery."""
    told = next((one for one in weak if one.kind == "unknown"), None)
    if told is not None:
        return told
    if any(_COUNTER.fullmatch(name) for name in fields):
        return Told(None, "counter", *Battery("battery").read(fields))
    if weak:
        return weak[0]
    battery = Battery("battery").read(fields)
    return Told(None, "no_occupancy_field" if battery == NOTHING_TOLD else "battery", *battery)


def plain(name: str) -> str:
    """A model's name by its letters and digits alone, in small letters, however wide they were typed."""
    return "".join(one for one in _folded(name).lower() if one.isalnum())


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name)
