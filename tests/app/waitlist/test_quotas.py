"""Quotas at the queue: what accepting would end leaves its room to what is offered."""

from __future__ import annotations

import pytest

from app import pipeline
from app.bookings.models import Booking
from app.bookings.rules import Status
from app.database import transaction
from app.errors import RuleBroken
from app.spaces.rules import Kind, Lane, Target
from app.spaces.service import set_policy
from app.waitlist.rules import State
from tests.app.bookings.test_now_refused import crowd
from tests.app.waitlist.queue import Queue
from tests.house import OFFICE, House, at


@pytest.fixture
def queue(house: House) -> Queue:
    return Queue(house)


def test_a_quota_holds_for_what_is_offered(queue: Queue) -> None:
    house = queue.house
    with transaction(house.engine) as session:
        set_policy(session, Kind.BOOTH, "concurrent_quota", "1", now=at("08:00"), actor_id=None)
    house.book("baba", "booth", "14:00", "15:00")
    taken = house.book("aoki", "booth", "10:00", "11:00")
    limited = queue.wait("baba", "booth", "10:00", "11:00")
    behind = queue.wait("chiba", "booth", "10:00", "11:00")
    queue.give_back("aoki", taken, "09:30")
    assert queue.state(limited, behind) == [State.WAITING, State.OFFERED]


@pytest.mark.parametrize("quota", ["concurrent_quota", "weekly_quota"])
def test_what_a_quota_forbids_is_passed_over_for_what_it_leaves(queue: Queue, quota: str) -> None:
    house = queue.house
    desks = Target(Lane.DESK, zone_id=crowd(house, quota))
    house.book("baba", "seat", "10:00", "11:00", day=1)
    limited = queue.wait("baba", desks, "10:00", "11:00")
    assert queue.state(limited) == [State.OFFERED]
    assert queue.held(limited).space_id == house.spaces["focus"]


def limit(house: House, key: str, value: str) -> None:
    with transaction(house.engine) as session:
        set_policy(session, Kind.SEAT, key, value, now=at("08:00"), actor_id=None)


@pytest.mark.parametrize("key", ["concurrent_quota", "weekly_quota"])
def test_what_accepting_would_end_does_not_count_against_the_offer(queue: Queue, key: str) -> None:
    house = queue.house
    limit(house, key, "1")
    own = house.book("baba", "seat", "10:00", "12:00")
    taken = house.book("aoki", "window", "10:00", "12:00")
    better = queue.wait("baba", "window", "10:00", "12:00")
    queue.give_back("aoki", taken, "09:30")
    assert queue.state(better) == [State.OFFERED]
    queue.answer("baba", better, "accept_offer", "09:31")
    assert (house.get(own).status, queue.held(better).status) == (Status.CANCELLED, Status.BOOKED)


def test_what_accepting_would_only_shorten_still_counts(queue: Queue) -> None:
    house = queue.house
    limit(house, "concurrent_quota", "1")
    house.book("baba", "seat", "09:00", "17:00")
    taken = house.book("aoki", "window", "13:00", "17:00")
    better = queue.wait("baba", "window", "13:00", "17:00")
    queue.give_back("aoki", taken, "08:45")
    assert queue.state(better) == [State.WAITING]


def test_what_has_begun_ends_for_an_offer_but_the_week_goes_on_counting_it(queue: Queue) -> None:
    house = queue.house
    limit(house, "weekly_quota", "1")
    own = house.book("baba", "seat", "09:00", "12:00")
    taken = house.book("aoki", "window", "10:00", "12:00")
    better = queue.wait("baba", "window", "10:00", "12:00")
    queue.give_back("aoki", taken, "10:00")
    assert queue.state(better) == [State.WAITING]
    limit(house, "weekly_quota", "off")
    limit(house, "concurrent_quota", "1")
    house.sweep("10:01")
    assert queue.state(better) == [State.OFFERED]
    queue.answer("baba", better, "accept_offer", "10:02")
    assert house.get(own).status is Status.ENDED_EARLY


def test_accepting_counts_again(queue: Queue) -> None:
    house = queue.house
    own = house.book("baba", "seat", "14:00", "15:00")
    taken = house.book("aoki", "window", "10:00", "12:00")
    better = queue.wait("baba", "window", "10:00", "12:00")
    queue.give_back("aoki", taken, "09:30")
    limit(house, "concurrent_quota", "1")
    with pytest.raises(RuleBroken) as caught:
        queue.answer("baba", better, "accept_offer", "09:31")
    assert (caught.value.facts["rule"], caught.value.facts["value"]) == ("concurrent_quota", "1")
    with transaction(house.engine) as session:
        stored = session.get_one(Booking, own.id)
        pipeline.cancel(session, stored, actor=house.people["baba"], now=at("09:32"), office=OFFICE)
    queue.answer("baba", better, "accept_offer", "09:33")
    assert queue.held(better).status is Status.BOOKED
