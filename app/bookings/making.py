"""What one booking and many have in common: for whom it is, what is asked before the locks, what is written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import events
from app.bookings import legal
from app.bookings.guards import overlap_refused
from app.bookings.models import Booking, facts_of
from app.bookings.reads import Reads
from app.bookings.refusing import Holder, acting, check_takes_bookings
from app.bookings.rules import (
    Booked,
    By,
    Change,
    Origin,
    Refusal,
    Status,
    change_of,
    refusal,
    release_deadline,
)
from app.bookings.service import may_act_for
from app.bulk import among, as_parameter, insert_rows
from app.errors import Conflict, RuleBroken
from app.people.models import Role
from app.people.service import Person
from app.spaces.rules import Policy
from app.spaces.service import Place
from app.timespan import TimeSpan

_bookings = Booking.metadata.tables["bookings"]
RECEIVES_GUESTS = frozenset({Role.CHIEF, Role.FACILITY})


def holder_of(person: Person, *, actor: Person) -> Holder:
    """Whom a booking is for, as of its day; raises Forbidden `booking.not_allowed` where the actor may not book for
    them."""
    if not may_act_for(actor, person):
        raise acting("on_behalf", actor)
    return Holder(person.id, person.within, name="" if person.id == actor.id else person.name)


def host_of(guest_name: str, on: date, *, actor: Person) -> Holder:
    """A guest, who sits where the actor belongs on a day; raises Forbidden `booking.not_allowed`."""
    if actor.role not in RECEIVES_GUESTS:
        raise acting("guest", actor)
    return Holder(None, actor.as_of(on).within, guest_name, guest_name)


def check_asked(
    reads: Reads,
    place: Place,
    span: TimeSpan,
    holder: Holder,
    *,
    actor: Person,
    now: datetime,
    judged_at: datetime | None = None,
    in_series: bool = False,
) -> None:
    """What needs no lock: the zone, the length and how far ahead, the hours, the draw by lot. `judged_at`: when they
    think that it was asked; `in_series`: it is a day of a series. Facility staff may put anybody anywhere."""
    check_entry(reads, place, span, holder, actor=actor, now=now)
    horizon = place.policy.ahead(facility=actor.role is Role.FACILITY, in_series=in_series)
    check_span(reads, place, span, horizon, judged_at or now)
    legal.check_lots(reads, place, span, user_id=holder.user_id, now=now)


def check_entry(
    reads: Reads, place: Place, span: TimeSpan, holder: Holder, *, actor: Person, now: datetime
) -> None:
    """Facility staff may put anybody anywhere."""
    if actor.role is not Role.FACILITY:
        legal.check_entry(reads, place, span, sections=holder.sections, user_id=holder.user_id, now=now)


def check_locked(
    session: Session,
    place: Place,
    span: TimeSpan,
    holder: Holder,
    *,
    actor: Person,
    ask: Callable[[Place], None],
) -> Place:
    """As `legal.check_locked`: facility staff may put anybody anywhere, then too."""
    sections = None if actor.role is Role.FACILITY else holder.sections
    return legal.check_locked(session, place, span, user_id=holder.user_id, sections=sections, ask=ask)


def check_allotted(reads: Reads, place: Place, span: TimeSpan, person: Person, *, now: datetime) -> None:
    """The same of what nobody's hand books: as far ahead as the facility staff may, and before others may."""
    check_takes_bookings(place)
    legal.check_entry(reads, place, span, sections=person.within, user_id=person.id, now=now)
    check_span(reads, place, span, place.policy.horizon_facility, now)


def check_span(reads: Reads, place: Place, span: TimeSpan, horizon: timedelta, now: datetime) -> None:
    """The length, how far ahead it is, and the hours; raises RuleBroken `booking.rule`."""
    refused = refusal(span, now=now, policy=place.policy, horizon=horizon, zone=place.timezone)
    if refused:
        raise RuleBroken("booking.rule", **asdict(refused))
    legal.check_hours(reads, place, span)


def new_values(
    place: Place,
    holder: Holder,
    span: TimeSpan,
    *,
    actor_id: int | None,
    now: datetime,
    title: str = "",
    origin: Origin = Origin.BOOKED,
) -> dict[str, Any]:
    """What is written of a new booking; a claim is born checked in."""
    born_checked_in = origin is Origin.CLAIM
    status = Status.CHECKED_IN if born_checked_in else Status.BOOKED
    facts = Booked(status=status, span=span, made_at=now)
    return {
        "space_id": place.space.id,
        "user_id": holder.user_id,
        "guest_name": holder.guest_name,
        "lane": place.space.lane,
        "start_at": span.start,
        "end_at": span.end,
        "status": status,
        "origin": origin,
        "title": title,
        "made_at": now,
        "made_by": actor_id,
        "checked_in_at": now if born_checked_in else None,
        "checked_in_by": By.HAND if born_checked_in else None,
        "release_check_at": None if born_checked_in else release_deadline(facts, place.policy),
    }


def write(session: Session, place: Place, values: dict[str, Any]) -> Booking:
    """Write a new booking and that it was made; the caller holds the locks of person and space. Two statements."""
    booking = Booking(**values)
    with overlap_refused(session, booking.span, space_id=place.space.id, space=place.space.code):
        session.add(booking)
    events.record_many(session, [_made(booking)])
    return booking


def write_all(session: Session, wanted: Sequence[dict[str, Any]]) -> list[Booking]:
    """The same of many, in their order; three statements."""
    if not wanted:
        return []
    columns = tuple(wanted[0])
    inserting = insert_rows(session, _bookings, columns).returning(_bookings.c.id)
    with overlap_refused(session):
        rows = as_parameter(session, [[one[name] for name in columns] for one in wanted])
        ids = session.scalars(inserting, rows).all()
    # No two of them hold a space from the same instant on: so each is known, in whatever order they come back.
    query = select(Booking).where(among(session, Booking.id, ids))
    made = {(one.space_id, one.start_at): one for one in session.scalars(query)}
    bookings = [made[one["space_id"], one["start_at"]] for one in wanted]
    events.record_many(session, [_made(one) for one in bookings])
    return bookings


def _made(booking: Booking) -> dict[str, Any]:
    return {
        "at": booking.made_at,
        "kind": "booking.claimed" if booking.is_claim else "booking.made",
        "subject": f"booking:{booking.id}",
        "actor_id": booking.made_by,
        "data": {
            "space_id": booking.space_id,
            "user_id": booking.user_id,
            "start": booking.start_at.isoformat(),
            "end": booking.end_at.isoformat(),
        },
    }


def check_movable(booking: Booking) -> None:
    """That it is booked or checked in to; raises Conflict `booking.state`."""
    if booking.status not in {Status.BOOKED, Status.CHECKED_IN}:
        raise Conflict("booking.state", status=booking.status.value)


def asked_of(booking: Booking, wanted: TimeSpan, place: Place, *, now: datetime) -> Change:
    """What a change of a booking comes to. Raises Conflict `booking.state`, RuleBroken `booking.rule` or
    `zone.free_seating`."""
    check_movable(booking)
    elsewhere = place.space.id != booking.space_id
    asked = change_of(facts_of(booking), wanted, elsewhere=elsewhere, now=now)
    if asked is None:
        raise Conflict("booking.state", status=booking.status.value)
    if isinstance(asked, Refusal):
        raise RuleBroken("booking.rule", **asdict(asked))
    if elsewhere:
        check_takes_bookings(place)
    return asked


def changes_words_alone(booking: Booking, place: Place, asked: Change) -> bool:
    """Whether a change leaves a booking where and when it is."""
    return place.space.id == booking.space_id and asked.span == booking.span


def moved_values(booking: Booking, place: Place, asked: Change, title: str | None) -> dict[str, Any]:
    """What of a booking is written anew when it is changed so; always the same names."""
    return {
        "space_id": place.space.id,
        "lane": place.space.lane,
        "end_at": asked.span.end,
        "title": booking.title if title is None else title,
        **grace_of(booking, asked.span, place.policy, restarts=asked.restarts),
    }


def grace_of(booking: Booking, span: TimeSpan, policy: Policy, *, restarts: bool) -> dict[str, Any]:
    """What is written of a booking's start and grace when it gets another span or place. Where the grace `restarts`,
    its person is warned again before a release, and may say again that they are still coming."""
    warned_at, coming_at = (None, None) if restarts else (booking.warned_at, booking.coming_at)
    is_watched = booking.status is Status.BOOKED and not booking.reclaimed
    facts = Booked(booking.status, span, booking.made_at, coming_at=coming_at)
    return {
        "start_at": span.start,
        "warned_at": warned_at,
        "coming_at": coming_at,
        "release_check_at": release_deadline(facts, policy) if is_watched else None,
    }
