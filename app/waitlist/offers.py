"""What is freed goes to the first in line who may have it: held for a while, then accepted, declined or let pass."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, case, exists, func, or_, select
from sqlalchemy.orm import Session

from app.bookings import holding
from app.bookings.guards import queue_up
from app.bookings.models import HOLDS, Booking
from app.bookings.now.options import stock
from app.bookings.now.quotas import within_quotas
from app.bookings.now.rules import Option
from app.bookings.rules import Status
from app.calendar import working_days
from app.database import try_lock_rows
from app.errors import Conflict
from app.people.models import User
from app.people.service import Person, find_people
from app.settings import OfficeClock
from app.spaces.models import Floor, Space, Zone
from app.spaces.rules import LANES, Lane
from app.spaces.service import policies
from app.timespan import TimeSpan
from app.waitlist.met import met
from app.waitlist.models import Entry
from app.waitlist.rules import State, hold_until, opens_at
from app.waitlist.service import change, in_line

AT_ONCE = 1000
TRIES = 5


def settle(session: Session, now: datetime) -> list[Booking]:
    """End what time or others ended: offers that ran out or were withdrawn, spans that are over, wishes met otherwise
    or of people who have left.

    Returns what was held and is free again.
    """
    freed = _settle_offers(session, now)
    left = select(User.id).where(User.id == Entry.user_id, User.left_at.is_not(None))
    for entry in session.scalars(
        select(Entry).where(in_line(), Entry.state == State.WAITING, left.exists()).limit(AT_ONCE)
    ).all():
        change(session, entry, "left", now=now, state=State.LEFT)
    for entry in session.scalars(
        select(Entry).where(in_line(), Entry.state == State.WAITING, Entry.end_at <= now).limit(AT_ONCE)
    ).all():
        change(session, entry, "over", now=now, state=State.OVER)
    waiting = select(Entry).where(in_line(), Entry.state == State.WAITING, Entry.user_id.is_not(None))
    for entry in met(session, session.scalars(waiting.order_by(Entry.id).limit(AT_ONCE)).all(), now):
        change(session, entry, "booked_otherwise", now=now, state=State.BOOKED_OTHERWISE)
    return freed


def _settle_offers(session: Session, now: datetime) -> list[Booking]:
    """Offers whose hold ran out expire; one whose space was taken away (a closure) goes back to its place in line."""
    offered = session.scalars(
        select(Entry).where(in_line(), Entry.state == State.OFFERED).order_by(Entry.id).limit(AT_ONCE)
    ).all()
    query = select(Booking).where(Booking.id.in_([entry.booking_id for entry in offered]))
    held = {one.id: one for one in session.scalars(query)} if offered else {}
    rows = [
        (entry, held[entry.booking_id])
        for entry in offered
        if entry.booking_id and (_is_due(entry, now) or held[entry.booking_id].status is not Status.HELD)
    ]
    due = [booking for _entry, booking in rows if booking.status is Status.HELD]
    let_go = holding.withdraw(session, due, reason="offer_expired", now=now)
    for entry, booking in rows:
        if booking in let_go:
            change(session, entry, "expired", now=now, space_id=booking.space_id, state=State.EXPIRED)
        elif booking.status is Status.CANCELLED and booking.reason == "gave_back":
            change(session, entry, "declined", now=now, state=State.DECLINED)
        elif booking.status is not Status.HELD:
            change(
                session, entry, "withdrawn", now=now, state=State.WAITING, booking_id=None, hold_until=None
            )
    return let_go


def _is_due(entry: Entry, now: datetime) -> bool:
    return entry.hold_until is not None and entry.hold_until <= now


def offer(
    session: Session, now: datetime, *, office: OfficeClock, freed: Collection[int], only_freed: bool = False
) -> list[Entry]:
    """Offer what is free to those in line, in the order of asking; returns who was offered something.

    `freed`: the spaces that were just freed. What their sensors still see is whoever is about to leave; elsewhere
    somebody whom a sensor sees is left in peace. `only_freed`: look at nothing else, which is quick; a sweep looks at
    all, so that what could not be offered at once (a lock, a rule, an outage that ended) is offered soon. One round at
    a time: who is second waits for the next sweep, or those in front could be overtaken.
    """
    made: list[Entry] = []
    if not try_lock_rows(session, "queue", [0]):
        return made
    waiting = [
        (entry, wanted, space_ids)
        for entry, space_ids in _could_have(session, now, freed if only_freed else None)
        if (wanted := entry.wish.wanted(now)) is not None
    ]
    if not waiting:
        return made
    # Whoever waits, what they could have is read once.
    window = TimeSpan(now, max(wanted.end for _entry, wanted, _spaces in waiting))
    left = stock(session, set().union(*(space_ids for *_who, space_ids in waiting)), window)
    people = find_people(session, {entry.user_id for entry, *_ in waiting if entry.user_id}, now.date())
    opens = _opens_at(session, now, office)
    passed_over: set[int] = set()
    for entry, wanted, space_ids in waiting:
        person = people.get(entry.user_id) if entry.user_id else None
        if entry.user_id is not None and person is None:
            continue
        found = [
            one
            for one in left.options(
                session, entry.wish.target, wanted, person=person, now=now, until=wanted.end
            )
            if one.space_id in space_ids - passed_over
            and one.is_free(wanted)
            and not (one.is_occupied and wanted.start <= now and one.space_id not in freed)
        ]
        try:
            held = _offer_to(session, entry, found, now, opens) if found else None
        except holding.Busy:
            # Nobody behind overtakes whoever could not be served at this moment.
            passed_over |= {one.space_id for one in found}
            continue
        if held is not None:
            left.take(held, wanted)
            made.append(entry)
    return made


def _could_have(
    session: Session, now: datetime, space_ids: Collection[int] | None
) -> list[tuple[Entry, set[int]]]:
    """Who waits, in the order of asking, and which spaces of what they want nobody holds; one query, and so one view of
    what is free: what somebody frees meanwhile is for the next round, not for those further back in this one."""
    start = case((Entry.start_at > now, Entry.start_at), else_=now)
    room = Space.kind.in_([kind for kind, lane in LANES.items() if lane is Lane.ROOM])
    query = (
        select(Entry, Space.id)
        .join(
            Space,
            or_(and_(room, Entry.lane == Lane.ROOM), and_(~room, Entry.lane == Lane.DESK)),
        )
        .join(Zone, Zone.id == Space.zone_id)
        .join(Floor, Floor.id == Zone.floor_id)
        .where(
            in_line(),
            Entry.state == State.WAITING,
            Entry.end_at > now,
            Zone.free_seating.is_(False),
            or_(Entry.kind.is_(None), Entry.kind == Space.kind),
            or_(Entry.zone_id.is_(None), Entry.zone_id == Space.zone_id),
            or_(Entry.space_id.is_(None), Entry.space_id == Space.id),
            or_(Entry.site_id.is_(None), Entry.site_id == Floor.site_id),
            ~exists()
            .where(
                Booking.space_id == Space.id,
                HOLDS,
                Booking.end_at > start,
                Booking.start_at < case((Entry.minutes.is_(None), Entry.end_at), else_=start),
            )
            .correlate(Space, Entry),
        )
        .order_by(Entry.id, Space.id)
    )
    if space_ids is not None:
        query = query.where(Space.id.in_(space_ids))
    found: dict[Entry, set[int]] = {}
    for entry, space_id in session.execute(query):
        found.setdefault(entry, set()).add(space_id)
    return list(found.items())[:AT_ONCE]


def _opens_at(session: Session, now: datetime, office: OfficeClock) -> datetime:
    """When people are next there to answer; one query."""
    zone, hours = office.timezone, office.hours
    calendar = working_days(session, now.astimezone(zone).year)
    return opens_at(now, starts=hours.start, ends=hours.end, zone=zone, calendar=calendar)


def _offer_to(
    session: Session, entry: Entry, found: Sequence[Option], now: datetime, opens: datetime
) -> int | None:
    """Hold the best of these for an entry; which space, if one could be. Raises `holding.Busy`."""
    mine = select(Entry.id).where(Entry.id == entry.id, Entry.state == State.WAITING)
    if session.scalar(mine.with_for_update(skip_locked=True)) is None:
        raise holding.Busy
    wanted = entry.wish.wanted(now)
    if wanted is None:
        return None
    policy_of = policies(session)
    could = within_quotas(session, found, entry.lane, wanted, user_id=entry.user_id, now=now)
    could.sort(key=lambda one: (one.is_overflow, one.is_occupied, one.roominess, one.code))
    for one in could[:TRIES]:
        booking = holding.try_hold(
            session,
            one.space_id,
            wanted,
            user_id=entry.user_id,
            guest_name=entry.guest_name,
            made_by=entry.made_by,
            now=now,
        )
        if booking is not None:
            hold = policy_of.of(one.kind, one.zone_id).offer_hold
            until = hold_until(wanted, now=now, hold=hold, opens=opens)
            change(
                session,
                entry,
                "offered",
                now=now,
                space_id=one.space_id,
                state=State.OFFERED,
                booking_id=booking.id,
                hold_until=until,
            )
            return one.space_id
    return None


@dataclass(frozen=True, slots=True)
class Accepted:
    """The booking that an offer became, and what of the person's ended for it."""

    booking: Booking
    ended: list[Booking]


def accept(
    session: Session, entry: Entry, *, actor: Person, now: datetime, is_there: bool = False
) -> Accepted:
    """Take what is offered; what clashes of one's own ends in the same transaction. `is_there`: said at a kiosk, by
    whoever stands at its door.

    Raises Conflict `waitlist.not_offered` where the hold has ended.
    """
    booking = session.get(Booking, entry.booking_id) if entry.booking_id else None
    if booking is None or not _is_open(entry, now):
        raise Conflict("waitlist.not_offered", state=entry.state.value)
    try:
        ended = holding.confirm(session, booking, actor_id=actor.id, now=now, is_there=is_there)
    except Conflict as error:
        if error.code == "booking.state":
            raise Conflict("waitlist.not_offered", state=entry.state.value) from error
        raise
    if not change(session, entry, "accepted", now=now, actor_id=actor.id, state=State.ACCEPTED):
        raise Conflict("waitlist.not_offered", state=entry.state.value)
    return Accepted(booking, ended)


def _is_open(entry: Entry, now: datetime) -> bool:
    return entry.state is State.OFFERED and entry.hold_until is not None and now < entry.hold_until


def decline(session: Session, entry: Entry, *, actor: Person, now: datetime) -> list[Booking]:
    """Refuse what is offered; returns what is free again. Raises Conflict `waitlist.not_offered`."""
    if entry.state is not State.OFFERED:
        raise Conflict("waitlist.not_offered", state=entry.state.value)
    return _give_up(session, entry, State.DECLINED, actor=actor, now=now)


def leave(session: Session, entry: Entry, *, actor: Person, now: datetime) -> list[Booking]:
    """Wait no longer; what was offered is free again and returned. Raises Conflict `waitlist.not_offered` once over."""
    if entry.state is State.OFFERED:
        return _give_up(session, entry, State.LEFT, actor=actor, now=now)
    if entry.state is not State.WAITING or not change(
        session, entry, "left", now=now, actor_id=actor.id, state=State.LEFT
    ):
        raise Conflict("waitlist.not_offered", state=entry.state.value)
    return []


def held_for(session: Session, entries: Collection[Entry]) -> list[Booking]:
    """What is held for some entries."""
    ids = [one.booking_id for one in entries if one.state is State.OFFERED]
    return list(session.scalars(select(Booking).where(Booking.id.in_(ids)))) if ids else []


def leave_all(session: Session, entries: Collection[Entry], *, actor: Person, now: datetime) -> list[Booking]:
    """Of some entries somebody waits no longer; what was offered is free again and returned. Under the turn of their
    person and of the spaces that are held for them. What somebody answers at this moment is left to them."""
    held = {one.id: one for one in held_for(session, entries)}
    freed = holding.withdraw(
        session, list(held.values()), reason="offer_declined", now=now, actor_id=actor.id
    )
    for one in entries:
        if one.state is State.WAITING or held.get(one.booking_id or 0) in freed:
            change(session, one, "left", now=now, actor_id=actor.id, state=State.LEFT)
    return freed


def _give_up(session: Session, entry: Entry, state: State, *, actor: Person, now: datetime) -> list[Booking]:
    booking = session.get_one(Booking, entry.booking_id)
    queue_up(session, user_ids=[entry.user_id], space_ids=[booking.space_id])
    session.refresh(booking)
    let_go = holding.withdraw(session, [booking], reason="offer_declined", now=now, actor_id=actor.id)
    if not let_go or not change(session, entry, state.value, now=now, actor_id=actor.id, state=state):
        raise Conflict("waitlist.not_offered", state=entry.state.value)
    return let_go


def next_due(session: Session) -> datetime | None:
    """When an offer next runs out, or a wait ends."""
    holds = session.scalar(select(func.min(Entry.hold_until)).where(in_line()))
    ends = session.scalar(select(func.min(Entry.end_at)).where(in_line()))
    return min((at for at in (holds, ends) if at is not None), default=None)
