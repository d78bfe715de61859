"""Who may book what and when: zones with guests and overflow, hours, barriers, capacity, buffers, quotas.

`check_entry` before the locks are taken; `check_locked` and `check_counts` after them, in statements of their own:
only so do they see what was committed while this transaction waited for its turn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from app.bookings import refusing
from app.bookings.after_use import pauses_after_use
from app.bookings.models import Booking
from app.bookings.reads import Reads
from app.bookings.rules import Ending, Refusal, ending
from app.bookings.several.rows import rows_of_people, rows_of_spaces, wanted_at
from app.bookings.several.rules import Row, Wanted, concurrent, pause, weekly
from app.calendar import public_holidays
from app.errors import RuleBroken
from app.spaces.barriers import NOT_AVAILABLE, Barrier, barriers
from app.spaces.locked import ground_of, read_locked
from app.spaces.lots import to_be_drawn
from app.spaces.rules import Entry, Lane, Opening
from app.spaces.service import Place, get_place
from app.timespan import TimeSpan, days_of
from app.working_days import WorkingDays


def refuse(rule: str, value: object, allowed: str) -> NoReturn:
    """Raise RuleBroken `booking.rule`, naming the rule, its value and what would be allowed."""
    raise RuleBroken("booking.rule", rule=rule, value=str(value), allowed=allowed)


def check_entry(
    reads: Reads,
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
    door = reads.door(place.zone)
    match door.entry_for(sections, on, last):
        case Entry.OVERFLOW:
            free = reads.free(place, door.homes(sections), span, user_id=user_id, now=now)
            if free:
                refuse("overflow", f"{free} free", "your own zone first")
        case Entry.NONE:
            if not reads.is_kept_for(place, user_id, on):
                raise refusing.of_zone(place, door, reads.whose(place, sections), sections, on, now=now)


def check_lots(reads: Reads, place: Place, span: TimeSpan, *, user_id: int | None, now: datetime) -> None:
    """That no desk of the span's day is still to be drawn by lot; whom it is kept for may always have it.

    Raises RuleBroken `booking.rule`, naming the hour of the draw. No query where the zone is not drawn.
    """
    if place.zone.lots_at is None or place.space.lane is not Lane.DESK:
        return
    on = span.start.astimezone(place.timezone).date()
    at = to_be_drawn(place.zone, span, place.timezone, now=now, calendar=reads.calendar(on.year))
    if at is not None and not reads.is_kept_for(place, user_id, on):
        refuse("lots", span.start.isoformat(), f">= {at.isoformat()}")


def check_hours(reads: Reads, place: Place, span: TimeSpan) -> None:
    """That the site is open for all of a span; raises RuleBroken `booking.rule`."""
    year = span.start.astimezone(place.timezone).year
    # A query only where the site opens on working days alone.
    calendar = reads.calendar(year) if place.opening.working_days_only else public_holidays(year)
    refused = hours_refusal(place.opening, span, place.timezone, calendar)
    if refused is not None:
        refuse(refused.rule, refused.value, refused.allowed)


def hours_refusal(opening: Opening, span: TimeSpan, zone: ZoneInfo, calendar: WorkingDays) -> Refusal | None:
    """Why a site's hours do not allow a span, or None."""
    hours = opening.shuts_out(span, zone, calendar)
    if hours is None:
        return None
    allowed = f"{hours.start.isoformat()}/{hours.end.isoformat()}"
    return Refusal("opening_hours", span.start.isoformat(), allowed)


def standing(session: Session, place: Place, span: TimeSpan, user_id: int | None) -> list[Barrier]:
    """What stands before this person in a part of a span, the earliest first; one query."""
    found = barriers(session, span, place.timezone, space_id=place.space.id)
    return [barrier for barrier in found if barrier.bars(user_id)]


def check_locked(
    session: Session,
    place: Place,
    span: TimeSpan,
    *,
    user_id: int | None,
    sections: frozenset[int] | None,
    ask: Callable[[Place], None],
) -> Place:
    """Under the lock: that what was asked before it still holds, and that the space is in order, open, and not kept for
    somebody else, for all of a span; the place as it is by now. One query for whoever is at home there.

    `ask` is called once more where the space or its zone changed hands meanwhile, and for whoever comes in as a guest
    or while their own zone is full. `sections`: those that they lie within; None: they go everywhere. Raises as `ask`,
    and RuleBroken `booking.rule`.
    """
    ground, found = read_locked(session, place, span)
    is_home = sections is None or ground.section_id is None or ground.section_id in sections
    if ground != ground_of(place) or not is_home:
        place = get_place(session, place.space.id, anew=True)
        ask(place)
    for barrier in found:
        if barrier.bars(user_id):
            refuse_barrier(barrier)
    return place


def check_barriers(session: Session, place: Place, span: TimeSpan, user_id: int | None) -> None:
    """The barriers alone; raises RuleBroken `booking.rule`."""
    for barrier in standing(session, place, span, user_id):
        refuse_barrier(barrier)


def barrier_refusal(barrier: Barrier) -> Refusal:
    """What stands before a space and, where that is known and nobody else's business, until when."""
    if barrier.why == NOT_AVAILABLE or barrier.end is None:
        return Refusal(barrier.why, barrier.start.isoformat(), "another space")
    return Refusal(barrier.why, barrier.start.isoformat(), f">= {barrier.end.isoformat()}")


def refuse_barrier(barrier: Barrier) -> NoReturn:
    """Raise RuleBroken `booking.rule` for what stands before a space."""
    refused = barrier_refusal(barrier)
    refuse(refused.rule, refused.value, refused.allowed)


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
    if place.policy.buffer:
        rows = rows_of_spaces(session, [place.space.id], span, place.policy.buffer)
        after_use = pauses_after_use(session, {place.space.id: place.policy}, span.start, now=now)
        wanted = wanted_at(place, span, user_id)
        refuse_counted(
            pause(rows, wanted, after_use=after_use[place.space.id], now=now, besides=besides.held)
        )
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
    if user_id is None or not place.policy.has_quota:
        return
    wanted = wanted_at(place, span, user_id)
    rows = rows_of_people(session, [user_id], wanted.week if place.policy.weekly_quota else None)
    refuse_counted(quota_refusal(rows, wanted, now=now, besides=besides))


def quota_refusal(rows: Sequence[Row], wanted: Wanted, *, now: datetime, besides: Besides) -> Refusal | None:
    """The quota that leaves a person no room for one more booking, by all that they hold and made in its week."""
    refused = concurrent(rows, wanted, now=now, besides=besides.held)
    return refused or weekly(rows, wanted, besides=besides.made)


def refuse_counted(refused: Refusal | None) -> None:
    """Raise RuleBroken `booking.rule` where a rule that counts refuses."""
    if refused is not None:
        refuse(refused.rule, refused.value, refused.allowed)


def check_capacity(place: Place, people: int) -> None:
    """That a room holds the person booked for and the attendees; raises RuleBroken `booking.rule`."""
    if people > max(place.space.capacity, 1):
        refuse("capacity", people, f"<= {place.space.capacity}")
