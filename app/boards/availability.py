"""Every space of a floor as a person sees it for a span: one answer for the page, the API and whoever proposes one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Executable, String, and_, bindparam, case, or_, select, type_coerce
from sqlalchemy.orm import Session

from app.boards.rules import Limits, limits_of
from app.boards.standing import NOTHING, Found
from app.bookings.after_use import used_after
from app.bookings.models import HOLDS, Booking
from app.bookings.reads import free_by_zone
from app.bookings.rules import Origin, Status, is_deserted
from app.calendar import public_holidays, working_days
from app.occupancy.models import SpaceState, last_signal
from app.occupancy.rules import Occupancy, looks_stuck
from app.orm import UtcDateTime
from app.people.models import Role
from app.people.service import Person
from app.spaces.barriers import Barrier, barriers
from app.spaces.lots import to_be_drawn
from app.spaces.models import Floor, Site, Space, Zone
from app.spaces.rules import LANES, Entry, Kind, Lane, Opening, Policies
from app.spaces.service import SET_VALUES, doors, get_floor, in_layout, policies_from
from app.timespan import TimeSpan, days_of
from app.working_days import WorkingDays


class SpaceView(NamedTuple):
    """A space as a person sees it for a span: whether they may take it, and why not.

    `reason`: taken, held, yours, out_of_order, closed, not_available, other_section, zone_not_full, lots (still to be
    drawn), free_seating, horizon, opening_hours, buffer (too near to another booking), or None where it is available.
    `bookings`: the live ones of the span, in order. `barriers`: the outages, closures and the like before this person.
    `barred`: not theirs to book or claim in any part of the span. `deserted`: another claimed it and has left, as its
    sensor saw. `suspect`: its sensor has said occupied for over 12 hours. `unbookable`: when, in and around the span,
    the rules of time leave no booking: outside the hours, too far ahead, in the pauses around bookings.
    """

    id: int
    code: str
    kind: Kind
    zone_id: int
    available: bool
    reason: str | None
    occupancy: Occupancy
    booking_id: int | None
    capacity: int
    zone_code: str
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
    unbookable: tuple[TimeSpan, ...]

    @property
    def booked(self) -> list[TimeSpan]:
        """What live bookings cover, in order."""
        return [TimeSpan(one.start_at, one.end_at) for one in self.bookings]

    def blocked(self, until: datetime) -> list[TimeSpan]:
        """What cannot be booked by this person: that, what the rules of time leave out, and what barriers cover until
        then."""
        barred = [TimeSpan(one.start, one.end or until) for one in self.barriers]
        return [*self.booked, *self.unbookable, *barred]


def floor_view(
    session: Session, floor_id: int, span: TimeSpan, *, person: Person | None, now: datetime
) -> list[SpaceView]:
    """Every space of a floor for a span, in the order of code; at most nine queries, whatever the floor's size.

    Raises NotFound `floor.unknown`.
    """
    return [SpaceView._make(one) for one in floor_rows(session, floor_id, span, person=person, now=now)]


def floor_rows(
    session: Session, floor_id: int, span: TimeSpan, *, person: Person | None, now: datetime
) -> list[tuple[Any, ...]]:
    """The same as plain tuples, their values in the order of SpaceView's: making hundreds of views takes a tenth of all
    that is done for a floor."""
    listed = _rows(session, _ZONES, floor_id=floor_id)
    if not listed:
        get_floor(session, floor_id)
        return []
    # A row for each value of a policy, too: that is no query more.
    zones = {row.id: row for row in listed}
    policy_of = policies_from(row[-4:] for row in listed if row.key is not None)
    timezone = ZoneInfo(listed[0].timezone)
    opening = Opening(listed[0].opens, listed[0].closes, listed[0].working_days_only)
    calendar = _calendar(session, zones.values(), opening, span.start.astimezone(timezone).year)
    door_of = {
        (zone_id, Lane.DESK): "lots"
        for zone_id, zone in zones.items()
        if to_be_drawn(zone, span, timezone, now=now, calendar=calendar)
    } | _shut_zones(session, zones.values(), span, person, timezone, now=now)
    ahead = TimeSpan(max(span.start, now), span.end) if now < span.end else span
    limits = limits_of(
        policy_of,
        zones,
        ahead,
        now=now,
        shut=opening.shut(*days_of(span, timezone), timezone, calendar),
        as_facility=person is not None and person.role is Role.FACILITY,
    )
    user_id = person.id if person else None
    standing = barriers(session, span, timezone, floor_id=floor_id)
    start, end = span.start - limits.widest, span.end + limits.widest
    booked = _rows(session, _BOOKINGS, floor_id=floor_id, start=start, end=end)
    ended = ahead.start - limits.widest
    ends = _ends(session, floor_id, ended, policy_of) if limits.widest and ended < now else ()
    found = Found.of_floor(
        span,
        ahead,
        user_id,
        bookings=booked,
        ends=ends,
        barriers=standing,
        and_around=bool(limits.widest),
    )
    deserted = _deserted(session, found.taken.values(), policy_of)
    touched = found.touched
    # Once for each kind in each zone, as plain values: what hundreds of rows look up must cost nothing.
    like = {
        (zone_id, kind.value): _Alike.of(zone, kind, door_of, limits)
        for zone_id, zone in zones.items()
        for kind in Kind
    }
    rows: list[tuple[Any, ...]] = []
    # Names bound at once: hundreds of rows, and looking each column up by its name takes longer than all the rest.
    for id_, code, kind_text, zone_id, state_text, occupied_since, capacity, x, y, width, height in _rows(
        session, _SPACES, floor_id=floor_id
    ):
        kind, zone_code, free, door, of_time, unbookable, buffer = like[zone_id, kind_text]
        state = _STATES[state_text]
        reason, booking_id, bookings, before, mine, is_kept, pauses, is_near = (
            found.before(id_, buffer) if id_ in touched else NOTHING
        )
        if is_kept:  # for this person, whoever's the zone is
            door = None
        barred = door is not None or (bool(before) and any(one.covers_all(span) for one in before))
        reason = reason or door or of_time or ("buffer" if is_near else None)
        rows.append(
            (
                id_,
                code,
                kind,
                zone_id,
                reason is None,
                reason,
                state,
                booking_id,
                capacity,
                zone_code,
                bookings,
                before,
                mine,
                barred,
                free,
                bool(deserted) and id_ in deserted and not mine,
                occupied_since is not None and looks_stuck(state, occupied_since, now, timezone),
                x,
                y,
                width,
                height,
                unbookable + pauses if pauses else unbookable,
            )
        )
    return rows


class _Alike(NamedTuple):
    """What is the same for all spaces of a kind in a zone. `door`: why the zone is not this person's; `of_time`: why
    they cannot be booked for the span, and `unbookable`: when, in and around it; `buffer`: the pause they need."""

    kind: Kind
    zone_code: str
    free_seating: bool
    door: str | None
    of_time: str | None
    unbookable: tuple[TimeSpan, ...]
    buffer: timedelta | None

    @classmethod
    def of(cls, zone: Any, kind: Kind, doors: Mapping[tuple[int, Lane], str], limits: Limits) -> _Alike:
        door = doors.get((zone.id, LANES[kind]))
        if zone.free_seating:
            return cls(kind, zone.code, True, door, "free_seating", (), None)
        of_time, unbookable = limits.barring.get((zone.id, kind.value), (None, ()))
        buffer = limits.buffers.get((zone.id, kind.value))
        return cls(kind, zone.code, False, door, of_time, unbookable, buffer)


def _calendar(session: Session, zones: Iterable[Any], opening: Opening, year: int) -> WorkingDays:
    """The office's days where a rule of the floor goes by them: no query where none does."""
    by_days = opening.working_days_only or any(zone.lots_at is not None for zone in zones)
    return working_days(session, year) if by_days else public_holidays(year)


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
        Site.opens,
        Site.closes,
        Site.working_days_only,
        *SET_VALUES.c,
    )
    .join(Floor, Floor.id == Zone.floor_id)
    .join(Site, Site.id == Floor.site_id)
    .join(
        SET_VALUES,
        and_(
            or_(SET_VALUES.c.zone_id.is_(None), SET_VALUES.c.zone_id == Zone.id),
            SET_VALUES.c.key.in_(("horizon", "horizon_facility", "buffer", "max_duration", "vacant_hold")),
        ),
        isouter=True,
    )
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


def _ends(session: Session, floor_id: int, ended: datetime, policy_of: Policies) -> Sequence[Any]:
    """When what was used on a floor, and ended after an instant, did so: as spans of no length."""
    query = (
        select(Booking.space_id, Booking.ended_at.label("start_at"), Booking.ended_at.label("end_at"))
        .join(Space, Space.id == Booking.space_id)
        .join(Zone, _ON_FLOOR)
        .where(used_after(ended, policy_of.all()))
        .order_by(Booking.ended_at)
    )
    return _rows(session, query, floor_id=floor_id)


def _deserted(session: Session, taken: Iterable[Sequence[Any]], policy_of: Policies) -> set[int]:
    """The claimed spaces that their sensors saw empty past the hold, so that the next to claim one ends the claim
    (RULES 12, as `bookings.release.end_empty_claim` does); no query where nobody sits on a claim."""
    claims = {
        first.space_id: first
        for first, *_ in taken
        if first.origin == Origin.CLAIM and first.status == Status.CHECKED_IN
    }
    if not claims:
        return set()
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
    go everywhere. By the sections of the span's first day, and the doors of all of its days, as `legal.check_entry`."""
    if person is None or person.role is Role.FACILITY:
        return {}
    first, last = days_of(span, timezone)
    sections = person.as_of(first).within
    others = [zone for zone in zones if zone.section_id is not None and zone.section_id not in sections]
    if not others:
        return {}
    found = doors(session, others)
    entries = {zone_id: door.entry_for(sections, first, last) for zone_id, door in found.items()}
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
