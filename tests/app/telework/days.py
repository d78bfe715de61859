"""Verbs of the day log for tests: plans approved, days closed, half-days found."""

from __future__ import annotations

from datetime import date, time, timedelta

from sqlalchemy import select, update

from app import pipeline
from app.bookings import presence
from app.bookings.models import Booking
from app.calendar import working_days
from app.database import reading, transaction
from app.people.models import Role, User
from app.people.service import Person, get_person
from app.telework.daylog.correcting import correct
from app.telework.models import HalfDay, TeleworkPlan
from app.telework.rules import DayClass, Half, PlanKind, PlanState
from tests.house import DAY, OFFICE, House, at


def planned(
    house: House,
    who: str,
    half: Half,
    kind: PlanKind = PlanKind.HOME,
    *,
    on: date = DAY,
    approved: bool = True,
    reported: bool = False,
    part: tuple[time, time] | None = None,
) -> int:
    """A plan as it stands in the database; returns its id."""
    with transaction(house.engine) as session:
        plan = TeleworkPlan(
            user_id=house.people[who].id,
            on_date=on,
            half=half,
            kind=kind,
            state=PlanState.APPROVED if approved else PlanState.REQUESTED,
            requested_at=at("07:00"),
            approved_at=at("07:30") if approved else None,
            approved_by=house.people["chiba"].id if approved else None,
            reported_at=at("17:20") if reported else None,
            starts=part[0] if part else None,
            ends=part[1] if part else None,
        )
        session.add(plan)
        session.flush()
        return plan.id


def close(house: House, on: date = DAY, *, now: str = "04:00", day: int = 1) -> None:
    with transaction(house.engine) as session:
        pipeline.close_day(session, on, at(now, day=day), OFFICE, working_days(session, on.year))


def close_days(house: House, first: date, last: date) -> None:
    """Every day from one to another, each at four in the next morning."""
    for n in range((last - first).days + 1):
        on = first + timedelta(days=n)
        close(house, on, day=(on - DAY).days + 1)


def sat(house: House, who: str, start: str, end: str, where: str = "seat") -> Booking:
    """Somebody books a seat and checks in by their own hand."""
    booking = house.book(who, where, start, end)
    with transaction(house.engine) as session:
        presence.check_in(
            session, session.get_one(Booking, booking.id), actor=house.people[who], now=at(start)
        )
    house.sweep(end)
    return booking


def half_day(house: House, who: str, half: Half, on: date = DAY) -> HalfDay:
    with reading(house.engine) as session:
        found = session.scalars(
            select(HalfDay).where(
                HalfDay.user_id == house.people[who].id, HalfDay.on_date == on, HalfDay.half == half
            )
        ).one()
        session.expunge(found)
    return found


def become(house: House, who: str, role: Role) -> Person:
    """Somebody has another role from now on."""
    with transaction(house.engine) as session:
        session.execute(update(User).where(User.id == house.people[who].id).values(role=role))
        house.people[who] = get_person(session, house.people[who].id, DAY)
    return house.people[who]


def say(house: House, who: str, about: HalfDay, to: DayClass, why: str = "", *, day: int = 1) -> None:
    with transaction(house.engine) as session:
        correct(session, about.id, to, why=why, actor=house.people[who], now=at("09:00", day=day))


def unknown_yesterday(user_id: int, half: Half = Half.AM) -> HalfDay:
    """A half-day of the day before of which nothing is known; to be stored."""
    return HalfDay(
        user_id=user_id,
        on_date=DAY - timedelta(days=1),
        half=half,
        day_class=DayClass.UNKNOWN,
        reason="no_evidence",
        classified_at=at("04:00"),
    )
