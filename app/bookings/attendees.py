"""Who else comes to a booking of a room."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from app import events
from app.bookings import legal, service
from app.bookings.models import HOLDS, Attendee, Booking
from app.bookings.service import caused_by, in_words
from app.errors import Conflict, NotFound
from app.events import Event
from app.people.models import User
from app.people.service import Person, find_people, ids_of
from app.spaces.models import Space
from app.spaces.service import get_place


def invite(
    session: Session, booking: Booking, user_ids: Collection[int], *, actor: Person, now: datetime
) -> None:
    """Add attendees to a booking that has none, and record an invitation for each.

    Raises NotFound `user.unknown`, RuleBroken `booking.rule` where the room is too small.
    """
    wanted = sorted(set(user_ids) - {booking.user_id})
    if not wanted:
        return
    legal.check_capacity(get_place(session, booking.space_id), 1 + len(wanted))
    _invite(session, booking, wanted, actor=actor, now=now)


def _invite(
    session: Session,
    booking: Booking,
    wanted: Sequence[int],
    *,
    actor: Person,
    now: datetime,
    why: str = "",
) -> None:
    known = find_people(session, wanted, actor.on)
    for user_id in wanted:
        if user_id not in known:
            raise NotFound("user.unknown", user_id=user_id)
    session.execute(insert(Attendee), [{"booking_id": booking.id, "user_id": one} for one in wanted])
    _record(session, "booking.invited", booking, wanted, actor_id=actor.id, now=now, said=in_words(why))


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
    whether there was any difference.

    Raises Conflict `booking.state`, RuleBroken `booking.rule`, NotFound `user.unknown`.
    """
    if not booking.is_live:
        raise Conflict("booking.state", status=booking.status.value)
    wanted = set(user_ids) - {booking.user_id}
    legal.check_capacity(get_place(session, booking.space_id), 1 + len(wanted))
    before = set(attendee_ids(session, [booking.id]).get(booking.id, []))
    gone = sorted(before - wanted)
    if gone:
        session.execute(delete(Attendee).where(Attendee.booking_id == booking.id, Attendee.user_id.in_(gone)))
        said = in_words(why)
        _record(session, "booking.uninvited", booking, gone, actor_id=actor.id, now=now, said=said)
    if wanted - before:
        _invite(session, booking, sorted(wanted - before), actor=actor, now=now, why=why)
    return wanted != before


def decline(session: Session, booking_id: int, *, actor: Person, now: datetime, why: str = "") -> None:
    """The actor does not come to what they are invited to, which its host is told; they may be invited again.

    Raises NotFound `invitation.unknown` to whoever is not invited, Conflict `booking.state` once it is over.
    """
    booking = session.get(Booking, booking_id)
    mine = delete(Attendee).where(Attendee.booking_id == booking_id, Attendee.user_id == actor.id)
    if booking is None or session.execute(mine.returning(Attendee.user_id)).one_or_none() is None:
        raise NotFound("invitation.unknown", booking_id=booking_id)
    if not booking.is_live or booking.end_at <= now:
        raise Conflict("booking.state", status=booking.status.value)
    _record(session, "booking.declined", booking, [actor.id], actor_id=actor.id, now=now, said=in_words(why))


def drop_leavers(session: Session, user_ids: Collection[int], *, actor_id: int | None, now: datetime) -> None:
    """These people have left: they come to nothing that is still to come, which each host is told; one query, and two
    for each booking."""
    invited: dict[Booking, list[int]] = {}
    rows = session.execute(
        select(Booking, Attendee.user_id)
        .join(Attendee, Attendee.booking_id == Booking.id)
        .where(Attendee.user_id.in_(user_ids), HOLDS, Booking.end_at > now)
        .order_by(Booking.id, Attendee.user_id)
    )
    for booking, user_id in rows:
        invited.setdefault(booking, []).append(user_id)
    for booking, gone in invited.items():
        session.execute(delete(Attendee).where(Attendee.booking_id == booking.id, Attendee.user_id.in_(gone)))
        said = caused_by("left")
        _record(session, "booking.declined", booking, gone, actor_id=actor_id, now=now, said=said)


def by_address(session: Session, text: str) -> list[int]:
    """The people of addresses that stand in a text, apart by commas or spaces; raises NotFound `user.unknown`."""
    return ids_of(session, text.replace(",", " ").replace("、", " ").split())


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
    booking: Booking,
    user_ids: Iterable[int],
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
            for user_id in user_ids
        ],
    )
