"""The sensors that a batch, or the passing of time, is about, as they are loaded for folding."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import and_, select
from sqlalchemy.orm import Session, aliased

from app.bulk import among
from app.occupancy.models import StoredReading
from app.occupancy.readings import Reading
from app.occupancy.rules import Fold, Watch, watch
from app.orm import Base
from app.spaces.models import Floor, Sensor, SensorBinding, Site, Space, Zone
from app.spaces.rules import Kind, Policies

FOLD_COLUMNS = Fold._fields[: Fold._fields.index("told")]
_states = Base.metadata.tables["sensor_states"]


@dataclass(slots=True)
class Watched:
    """A sensor loaded for folding, and the spaces that it watches, in which zone of time; `since`: the first of them.
    `before`: its fold as it was loaded."""

    space_ids: tuple[int, ...]
    since: datetime | None
    zone: ZoneInfo | None
    watching: Watch
    fold: Fold
    before: Fold
    battery_pct: int | None

    def there(self, own: Sequence[Reading]) -> Sequence[Reading]:
        """Those of its readings, in order, that are of its spaces: what comes late may be of where it was before."""
        if self.since is None or own[0].observed_at >= self.since:
            return own
        return [reading for reading in own if reading.observed_at >= self.since]


def load(session: Session, sensor_ids: set[str], policies: Policies) -> dict[str, Watched]:
    """The sensors with their fold, and those that watch a space with one of them; locked until the transaction ends, in
    the order of their ids. One that was not heard since it watches the first of its spaces begins anew: what it said
    was of another.
    """
    if not sensor_ids:
        return {}
    beside = aliased(SensorBinding)
    together = select(beside.sensor_id).join(
        SensorBinding,
        and_(
            SensorBinding.space_id == beside.space_id,
            SensorBinding.sensor_id != beside.sensor_id,
            SensorBinding.until_at.is_(None),
        ),
    )
    sensor_ids = sensor_ids.union(
        session.scalars(
            together.where(beside.until_at.is_(None), among(session, SensorBinding.sensor_id, sensor_ids))
        )
    )
    # In a statement of its own: one that waits and reads would read what stood before the wait.
    session.execute(
        select(Sensor.id)
        .where(among(session, Sensor.id, sensor_ids))
        .order_by(Sensor.id)
        .with_for_update(key_share=True)
    )
    rows: Iterable[Any] = session.execute(
        select(
            Sensor.id,
            SensorBinding.space_id,
            SensorBinding.from_at,
            Site.timezone,
            Space.kind,
            Space.zone_id,
            Sensor.heartbeat_s,
            Sensor.own_hold_s,
            Sensor.holds_itself,
            Sensor.clears_after_s,
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
        .join(Zone, Zone.id == Space.zone_id, isouter=True)
        .join(Floor, Floor.id == Zone.floor_id, isouter=True)
        .join(Site, Site.id == Floor.site_id, isouter=True)
        .where(among(session, Sensor.id, sensor_ids))
        .order_by(Sensor.id, SensorBinding.from_at, SensorBinding.id)
    )
    watches: dict[tuple[object, ...], Watch] = {}
    found: dict[str, Watched] = {}
    for sensor_id, space_id, bound_at, timezone, *model, has_state, battery_pct, fold in (
        (*row[:12], Fold(*row[12:])) for row in rows
    ):
        kind, zone_id, heartbeat_s, own_hold_s, holds_itself, clears_after_s = model
        if tuple(model) not in watches:
            # A sensor that watches no space is folded as one at a seat would be.
            watches[tuple(model)] = watch(
                vacant_hold=policies.of(kind or Kind.SEAT, zone_id).vacant_hold,
                own_hold=timedelta(seconds=own_hold_s),
                holds_itself=holds_itself,
                heartbeat=timedelta(seconds=heartbeat_s),
                clears_after=timedelta(seconds=clears_after_s),
            )
        watching = watches[tuple(model)]
        if sensor_id in found:
            # Of several spaces that it watches the longest hold counts.
            known = found[sensor_id]
            known.space_ids += (space_id,)
            known.watching = max(known.watching, watching, key=lambda one: one.hold)
            continue
        is_heard = has_state and not (bound_at and fold.signal_at and fold.signal_at < bound_at)
        kept = fold if is_heard else Fold()
        space_ids = () if space_id is None else (space_id,)
        zone = None if timezone is None else ZoneInfo(timezone)
        found[sensor_id] = Watched(space_ids, bound_at, zone, watching, kept, kept, battery_pct)
    return found


def recall(session: Session, watched: Mapping[str, Watched], readings: Iterable[Reading]) -> None:
    """What was told before at the instant of these readings, where it is the newest known of their sensor; one query,
    none where there is no such reading. Before they are stored."""
    same = {
        one.sensor_id: one.observed_at
        for one in readings
        if one.occupied is not None
        and not one.history
        and one.observed_at == watched[one.sensor_id].fold.signal_at
    }
    if not same:
        return
    rows = session.execute(
        select(
            StoredReading.sensor_id,
            StoredReading.observed_at,
            StoredReading.occupied,
            StoredReading.boot,
            StoredReading.seq,
        )
        .where(
            among(session, StoredReading.sensor_id, same),
            StoredReading.observed_at.in_(set(same.values())),
            StoredReading.occupied.is_not(None),
            StoredReading.history.is_(False),
        )
        .order_by(StoredReading.id)
    )
    for row in rows:
        if same[row.sensor_id] == row.observed_at:
            one = watched[row.sensor_id]
            told = one.fold.told.after(row.occupied, row.boot, row.seq)
            one.fold = one.before = one.fold._replace(told=told)
