"""Reserving a space, moving a reservation, sitting down without one."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from app.bookings import attendees, legal, presence
from app.bookings.guards import overlap_refused, queue_up
from app.bookings.making import (
    asked_of,
    changes_words_alone,
    check_allotted,
    check_asked,
    check_entry,
    check_locked,
    check_movable,
    holder_of,
    host_of,
    moved_values,
    new_values,
    write,
)
from app.bookings.models import HOLDS, Booking
from app.bookings.reads import Reads
from app.bookings.refusing import ANOTHER, Holder, about, check_takes_bookings
from app.bookings.rules import Change, Origin, Status, effective_span
from app.bookings.service import AS_IT_WAS, Words, caused_by, change, in_words
from app.errors import Conflict
from app.people.service import Person, get_person
from app.spaces.rules import Policy
from app.spaces.service import Place, get_place
from app.timespan import TimeSpan, day_span, later

CLAIM_AT_LEAST = timedelta(minutes=1)


def reserve(
    session: Session,
    *,
    actor: Person,
    space_id: int,
    span: TimeSpan,
    now: datetime,
    for_user_id: int | None = None,
    guest_name: str = "",
    title: str = "",
) -> Booking:
    """Book a space for a person, oneself where nobody is named, or for a guest without an account.

    Raises NotFound `space.unknown` or `user.unknown`, Forbidden `booking.not_allowed`, RuleBroken
    `booking.rule` or `zone.free_seating`, Conflict `booking.overlap`.
    """
    place = get_place(session, space_id)
    span = effective_span(span, now)
    holder = _holder(session, place, span, actor=actor, for_user_id=for_user_id, guest_name=guest_name)

    def ask(there: Place) -> None:
        check_takes_bookings(there)
        check_asked(Reads(session), there, span, holder, actor=actor, now=now)

    with about(holder):
        ask(place)
        queue_up(session, user_ids=[holder.user_id], space_ids=[place.space.id])
        place = check_locked(session, place, span, holder, actor=actor, ask=ask)
        # First, so that the pause before this one is counted from where the claim will end.
        _shorten_own_claim(session, place, holder, span, actor=actor, now=now)
        legal.check_counts(session, place, span, user_id=holder.user_id, now=now)
        return write(session, place, new_values(place, holder, span, actor_id=actor.id, now=now, title=title))


def _shorten_own_claim(
    session: Session, place: Place, holder: Holder, span: TimeSpan, *, actor: Person, now: datetime
) -> None:
    """Where the person sits now without a booking they sit until the next one begins, as a claim after it would. No
    query for another day's booking: a claim ends with its day."""
    day_ends = day_span(now.astimezone(place.timezone).date(), place.timezone).end
    if holder.user_id is None or not now < span.start < day_ends:
        return
    claim = session.scalar(
        select(Booking).where(
            Booking.user_id == holder.user_id,
            Booking.lane == place.space.lane,
            Booking.status == Status.CHECKED_IN,
            Booking.origin == Origin.CLAIM,
            Booking.start_at < span.start,
            Booking.end_at > span.start,
        )
    )
    if claim is not None:
        change(
            session,
            claim,
            "booking.changed",
            now=now,
            actor_id=actor.id,
            details=caused_by("next_booking"),
            end_at=span.start,
        )


def allot(
    session: Session,
    *,
    person: Person,
    space_id: int,
    span: TimeSpan,
    now: datetime,
    origin: Origin = Origin.LOT,
) -> Booking:
    """Give a person the space that the lot, or a rotation, gave them: as `reserve`, but by nobody's hand, before others
    may book it, and as far ahead as the facility staff may. `person`: as of the span's day. Raises as `reserve`."""
    place = get_place(session, space_id)

    def ask(there: Place) -> None:
        check_allotted(Reads(session), there, span, person, now=now)

    ask(place)
    queue_up(session, user_ids=[person.id], space_ids=[space_id])
    place = legal.check_locked(session, place, span, user_id=person.id, sections=person.within, ask=ask)
    legal.check_counts(session, place, span, user_id=person.id, now=now)
    holder = Holder(person.id, person.within)
    return write(session, place, new_values(place, holder, span, actor_id=None, now=now, origin=origin))


def move(
    session: Session,
    booking: Booking,
    *,
    actor: Person,
    now: datetime,
    space_id: int | None = None,
    span: TimeSpan | None = None,
    words: Words = AS_IT_WAS,
) -> Booking:
    """Change a live booking's space, span, title or attendees in one step; what is not given stays, and where nothing
    differs it is left as it is.

    Shortening one's own is always allowed. Raises as `reserve` and `attendees.set_attendees`, and Conflict
    `booking.state` or Stale.
    """
    check_movable(booking)
    place = get_place(session, booking.space_id if space_id is None else space_id)
    asked = asked_of(booking, span or booking.span, place, now=now)
    if not changes_words_alone(booking, place, asked):
        _move(session, booking, place, asked, actor=actor, now=now, words=words)
    elif words.title not in {None, booking.title}:
        said, title = in_words(words.why), words.title
        change(session, booking, "booking.changed", now=now, actor_id=actor.id, details=said, title=title)
    if words.coming is not None:
        attendees.set_attendees(session, booking, words.coming, actor=actor, now=now, why=words.why)
    return booking


def _move(
    session: Session,
    booking: Booking,
    place: Place,
    asked: Change,
    *,
    actor: Person,
    now: datetime,
    words: Words,
) -> None:
    if words.coming is None and place.space.id != booking.space_id:
        legal.check_capacity(place, attendees.people_of(session, [booking.id])[booking.id])
    if not asked.is_new:
        queue_up(session, user_ids=[booking.user_id], space_ids=[booking.space_id, place.space.id])
        _write_move(session, booking, place, asked, actor=actor, now=now, words=words)
        return
    holder = _holder(
        session,
        place,
        asked.span,
        actor=actor,
        for_user_id=booking.user_id,
        guest_name=booking.guest_name,
    )

    def ask(there: Place) -> None:
        if there.space.id != booking.space_id:
            check_takes_bookings(there)
        check_asked(
            Reads(session),
            there,
            asked.span,
            holder,
            actor=actor,
            now=now,
            judged_at=asked.judged_at,
            in_series=booking.series_id is not None,
        )

    with about(holder):
        ask(place)
        queue_up(session, user_ids=[booking.user_id], space_ids=[booking.space_id, place.space.id])
        place = check_locked(session, place, asked.span, holder, actor=actor, ask=ask)
        counted = None if booking.is_claim else booking.user_id
        besides = legal.Besides.one(booking.id)
        legal.check_counts(session, place, asked.span, user_id=counted, now=now, besides=besides)
        _write_move(session, booking, place, asked, actor=actor, now=now, words=words)


def _write_move(
    session: Session,
    booking: Booking,
    place: Place,
    asked: Change,
    *,
    actor: Person,
    now: datetime,
    words: Words,
) -> None:
    """Write the change; the caller holds the locks of the person and of both spaces."""
    values = moved_values(booking, place, asked, words.title)
    with overlap_refused(
        session, asked.span, space_id=place.space.id, space=place.space.code, booking_id=booking.id
    ):
        said = in_words(words.why)
        change(session, booking, "booking.changed", now=now, actor_id=actor.id, details=said, **values)


def claim(
    session: Session, *, actor: Person, space_id: int, now: datetime, until: datetime | None = None
) -> Booking:
    """ "I am sitting here": a booking born checked in, until the day's end or whatever comes first: `until`; the next
    booking of the space, or of the person in its lane; an outage or a closure (RULES 9, 12). Where that booking begins
    within a minute the space is taken. Where it is the actor's own by now, they check in to it.

    Another's claim that the sensor has seen empty past the hold is ended first, by `pipeline.claim`.
    Raises as `reserve`.
    """
    queue_up(session, user_ids=[actor.id], space_ids=[space_id])
    own = _own_now(session, space_id, actor, now)
    if own is not None:
        return presence.check_in(session, own, actor=actor, now=now)
    place = get_place(session, space_id, anew=True)
    span = claimable(session, place, actor=actor, now=now)
    if until is not None and now < until < span.end:
        span = TimeSpan(now, until)
    holder = Holder(actor.id, actor.within)
    claimed = new_values(place, holder, span, actor_id=actor.id, now=now, origin=Origin.CLAIM)
    return write(session, place, claimed)


def _own_now(session: Session, space_id: int, actor: Person, now: datetime) -> Booking | None:
    """What the actor holds of a space now, offers apart; read anew."""
    return session.scalar(
        select(Booking)
        .where(
            Booking.space_id == space_id,
            Booking.user_id == actor.id,
            HOLDS,
            Booking.status != Status.HELD,
            Booking.start_at <= now,
            Booking.end_at > now,
        )
        .execution_options(populate_existing=True)
    )


def longest_claim(policy: Policy, timezone: ZoneInfo, now: datetime) -> TimeSpan:
    """For how long a space can be claimed at most: until the day's end, by the calendar of its site."""
    day = day_span(now.astimezone(timezone).date(), timezone)
    return TimeSpan(now, min(day.end, later(now, policy.max_duration, timezone)))


def claimable(session: Session, place: Place, *, actor: Person, now: datetime) -> TimeSpan:
    """For how long the actor could sit down at a space now, if nobody holds it. Raises as `reserve`."""
    if not place.policy.walk_in:
        legal.refuse("walk_in", "off", "a booking")
    span = longest_claim(place.policy, place.timezone, now)
    holder = _holder(session, place, span, actor=actor)
    check_entry(Reads(session), place, span, holder, actor=actor, now=now)
    return _until_the_next(session, place, span, holder)


def _until_the_next(session: Session, place: Place, span: TimeSpan, holder: Holder) -> TimeSpan:
    """What of a span can be claimed: up to the next booking or barrier; what is offered to the person elsewhere is not
    theirs yet (RULES 13). Raises where a barrier stands there now."""
    ahead = []
    for barrier in legal.standing(session, place, span, holder.user_id):
        if barrier.covers(span.start):
            legal.refuse_barrier(barrier)
        ahead.append(barrier.start)
    following = session.execute(
        select(Booking.start_at, Booking.space_id)
        .where(
            or_(
                Booking.space_id == place.space.id,
                and_(
                    Booking.user_id == holder.user_id,
                    Booking.lane == place.space.lane,
                    Booking.status != Status.HELD,
                ),
            ),
            HOLDS,
            Booking.start_at > span.start,
            Booking.start_at < span.end,
        )
        .order_by(Booking.start_at)
        .limit(1)
    ).one_or_none()
    if following is None:
        return TimeSpan(span.start, min([span.end, *ahead]))
    if following.start_at - span.start < CLAIM_AT_LEAST:
        # Made, as a rule, while this claim waited for its turn: the space is not to be had any more.
        clash = "space" if following.space_id == place.space.id else "person"
        raise Conflict(
            "booking.overlap",
            clash=clash,
            rule=clash,
            value=following.start_at.isoformat(),
            allowed=ANOTHER,
            space_id=place.space.id,
            space=place.space.code,
        )
    return TimeSpan(span.start, min([span.end, following.start_at, *ahead]))


def _holder(
    session: Session,
    place: Place,
    span: TimeSpan,
    *,
    actor: Person,
    for_user_id: int | None = None,
    guest_name: str = "",
) -> Holder:
    """Whom the booking is for, if the actor may book for them."""
    on = span.start.astimezone(place.timezone).date()
    if guest_name:
        return host_of(guest_name, on, actor=actor)
    person = actor.as_of(on) if for_user_id in {None, actor.id} else get_person(session, for_user_id, on)
    return holder_of(person, actor=actor)
