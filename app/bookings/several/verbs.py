"""Booking and moving many at once, each under the rules of a single one; a fixed number of statements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.bookings import attendees, legal
from app.bookings.guards import overlap_refused
from app.bookings.making import (
    asked_of,
    changes_words_alone,
    check_asked,
    check_movable,
    holder_of,
    host_of,
    moved_values,
    new_values,
    write_all,
)
from app.bookings.models import Booking
from app.bookings.refusing import Holder, about, check_takes_bookings, named
from app.bookings.rules import Change, effective_span
from app.bookings.service import AS_IT_WAS, Words, caused_by, change, change_all, in_words
from app.bookings.several.service import Several
from app.errors import Conflict, DomainError, NotFound
from app.people.service import Person, find_people, get_person
from app.spaces.service import Place, get_places
from app.timespan import TimeSpan


@dataclass(slots=True)
class Decided:
    """What can be booked, as it will be written, and what is refused; `shortened`: claims that end where it begins."""

    wanted: list[dict[str, Any]] = field(default_factory=list)
    refused: list[tuple[TimeSpan, DomainError]] = field(default_factory=list)
    shortened: list[tuple[int, datetime]] = field(default_factory=list)


def decide(
    session: Session,
    place: Place,
    spans: Sequence[TimeSpan],
    *,
    actor: Person,
    now: datetime,
    for_user_id: int | None,
    title: str,
    guest_name: str = "",
) -> Decided:
    """Which of these spans a person, oneself where nobody is named, or a guest can have a space for, as
    `reserve.reserve` would say of each after the ones before it, but for how far ahead: they are the days of a series,
    where they are several. Under the locks of person and space.

    Raises NotFound `user.unknown`, Forbidden `booking.not_allowed` for a stranger.
    """
    person = actor if for_user_id in {None, actor.id} else get_person(session, for_user_id, actor.on)
    asked = [effective_span(span, now) for span in spans]
    several = Several.read(session, [place], [] if guest_name else [person.id], _window(asked), now=now)
    decided = Decided()
    for wanted, span in zip(spans, asked, strict=True):
        on = span.start.astimezone(place.timezone).date()
        holder = (
            host_of(guest_name, on, actor=actor) if guest_name else holder_of(person.as_of(on), actor=actor)
        )
        before = several.rows
        try:
            with about(holder):
                check_takes_bookings(place)
                check_asked(
                    several.reads, place, span, holder, actor=actor, now=now, in_series=len(spans) > 1
                )
                # First, so that the pause before this one is counted from where the claim will end.
                claim = several.claim_before(place, span, holder.user_id)
                if claim is not None:
                    several.shorten(claim.id, span.start)
                several.check(place, span, holder.user_id)
        except DomainError as error:
            several.rows = before
            decided.refused.append((wanted, error))
            continue
        several.decide(place, span, holder.user_id)
        decided.wanted.append(new_values(place, holder, span, actor_id=actor.id, now=now, title=title))
        if claim is not None:
            decided.shortened.append((claim.id, span.start))
    return decided


def _window(spans: Sequence[TimeSpan]) -> TimeSpan:
    return TimeSpan(min(one.start for one in spans), max(one.end for one in spans))


def make(session: Session, decided: Decided, *, actor: Person, now: datetime) -> list[Booking]:
    """Write what can be booked."""
    for booking_id, end_at in decided.shortened:
        claim = session.get_one(Booking, booking_id)
        said = caused_by("next_booking")
        change(session, claim, "booking.changed", now=now, actor_id=actor.id, details=said, end_at=end_at)
    return write_all(session, decided.wanted)


def move_all(
    session: Session,
    wanted: Sequence[tuple[Booking, TimeSpan]],
    *,
    actor: Person,
    now: datetime,
    space_id: int | None = None,
    words: Words = AS_IT_WAS,
) -> None:
    """Give each of these bookings its span, the space and what is said, as `reserve.move` would one after the other;
    all or nothing. Under the locks of their persons and of all the spaces.

    Raises as `reserve.move`; the facts name the `start` that is refused.
    """
    if not wanted:
        return
    ids = {one.space_id if space_id is None else space_id for one, _span in wanted}
    places = get_places(session, ids)
    owners = {one.user_id for one, _span in wanted if one.user_id is not None}
    others = owners - {actor.id}
    people = find_people(session, others, actor.on) if others else {}
    window = _window([*(span for _one, span in wanted), *(one.span for one, _span in wanted)])
    several = Several.read(session, places.values(), owners, window, now=now)
    keeps_people = space_id is not None and words.coming is None
    coming = attendees.people_of(session, [one.id for one, _span in wanted]) if keeps_people else {}
    moved: list[tuple[Booking, dict[str, Any]]] = []
    titled: list[tuple[Booking, dict[str, Any]]] = []
    for booking, span in wanted:
        place = places[booking.space_id if space_id is None else space_id]
        with named(span.start):
            check_movable(booking)
            asked = asked_of(booking, span, place, now=now)
            if changes_words_alone(booking, place, asked):
                if words.title not in {None, booking.title}:
                    titled.append((booking, {"title": words.title}))
                continue
            if keeps_people and place.space.id != booking.space_id:
                legal.check_capacity(place, coming[booking.id])
            if asked.is_new:
                holder = _holder(booking, place, asked.span, people, actor=actor)
                _check_move(several, booking, place, asked, holder, actor=actor, now=now)
        several.move(booking.id, place, asked.span)
        moved.append((booking, moved_values(booking, place, asked, words.title)))
    with overlap_refused(session):
        for some in (moved, titled):
            changed = change_all(
                session, "booking.changed", some, now=now, actor_id=actor.id, details=in_words(words.why)
            )
            if len(changed) < len(some):
                raise Conflict("booking.changed")
    if words.coming is not None:
        listed = sorted((one for one, _span in wanted), key=lambda one: one.start_at)
        attendees.set_for_all(session, listed, words.coming, actor=actor, now=now, why=words.why)


def _holder(
    booking: Booking, place: Place, span: TimeSpan, people: dict[int, Person], *, actor: Person
) -> Holder:
    """Whom a booking is for, on the day of a span."""
    on = span.start.astimezone(place.timezone).date()
    if booking.guest_name:
        return host_of(booking.guest_name, on, actor=actor)
    if booking.user_id in {None, actor.id}:
        return holder_of(actor.as_of(on), actor=actor)
    person = people.get(booking.user_id or 0)
    if person is None:
        raise NotFound("user.unknown", user_id=booking.user_id)
    return holder_of(person.as_of(on), actor=actor)


def _check_move(
    several: Several,
    booking: Booking,
    place: Place,
    asked: Change,
    holder: Holder,
    *,
    actor: Person,
    now: datetime,
) -> None:
    with about(holder):
        check_asked(
            several.reads,
            place,
            asked.span,
            holder,
            actor=actor,
            now=now,
            judged_at=asked.judged_at,
            in_series=booking.series_id is not None,
        )
        several.check(
            place,
            asked.span,
            booking.user_id,
            besides=legal.Besides.one(booking.id),
            counted=not booking.is_claim,
        )
