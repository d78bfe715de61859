"""Which sensors watch which spaces."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from app import events
from app.errors import NotFound
from app.spaces.models import Sensor, SensorBinding, Space
from app.spaces.service import in_layout


def sensors_of(session: Session, space_ids: Sequence[int]) -> dict[int, list[Sensor]]:
    """The sensors that watch each space now; spaces without one are absent."""
    rows = session.execute(
        select(SensorBinding.space_id, Sensor)
        .join(Sensor, Sensor.id == SensorBinding.sensor_id)
        .where(SensorBinding.until_at.is_(None), SensorBinding.space_id.in_(space_ids))
        .order_by(Sensor.id)
    )
    found: dict[int, list[Sensor]] = defaultdict(list)
    for space_id, sensor in rows:
        found[space_id].append(sensor)
    return dict(found)


def watch_spaces(
    session: Session,
    wanted: Mapping[str, Collection[int]],
    *,
    actor_id: int | None,
    now: datetime,
    since: datetime | None = None,
) -> None:
    """Let each of these sensors, by its id, watch its spaces from now on, and no others; a fixed number of statements.
    `since`: from then on, where that is past, but not from before it watched what it does. Raises NotFound
    `space.unknown`."""
    check_in_layout(session, {space_id for spaces in wanted.values() for space_id in spaces})
    bound = {
        (one.sensor_id, one.space_id): one
        for one in session.scalars(
            select(SensorBinding).where(SensorBinding.sensor_id.in_(wanted), SensorBinding.until_at.is_(None))
        )
    }
    pairs = {(sensor_id, space_id) for sensor_id, spaces in wanted.items() for space_id in spaces}
    gone, come = sorted(bound.keys() - pairs), sorted(pairs - bound.keys())
    at = max([since or now, *(bound[pair].from_at for pair in gone)])
    for pair in gone:
        bound[pair].until_at = at
    session.flush()
    if come:
        rows = [{"sensor_id": sensor_id, "space_id": space_id, "from_at": at} for sensor_id, space_id in come]
        session.execute(insert(SensorBinding), rows)
    events.record_many(
        session,
        [
            {
                "at": now,
                "kind": kind,
                "subject": f"sensor:{sensor_id}",
                "actor_id": actor_id,
                "data": {"space_id": space_id},
            }
            for kind, turned in (("sensor.unbound", gone), ("sensor.bound", come))
            for sensor_id, space_id in turned
        ],
    )


def check_in_layout(session: Session, space_ids: Collection[int]) -> None:
    """Raises NotFound `space.unknown` where one of these spaces is not in the layout."""
    found = session.scalars(select(Space.id).where(Space.id.in_(space_ids), in_layout(Space)))
    if missing := sorted(set(space_ids) - set(found)):
        raise NotFound("space.unknown", space_id=missing[0])
