"""The queue of the plain office (RULES 13): who waits is offered what is free, in the order of asking."""

from __future__ import annotations

from collections.abc import Callable, Set
from datetime import datetime, time, timedelta
from typing import Any

from tests.app.bookings.model import verbs
from tests.app.bookings.model.office import (
    HORIZON,
    PLACES,
    PlainOffice,
    Refused,
    Row,
    Waiting,
    Where,
    Who,
)
from tests.app.bookings.model.sensors import MINUTE
from tests.house import TOKYO

HELD_FOR = 10 * MINUTE
CALL = 30
FRIDAY = 4
CLOSED = {(12, 29), (12, 30), (12, 31), (1, 1), (1, 2), (1, 3)}
IN_LINE = {"waiting", "offered"}


def wait(office: PlainOffice, entry: Waiting) -> None:
    grounds = _against_second(office, entry)
    if entry.end <= office.now:
        grounds.add("waitlist.over")
    elif not any(_could_have(office, entry, PLACES[code]) for code in entry.places):
        grounds.add("waitlist.hopeless")
    if any(_meets(office, entry, row, since=office.now) for row in office.rows):
        grounds.add("waitlist.met")
    _stand(office, entry, grounds)


def draw_number(office: PlainOffice, who: Who) -> None:
    """For half an hour in a booth, today."""
    today = office.now.astimezone(TOKYO)
    midnight = datetime.combine(today.date(), datetime.max.time(), TOKYO) + datetime.resolution
    entry = Waiting(who, "room", frozenset({"booth"}), office.now, midnight, office.now, CALL)
    _stand(office, entry, _against_second(office, entry))


def _stand(office: PlainOffice, entry: Waiting, grounds: Set[str]) -> None:
    if grounds:
        raise Refused(*grounds)
    office.line.append(entry)
    offer(office, set(), only_freed=False)


def _against_second(office: PlainOffice, entry: Waiting) -> set[str]:
    second = any(
        one.who == entry.who
        and one.lane == entry.lane
        and one.state in IN_LINE
        and one.start < entry.end
        and one.end > entry.start
        for one in office.line
    )
    return {"waitlist.joined"} if second else set()


def _could_have(office: PlainOffice, entry: Waiting, where: Where) -> bool:
    """Whether the rules allow it, whoever has it."""
    start, end = entry.wanted(office.now)
    return (
        not where.free
        and (where.section in {None, entry.who.section} or entry.who.role == "facility")
        and end - start <= where.longest
        and start <= office.now + HORIZON[entry.who.role]
    )


def offer(office: PlainOffice, freed: Set[Where], *, only_freed: bool) -> None:
    """To each in the order of asking the first space that is free: nobody sits there, or was just about to leave."""
    for entry in [one for one in office.line if one.state == "waiting" and one.end > office.now]:
        places = [PLACES[code] for code in entry.places if _could_have(office, entry, PLACES[code])]
        for where in sorted(places, key=lambda one: (_is_occupied(office, one), one.code)):
            start, end = entry.wanted(office.now)
            in_use = _is_occupied(office, where) and start <= office.now
            if where not in freed and (only_freed or in_use):
                continue
            row = Row(where, entry.who, start, end, office.now, "held")
            if office.hinders(row) or office.to_be_drawn(where, start, end, office.now):
                continue
            office.rows.append(row)
            entry.state, entry.held = "offered", row
            asked = _opens(office.now)
            asked = asked if asked < start else office.now
            entry.until = min(max(start, asked + HELD_FOR / 2), asked + HELD_FOR, end)
            break


def _opens(now: datetime) -> datetime:
    """When somebody is there to answer: from 8:30 to 17:15 on a working day."""
    at = now.astimezone(TOKYO)
    while at.weekday() > FRIDAY or (at.month, at.day) in CLOSED or at.time() >= time(17, 15):
        at = at.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return max(at, at.replace(hour=8, minute=30))


def offering(verb: Callable[..., None]) -> Callable[..., None]:
    """A verb on a row, after which what it left is offered at once."""

    def do(office: PlainOffice, actor: Who, row: Row, *more: Any) -> None:
        left = row.where
        verb(office, actor, row, *more)
        offer(office, {left}, only_freed=True)

    return do


def sweep(office: PlainOffice) -> None:
    """As the office's sweep, and what it freed or was let go is offered."""
    freed = verbs.sweep(office)
    freed |= settle(office)
    offer(office, freed, only_freed=False)


def change_seat(office: PlainOffice, actor: Who, where: Where) -> None:
    offer(office, verbs.change_seat(office, actor, where), only_freed=True)


def _is_occupied(office: PlainOffice, where: Where) -> bool:
    return where.has_sensor and office.sensors[where.code].state == "occupied"


def settle(office: PlainOffice) -> set[Where]:
    """What nobody answered goes on; who was offered what then closed stands in line again; who has it waits no more.
    Returns what is free again."""
    freed = set()
    for entry in [one for one in office.line if one.state == "offered"]:
        row, due = entry.held, entry.until is not None and entry.until <= office.now
        assert row is not None
        if row.status == "held" and due:
            row.over("cancelled", None)
            entry.state = "expired"
            freed.add(row.where)
        elif row.gave_back:
            entry.state = "declined"
        elif row.status != "held":
            entry.state, entry.held, entry.until = "waiting", None, None
    for entry in [one for one in office.line if one.state == "waiting"]:
        if entry.end <= office.now:
            entry.state = "over"
        elif any(_meets(office, entry, row, since=entry.made_at) for row in office.rows):
            entry.state = "booked_otherwise"
    return freed


def _meets(office: PlainOffice, entry: Waiting, row: Row, *, since: datetime) -> bool:
    start, end = entry.wanted(office.now)
    mine = row.is_live and row.status != "held" and row.who == entry.who and row.where.code in entry.places
    lasts = row.made_at > since and row.end > office.now if entry.minutes else row.end >= end
    return mine and row.start <= start and lasts


def accept(office: PlainOffice, actor: Who, entry: Waiting) -> None:
    """It is theirs, and what of theirs stands in the way ends (RULES 13)."""
    row = _offered_to(office, actor, entry)
    if entry.until is not None and entry.until <= office.now:
        raise Refused("waitlist.not_offered")
    clashing = office.giving_way(row)
    if grounds := office.against_counts(row, row, clashing) - {"buffer"}:
        raise Refused(*grounds)
    for one, how in clashing:
        if how == "shortened":
            one.end = row.start
        else:
            one.over(how, None if how == "cancelled" else office.now)
    row.status, row.made_at, entry.state = "booked", office.now, "accepted"
    offer(office, {one.where for one, _how in clashing}, only_freed=True)


def refuse(office: PlainOffice, actor: Who, entry: Waiting, state: str) -> None:
    """Decline what is offered, or leave the line."""
    if state == "left" and entry.state == "waiting" and entry.who == actor:
        entry.state = "left"
        return
    row = _offered_to(office, actor, entry)
    row.over("cancelled", None)
    entry.state = state
    offer(office, {row.where}, only_freed=True)


def _offered_to(office: PlainOffice, actor: Who, entry: Waiting) -> Row:
    if entry.who != actor:
        raise Refused("waitlist.unknown")
    if entry.state != "offered" or entry.held is None or entry.held.status != "held":
        raise Refused("waitlist.not_offered")
    return entry.held
