"""Every space of a floor as a person sees it for a span: one answer for the page, the API and whoever proposes one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from app.bookings.legal import free_by_zone
from app.bookings.models import HOLDS, Booking
from app.bookings.rules import Origin, Status, is_deserted
from app.occupancy.models import SensorState
from app.occupancy.rules import Occupancy, looks_stuck
from app.people.models import Role
from app.people.service import Person
from app.spaces.barriers import Barrier, barriers
from app.spaces.lots import closed_until
from app.spaces.models import SensorBinding, Space, Zone
from app.spaces.rules import LANES, Entry, Kind, Lane
from app.spaces.service import doors, floor_timezone, in_layout, list_zones, policies
from app.timespan import TimeSpan


class SpaceView(NamedTuple):
    """A space as a person sees it for a span: whether they may take it, and why not.

    `reason`: taken, held, yours, out_of_order, closed, not_available, other_section, zone_not_full, lots (still to be
    drawn), free_seating, or None where it is available. `booked`: what live bookings cover of the span, in order;
    `blocked`: that and what outages, closures and the like cover. `barred`: not theirs to book or claim in any part of
    the span. `deserted`: another claimed it and, as its sensor saw, has left. `suspect`: its sensor has said occupied
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
    booked: tuple[TimeSpan, ...]
    blocked: tuple[TimeSpan, ...]
    mine: bool
    barred: bool
    free_seating: bool
    deserted: bool
    suspect: bool
    x: int
    y: int
    width: int
    height: int


def floor_view(
    session: Session, floor_id: int, span: TimeSpan, *, person: Person | None, now: datetime
) -> list[SpaceView]:
    """Every space of a floor for a span, in the order of code; a fixed number of queries whatever the floor's size.

    Raises NotFound `floor.unknown`.
    """
    timezone = floor_timezone(session, floor_id)
    user_id = person.id if person else None
    barred: dict[int, list[Barrier]] = defaultdict(list)
    for barrier in barriers(session, span, timezone, floor_id=floor_id):
        barred[barrier.space_id].append(barrier)
    zones = list_zones(session, floor_id)
    to_be_drawn = {
        (zone.id, Lane.DESK): "lots"
        for zone in zones
        if closed_until(zone, Lane.DESK, span, timezone, now=now)
    }
    shut = to_be_drawn | _shut_zones(session, zones, span, person, timezone, now=now)
    taken: dict[int, list[Any]] = defaultdict(list)
    for found in _bookings(session, floor_id, span):
        taken[found.space_id].append(found)
    policy_of = policies(session)
    views = []
    for row in _spaces(session, floor_id):
        # Names bound at once: hundreds of rows, and looking each column up by its name takes longer than all the rest.
        (
            id_,
            code,
            kind,
            capacity,
            x,
            y,
            width,
            height,
            zone_id,
            zone_code,
            free,
            state,
            since_at,
            signal_at,
        ) = row
        bookings = taken.get(id_, ())
        booking = bookings[0] if bookings else None
        mine = booking is not None and user_id is not None and booking.user_id == user_id
        standing = barred.get(id_, ())
        before = [one for one in standing if one.bars(user_id)]
        mine_to_keep = len(before) < len(standing)
        closed_door = None if mine_to_keep else shut.get((zone_id, LANES[kind]))
        door = closed_door or ("free_seating" if free else None)
        reason = _reason(booking, before[0].why if before else None, door, mine=mine)
        booked = tuple([TimeSpan(one.start_at, one.end_at) for one in bookings])
        views.append(
            SpaceView(
                id=id_,
                code=code,
                kind=kind,
                capacity=capacity,
                zone_id=zone_id,
                zone_code=zone_code,
                available=reason is None,
                reason=reason,
                occupancy=state or Occupancy.UNKNOWN,
                booking_id=booking.id if booking is not None else None,
                booked=booked,
                blocked=booked + tuple([TimeSpan(one.start, one.end or span.end) for one in before]),
                mine=mine,
                barred=closed_door is not None or any(one.covers_all(span) for one in before),
                free_seating=free,
                deserted=(
                    state is Occupancy.VACANT
                    and booking is not None
                    and not mine
                    and _is_deserted(
                        booking, since_at, signal_at, hold=policy_of.of(kind, zone_id).vacant_hold
                    )
                ),
                suspect=looks_stuck(state, since_at, now),
                x=x,
                y=y,
                width=width,
                height=height,
            )
        )
    return views


def _spaces(session: Session, floor_id: int) -> Sequence[Any]:
    return session.execute(
        select(
            Space.id,
            Space.code,
            Space.kind,
            Space.capacity,
            Space.x,
            Space.y,
            Space.width,
            Space.height,
            Zone.id.label("zone_id"),
            Zone.code.label("zone_code"),
            Zone.free_seating,
            SensorState.state,
            SensorState.since_at,
            SensorState.signal_at,
        )
        .join(Zone, Zone.id == Space.zone_id)
        .join(
            SensorBinding,
            and_(SensorBinding.space_id == Space.id, SensorBinding.until_at.is_(None)),
            isouter=True,
        )
        .join(SensorState, SensorState.sensor_id == SensorBinding.sensor_id, isouter=True)
        .where(Zone.floor_id == floor_id, in_layout(Space))
        .order_by(Space.code)
    ).all()


def _bookings(session: Session, floor_id: int, span: TimeSpan) -> Sequence[Any]:
    return session.execute(
        select(
            Booking.id,
            Booking.space_id,
            Booking.user_id,
            Booking.status,
            Booking.origin,
            Booking.start_at,
            Booking.end_at,
        )
        .join(Space, Space.id == Booking.space_id)
        .join(Zone, Zone.id == Space.zone_id)
        .where(Zone.floor_id == floor_id, HOLDS, Booking.start_at < span.end, Booking.end_at > span.start)
        .order_by(Booking.start_at)
    ).all()


def _shut_zones(
    session: Session,
    zones: Iterable[Zone],
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
    sections = person.section_ids
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


def _is_deserted(
    booking: Any, vacant_since: datetime | None, signal_at: datetime | None, *, hold: timedelta
) -> bool:
    """Whether the next to claim the space ends this claim (RULES 12), as `bookings.release.end_empty_claim` does."""
    return (
        booking.origin is Origin.CLAIM
        and booking.status is Status.CHECKED_IN
        and is_deserted(booking.start_at, vacant_since, signal_at, hold=hold)
    )


def _reason(booking: Any, barrier: str | None, door: str | None, *, mine: bool) -> str | None:
    if barrier is not None and not mine:
        return barrier
    if booking is not None:
        if mine:
            return "yours"
        return "held" if booking.status is Status.HELD else "taken"
    return door
