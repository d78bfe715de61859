"""The layout changes: whoever may no longer have what they booked is moved to the best other space, or told.

`hold` before the change, `settle` after it, in one transaction. Only what the change takes away is touched: a booking
that was not allowed before, as where the facility staff put somebody anywhere, stays as it was decided, and so does
whoever has checked in, until the end of their booking.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.bookings.models import HOLDS, Booking
from app.bookings.moving.others import grounds, place_bookings, sites_of, stays_of, take_turns
from app.bookings.moving.rules import Ground, takes_away
from app.bookings.moving.service import Move, carry_out, check_kind, left_of, staying
from app.bookings.rules import Status
from app.people.service import Person
from app.spaces import layout
from app.spaces.models import Space, Zone
from app.spaces.service import get_place
from app.spaces.zones import site_of_floor

REASON = "layout"
# What of a zone or a space decides who may book there. A booked seat becomes no room, so that a kind decides nothing.
OF_ZONE = frozenset({"floor_id", "section_id", "free_seating"})
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
    sites = sites_of(session, [zone_id])
    if "floor_id" in values:
        sites.add(site_of_floor(session, values["floor_id"]).id)
    held = hold(session, sites) if OF_ZONE & values.keys() else NOTHING
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
    take_turns(session, site_ids)
    return Held(frozenset(site_ids), grounds(session, site_ids))


def settle(
    session: Session, held: Held, *, now: datetime, actor_id: int | None, site_ids: Collection[int] = ()
) -> list[Move]:
    """Move, or end and tell, what the change since `hold` has taken its ground from, in the order of time; a fixed
    number of statements for each site. `site_ids`: the sites that came with the change."""
    becomes = grounds(session, held.site_ids.union(site_ids)) if held.grounds else {}
    touched = {
        space_id: was
        for space_id, was in held.grounds.items()
        if space_id in becomes and becomes[space_id].allows != was.allows
    }
    if not touched:
        return []
    listed = _booked(session, touched, now)
    stays = stays_of(session, listed, held.grounds)
    lost = {
        one: stays[one.id]
        for one in listed
        if takes_away(touched[one.space_id], becomes[one.space_id], stays[one.id])
    }
    codes = {ground.space_id: ground.code for ground in becomes.values()}
    spans = {one.id: left_of(one, now) for one in lost if one.status is Status.BOOKED}
    placed = place_bookings(session, becomes, lost, spans, was=held.grounds, now=now)
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
