"""A space goes away for a while: what is booked there is moved to the best other space, or its people are told."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.bookings.ending import end_from
from app.bookings.guards import overlap_refused, queue_up
from app.bookings.making import grace_of
from app.bookings.models import HOLDS, Booking
from app.bookings.moving.others import grounds, place_bookings, sites_of, stays_of, take_turns
from app.bookings.rules import Status
from app.bookings.service import caused_by, change_all
from app.errors import Conflict
from app.people.service import Person
from app.spaces.models import Space
from app.spaces.rules import LANES, Kind, Policy
from app.spaces.service import get_place, policies
from app.timespan import TimeSpan

REASON = "out_of_order"
# Kept for somebody: never said for whom, nor why.
KEPT = "not_available"
# No booking lies further ahead: what "until it is mended" means for what is booked.
FURTHEST = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class Move:
    """A booking and where it goes, from the space `from_code`: to another; or it stays until `until`, where its space
    goes away then; or nowhere. Its person is told."""

    booking: Booking
    space_id: int | None
    code: str
    until: datetime | None = None
    from_code: str = ""


def affected(
    session: Session, space_id: int, start: datetime, end: datetime | None, besides: int | None = None
) -> list[Booking]:
    """The live bookings of a space that an absence of it touches, in the order of time; not those of `besides`."""
    query = (
        select(Booking)
        .where(
            Booking.space_id == space_id,
            HOLDS,
            Booking.start_at < (end or start + FURTHEST),
            Booking.end_at > start,
        )
        .order_by(Booking.start_at, Booking.id)
    )
    if besides is not None:
        query = query.where(or_(Booking.user_id.is_(None), Booking.user_id != besides))
    return list(session.scalars(query.execution_options(populate_existing=True)))


def plan(
    session: Session,
    space_id: int,
    start: datetime,
    end: datetime | None,
    *,
    now: datetime,
    besides: int | None = None,
) -> list[Move]:
    """Where each booking of a space that goes away would go, but for those of `besides`; a fixed number of queries.
    Raises NotFound `space.unknown`.

    Whoever sits there now is told, not moved: they see best where to go. Nobody whose time has begun is sent where
    somebody sits. What has begun, or has no other place, keeps what comes before the space goes away. What is `held`
    for somebody lapses.
    """
    place = get_place(session, space_id)
    listed = affected(session, space_id, start, end, besides)
    left = {
        one.id: left_of(one, now)
        for one in listed
        if one.status is Status.BOOKED and one.end_at > now and not (one.start_at <= now < start)
    }
    if not left:
        return [staying(one, start, now, place.space.code) for one in listed]
    found = grounds(session, sites_of(session, [place.zone.id]))
    stays = stays_of(session, [one for one in listed if one.id in left], found)
    # Whoever was put into the zone on another ground than its door's has that ground for its other spaces too.
    meant = {one: replace(stays[one.id], zone_id=place.zone.id) for one in listed if one.id in stays}
    placed = place_bookings(session, found, meant, left, was=found, now=now)
    return [
        Move(one, to, found[to].code, from_code=place.space.code)
        if (to := placed.get(one.id)) is not None
        else staying(one, start, now, place.space.code)
        for one in listed
    ]


def staying(booking: Booking, start: datetime, now: datetime, code: str) -> Move:
    """A booking without another place: what comes before the space goes away is still its own."""
    keeps = booking.start_at < start and now < start and booking.status is not Status.HELD
    return Move(booking, None, "", start if keeps else None, code)


def left_of(booking: Booking, now: datetime) -> TimeSpan:
    """What is left of a booking: elsewhere it begins now, and so does its grace."""
    return TimeSpan(max(booking.start_at, now), booking.end_at)


def take_turn(session: Session, space_id: int) -> None:
    """Wait for the turn of a space that goes away and of every other one of its site, which could take a booking of
    it, and for no person: nobody's hours change, so no person can clash. Raises NotFound `space.unknown`."""
    take_turns(session, sites_of(session, [get_place(session, space_id).zone.id]))


def move_away(
    session: Session,
    space_id: int,
    start: datetime,
    end: datetime | None,
    *,
    actor: Person,
    now: datetime,
    besides: int | None = None,
    notice: str = "",
) -> list[Move]:
    """Do what `plan` says, all in this transaction; where there is no other space, the booking ends and its person is
    told. `besides`: it is kept for that person; `notice`: why it goes away, as the office says it.

    The caller has made the space unavailable, in this transaction too. Waits as `take_turn`, which whoever must wait
    for the space before calls first.
    """
    reason = REASON if besides is None else KEPT
    take_turn(session, space_id)
    planned = plan(session, space_id, start, end, now=now, besides=besides)
    carry_out(session, planned, start, reason=reason, now=now, actor_id=actor.id, notice=notice)
    return planned


def carry_out(
    session: Session,
    planned: Sequence[Move],
    start: datetime,
    *,
    reason: str,
    now: datetime,
    actor_id: int | None,
    notice: str = "",
) -> None:
    """Move what has another space, and let what has none hold nothing from `start` on, for a reason; the spaces' turn
    is the caller's. Raises Conflict `booking.changed`."""
    policy_of = _policies_of(session, [one.space_id for one in planned if one.space_id is not None])
    moved = [
        (one.booking, {"space_id": one.space_id, **_grace_of(one.booking, policy_of[one.space_id], now)})
        for one in planned
        if one.space_id is not None
    ]
    with overlap_refused(session):
        changed = change_all(
            session,
            "booking.moved",
            moved,
            now=now,
            actor_id=actor_id,
            details=caused_by(reason, notice),
        )
    stay = [one.booking for one in planned if one.space_id is None]
    changed += end_from(session, stay, start, reason=reason, now=now, actor_id=actor_id, notice=notice)
    if len(changed) < len(planned):
        # A sweep changed one between the look and the lock: nothing is done by halves.
        raise Conflict("booking.changed")


def _policies_of(session: Session, space_ids: Collection[int]) -> dict[int, Policy]:
    found = policies(session)
    query = select(Space.id, Space.kind, Space.zone_id).where(Space.id.in_(space_ids))
    return {row.id: found.of(row.kind, row.zone_id) for row in session.execute(query)}


def _grace_of(booking: Booking, policy: Policy, now: datetime) -> dict[str, Any]:
    return grace_of(booking, left_of(booking, now), policy, restarts=True)


def check_kind(session: Session, space_id: int, kind: Kind | None) -> None:
    """What is booked keeps its lane: a booked seat becomes no room, a room no seat. Raises Conflict `space.booked`."""
    space = get_place(session, space_id).space
    queue_up(session, user_ids=[], space_ids=[space_id])
    if kind is None or LANES[kind] is space.lane:
        return
    if session.scalar(select(Booking.id).where(Booking.space_id == space_id, HOLDS).limit(1)):
        raise Conflict("space.booked", space_id=space_id)
