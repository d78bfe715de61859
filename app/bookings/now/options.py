"""Every space that a person may have for a span, whatever is booked: the rules of `legal`, for many spaces at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from app.bookings.after_use import pauses_after_use
from app.bookings.legal import barrier_refusal, hours_refusal
from app.bookings.models import HOLDS, Booking
from app.bookings.now.entrance import Entrance
from app.bookings.now.rules import Option
from app.bookings.rules import Refusal, refusal
from app.bookings.several.rules import Wanted
from app.calendar import working_days
from app.occupancy.models import SpaceState
from app.occupancy.rules import Occupancy
from app.people.models import Role
from app.people.service import Person
from app.spaces.barriers import CLOSED, Barrier, barriers
from app.spaces.lots import to_be_drawn
from app.spaces.models import Floor, Site, Space, Zone
from app.spaces.rules import LANES, Entry, Lane, Opening, Policies, Policy, Target
from app.spaces.service import in_layout, policies
from app.timespan import TimeSpan, day_span
from app.working_days import WorkingDays


def options(
    session: Session,
    target: Target,
    span: TimeSpan,
    *,
    person: Person | None,
    now: datetime,
    until: datetime,
    claims: bool = False,
) -> list[Option]:
    """The spaces of a target that a person may have for a span by the rules of zones, hours and lengths, each with when
    it is busy up to `until`, in the order of code; at most eleven queries however many. `person` None: a guest at the
    door, for whom zones do not matter. `claims`: also those of free seating, which take no booking, only a claim.
    """
    window = TimeSpan(min(now, span.start), max(until, span.end))
    found = stock_of(session, _meant(target), window, claims=claims)
    return found.options(session, target, span, person=person, now=now, until=until)


def refusal_of_all(
    session: Session,
    target: Target,
    span: TimeSpan,
    *,
    person: Person,
    now: datetime,
    near_site_id: int | None,
) -> Refusal | None:
    """The rule that keeps a person from having any space of a target for a span, free seating too, as it stands before
    the first of them; those of the site where they are come first. None where one could be had, whoever holds it, or
    none is open to them. At most eleven queries."""
    found = stock_of(session, _meant(target), span, claims=True)
    return found.refusal(session, target, span, person=person, now=now, near_site_id=near_site_id)


def stock(session: Session, space_ids: Collection[int], window: TimeSpan) -> Stock:
    """The same of some spaces, for many people and spans within a window: six queries at most, and as many as five of
    `Stock.options` for however many look."""
    return stock_of(session, Space.id.in_(space_ids), window)


def stock_for(session: Session, targets: Collection[Target], window: TimeSpan) -> Stock:
    """The same of the spaces of some targets."""
    return stock_of(session, or_(*(_meant(one) for one in targets)), window)


@dataclass(frozen=True, slots=True)
class Stock:
    """Spaces with all that bears on who may have them when, as it was read."""

    rows: Sequence[Any]
    policy_of: Policies
    calendar: WorkingDays
    window: TimeSpan
    before: defaultdict[int, list[Barrier]]
    booked: defaultdict[int, list[TimeSpan]]
    entrance: Entrance

    def take(self, space_id: int, span: TimeSpan) -> None:
        """Somebody has a space now that was free when it was read."""
        (row,) = (one for one in self.rows if one.Space.id == space_id)
        buffer = self._policy(row).buffer
        self.booked[space_id].append(TimeSpan(span.start - buffer, span.end + buffer))
        self.entrance.take(space_id, span)

    def options(
        self,
        session: Session,
        target: Target,
        span: TimeSpan,
        *,
        person: Person | None,
        now: datetime,
        until: datetime,
    ) -> list[Option]:
        """As `options`, of a span within the window."""
        rows = [row for row in self._of(target) if self._refusal(row, span, person, now) is None]
        zone_ids = {row.Zone.id for row in rows}
        entries = self.entrance.grounds(session, zone_ids, target.lane, span, person=person, now=now)
        own = self.entrance.own(zone_ids, span, person)
        window = TimeSpan(min(now, span.start), max(until, span.end))
        user_id = person.id if person else None
        found = []
        for row in rows:
            entry = entries[row.Space.zone_id]
            before = [one for one in self.before[row.Space.id] if one.touches(window)]
            kept = any(one.user_id is not None and not one.bars(user_id) for one in before)
            if entry is Entry.NONE and not kept:
                continue
            busy = [one for one in self.booked[row.Space.id] if one.overlaps(window)]
            if not kept and self._is_to_be_drawn(row, span, now):
                busy.append(window)
            found.append(
                Option(
                    space_id=row.Space.id,
                    code=row.Space.code,
                    kind=row.Space.kind,
                    zone_id=row.Space.zone_id,
                    floor_id=row.Zone.floor_id,
                    site_id=row.Site.id,
                    x=row.Space.x,
                    y=row.Space.y,
                    capacity=row.Space.capacity,
                    is_own=row.Space.zone_id in own,
                    is_overflow=entry is Entry.OVERFLOW and not kept,
                    is_kept=kept,
                    wants_change=self._policy(row).change_seats,
                    busy=(*busy, *(_during(one, window) for one in before if one.bars(user_id))),
                    is_occupied=row.state is Occupancy.OCCUPIED,
                    closes_at=_closes_at(row.Site, span),
                    is_claimed=row.Zone.free_seating,
                    longest=self._policy(row).max_duration,
                    counted=self._counted(row, span, user_id),
                )
            )
        return found

    def refusal(
        self,
        session: Session,
        target: Target,
        span: TimeSpan,
        *,
        person: Person,
        now: datetime,
        near_site_id: int | None,
    ) -> Refusal | None:
        """As `refusal_of_all`."""
        rows = sorted(self._of(target), key=lambda row: row.Site.id != near_site_id)
        zone_ids = {row.Zone.id for row in rows}
        entries = self.entrance.grounds(session, zone_ids, target.lane, span, person=person, now=now)
        refused = [
            self._refusal(row, span, person, now) or self._closure(row, span)
            for row in rows
            if entries[row.Zone.id] is not Entry.NONE
        ]
        return refused[0] if refused and all(refused) else None

    def _of(self, target: Target) -> list[Any]:
        """The spaces of a target that can be booked, or claimed."""
        return [
            row
            for row in self.rows
            if target.takes(row.Space.id, row.Space.zone_id, row.Site.id, row.Space.kind)
            and (not row.Zone.free_seating or self._policy(row).walk_in)
        ]

    def _policy(self, row: Any) -> Policy:
        return self.policy_of.of(row.Space.kind, row.Space.zone_id)

    def _counted(self, row: Any, span: TimeSpan, user_id: int | None) -> Wanted | None:
        """A span of a space as the person's quotas count it. A claim counts against none."""
        policy, space = self._policy(row), row.Space
        if user_id is None or row.Zone.free_seating or not policy.has_quota:
            return None
        own_keys = self.policy_of.own_keys(space.kind, space.zone_id)
        timezone = ZoneInfo(row.Site.timezone)
        return Wanted(space.id, space.zone_id, space.kind, user_id, span, policy, own_keys, timezone)

    def _refusal(self, row: Any, span: TimeSpan, person: Person | None, now: datetime) -> Refusal | None:
        """Why a space cannot be had for a span, whoever holds it: the length, how far ahead it is, the site's hours."""
        policy, zone = self._policy(row), ZoneInfo(row.Site.timezone)
        horizon = policy.ahead(facility=person is not None and person.role is Role.FACILITY)
        refused = refusal(span, now=min(now, span.start), policy=policy, horizon=horizon, zone=zone)
        opening = Opening(row.Site.opens, row.Site.closes, row.Site.working_days_only)
        return refused or hours_refusal(opening, span, zone, self.calendar)

    def _closure(self, row: Any, span: TimeSpan) -> Refusal | None:
        """That the office is closed for a part of a span, or None."""
        closed = [one for one in self.before[row.Space.id] if one.why == CLOSED and one.touches(span)]
        return barrier_refusal(closed[0]) if closed else None

    def _is_to_be_drawn(self, row: Any, span: TimeSpan, now: datetime) -> bool:
        zone = ZoneInfo(row.Site.timezone)
        is_desk = LANES[row.Space.kind] is Lane.DESK
        return is_desk and bool(to_be_drawn(row.Zone, span, zone, now=now, calendar=self.calendar))


def stock_of(
    session: Session, meant: ColumnElement[bool], window: TimeSpan, *, claims: bool = False
) -> Stock:
    """The stock of the spaces that are meant; six queries at most."""
    policy_of = policies(session)
    rows = _rows(session, meant, claims=claims)
    return Stock(
        rows,
        policy_of,
        working_days(session, window.start.year),
        window,
        _barriers(session, rows, window),
        _booked(session, rows, window, policy_of),
        Entrance({row.Zone.id: (row.Zone, ZoneInfo(row.Site.timezone)) for row in rows}, window),
    )


def _meant(target: Target) -> ColumnElement[bool]:
    """The spaces of a target."""
    kinds = [kind for kind, lane in LANES.items() if lane is target.lane and target.kind in {None, kind}]
    meant: list[ColumnElement[bool]] = [Space.kind.in_(kinds)]
    if target.zone_id is not None:
        meant.append(Space.zone_id == target.zone_id)
    if target.space_id is not None:
        meant.append(Space.id == target.space_id)
    if target.site_id is not None:
        meant.append(Floor.site_id == target.site_id)
    return and_(*meant)


def _rows(session: Session, meant: ColumnElement[bool], *, claims: bool) -> Sequence[Any]:
    query = (
        select(Space, Zone, Site, SpaceState.state)
        .join(Zone, Zone.id == Space.zone_id)
        .join(Floor, Floor.id == Zone.floor_id)
        .join(Site, Site.id == Floor.site_id)
        .join(SpaceState, SpaceState.space_id == Space.id, isouter=True)
        .where(meant, in_layout(Space))
        .order_by(Space.code)
    )
    return session.execute(query if claims else query.where(Zone.free_seating.is_(False))).all()


def _closes_at(site: Site, span: TimeSpan) -> datetime:
    zone = ZoneInfo(site.timezone)
    return day_span(span.start.astimezone(zone).date(), zone, site.opens or time.min, site.closes).end


def _barriers(session: Session, rows: Iterable[Any], window: TimeSpan) -> defaultdict[int, list[Barrier]]:
    by_timezone: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        by_timezone[row.Site.timezone].append(row.Space.id)
    found: defaultdict[int, list[Barrier]] = defaultdict(list)
    for timezone, space_ids in by_timezone.items():
        for barrier in barriers(session, window, ZoneInfo(timezone), space_ids=space_ids):
            found[barrier.space_id].append(barrier)
    return found


def _during(barrier: Barrier, window: TimeSpan) -> TimeSpan:
    return TimeSpan(max(barrier.start, window.start), min(barrier.end or window.end, window.end))


def _booked(
    session: Session, rows: Sequence[Any], window: TimeSpan, policy_of: Policies
) -> defaultdict[int, list[TimeSpan]]:
    """What live bookings cover of each space, widened by the pause that the space needs, and the pauses after what was
    used: whoever sits down without a booking needs none."""
    policy = {row.Space.id: policy_of.of(row.Space.kind, row.Space.zone_id) for row in rows}
    buffers = {space_id: one.buffer for space_id, one in policy.items()}
    widest = max(buffers.values(), default=timedelta(0))
    found: defaultdict[int, list[TimeSpan]] = defaultdict(list)
    for space_id, start, end in session.execute(
        select(Booking.space_id, Booking.start_at, Booking.end_at)
        .where(
            Booking.space_id.in_(buffers),
            HOLDS,
            Booking.start_at < window.end + widest,
            Booking.end_at > window.start - widest,
        )
        .order_by(Booking.start_at)
    ):
        found[space_id].append(TimeSpan(start - buffers[space_id], end + buffers[space_id]))
    bookable = {row.Space.id: policy[row.Space.id] for row in rows if not row.Zone.free_seating}
    for space_id, pauses in pauses_after_use(session, bookable, window.start, now=window.start).items():
        found[space_id] += pauses
    return found
