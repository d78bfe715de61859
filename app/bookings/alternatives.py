"""Where else, and when else: the nearest space that is free, the nearest time that is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, time, timedelta
from math import hypot
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Executable, and_, or_, select, true
from sqlalchemy.orm import Session

from app.bookings.models import HOLDS, Booking
from app.bookings.moving.rules import Candidate, nearest_time
from app.bookings.rules import Status
from app.occupancy.models import SpaceState
from app.occupancy.rules import Occupancy, looks_stuck
from app.spaces.barriers import barriers
from app.spaces.models import Floor, Space, Zone
from app.spaces.rules import LANES, Policy
from app.spaces.service import Place, in_layout, policies
from app.timespan import TimeSpan, day_span, days_of


def candidates(
    session: Session,
    place: Place,
    span: TimeSpan,
    *,
    user_id: int | None,
    now: datetime,
    elsewhere: bool = False,
    besides: int | None = None,
) -> list[Candidate]:
    """The other spaces of the same zone and kind, with when they cannot be had during a span; four queries. Where a
    sensor sees somebody, this moment is taken, whoever it is: no booking that has begun is sent there.

    `elsewhere`: also those of the site's other zones for the same section or for all, and other kinds of the lane.
    `besides`: the booking that is being changed, which is in no way.
    """
    rows = [row for row in session.execute(_others(place, elsewhere=elsewhere)) if row.id != place.space.id]
    policy_of = policies(session)
    policy = {row.id: policy_of.of(row.kind, row.zone_id) for row in rows}
    busy = not_to_be_had(session, policy, span, place.timezone, user_id=user_id, besides=besides)
    return [
        Candidate(
            row.id,
            row.code,
            hypot(row.x - place.space.x, row.y - place.space.y),
            tuple(sorted([*busy[row.id], *in_use(row, now, place.timezone)])),
            row.capacity,
            unlike=4 * (row.kind != place.space.kind)
            + 2 * (row.floor_id != place.zone.floor_id)
            + (row.zone_id != place.zone.id),
            longest=policy[row.id].max_duration,
            of_section=row.zone_id != place.zone.id and row.section_id is not None,
        )
        for row in rows
    ]


def not_to_be_had(
    session: Session,
    policy: Mapping[int, Policy],
    span: TimeSpan,
    timezone: ZoneInfo,
    *,
    user_id: int | None,
    besides: int | None = None,
) -> dict[int, tuple[TimeSpan, ...]]:
    """When each of these spaces, with its policy, cannot be had by a person during a span: booked, with the pause that
    its policy wants around that, out of order, closed, kept for somebody else. `besides` as of `candidates`. Two
    queries."""
    around = max((one.buffer for one in policy.values()), default=timedelta(0))
    busy = _busy(session, list(policy), TimeSpan(span.start - around, span.end + around), besides)
    for barrier in barriers(session, span, timezone, space_ids=list(policy)):
        if barrier.bars(user_id):
            busy[barrier.space_id].append(
                TimeSpan(max(barrier.start, span.start), min(barrier.end or span.end, span.end))
            )
    return {space_id: tuple(sorted(_apart(busy[space_id], one.buffer))) for space_id, one in policy.items()}


def ids_elsewhere(session: Session, place: Place) -> list[int]:
    """The spaces that a booking of a place could move to, the place itself among them."""
    return sorted(row.id for row in session.execute(_others(place, elsewhere=True)))


def _others(place: Place, *, elsewhere: bool) -> Executable:
    alike = and_(Space.zone_id == place.zone.id, Space.kind == place.space.kind)
    site = select(Floor.site_id).where(Floor.id == place.zone.floor_id).scalar_subquery()
    open_alike = and_(
        or_(Zone.section_id.is_(None), Zone.section_id == place.zone.section_id),
        Zone.free_seating.is_(False),
        Zone.lots_at.is_(None),
    )
    on_site = and_(
        Floor.site_id == site,
        Space.kind.in_([kind for kind, lane in LANES.items() if lane is place.space.lane]),
        or_(Zone.id == place.zone.id, open_alike),
    )
    return (
        select(
            *(Space.id, Space.code, Space.kind, Space.zone_id, Space.x, Space.y, Space.capacity),
            *(Zone.floor_id, Zone.section_id, SpaceState.state, SpaceState.since_at),
        )
        .join(Zone, Zone.id == Space.zone_id)
        .join(Floor, Floor.id == Zone.floor_id)
        .join(SpaceState, SpaceState.space_id == Space.id, isouter=True)
        .where(in_layout(Space), on_site if elsewhere else alike)
        .order_by(Space.id)
    )


def in_use(row: Any, now: datetime, zone: ZoneInfo) -> list[TimeSpan]:
    """This moment, where somebody sits at the space of a row with its `state` and `since_at`; a sensor that is stuck
    says nothing."""
    is_seen = row.state is Occupancy.OCCUPIED and not looks_stuck(row.state, row.since_at, now, zone)
    return [TimeSpan(now, now + timedelta.resolution)] if is_seen else []


def _apart(busy: Iterable[TimeSpan], buffer: timedelta) -> Iterable[TimeSpan]:
    return (TimeSpan(one.start - buffer, one.end + buffer) for one in busy) if buffer else busy


class Nearby:
    """What comes nearest to a place that cannot be had, for spans within a window: what bears on it is read when first
    asked for, once for all spans; seven queries at most. `besides`: the booking that is to be moved there."""

    def __init__(
        self,
        session: Session,
        place: Place,
        window: TimeSpan,
        *,
        user_id: int | None,
        now: datetime,
        besides: int | None = None,
    ) -> None:
        self._session, self._place, self._user_id, self._now = session, place, user_id, now
        days = days_of(window, place.timezone)
        self._days = TimeSpan(day_span(days[0], place.timezone).start, day_span(days[1], place.timezone).end)
        self._besides = besides
        self._others: list[Candidate] | None = None
        self._here: tuple[list[TimeSpan], list[TimeSpan]] | None = None
        self._barred: list[TimeSpan] | None = None

    def space(self, span: TimeSpan) -> Candidate | None:
        """The nearest other space of the same zone and kind that is free for a span; None where the person is busy."""
        if any(span.overlaps(one) for one in self._busy()[1]):
            return None
        if self._others is None:
            self._others = candidates(
                self._session,
                self._place,
                self._days,
                user_id=self._user_id,
                now=self._now,
                besides=self._besides,
            )
        free = [one for one in self._others if not any(span.overlaps(busy) for busy in one.busy)]
        return min(free, key=lambda one: (one.distance, one.code), default=None)

    def time(self, span: TimeSpan, within: TimeSpan | None = None) -> TimeSpan | None:
        """The nearest time of the same day's hours, and `within` a span, for which the space itself is free, and the
        person too."""
        place = self._place
        opens, closes = place.opening.opens or time.min, place.opening.closes
        day = day_span(span.start.astimezone(place.timezone).date(), place.timezone, opens, closes)
        day = (day.intersection(within) or day) if within else day
        if day.end <= self._now:
            return None
        window = TimeSpan(max(day.start, self._now), day.end)
        if self._barred is None:
            found = barriers(self._session, self._days, place.timezone, space_id=place.space.id)
            self._barred = [
                TimeSpan(one.start, one.end or self._days.end) for one in found if one.bars(self._user_id)
            ]
        here, person = self._busy()
        return nearest_time(
            span, [one for one in (*here, *person, *self._barred) if one.overlaps(window)], window
        )

    def _busy(self) -> tuple[list[TimeSpan], list[TimeSpan]]:
        """When the space is booked, with the pauses it needs, and when the person holds something of the lane."""
        if self._here is None:
            self._here = self._read()
        return self._here

    def _read(self) -> tuple[list[TimeSpan], list[TimeSpan]]:
        place, buffer = self._place, self._place.policy.buffer
        is_here = Booking.space_id == place.space.id
        query = select(Booking.id, Booking.space_id, Booking.user_id, Booking.start_at, Booking.end_at).where(
            is_here if self._user_id is None else or_(is_here, _held_by(self._user_id, place)),
            HOLDS,
            Booking.start_at < self._days.end + buffer,
            Booking.end_at > self._days.start - buffer,
        )
        here, person = [], []
        for booking_id, space_id, user_id, start, end in self._session.execute(query):
            if booking_id == self._besides:
                continue
            if space_id == place.space.id:
                here.append(TimeSpan(start - buffer, end + buffer))
            if self._user_id is not None and user_id == self._user_id:
                person.append(TimeSpan(start, end))
        return here, person


def _held_by(user_id: int, place: Place) -> ColumnElement[bool]:
    return and_(Booking.user_id == user_id, Booking.lane == place.space.lane)


def own_clash(session: Session, place: Place, span: TimeSpan, user_id: int) -> tuple[Booking, str] | None:
    """What a person holds of the lane in a part of a span, with the code of its space; one query."""
    query = (
        select(Booking, Space.code)
        .join(Space, Space.id == Booking.space_id)
        .where(
            _held_by(user_id, place),
            HOLDS,
            Booking.status != Status.HELD,
            Booking.start_at < span.end,
            Booking.end_at > span.start,
        )
        .order_by(Booking.start_at)
        .limit(1)
    )
    found = session.execute(query).one_or_none()
    return (found[0], found[1]) if found is not None else None


def _others_than(booking_id: int | None) -> ColumnElement[bool]:
    return true() if booking_id is None else Booking.id != booking_id


def _busy(
    session: Session, space_ids: Sequence[int], span: TimeSpan, besides: int | None
) -> dict[int, list[TimeSpan]]:
    """When live bookings cover these spaces during a span; one query."""
    found: dict[int, list[TimeSpan]] = defaultdict(list)
    for space_id, start, end in session.execute(
        select(Booking.space_id, Booking.start_at, Booking.end_at).where(
            Booking.space_id.in_(space_ids),
            HOLDS,
            Booking.start_at < span.end,
            Booking.end_at > span.start,
            _others_than(besides),
        )
    ):
        found[space_id].append(TimeSpan(start, end))
    return found
