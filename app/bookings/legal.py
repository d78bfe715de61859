"""Who may book what and when: zones with guests and overflow, hours, barriers, capacity, buffers, quotas.

`check_entry` before the locks are taken; `check_barriers` and `check_counts` after them, in statements of their own:
only so do they see what was committed while this transaction waited for its turn.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NoReturn
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from app.bookings import refusing
from app.bookings.models import HOLDS, Booking
from app.bookings.rules import Ending, Origin, Status, ending
from app.calendar import public_holidays, working_days
from app.errors import RuleBroken
from app.occupancy.models import SpaceState
from app.occupancy.rules import Occupancy
from app.spaces.barriers import NOT_AVAILABLE, Barrier, barriers
from app.spaces.lots import closed_until
from app.spaces.models import FixedSeat, Space, ZonePolicyValue
from app.spaces.rules import LANES, Entry, Lane
from app.spaces.service import Place, doors, in_layout
from app.timespan import TimeSpan, day_span, days_of

COUNTED = (Status.HELD, Status.BOOKED, Status.CHECKED_IN, Status.COMPLETED, Status.ENDED_EARLY)


def refuse(rule: str, value: object, allowed: str) -> NoReturn:
    """Raise RuleBroken `booking.rule`, naming the rule, its value and what would be allowed."""
    raise RuleBroken("booking.rule", rule=rule, value=str(value), allowed=allowed)


def check_entry(
    session: Session,
    place: Place,
    span: TimeSpan,
    *,
    sections: frozenset[int],
    user_id: int | None,
    now: datetime,
) -> None:
    """That these sections may take a space of the zone on the span's day; the holder of a fixed seat always may.

    Raises Forbidden `booking.not_allowed`, or RuleBroken `booking.rule` where the zone takes in those of a full one
    and theirs is not full. No query for one's own zone.
    """
    if place.zone.section_id is None or place.zone.section_id in sections:
        return
    on, last = days_of(span, place.timezone)
    door = doors(session, [place.zone])[place.zone.id]
    match door.entry_for(sections, on, last):
        case Entry.OVERFLOW:
            homes = door.homes(sections)
            counts = free_by_zone(session, homes, span, now, place.timezone, user_id=user_id)
            free = sum(counts.get((home, place.space.lane), 0) for home in homes)
            if free:
                refuse("overflow", f"{free} free", "your own zone first")
        case Entry.NONE:
            if not _is_kept_for(session, place, user_id, on):
                raise refusing.of_zone(session, place, door, sections, on, now=now)


def check_lots(session: Session, place: Place, span: TimeSpan, *, user_id: int | None, now: datetime) -> None:
    """That no desk of the span's day is still to be drawn by lot; whom it is kept for may always have it.

    Raises RuleBroken `booking.rule`, naming the hour of the draw. No query where the zone is not drawn.
    """
    at = closed_until(session, place.zone, place.space.lane, span, place.timezone, now=now)
    on = span.start.astimezone(place.timezone).date()
    if at is not None and not _is_kept_for(session, place, user_id, on):
        refuse("lots", span.start.isoformat(), f">= {at.isoformat()}")


def _is_kept_for(session: Session, place: Place, user_id: int | None, on: date) -> bool:
    query = select(FixedSeat.id).where(
        FixedSeat.space_id == place.space.id,
        FixedSeat.user_id == user_id,
        FixedSeat.from_on <= on,
        or_(FixedSeat.until_on.is_(None), FixedSeat.until_on >= on),
    )
    return user_id is not None and session.scalar(query.limit(1)) is not None


def free_by_zone(
    session: Session,
    zone_ids: Collection[int],
    span: TimeSpan,
    now: datetime,
    timezone: ZoneInfo,
    *,
    user_id: int | None,
) -> dict[tuple[int, Lane], int]:
    """How many spaces of each lane in these zones a person could have: nobody holds them, nor sits on them where the
    span has begun, and no barrier stands before them; two queries.

    Whether somebody sits there is what the sensor last said: in a zone for free seating nothing else tells.
    """
    if not zone_ids:
        return {}
    held = select(Booking.id).where(
        Booking.space_id == Space.id, HOLDS, Booking.start_at < span.end, Booking.end_at > span.start
    )
    occupied = select(SpaceState.space_id).where(
        SpaceState.space_id == Space.id, SpaceState.state == Occupancy.OCCUPIED
    )
    found_barriers = barriers(session, span, timezone, zone_ids=zone_ids)
    barred = {barrier.space_id for barrier in found_barriers if barrier.bars(user_id)}
    query = select(Space.zone_id, Space.kind, func.count()).where(
        Space.zone_id.in_(zone_ids), in_layout(Space), Space.id.not_in(barred), ~held.exists()
    )
    if span.start <= now:
        query = query.where(~occupied.exists())
    found: dict[tuple[int, Lane], int] = {}
    for zone_id, kind, count in session.execute(query.group_by(Space.zone_id, Space.kind)):
        found[zone_id, LANES[kind]] = found.get((zone_id, LANES[kind]), 0) + count
    return found


def check_hours(session: Session, place: Place, span: TimeSpan) -> None:
    """That the site is open for all of a span; raises RuleBroken `booking.rule`."""
    year = span.start.astimezone(place.timezone).year
    # A query only where the site opens on working days alone.
    by_days = place.opening.working_days_only
    calendar = working_days(session, year) if by_days else public_holidays(year)
    open_hours = place.opening.shuts_out(span, place.timezone, calendar)
    if open_hours is not None:
        refuse("opening_hours", span.start.isoformat(), _between(open_hours.start, open_hours.end))


def standing(session: Session, place: Place, span: TimeSpan, user_id: int | None) -> list[Barrier]:
    """What stands before this person in a part of a span, the earliest first; one query."""
    found = barriers(session, span, place.timezone, space_id=place.space.id)
    return [barrier for barrier in found if barrier.bars(user_id)]


def check_barriers(session: Session, place: Place, span: TimeSpan, user_id: int | None) -> None:
    """That the space is in order, open, and not kept for somebody else, for all of a span.

    Raises RuleBroken `booking.rule`.
    """
    for barrier in standing(session, place, span, user_id):
        refuse_barrier(barrier)


def refuse_barrier(barrier: Barrier) -> NoReturn:
    """Say what stands before a space and, where that is known and nobody else's business, until when."""
    if barrier.why == NOT_AVAILABLE or barrier.end is None:
        refuse(barrier.why, barrier.start.isoformat(), "another space")
    refuse(barrier.why, barrier.start.isoformat(), f">= {barrier.end.isoformat()}")


@dataclass(frozen=True, slots=True)
class Besides:
    """Bookings that do not count: of what a person holds, and of what they made in a week.

    What gives way to another booking holds nothing any more; but a week's quota goes on counting what ended early.
    """

    held: frozenset[int] = frozenset()
    made: frozenset[int] = frozenset()

    @classmethod
    def one(cls, booking_id: int) -> Besides:
        """The booking that is being changed."""
        return cls(frozenset({booking_id}), frozenset({booking_id}))

    @classmethod
    def replaced(cls, bookings: Iterable[Booking], at: datetime, now: datetime) -> Besides:
        """What would hold nothing from `at` on: what is only shortened is still held."""
        ends = {one.id: ending(one.status, one.span, at, now) for one in bookings}
        return cls(
            frozenset(booking_id for booking_id, how in ends.items() if how is not Ending.SHORTENED),
            frozenset(booking_id for booking_id, how in ends.items() if how is Ending.CANCELLED),
        )


NOTHING = Besides()


def check_counts(
    session: Session,
    place: Place,
    span: TimeSpan,
    *,
    user_id: int | None,
    now: datetime,
    besides: Besides = NOTHING,
) -> None:
    """The rules that count: the buffer between bookings of the space, the person's quotas. No query where none is set.

    Only under the locks of person and space. Raises RuleBroken `booking.rule`.
    """
    _check_buffer(session, place, span, besides.held)
    check_quotas(session, place, span, user_id=user_id, now=now, besides=besides)


def check_quotas(
    session: Session,
    place: Place,
    span: TimeSpan,
    *,
    user_id: int | None,
    now: datetime,
    besides: Besides,
) -> None:
    """That the quotas leave a person room for one more booking of the kind; as `check_counts`."""
    if user_id is not None:
        _check_concurrent(session, place, user_id, now, besides.held)
        _check_weekly(session, place, user_id, span, besides.made)


def _check_buffer(session: Session, place: Place, span: TimeSpan, besides: Collection[int]) -> None:
    buffer = place.policy.buffer
    if not buffer:
        return
    near = session.scalar(
        select(Booking.id)
        .where(
            Booking.space_id == place.space.id,
            HOLDS,
            Booking.id.not_in(besides),
            Booking.start_at < span.end + buffer,
            Booking.end_at > span.start - buffer,
            # What overlaps is for the guard to name.
            (Booking.start_at >= span.end) | (Booking.end_at <= span.start),
        )
        .limit(1)
    )
    if near is not None:
        refuse("buffer", span.start.isoformat(), f">= {buffer // timedelta(minutes=1)} min")


def _check_concurrent(
    session: Session, place: Place, user_id: int, now: datetime, besides: Collection[int]
) -> None:
    quota = place.policy.concurrent_quota
    if not quota:
        return
    held = _count(session, place, "concurrent_quota", user_id, besides, HOLDS, Booking.end_at > now)
    if held >= quota:
        refuse("concurrent_quota", held, f"<= {quota}")


def _check_weekly(
    session: Session, place: Place, user_id: int, span: TimeSpan, besides: Collection[int]
) -> None:
    quota = place.policy.weekly_quota
    if not quota:
        return
    on = span.start.astimezone(place.timezone).date()
    monday = on - timedelta(days=on.weekday())
    week = TimeSpan(
        day_span(monday, place.timezone).start, day_span(monday + timedelta(days=6), place.timezone).end
    )
    made = _count(
        session,
        place,
        "weekly_quota",
        user_id,
        besides,
        Booking.status.in_(COUNTED),
        Booking.start_at >= week.start,
        Booking.start_at < week.end,
    )
    if made >= quota:
        refuse("weekly_quota", made, f"<= {quota}")


def _count(
    session: Session,
    place: Place,
    key: str,
    user_id: int,
    besides: Collection[int],
    *where: ColumnElement[bool],
) -> int:
    """A person's bookings of the kind: in the zone alone where the zone has a quota of its own, else in all the zones
    that have none."""
    kind = place.space.kind
    zones_with_own = select(ZonePolicyValue.zone_id).where(
        ZonePolicyValue.kind == kind, ZonePolicyValue.key == key
    )
    counted_here = (
        Space.zone_id == place.zone.id if key in place.own_keys else Space.zone_id.not_in(zones_with_own)
    )
    query = (
        select(func.count())
        .select_from(Booking)
        .join(Space, Space.id == Booking.space_id)
        .where(
            Booking.user_id == user_id,
            Booking.origin != Origin.CLAIM,
            Booking.id.not_in(besides),
            Space.kind == kind,
            counted_here,
            *where,
        )
    )
    return session.scalar(query) or 0


def check_capacity(place: Place, people: int) -> None:
    """That a room holds the person booked for and the attendees; raises RuleBroken `booking.rule`."""
    if people > max(place.space.capacity, 1):
        refuse("capacity", people, f"<= {place.space.capacity}")


def _between(start: datetime, end: datetime) -> str:
    return f"{start.isoformat()}/{end.isoformat()}"
