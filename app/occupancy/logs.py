"""What sensors said in a window of time: what the no-show rule judges by."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import RowMapping, and_, select
from sqlalchemy.orm import Session

from app.occupancy import rules
from app.occupancy.models import OccupancyChange, StoredReading
from app.occupancy.rules import Occupancy, SensorLog
from app.spaces.models import Sensor, SensorBinding, Space
from app.spaces.service import timezones


def logs_of(
    session: Session, sensors: Mapping[int, Sequence[Sensor]], since: datetime, until: datetime
) -> dict[int, list[SensorLog]]:
    """The logs of each space's sensors between two instants, by space; five queries for all.

    What a sensor said before it watched a space was of another, or of a drawer, and is not in its log there.
    """
    ids = {sensor.id for listed in sensors.values() for sensor in listed}
    rows: dict[tuple[int, str], list[RowMapping]] = defaultdict(list)
    for row in session.execute(
        select(
            SensorBinding.space_id,
            SensorBinding.from_at,
            StoredReading.sensor_id,
            StoredReading.observed_at,
            StoredReading.occupied,
            StoredReading.online,
        )
        .join(
            SensorBinding,
            and_(
                SensorBinding.sensor_id == StoredReading.sensor_id,
                SensorBinding.from_at <= StoredReading.observed_at,
                SensorBinding.until_at.is_(None),
            ),
        )
        .where(
            SensorBinding.space_id.in_(sensors),
            StoredReading.sensor_id.in_(ids),
            StoredReading.observed_at >= since,
            StoredReading.observed_at <= until,
            # History and retained copies say nothing of now (RULES 3).
            StoredReading.history.is_(False),
        )
        .order_by(StoredReading.sensor_id, StoredReading.observed_at)
    ).mappings():
        rows[row["space_id"], row["sensor_id"]].append(row)
    states = _states_between(session, sensors, since, until)
    zones = timezones(session, sensors)
    return {
        space_id: [
            _log(sensor, rows[space_id, sensor.id], (states[space_id], zones[space_id]), since)
            for sensor in listed
        ]
        for space_id, listed in sensors.items()
    }


def _log(
    sensor: Sensor,
    rows: Sequence[RowMapping],
    states: tuple[Sequence[tuple[datetime, Occupancy]], ZoneInfo],
    since: datetime,
) -> SensorLog:
    found = SensorLog(
        offline_after=sensor.heartbeat * rules.HEARTBEATS_UNTIL_OFFLINE,
        detection_delay=timedelta(seconds=sensor.detection_delay_s),
        signs=tuple(row["observed_at"] for row in rows if row["online"] is not False),
        occupied=rules.trusted([row["observed_at"] for row in rows if row["occupied"] is True], *states),
        vacant=tuple(row["observed_at"] for row in rows if row["occupied"] is False),
        wills=tuple(row["observed_at"] for row in rows if row["online"] is False),
    )
    if not sensor.clears_after_s or not rows:
        return found
    return found.with_quiet(timedelta(seconds=sensor.clears_after_s), max(since, rows[0]["from_at"]))


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
