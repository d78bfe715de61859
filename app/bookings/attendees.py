"""Who else comes to a booking of a room."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from unicodedata import normalize

from sqlalchemy import delete, func, insert, select, tuple_
from sqlalchemy.orm import Session

from app import events
from app.bookings import legal, service
from app.bookings.guards import queue_up
from app.bookings.models import HOLDS, Attendee, Booking
from app.bookings.refusing import named
from app.bookings.service import caused_by, count_change, in_words
from app.errors import Conflict, NotFound, RuleBroken
from app.events import Event
from app.people.models import User
from app.people.service import Person, find_people, ids_of
from app.spaces.models import Space
from app.spaces.service import get_places
from app.texts import listed

# Somebody who comes to a booking.
Invitation = tuple[Booking, int]


def invite(
    session: Session, booking: Booking, user_ids: Collection[int], *, actor: Person, now: datetime
) -> None:
    """Add attendees to a booking that has none, and record an invitation for each.

    Raises NotFound `user.unknown`, RuleBroken `booking.rule` where the room is too small.
    """
    invite_to_all(session, [booking], user_ids, actor=actor, now=now)


def invite_to_all(
    session: Session,
    bookings: Sequence[Booking],
    user_ids: Collection[int],
    *,
    actor: Person,
    now: datetime,
) -> None:
    """The same of several bookings, of which none has attendees; the facts name the `start` of one of a series."""
    if not user_ids:
        return
    wanted = _wanted(bookings, user_ids)
    _check_rooms(session, wanted)
    _invite(session, _each(wanted), actor=actor, now=now)


def set_attendees(
    session: Session,
    booking: Booking,
    user_ids: Collection[int],
    *,
    actor: Person,
    now: datetime,
    why: str = "",
) -> bool:
    """Make these the attendees: the new ones are invited, the others told that they need not come, and why. Returns
    whether there was any difference, which counts as a change of the booking.

    Raises Conflict `booking.state` or `booking.changed`, RuleBroken `booking.rule`, NotFound `user.unknown`.
    """
    return bool(set_for_all(session, [booking], user_ids, actor=actor, now=now, why=why))


def set_for_all(
    session: Session,
    bookings: Sequence[Booking],
    user_ids: Collection[int],
    *,
    actor: Person,
    now: datetime,
    why: str = "",
) -> list[Booking]:
    """The same of several bookings, all or nothing; returns those where there was any difference. The facts name the
    `start` of one of a series. A fixed number of statements."""
    for one in bookings:
        if not one.is_live:
            raise Conflict("booking.state", status=one.status.value)
    queue_up(session, user_ids=[], space_ids=[one.space_id for one in bookings])
    wanted = _wanted(bookings, user_ids)
    _check_rooms(session, wanted)
    had = attendee_ids(session, [one.id for one in bookings])
    before = {one: set(had.get(one.id, ())) for one in bookings}
    different = [one for one in bookings if wanted[one] != before[one]]
    if len(count_change(session, different)) < len(different):
        raise Conflict("booking.changed")
    gone = _each({one: before[one] - wanted[one] for one in different})
    _remove(session, gone)
    _record(session, "booking.uninvited", gone, actor_id=actor.id, now=now, said=in_words(why))
    new = _each({one: wanted[one] - before[one] for one in different})
    _invite(session, new, actor=actor, now=now, why=why)
    return different


def _wanted(bookings: Iterable[Booking], user_ids: Collection[int]) -> dict[Booking, set[int]]:
    """Who is to come to each, besides the person booked for."""
    return {one: set(user_ids) - {one.user_id} for one in bookings}


def _each(people: Mapping[Booking, Collection[int]]) -> list[Invitation]:
    return [(booking, user_id) for booking, user_ids in people.items() for user_id in sorted(user_ids)]


def _check_rooms(session: Session, wanted: Mapping[Booking, Collection[int]]) -> None:
    places = get_places(session, {one.space_id for one in wanted})
    for one, user_ids in wanted.items():
        with named(one.start_at) if one.series_id else nullcontext():
            legal.check_capacity(places[one.space_id], 1 + len(user_ids))


def _invite(
    session: Session, invitations: Sequence[Invitation], *, actor: Person, now: datetime, why: str = ""
) -> None:
    if not invitations:
        return
    known = find_people(session, {user_id for _booking, user_id in invitations}, actor.on)
    for _booking, user_id in invitations:
        if user_id not in known:
            raise NotFound("user.unknown", user_id=user_id)
    rows = [{"booking_id": booking.id, "user_id": user_id} for booking, user_id in invitations]
    session.execute(insert(Attendee), rows)
    _record(session, "booking.invited", invitations, actor_id=actor.id, now=now, said=in_words(why))


def _remove(session: Session, invitations: Sequence[Invitation]) -> None:
    if not invitations:
        return
    keys = [(booking.id, user_id) for booking, user_id in invitations]
    session.execute(delete(Attendee).where(tuple_(Attendee.booking_id, Attendee.user_id).in_(keys)))


def get_invitation(session: Session, booking_id: int, *, actor: Person) -> Booking:
    """What the actor is invited to, once it is their turn to change it. Raises NotFound `invitation.unknown`."""
    booking = session.get(Booking, booking_id)
    if booking is not None:
        queue_up(session, user_ids=[], space_ids=[booking.space_id])
        session.refresh(booking)
    if booking is None or session.get(Attendee, (booking_id, actor.id)) is None:
        raise NotFound("invitation.unknown", booking_id=booking_id)
    return booking


def decline(session: Session, booking: Booking, *, actor: Person, now: datetime, why: str = "") -> None:
    """The actor does not come to what they are invited to (see `get_invitation`), which its host is told; they may be
    invited again. Raises Conflict `booking.state` once it is over, or `booking.changed`."""
    if not booking.is_live or booking.end_at <= now:
        raise Conflict("booking.state", status=booking.status.value)
    if not count_change(session, [booking]):
        raise Conflict("booking.changed", booking_id=booking.id)
    mine = [(booking, actor.id)]
    _remove(session, mine)
    _record(session, "booking.declined", mine, actor_id=actor.id, now=now, said=in_words(why))


def drop_leavers(session: Session, user_ids: Collection[int], *, actor_id: int | None, now: datetime) -> None:
    """These people have left: they come to nothing that is still to come, which each host is told. What somebody is
    changing at this moment is left for the next sweep. Five statements."""
    invited: dict[Booking, list[int]] = {}
    rows = session.execute(
        select(Booking, Attendee.user_id)
        .join(Attendee, Attendee.booking_id == Booking.id)
        .where(Attendee.user_id.in_(user_ids), HOLDS, Booking.end_at > now)
        .order_by(Booking.id, Attendee.user_id)
        .execution_options(populate_existing=True)
    )
    for booking, user_id in rows:
        invited.setdefault(booking, []).append(user_id)
    counted = count_change(session, list(invited), wait=False)
    gone = _each({one: invited[one] for one in counted})
    _remove(session, gone)
    _record(session, "booking.declined", gone, actor_id=actor_id, now=now, said=caused_by("left"))


def by_address(session: Session, text: str) -> list[int]:
    """The people of addresses that stand in a text, apart by commas or spaces, full-width or not; raises NotFound
    `user.unknown`."""
    return ids_of(session, listed(text))


def whom(session: Session, text: str) -> dict[str, Any]:
    """For whom a booking is by what was typed: an address is somebody with an account (`for_user_id`), any other text a
    guest (`guest_name`); empty: oneself. Raises NotFound `user.unknown`, RuleBroken `guest.colleague` where the name is
    that of somebody who works here."""
    if "@" in normalize("NFKC", text):
        return {"for_user_id": by_address(session, text)[0]}
    if address := _colleague(session, text):
        raise RuleBroken("guest.colleague", name=text, email=address)
    return {"guest_name": text[:80]}


def _colleague(session: Session, name: str) -> str:
    """The address of somebody who works here and is called so, however the parts are set apart; "" where nobody is."""
    plain = func.replace(func.replace(User.name, " ", ""), "　", "")
    wanted = "".join(name.split())
    query = select(User.email).where(plain == wanted, User.left_at.is_(None)).order_by(User.id)
    return (session.scalar(query.limit(1)) or "") if wanted else ""


def invitations(session: Session, user_id: int, since: datetime) -> list[tuple[Booking, Space, str]]:
    """What a person is invited to and is not over, with the space and the name of whoever invites; one query."""
    rows = session.execute(
        select(Booking, Space, User.name)
        .join(Attendee, Attendee.booking_id == Booking.id)
        .join(Space, Space.id == Booking.space_id)
        .join(User, User.id == Booking.made_by, isouter=True)
        .where(Attendee.user_id == user_id, HOLDS, Booking.end_at > since)
        .order_by(Booking.start_at, Booking.id)
        .limit(200)
    )
    return [(booking, space, name or "") for booking, space, name in rows]


@dataclass(frozen=True, slots=True)
class Seen:
    """A booking as it is shown to somebody: who is merely invited sees neither its history nor a guest's name.
    `is_look`: its person is told."""

    booking: Booking
    attendees: list[int]
    history: list[Event]
    guest_name: str
    is_look: bool


def see(session: Session, booking_id: int, *, actor: Person) -> Seen:
    """A booking that the actor may see, or is invited to. Raises as `service.get_booking`."""
    coming = attendee_ids(session, [booking_id]).get(booking_id, [])
    invited = session.get(Booking, booking_id) if actor.id in coming else None
    if invited is not None and not service.may_see(session, invited, actor):
        return Seen(invited, coming, [], "", is_look=False)
    booking = service.get_booking(session, booking_id, actor=actor)
    history = events.history(session, f"booking:{booking.id}")
    return Seen(booking, coming, history, booking.guest_name, service.is_look(booking, actor))


def attendee_ids(session: Session, booking_ids: Collection[int]) -> dict[int, list[int]]:
    """The attendees of each booking that has any, in the order of their id; one query."""
    found: dict[int, list[int]] = {}
    query = select(Attendee).where(Attendee.booking_id.in_(booking_ids)).order_by(Attendee.user_id)
    for one in session.scalars(query):
        found.setdefault(one.booking_id, []).append(one.user_id)
    return found


def addresses_of(session: Session, booking_ids: Collection[int]) -> dict[int, str]:
    """The addresses of each booking's attendees, as `by_address` reads them; one query."""
    found: dict[int, list[str]] = {}
    rows = session.execute(
        select(Attendee.booking_id, User.email)
        .join(User, User.id == Attendee.user_id)
        .where(Attendee.booking_id.in_(booking_ids))
        .order_by(User.email)
    )
    for booking_id, email in rows:
        found.setdefault(booking_id, []).append(email)
    return {booking_id: ", ".join(emails) for booking_id, emails in found.items()}


def people_of(session: Session, booking_ids: Collection[int]) -> dict[int, int]:
    """How many come to each booking: whom it is for, and the attendees; one query."""
    invited = attendee_ids(session, booking_ids)
    return {one: 1 + len(invited.get(one, [])) for one in booking_ids}


def _record(
    session: Session,
    kind: str,
    invitations: Iterable[Invitation],
    *,
    actor_id: int | None,
    now: datetime,
    said: Mapping[str, str],
) -> None:
    events.record_many(
        session,
        [
            {
                "at": now,
                "kind": kind,
                "subject": f"booking:{booking.id}",
                "actor_id": actor_id,
                "data": {"space_id": booking.space_id, "user_id": user_id, **said},
            }
            for booking, user_id in invitations
        ],
    )
