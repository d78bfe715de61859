"""Views over the other features' rows, each a fixed number of queries."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from app.boards.rules import CALL, Look, at_most, first_gap, left_of, look
from app.bookings.models import HOLDS, Booking
from app.bookings.rules import Origin, Status
from app.events import Event
from app.occupancy.models import SensorState
from app.occupancy.rules import Occupancy
from app.people.models import Role
from app.people.service import Person
from app.spaces.models import Floor, SensorBinding, Space, Zone
from app.spaces.rules import LANES, Kind, Lane, Policy
from app.spaces.service import floor_timezone, get_floor, list_floors, list_zones, policies
from app.timespan import TimeSpan, day_span


@dataclass(frozen=True, slots=True)
class SpaceView:
    """A space as a person sees it for a span: whether they may take it, and why not.

    `reason`: taken, held, yours, out_of_order, other_section, free_seating, or None where it is available. `booked`:
    what live bookings cover of the span, in order. `barred`: never theirs to book or claim, whatever the span.
    `deserted`: another claimed it and, as its sensor saw, has left.
    """

    id: int
    code: str
    kind: Kind
    zone_id: int
    zone_code: str
    available: bool
    reason: str | None
    occupancy: Occupancy
    booking_id: int | None
    booked: tuple[TimeSpan, ...]
    mine: bool
    barred: bool
    free_seating: bool
    deserted: bool
    x: int
    y: int
    width: int
    height: int


def floor_view(session: Session, floor_id: int, span: TimeSpan, *, person: Person | None) -> list[SpaceView]:
    """Every space of a floor for a span, in the order of code; three queries whatever the floor's size.

    Raises NotFound `floor.unknown`.
    """
    get_floor(session, floor_id)
    rows = session.execute(
        select(
            Space.id,
            Space.code,
            Space.kind,
            Space.out_of_order,
            Space.x,
            Space.y,
            Space.width,
            Space.height,
            Zone.id.label("zone_id"),
            Zone.code.label("zone_code"),
            Zone.section_id,
            Zone.free_seating,
            SensorState.state,
            SensorState.since_at,
        )
        .join(Zone, Zone.id == Space.zone_id)
        .join(
            SensorBinding,
            and_(SensorBinding.space_id == Space.id, SensorBinding.until_at.is_(None)),
            isouter=True,
        )
        .join(SensorState, SensorState.sensor_id == SensorBinding.sensor_id, isouter=True)
        .where(Zone.floor_id == floor_id)
        .order_by(Space.code)
    ).all()
    taken: dict[int, list[Any]] = defaultdict(list)
    for found in session.execute(
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
        .where(
            Zone.floor_id == floor_id,
            HOLDS,
            Booking.start_at < span.end,
            Booking.end_at > span.start,
        )
        .order_by(Booking.start_at)
    ):
        taken[found.space_id].append(found)
    views = []
    for row in rows:
        bookings = taken.get(row.id, [])
        booking = bookings[0] if bookings else None
        mine = booking is not None and person is not None and booking.user_id == person.id
        outsider = _is_outsider(row, person)
        reason = _reason(row, booking, mine=mine, outsider=outsider)
        views.append(
            SpaceView(
                id=row.id,
                code=row.code,
                kind=row.kind,
                zone_id=row.zone_id,
                zone_code=row.zone_code,
                available=reason is None,
                reason=reason,
                occupancy=row.state or Occupancy.UNKNOWN,
                booking_id=booking.id if booking is not None else None,
                booked=tuple(TimeSpan(one.start_at, one.end_at) for one in bookings),
                mine=mine,
                barred=row.out_of_order or outsider,
                free_seating=row.free_seating,
                deserted=booking is not None and not mine and _is_deserted(row, booking),
                x=row.x,
                y=row.y,
                width=row.width,
                height=row.height,
            )
        )
    return views


def _is_outsider(row: Any, person: Person | None) -> bool:
    """Whether the zone is another section's."""
    if row.section_id is None or person is None or person.role is Role.FACILITY:
        return False
    return row.section_id not in person.section_ids


def _is_deserted(row: Any, booking: Any) -> bool:
    """Whether the next to claim the space ends this claim (RULES 12), as `bookings.release.end_empty_claim` does."""
    return (
        booking.origin is Origin.CLAIM
        and booking.status is Status.CHECKED_IN
        and row.state is Occupancy.VACANT
        and bool(row.since_at > booking.start_at)
    )


def _reason(row: Any, booking: Any, *, mine: bool, outsider: bool) -> str | None:
    if row.out_of_order:
        return "out_of_order"
    if booking is not None:
        if mine:
            return "yours"
        return "held" if booking.status is Status.HELD else "taken"
    if outsider:
        return "other_section"
    return "free_seating" if row.free_seating else None


@dataclass(frozen=True, slots=True)
class Figures:
    """A floor at a glance, now and today. Counts of spaces and bookings, never of persons."""

    spaces: int
    in_use: int
    booked: int
    silent: int
    released_today: int
    hours_given_back: float


def figures(session: Session, views: Iterable[SpaceView], day: TimeSpan) -> Figures:
    """The figures of a floor's spaces; two queries."""
    listed = list(views)
    rows = session.execute(
        select(Booking.ended_at, Booking.end_at).where(
            Booking.space_id.in_([view.id for view in listed]),
            Booking.status.in_((Status.RELEASED, Status.ENDED_EARLY)),
            Booking.start_at < day.end,
            Booking.end_at > day.start,
        )
    ).all()
    given_back = sum(
        (row.end_at - row.ended_at).total_seconds()
        for row in rows
        if row.ended_at and row.ended_at < row.end_at
    )
    released = session.scalar(
        select(func.count())
        .select_from(Booking)
        .where(
            Booking.space_id.in_([view.id for view in listed]),
            Booking.status == Status.RELEASED,
            Booking.start_at < day.end,
            Booking.end_at > day.start,
        )
    )
    return Figures(
        spaces=len(listed),
        in_use=sum(view.occupancy is Occupancy.OCCUPIED for view in listed),
        booked=sum(view.booking_id is not None for view in listed),
        silent=sum(view.occupancy in {Occupancy.OFFLINE, Occupancy.UNKNOWN} for view in listed),
        released_today=released or 0,
        hours_given_back=round(given_back / 3600, 1),
    )


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that just happened to a space; nobody is named."""

    at: datetime
    kind: str
    space_code: str


SHOWN = (
    "booking.made",
    "booking.claimed",
    "booking.checked_in",
    "booking.released",
    "booking.ended_early",
    "booking.cancelled",
    "booking.reclaimed",
)


def happenings(session: Session, *, since: datetime, limit: int = 12) -> list[Happening]:
    """The newest events of bookings since an instant, newest first; two queries."""
    events = session.scalars(
        select(Event)
        .where(Event.kind.in_(SHOWN), Event.at >= since)
        .order_by(Event.at.desc(), Event.id.desc())
        .limit(limit)
    ).all()
    ids = {event.data["space_id"] for event in events if "space_id" in event.data}
    codes = {
        row.id: row.code for row in session.execute(select(Space.id, Space.code).where(Space.id.in_(ids)))
    }
    return [Happening(event.at, event.kind, codes.get(event.data.get("space_id", 0), "")) for event in events]


def fingerprint(*parts: object) -> str:
    """A short name of what a page shows: equal names, nothing to send (live pages answer 204)."""
    return hashlib.blake2s(repr(parts).encode(), digest_size=8).hexdigest()


@dataclass(frozen=True, slots=True)
class Plan:
    """A floor as it is built: its zones, and the zone of time that its days are computed in."""

    floor: Floor
    zones: list[Zone]
    timezone: ZoneInfo


def first_floor_id(session: Session) -> int | None:
    """The floor that a page begins with; None in an office without floors."""
    floors = list_floors(session)
    return floors[0].id if floors else None


def get_plan(session: Session, floor_id: int) -> Plan:
    """A floor's plan; raises NotFound `floor.unknown`."""
    return Plan(
        get_floor(session, floor_id), list_zones(session, floor_id), floor_timezone(session, floor_id)
    )


@dataclass(frozen=True, slots=True)
class FloorPage:
    """All that the floor page shows; `version` names it, `is_now` tells whether its span has begun, `asked` is what
    the address says of the span, `left` what is left of it to book."""

    plan: Plan
    views: list[SpaceView]
    span: TimeSpan
    left: TimeSpan
    asked: Mapping[str, str]
    is_now: bool
    figures: Figures
    happenings: list[Happening]
    policies: Mapping[Kind, Policy]
    version: str

    @property
    def floor(self) -> Floor:
        return self.plan.floor

    @property
    def by_zone(self) -> list[tuple[Zone, list[SpaceView]]]:
        return [(zone, [view for view in self.views if view.zone_id == zone.id]) for zone in self.plan.zones]

    def offer_of(self, view: SpaceView) -> TimeSpan | None:
        """What the reader is offered of a space to book: its first gap, no longer than its kind allows, and of a room
        that nobody chose a span for no longer than a call takes. None where nothing is theirs to book."""
        if view.barred or view.free_seating or view.mine:
            return None
        gap = first_gap(self.left, view.booked)
        if gap is None:
            return None
        longest = self.policies[view.kind].max_duration
        is_call = LANES[view.kind] is Lane.ROOM and not self.asked
        return at_most(gap, min(longest, CALL) if is_call else longest)

    def can_claim(self, view: SpaceView) -> bool:
        """Whether the reader may sit down now and say so."""
        is_open = view.reason in {None, "free_seating"} or view.deserted
        return self.is_now and is_open and not view.barred and self.policies[view.kind].walk_in

    def look_of(self, view: SpaceView) -> Look:
        return look(
            reason=view.reason,
            booked=view.booking_id is not None,
            has_gap=self.offer_of(view) is not None,
            mine=view.mine,
            occupancy=view.occupancy,
            is_now=self.is_now,
        )

    def free_in(self, views: Iterable[SpaceView]) -> int:
        return sum(self.look_of(view) in {Look.FREE, Look.SILENT} for view in views)

    def view_of(self, space_id: int | None) -> SpaceView | None:
        return next((view for view in self.views if view.id == space_id), None)


def floor_page(
    session: Session,
    plan: Plan,
    span: TimeSpan,
    *,
    asked: Mapping[str, str],
    person: Person | None,
    now: datetime,
) -> FloorPage:
    """What a floor shows of a span and of its day; a fixed number of queries."""
    day = day_span(span.start.astimezone(plan.timezone).date(), plan.timezone)
    views = floor_view(session, plan.floor.id, span, person=person)
    glance = figures(session, views, day)
    news = happenings(session, since=day.start)
    is_now = span.contains(now)
    return FloorPage(
        plan,
        views,
        span,
        left_of(span, now),
        asked,
        is_now,
        glance,
        news,
        policies(session),
        fingerprint(views, glance, news, span, is_now),
    )
