"""What stands already: who has come, what ran out, what another took while one waited."""

import pytest

from app.database import transaction
from app.errors import Conflict, RuleBroken
from app.spaces.rules import Kind
from app.spaces.service import set_policy
from tests.app.bookings.test_reserve import move, refused
from tests.house import House, at


def test_what_is_checked_in_does_not_begin_later(house: House) -> None:
    booking = house.claim("aoki", "seat", "09:00")
    with pytest.raises(RuleBroken) as caught:
        move(house, booking, now="10:00", start="13:00", end="17:00")
    assert caught.value.facts["rule"] == "begun"


def test_what_ran_out_is_not_prolonged_even_before_the_sweep_says_so(house: House) -> None:
    booking = house.book("aoki", "seat", "09:00", "10:00")
    with pytest.raises(Conflict) as caught:
        move(house, booking, now="10:00", start="09:00", end="11:00")
    assert refused(caught.value, "booking.state")


def test_prolonging_a_claim_asks_for_no_quota_since_claims_do_not_count(house: House) -> None:
    with transaction(house.engine) as session:
        set_policy(session, Kind.SEAT, "weekly_quota", "1", now=at("00:00"), actor_id=None)
    house.book("aoki", "seat", "15:00", "16:00")
    claimed = house.claim("aoki", "window", "09:00")
    shorter = move(house, claimed, now="10:00", start="09:00", end="11:00")
    assert move(house, shorter, now="10:00", start="09:00", end="12:00").end_at == at("12:00")


def test_a_claim_of_less_than_a_minute_is_none(house: House) -> None:
    """Whoever booked from now while the claim waited for its turn has the seat."""
    house.book("baba", "seat", "09:01", "12:00")
    assert house.claim("aoki", "seat", "09:00").end_at == at("09:01")
    house.book("baba", "window", "12:00", "13:00")
    with pytest.raises(Conflict) as caught:
        house.claim("aoki", "window", "11:59:30")
    assert refused(caught.value, "booking.overlap", clash="space")
