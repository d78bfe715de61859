"""Standing in line: join, leave, look; and the one way in which an entry changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import Select, func, select, update
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from app import events
from app.bookings.guards import queue_up
from app.bookings.models import Booking
from app.bookings.now.options import options, stock_for
from app.bookings.now.rules import CALL
from app.bookings.now.service import target_named
from app.bookings.service import space_called
from app.database import lock_rows
from app.errors import Conflict, NotFound, RuleBroken
from app.people.models import Role
from app.people.service import Person
from app.spaces.models import Site, Space, Zone
from app.spaces.rules import LANES, Lane, Target
from app.spaces.service import get_place, get_zone, in_layout
from app.spaces.zones import get_site, home_site, site_of_zone, zones_by_site
from app.timespan import TimeSpan, day_span
from app.waitlist.met import refuse_met
from app.waitlist.models import Entry
from app.waitlist.rules import IN_LINE, State, Wish, expected_at

Row = TypeVar("Row", Booking, Space, Zone)
_entries = Entry.metadata.tables["waitlist_entries"]


def in_line(entry: Any = Entry) -> Any:
    """That an entry still stands in line, in the words of the indexes."""
    return entry.state.in_(IN_LINE)


TARGET = ("space_id", "kind", "zone_id", "site_id", "lane")


def target_of(
    session: Session,
    *,
    space_id: int | None,
    kind: str | None,
    zone_id: int | None,
    site_id: int | None,
    lane: str | None,
    actor: Person,
    space_code: str = "",
) -> Target:
    """What somebody named: a space by its id or the code that people read on it, or a kind, a zone, a lane. It is of
    one site: that of the space or zone, or the named one, or where the actor is at home.
    Raises NotFound `space.unknown`, `zone.unknown` or `site.unknown`."""
    if space_code:
        space_id = space_called(session, space_code)
    if space_id is not None:
        place = get_place(session, space_id)
        site = site_of_zone(session, place.zone.id)
        return Target(place.space.lane, space_id=space_id, site_id=site.id)
    if zone_id is not None:
        return target_named(kind, lane, zone_id, site_of_zone(session, zone_id).id)
    if site_id is not None:
        return target_named(kind, lane, None, get_site(session, site_id).id)
    home = home_site(session, actor.section_ids, actor.within)
    return target_named(kind, lane, None, home.id if home is not None else None)


def join(session: Session, wish: Wish, *, actor: Person, now: datetime) -> Entry:
    """Stand in line for a space, a zone, a site or a kind; one place for a person, lane and time.

    Raises NotFound `zone.unknown`, RuleBroken `waitlist.over` for a span that is over, `waitlist.hopeless` for what no
    offer could ever be, Conflict `waitlist.joined`, `waitlist.met` where they have all of it already.
    """
    target, span = wish.target, wish.span
    if target.zone_id is not None:
        get_zone(session, target.zone_id)
    _refuse_hopeless(session, wish, person=actor, now=now)
    queue_up(session, user_ids=[actor.id], space_ids=[])
    _refuse_second(session, actor.id, target.lane, span)
    refuse_met(session, wish, actor.id, now)
    entry = Entry(
        user_id=actor.id,
        lane=target.lane,
        kind=target.kind,
        zone_id=target.zone_id,
        space_id=target.space_id,
        site_id=target.site_id,
        start_at=span.start,
        end_at=span.end,
        minutes=wish.length // timedelta(minutes=1) if wish.length else None,
    )
    return _add(session, entry, actor=actor, now=now)


def _refuse_hopeless(session: Session, wish: Wish, *, person: Person | None, now: datetime) -> None:
    """`person` None: whoever stands at a kiosk. Raises RuleBroken `waitlist.over` or `waitlist.hopeless`."""
    wanted = wish.wanted(now)
    if wanted is None:
        raise RuleBroken("waitlist.over")
    if not options(session, wish.target, wanted, person=person, now=now, until=wanted.end):
        raise RuleBroken("waitlist.hopeless")


@dataclass(frozen=True, slots=True)
class Draw:
    """A number for the rooms of a zone. It holds until the day of the zone's site ends; a turn lasts `length`."""

    zone_id: int
    length: timedelta = CALL


def draw(session: Session, wanted: Draw, *, actor: Person, now: datetime) -> Entry:
    """Draw the next number of a zone's day, as at a reception desk: for oneself, at a kiosk for whoever stands there.

    Raises NotFound `zone.unknown`, RuleBroken `waitlist.hopeless` where the zone has no room that they may book for so
    long now, Conflict `waitlist.joined`.
    """
    zone_id, site = wanted.zone_id, site_of_zone(session, wanted.zone_id)
    on, day = _day_at(site, now)
    span = TimeSpan(now, day.end)
    person = None if actor.role is Role.KIOSK else actor
    target = Target(Lane.ROOM, zone_id=zone_id, site_id=site.id)
    _refuse_hopeless(session, Wish(target, span, wanted.length), person=person, now=now)
    user_id = person.id if person else None
    queue_up(session, user_ids=[user_id], space_ids=[])
    if user_id is not None:
        _refuse_second(session, user_id, Lane.ROOM, span)
    lock_rows(session, "numbers", [zone_id])
    last = session.scalar(
        select(func.max(Entry.number)).where(Entry.zone_id == zone_id, Entry.drawn_on == on)
    )
    entry = Entry(
        user_id=user_id,
        lane=Lane.ROOM,
        zone_id=zone_id,
        site_id=site.id,
        start_at=span.start,
        end_at=span.end,
        minutes=wanted.length // timedelta(minutes=1),
        number=(last or 0) + 1,
        drawn_on=on,
    )
    return _add(session, entry, actor=actor, now=now)


def _day_at(site: Site, now: datetime) -> tuple[date, TimeSpan]:
    """The day that it is at a site."""
    zone = ZoneInfo(site.timezone)
    on = now.astimezone(zone).date()
    return on, day_span(on, zone)


def _refuse_second(session: Session, user_id: int, lane: Lane, span: TimeSpan) -> None:
    query = select(Entry.id).where(
        Entry.user_id == user_id,
        Entry.lane == lane,
        in_line(),
        Entry.start_at < span.end,
        Entry.end_at > span.start,
    )
    waiting = session.scalar(query.limit(1))
    if waiting is not None:
        raise Conflict("waitlist.joined", entry_id=waiting)


def _add(session: Session, entry: Entry, *, actor: Person, now: datetime) -> Entry:
    entry.state, entry.made_at, entry.made_by = State.WAITING, now, actor.id
    session.add(entry)
    session.flush()
    record(session, entry, "joined", now=now, actor_id=actor.id)
    return entry


def record(
    session: Session,
    entry: Entry,
    what: str,
    *,
    now: datetime,
    actor_id: int | None,
    space_id: int | None = None,
) -> None:
    """Append what happened to an entry to the log, as `waitlist.…`. `space_id`: what is held for it."""
    events.record(
        session,
        f"waitlist.{what}",
        f"waitlist:{entry.id}",
        at=now,
        actor_id=actor_id,
        user_id=entry.user_id,
        number=entry.number,
        booking_id=entry.booking_id,
        space_id=space_id or entry.space_id,
        hold_until=entry.hold_until.isoformat() if entry.hold_until else None,
        start=entry.start_at.isoformat(),
        end=entry.end_at.isoformat(),
    )


def change(
    session: Session,
    entry: Entry,
    what: str,
    *,
    now: datetime,
    actor_id: int | None = None,
    space_id: int | None = None,
    **values: Any,
) -> bool:
    """Change an entry if it still is in the state it was read in, and record it; whether it was."""
    query = update(_entries).where(_entries.c.id == entry.id, _entries.c.state == entry.state)
    if session.connection().execute(query.values(**values)).rowcount != 1:
        return False
    for name, value in values.items():
        set_committed_value(entry, name, value)
    record(session, entry, what, now=now, actor_id=actor_id, space_id=space_id)
    return True


def get_entry(session: Session, entry_id: int, *, actor: Person) -> Entry:
    """An entry that the actor may answer: one's own; at a kiosk, a number that nobody's account drew.

    Raises NotFound `waitlist.unknown`, for a stranger's too.
    """
    entry = session.get(Entry, entry_id)
    mine = entry is not None and (
        entry.user_id == actor.id if entry.user_id is not None else actor.role in {Role.KIOSK, Role.FACILITY}
    )
    if entry is None or not mine:
        raise NotFound("waitlist.unknown", entry_id=entry_id)
    return entry


def offer_of(session: Session, booking_id: int) -> Entry:
    """The entry for which a booking is, or was, held. Raises Conflict `waitlist.not_offered`."""
    entry = session.scalar(select(Entry).where(Entry.booking_id == booking_id))
    if entry is None:
        raise Conflict("waitlist.not_offered")
    return entry


def list_own(session: Session, user_id: int, *, after_id: int = 0, limit: int | None = None) -> list[Entry]:
    """A person's entries that stand in line, in the order of asking."""
    query = (
        select(Entry)
        .where(Entry.user_id == user_id, in_line(), Entry.id > after_id)
        .order_by(Entry.id)
        .limit(limit)
    )
    return list(session.scalars(query))


def waiting_within(session: Session, user_id: int, span: TimeSpan, *, now: datetime) -> list[Entry]:
    """Those of them of which what is left begins within a span."""
    return [
        one
        for one in list_own(session, user_id)
        if (left := one.wish.left(now)) is not None and span.contains(left.start)
    ]


@dataclass(frozen=True, slots=True)
class Standing:
    """An entry as it is shown: its place among those that wait for the same (1: the next) and when it may be its turn;
    while offered, what is held for it."""

    entry: Entry
    place: int
    expected_at: datetime | None
    zone: Zone | None
    space: Space | None
    held: Booking | None
    held_space: Space | None


def standing(session: Session, entries: Sequence[Entry], *, now: datetime) -> list[Standing]:
    """Each with its place; a fixed number of queries, however many."""
    waiting = {
        entry: wanted
        for entry in entries
        if entry.state is State.WAITING and (wanted := entry.wish.wanted(now)) is not None
    }
    turns = _turns(session, waiting, now) if waiting else {}
    held = _by_id(session, Booking, [entry.booking_id for entry in entries])
    spaces = _by_id(
        session, Space, [*(entry.space_id for entry in entries), *(one.space_id for one in held.values())]
    )
    zones = _by_id(session, Zone, [entry.zone_id for entry in entries])
    shown = []
    for entry in entries:
        place, at = turns.get(entry, (0, None))
        booking = held.get(entry.booking_id or 0)
        shown.append(
            Standing(
                entry,
                place,
                at if at is not None and at < entry.end_at else None,
                zones.get(entry.zone_id or 0),
                spaces.get(entry.space_id or 0),
                booking,
                spaces.get(booking.space_id) if booking else None,
            )
        )
    return shown


def _by_id(session: Session, of: type[Row], ids: Iterable[int | None]) -> dict[int, Row]:
    """Rows of a table by their id; no query where none is wanted."""
    wanted = {one for one in ids if one is not None}
    return {one.id: one for one in session.scalars(select(of).where(of.id.in_(wanted)))} if wanted else {}


def _turns(
    session: Session, waiting: Mapping[Entry, TimeSpan], now: datetime
) -> dict[Entry, tuple[int, datetime | None]]:
    """The place of each in line, and when it may be its turn."""
    window = TimeSpan(now, max(entry.end_at for entry in waiting))
    left = stock_for(session, {entry.wish.target for entry in waiting}, window)
    query = select(Entry).where(
        in_line(), Entry.state == State.WAITING, Entry.id < max(one.id for one in waiting)
    )
    line = session.scalars(query).all()
    found = {}
    for entry, wanted in waiting.items():
        place = 1 + sum(_is_before(one, entry) for one in line)
        free = left.options(session, entry.wish.target, wanted, person=None, now=now, until=entry.end_at)
        frees = [max((busy.end for busy in one.busy if busy.start < wanted.end), default=now) for one in free]
        found[entry] = place, expected_at(place, frees=frees, turn=wanted.length, now=now)
    return found


def _is_before(other: Entry, entry: Entry) -> bool:
    """Whether somebody asked before for what may be the same: of that lane and time, and of no other kind, zone,
    space or site."""
    return (
        other.id < entry.id
        and other.lane is entry.lane
        and other.start_at < entry.end_at
        and other.end_at > entry.start_at
        and all(
            getattr(entry, name) is None or getattr(other, name) in {None, getattr(entry, name)}
            for name in ("kind", "zone_id", "space_id", "site_id")
        )
    )


def zones_to_wait_for(session: Session, person: Person) -> list[tuple[Site, list[Zone]]]:
    """The zones that are booked, by their site, the person's own first: for free seating nobody waits; four queries."""
    home = home_site(session, person.section_ids, person.within)
    found = sorted(zones_by_site(session), key=lambda one: one[0] is not home)
    return [(site, [zone for zone in zones if not zone.free_seating]) for site, zones in found]


def zones_with_rooms(session: Session) -> list[Zone]:
    """The zones at whose booths numbers can be drawn, in the order of their codes."""
    return list(session.scalars(_with_rooms().order_by(Zone.code)))


def _with_rooms() -> Select[Zone]:
    rooms = [kind for kind, lane in LANES.items() if lane is Lane.ROOM]
    with_rooms = select(Space.zone_id).where(Space.kind.in_(rooms), in_layout(Space))
    return select(Zone).where(Zone.free_seating.is_(False), Zone.id.in_(with_rooms))


def numbers(session: Session, zone_id: int, *, now: datetime) -> list[Entry]:
    """The numbers of a zone that were drawn today and stand in line, in the order of drawing. Raises NotFound
    `zone.unknown`."""
    on, _day = _day_at(site_of_zone(session, zone_id), now)
    query = select(Entry).where(Entry.zone_id == zone_id, Entry.drawn_on == on, in_line())
    return list(session.scalars(query.order_by(Entry.id)))
