"""What keeps a space from being had for a while: it is out of order, closed, or kept for somebody."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import CompoundSelect, Date, Select, and_, bindparam, literal, or_, select, union_all
from sqlalchemy.orm import InstrumentedAttribute, Session

from app import events
from app.errors import Conflict, NotFound
from app.orm import BigId, UtcDateTime
from app.spaces.models import Closure, FixedSeat, Floor, Site, Space, SpaceOutage, Zone
from app.timespan import TimeSpan, day_span

# The span that is asked for, and its days.
START, END = bindparam("start", type_=UtcDateTime()), bindparam("end", type_=UtcDateTime())
FIRST, LAST = bindparam("first", type_=Date()), bindparam("last", type_=Date())
OUT_OF_ORDER, CLOSED, NOT_AVAILABLE = "out_of_order", "closed", "not_available"


@dataclass(frozen=True, slots=True)
class Barrier:
    """Before a space from `start` to `end` (None: nobody knows). `why`: out_of_order, closed, or not_available, which
    is kept for `user_id`."""

    space_id: int
    why: str
    start: datetime
    end: datetime | None
    user_id: int | None

    def bars(self, user_id: int | None) -> bool:
        """Whether it stands before this person."""
        return self.user_id is None or self.user_id != user_id

    def touches(self, span: TimeSpan) -> bool:
        return self.start < span.end and (self.end is None or self.end > span.start)

    def covers(self, at: datetime) -> bool:
        return self.start <= at and (self.end is None or at < self.end)

    def covers_all(self, span: TimeSpan) -> bool:
        return self.start <= span.start and (self.end is None or self.end >= span.end)


def barriers(
    session: Session,
    span: TimeSpan,
    zone: ZoneInfo,
    *,
    space_id: int | None = None,
    space_ids: Collection[int] | None = None,
    floor_id: int | None = None,
    zone_ids: Collection[int] = (),
) -> list[Barrier]:
    """What stands before one space, some, or those of a floor or of zones, in a part of a span, the earliest first; one
    query.

    `zone`: the site's zone of time, in which the days of a fixed seat begin and end.
    """
    wanted: tuple[InstrumentedAttribute[int], int | list[int]]
    if space_id is not None:
        wanted = Space.id, space_id
    elif floor_id is not None:
        wanted = Zone.floor_id, floor_id
    elif space_ids is not None:
        wanted = Space.id, list(space_ids)
    else:
        wanted = Zone.id, list(zone_ids)
    query = standing(wanted[0], some=isinstance(wanted[1], list))
    return read_from(session.connection().execute(query, asking(wanted[1], span, zone)), span, zone)


def asking(wanted: int | list[int], span: TimeSpan, zone: ZoneInfo) -> dict[str, Any]:
    """The values with which `standing` is asked."""
    days = {"first": span.start.astimezone(zone).date(), "last": span.end.astimezone(zone).date()}
    return {"wanted": wanted, "start": span.start, "end": span.end, **days}


def read_from(rows: Iterable[Any], span: TimeSpan, zone: ZoneInfo) -> list[Barrier]:
    """The barriers that rows of `standing` tell of, the earliest first."""
    found = (_barrier(row, zone) for row in rows)
    return sorted((one for one in found if one.touches(span)), key=lambda one: one.start)


@cache
def standing(of: InstrumentedAttribute[int], *, some: bool) -> CompoundSelect[Any]:
    """What stands before the space `wanted` or the spaces of a zone or floor, or before some of them; put together
    once, since building it costs more than running it."""
    is_wanted = of.in_(bindparam("wanted", expanding=True)) if some else of == bindparam("wanted")
    return union_all(*(part.where(is_wanted) for part in (_outages(), _closures(), _fixed())))


def _barrier(row: Any, zone: ZoneInfo) -> Barrier:
    if row.from_on is None:
        return Barrier(row.space_id, row.why, row.start_at, row.end_at, None)
    end = day_span(row.until_on, zone).end if row.until_on else None
    return Barrier(row.space_id, row.why, day_span(row.from_on, zone).start, end, row.user_id)


def _nothing(*types: Any) -> Iterable[Any]:
    return (literal(None, type_) for type_ in types)


def _outages() -> Select[Any]:
    """Outages; the first part of the union names its columns."""
    nobody, from_on, until_on = _nothing(BigId, Date(), Date())
    return (
        select(
            Space.id.label("space_id"),
            literal(OUT_OF_ORDER).label("why"),
            SpaceOutage.start_at.label("start_at"),
            SpaceOutage.end_at.label("end_at"),
            nobody.label("user_id"),
            from_on.label("from_on"),
            until_on.label("until_on"),
        )
        .join(Zone, Zone.id == Space.zone_id)
        .join(SpaceOutage, SpaceOutage.space_id == Space.id)
        .where(SpaceOutage.start_at < END, SpaceOutage.is_not_over(START))
    )


def _closures() -> Select[Any]:
    return (
        select(Space.id, literal(CLOSED), Closure.start_at, Closure.end_at, *_nothing(BigId, Date(), Date()))
        .join(Zone, Zone.id == Space.zone_id)
        .join(Floor, Floor.id == Zone.floor_id)
        .join(
            Closure,
            and_(
                Closure.site_id == Floor.site_id,
                or_(Closure.zone_id.is_(None), Closure.zone_id == Zone.id),
                Closure.lifted_at.is_(None),
            ),
        )
        .where(Closure.start_at < END, Closure.end_at > START)
    )


def _fixed() -> Select[Any]:
    return (
        select(
            Space.id,
            literal(NOT_AVAILABLE),
            *_nothing(UtcDateTime(), UtcDateTime()),
            FixedSeat.user_id,
            FixedSeat.from_on,
            FixedSeat.until_on,
        )
        .join(Zone, Zone.id == Space.zone_id)
        .join(FixedSeat, FixedSeat.space_id == Space.id)
        .where(FixedSeat.from_on <= LAST, or_(FixedSeat.until_on.is_(None), FixedSeat.until_on >= FIRST))
    )


@dataclass(frozen=True, slots=True)
class Closing:
    """Where and when the office is to be closed."""

    site_id: int
    zone_id: int | None
    span: TimeSpan
    reason: str


@dataclass(frozen=True, slots=True)
class Outage:
    """A space that is to be out of order; `end` None: until it is mended."""

    space_id: int
    start: datetime
    end: datetime | None
    reason: str


@dataclass(frozen=True, slots=True)
class SpaceNow:
    """A space, and whether it is out of order now."""

    space: Space
    out_of_order: bool

    @property
    def id(self) -> int:
        return self.space.id


def as_of(session: Session, spaces: Iterable[Space], now: datetime) -> list[SpaceNow]:
    """These spaces as they are now; one query."""
    broken = set(session.scalars(select(SpaceOutage.space_id).where(SpaceOutage.holds(now))))
    return [SpaceNow(space, space.id in broken) for space in spaces]


def add_outage(
    session: Session,
    space_id: int,
    *,
    start: datetime,
    end: datetime | None,
    reason: str,
    actor_id: int | None,
    now: datetime,
) -> SpaceOutage:
    """A space is out of order from `start` to `end`, or until it is mended. What is booked there is the caller's to
    move. Raises NotFound `space.unknown`."""
    if session.get(Space, space_id) is None:
        raise NotFound("space.unknown", space_id=space_id)
    made = SpaceOutage(
        space_id=space_id, start_at=start, end_at=end, reason=reason, made_at=now, made_by=actor_id
    )
    session.add(made)
    session.flush()
    events.record(
        session,
        "space.out_of_order",
        f"space:{space_id}",
        at=now,
        actor_id=actor_id,
        outage_id=made.id,
        start=start.isoformat(),
        end=end.isoformat() if end else None,
        reason=reason,
    )
    return made


def close(
    session: Session,
    site_id: int,
    span: TimeSpan,
    *,
    zone_id: int | None,
    reason: str,
    actor_id: int | None,
    now: datetime,
) -> Closure:
    """A site, or a zone of it, is closed for a span. What is booked there is the caller's to end.

    Raises NotFound `site.unknown` or `zone.unknown`.
    """
    check_place(session, site_id, zone_id)
    made = Closure(
        site_id=site_id,
        zone_id=zone_id,
        start_at=span.start,
        end_at=span.end,
        reason=reason,
        made_at=now,
        made_by=actor_id,
    )
    session.add(made)
    session.flush()
    events.record(
        session,
        "closure.made",
        f"closure:{made.id}",
        at=now,
        actor_id=actor_id,
        site_id=site_id,
        zone_id=zone_id,
        start=span.start.isoformat(),
        end=span.end.isoformat(),
        reason=reason,
    )
    return made


def check_place(session: Session, site_id: int, zone_id: int | None) -> None:
    """That there is such a site, and the zone is of it. Raises NotFound `site.unknown` or `zone.unknown`."""
    if session.get(Site, site_id) is None:
        raise NotFound("site.unknown", site_id=site_id)
    if zone_id is not None and zone_id not in _zones_of(session, site_id):
        raise NotFound("zone.unknown", zone_id=zone_id, why="site")


def reopen(session: Session, closure_id: int, *, actor_id: int | None, now: datetime) -> Closure:
    """Lift a closure that is not over. Raises NotFound `closure.unknown`, Conflict `closure.over`."""
    found = session.get(Closure, closure_id)
    if found is None:
        raise NotFound("closure.unknown", closure_id=closure_id)
    if found.lifted_at is not None or found.end_at <= now:
        raise Conflict("closure.over", closure_id=closure_id)
    found.lifted_at = now
    session.flush()
    events.record(session, "closure.lifted", f"closure:{closure_id}", at=now, actor_id=actor_id)
    return found


def get_closure(session: Session, closure_id: int) -> Closure:
    """A closure that was not lifted; raises NotFound `closure.unknown`."""
    found = session.get(Closure, closure_id)
    if found is None or found.lifted_at is not None:
        raise NotFound("closure.unknown", closure_id=closure_id)
    return found


def list_closures(session: Session, *, now: datetime) -> list[Closure]:
    """Closures that hold now or later, the earliest first."""
    query = (
        select(Closure)
        .where(Closure.lifted_at.is_(None), Closure.end_at > now)
        .order_by(Closure.start_at, Closure.id)
    )
    return list(session.scalars(query))


def closed_space_ids(session: Session, site_id: int, zone_id: int | None) -> list[int]:
    """The spaces of a site, or of one zone, in the order of their id."""
    query = (
        select(Space.id)
        .join(Zone, Zone.id == Space.zone_id)
        .join(Floor, Floor.id == Zone.floor_id)
        .where(Floor.site_id == site_id)
        .order_by(Space.id)
    )
    return list(session.scalars(query if zone_id is None else query.where(Zone.id == zone_id)))


def _zones_of(session: Session, site_id: int) -> set[int]:
    query = select(Zone.id).join(Floor, Floor.id == Zone.floor_id).where(Floor.site_id == site_id)
    return set(session.scalars(query))
