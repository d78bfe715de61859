"""What is read of a space once more under its lock: whose it is by now, and what stands before it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session

from app.errors import NotFound
from app.spaces.barriers import Barrier, asking, read_from, standing
from app.spaces.models import Space, Zone
from app.spaces.service import Place
from app.timespan import TimeSpan


@dataclass(frozen=True, slots=True)
class Ground:
    """What of the layout decides who may book a space."""

    zone_id: int
    section_id: int | None
    free_seating: bool
    lots_at: time | None


def ground_of(place: Place) -> Ground:
    """That of a place as it was read."""
    zone = place.zone
    return Ground(zone.id, zone.section_id, zone.free_seating, zone.lots_at)


def read_locked(session: Session, place: Place, span: TimeSpan) -> tuple[Ground, list[Barrier]]:
    """The ground that a space is on by now, whatever the session has read before, and what stands before it in a part
    of a span; one query. Raises NotFound `space.unknown`."""
    values = asking(place.space.id, span, place.timezone)
    rows = session.connection().execute(_query(), values).all()
    if not rows:
        raise NotFound("space.unknown", space_id=place.space.id)
    ground = Ground(rows[0].in_zone, rows[0].section_id, rows[0].free_seating, rows[0].lots_at)
    return ground, read_from((one for one in rows if one.why is not None), span, place.timezone)


@cache
def _query() -> Select[Any]:
    before = standing(Space.id, some=False).subquery()
    return (
        select(Space.zone_id.label("in_zone"), Zone.section_id, Zone.free_seating, Zone.lots_at, *before.c)
        .join(Zone, Zone.id == Space.zone_id)
        .join(before, before.c.space_id == Space.id, isouter=True)
        .where(Space.id == bindparam("wanted"))
    )
