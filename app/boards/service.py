"""Views over the other features' rows, each a fixed number of queries."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.boards.availability import SpaceView, floor_view
from app.boards.rules import CALL, OF_TIME, Look, at_most, first_gap, left_of, look
from app.bookings.models import Booking
from app.bookings.rules import Status
from app.events import Event
from app.occupancy.rules import Occupancy
from app.people.service import Person
from app.spaces.barriers import OUT_OF_ORDER, Barrier
from app.spaces.models import Floor, Zone
from app.spaces.rules import LANES, Lane, Opening, Policies
from app.spaces.service import codes_of, floor_opening, get_floor, list_floors, list_zones, policies
from app.timespan import TimeSpan, day_span


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
        in_use=sum(view.occupancy is Occupancy.OCCUPIED and not view.suspect for view in listed),
        booked=sum(view.booking_id is not None for view in listed),
        silent=sum(
            view.suspect or view.occupancy in {Occupancy.OFFLINE, Occupancy.UNKNOWN} for view in listed
        ),
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
    codes = codes_of(session, ids)
    return [Happening(event.at, event.kind, codes.get(event.data.get("space_id", 0), "")) for event in events]


def fingerprint(*parts: object) -> str:
    """A short name of what a page shows: equal names, nothing to send (live pages answer 204)."""
    return hashlib.blake2s(repr(parts).encode(), digest_size=8).hexdigest()


@dataclass(frozen=True, slots=True)
class Plan:
    """A floor as it is built: its zones, the zone of time that its days are computed in, when its site is open."""

    floor: Floor
    zones: list[Zone]
    timezone: ZoneInfo
    opening: Opening


def first_floor_id(session: Session) -> int | None:
    """The floor that a page begins with; None in an office without floors."""
    floors = list_floors(session)
    return floors[0].id if floors else None


def get_plan(session: Session, floor_id: int) -> Plan:
    """A floor's plan; raises NotFound `floor.unknown`."""
    floor, zones = get_floor(session, floor_id), list_zones(session, floor_id)
    return Plan(floor, zones, *floor_opening(session, floor_id))


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
    policies: Policies
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
        gap = first_gap(self.left, view.blocked(self.left.end))
        if gap is None:
            return None
        longest = self.policies.of(view.kind, view.zone_id).max_duration
        is_call = LANES[view.kind] is Lane.ROOM and not self.asked
        return at_most(gap, min(longest, CALL) if is_call else longest)

    def wait_minutes(self, view: SpaceView) -> int | None:
        """For how long a room is waited for, within what is left of the span; None: a desk, for all of it."""
        longest = self.policies.of(view.kind, view.zone_id).max_duration
        if LANES[view.kind] is Lane.ROOM:
            return min(longest, CALL) // timedelta(minutes=1)
        return longest // timedelta(minutes=1) if longest < self.left.length else None

    def can_claim(self, view: SpaceView) -> bool:
        """Whether the reader may sit down now and say so."""
        is_open = view.reason in {None, "free_seating", *OF_TIME} or view.deserted
        return (
            self.is_now and is_open and not view.barred and self.policies.of(view.kind, view.zone_id).walk_in
        )

    def outages_of(self, view: SpaceView) -> list[Barrier]:
        """When a space is out of order in the span."""
        return [one for one in view.barriers if one.why == OUT_OF_ORDER]

    def is_broken(self, view: SpaceView, now: datetime) -> bool:
        """Whether there is something to mend: what is planned is not."""
        return any(one.covers(now) for one in self.outages_of(view))

    def look_of(self, view: SpaceView) -> Look:
        return look(
            reason=view.reason,
            booked=view.booking_id is not None,
            has_gap=self.offer_of(view) is not None,
            mine=view.mine,
            # A sensor that is stuck tells no more than a silent one.
            occupancy=Occupancy.UNKNOWN if view.suspect else view.occupancy,
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
    views = floor_view(session, plan.floor.id, span, person=person, now=now)
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
