"""The other spaces that a booking could be moved to: one way of finding them, whatever takes its own away."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import hypot
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, select, true
from sqlalchemy.orm import Session

from app.bookings.after_use import pauses_after_use
from app.bookings.attendees import people_of
from app.bookings.guards import queue_up, try_turns
from app.bookings.models import HOLDS, Booking
from app.bookings.moving.rules import (
    Candidate,
    Ground,
    Quotas,
    Stay,
    could_take,
    is_overflow,
    place_each,
    unlike,
)
from app.bookings.several.rows import rows_of_people
from app.bookings.several.rules import Row, Wanted, weeks_of
from app.occupancy.models import SpaceState
from app.occupancy.rules import Occupancy, looks_stuck
from app.people.service import find_people
from app.spaces.barriers import barriers
from app.spaces.models import FixedSeat, Floor, Site, Space, Zone
from app.spaces.rules import Policies, Policy
from app.spaces.service import doors, in_layout, policies
from app.timespan import TimeSpan, days_of


def take_turns(session: Session, site_ids: Collection[int]) -> None:
    """Wait for the turn of every space of these sites, so that nothing is booked at any of them meanwhile."""
    query = (
        select(Space.id)
        .join(Zone, Zone.id == Space.zone_id)
        .join(Floor, Floor.id == Zone.floor_id)
        .where(Floor.site_id.in_(site_ids))
    )
    queue_up(session, user_ids=[], space_ids=session.scalars(query))


def sites_of(session: Session, zone_ids: Collection[int]) -> set[int]:
    """The sites of zones."""
    query = select(Floor.site_id).join(Zone, Zone.floor_id == Floor.id).where(Zone.id.in_(zone_ids))
    return set(session.scalars(query))


def grounds(session: Session, site_ids: Collection[int]) -> dict[int, Ground]:
    """What the layout says of every space of these sites; four queries."""
    zones = session.scalars(
        select(Zone).join(Floor, Floor.id == Zone.floor_id).where(Floor.site_id.in_(site_ids)),
        execution_options={"populate_existing": True},
    ).all()
    door_of = doors(session, zones)
    zone_of = {zone.id: zone for zone in zones}
    rows = session.execute(
        select(
            *(Space.id, Space.code, Space.kind, Space.zone_id, Space.x, Space.y, Space.capacity),
            *(Zone.floor_id, Floor.site_id, Site.timezone),
        )
        .join(Zone, Zone.id == Space.zone_id)
        .join(Floor, Floor.id == Zone.floor_id)
        .join(Site, Site.id == Floor.site_id)
        .where(Floor.site_id.in_(site_ids), in_layout(Space))
        .order_by(Space.id)
    )
    return {
        row.id: Ground(
            row.id,
            row.code,
            row.kind,
            row.zone_id,
            row.floor_id,
            row.site_id,
            row.timezone,
            row.x,
            row.y,
            row.capacity,
            zone_of[row.zone_id].free_seating,
            zone_of[row.zone_id].lots_at is not None,
            door_of[row.zone_id],
        )
        for row in rows
    }


def stays_of(session: Session, listed: Sequence[Booking], was: Mapping[int, Ground]) -> dict[int, Stay]:
    """Each booking as the layout sees it; of somebody without an account it is the host's. Three queries."""
    whose = {one.id: one.user_id or one.made_by or 0 for one in listed}
    known = find_people(session, set(whose.values()), date.min)
    count = people_of(session, list(whose))
    kept = session.scalars(select(FixedSeat).where(FixedSeat.space_id.in_({one.space_id for one in listed})))
    fixed = [(one.space_id, one.user_id, one.from_on, one.until_on) for one in kept]
    found = {}
    for one in listed:
        first, last = days_of(one.span, ZoneInfo(was[one.space_id].timezone))
        person = known.get(whose[one.id])
        found[one.id] = Stay(
            person.as_of(first).within if person else frozenset(),
            first,
            last,
            count[one.id],
            any(
                (one.space_id, one.user_id) == (space_id, user_id)
                and from_on <= first
                and (until_on is None or until_on >= first)
                for space_id, user_id, from_on, until_on in fixed
            ),
        )
    return found


@dataclass(frozen=True, slots=True)
class Others:
    """The spaces of a layout, with the policy of each and when it cannot be had."""

    grounds: Mapping[int, Ground]
    policies: Policies
    policy: Mapping[int, Policy]
    busy: Mapping[int, tuple[TimeSpan, ...]]

    def ways(self, was: Ground, stay: Stay) -> list[Candidate]:
        """The other spaces of the site and lane that a booking of a space could be moved to."""
        return [
            Candidate(
                one.space_id,
                one.code,
                hypot(one.x - was.x, one.y - was.y),
                self.busy[one.space_id],
                one.capacity,
                unlike(was, one, overflow=is_overflow(one, stay)),
                self.policy[one.space_id].max_duration,
            )
            for one in self.grounds.values()
            if (one.site_id, one.lane) == (was.site_id, was.lane)
            and one.space_id != was.space_id
            and could_take(one, stay)
        ]


def read_others(
    session: Session,
    becomes: Mapping[int, Ground],
    window: TimeSpan,
    now: datetime,
    *,
    user_id: int | None = None,
    besides: int | None = None,
) -> Others:
    """When the spaces of a layout cannot be had during a window: as `not_to_be_had`; five queries for each zone of
    time. Where a sensor sees somebody, this moment is taken, whoever it is: no booking that has begun is sent there."""
    policy_of = policies(session)
    policy = {one.space_id: policy_of.of(one.kind, one.zone_id) for one in becomes.values()}
    busy: dict[int, tuple[TimeSpan, ...]] = {}
    for timezone in {one.timezone for one in becomes.values()}:
        there = {one.space_id: policy[one.space_id] for one in becomes.values() if one.timezone == timezone}
        zone = ZoneInfo(timezone)
        busy |= not_to_be_had(session, there, window, zone, now=now, user_id=user_id, besides=besides)
    for row in session.scalars(select(SpaceState).where(SpaceState.space_id.in_(list(busy)))):
        busy[row.space_id] = (
            *busy[row.space_id],
            *_in_use(row, now, ZoneInfo(becomes[row.space_id].timezone)),
        )
    return Others(becomes, policy_of, policy, busy)


def place_bookings(
    session: Session,
    becomes: Mapping[int, Ground],
    stays: Mapping[Booking, Stay],
    spans: Mapping[int, TimeSpan],
    *,
    was: Mapping[int, Ground],
    now: datetime,
) -> dict[int, int | None]:
    """The best other space for each of the bookings that have a span here, by the booking's id; None where there is
    none. `was`: the layout in which they were booked, `becomes`: that in which they are to be."""
    if not spans:
        return {}
    window = TimeSpan(min(one.start for one in spans.values()), max(one.end for one in spans.values()))
    others = read_others(session, becomes, window, now)
    meant = {one: stay for one, stay in stays.items() if one.id in spans}
    # What the same people have from the same space on the same days is looked for once.
    wanted = {(one.space_id, stay) for one, stay in meant.items()}
    known = {(space_id, stay): others.ways(was[space_id], stay) for space_id, stay in wanted}
    ways = {one.id: known[one.space_id, stay] for one, stay in meant.items()}
    quotas = _quotas(session, others, list(meant), window, now)
    if quotas is not None:
        # Whoever books something at this very moment is sent nowhere that might count as one more.
        ways |= {
            one.id: _alike(ways[one.id])
            for one in meant
            if one.user_id is not None and one.id not in quotas.held
        }
    return place_each(spans, ways, {one.id: stay.people for one, stay in meant.items()}, quotas)


def _quotas(
    session: Session, others: Others, listed: Sequence[Booking], window: TimeSpan, now: datetime
) -> Quotas | None:
    """What the quotas leave in some spaces to the people of these bookings whose turn it is at once: only the spaces'
    was waited for. Two statements, and none where no quota is set."""
    if not any(one.has_quota for one in others.policy.values()):
        return None
    users = try_turns(session, {one.user_id for one in listed})
    zones = {
        ZoneInfo(one.timezone) for one in others.grounds.values() if others.policy[one.space_id].weekly_quota
    }
    rows: dict[int, dict[int, Row]] = defaultdict(dict)
    for row in rows_of_people(session, users, weeks_of(window, zones)):
        rows[row.user_id or 0][row.id] = row
    there = {
        one.space_id: Wanted(
            one.space_id,
            one.zone_id,
            one.kind,
            None,
            window,
            others.policy[one.space_id],
            others.policies.own_keys(one.kind, one.zone_id),
            ZoneInfo(one.timezone),
        )
        for one in others.grounds.values()
    }
    return Quotas({one.id: rows[one.user_id] for one in listed if one.user_id in users}, there, now)


def _alike(ways: Iterable[Candidate]) -> list[Candidate]:
    """Those of the same zone and kind, where a booking counts as it did."""
    return [one for one in ways if not one.unlike]


def not_to_be_had(
    session: Session,
    policy: Mapping[int, Policy],
    span: TimeSpan,
    timezone: ZoneInfo,
    *,
    now: datetime,
    user_id: int | None,
    besides: int | None = None,
) -> dict[int, tuple[TimeSpan, ...]]:
    """When each of these spaces, with its policy, cannot be had by a person during a span: booked, with the pause that
    its policy wants around that and after what was used, out of order, closed, kept for somebody else. `besides`: the
    booking that is being changed, which is in no way. Three queries at most."""
    around = max((one.buffer for one in policy.values()), default=timedelta(0))
    busy = _busy(session, list(policy), TimeSpan(span.start - around, span.end + around), besides)
    for barrier in barriers(session, span, timezone, space_ids=list(policy)):
        if barrier.bars(user_id):
            busy[barrier.space_id].append(
                TimeSpan(max(barrier.start, span.start), min(barrier.end or span.end, span.end))
            )
    after_use = pauses_after_use(session, policy, span.start, now=now)
    return {
        space_id: tuple(sorted([*_apart(busy[space_id], one.buffer), *after_use[space_id]]))
        for space_id, one in policy.items()
    }


def _in_use(row: Any, now: datetime, zone: ZoneInfo) -> list[TimeSpan]:
    """This moment, where somebody sits at the space of a row with its `state` and `since_at`; a sensor that is stuck
    says nothing."""
    is_seen = row.state is Occupancy.OCCUPIED and not looks_stuck(row.state, row.since_at, now, zone)
    return [TimeSpan(now, now + timedelta.resolution)] if is_seen else []


def _apart(busy: Iterable[TimeSpan], buffer: timedelta) -> Iterable[TimeSpan]:
    return (TimeSpan(one.start - buffer, one.end + buffer) for one in busy) if buffer else busy


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
