"""Whoever is elsewhere needs no seat: what their plans make needless of what they have booked, of what they wait for in
line and in draws, and giving it up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.bookings import release, reserve
from app.bookings.guards import queue_up
from app.bookings.models import Booking
from app.bookings.rules import Status
from app.bookings.service import is_of
from app.errors import Conflict
from app.lots.models import LotDraw
from app.lots.service import wished, withdraw_from
from app.people.service import Person
from app.spaces.models import Space
from app.spaces.service import codes_of
from app.telework.models import TeleworkPlan
from app.telework.rules import STANDING, PlanKind, what_is_left
from app.telework.service import Office
from app.timespan import TimeSpan, day_span, without
from app.waitlist import offers
from app.waitlist.models import Entry
from app.waitlist.rules import State
from app.waitlist.service import list_own


@dataclass(frozen=True, slots=True)
class Needless:
    """A booking that plans make needless, all of it or, but for what is `left`, a part. `code`: of its space; `plans`:
    those of its day, by half."""

    booking: Booking
    code: str
    left: TimeSpan | None
    plans: tuple[TeleworkPlan, ...]

    @property
    def approved(self) -> bool:
        """Whether the chief has allowed all that makes it needless."""
        return all(plan.approved_at is not None for plan in self.plans)

    @property
    def is_of_guest(self) -> bool:
        """Whether it is a guest's whom the person was to receive: somebody else may do so."""
        return bool(self.booking.guest_name)


def needless_of(
    session: Session, user_ids: Collection[int], *, now: datetime, office: Office, on: date | None = None
) -> dict[int, list[Needless]]:
    """What people need no more of what they have booked, be it for a guest whom they receive, and nobody has checked in
    to, by person in the order of time: of today and later, or of one day. Two queries, however many people.

    What lies around an absence of some hours stays: it would have to be cut in two.
    """
    away = _away(session, user_ids, on or office.day(now), on)
    if not away:
        return {}
    days = [day for _user_id, day in away]
    window = TimeSpan(day_span(min(days), office.timezone).start, day_span(max(days), office.timezone).end)
    rows = session.execute(
        select(Booking, Space.code)
        .join(Space, Space.id == Booking.space_id)
        .where(
            is_of({user_id for user_id, _day in away}),
            Booking.status == Status.BOOKED,
            Booking.start_at < window.end,
            Booking.end_at > max(window.start, now),
        )
        .order_by(Booking.start_at, Booking.id)
    )
    found: dict[int, list[Needless]] = defaultdict(list)
    for booking, code in rows:
        user_id = booking.host_id or 0
        plans = away.get((user_id, office.day(booking.start_at)), ())
        freed = what_is_left(booking.span, [office.away(plan) for plan in plans], now=now)
        if freed is not None:
            found[user_id].append(Needless(booking, code, freed.left, plans))
    return dict(found)


def _away(
    session: Session, user_ids: Collection[int], first: date, on: date | None
) -> Mapping[tuple[int, date], tuple[TeleworkPlan, ...]]:
    """The plans by which people are elsewhere, by person and day."""
    query = select(TeleworkPlan).where(
        TeleworkPlan.user_id.in_(user_ids),
        TeleworkPlan.on_date == on if on else TeleworkPlan.on_date >= first,
        TeleworkPlan.kind != PlanKind.OFFICE,
        TeleworkPlan.state.in_(STANDING),
    )
    found: dict[tuple[int, date], tuple[TeleworkPlan, ...]] = {}
    for plan in session.scalars(query.order_by(TeleworkPlan.on_date, TeleworkPlan.half)):
        key = plan.user_id, plan.on_date
        found[key] = (*found.get(key, ()), plan)
    return found


def needless_by(session: Session, plan: TeleworkPlan, office: Office, *, now: datetime) -> list[Needless]:
    """What a plan makes needless, together with the others of its day."""
    if plan.kind is PlanKind.OFFICE:
        return []
    return needless_of(session, [plan.user_id], now=now, office=office, on=plan.on_date).get(plan.user_id, [])


@dataclass(frozen=True, slots=True)
class Awaited:
    """What somebody waits for and their plans make needless: places in line, draws in which they wish for a desk; and
    the codes of the spaces that they wait for."""

    waits: list[Entry]
    draws: list[LotDraw]
    codes: dict[int, str]


def awaited_needlessly(session: Session, user_id: int, *, now: datetime, office: Office) -> Awaited:
    """Of what a person waits for, what lies wholly in the time when they are elsewhere; four queries."""
    away = _away(session, [user_id], office.day(now), None)
    if not away:
        return Awaited([], [], {})

    def is_needless(span: TimeSpan | None) -> bool:
        plans = away.get((user_id, office.day(span.start)), ()) if span else ()
        return span is not None and _is_elsewhere(span, plans, office)

    waits = [one for one in list_own(session, user_id) if is_needless(one.wish.left(now))]
    days = wished(session, user_id, now=now)
    draws = [one for one, _clock in days if is_needless(office.open_on(one.on_date))]
    return Awaited(waits, draws, codes_of(session, (one.space_id for one in waits)))


def away_all_day(session: Session, user_ids: Collection[int], on: date, office: Office) -> set[int]:
    """Who of some people is elsewhere in all of the office's hours of a day; one query."""
    away = _away(session, user_ids, on, on)
    return {
        user_id for (user_id, _), plans in away.items() if _is_elsewhere(office.open_on(on), plans, office)
    }


def _is_elsewhere(span: TimeSpan, plans: Iterable[TeleworkPlan], office: Office) -> bool:
    """Whether plans lead elsewhere for all of a span."""
    return not without(span, [office.away(plan) for plan in plans])


@dataclass(frozen=True, slots=True)
class GivenUp:
    """What somebody gave up: bookings, places in line, wishes in draws."""

    bookings: list[Booking]
    waits: list[Entry]
    draws: list[LotDraw]


def free(
    session: Session,
    booking_ids: Collection[int],
    *,
    actor: Person,
    now: datetime,
    office: Office,
    entry_ids: Collection[int] = (),
    draw_ids: Collection[int] = (),
) -> GivenUp:
    """Give up those of one's bookings that plans make needless, or the part that they do, and offer it to whoever
    waits; and what one waits for needlessly. What is needed again by now stays.

    Raises Conflict `booking.changed` where there is nothing of it.
    """
    listed = needless_of(session, [actor.id], now=now, office=office).get(actor.id, [])
    offered = [one for one in listed if one.booking.id in booking_ids]
    awaited = awaited_needlessly(session, actor.id, now=now, office=office)
    waits = [one for one in awaited.waits if one.id in entry_ids]
    draws = [one for one in awaited.draws if one.id in draw_ids]
    if not (offered or waits or draws):
        raise Conflict("booking.changed")
    draws = withdraw_from(session, draws, actor.id, actor=actor, now=now)
    space_ids = {one.booking.space_id for one in offered}
    held_ids = {one.space_id for one in offers.held_for(session, waits)}
    queue_up(session, user_ids=[actor.id], space_ids=space_ids | held_ids)
    for one in offered:
        if one.left is None:
            release.cancel(session, one.booking, actor=actor, now=now)
        else:
            reserve.move(session, one.booking, actor=actor, now=now, span=one.left)
    offers.leave_all(session, waits, actor=actor, now=now)
    offers.offer(session, now, freed=space_ids | held_ids, only_freed=True, office=office)
    return GivenUp([one.booking for one in offered], [one for one in waits if one.state is State.LEFT], draws)
