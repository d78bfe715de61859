"""How many bookings a person may hold at a time and make in a week, everywhere and in a zone of its own."""

from __future__ import annotations

import pytest

from app.bookings import reserve
from app.bookings.models import Booking
from app.bookings.rules import Origin
from app.bookings.several import verbs
from app.database import transaction
from app.errors import RuleBroken
from app.spaces.rules import Kind
from tests.app.bookings.test_legal import let, refused, rule_of
from tests.house import House, at, span


def test_a_quota_counts_what_is_held_at_a_time_and_names_itself(house: House) -> None:
    let(house, "concurrent_quota", "2")
    first = house.book("aoki", "seat", "09:00", "10:00")
    house.book("aoki", "seat", "11:00", "12:00")
    assert rule_of(refused(house, "aoki", "window", "13:00", "14:00")) == ("concurrent_quota", "<= 2")
    house.book("aoki", "focus", "13:00", "14:00")
    house.book("baba", "window", "13:00", "14:00")
    with transaction(house.engine) as session:
        reserve.move(
            session,
            session.get_one(Booking, first.id),
            actor=house.people["aoki"],
            now=at("08:00"),
            span=span("09:00", "10:30"),
        )
    house.book("aoki", "window", "14:00", "15:00", now="10:31")


def test_a_weekly_quota_counts_from_monday_to_sunday(house: House) -> None:
    let(house, "weekly_quota", "2")
    for day in (0, 1):
        house.book("aoki", "seat", "09:00", "10:00", day=day)
    assert rule_of(refused(house, "aoki", "seat", "09:00", "10:00", day=5)) == ("weekly_quota", "<= 2")
    house.book("aoki", "seat", "09:00", "10:00", day=6)


def test_a_quota_is_that_of_the_person_booked_for(house: House) -> None:
    let(house, "concurrent_quota", "1")
    house.book("chiba", "window", "09:00", "10:00")
    for expected in ("made", "concurrent_quota"):
        try:
            with transaction(house.engine) as session:
                reserve.reserve(
                    session,
                    actor=house.people["chiba"],
                    for_user_id=house.people["aoki"].id,
                    space_id=house.spaces["seat"],
                    span=span("09:00", "10:00") if expected == "made" else span("11:00", "12:00"),
                    now=at("08:00"),
                )
            said = "made"
        except RuleBroken as error:
            said = error.facts["rule"]
        assert said == expected


def test_a_zones_own_quota_counts_in_that_zone_alone(house: House) -> None:
    let(house, "concurrent_quota", "1", zone_of="taxes")
    house.book("endo", "seat", "09:00", "10:00")
    house.book("endo", "taxes", "10:00", "11:00")
    assert rule_of(refused(house, "endo", "taxes", "12:00", "13:00")) == ("concurrent_quota", "<= 1")


def test_a_zones_own_quota_is_its_own_also_where_it_is_as_large_as_the_kinds(house: House) -> None:
    let(house, "concurrent_quota", "2")
    let(house, "concurrent_quota", "2", zone_of="taxes")
    house.book("endo", "seat", "09:00", "10:00")
    house.book("endo", "window", "10:00", "11:00")
    for start, end in (("11:00", "12:00"), ("12:00", "13:00")):
        house.book("endo", "taxes", start, end)
    assert rule_of(refused(house, "endo", "taxes", "14:00", "15:00")) == ("concurrent_quota", "<= 2")
    assert rule_of(refused(house, "endo", "bare", "14:00", "15:00")) == ("concurrent_quota", "<= 2")


@pytest.mark.parametrize("key", ["concurrent_quota", "weekly_quota"])
def test_what_counts_in_a_zone_of_its_own_does_not_count_elsewhere(house: House, key: str) -> None:
    let(house, key, "2")
    let(house, key, "5", zone_of="taxes")
    for start, end in (("09:00", "10:00"), ("10:00", "11:00")):
        house.book("endo", "taxes", start, end)
    house.book("endo", "seat", "11:00", "12:00")
    house.book("endo", "seat", "12:00", "13:00")
    error = refused(house, "endo", "window", "13:00", "14:00")
    assert (error.facts["value"], error.facts["allowed"]) == ("2", "<= 2")
    let(house, key, "off", zone_of="taxes")
    for start, end in (("13:00", "14:00"), ("14:00", "15:00")):
        house.book("endo", "taxes", start, end)


def test_a_zone_with_another_value_of_its_own_counts_as_everywhere(house: House) -> None:
    let(house, "concurrent_quota", "1")
    let(house, "max_duration", "4h", zone_of="taxes")
    let(house, "concurrent_quota", "1", kind=Kind.FOCUS_SEAT, zone_of="taxes")
    house.book("endo", "taxes", "09:00", "10:00")
    assert rule_of(refused(house, "endo", "seat", "10:00", "11:00")) == ("concurrent_quota", "<= 1")


@pytest.mark.parametrize("origin", [Origin.LOT, Origin.ROTATION])
def test_what_nobodys_hand_booked_is_moved_under_the_quotas_too(house: House, origin: Origin) -> None:
    let(house, "weekly_quota", "1")
    aoki = house.people["aoki"]
    with transaction(house.engine) as session:
        wanted = span("10:00", "11:00", day=1)
        space_id = house.spaces["seat"]
        given = reserve.allot(
            session, person=aoki, space_id=space_id, span=wanted, now=at("08:00"), origin=origin
        )
        session.expunge(given)
    house.book("aoki", "window", "10:00", "11:00", day=7)
    next_week = span("10:00", "11:00", day=8)
    for move in (
        lambda session, one: reserve.move(session, one, actor=aoki, now=at("08:10"), span=next_week),
        lambda session, one: verbs.move_all(session, [(one, next_week)], actor=aoki, now=at("08:10")),
    ):
        with pytest.raises(RuleBroken) as caught, transaction(house.engine) as session:
            move(session, session.get_one(Booking, given.id))
        assert rule_of(caught.value) == ("weekly_quota", "<= 1")
