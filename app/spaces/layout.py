"""Changing the layout: zones, spaces, and the sensors that watch them. What is booked there is the caller's to settle.

What is taken away keeps its row, for the history and the figures of its time.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import delete, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import events
from app.errors import Conflict, NotFound, RuleBroken
from app.people.models import Section
from app.spaces import outages, rebinding
from app.spaces.models import FixedSeat, Sensor, SensorBinding, Space, Zone, ZoneGuest, ZoneOverflow
from app.spaces.service import get_floor, get_place, get_zone, in_layout
from app.spaces.watching import watch_spaces

Values = Mapping[str, Any]


def add_zone(session: Session, values: Values, *, actor_id: int | None, now: datetime) -> Zone:
    """A new zone, or one that was taken away and is brought back. Raises NotFound `floor.unknown`, `section.unknown`,
    Conflict `zone.exists`."""
    gone = select(Zone).where(Zone.code == values["code"], Zone.removed_at.is_not(None))
    zone = session.scalar(gone) or Zone()
    zone.removed_at = None
    _change(session, zone, values, "zone", actor_id=actor_id, now=now)
    return zone


def change_zone(
    session: Session, zone_id: int, values: Values, *, actor_id: int | None, now: datetime
) -> Zone:
    """Raises as `add_zone`, and NotFound `zone.unknown`."""
    zone = get_zone(session, zone_id)
    _change(session, zone, values, "zone", actor_id=actor_id, now=now)
    return zone


def remove_zone(session: Session, zone_id: int, *, actor_id: int | None, now: datetime) -> None:
    """A zone without spaces leaves the layout. Raises NotFound `zone.unknown`, Conflict `zone.in_use`."""
    zone = get_zone(session, zone_id)
    if session.scalar(select(Space.id).where(Space.zone_id == zone_id, in_layout(Space)).limit(1)):
        raise Conflict("zone.in_use", zone=zone.code)
    zone.removed_at = now
    session.execute(delete(ZoneGuest).where(ZoneGuest.zone_id == zone_id))
    leads_here = or_(ZoneOverflow.zone_id == zone_id, ZoneOverflow.overflow_id == zone_id)
    session.execute(delete(ZoneOverflow).where(leads_here))
    session.flush()
    events.record(session, "zone.removed", f"zone:{zone.code}", at=now, actor_id=actor_id)


def add_space(session: Session, values: Values, *, actor_id: int | None, now: datetime) -> Space:
    """A new space, or one that was taken away and is brought back. Raises NotFound `zone.unknown`, Conflict
    `space.exists`."""
    space = bring_back(session, values["code"], actor_id=actor_id, now=now) or Space()
    _change(session, space, values, "space", actor_id=actor_id, now=now)
    return space


def bring_back(session: Session, code: str, *, actor_id: int | None, now: datetime) -> Space | None:
    """A space of this code that had been taken out of the layout, back in it and in order; None where there is none."""
    return next(iter(bring_back_all(session, [code], actor_id=actor_id, now=now)), None)


def bring_back_all(
    session: Session, codes: Collection[str], *, actor_id: int | None, now: datetime
) -> list[Space]:
    """Those of these codes that had been taken out of the layout, back in it and in order; a fixed number of
    statements."""
    gone = list(
        session.scalars(
            select(Space).where(Space.code.in_(codes), Space.removed_at.is_not(None)).order_by(Space.id)
        )
    )
    for space in gone:
        space.removed_at = None
    outages.mend(session, [one.id for one in gone], actor_id=actor_id, now=now)
    return gone


def change_space(
    session: Session, space_id: int, values: Values, *, actor_id: int | None, now: datetime
) -> Space:
    """Raises as `add_space`, and NotFound `space.unknown`."""
    space = get_place(session, space_id).space
    _change(session, space, values, "space", actor_id=actor_id, now=now)
    return space


def hide_space(session: Session, space_id: int, *, actor_id: int | None, now: datetime) -> None:
    """A space leaves the layout; its sensor watches nothing, and nobody's fixed seat is there."""
    space = get_place(session, space_id).space
    space.removed_at = now
    session.execute(
        update(SensorBinding)
        .where(SensorBinding.space_id == space_id, SensorBinding.until_at.is_(None))
        .values(until_at=now)
    )
    session.execute(delete(FixedSeat).where(FixedSeat.space_id == space_id))
    session.flush()
    events.record(session, "space.removed", f"space:{space.code}", at=now, actor_id=actor_id)


def get_sensor(session: Session, sensor_id: str) -> Sensor:
    """A sensor; raises NotFound `sensor.unknown`."""
    sensor = session.get(Sensor, sensor_id)
    if sensor is None:
        raise NotFound("sensor.unknown", sensor_id=sensor_id)
    return sensor


def watched_by(session: Session, sensor_id: str) -> list[int]:
    """The spaces that a sensor watches now, in the order of their ids."""
    query = select(SensorBinding.space_id).where(
        SensorBinding.sensor_id == sensor_id, SensorBinding.until_at.is_(None)
    )
    return list(session.scalars(query.order_by(SensorBinding.space_id)))


def add_sensor(session: Session, values: Values, *, actor_id: int | None, now: datetime) -> Sensor:
    """A new sensor, which watches `space_id` where it is given. Raises Conflict `sensor.exists`, and as
    `change_sensor`."""
    if session.get(Sensor, values["id"]) is not None:
        raise Conflict("sensor.exists", sensor_id=values["id"])
    sensor = Sensor(id=values["id"])
    _change_sensor(session, sensor, values, actor_id=actor_id, now=now)
    return sensor


def change_sensor(
    session: Session, sensor_id: str, values: Values, *, actor_id: int | None, now: datetime
) -> Sensor:
    """Change what a sensor is, or from now on watches (`space_ids`; or `space_id` alone, None: nothing).

    Raises NotFound `sensor.unknown`, `space.unknown`.
    """
    sensor = get_sensor(session, sensor_id)
    _change_sensor(session, sensor, values, actor_id=actor_id, now=now)
    return sensor


def _change_sensor(
    session: Session, sensor: Sensor, values: Values, *, actor_id: int | None, now: datetime
) -> None:
    own = {name: value for name, value in values.items() if name not in {"id", "space_id", "space_ids"}}
    _change(session, sensor, own, "sensor", actor_id=actor_id, now=now)
    wanted = values.get("space_ids")
    if wanted is None and "space_id" in values:
        wanted = [] if values["space_id"] is None else [values["space_id"]]
    if wanted is not None:
        watch_spaces(session, {sensor.id: wanted}, actor_id=actor_id, now=now)


def swap_sensor(
    session: Session, sensor_id: str, spare_id: str, *, actor_id: int | None, now: datetime
) -> Sensor:
    """A spare takes the place of a sensor from now on: it watches what that one did, which watches nothing any more,
    and moves where that one was to move. Raises NotFound `sensor.unknown`, RuleBroken `sensor.swap`: it must be another
    sensor that watches nothing."""
    get_sensor(session, sensor_id)
    spare = get_sensor(session, spare_id)
    # Of two who take one spare at once the second sees that it is taken.
    session.execute(select(Sensor.id).where(Sensor.id == spare_id).with_for_update())
    if spare_id == sensor_id or watched_by(session, spare_id):
        raise RuleBroken("sensor.swap")
    spaces = watched_by(session, sensor_id)
    watch_spaces(session, {sensor_id: (), spare_id: spaces}, actor_id=actor_id, now=now)
    rebinding.hand_over(session, sensor_id, spare_id, actor_id=actor_id, now=now)
    return spare


def _change(
    session: Session,
    row: Zone | Space | Sensor,
    values: Values,
    what: str,
    *,
    actor_id: int | None,
    now: datetime,
) -> None:
    """Set values, new or changed, and record what differs."""
    if values.get("section_id") is not None and session.get(Section, values["section_id"]) is None:
        raise NotFound("section.unknown", section_id=values["section_id"])
    if "floor_id" in values:
        get_floor(session, values["floor_id"])
    if "zone_id" in values:
        get_zone(session, values["zone_id"])
    is_new = row not in session
    differs = {name: value for name, value in values.items() if is_new or getattr(row, name) != value}
    if not differs and not is_new:
        return
    told = {name: [None if is_new else getattr(row, name), value] for name, value in differs.items()}
    for name, value in differs.items():
        setattr(row, name, value)
    with _name_is_free(session, what, values):
        session.add(row)
    name = row.id if isinstance(row, Sensor) else row.code
    kind = f"{what}.added" if is_new else f"{what}.changed"
    events.record(session, kind, f"{what}:{name}", at=now, actor_id=actor_id, changes=told)


@contextmanager
def _name_is_free(session: Session, what: str, values: Values) -> Iterator[None]:
    """Turn the refusal of a second thing of one name into Conflict `….exists`."""
    try:
        yield
        session.flush()
    except IntegrityError as error:
        raise Conflict(EXISTS[what], name=values.get("code", "")) from error


EXISTS = {"zone": "zone.exists", "space": "space.exists", "sensor": "sensor.exists"}
