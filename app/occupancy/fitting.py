"""Fitting sensors: who was heard that nobody knows, what a sensor says at this moment, where it watches and watched;
adding, binding, swapping. For the fitter at the desk, who waves a hand."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.errors import NotFound, RuleBroken
from app.occupancy import announced
from app.occupancy.models import DeadLetter, SensorPart, SensorState, SpaceState, StoredReading
from app.occupancy.rules import Occupancy
from app.spaces import layout, rebinding
from app.spaces.models import Sensor, SensorBinding, Space, Zone
from app.spaces.rules import MOST_SENSOR_NAME, SENSOR_NAME, Kind
from app.spaces.service import codes_of, in_layout
from app.spaces.watching import sensors_of
from app.texts import is_line

STRANGERS_AT_MOST, SPARES_AT_MOST, WORDS, BEFORE = 200, 200, 8, 20


@dataclass(frozen=True, slots=True)
class Named:
    """As whom a message would be heard, and what it says. `part`: of a device that has several, the one it tells of."""

    device: str
    part: str
    occupied: bool | None


# What reads messages of any wire: (topic, payload, when it came) of each → who speaks in it. Given by who knows the
# wires, since what a device's messages tell together says which of its parts are seats.
Hear = Callable[[Sequence[tuple[str, bytes, datetime]]], Sequence[Sequence[Named]]]


@dataclass(frozen=True, slots=True)
class Stranger:
    """A sensor that was heard and is not known: as whom it would be added, on which topic, what it said last."""

    sensor_id: str
    topic: str
    heard_at: datetime
    occupied: bool | None


def strangers_in(
    heard: Iterable[tuple[str, datetime, Sequence[Named]]], known: Collection[str]
) -> list[Stranger]:
    """The unknown sensors in messages, as (topic, when, who), the newest first; each once. A device that tells of
    several parts is a sensor for each of them."""
    told = [(topic, at, one) for topic, at, named in heard for one in named if one.device not in known]
    parts: dict[str, set[str]] = defaultdict(set)
    for _topic, _at, one in told:
        parts[one.device].add(one.part)
    found: dict[str, Stranger] = {}
    for topic, at, one in told:
        several = len(parts[one.device] - {""}) > 1
        if several and not one.part:
            continue
        sensor_id = f"{one.device}:{one.part}" if several else one.device
        if sensor_id not in known and len(sensor_id) <= MOST_SENSOR_NAME:
            found.setdefault(sensor_id, Stranger(sensor_id, topic, at, one.occupied))
    return list(found.values())


def strangers(session: Session, hear: Hear) -> list[Stranger]:
    """Who was heard and is not known, of the newest message of each topic that is kept; two queries."""
    newest = (
        select(func.max(DeadLetter.id))
        .where(DeadLetter.reason == "unknown_sensor")
        .group_by(DeadLetter.topic)
        .order_by(func.max(DeadLetter.id).desc())
        .limit(STRANGERS_AT_MOST)
    )
    letters = session.scalars(
        select(DeadLetter).where(DeadLetter.id.in_(newest)).order_by(DeadLetter.received_at.desc())
    ).all()
    if not letters:
        return []
    known = set(session.scalars(select(Sensor.id)))
    heard = hear([(one.topic, one.payload, one.received_at) for one in letters])
    return strangers_in(
        ((one.topic, one.received_at, named) for one, named in zip(letters, heard, strict=True)), known
    )


@dataclass(frozen=True, slots=True)
class Spare:
    """A sensor that is known and watches nothing."""

    sensor_id: str
    model: str
    heard_at: datetime | None


def spares(session: Session) -> list[Spare]:
    """The sensors that watch nothing, those that were heard last first."""
    bound = select(SensorBinding.sensor_id).where(SensorBinding.until_at.is_(None))
    rows = session.execute(
        select(Sensor.id, Sensor.model, SensorState.signal_at)
        .join(SensorState, SensorState.sensor_id == Sensor.id, isouter=True)
        .where(Sensor.id.not_in(bound))
        .order_by(SensorState.signal_at.desc().nulls_last(), Sensor.id)
        .limit(SPARES_AT_MOST)
    )
    return [Spare(row.id, row.model, row.signal_at) for row in rows]


@dataclass(frozen=True, slots=True)
class Word:
    """What a sensor said once. `history`: told afterwards, it moved nothing."""

    at: datetime
    received_at: datetime
    occupied: bool | None
    online: bool | None
    battery_pct: int | None
    rssi: int | None
    history: bool


@dataclass(frozen=True, slots=True)
class Live:
    """What a sensor says at this moment: its newest words, what is confirmed of it, and of the spaces it watches.
    `has_parts`: it is a device whose parts speak for themselves, so that what it once said itself means nothing."""

    words: Sequence[Word]
    state: Occupancy
    spaces: Sequence[tuple[str, Occupancy]]
    has_parts: bool

    @property
    def clear(self) -> Word | None:
        """The newest word that says whether somebody is there."""
        if self.has_parts:
            return None
        return next((one for one in self.words if one.occupied is not None and not one.history), None)

    @property
    def is_alive(self) -> bool:
        """Whether it was heard, and not so long ago that it counts as offline."""
        return bool(self.words) and self.state is not Occupancy.OFFLINE

    @property
    def heard_at(self) -> datetime | None:
        """When it was last heard."""
        return max((one.received_at for one in self.words), default=None)

    def heard_ago(self, now: datetime) -> timedelta | None:
        """How long ago that was: by the second within a minute, then by the minute, so that a page changes seldom."""
        if self.heard_at is None:
            return None
        ago = max(now - self.heard_at, timedelta(0))
        step = timedelta(seconds=1) if ago < timedelta(minutes=1) else timedelta(minutes=1)
        return ago // step * step


def live(session: Session, sensor_id: str) -> Live:
    """What a sensor says; four queries."""
    rows = session.execute(
        select(
            StoredReading.observed_at,
            StoredReading.received_at,
            StoredReading.occupied,
            StoredReading.online,
            StoredReading.battery_pct,
            StoredReading.rssi,
            StoredReading.history,
        )
        .where(StoredReading.sensor_id == sensor_id)
        .order_by(StoredReading.observed_at.desc(), StoredReading.id.desc())
        .limit(WORDS)
    )
    words = [Word(*row) for row in rows]
    state = session.scalar(select(SensorState.state).where(SensorState.sensor_id == sensor_id))
    spaces = session.execute(
        select(Space.code, SpaceState.state)
        .join(SensorBinding, SensorBinding.space_id == Space.id)
        .join(SpaceState, SpaceState.space_id == Space.id, isouter=True)
        .where(SensorBinding.sensor_id == sensor_id, SensorBinding.until_at.is_(None))
        .order_by(Space.code)
    )
    watched = [(row.code, row.state or Occupancy.UNKNOWN) for row in spaces]
    return Live(words, state or Occupancy.UNKNOWN, watched, bool(_seats_of(session, sensor_id)))


def _seats_of(session: Session, sensor_id: str) -> list[str]:
    """The sensors that a device's seats are, where it has several."""
    query = select(SensorPart.part).where(SensorPart.sensor_id == sensor_id).order_by(SensorPart.part)
    parts = session.scalars(query).all()
    return [f"{sensor_id}:{part}" for part in parts] if len(parts) > 1 else []


@dataclass(frozen=True, slots=True)
class Bound:
    """A space that a sensor watches or watched; `until_at` None: it does."""

    space_id: int
    code: str
    kind: Kind
    zone: Zone
    from_at: datetime
    until_at: datetime | None


@dataclass(frozen=True, slots=True)
class Planned:
    move_id: int
    at: datetime
    codes: Sequence[str]


@dataclass(frozen=True, slots=True)
class Fitting:
    """A sensor as the fitter needs it. `parts`: the sensors that its parts would be, which by its own name say nothing;
    as (id, whether it is known)."""

    sensor: Sensor
    bound: Sequence[Bound]
    before: Sequence[Bound]
    planned: Sequence[Planned]
    parts: Sequence[tuple[str, bool]]


def fitting(session: Session, sensor_id: str) -> Fitting:
    """Where a sensor watches, watched and will watch; raises NotFound `sensor.unknown`."""
    sensor = session.get(Sensor, sensor_id)
    if sensor is None:
        raise NotFound("sensor.unknown", sensor_id=sensor_id)
    rows = session.execute(
        select(SensorBinding, Space, Zone)
        .join(Space, Space.id == SensorBinding.space_id)
        .join(Zone, Zone.id == Space.zone_id)
        .where(SensorBinding.sensor_id == sensor_id)
        .order_by(SensorBinding.until_at.desc(), SensorBinding.from_at.desc(), Space.code)
    )
    bound = [
        Bound(space.id, space.code, space.kind, zone, one.from_at, one.until_at) for one, space, zone in rows
    ]
    plans = rebinding.planned(session, sensor_id)
    codes = codes_of(session, {space_id for one in plans for space_id in one.space_ids})
    parts = _seats_of(session, sensor_id)
    known = set(session.scalars(select(Sensor.id).where(Sensor.id.in_(parts))))
    return Fitting(
        sensor,
        sorted((one for one in bound if one.until_at is None), key=lambda one: one.code),
        [one for one in bound if one.until_at is not None][:BEFORE],
        [Planned(one.id, one.at, [codes.get(space_id, "?") for space_id in one.space_ids]) for one in plans],
        [(part, part in known) for part in parts],
    )


def code_of(session: Session, space_id: int | None) -> str:
    """The code of a space; empty where there is none."""
    return codes_of(session, [space_id]).get(space_id or 0, "")


def all_codes(session: Session) -> list[str]:
    """The codes of every space in the layout, to choose from."""
    return list(session.scalars(select(Space.code).where(in_layout(Space)).order_by(Space.code)))


def watchers_of(session: Session, space_id: int) -> list[str]:
    """The sensors that watch a space now."""
    return [one.id for one in sensors_of(session, [space_id]).get(space_id, [])]


def spaces_named(session: Session, text: str) -> list[int]:
    """The spaces whose codes a fitter typed, apart by commas, bars or lines, or by spaces where no code has one; full
    width or not. Raises NotFound `space.unknown`."""
    parts = [one.strip() for one in re.split(r"[,、，|\n]+", text) if one.strip()]
    typed = {one for part in parts for one in (part, *part.split())}
    plain = {one: unicodedata.normalize("NFKC", one) for one in typed}
    wanted = {*typed, *plain.values()}
    rows = session.execute(select(Space.code, Space.id).where(Space.code.in_(wanted), in_layout(Space)))
    ids = {row.code: row.id for row in rows}
    found: list[int] = []
    for part in parts:
        for one in part.split() if ids.get(part, ids.get(plain[part])) is None else [part]:
            space_id = ids.get(one, ids.get(plain[one]))
            if space_id is None:
                raise NotFound("space.unknown", space=one)
            found.append(space_id)
    return list(dict.fromkeys(found))


def add(
    session: Session,
    sensor_id: str,
    model: str,
    spaces: str,
    *,
    times: Mapping[str, Any],
    actor_id: int | None,
    now: datetime,
) -> Sensor:
    """Make a sensor known, with the times of its model and what it announced itself, and let it watch what was typed,
    if anything. Raises RuleBroken `sensor.name`, Conflict `sensor.exists`, NotFound `space.unknown`."""
    is_name = len(sensor_id) <= MOST_SENSOR_NAME and re.match(SENSOR_NAME, sensor_id) and is_line(sensor_id)
    if not is_name or not model:
        raise RuleBroken("sensor.name")
    values = {**times, "id": sensor_id, "model": model, "space_ids": spaces_named(session, spaces)}
    if clears := announced.clears_after_s(session, sensor_id):
        values["clears_after_s"] = clears
    return layout.add_sensor(session, values, actor_id=actor_id, now=now)


def watch(
    session: Session,
    sensor_id: str,
    spaces: Sequence[int],
    *,
    at: datetime | None,
    actor_id: int | None,
    now: datetime,
) -> None:
    """Let a sensor watch these spaces and no others, from now on (`at` None) or from a time on. Raises NotFound
    `sensor.unknown`, `space.unknown`, RuleBroken `sensor.move_time`."""
    if at is None:
        layout.change_sensor(session, sensor_id, {"space_ids": spaces}, actor_id=actor_id, now=now)
    else:
        rebinding.plan(session, sensor_id, spaces, at=at, actor_id=actor_id, now=now)


def take_off(session: Session, sensor_id: str, space_id: int, *, actor_id: int | None, now: datetime) -> None:
    """A sensor no longer watches one of its spaces. Raises NotFound `sensor.unknown`."""
    kept = [one.space_id for one in fitting(session, sensor_id).bound if one.space_id != space_id]
    layout.change_sensor(session, sensor_id, {"space_ids": kept}, actor_id=actor_id, now=now)


def swap(session: Session, sensor_id: str, spare_id: str, *, actor_id: int | None, now: datetime) -> None:
    """A spare takes a sensor's place. Raises NotFound `sensor.unknown`, RuleBroken `sensor.swap`."""
    layout.swap_sensor(session, sensor_id, spare_id, actor_id=actor_id, now=now)


def change(
    session: Session, sensor_id: str, values: Mapping[str, Any], *, actor_id: int | None, now: datetime
) -> None:
    """Change what a sensor is: its model and times. Raises NotFound `sensor.unknown`."""
    layout.change_sensor(session, sensor_id, values, actor_id=actor_id, now=now)


def drop_plan(session: Session, move_id: int, *, actor_id: int | None, now: datetime) -> str:
    """Let a sensor stay where it is after all; returns its id. Raises NotFound `sensor.move_unknown`."""
    return rebinding.drop(session, move_id, actor_id=actor_id, now=now)
