"""A booking of a room to which others are invited."""

from __future__ import annotations

from app.bookings import attendees, reserve
from app.bookings.models import Booking
from app.database import transaction
from app.spaces.models import Space
from tests.house import House, at, span


def meeting(house: House, host: str, *invited: str, hour: int = 10, day: int = 0) -> Booking:
    """The host's, an hour in the booth, which is one for four; made at eight, as is each invitation."""
    with transaction(house.engine) as session:
        session.get_one(Space, house.spaces["booth"]).capacity = 4
        booking = reserve.reserve(
            session,
            actor=house.people[host],
            space_id=house.spaces["booth"],
            span=span(f"{hour:02}:00", f"{hour + 1:02}:00", day=day),
            now=at("08:00"),
        )
        ids = [house.people[one].id for one in invited]
        attendees.invite(session, booking, ids, actor=house.people[host], now=at("08:00"))
        session.expunge(booking)
    return booking
