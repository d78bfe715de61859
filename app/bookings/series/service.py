"""Making a series, changing, confirming and cancelling it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import events
from app.bookings import attendees, release
from app.bookings.alternatives import Nearby
from app.bookings.guards import queue_up
from app.bookings.models import HOLDS, Booking
from app.bookings.moving.rules import Candidate
from app.bookings.rules import Status
from app.bookings.series.models import Series
from app.bookings.series.rules import (
    FURTHEST,
    Days,
    LeftOut,
    Recurrence,
    Scope,
    Why,
    changed_spans,
    leaves_out,
    spans,
)
from app.bookings.service import AS_IT_WAS, Words, change_all, in_words
from app.bookings.several import verbs
from app.calendar import working_days
from app.errors import Conflict, DomainError, Forbidden, NotFound, RuleBroken
from app.people.service import Person
from app.settings import OfficeHours
from app.spaces.barriers import CLOSED, barriers
from app.spaces.service import Place, get_place
from app.timespan import TimeSpan
from app.working_days import WorkingDays

OF_THE_SPACE = frozenset({"out_of_order", "not_available", "buffer"})
OF_THE_HOUR = frozenset({"closed", "opening_hours"})


@dataclass(frozen=True, slots=True)
class Ask:
    """What is to be repeated: the space, the first span, the recurrence with the text it was given in, for whom, be it
    a guest without an account, and who else comes."""

    space_id: int
    first: TimeSpan
    recurrence: Recurrence
    rule: dict[str, Any]
    for_user_id: int | None = None
    title: str = ""
    guest_name: str = ""
    attendees: Collection[int] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """An occurrence that cannot be had, why, and what comes nearest: another space, or another time of the day."""

    span: TimeSpan
    error: DomainError
    space: Candidate | None
    time: TimeSpan | None


@dataclass(frozen=True, slots=True)
class Made:
    """What became of a series: `series` None where nothing was possible. `left_out`: days that were asked for and
    never tried."""

    series: Series | None
    bookings: list[Booking]
    refused: list[Refused]
    left_out: list[LeftOut]


def make(
    session: Session,
    ask: Ask,
    *,
    actor: Person,
    calendar: WorkingDays,
    hours: OfficeHours,
    now: datetime,
    possible_ones: bool,
) -> Made:
    """Book every occurrence, each under the rules of a single booking.

    `possible_ones`: those that can be had are booked and the others told, each with what comes nearest, within the
    office's `hours`; else all or nothing: raises as `refused_whole`. Raises RuleBroken `series.empty` where no day is
    left, and as `reserve` and `attendees.invite` for what no occurrence could have (an unknown space, a stranger, more
    people than the room holds). Of a guest it is the series of the actor, who receives them.
    """
    user_id = actor.id if ask.for_user_id is None else ask.for_user_id
    holder_id = None if ask.guest_name else user_id
    queue_up(session, user_ids=[holder_id], space_ids=[ask.space_id])
    place = get_place(session, ask.space_id, anew=True)
    first = ask.first.start.astimezone(place.timezone).date()
    days = ask.recurrence.days(first, calendar)
    if not days.wanted:
        raise _empty(days, first)
    listed = spans(ask.first, days.wanted, place.timezone)
    decided = verbs.decide(
        session,
        place,
        listed,
        actor=actor,
        now=now,
        for_user_id=ask.for_user_id,
        title=ask.title,
        guest_name=ask.guest_name,
    )
    if not decided.wanted and all(isinstance(error, Forbidden) for _, error in decided.refused):
        raise decided.refused[0][1]
    if decided.refused and not possible_ones:
        raise refused_whole(decided.refused, of=len(listed))
    nearby = Nearby(session, place, TimeSpan(listed[0].start, listed[-1].end), user_id=holder_id, now=now)
    refused = [
        Refused(
            span,
            error,
            nearby.space(span) if _elsewhere_helps(error) else None,
            nearby.time(span, hours) if _another_time_helps(error) else None,
        )
        for span, error in decided.refused
    ]
    if not decided.wanted:
        return Made(None, [], refused, days.left_out)
    made = verbs.make(session, decided, actor=actor, now=now)
    series = Series(user_id=user_id, rule=ask.rule, made_at=now, made_by=actor.id)
    session.add(series)
    session.flush()
    change_all(session, "booking.joined_series", [(one, {"series_id": series.id}) for one in made], now=now)
    attendees.invite_to_all(session, made, ask.attendees, actor=actor, now=now)
    events.record(
        session,
        "series.made",
        f"series:{series.id}",
        at=now,
        actor_id=actor.id,
        user_id=user_id,
        space_id=place.space.id,
        bookings=len(made),
        refused=len(refused),
    )
    return Made(series, made, refused, days.left_out)


def _empty(days: Days, first: date) -> RuleBroken:
    """All the days asked for are left out: the rule that does so, where it is one for all of them."""
    if len({one.why for one in days.left_out}) != 1:
        return RuleBroken("series.empty")
    allowed = {
        Why.CLOSED: "a working day, or working_days_only: false",
        Why.EARLIER: f">= {first.isoformat()}",
        Why.FAR: f"< {(first + FURTHEST).isoformat()}",
    }
    one = days.left_out[0]
    return RuleBroken("series.empty", rule=one.why.value, value=one.on.isoformat(), allowed=allowed[one.why])


def refused_whole(refused: Sequence[tuple[TimeSpan, DomainError]], *, of: int) -> Conflict:
    """Conflict `series.refused`: how many of the occurrences cannot be had and, of the first of them, its `start` and
    why: the code of its own refusal, `because`, and the facts of that. Nothing is asked of the database."""
    span, error = refused[0]
    facts = {**error.facts, "because": error.code, "start": span.start.isoformat()}
    return Conflict("series.refused", **facts, refused=len(refused), of=of)


def _elsewhere_helps(error: DomainError) -> bool:
    """Whether another space is an answer: this one is taken, broken, or kept for somebody."""
    return error.facts.get("clash") == "space" or error.facts.get("rule") in OF_THE_SPACE


def _another_time_helps(error: DomainError) -> bool:
    """Whether another hour of the day is an answer: also where the person is busy, or the office shut."""
    return isinstance(error, Conflict) or error.facts.get("rule") in OF_THE_SPACE | OF_THE_HOUR


def of_scope(session: Session, booking: Booking, scope: Scope, now: datetime) -> list[Booking]:
    """The live bookings of a booking's series that a change means, in the order of time; a single one is its own."""
    if scope is Scope.ONE or booking.series_id is None:
        return [booking]
    query = select(Booking).where(Booking.series_id == booking.series_id, HOLDS, Booking.end_at > now)
    if scope is Scope.FOLLOWING:
        query = query.where(Booking.start_at >= booking.start_at)
    return list(session.scalars(query.order_by(Booking.start_at, Booking.id)))


@dataclass(frozen=True, slots=True)
class Moved:
    """What became of a change: the bookings that have it, and those that it would have brought to a closed day, which
    are cancelled, each with the span that it would have had."""

    bookings: list[Booking]
    left_out: list[tuple[Booking, TimeSpan]]


def move(
    session: Session,
    booking: Booking,
    scope: Scope,
    wanted: TimeSpan,
    *,
    actor: Person,
    now: datetime,
    space_id: int | None = None,
    words: Words = AS_IT_WAS,
) -> Moved:
    """Give these bookings of the series the wanted span's times of the day, as `changed_spans`, the space and what is
    said; all or nothing. One that has begun stays as it is, unless it is the one that is meant.

    On other days than before they leave out closed ones, as the series did when it was made. Raises RuleBroken
    `series.empty` where no day is left, and as `reserve.move`; the facts name the occurrence's `start`.
    """
    place = get_place(session, booking.space_id if space_id is None else space_id)
    zone = place.timezone
    shift = wanted.start.astimezone(zone).date() - booking.start_at.astimezone(zone).date()
    meant = [one for one in of_scope(session, booking, scope, now) if one.start_at > now or one is booking]
    becomes = changed_spans([one.span for one in meant], booking.span, wanted, zone)
    span_of = dict(zip(meant, becomes, strict=True))
    gone = _left_out(session, booking, span_of, place, now) if shift and scope is not Scope.ONE else []
    stays = [one for one in meant if one not in gone]
    if gone and not stays:
        raise RuleBroken("series.empty")

    _queue_up(session, [*gone, *stays], also=[place.space.id])
    _leave_out(session, gone, words.why, actor=actor, now=now)
    # What goes to a later time goes last first, so that none is in the way of the one before.
    in_turn = stays[::-1] if wanted.start > booking.start_at else stays
    verbs.move_all(
        session,
        [(one, span_of[one]) for one in in_turn],
        actor=actor,
        now=now,
        space_id=space_id,
        words=words,
    )
    return Moved(stays, [(one, span_of[one]) for one in gone])


def _queue_up(session: Session, meant: Sequence[Booking], *, also: Sequence[int] = ()) -> None:
    """Wait for the locks of all of them and of the spaces `also`, taken at once so that nobody deadlocks."""
    queue_up(
        session,
        user_ids=[one.user_id for one in meant],
        space_ids=[*also, *(one.space_id for one in meant)],
    )


def _leave_out(session: Session, gone: Sequence[Booking], why: str, *, actor: Person, now: datetime) -> None:
    """Cancel what would get to a closed day. Raises Conflict `booking.changed`."""
    values = {"status": Status.CANCELLED, "reason": "day_closed", "release_check_at": None}
    wanted, said = [(one, values) for one in gone], in_words(why)
    changed = change_all(session, "booking.cancelled", wanted, now=now, actor_id=actor.id, details=said)
    if len(changed) < len(gone):
        raise Conflict("booking.changed")


def _left_out(
    session: Session, booking: Booking, span_of: Mapping[Booking, TimeSpan], place: Place, now: datetime
) -> list[Booking]:
    """Those of a series that are to come and would get to a closed day; three queries."""
    if booking.series_id is None:
        return []
    rule = session.get_one(Series, booking.series_id).rule
    spans_ = sorted(span_of.values())
    calendar = working_days(session, spans_[0].start.year) if rule.get("working_days_only", True) else None
    whole = TimeSpan(spans_[0].start, spans_[-1].end)
    closures = [
        TimeSpan(one.start, one.end)
        for one in barriers(session, whole, place.timezone, space_id=place.space.id)
        if one.why == CLOSED and one.end is not None
    ]
    return [
        one
        for one, span in span_of.items()
        if one.start_at > now
        and one.status is Status.BOOKED
        and leaves_out(span, place.timezone, calendar=calendar, closures=closures)
    ]


def cancel(
    session: Session, booking: Booking, scope: Scope, *, actor: Person, now: datetime, why: str = ""
) -> list[Booking]:
    """Cancel these bookings of the series; one that somebody sits at is given back. `why`: each of them says so."""
    meant = of_scope(session, booking, scope, now)
    _queue_up(session, meant)
    release.cancel_all(session, meant, actor=actor, now=now, why=why)
    return meant


def confirm(session: Session, series_id: int, *, actor: Person, now: datetime) -> Series:
    """Its owner still needs the series. Raises NotFound `series.unknown`, Forbidden `booking.not_allowed`, Conflict
    `series.over`."""
    series = session.get(Series, series_id)
    if series is None:
        raise NotFound("series.unknown", series_id=series_id)
    if actor.id not in {series.user_id, series.made_by}:
        raise Forbidden("booking.not_allowed", why="stranger")
    if series.ended_at is not None:
        raise Conflict("series.over", series_id=series_id)
    series.answer_until, series.confirmed_at = None, now
    session.flush()
    events.record(session, "series.confirmed", f"series:{series_id}", at=now, actor_id=actor.id)
    return series
