"""A refused booking names its rule, what was asked of it, what would be allowed, and whom it is about."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.database import transaction
from app.people.models import User
from app.spaces import zones
from app.spaces.models import Site, Space, Zone
from app.spaces.rules import GuestDay, Kind, Opening
from app.spaces.service import set_policy
from tests.fixtures.web import Api, problem
from tests.house import DAY, House, at


def asked(house: House, where: str, start: str, end: str, **more: Any) -> dict[str, Any]:
    return {
        "space_id": house.spaces[where],
        "start": at(start).isoformat(),
        "end": at(end).isoformat(),
        **more,
    }


def span_text(start: str, end: str) -> str:
    return f"{at(start).isoformat()}/{at(end).isoformat()}"


def refusal(api: Api, who: str, body: dict[str, Any], language: str = "ja") -> dict[str, Any]:
    answer = api.call(who, "POST", "/bookings", body, Accept_Language=language)
    problem(answer)
    said: dict[str, Any] = answer.get_json()
    assert {"rule", "value", "allowed"} <= said.keys()
    return said


def told(api: Api, who: str, body: dict[str, Any]) -> tuple[str, str]:
    """The sentences of a refusal, in Japanese and in English."""
    return refusal(api, who, body, "ja")["detail"], refusal(api, who, body, "en")["detail"]


@pytest.fixture
def guests(house: House) -> None:
    """The tax section takes in guests tomorrow, the day after, and long after."""
    with transaction(house.engine) as session:
        zone_id = session.get_one(Space, house.spaces["taxes"]).zone_id
        days = [GuestDay(None, None, DAY + timedelta(days=day)) for day in (1, 2, 40)]
        zones.set_guests(session, zone_id, days, actor_id=None, now=at("00:00"))


def test_anothers_zone_says_whose_it_is_when_it_is_open_and_what_is(
    api: Api, house: House, guests: None
) -> None:
    body = asked(house, "taxes", "10:00", "11:00")
    said = refusal(api, "aoki", body)
    assert (said["rule"], said["value"]) == ("zone", "zei")
    assert said["allowed"] == "as a guest on 2026-11-25, 2026-11-26; in the zones A"
    facts = said["facts"]
    assert facts["guest_days"] == ["2026-11-25", "2026-11-26"]
    assert [zone["code"] for zone in facts["zones"]] == ["A"]
    japanese = "このゾーンは税務課のゾーンです。ほかの課の方も利用できる日: 11月25日(水)、11月26日(木)。"
    assert told(api, "aoki", body) == (
        japanese + "予約できるゾーン: A。",
        "This zone belongs to 税務課. It takes in guests on Wed, Nov 25, Thu, Nov 26. Open for booking: A.",
    )


def test_where_no_zone_and_no_day_is_open_the_own_section_is_named(api: Api, house: House) -> None:
    with transaction(house.engine) as session:
        session.get_one(Zone, session.get_one(Space, house.spaces["seat"]).zone_id).section_id = next(
            iter(house.people["endo"].section_ids)
        )
    said = refusal(api, "aoki", asked(house, "taxes", "10:00", "11:00"))
    assert (said["allowed"], said["facts"]["zones"]) == ("a zone of the own section", [])


def test_on_behalf_the_refusal_is_about_whom_it_is_for(api: Api, house: House, guests: None) -> None:
    aoki = house.people["aoki"].id
    body = asked(house, "taxes", "10:00", "11:00", for_user_id=aoki)
    said = refusal(api, "chiba", body)
    assert (said["rule"], said["facts"]["for_user_id"], said["facts"]["person"]) == ("zone", aoki, "aoki")
    japanese, english = told(api, "chiba", body)
    assert japanese.startswith(
        "その時間、このゾーンにはaokiさんの予約を取れません。このゾーンは税務課のゾーンです。"
    )
    assert english.startswith("aoki may not be booked into this zone for that time. This zone belongs to")


def test_who_may_not_act_for_another_is_told_who_may(api: Api, house: House) -> None:
    body = asked(house, "seat", "10:00", "11:00", for_user_id=house.people["baba"].id)
    said = refusal(api, "aoki", body)
    assert (said["rule"], said["value"]) == ("on_behalf", "staff")
    assert said["allowed"] == "a chief for the own section, facility"
    said = refusal(api, "aoki", asked(house, "seat", "10:00", "11:00", guest_name="客"))
    assert (said["rule"], said["value"], said["allowed"]) == ("guest", "staff", "chief, facility")


def test_a_zone_for_free_seating_takes_a_claim(api: Api, house: House) -> None:
    said = refusal(api, "aoki", asked(house, "free", "10:00", "11:00"))
    assert (said["code"], said["rule"], said["value"]) == ("zone.free_seating", "free_seating", "F")
    assert said["allowed"] == "a claim"


def test_a_taken_space_says_when_it_is_free(api: Api, house: House) -> None:
    house.book("baba", "seat", "09:00", "12:00")
    house.book("aoki", "window", "12:00", "12:30")
    body = asked(house, "seat", "10:30", "11:30")
    said = refusal(api, "aoki", body)
    assert (said["rule"], said["facts"]["clash"]) == ("space", "space")
    assert said["value"] == span_text("10:30", "11:30")
    assert said["allowed"] == span_text("12:30", "13:30")
    japanese = "その時間の一部は、すでに予約されています。ほかの席を選んでください。"
    english = "The space is already taken for part of that time. Choose another one."
    assert told(api, "aoki", body) == (
        japanese + "いちばん近い空き時間: 11月24日(火) 12:30–13:30。",
        english + " The nearest free time: Tue, Nov 24 12:30–13:30.",
    )


def test_what_is_said_to_be_free_is_free_by_every_rule_of_the_day(api: Api, house: House) -> None:
    house.book("baba", "seat", "10:00", "12:00")
    house.break_("seat", "12:30", "13:00")
    with transaction(house.engine) as session:
        site = session.scalars(select(Site)).one()
        zones.set_opening(session, site.id, Opening(time(9), time(15)), actor_id=None, now=at("00:00"))
        set_policy(session, Kind.SEAT, "buffer", "10m", now=at("00:00"), actor_id=None)
    said = refusal(api, "aoki", asked(house, "seat", "10:30", "12:00"))
    assert said["allowed"] == span_text("13:00", "14:30")
    assert api.call("aoki", "POST", "/bookings", asked(house, "seat", "13:00", "14:30")).status_code == 201


def test_where_the_day_has_no_such_time_another_one_or_another_space_is_named(api: Api, house: House) -> None:
    house.book("baba", "seat", "10:00", "20:00")
    said = refusal(api, "aoki", asked(house, "seat", "10:00", "18:00"))
    assert said["allowed"] == "another time or space"


def test_no_time_is_named_out_of_the_offices_hours_unless_it_was_asked_for(api: Api, house: House) -> None:
    house.book("baba", "seat", "08:30", "17:30")
    said = refusal(api, "aoki", asked(house, "seat", "16:00", "17:00"))
    assert (said["allowed"], "next_start" in said["facts"]) == ("another time or space", False)
    said = refusal(api, "aoki", asked(house, "seat", "17:00", "18:00"))
    assert said["allowed"] == span_text("17:30", "18:30")


def test_ones_own_booking_in_the_way_is_named(api: Api, house: House) -> None:
    own = house.book("aoki", "window", "10:00", "12:00")
    body = asked(house, "seat", "11:00", "13:00")
    said = refusal(api, "aoki", body)
    assert (said["rule"], said["facts"]["own_booking_id"]) == ("person", own.id)
    assert said["allowed"] == span_text("12:00", "14:00")
    assert told(api, "aoki", body)[1] == (
        "You already hold a space of this kind for part of that time. It is window, 10:00–12:00. "
        "The nearest free time: Tue, Nov 24 12:00–14:00."
    )


def test_of_anothers_booking_in_the_way_the_time_alone_is_told(api: Api, house: House) -> None:
    house.book("aoki", "window", "10:00", "12:00")
    body = asked(house, "seat", "11:00", "13:00", for_user_id=house.people["aoki"].id)
    facts = refusal(api, "chiba", body)["facts"]
    assert (facts["own_start"], facts["own_end"]) == (at("10:00").isoformat(), at("12:00").isoformat())
    assert {"own_space", "own_booking_id"} & facts.keys() == set()
    japanese, english = told(api, "chiba", body)
    assert japanese.startswith("aokiさんは、その時間の一部に、同じ種類の席をすでに予約しています。")
    assert english.startswith(
        "aoki already holds a space of this kind for part of that time. It is booked 10:00–12:00."
    )


def test_a_quota_on_behalf_is_the_other_persons(api: Api, house: House) -> None:
    with transaction(house.engine) as session:
        set_policy(session, Kind.SEAT, "concurrent_quota", "1", now=at("00:00"), actor_id=None)
    house.book("aoki", "window", "14:00", "15:00")
    body = asked(house, "seat", "10:00", "11:00", for_user_id=house.people["aoki"].id)
    assert told(api, "chiba", body) == (
        "aokiさんが同時に持てる予約の数を超えます。上限は1件です。",
        "That is one booking more than aoki may hold at a time. The limit is 1.",
    )


def test_moving_says_when_the_other_space_is_free_and_the_moved_one_is_not_in_the_way(
    api: Api, house: House
) -> None:
    house.book("baba", "window", "10:00", "11:00")
    made = house.book("aoki", "seat", "10:30", "11:30")
    body = {"space_id": house.spaces["window"]}
    answer = api.call("aoki", "PATCH", f"/bookings/{made.id}", body, If_Match='"1"')
    assert problem(answer) == (409, "booking.overlap")
    assert answer.get_json()["allowed"] == span_text("11:00", "12:00")


def test_under_a_key_it_is_told_as_well(api: Api, house: House) -> None:
    house.book("baba", "seat", "10:00", "12:00")
    body = asked(house, "seat", "10:00", "12:00")
    answer = api.call("aoki", "POST", "/bookings", body, Idempotency_Key="one")
    assert (problem(answer), answer.get_json()["allowed"]) == (
        (409, "booking.overlap"),
        span_text("12:00", "14:00"),
    )


def test_the_name_of_somebody_is_written_as_it_is(api: Api, house: House) -> None:
    """Also one that looks like a place to fill in."""
    with transaction(house.engine) as session:
        session.get_one(User, house.people["aoki"].id).name = "100% %(person)s"
    house.book("aoki", "window", "10:00", "12:00")
    body = asked(house, "seat", "11:00", "13:00", for_user_id=house.people["aoki"].id)
    assert "100% %(person)s already holds" in told(api, "chiba", body)[1]
