"""Finding bookings, who may touch them, and the one way in which any of them changes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from unicodedata import normalize

from sqlalchemy import ColumnElement, and_, bindparam, func, or_, select, update
from sqlalchemy.orm import Session, aliased
from sqlalchemy.orm.attributes import set_committed_value

from app import events
from app.bookings.models import HOLDS, Booking
from app.bookings.rules import Status, before_that_matters
from app.errors import Conflict, Forbidden, NotFound, RuleBroken
from app.people.lookup import note_look
from app.people.models import Role, User
from app.people.service import Person, find_person, get_person, names
from app.spaces.models import Space
from app.spaces.rules import Policy
from app.spaces.service import get_place, in_layout, policies
from app.timespan import TimeSpan

_bookings = Booking.metadata.tables["bookings"]


def may_act_for(actor: Person, person: Person) -> bool:
    """Oneself; a chief for the own section and all below it; facility staff for everybody."""
    if actor.id == person.id or actor.role is Role.FACILITY:
        return True
    return actor.role is Role.CHIEF and bool(actor.section_ids & person.within)


def look_at(session: Session, user_id: int, *, actor: Person, on: date, now: datetime) -> None:
    """That the actor may see somebody's bookings: an auditor everybody's. It leaves a trace that the person can read.

    Raises Forbidden `booking.not_allowed` for a stranger's, NotFound `user.unknown`.
    """
    if actor.role is Role.AUDITOR:
        get_person(session, user_id, on)
    elif user_id != actor.id and not may_act_for(actor, get_person(session, user_id, on)):
        raise Forbidden("booking.not_allowed", why="stranger")
    note_look(session, user_id, actor=actor, now=now)


def is_look(booking: Booking, actor: Person) -> bool:
    """Whether seeing a booking is looking up its person (RULES 20): not for them, nor for who booked it for them."""
    return booking.user_id is not None and actor.id not in {booking.user_id, booking.made_by}


def note_seen(session: Session, booking: Booking, *, actor: Person, now: datetime) -> None:
    """Somebody's booking was seen by another, which the person can read."""
    if booking.user_id is not None:
        note_look(session, booking.user_id, actor=actor, now=now)


def get_booking(session: Session, booking_id: int, *, actor: Person, to_change: bool = False) -> Booking:
    """A booking that the actor may see, or may change. Raises NotFound `booking.unknown`, Forbidden
    `booking.not_allowed` for a stranger's."""
    booking = session.get(Booking, booking_id)
    if booking is None:
        raise NotFound("booking.unknown", booking_id=booking_id)
    if not (may_change if to_change else may_see)(session, booking, actor):
        raise Forbidden("booking.not_allowed", why="stranger")
    return booking


def may_see(session: Session, booking: Booking, actor: Person) -> bool:
    """Whether somebody may see all of a booking: an auditor everybody's, else as `may_change`."""
    return actor.role is Role.AUDITOR or may_change(session, booking, actor)


def may_change(session: Session, booking: Booking, actor: Person) -> bool:
    """Whether somebody may change a booking: their own or their guest's, or whom they act for."""
    if actor.id == booking.host_id or actor.role is Role.FACILITY:
        return True
    person = find_person(session, booking.host_id, actor.on) if booking.host_id else None
    return person is not None and may_act_for(actor, person)


def space_called(session: Session, code: str) -> int:
    """The space of a code as people type it, large or small, full-width or not; raises NotFound `space.unknown`."""
    written = code.strip().upper()
    plain = normalize("NFKC", written)
    query = select(func.upper(Space.code), Space.id).where(
        func.upper(Space.code).in_({written, plain}), in_layout(Space)
    )
    found: dict[str, int] = dict(session.execute(query).all())
    space_id = found.get(written, found.get(plain))
    if space_id is None:
        raise NotFound("space.unknown", space=code)
    return space_id


def spans_made(session: Session, space_id: int, *, made_by: int, since: datetime) -> set[TimeSpan]:
    """When a space is booked by somebody's hand from an instant on; one query."""
    query = select(Booking.start_at, Booking.end_at).where(
        Booking.space_id == space_id, Booking.made_by == made_by, HOLDS, Booking.end_at > since
    )
    return {TimeSpan(start, end) for start, end in session.execute(query)}


def get_space(session: Session, space_id: int) -> Space:
    """A space of the layout; raises NotFound `space.unknown`."""
    return get_place(session, space_id).space


def checked_span(start: datetime, end: datetime) -> TimeSpan:
    """The span of a change that gave one end only; raises RuleBroken `request.invalid` where it is reversed."""
    try:
        return TimeSpan(start, end)
    except ValueError as error:
        raise RuleBroken("request.invalid", detail=str(error)) from error


def list_bookings(
    session: Session,
    *,
    user_id: int,
    start: datetime,
    end: datetime,
    after_id: int = 0,
    limit: int | None = None,
) -> list[Booking]:
    """A person's bookings, and those of their guests, that touch `[start, end)`, in the order of their id."""
    query = (
        select(Booking)
        .where(is_of([user_id]), Booking.start_at < end, Booking.end_at > start, Booking.id > after_id)
        .order_by(Booking.id)
        .limit(limit)
    )
    return list(session.scalars(query))


def is_of(user_ids: Collection[int]) -> ColumnElement[bool]:
    """People's own bookings, and those of guests whom they receive; see `Booking.host_id`."""
    return or_(Booking.user_id.in_(user_ids), and_(Booking.guest_name != "", Booking.made_by.in_(user_ids)))


@dataclass(frozen=True, slots=True)
class OwnBooking:
    """A booking with the space it is for and the policy that holds there."""

    booking: Booking
    space: Space
    policy: Policy


def own_bookings(session: Session, *, user_id: int, since: datetime) -> list[OwnBooking]:
    """A person's bookings, and those of their guests, that end after `since`, in the order of time; two queries."""
    policy_of = policies(session)
    query = (
        select(Booking, Space)
        .join(Space, Space.id == Booking.space_id)
        .where(is_of([user_id]), or_(Booking.end_at > since, HOLDS))
        .order_by(Booking.start_at, Booking.id)
        .limit(200)
    )
    return [
        OwnBooking(booking, space, policy_of.of(space.kind, space.zone_id))
        for booking, space in session.execute(query)
    ]


def shown(session: Session, booking: Booking) -> tuple[OwnBooking, str]:
    """A booking with its space and the policy there, and whose it is: a person's name or a guest's. Three queries."""
    space = session.get_one(Space, booking.space_id)
    policy = policies(session).of(space.kind, space.zone_id)
    known = names(session, [booking.user_id]) if booking.user_id is not None else {}
    return OwnBooking(booking, space, policy), booking.guest_name or known.get(booking.user_id or 0, "")


def booked_for_others(session: Session, *, actor_id: int, now: datetime) -> list[tuple[OwnBooking, str]]:
    """What somebody booked for colleagues and is not over, in the order of time, each with the colleague's name; two
    queries."""
    policy_of = policies(session)
    query = (
        select(Booking, Space, User.name)
        .join(Space, Space.id == Booking.space_id)
        .join(User, User.id == Booking.user_id)
        .where(Booking.made_by == actor_id, Booking.user_id != actor_id, HOLDS, Booking.end_at > now)
        .order_by(Booking.start_at, Booking.id)
        .limit(200)
    )
    return [
        (OwnBooking(booking, space, policy_of.of(space.kind, space.zone_id)), name)
        for booking, space, name in session.execute(query)
    ]


def change(
    session: Session,
    booking: Booking,
    kind: str,
    *,
    now: datetime,
    actor_id: int | None = None,
    details: Mapping[str, Any] | None = None,
    **values: Any,
) -> None:
    """Change a booking if it still is as it was read; raises Conflict `booking.changed`. As `change_all`."""
    if not change_all(session, kind, [(booking, values)], now=now, actor_id=actor_id, details=details):
        raise Conflict("booking.changed", booking_id=booking.id)


def change_all(
    session: Session,
    kind: str,
    wanted: Sequence[tuple[Booking, dict[str, Any]]],
    *,
    now: datetime,
    actor_id: int | None = None,
    wait: bool = True,
    details: Mapping[str, Any] | None = None,
) -> list[Booking]:
    """Change those bookings that still are as they were read, and record for each what changed from what to what,
    as `kind` with `details`; all name the same values. Three statements, however many. Returns those that were changed.

    Compare-and-set on the version: a release and a check-in cannot both win. `wait` False passes over what somebody
    is changing at this moment: a sweep that waits for nobody deadlocks with nobody, and comes again.
    """
    if not wanted:
        return []
    versions = _versions(session, [booking for booking, _values in wanted], wait=wait)
    current = [(one, values) for one, values in wanted if versions.get(one.id) == one.version]
    told = [_changed(kind, one, values, now, actor_id) for one, values in current]
    for row in told:
        row["data"] |= details or {}
    _write(session, current)
    events.record_many(session, told)
    return [one for one, _values in current]


def count_change(session: Session, bookings: Sequence[Booking], *, wait: bool = True) -> list[Booking]:
    """The same of what belongs to bookings and is told of apart, as who comes to them: their version goes on, and what
    was changed is the caller's to write and to record. Two statements."""
    if not bookings:
        return []
    versions = _versions(session, bookings, wait=wait)
    current = [one for one in bookings if versions.get(one.id) == one.version]
    _write(session, [(one, {}) for one in current])
    return current


def _versions(session: Session, bookings: Sequence[Booking], *, wait: bool) -> dict[int, int]:
    """The versions of bookings as they stand, by id; their rows are this transaction's until it ends."""
    query = (
        select(Booking.id, Booking.version)
        .where(Booking.id.in_([booking.id for booking in bookings]))
        .order_by(Booking.id)
        .with_for_update(skip_locked=not wait)
    )
    return dict(session.execute(query).all())


def _write(session: Session, current: Sequence[tuple[Booking, dict[str, Any]]]) -> None:
    if not current:
        return
    written = [(one, {**values, "version": one.version + 1}) for one, values in current]
    session.execute(
        update(_bookings).where(_bookings.c.id == bindparam("booking_id")),
        [{**values, "booking_id": one.id} for one, values in written],
    )
    for one, values in written:
        for name, value in values.items():
            set_committed_value(one, name, value)


def _changed(
    kind: str, booking: Booking, values: dict[str, Any], now: datetime, actor_id: int | None
) -> dict[str, Any]:
    before = {name: getattr(booking, name) for name in values}
    return {
        "at": now,
        "kind": kind,
        "subject": f"booking:{booking.id}",
        "actor_id": actor_id,
        "data": {
            "space_id": booking.space_id,
            "user_id": booking.user_id,
            "changes": {
                name: [_plain(before[name]), _plain(value)]
                for name, value in values.items()
                if before[name] != value
            },
        },
    }


def caused_by(reason: str, notice: str = "") -> dict[str, str]:
    """What an event says of what brought it about: the code of a reason, and what the office says of it, if anything.
    The code stands there also where the booking goes on and keeps none, as when it was shortened."""
    return {"cause": reason, "notice": notice.strip()} if notice.strip() else {"cause": reason}


@dataclass(frozen=True, slots=True)
class Words:
    """What is said with a change: another title, why, and who comes besides the person booked for. None: as it was."""

    title: str | None = None
    why: str = ""
    coming: Collection[int] | None = None


AS_IT_WAS = Words()


def in_words(why: str) -> dict[str, str]:
    """What an event says of why, in the words of whoever did it; nothing where they gave none."""
    return {"why": why.strip()} if why.strip() else {}


def explain_change(session: Session, booking: Booking, why: str, *, actor: Person, now: datetime) -> None:
    """Let the history say why a booking is as it is, where nothing was changed that could say so."""
    if said := in_words(why):
        events.record(
            session,
            "booking.explained",
            f"booking:{booking.id}",
            at=now,
            actor_id=actor.id,
            space_id=booking.space_id,
            **said,
        )


def previous_ends(
    session: Session, bookings: Sequence[Booking], policies: Iterable[Policy]
) -> dict[int, datetime]:
    """By booking: when the booking before it on the same space stopped holding it; absent where there was none that has
    a say in what is evidence by any of these policies.

    The last to end counts, not the last to begin: what was released and taken back outlasts what came in between.
    """
    if not bookings:
        return {}
    earlier = aliased(Booking)
    instant = Booking.end_at.type
    over_at = func.coalesce(earlier.ended_at, earlier.end_at, type_=instant)
    ended, begun = before_that_matters([booking.start_at for booking in bookings], policies)
    rows = session.execute(
        select(Booking.id, func.max(over_at, type_=instant))
        .join(
            earlier,
            and_(
                earlier.space_id == Booking.space_id,
                earlier.start_at < Booking.start_at,
                earlier.start_at >= begun,
                earlier.end_at > ended,
                earlier.status.not_in((Status.CANCELLED, Status.RELEASED)),
            ),
        )
        .where(Booking.id.in_([booking.id for booking in bookings]))
        .group_by(Booking.id)
    )
    return dict(rows.all())


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value
