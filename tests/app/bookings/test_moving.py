"""Nobody is sent where somebody sits: what a sensor sees without a booking counts for whoever comes at once."""

from __future__ import annotations

import pytest

from app import pipeline
from app.bookings.alternatives import Nearby
from app.bookings.models import Booking
from app.bookings.rules import Status
from app.database import reading, transaction
from app.spaces.service import get_place
from tests.house import House, at, span


@pytest.fixture
def begun(house: House) -> Booking:
    """A seat that is booked from nine and nobody has come to yet; of the other seats the window alone is in order."""
    house.break_("bare")
    return house.book("aoki", "seat", "09:00", "12:00")


def break_down(house: House, now: str) -> str:
    """The seat breaks; where its one booking goes."""
    with transaction(house.engine) as session:
        outage = pipeline.Outage(house.spaces["seat"], at(now), None, "")
        (move,) = pipeline.take_out_of_order(session, outage, actor=house.people["fujii"], now=at(now))
    return move.code


def sit(house: House, where: str) -> None:
    house.hear(where, ("09:01", True), ("09:03", True))


def test_a_seat_that_nobody_sits_at_takes_what_has_begun(house: House, begun: Booking) -> None:
    assert break_down(house, "09:10") == "window"
    assert house.get(begun).span == span("09:10", "12:00")


def test_where_somebody_sits_nobody_else_is_sent_who_comes_now(house: House, begun: Booking) -> None:
    sit(house, "window")
    assert break_down(house, "09:10") == "focus"


def test_whoever_finds_every_seat_in_use_is_told(house: House, begun: Booking) -> None:
    sit(house, "window")
    sit(house, "focus")
    assert break_down(house, "09:10") == ""
    assert (house.get(begun).status, house.get(begun).reason) == (Status.ENDED_EARLY, "out_of_order")


def test_what_begins_later_goes_where_somebody_sits_now(house: House) -> None:
    house.break_("bare")
    house.book("aoki", "seat", "14:00", "15:00")
    sit(house, "window")
    assert break_down(house, "09:10") == "window"


def test_a_sensor_that_is_stuck_keeps_nobody_away(house: House) -> None:
    house.break_("bare")
    house.hear("window", ("03:00", True), ("03:02", True))
    house.hear_beats("window", "03:10", "15:10", occupied=True)
    house.book("aoki", "seat", "15:00", "17:00", now="15:00")
    assert break_down(house, "15:11") == "window"


def test_the_nearest_space_for_now_is_one_that_nobody_sits_at(house: House) -> None:
    sit(house, "window")
    house.break_("bare")
    with reading(house.engine) as session:
        place = get_place(session, house.spaces["seat"])
        user_id = house.people["aoki"].id
        for wanted, found in ((span("09:10", "10:00"), "focus"), (span("11:00", "12:00"), "window")):
            nearby = Nearby(session, place, wanted, user_id=user_id, now=at("09:10"))
            nearest = nearby.space(wanted)
            assert (nearest.code if nearest else None) == found
