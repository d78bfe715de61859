"""Storing readings once, folding them into confirmed states, letting time pass over silent sensors."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter

from sqlalchemy import Table, func, or_, select
from sqlalchemy.orm import Session

from app.bulk import among, as_parameter, insert_rows, upsert_rows
from app.occupancy import rules
from app.occupancy.counters import with_runs
from app.occupancy.models import SensorState, SpaceState
from app.occupancy.readings import Reading
from app.occupancy.rules import Fold, Occupancy, Signal, Transition
from app.occupancy.watched import FOLD_COLUMNS, Watched, load, recall
from app.orm import Base
from app.spaces.models import SensorBinding
from app.spaces.rules import Policies

SETTLE_AT_ONCE = 5000
STATE_COLUMNS = ("sensor_id", *FOLD_COLUMNS, "due_at", "battery_pct")
SPACE_COLUMNS = ("space_id", "state", "since_at", "at")
READING_COLUMNS = (
    *("sensor_id", "boot", "seq", "observed_at", "received_at"),
    *("occupied", "online", "history", "battery_pct", "rssi"),
)
CHANGE_COLUMNS = ("space_id", "sensor_id", "state", "since_at", "at")
_signal_of = attrgetter("observed_at", "occupied", "online", "boot", "seq", "waited")
_columns_of, _logged_of = attrgetter(*READING_COLUMNS), attrgetter(*CHANGE_COLUMNS)
_readings = Base.metadata.tables["readings"]
_states = Base.metadata.tables["sensor_states"]
_space_states = Base.metadata.tables["space_states"]
_log_of_changes = Base.metadata.tables["occupancy_changes"]


@dataclass(frozen=True, slots=True)
class Change:
    """A confirmed change of a space (rules.Transition), and which sensor brought it."""

    space_id: int
    sensor_id: str
    state: Occupancy
    since_at: datetime
    at: datetime
    last_hit_at: datetime | None


@dataclass(frozen=True, slots=True)
class Seen:
    """An occupied signal of a space whose state is confirmed occupied: evidence of presence at `at`."""

    space_id: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Observed:
    """What a batch of readings, or the passing of time, made known; both in the order of time."""

    changes: tuple[Change, ...] = ()
    seen: tuple[Seen, ...] = ()
    stored: int = 0
    unknown_sensors: frozenset[str] = frozenset()


Turn = tuple[str, Transition]  # a sensor turned


def observe(session: Session, readings: Sequence[Reading], policies: Policies) -> Observed:
    """Store each reading once and fold what is new into the confirmed states; a fixed number of statements.

    Readings of unknown sensors are not stored but named in the answer, so that the caller can keep the messages.
    """
    watched = load(session, {reading.sensor_id for reading in readings}, policies)
    known = [reading for reading in readings if reading.sensor_id in watched]
    named = with_runs(session, known)
    recall(session, watched, named)
    fresh = store(session, named)
    turns: list[Turn] = []
    seen: list[Seen] = []
    by_sensor: dict[str, list[Reading]] = defaultdict(list)
    for reading in fresh:
        by_sensor[reading.sensor_id].append(reading)
    moved: list[str] = []
    for sensor_id, own in by_sensor.items():
        one = watched[sensor_id]
        own.sort(key=_order)
        for reading in one.there(own):
            one.battery_pct = _left(one.battery_pct, reading)
            if reading.history:
                continue
            signal = Signal(*_signal_of(reading))
            before = one.fold
            one.fold, found = rules.observe(one.fold, signal, one.watching)
            turns.extend((sensor_id, turn) for turn in found)
            seen.extend(_confirmed(one, found))
            # When that was seen which waited, nobody knows: it is no evidence by itself, only what it lasts to be is.
            is_news = one.fold is not before and not signal.waited
            if is_news and signal.occupied and rules.is_evidence(one.fold, signal.at, one.zone):
                seen.extend(Seen(space_id, signal.at) for space_id in one.space_ids)
        if one.fold is not one.before:
            moved.append(sensor_id)
    _save(session, watched, moved)
    changes = _changes(watched, turns)
    _log(session, changes)
    return Observed(
        tuple(changes),
        tuple(sorted(seen, key=lambda one: one.at)),
        len(fresh),
        frozenset(reading.sensor_id for reading in readings) - watched.keys(),
    )


def _left(known: int | None, reading: Reading) -> int | None:
    """What is known of a battery after a reading. One only called low stands as 0 %, until it is called fine."""
    if reading.battery_pct is not None:
        return reading.battery_pct
    return None if reading.battery_fine and known == 0 else known


def settle(session: Session, now: datetime, policies: Policies) -> Observed:
    """Settle every sensor whose time is due: silence becomes vacant or offline (unknown), a lasting hit occupied; and
    every space whose sensors are others than before."""
    due = session.scalars(
        select(SensorState.sensor_id)
        .where(SensorState.due_at <= now)
        .order_by(SensorState.due_at, SensorState.sensor_id)
        .limit(SETTLE_AT_ONCE)
    ).all()
    watched = load(session, set(due), policies)
    turns: list[Turn] = []
    seen: list[Seen] = []
    for sensor_id, one in watched.items():
        if sensor_id in due:
            one.fold, found = rules.settle(one.fold, now, one.watching)
            turns.extend((sensor_id, turn) for turn in found)
            seen.extend(_confirmed(one, found))
    _save(session, watched, due)
    changes = _changes(watched, turns)
    _log(session, changes)
    changes += _rewatch(session, policies, now)
    return Observed(tuple(changes), tuple(sorted(seen, key=lambda one: one.at)))


def _rewatch(session: Session, policies: Policies, now: datetime) -> list[Change]:
    """Say anew what is known of the spaces whose sensors came or went since it was last said; one query where none."""
    space_ids = session.scalars(
        select(SensorBinding.space_id)
        .join(SpaceState, SpaceState.space_id == SensorBinding.space_id, isouter=True)
        .where(
            or_(
                SpaceState.at.is_(None),  # nothing was ever said of it
                SensorBinding.from_at > SpaceState.at,
                SensorBinding.until_at > SpaceState.at,
            )
        )
        .distinct()
        .order_by(SensorBinding.space_id)
    ).all()
    if not space_ids:
        return []
    sensor_ids = session.scalars(
        select(SensorBinding.sensor_id).where(
            among(session, SensorBinding.space_id, space_ids), SensorBinding.until_at.is_(None)
        )
    )
    folds: dict[int, dict[str, Fold]] = {space_id: {} for space_id in space_ids}
    for sensor_id, one in load(session, set(sensor_ids), policies).items():
        for space_id in folds.keys() & one.space_ids:
            folds[space_id][sensor_id] = one.fold
    # Read when their sensors are locked: what another said meanwhile is said.
    was = {
        row.space_id: row.state
        for row in session.execute(
            select(SpaceState.space_id, SpaceState.state).where(
                among(session, SpaceState.space_id, space_ids)
            )
        )
    }
    said = [
        Change(
            space_id,
            next(iter(own), ""),
            rules.combined(fold.state for fold in own.values()),
            now,
            now,
            max((fold.last_hit_at for fold in own.values() if fold.last_hit_at), default=None),
        )
        for space_id, own in folds.items()
    ]
    _keep_states(session, said)
    changes = [one for one in said if one.state is not was.get(one.space_id, Occupancy.UNKNOWN)]
    _log(session, changes)
    return changes


def next_due(session: Session) -> datetime | None:
    """When `settle` next has something to do, if no reading comes before."""
    return session.scalar(select(func.min(SensorState.due_at)))


def _order(reading: Reading) -> tuple[datetime, int]:
    # What waited stays as it came: a last will has no number.
    return reading.observed_at, 0 if reading.waited else reading.seq or 0


def store(session: Session, readings: Sequence[Reading]) -> list[Reading]:
    """Insert what is not stored yet; returns those that were new."""
    if not readings:
        return []
    statement = (
        insert_rows(session, _readings, READING_COLUMNS)
        .on_conflict_do_nothing()
        .returning(_readings.c.sensor_id, _readings.c.boot, _readings.c.seq)
    )
    stored = session.execute(statement, as_parameter(session, map(_columns_of, readings))).all()
    if len(stored) == len(readings):
        return list(readings)
    new = {tuple(row) for row in stored}
    result = []
    for reading in readings:
        name = (reading.sensor_id, reading.boot, reading.seq)
        if reading.boot is None or reading.seq is None:
            result.append(reading)
        elif name in new:
            new.discard(name)
            result.append(reading)
    return result


def _save(session: Session, watched: dict[str, Watched], moved: Sequence[str]) -> None:
    rows = (
        (sensor_id, *one.fold[: len(FOLD_COLUMNS)], rules.due_at(one.fold, one.watching), one.battery_pct)
        for sensor_id, one in ((sensor_id, watched[sensor_id]) for sensor_id in moved)
    )
    _keep(session, _states, STATE_COLUMNS, rows)


def _keep(session: Session, table: Table, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write rows over those of the same first column."""
    parameter = as_parameter(session, rows)
    if parameter["rows"] == "[]":
        return
    session.execute(upsert_rows(session, table, columns), parameter)


def _log(session: Session, changes: list[Change]) -> None:
    if changes:
        rows = map(_logged_of, changes)
        session.execute(insert_rows(session, _log_of_changes, CHANGE_COLUMNS), as_parameter(session, rows))
        _keep_states(session, changes)


def _keep_states(session: Session, changes: Sequence[Change]) -> None:
    """Keep what each of these spaces is now: of several changes the last."""
    last = {change.space_id: change for change in changes}
    rows = ((one.space_id, one.state, one.since_at, one.at) for one in last.values())
    _keep(session, _space_states, SPACE_COLUMNS, rows)


def _changes(watched: Mapping[str, Watched], turns: Iterable[Turn]) -> list[Change]:
    """What the turns of sensors change of their spaces, in the order of time."""
    ordered = sorted(turns, key=lambda turn: turn[1].at)
    if not ordered:
        return []
    turned = {space_id for sensor_id, _turn in ordered for space_id in watched[sensor_id].space_ids}
    sensors_of: dict[int, list[str]] = defaultdict(list)
    folds: dict[str, Fold] = {}
    for sensor_id, one in watched.items():
        for space_id in turned.intersection(one.space_ids):
            sensors_of[space_id].append(sensor_id)
            folds[sensor_id] = one.before
    changes = []
    for sensor_id, turn in ordered:
        before = folds.get(sensor_id, watched[sensor_id].before)
        folds[sensor_id] = before._replace(
            state=turn.state, since_at=turn.since_at, last_hit_at=turn.last_hit_at
        )
        for space_id in watched[sensor_id].space_ids:
            beside = [folds[one] for one in sensors_of[space_id] if one != sensor_id]
            found = rules.turned_space(turn, before.state, beside)
            if found is not None:
                changes.append(
                    Change(space_id, sensor_id, found.state, found.since_at, found.at, found.last_hit_at)
                )
    return changes


def _confirmed(one: Watched, found: list[Transition]) -> list[Seen]:
    """A confirmed hit was evidence from its first signal on."""
    return [
        Seen(space_id, turn.since_at)
        for turn in found
        if turn.state is Occupancy.OCCUPIED
        for space_id in one.space_ids
    ]
