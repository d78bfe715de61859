"""Reading and changing the layout, the sensors and the policies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import events
from app.errors import Conflict, NotFound, RuleBroken
from app.spaces.models import Floor, PolicyValue, Sensor, SensorBinding, Site, Space, Zone
from app.spaces.rules import DEFAULTS, Kind, Policy, duration_text, with_value


@dataclass(frozen=True, slots=True)
class Place:
    """A space with what governs it: its zone, its site's zone of time, its policy."""

    space: Space
    zone: Zone
    timezone: ZoneInfo
    policy: Policy


def policies(session: Session) -> Mapping[Kind, Policy]:
    """The policy of every kind: the defaults with what the office set; one query."""
    found = dict(DEFAULTS)
    for row in session.scalars(select(PolicyValue).order_by(PolicyValue.kind, PolicyValue.key)):
        found[row.kind] = with_value(found[row.kind], row.key, row.value)
    return found


def set_policy(
    session: Session, kind: Kind, key: str, value: str, *, now: datetime, actor_id: int | None
) -> None:
    """Set one policy of a kind; raises RuleBroken `policy.invalid` saying what would be right."""
    try:
        # Written back as the rule understood it: short, and the same for `60m` and `1h`.
        value = duration_text(getattr(with_value(DEFAULTS[kind], key, value), key))
    except ValueError as error:
        raise RuleBroken("policy.invalid", detail=str(error)) from error
    session.merge(PolicyValue(kind=kind, key=key, value=value))
    session.flush()
    events.record(
        session, "policy.set", f"policy:{kind.value}", at=now, actor_id=actor_id, key=key, value=value
    )


def get_place(session: Session, space_id: int) -> Place:
    """A space and what governs it; raises NotFound `space.unknown`."""
    row = session.execute(
        select(Space, Zone, Site.timezone)
        .join(Zone, Zone.id == Space.zone_id)
        .join(Floor, Floor.id == Zone.floor_id)
        .join(Site, Site.id == Floor.site_id)
        .where(Space.id == space_id)
    ).one_or_none()
    if row is None:
        raise NotFound("space.unknown", space_id=space_id)
    space, zone, timezone = row
    return Place(space, zone, ZoneInfo(timezone), policies(session)[space.kind])


def list_floors(session: Session) -> list[Floor]:
    """All floors, in the order of their codes."""
    return list(session.scalars(select(Floor).order_by(Floor.code)))


def get_floor(session: Session, floor_id: int) -> Floor:
    """A floor; raises NotFound `floor.unknown`."""
    floor = session.get(Floor, floor_id)
    if floor is None:
        raise NotFound("floor.unknown", floor_id=floor_id)
    return floor


def floor_timezone(session: Session, floor_id: int) -> ZoneInfo:
    """The zone of time that a floor's days are computed in."""
    return ZoneInfo(
        session.scalars(
            select(Site.timezone).join(Floor, Floor.site_id == Site.id).where(Floor.id == floor_id)
        ).one()
    )


def list_zones(session: Session, floor_id: int | None = None) -> list[Zone]:
    """Zones in the order of their codes, of one floor where it is given."""
    query = select(Zone).order_by(Zone.code)
    return list(session.scalars(query if floor_id is None else query.where(Zone.floor_id == floor_id)))


def list_spaces(
    session: Session,
    *,
    floor_id: int | None = None,
    zone_id: int | None = None,
    kind: Kind | None = None,
    after_id: int = 0,
    limit: int | None = None,
) -> list[Space]:
    """Spaces in the order of their id, at most `limit` after `after_id`."""
    query = select(Space).where(Space.id > after_id).order_by(Space.id)
    if floor_id is not None:
        query = query.join(Zone, Zone.id == Space.zone_id).where(Zone.floor_id == floor_id)
    if zone_id is not None:
        query = query.where(Space.zone_id == zone_id)
    if kind is not None:
        query = query.where(Space.kind == kind)
    return list(session.scalars(query.limit(limit)))


def sensors_of(session: Session, space_ids: list[int]) -> dict[int, Sensor]:
    """The sensor that watches each space now; spaces without one are absent."""
    rows = session.execute(
        select(SensorBinding.space_id, Sensor)
        .join(Sensor, Sensor.id == SensorBinding.sensor_id)
        .where(SensorBinding.until_at.is_(None), SensorBinding.space_id.in_(space_ids))
    )
    return dict(rows.all())


def bind_sensor(session: Session, sensor: Sensor, space_id: int, *, now: datetime) -> SensorBinding:
    """Let a sensor watch a space from now on; raises Conflict `sensor.bound` where either is taken."""
    taken = session.scalar(
        select(SensorBinding.id).where(
            SensorBinding.until_at.is_(None),
            (SensorBinding.space_id == space_id) | (SensorBinding.sensor_id == sensor.id),
        )
    )
    if taken:
        raise Conflict("sensor.bound", sensor_id=sensor.id, space_id=space_id)
    session.add(sensor)
    session.flush()
    binding = SensorBinding(sensor_id=sensor.id, space_id=space_id, from_at=now)
    session.add(binding)
    session.flush()
    events.record(session, "sensor.bound", f"sensor:{sensor.id}", at=now, space_id=space_id)
    return binding
