"""Somebody is away for some days: what they booked, what they wait for in line and what they wish for in draws is given
up in one step, plans or no plans."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from app.bookings import absence
from app.bookings.absence import Days
from app.bookings.models import Booking
from app.lots.models import LotDraw
from app.lots.service import wished, wished_within, withdraw_from
from app.people.service import Person
from app.settings import OfficeClock
from app.spaces.service import codes_of
from app.timespan import TimeSpan
from app.waitlist import offers
from app.waitlist.models import Entry
from app.waitlist.service import list_own, waiting_within


@dataclass(frozen=True, slots=True)
class Absent:
    """What an absence makes needless: bookings, places in line, draws in which the person wishes for a desk; and the
    codes of the spaces that it is about. `guests`: bookings of guests whom they were to receive, which somebody else
    may do as well."""

    bookings: list[Booking]
    guests: list[Booking]
    waits: list[Entry]
    draws: list[LotDraw]
    codes: dict[int, str]


def needless_within(
    session: Session,
    user_id: int,
    when: TimeSpan | Days,
    *,
    now: datetime,
    office: OfficeClock,
) -> Absent:
    """What `cancel_within` would give up; days are the office's where nothing is booked yet."""
    found = absence.booked(session, user_id, when)
    bookings, guests = (
        [one for one in found if bool(one.guest_name) is of_guests] for of_guests in (False, True)
    )
    span = when.at(office.timezone) if isinstance(when, Days) else when
    waits = waiting_within(session, user_id, span, now=now) if span else []
    draws = wished_within(session, user_id, span, now=now, hours=office.hours) if span else []
    space_ids = [*(one.space_id for one in found), *(one.space_id for one in waits)]
    return Absent(bookings, guests, waits, draws, codes_of(session, space_ids))


def is_awaiting(session: Session, user_id: int, *, now: datetime) -> bool:
    """Whether a person stands in line or wishes for a desk anywhere; two queries at most."""
    return bool(list_own(session, user_id, limit=1) or wished(session, user_id, now=now))


def cancel_within(
    session: Session,
    user_id: int,
    when: TimeSpan | Days,
    *,
    actor: Person,
    now: datetime,
    office: OfficeClock,
    why: str = "",
    guest_booking_ids: Collection[int] = (),
) -> Absent:
    """Wish and wait for nothing any more within a span or on some days, cancel what is booked, of guests' bookings
    `guest_booking_ids` alone, and offer it to whoever waits; `guests` of what is returned stay. The draws first, which
    wait for people and spaces in their own turn. Raises as `absence.cancel_within`."""
    found = needless_within(session, user_id, when, now=now, office=office)
    draws = withdraw_from(session, found.draws, user_id, actor=actor, now=now)
    turns = [one.space_id for one in offers.held_for(session, found.waits)]
    cancelled = absence.cancel_within(
        session,
        user_id,
        when,
        actor=actor,
        now=now,
        why=why,
        turns=turns,
        guest_booking_ids=guest_booking_ids,
    )
    stay = [one for one in found.guests if one not in cancelled]
    let_go = offers.leave_all(session, found.waits, actor=actor, now=now)
    freed = {one.space_id for one in (*cancelled, *let_go)}
    offers.offer(session, now, freed=freed, only_freed=True, office=office)
    return Absent(cancelled, stay, found.waits, draws, found.codes)
