"""Whoever is elsewhere needs no seat: what their plans make needless of what they have booked, and giving it up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.bookings import release, reserve
from app.bookings.guards import queue_up
from app.bookings.models import Booking
from app.bookings.rules import Status
from app.errors import Conflict
from app.people.service import Person
from app.spaces.models import Space
from app.telework.models import TeleworkPlan
from app.telework.rules import STANDING, PlanKind, what_is_left
from app.telework.service import Office
from app.timespan import TimeSpan, day_span
from app.waitlist import offers


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


def needless_of(
    session: Session, user_ids: Collection[int], *, now: datetime, office: Office, on: date | None = None
) -> dict[int, list[Needless]]:
    """What people need no more of what they have booked and nobody has checked in to, by person in the order of time:
    of today and later, or of one day. Two queries, however many people.

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
            Booking.user_id.in_({user_id for user_id, _day in away}),
            Booking.status == Status.BOOKED,
            Booking.start_at < window.end,
            Booking.end_at > max(window.start, now),
        )
        .order_by(Booking.start_at, Booking.id)
    )
    found: dict[int, list[Needless]] = defaultdict(list)
    for booking, code in rows:
        user_id = booking.user_id or 0
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


def free(
    session: Session, booking_ids: Collection[int], *, actor: Person, now: datetime, office: Office
) -> list[Booking]:
    """Give up those of one's bookings that plans make needless, or the part that they do, and offer it to whoever
    waits; what is needed again by now stays. Returns those that were given up.

    Raises Conflict `booking.changed` where there is none.
    """
    offered = needless_of(session, [actor.id], now=now, office=office).get(actor.id, [])
    space_ids = [one.booking.space_id for one in offered if one.booking.id in booking_ids]
    if not space_ids:
        raise Conflict("booking.changed")
    queue_up(session, user_ids=[actor.id], space_ids=space_ids)
    freed = []
    for one in offered:
        if one.booking.id not in booking_ids:
            continue
        if one.left is None:
            release.cancel(session, one.booking, actor=actor, now=now)
        else:
            reserve.move(session, one.booking, actor=actor, now=now, span=one.left)
        freed.append(one.booking)
    offers.offer(session, now, freed=set(space_ids), only_freed=True)
    return freed
