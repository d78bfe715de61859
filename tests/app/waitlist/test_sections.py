"""Who may wait for what, and is offered it, goes by the sections of the day that is waited for."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from app import pipeline
from app.bookings.models import Booking
from app.database import transaction
from app.errors import RuleBroken
from app.people.models import Membership
from app.people.service import get_person
from app.waitlist.models import Entry
from app.waitlist.rules import State, Wish
from tests.app.waitlist.queue import Queue
from tests.house import DAY, OFFICE, House, at, span


@pytest.fixture
def queue(house: House) -> Queue:
    return Queue(house)


def wait(queue: Queue, who: str, where: str, day: int) -> Entry:
    with transaction(queue.house.engine) as session:
        wish = Wish(queue.space(where), span("10:00", "12:00", day=day))
        entry = pipeline.wait(session, wish, actor=queue.house.people[who], now=at("08:30"), office=OFFICE)
        session.expunge(entry)
    return entry


def give_back(queue: Queue, who: str, booking: Booking) -> None:
    with transaction(queue.house.engine) as session:
        stored = session.get_one(Booking, booking.id)
        pipeline.cancel(session, stored, actor=queue.house.people[who], now=at("09:00"), office=OFFICE)


def test_whoever_enters_a_section_waits_for_its_seats_from_that_day_on(queue: Queue) -> None:
    house = queue.house
    with transaction(house.engine) as session:
        zei = next(iter(house.people["endo"].section_ids))
        user_id = house.people["baba"].id
        session.add(Membership(user_id=user_id, section_id=zei, from_on=DAY + timedelta(days=6)))
        session.flush()
        house.people["baba"] = get_person(session, user_id, DAY)
    taken = house.book("endo", "taxes", "09:00", "12:00", day=7)
    with pytest.raises(RuleBroken, match=r"waitlist\.hopeless"):
        wait(queue, "baba", "taxes", 5)
    entry = wait(queue, "baba", "taxes", 7)
    give_back(queue, "endo", taken)
    assert queue.state(entry) == [State.OFFERED]


def test_whoever_leaves_a_section_is_offered_none_of_its_seats_after_that(queue: Queue) -> None:
    house = queue.house
    taken = house.book("fujii", "taxes", "09:00", "12:00", day=7)
    entry = wait(queue, "endo", "taxes", 7)
    with transaction(house.engine) as session:
        user_id = house.people["endo"].id
        last = DAY + timedelta(days=5)
        session.execute(update(Membership).where(Membership.user_id == user_id).values(until_on=last))
        session.flush()
        house.people["endo"] = get_person(session, user_id, DAY)
    give_back(queue, "fujii", taken)
    assert queue.state(entry) == [State.WAITING]
    with pytest.raises(RuleBroken, match=r"waitlist\.hopeless"):
        wait(queue, "endo", "taxes", 6)
