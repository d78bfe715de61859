"""Whoever is moved holds no more than the quotas allow: of what would be too many they are told."""

from __future__ import annotations

from typing import Any

import pytest

from app import pipeline
from app.bookings.models import Booking
from app.bookings.rules import Status
from app.database import lock_rows, rehearsal, transaction
from app.spaces.models import Space
from app.spaces.rules import Kind
from tests.app.bookings.test_elsewhere import add_zone
from tests.app.bookings.test_legal import let, zone_id
from tests.house import House, at
from tests.statements import counted


@pytest.fixture
def focus_alone(house: House) -> House:
    """Of the seats that a booking of `seat` could go to the focus seat alone is in order."""
    for where in ("window", "bare"):
        house.break_(where)
    return house


def break_seat(house: House, now: str = "08:30") -> list[str]:
    """The seat breaks; where its bookings go, in the order of time, as was foretold."""
    outage = pipeline.Outage(house.spaces["seat"], at(now), None, "")
    with transaction(house.engine) as session:
        told = [one.code for one in pipeline.moves_of(session, outage, now=at(now))]
        done = pipeline.take_out_of_order(session, outage, actor=house.people["fujii"], now=at(now))
        assert [one.code for one in done] == told
    return told


@pytest.mark.parametrize(("quota", "day"), [("concurrent_quota", 2), ("weekly_quota", 2)])
def test_nobody_is_moved_to_a_kind_whose_quota_they_have_used_up(
    focus_alone: House, quota: str, day: int
) -> None:
    house = focus_alone
    let(house, quota, "1", kind=Kind.FOCUS_SEAT)
    house.book("aoki", "focus", "09:00", "10:00", day=day)
    mine, other = (
        house.book("aoki", "seat", "09:00", "10:00", day=1),
        house.book("baba", "seat", "10:00", "11:00", day=1),
    )
    assert break_seat(house) == ["", "focus"]
    assert (house.get(mine).status, house.get(mine).reason) == (Status.CANCELLED, "out_of_order")
    assert house.get(other).space_id == house.spaces["focus"]


def test_a_weekly_quota_is_that_of_the_bookings_week(focus_alone: House) -> None:
    house = focus_alone
    let(house, "weekly_quota", "1", kind=Kind.FOCUS_SEAT)
    house.book("aoki", "focus", "09:00", "10:00", day=7)
    house.book("aoki", "seat", "09:00", "10:00", day=1)
    assert break_seat(house) == ["focus"]


def test_what_is_moved_in_the_same_step_counts_for_the_next(focus_alone: House) -> None:
    house = focus_alone
    let(house, "concurrent_quota", "2", kind=Kind.FOCUS_SEAT)
    for day in (1, 2, 3):
        house.book("aoki", "seat", "09:00", "10:00", day=day)
    assert break_seat(house) == ["focus", "focus", ""]


def test_where_a_booking_counts_already_it_takes_no_more(house: House) -> None:
    for day in (1, 2, 3):
        house.book("aoki", "seat", "09:00", "10:00", day=day)
    let(house, "concurrent_quota", "1")
    let(house, "weekly_quota", "1")
    assert break_seat(house) == ["bare"] * 3


def test_a_zone_with_a_quota_of_its_own_counts_apart(focus_alone: House) -> None:
    house = focus_alone
    with transaction(house.engine) as session:
        add_zone(session, house, "N", None, next=Kind.SEAT)
    let(house, "concurrent_quota", "1", zone_of="next")
    let(house, "concurrent_quota", "1", kind=Kind.FOCUS_SEAT)
    for day in (1, 2, 3):
        house.book("aoki", "seat", "09:00", "10:00", day=day)
    assert break_seat(house) == ["next", "focus", ""]


def test_a_guest_has_no_quota(focus_alone: House) -> None:
    house = focus_alone
    let(house, "concurrent_quota", "1", kind=Kind.FOCUS_SEAT)
    for day in (1, 2):
        booking = house.book("chiba", "seat", "09:00", "10:00", day=day)
        with transaction(house.engine) as session:
            stored = session.get_one(Booking, booking.id)
            stored.user_id, stored.guest_name = None, "客"
    assert break_seat(house) == ["focus", "focus"]


def test_a_change_of_the_layout_moves_under_the_quotas_too(focus_alone: House) -> None:
    house = focus_alone
    let(house, "concurrent_quota", "1", kind=Kind.FOCUS_SEAT)
    house.book("aoki", "focus", "09:00", "10:00", day=2)
    for who, start, end in (("aoki", "09:00", "10:00"), ("baba", "10:00", "11:00")):
        house.book(who, "seat", start, end, day=1)
    with transaction(house.engine) as session:
        values: dict[str, Any] = {"zone_id": zone_id(session, house, "taxes")}
        _space, moves = pipeline.change_space(
            session, house.spaces["seat"], values, actor=house.people["fujii"], now=at("08:30")
        )
        assert [one.code for one in moves] == ["", "focus"]


def test_whoever_books_something_at_this_very_moment_is_sent_where_nothing_more_counts(
    postgresql_house: House,
) -> None:
    """Their turn is not waited for, as those who move people hold the spaces' turns already."""
    house = postgresql_house
    house.break_("window")
    let(house, "concurrent_quota", "1", kind=Kind.FOCUS_SEAT)
    house.book("baba", "bare", "09:00", "10:00", day=2)
    for day in (1, 2):
        house.book("aoki", "seat", "09:00", "10:00", day=day)
    with transaction(house.engine) as session:
        lock_rows(session, "person", [house.people["aoki"].id])
        assert break_seat(house) == ["bare", ""]


def test_the_quotas_take_two_statements_however_many_are_moved(house: House) -> None:
    with transaction(house.engine) as session:
        zone = zone_id(session, house, "seat")
        session.add_all(Space(zone_id=zone, code=f"more-{n}", kind=Kind.FOCUS_SEAT) for n in range(5))
    let(house, "concurrent_quota", "9", kind=Kind.FOCUS_SEAT)
    let(house, "weekly_quota", "9", kind=Kind.FOCUS_SEAT)

    def cost() -> int:
        outage = pipeline.Outage(house.spaces["seat"], at("08:30"), None, "")
        with counted(house.engine) as sent, rehearsal(house.engine) as session:
            pipeline.moves_of(session, outage, now=at("08:30"))
        return len([one for one in sent if not one.startswith("PRAGMA")])

    house.book("aoki", "seat", "09:00", "10:00", day=1)
    one = cost()
    for day in (2, 3, 6, 7):
        house.book("aoki", "seat", "09:00", "10:00", day=day)
        house.book("baba", "seat", "10:00", "11:00", day=day)
    assert cost() == one
