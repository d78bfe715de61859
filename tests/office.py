"""A small office in a database: spaces of one zone, each with a sensor."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import insert
from sqlalchemy.orm import Session

from app.database import create_engine, transaction
from app.spaces.models import Floor, Sensor, SensorBinding, Site, Space, Zone
from app.spaces.rules import Kind

OPENED_AT = datetime(2017, 1, 1, tzinfo=UTC)


def sensor_ids(count: int) -> list[str]:
    return [f"desk-{number:04d}" for number in range(1, count + 1)]


def furnish(
    session: Session, sensors: Sequence[str], *, heartbeat_s: int = 600, kind: Kind = Kind.SEAT
) -> list[int]:
    """Make a space for each sensor and let it watch; returns the spaces' ids in the same order."""
    site = Site(code="main", name="本庁", timezone="Asia/Tokyo")
    session.add(site)
    session.flush()
    floor = Floor(site_id=site.id, code="3F", name="3階")
    session.add(floor)
    session.flush()
    zone = Zone(floor_id=floor.id, code="A", name="A")
    session.add(zone)
    session.flush()
    spaces = [
        Space(zone_id=zone.id, code=f"A-{number:04d}", kind=kind) for number in range(1, len(sensors) + 1)
    ]
    session.add_all(spaces)
    session.flush()
    session.execute(insert(Sensor), [{"id": sensor, "heartbeat_s": heartbeat_s} for sensor in sensors])
    ids = [space.id for space in spaces]
    session.execute(
        insert(SensorBinding),
        [
            {"sensor_id": sensor, "space_id": space_id, "from_at": OPENED_AT}
            for sensor, space_id in zip(sensors, ids, strict=True)
        ],
    )
    return ids


def furnish_database(url: str, sensors: Sequence[str], *, heartbeat_s: int = 600) -> list[int]:
    """The same in a database of its own address."""
    engine = create_engine(url)
    try:
        with transaction(engine) as session:
            return furnish(session, sensors, heartbeat_s=heartbeat_s)
    finally:
        engine.dispose()
