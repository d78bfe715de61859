"""The layout changes: whoever may no longer have what they booked is moved to the best other space, or told.

`hold` before the change, `settle` after it, in one transaction. Only what the change takes away is touched: a booking
that was not allowed before, as where the facility staff put somebody anywhere, stays as it was decided, and so does
whoever has checked in, until the end of their booking.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from math import hypot
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.bookings.alternatives import in_use, not_to_be_had
from app.bookings.attendees import people_of
from app.bookings.guards import queue_up
from app.bookings.models import HOLDS, Booking
from app.bookings.moving.rules import (
    Candidate,
    Ground,
    Stay,
    could_take,
    place_each,
    takes_away,
    unlike,
)
from app.bookings.moving.service import Move, carry_out, check_kind, left_of, staying
from app.bookings.rules import Status
from app.occupancy.models import SpaceState
from app.people.service import Person, find_people
from app.spaces import layout
from app.spaces.models import FixedSeat, Floor, Site, Space, Zone
from app.spaces.rules import Policy
from app.spaces.service import doors, get_place, in_layout, policies
from app.timespan import TimeSpan, days_of

REASON = "layout"
# What of a zone or a space decides who may book there. A booked seat becomes no room, so that a kind decides nothing.
OF_ZONE = frozenset({"section_id", "free_seating"})
OF_SPACE = frozenset({"zone_id", "capacity"})


@dataclass(frozen=True, slots=True)
class Held:
    """The layout as it was, space by space, of some sites; nothing is booked at any of them until the transaction
    ends."""

    site_ids: frozenset[int]
    grounds: Mapping[int, Ground]


# Of a change that decides nothing of who may book.
NOTHING = Held(frozenset(), {})


def change_zone(
    session: Session, zone_id: int, values: Mapping[str, Any], *, actor: Person, now: datetime
) -> tuple[Zone, list[Move]]:
    """A zone changes, and whoever may no longer have what they booked there is moved or told; in one step. Rehearsed,
    it is its own preview. Raises as `spaces.layout.change_zone`."""
    held = hold(session, sites_of(session, [zone_id])) if OF_ZONE & values.keys() else NOTHING
    zone = layout.change_zone(session, zone_id, values, actor_id=actor.id, now=now)
    return zone, settle(session, held, now=now, actor_id=actor.id)


def change_space(
    session: Session, space_id: int, values: Mapping[str, Any], *, actor: Person, now: datetime
) -> tuple[Space, list[Move]]:
    """The same of a space. A booked seat becomes no room: raises Conflict `space.booked`, and as
    `spaces.layout.change_space`."""
    zone_ids = {get_place(session, space_id).zone.id, values.get("zone_id", 0)}
    held = hold(session, sites_of(session, zone_ids)) if OF_SPACE & values.keys() else NOTHING
    check_kind(session, space_id, values.get("kind"))
    space = layout.change_space(session, space_id, values, actor_id=actor.id, now=now)
    return space, settle(session, held, now=now, actor_id=actor.id)


def hold(session: Session, site_ids: Collection[int]) -> Held:
    """Wait for the turn of every space of these sites, before a row of the layout is changed, and tell how it is."""
    if not site_ids:
        return NOTHING
    query = (
        select(Space.id)
        .join(Zone, Zone.id == Space.zone_id)
        .join(Floor, Floor.id == Zone.floor_id)
        .where(Floor.site_id.in_(site_ids))
    )
    queue_up(session, user_ids=[], space_ids=session.scalars(query))
    return Held(frozenset(site_ids), grounds(session, site_ids))


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


def settle(session: Session, held: Held, *, now: datetime, actor_id: int | None) -> list[Move]:
    """Move, or end and tell, what the change since `hold` has taken its ground from, in the order of time; a fixed
    number of statements for each site."""
    becomes = grounds(session, held.site_ids) if held.grounds else {}
    touched = {
        space_id: was
        for space_id, was in held.grounds.items()
        if space_id in becomes and becomes[space_id].allows != was.allows
    }
    if not touched:
        return []
    listed = _booked(session, touched, now)
    stays = _stays(session, listed, held.grounds)
    lost = {
        one: stays[one.id]
        for one in listed
        if takes_away(touched[one.space_id], becomes[one.space_id], stays[one.id])
    }
    codes = {ground.space_id: ground.code for ground in becomes.values()}
    placed = _placed(session, lost, held, becomes, now)
    planned = [
        Move(one, to, codes[to], from_code=codes[one.space_id])
        if (to := placed.get(one.id)) is not None
        else staying(one, now, now, codes[one.space_id])
        for one in lost
    ]
    carry_out(session, planned, now, reason=REASON, now=now, actor_id=actor_id)
    return planned


def _booked(session: Session, space_ids: Iterable[int], now: datetime) -> list[Booking]:
    query = (
        select(Booking)
        .where(
            Booking.space_id.in_(list(space_ids)),
            HOLDS,
            Booking.status != Status.CHECKED_IN,
            Booking.end_at > now,
        )
        .order_by(Booking.start_at, Booking.id)
    )
    return list(session.scalars(query.execution_options(populate_existing=True)))


def _stays(session: Session, listed: Sequence[Booking], was: Mapping[int, Ground]) -> dict[int, Stay]:
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
    """The layout as it has become, with the policy of each space and when it cannot be had."""

    grounds: Mapping[int, Ground]
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
                unlike(was, one),
                self.policy[one.space_id].max_duration,
            )
            for one in self.grounds.values()
            if (one.site_id, one.lane) == (was.site_id, was.lane)
            and one.space_id != was.space_id
            and could_take(one, stay)
        ]


def _others(session: Session, becomes: Mapping[int, Ground], window: TimeSpan, now: datetime) -> Others:
    """Where a sensor sees somebody, this moment is taken, whoever it is: no booking that has begun is sent there."""
    policy_of = policies(session)
    policy = {one.space_id: policy_of.of(one.kind, one.zone_id) for one in becomes.values()}
    busy: dict[int, tuple[TimeSpan, ...]] = {}
    for timezone in {one.timezone for one in becomes.values()}:
        there = {one.space_id: policy[one.space_id] for one in becomes.values() if one.timezone == timezone}
        busy |= not_to_be_had(session, there, window, ZoneInfo(timezone), user_id=None)
    for row in session.scalars(select(SpaceState).where(SpaceState.space_id.in_(list(busy)))):
        busy[row.space_id] = (
            *busy[row.space_id],
            *in_use(row, now, ZoneInfo(becomes[row.space_id].timezone)),
        )
    return Others(becomes, policy, busy)


def _placed(
    session: Session, lost: Mapping[Booking, Stay], held: Held, becomes: Mapping[int, Ground], now: datetime
) -> dict[int, int | None]:
    """The best other space for each of these; what is only held has none."""
    was = held.grounds
    spans = {one.id: left_of(one, now) for one in lost if one.status is Status.BOOKED}
    if not spans:
        return {}
    window = TimeSpan(min(one.start for one in spans.values()), max(one.end for one in spans.values()))
    others = _others(session, becomes, window, now)
    # What the same people have from the same space on the same days is looked for once.
    wanted = {(one.space_id, stay) for one, stay in lost.items() if one.id in spans}
    known = {(space_id, stay): others.ways(was[space_id], stay) for space_id, stay in wanted}
    ways = {one.id: known[one.space_id, stay] for one, stay in lost.items() if one.id in spans}
    return place_each(spans, ways, {one.id: stay.people for one, stay in lost.items()})
