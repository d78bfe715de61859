"""What is offered to somebody is guarded for the space, not for the person (RULES 13): it is in nobody's own way."""

from __future__ import annotations

import pytest

from app.bookings import walk_in
from app.bookings.instead import in_the_way, told
from app.bookings.models import Booking
from app.bookings.rules import Status
from app.database import reading
from app.errors import Conflict
from app.waitlist.rules import State
from tests.app.waitlist.queue import Queue
from tests.house import OFFICE, House, at, span


@pytest.fixture
def queue(house: House) -> Queue:
    return Queue(house)


def test_who_sits_down_elsewhere_sits_until_the_days_end_and_accepting_ends_it_there(queue: Queue) -> None:
    house = queue.house
    entry = queue.wait("aoki", "seat", "13:00", "17:00", now="09:00")
    claim = house.claim("aoki", "window", "09:01")
    assert claim.end_at == at("00:00", day=1)
    queue.answer("aoki", entry, "accept_offer", "09:05")
    assert (house.get(claim).status, house.get(claim).end_at) == (Status.CHECKED_IN, at("13:00"))


def test_an_offer_that_begins_in_a_moment_keeps_nobody_from_sitting_down(queue: Queue) -> None:
    entry = queue.wait("aoki", "seat", "09:01", "17:00", now="09:00")
    assert queue.state(entry) == [State.OFFERED]
    assert queue.house.claim("aoki", "window", "09:00:30").end_at == at("00:00", day=1)


def test_at_the_offered_space_itself_one_sits_until_the_offer_begins(queue: Queue) -> None:
    queue.wait("aoki", "seat", "13:00", "17:00", now="09:00")
    assert queue.house.claim("aoki", "seat", "09:01").end_at == at("13:00")


def test_an_offer_is_not_named_as_what_stands_in_ones_way(queue: Queue) -> None:
    house = queue.house
    queue.wait("aoki", "seat", "13:00", "17:00", now="09:00")
    house.book("baba", "window", "13:00", "14:00")
    mine = house.book("aoki", "window", "10:00", "11:00")
    wanted = span("13:30", "14:30")
    with reading(house.engine) as session:
        booking = session.get_one(Booking, mine.id)
        way = in_the_way(
            session,
            booking,
            house.spaces["window"],
            wanted,
            now=at("09:05"),
            hours=OFFICE.hours,
        )
    assert (way.held, way.other_code) == ([], "bare")
    with (
        pytest.raises(Conflict) as caught,
        told(house.engine, actor=house.people["aoki"], now=at("09:05"), hours=OFFICE.hours),
    ):
        house.book("aoki", "window", "13:30", "14:30", now="09:05")
    assert caught.value.facts["next_start"] == at("14:00").isoformat()


def test_who_is_offered_a_seat_of_this_moment_is_still_asked_whether_that_is_them(queue: Queue) -> None:
    house = queue.house
    queue.wait("aoki", "seat", "09:00", "17:00", now="09:00")
    house.hear("window", ("09:01", True), ("09:03", True))
    with reading(house.engine) as session:
        seen = walk_in.just_seen(session, person=house.people["aoki"], now=at("09:04"))
        assert [one.code for one in seen] == ["window"]
