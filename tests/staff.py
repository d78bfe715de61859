"""People of a small office, and their bookings, made as the product makes them."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from app.bookings.models import Booking
from app.bookings.reserve import reserve
from app.people import service as people
from app.people.models import Role
from app.people.service import Person
from app.timespan import TimeSpan


def hire(session: Session, number: int, *, now: datetime) -> list[Person]:
    """So many people of one section."""
    people.add_section(session, "soumu", name="総務課")
    return [_hire(session, f"user-{one}@example.jp", now) for one in range(number)]


def _hire(session: Session, email: str, now: datetime) -> Person:
    on = now.date()
    user = people.add_user(session, email, name=email, section_code="soumu", role=Role.STAFF, now=now, on=on)
    return people.get_person(session, user.id, on)


def book(
    session: Session, person: Person, space_id: int, start: datetime, length: timedelta, *, now: datetime
) -> Booking:
    """One booking by the person's own hand."""
    return reserve(session, actor=person, space_id=space_id, span=TimeSpan(start, start + length), now=now)
