"""Devices that announced themselves (Home Assistant's discovery) as candidates for whoever fits sensors."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from app.occupancy.models import SensorAnnouncement
from app.spaces.models import Sensor

SHOWN_AT_MOST = 200


@dataclass(frozen=True, slots=True)
class Candidate:
    """A device that announced itself and is not known: as whom it would be added, what it is, where it speaks."""

    sensor_id: str
    name: str
    model: str
    speaks_on: str


def candidates(session: Session) -> list[Candidate]:
    """Who announced themselves and are not known, by name; two queries. A device with several seats is a sensor for
    each of them."""
    rows = session.scalars(
        select(SensorAnnouncement).order_by(SensorAnnouncement.name, SensorAnnouncement.device)
    ).all()
    if not rows:
        return []
    known = set(session.scalars(select(Sensor.id)))
    parts: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        parts[row.device].add(row.part)
    found: dict[str, Candidate] = {}
    for row in rows:
        if row.device not in known and (sensor_id := _announced_as(row, parts)) not in known:
            found.setdefault(sensor_id, Candidate(sensor_id, row.name, row.model, row.speaks_on))
    return list(found.values())[:SHOWN_AT_MOST]


def heard(session: Session) -> Sequence[SensorAnnouncement]:
    """What every device said of itself, known or not, by the topic of its announcement."""
    order = (SensorAnnouncement.topic, SensorAnnouncement.device, SensorAnnouncement.part)
    return session.scalars(select(SensorAnnouncement).order_by(*order)).all()


def _announced_as(row: SensorAnnouncement, parts: Mapping[str, Collection[str]]) -> str:
    several = bool(row.part) and len(parts[row.device]) > 1
    return f"{row.device}:{row.part}" if several else row.device


def clears_after_s(session: Session, sensor_id: str) -> int:
    """After how many seconds of quiet a device says that nobody is there any more, by its own announcement; or 0."""
    device, _, part = sensor_id.rpartition(":")
    of_part = and_(SensorAnnouncement.device == device, SensorAnnouncement.part == part)
    found = session.scalar(
        select(func.max(SensorAnnouncement.clears_after_s)).where(
            or_(SensorAnnouncement.device == sensor_id, of_part)
        )
    )
    return found or 0
