"""What is freed by night is held until people are there to answer."""

from __future__ import annotations

import pytest

from app import pipeline
from app.bookings.models import Booking
from app.database import reading, transaction
from app.waitlist.rules import State, Wish
from tests.app.waitlist.queue import Queue
from tests.house import OFFICE, House, at, span


@pytest.fixture
def queue(house: House) -> Queue:
    return Queue(house)


@pytest.mark.parametrize(("starts", "held"), [("10:00", "08:40"), ("08:36", "08:36"), ("08:33", "08:35")])
def test_what_is_given_back_by_night_is_held_until_people_are_there_to_answer(
    queue: Queue, starts: str, held: str
) -> None:
    house = queue.house
    booking = house.book("aoki", "seat", starts, "11:00", day=1)
    with transaction(house.engine) as session:
        wish = Wish(queue.space("seat"), span(starts, "11:00", day=1))
        entry = pipeline.wait(session, wish, actor=house.people["baba"], now=at("17:00"), office=OFFICE)
        stored = session.get_one(Booking, booking.id)
        pipeline.cancel(session, stored, actor=house.people["aoki"], now=at("22:00"), office=OFFICE)
        session.expunge(entry)
    assert queue.get(entry).hold_until == at(held, day=1)
    with reading(house.engine) as session:
        assert pipeline.next_due(session) == at(held, day=1)
    house.sweep("22:11")
    house.sweep("08:32", day=1)
    assert queue.state(entry) == [State.OFFERED]
    house.sweep(held, day=1)
    assert queue.state(entry) == [State.EXPIRED]


def test_what_begins_before_the_office_opens_is_held_no_longer_than_by_day(queue: Queue) -> None:
    house = queue.house
    booking = house.book("aoki", "booth", "22:30", "23:30")
    entry = queue.wait("baba", "booth", "22:30", "23:30")
    with transaction(house.engine) as session:
        stored = session.get_one(Booking, booking.id)
        pipeline.cancel(session, stored, actor=house.people["aoki"], now=at("22:00"), office=OFFICE)
    assert queue.get(entry).hold_until == at("22:10")
