"""Outages of spaces, one by one: which hold now or later, and how each is ended or taken back.

How one begins is the stream's: `app.pipeline.take_out_of_order`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import events
from app.database import lock_rows
from app.errors import Conflict, NotFound
from app.spaces.models import Floor, Space, SpaceOutage, Zone
from app.spaces.service import in_layout


@dataclass(frozen=True, slots=True)
class Listed:
    """An outage with the code of its space, and the site by whose clock it is read."""

    outage: SpaceOutage
    code: str
    site_id: int


def list_outages(session: Session, *, now: datetime) -> list[Listed]:
    """Outages of the layout's spaces that hold now or later, the earliest first; one query."""
    query = (
        select(SpaceOutage, Space.code, Floor.site_id)
        .join(Space, Space.id == SpaceOutage.space_id)
        .join(Zone, Zone.id == Space.zone_id)
        .join(Floor, Floor.id == Zone.floor_id)
        .where(SpaceOutage.is_not_over(now), in_layout(Space))
        .order_by(SpaceOutage.start_at, SpaceOutage.id)
    )
    return [Listed(*row) for row in session.execute(query)]


def get_outage(session: Session, outage_id: int) -> SpaceOutage:
    """An outage that was not lifted; raises NotFound `outage.unknown`."""
    found = _find(session, outage_id)
    if found is None or found.lifted_at is not None:
        raise NotFound("outage.unknown", outage_id=outage_id)
    return found


def lift(session: Session, outage_id: int, *, actor_id: int | None, now: datetime) -> SpaceOutage:
    """End an outage now, or take back one that is still to come; the space's others stay.

    Raises NotFound `outage.unknown`, Conflict `outage.over`.
    """
    hold(session, outage_id)
    found = _find(session, outage_id)
    if found is None:
        raise NotFound("outage.unknown", outage_id=outage_id)
    if found.lifted_at is not None or (found.end_at is not None and found.end_at <= now):
        raise Conflict("outage.over", outage_id=outage_id)
    _lift(session, [found], actor_id=actor_id, now=now)
    return found


def hold(session: Session, outage_id: int) -> None:
    """Wait for whoever ends an outage of the same space at this moment, and let nobody until the transaction ends."""
    space_id = session.scalar(select(SpaceOutage.space_id).where(SpaceOutage.id == outage_id))
    _hold_all(session, [] if space_id is None else [space_id])


def _hold_all(session: Session, space_ids: Collection[int]) -> None:
    # So that the last who ends one finds that none holds, and nobody ends one that was ended meanwhile.
    lock_rows(session, "outage", space_ids)


def _find(session: Session, outage_id: int) -> SpaceOutage | None:
    """Not that of a space which has left the layout: it is out of order for good."""
    query = select(SpaceOutage).join(Space, Space.id == SpaceOutage.space_id)
    query = query.where(SpaceOutage.id == outage_id, in_layout(Space))
    return session.scalars(query.execution_options(populate_existing=True)).one_or_none()


def mend(session: Session, space_ids: Collection[int], *, actor_id: int | None, now: datetime) -> int:
    """Spaces are in order again: their outages of now end, those to come stay. Returns how many ended; a fixed number
    of statements."""
    if not space_ids:
        return 0
    _hold_all(session, space_ids)
    query = select(SpaceOutage).where(SpaceOutage.space_id.in_(space_ids), SpaceOutage.holds(now))
    ended = session.scalars(query.order_by(SpaceOutage.id)).all()
    _lift(session, ended, actor_id=actor_id, now=now)
    return len(ended)


def _lift(session: Session, outages: Iterable[SpaceOutage], *, actor_id: int | None, now: datetime) -> None:
    """Tell of each what became of it, and of each space once that it is in order, where no other outage holds. Their
    spaces are held."""
    lifted = list(outages)
    for one in lifted:
        one.lifted_at = now
    session.flush()
    ended = {one.space_id for one in lifted if one.start_at <= now}
    still = select(SpaceOutage.space_id).where(SpaceOutage.space_id.in_(ended), SpaceOutage.holds(now))
    in_order = ended.difference(session.scalars(still))
    told = {"at": now, "actor_id": actor_id}
    events.record_many(
        session,
        [
            *(told | _as_told(one, now) for one in lifted),
            *(
                told | {"kind": "space.in_order", "subject": f"space:{space_id}", "data": {}}
                for space_id in sorted(in_order)
            ),
        ],
    )


def _as_told(outage: SpaceOutage, now: datetime) -> dict[str, Any]:
    return {
        "kind": "space.outage_ended" if outage.start_at <= now else "space.outage_withdrawn",
        "subject": f"space:{outage.space_id}",
        "data": {
            "outage_id": outage.id,
            "start": outage.start_at.isoformat(),
            "end": outage.end_at.isoformat() if outage.end_at else None,
        },
    }
