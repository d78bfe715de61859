"""Storing readings once, folding them into confirmed states, letting time pass over silent sensors."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter

from sqlalchemy import RowMapping, and_, func, insert, select
from sqlalchemy.orm import Session

from app.bulk import as_parameter, insert_rows
from app.occupancy import rules
from app.occupancy.models import DeadLetter, OccupancyChange, SensorState, StoredReading
from app.occupancy.readings import Reading
from app.occupancy.rules import Fold, Occupancy, SensorLog, Signal, Transition, Watch, watch
from app.orm import Base
from app.spaces.models import Sensor, SensorBinding, Space
from app.spaces.rules import Kind, Policies

DEAD_LETTER_BYTES = 4096
SETTLE_AT_ONCE = 5000
FOLD_COLUMNS = Fold._fields
STATE_COLUMNS = ("sensor_id", *FOLD_COLUMNS, "due_at", "battery_pct")
READING_COLUMNS = (
    *("sensor_id", "boot", "seq", "observed_at", "received_at"),
    *("occupied", "online", "history", "battery_pct", "rssi"),
)
_columns_of = attrgetter(*READING_COLUMNS)
_readings = Base.metadata.tables["readings"]
_states = Base.metadata.tables["sensor_states"]


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


@dataclass(slots=True)
class _Watched:
    """A sensor loaded for folding."""

    space_id: int | None
    watching: Watch
    fold: Fold
    battery_pct: int | None


def observe(session: Session, readings: Sequence[Reading], policies: Policies) -> Observed:
    """Store each reading once and fold what is new into the confirmed states; a fixed number of statements.

    Readings of unknown sensors are not stored but named in the answer, so that the caller can keep the messages.
    """
    watched = _load(session, {reading.sensor_id for reading in readings}, policies)
    known = [reading for reading in readings if reading.sensor_id in watched]
    fresh = store(session, known)
    changes: list[Change] = []
    seen: list[Seen] = []
    by_sensor: dict[str, list[Reading]] = defaultdict(list)
    for reading in fresh:
        by_sensor[reading.sensor_id].append(reading)
    moved: list[str] = []
    for sensor_id, own in by_sensor.items():
        one = watched[sensor_id]
        before = one.fold
        own.sort(key=_order)
        for reading in own:
            if reading.battery_pct is not None:
                one.battery_pct = reading.battery_pct
            if reading.history:
                continue
            signal = Signal(reading.observed_at, reading.occupied, reading.online)
            newer = one.fold.signal_at is None or signal.at > one.fold.signal_at
            one.fold, found = rules.observe(one.fold, signal, one.watching)
            changes.extend(_changes(one, sensor_id, found))
            seen.extend(_confirmed(one, found))
            if (
                newer
                and signal.occupied
                and rules.is_evidence(one.fold, signal.at)
                and one.space_id is not None
            ):
                seen.append(Seen(one.space_id, signal.at))
        if one.fold is not before:
            moved.append(sensor_id)
    _save(session, watched, moved)
    _log(session, changes)
    return Observed(
        tuple(sorted(changes, key=lambda change: change.at)),
        tuple(sorted(seen, key=lambda one: one.at)),
        len(fresh),
        frozenset(reading.sensor_id for reading in readings) - watched.keys(),
    )


def settle(session: Session, now: datetime, policies: Policies) -> Observed:
    """Settle every sensor whose time is due: silence becomes vacant or offline (unknown), a lasting hit occupied."""
    due = session.scalars(
        select(SensorState.sensor_id)
        .where(SensorState.due_at <= now)
        .order_by(SensorState.due_at, SensorState.sensor_id)
        .limit(SETTLE_AT_ONCE)
    ).all()
    watched = _load(session, set(due), policies)
    changes: list[Change] = []
    seen: list[Seen] = []
    for sensor_id, one in watched.items():
        one.fold, found = rules.settle(one.fold, now, one.watching)
        changes.extend(_changes(one, sensor_id, found))
        seen.extend(_confirmed(one, found))
    _save(session, watched, list(watched))
    _log(session, changes)
    return Observed(
        tuple(sorted(changes, key=lambda change: change.at)), tuple(sorted(seen, key=lambda one: one.at))
    )


def next_due(session: Session) -> datetime | None:
    """When `settle` next has something to do, if no reading comes before."""
    return session.scalar(select(func.min(SensorState.due_at)))


def keep_dead_letters(session: Session, letters: Iterable[tuple[str, bytes, str]], *, now: datetime) -> None:
    """Keep (topic, payload, reason) of messages that could not be taken."""
    kept = [
        {
            "received_at": now,
            # PostgreSQL's text refuses the null character, which MQTT forbids but a fuzzer sends.
            "topic": topic.replace("\x00", "\N{REPLACEMENT CHARACTER}")[:512],
            "reason": reason,
            "size": len(payload),
            "payload": payload[:DEAD_LETTER_BYTES],
        }
        for topic, payload, reason in letters
    ]
    if kept:
        session.execute(insert(DeadLetter), kept)


def kept_dead_letters(session: Session, topics: str) -> set[tuple[str, str, int]]:
    """(topic, reason, size) of the dead letters whose topic begins so."""
    rows = session.execute(
        select(DeadLetter.topic, DeadLetter.reason, DeadLetter.size).where(
            DeadLetter.topic.startswith(topics, autoescape=True)
        )
    )
    return {(topic, reason, size) for topic, reason, size in rows}


def logs_of(
    session: Session, sensors: Mapping[int, Sensor], since: datetime, until: datetime
) -> dict[int, SensorLog]:
    """The log of each space's sensor between two instants, by space; four queries for all."""
    space_of = {sensor.id: space_id for space_id, sensor in sensors.items()}
    rows: dict[str, list[RowMapping]] = defaultdict(list)
    for row in session.execute(
        select(
            StoredReading.sensor_id, StoredReading.observed_at, StoredReading.occupied, StoredReading.online
        )
        .where(
            StoredReading.sensor_id.in_(space_of),
            StoredReading.observed_at >= since,
            StoredReading.observed_at <= until,
            # History and retained copies say nothing of now (RULES 3).
            StoredReading.history.is_(False),
        )
        .order_by(StoredReading.sensor_id, StoredReading.observed_at)
    ).mappings():
        rows[row["sensor_id"]].append(row)
    states = _states_between(session, sensors, since, until)
    return {
        space_id: SensorLog(
            offline_after=sensor.heartbeat * rules.HEARTBEATS_UNTIL_OFFLINE,
            detection_delay=timedelta(seconds=sensor.detection_delay_s),
            signs=tuple(row["observed_at"] for row in rows[sensor.id] if row["online"] is not False),
            occupied=rules.trusted(
                [row["observed_at"] for row in rows[sensor.id] if row["occupied"] is True], states[space_id]
            ),
            vacant=tuple(row["observed_at"] for row in rows[sensor.id] if row["occupied"] is False),
            wills=tuple(row["observed_at"] for row in rows[sensor.id] if row["online"] is False),
        )
        for space_id, sensor in sensors.items()
    }


def _states_between(
    session: Session, space_ids: Collection[int], since: datetime, until: datetime
) -> dict[int, list[tuple[datetime, Occupancy]]]:
    """The confirmed states of each space that held at some time between two instants, as (since, state), in order.

    Three queries, which read no further back than the last change before.
    """
    before = (
        select(OccupancyChange.id)
        .where(OccupancyChange.space_id == Space.id, OccupancyChange.since_at <= since)
        .order_by(OccupancyChange.since_at.desc(), OccupancyChange.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    last_ids = session.scalars(select(before).select_from(Space).where(Space.id.in_(space_ids))).all()
    found: dict[int, list[tuple[datetime, Occupancy]]] = defaultdict(list)
    wanted = (
        OccupancyChange.id.in_([one for one in last_ids if one is not None]),
        and_(
            OccupancyChange.space_id.in_(space_ids),
            OccupancyChange.since_at > since,
            OccupancyChange.since_at <= until,
        ),
    )
    for where in wanted:
        for change in session.scalars(
            select(OccupancyChange).where(where).order_by(OccupancyChange.since_at, OccupancyChange.id)
        ):
            found[change.space_id].append((change.since_at, change.state))
    return found


def _order(reading: Reading) -> tuple[datetime, int]:
    return reading.observed_at, reading.seq or 0


def _load(session: Session, sensor_ids: set[str], policies: Policies) -> dict[str, _Watched]:
    """The sensors with their fold, locked until the transaction ends, in the order of their ids."""
    if not sensor_ids:
        return {}
    # In a statement of its own: one that waits and reads would read what stood before the wait.
    session.execute(
        select(Sensor.id).where(Sensor.id.in_(sensor_ids)).order_by(Sensor.id).with_for_update(key_share=True)
    )
    rows = session.execute(
        select(
            Sensor.id,
            SensorBinding.space_id,
            Space.kind,
            Space.zone_id,
            Sensor.heartbeat_s,
            Sensor.own_hold_s,
            Sensor.holds_itself,
            _states.c.sensor_id.label("has_state"),
            _states.c.battery_pct,
            *(_states.c[name] for name in FOLD_COLUMNS),
        )
        .join(_states, _states.c.sensor_id == Sensor.id, isouter=True)
        .join(
            SensorBinding,
            and_(SensorBinding.sensor_id == Sensor.id, SensorBinding.until_at.is_(None)),
            isouter=True,
        )
        .join(Space, Space.id == SensorBinding.space_id, isouter=True)
        .where(Sensor.id.in_(sensor_ids))
        .order_by(Sensor.id)
    )
    watches: dict[tuple[object, ...], Watch] = {}
    found = {}
    for sensor_id, space_id, *model, has_state, battery_pct, fold in (
        (*row[:9], Fold(*row[9:])) for row in rows
    ):
        kind, zone_id, heartbeat_s, own_hold_s, holds_itself = model
        if tuple(model) not in watches:
            # A sensor that watches no space is folded as one at a seat would be.
            watches[tuple(model)] = watch(
                vacant_hold=policies.of(kind or Kind.SEAT, zone_id).vacant_hold,
                own_hold=timedelta(seconds=own_hold_s),
                holds_itself=holds_itself,
                heartbeat=timedelta(seconds=heartbeat_s),
            )
        found[sensor_id] = _Watched(
            space_id, watches[tuple(model)], fold if has_state else Fold(), battery_pct
        )
    return found


def store(session: Session, readings: Sequence[Reading]) -> list[Reading]:
    """Insert what is not stored yet; returns those that were new."""
    if not readings:
        return []
    statement = (
        insert_rows(session, _readings, READING_COLUMNS)
        .on_conflict_do_nothing()
        .returning(_readings.c.sensor_id, _readings.c.boot, _readings.c.seq)
    )
    stored = session.execute(statement, as_parameter(map(_columns_of, readings))).all()
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


def _save(session: Session, watched: dict[str, _Watched], moved: list[str]) -> None:
    if not moved:
        return
    statement = insert_rows(session, _states, STATE_COLUMNS)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["sensor_id"],
            set_={name: statement.excluded[name] for name in STATE_COLUMNS[1:]},
        ),
        as_parameter(
            (
                sensor_id,
                *watched[sensor_id].fold,
                rules.due_at(watched[sensor_id].fold, watched[sensor_id].watching),
                watched[sensor_id].battery_pct,
            )
            for sensor_id in moved
        ),
    )


def _log(session: Session, changes: list[Change]) -> None:
    if changes:
        session.execute(
            insert(OccupancyChange),
            [
                {
                    "space_id": change.space_id,
                    "sensor_id": change.sensor_id,
                    "state": change.state,
                    "since_at": change.since_at,
                    "at": change.at,
                }
                for change in changes
            ],
        )


def _changes(one: _Watched, sensor_id: str, found: list[Transition]) -> list[Change]:
    if one.space_id is None:
        return []
    return [Change(one.space_id, sensor_id, t.state, t.since_at, t.at, t.last_hit_at) for t in found]


def _confirmed(one: _Watched, found: list[Transition]) -> list[Seen]:
    """A confirmed hit was evidence from its first signal on."""
    if one.space_id is None:
        return []
    return [Seen(one.space_id, t.since_at) for t in found if t.state is Occupancy.OCCUPIED]
