"""Who is in, at home or away now, as far as they said so themselves: by a plan that was approved, or by checking in by
hand. What a sensor suggests is nobody's presence (RULES 6)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.boards.rules import By, Where, where_now
from app.bookings.models import Booking
from app.bookings.rules import By as CheckedInBy
from app.bookings.rules import Status
from app.people.lookup import look_up
from app.people.models import SEES_ALL, Role
from app.people.sections import people_within, reach_of
from app.people.service import Person
from app.settings import Settings
from app.spaces.models import Space
from app.telework.daylog.service import check_sees_section
from app.telework.models import TeleworkPlan
from app.telework.rules import PlanState
from app.telework.service import Office
from app.timespan import TimeSpan


class Named(Protocol):
    """A person as both a section's list and a search give them."""

    @property
    def id(self) -> int: ...
    @property
    def name(self) -> str: ...
    @property
    def kana(self) -> str: ...
    @property
    def extension(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Present:
    """Where somebody is now, by what they said, from when until when; `space`: at which they checked in."""

    person: Named
    where: Where
    by: By | None = None
    span: TimeSpan | None = None
    space: Space | None = None


def of_section(session: Session, section_id: int, *, actor: Person, on: date) -> Sequence[Named]:
    """Who belongs to a section or one below it, for whoever sees its days. Raises Forbidden `telework.not_allowed`."""
    check_sees_section(session, section_id, actor=actor)
    people = people_within(session, section_id, on)
    return [one for one in people if one.role not in {Role.KIOSK, Role.SERVICE}]


def named(session: Session, query: str, *, actor: Person, on: date, now: datetime) -> Sequence[Named]:
    """Whose name begins so, of those whose days the actor sees; each is told who looked."""
    among = None if actor.role in SEES_ALL else reach_of(session, actor.section_ids)
    return look_up(session, query, actor=actor, on=on, now=now, among=among)


def located(session: Session, people: Sequence[Named], *, now: datetime, settings: Settings) -> list[Present]:
    """Where each of some people is now; two queries."""
    ids = [one.id for one in people]
    away, here = _planned(session, ids, now, Office.of(settings)), _checked_in(session, ids, now)
    found = []
    for one in people:
        plan, span = away.get(one.id, (None, None))
        booking, space = here.get(one.id, (None, None))
        where, by = where_now(plan.kind if plan else None, by_hand=booking is not None)
        if by is By.CHECK_IN and booking is not None:
            since = booking.checked_in_at or booking.start_at
            found.append(Present(one, where, by, TimeSpan(since, booking.end_at), space))
        else:
            found.append(Present(one, where, by, span))
    return found


def _planned(
    session: Session, ids: Collection[int], now: datetime, office: Office
) -> dict[int, tuple[TeleworkPlan, TimeSpan]]:
    """The approved plans of the day that hold now, with when they do, by person."""
    query = select(TeleworkPlan).where(
        TeleworkPlan.user_id.in_(ids),
        TeleworkPlan.on_date == office.day(now),
        TeleworkPlan.state == PlanState.APPROVED,
    )
    spans = ((plan, office.away(plan)) for plan in session.scalars(query.order_by(TeleworkPlan.id)))
    return {plan.user_id: (plan, span) for plan, span in spans if span.contains(now)}


def _checked_in(session: Session, ids: Collection[int], now: datetime) -> dict[int, tuple[Booking, Space]]:
    """What people are checked in to now by their own hand; where two, the latest."""
    query = (
        select(Booking, Space)
        .join(Space, Space.id == Booking.space_id)
        .where(
            Booking.user_id.in_(ids),
            Booking.status == Status.CHECKED_IN,
            Booking.checked_in_by == CheckedInBy.HAND,
            Booking.end_at > now,
        )
        .order_by(Booking.checked_in_at, Booking.id)
    )
    return {booking.user_id or 0: (booking, space) for booking, space in session.execute(query)}
