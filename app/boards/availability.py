"""Every space of a floor as a person sees it for a span: one answer for the page, the API and whoever proposes one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Executable, String, and_, bindparam, case, select, type_coerce
from sqlalchemy.orm import Session

from app.bookings.legal import free_by_zone
from app.bookings.models import HOLDS, Booking
from app.bookings.rules import Origin, Status, is_deserted
from app.occupancy.models import SpaceState, last_signal
from app.occupancy.rules import Occupancy, looks_stuck
from app.orm import UtcDateTime
from app.people.models import Role
from app.people.service import Person
from app.spaces.barriers import Barrier, barriers
from app.spaces.lots import closed_until
from app.spaces.models import Floor, Site, Space, Zone
from app.spaces.rules import LANES, Entry, Kind, Lane
from app.spaces.service import doors, get_floor, in_layout, policies
from app.timespan import TimeSpan


class SpaceView(NamedTuple):
    """A space as a person sees it for a span: whether they may take it, and why not.

    `reason`: taken, held, yours, out_of_order, closed, not_available, other_section, zone_not_full, lots (still to be
    drawn), free_seating, or None where it is available. `bookings`: the live ones of the span, in order. `barriers`:
    the outages, closures and the like before this person. `barred`: not theirs to book or claim in any part of the
    span. `deserted`: another claimed it and, as its sensor saw, has left. `suspect`: its sensor has said occupied
    for over 12 hours.
    """

    id: int
    code: str
    kind: Kind
    capacity: int
    zone_id: int
    zone_code: str
    available: bool
    reason: str | None
    occupancy: Occupancy
    booking_id: int | None
    bookings: tuple[Any, ...]
    barriers: tuple[Barrier, ...]
    mine: bool
    barred: bool
    free_seating: bool
    deserted: bool
    suspect: bool
    x: int
    y: int
    width: int
    height: int

    @property
    def booked(self) -> list[TimeSpan]:
        """What live bookings cover, in order."""
        return [TimeSpan(one.start_at, one.end_at) for one in self.bookings]

    def blocked(self, until: datetime) -> list[TimeSpan]:
        """What cannot be booked by this person: that, and what barriers cover until then."""
        return self.booked + [TimeSpan(one.start, one.end or until) for one in self.barriers]


def floor_view(
    session: Session, floor_id: int, span: TimeSpan, *, person: Person | None, now: datetime
) -> list[SpaceView]:
    """Every space of a floor for a span, in the order of code; at most eight queries, whatever the floor's size.

    Raises NotFound `floor.unknown`.
    """
    zones = _rows(session, _ZONES, floor_id=floor_id)
    if not zones:
        get_floor(session, floor_id)
        return []
    timezone = ZoneInfo(zones[0].timezone)
    # As plain values, since what hundreds of rows look up must cost nothing.
    zone_of = {zone.id: (zone.code, zone.free_seating) for zone in zones}
    user_id = person.id if person else None
    standing: dict[int, list[Barrier]] = defaultdict(list)
    for barrier in barriers(session, span, timezone, floor_id=floor_id):
        standing[barrier.space_id].append(barrier)
    to_be_drawn = {
        (zone.id, Lane.DESK): "lots"
        for zone in zones
        if closed_until(session, zone, Lane.DESK, span, timezone, now=now)
    }
    shut = to_be_drawn | _shut_zones(session, zones, span, person, timezone, now=now)
    taken: dict[int, list[Any]] = defaultdict(list)
    for found in _rows(session, _BOOKINGS, floor_id=floor_id, start=span.start, end=span.end):
        taken[found.space_id].append(found)
    deserted = _deserted(session, taken.values())
    views = []
    # Names bound at once: hundreds of rows, and looking each column up by its name takes longer than all the rest.
    for id_, code, kind_text, zone_id, state_text, occupied_since, capacity, x, y, width, height in _rows(
        session, _SPACES, floor_id=floor_id
    ):
        kind, state = _KINDS[kind_text], _STATES[state_text]
        zone_code, free = zone_of[zone_id]
        door = shut.get((zone_id, LANES[kind])) if shut else None
        reason = door or ("free_seating" if free else None)
        mine, barred, is_deserted_now = False, door is not None, False
        booking_id: int | None = None
        bookings: tuple[Any, ...] = ()
        before: tuple[Barrier, ...] = ()
        if id_ in taken or id_ in standing:
            bookings = tuple(taken.get(id_, ()))
            before = tuple(one for one in standing.get(id_, ()) if one.bars(user_id))
            booking = bookings[0] if bookings else None
            mine = booking is not None and user_id is not None and booking.user_id == user_id
            booking_id = booking.id if booking is not None else None
            if len(before) < len(standing.get(id_, ())):  # kept for this person, whoever's the zone is
                reason, barred = ("free_seating" if free else None), False
            reason = _reason(booking, before[0].why if before else None, reason, mine=mine)
            barred = barred or any(one.covers_all(span) for one in before)
            is_deserted_now = id_ in deserted and not mine
        views.append(
            SpaceView(
                id_,
                code,
                kind,
                capacity,
                zone_id,
                zone_code,
                reason is None,
                reason,
                state,
                booking_id,
                bookings,
                before,
                mine,
                barred,
                free,
                is_deserted_now,
                occupied_since is not None and looks_stuck(state, occupied_since, now),
                x,
                y,
                width,
                height,
            )
        )
    return views


_KINDS = {kind.value: kind for kind in Kind}
_STATES = {None: Occupancy.UNKNOWN} | {state.value: state for state in Occupancy}
# Asked by every view, so put together once: building a statement costs as much as running it.
_ON_FLOOR = and_(Zone.id == Space.zone_id, Zone.floor_id == bindparam("floor_id"), in_layout(Zone))
_ZONES = (
    select(
        Zone.id,
        Zone.code,
        Zone.section_id,
        Zone.free_seating,
        Zone.lots_at,
        Zone.lots_drawn_on,
        Site.timezone,
    )
    .join(Floor, Floor.id == Zone.floor_id)
    .join(Site, Site.id == Floor.site_id)
    .where(Floor.id == bindparam("floor_id"), in_layout(Zone))
)
_SPACES = (
    select(
        Space.id,
        Space.code,
        # Words as the text that is stored, made the enum's below: the ORM's own way takes ten times as long.
        type_coerce(Space.kind, String),
        Space.zone_id,
        type_coerce(SpaceState.state, String),
        # Since when, only where it matters: hundreds of instants take as long to read as all the rest.
        case((SpaceState.state == Occupancy.OCCUPIED, SpaceState.since_at)),
        Space.capacity,
        Space.x,
        Space.y,
        Space.width,
        Space.height,
    )
    .join(Zone, _ON_FLOOR)
    .join(SpaceState, SpaceState.space_id == Space.id, isouter=True)
    .where(in_layout(Space))
    .order_by(Space.code)
)
_BOOKINGS = (
    select(
        Booking.id,
        Booking.space_id,
        Booking.user_id,
        type_coerce(Booking.status, String).label("status"),
        type_coerce(Booking.origin, String).label("origin"),
        Booking.start_at,
        Booking.end_at,
    )
    .join(Space, Space.id == Booking.space_id)
    .join(Zone, _ON_FLOOR)
    .where(
        HOLDS,
        Booking.start_at < bindparam("end", type_=UtcDateTime()),
        Booking.end_at > bindparam("start", type_=UtcDateTime()),
    )
    .order_by(Booking.start_at)
)
_VACANT = (
    select(Space.id, Space.kind, Space.zone_id, SpaceState.since_at, last_signal(Space.id).label("signal_at"))
    .join(SpaceState, SpaceState.space_id == Space.id)
    .where(Space.id.in_(bindparam("space_ids", expanding=True)), SpaceState.state == Occupancy.VACANT)
)


def _rows(session: Session, query: Executable, **values: Any) -> Sequence[Any]:
    """Rows of columns; past the session, which would make each of them a second time."""
    return session.connection().execute(query, values).all()


def _deserted(session: Session, taken: Iterable[Sequence[Any]]) -> set[int]:
    """The claimed spaces that their sensors saw empty past the hold, so that the next to claim one ends the claim
    (RULES 12, as `bookings.release.end_empty_claim` does); no query where nobody sits on a claim."""
    claims = {
        first.space_id: first
        for first, *_ in taken
        if first.origin == Origin.CLAIM and first.status == Status.CHECKED_IN
    }
    if not claims:
        return set()
    policy_of = policies(session)
    return {
        found.id
        for found in _rows(session, _VACANT, space_ids=list(claims))
        if is_deserted(
            claims[found.id].start_at,
            found.since_at,
            found.signal_at,
            hold=policy_of.of(found.kind, found.zone_id).vacant_hold,
        )
    }


def _shut_zones(
    session: Session,
    zones: Iterable[Any],
    span: TimeSpan,
    person: Person | None,
    timezone: ZoneInfo,
    *,
    now: datetime,
) -> dict[tuple[int, Lane], str]:
    """Why this person may not take a space of a lane in a zone, by (zone, lane); a query or two, none for whoever may
    go everywhere."""
    if person is None or person.role is Role.FACILITY:
        return {}
    sections = person.within
    others = [zone for zone in zones if zone.section_id is not None and zone.section_id not in sections]
    if not others:
        return {}
    found, on = doors(session, others), span.start.astimezone(timezone).date()
    entries = {zone_id: door.entry(sections, on) for zone_id, door in found.items()}
    waiting = {
        zone_id: found[zone_id].homes(sections) for zone_id in entries if entries[zone_id] is Entry.OVERFLOW
    }
    homes = {home for found_homes in waiting.values() for home in found_homes}
    free = free_by_zone(session, homes, span, now, timezone, user_id=person.id)
    shut = {}
    for zone_id, entry in entries.items():
        for lane in Lane:
            if entry is Entry.NONE:
                shut[zone_id, lane] = "other_section"
            elif any(free.get((home, lane)) for home in waiting.get(zone_id, ())):
                shut[zone_id, lane] = "zone_not_full"
    return shut


def _reason(booking: Any, barrier: str | None, door: str | None, *, mine: bool) -> str | None:
    if barrier is not None and not mine:
        return barrier
    if booking is not None:
        if mine:
            return "yours"
        return "held" if booking.status == Status.HELD else "taken"
    return door
