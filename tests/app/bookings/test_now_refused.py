"""Where a rule keeps somebody from everything that they ask for now, the rule is told, and not that nothing is free."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.clock import SteppingClock
from app.database import transaction
from app.spaces import barriers, zones
from app.spaces.models import Floor, Site, Space, Zone
from app.spaces.rules import Kind, Opening
from app.spaces.service import set_policy
from tests.app.waitlist.test_pages import browser
from tests.fixtures.web import Api, problem
from tests.house import House, at, span

HOURS = f"{at('08:30').isoformat()}/{at('17:15').isoformat()}"


@pytest.fixture
def open_by_day(house: House) -> House:
    with transaction(house.engine) as session:
        site_id = session.scalars(select(Site.id)).one()
        opening = Opening(time(8, 30), time(17, 15), working_days_only=True)
        zones.set_opening(session, site_id, opening, actor_id=None, now=at("08:00"))
    return house


def close(house: House, start: str, end: str) -> None:
    with transaction(house.engine) as session:
        site_id = session.scalars(select(Site.id)).one()
        closed = span(start, end)
        barriers.close(session, site_id, closed, zone_id=None, reason="", actor_id=None, now=at("08:00"))


def now(api: Api, who: str = "aoki", **wanted: Any) -> tuple[int, str, tuple[str, str, str] | None]:
    """What is answered: the status, the code, and the rule with its value and what would be allowed."""
    answer = api.call(who, "POST", "/bookings/now", wanted)
    body = answer.get_json()
    named = (body["rule"], body["value"], body["allowed"]) if "rule" in body else None
    return *problem(answer), named


def of_rule(rule: str, value: str, allowed: str) -> tuple[int, str, tuple[str, str, str]]:
    return 422, "booking.rule", (rule, value, allowed)


def test_what_is_too_long_is_told_with_the_longest(api: Api, house: House) -> None:
    assert now(api, kind="booth", minutes=121) == of_rule("max_duration", "121 min", "<= 120 min")
    assert api.call("aoki", "POST", "/bookings/now", {"kind": "booth", "minutes": 120}).status_code == 201


def test_the_rule_of_what_is_open_to_the_person_is_told_and_not_that_of_others(
    api: Api, house: House
) -> None:
    with transaction(house.engine) as session:
        zone_id = session.get_one(Space, house.spaces["taxes"]).zone_id
        session.add(Space(zone_id=zone_id, code="B-booth", kind=Kind.BOOTH))
        set_policy(
            session, Kind.BOOTH, "max_duration", "15m", zone_id=zone_id, now=at("08:00"), actor_id=None
        )
    assert now(api, "aoki", kind="booth", minutes=180) == of_rule("max_duration", "180 min", "<= 120 min")
    assert now(api, "endo", kind="booth", minutes=180, zone_id=zone_id) == of_rule(
        "max_duration", "180 min", "<= 15 min"
    )
    assert now(api, "aoki", kind="booth", zone_id=zone_id) == (409, "booking.none_free", None)


@pytest.mark.parametrize("lane", ["desk", "room"])
def test_after_hours_the_hours_are_told(
    api: Api, open_by_day: House, clock: SteppingClock, lane: str
) -> None:
    clock.at = at("18:00")
    assert now(api, lane=lane) == of_rule("opening_hours", at("18:00").isoformat(), HOURS)


def test_the_hours_are_those_of_where_they_are(api: Api, open_by_day: House, clock: SteppingClock) -> None:
    with transaction(open_by_day.engine) as session:
        branch = Site(code="branch", name="branch", timezone="Asia/Tokyo", opens=time(10), closes=time(16))
        session.add(branch)
        session.flush()
        floor = Floor(site_id=branch.id, code="1F", name="1F")
        session.add(floor)
        session.flush()
        zone = Zone(floor_id=floor.id, code="0", name="0")
        session.add(zone)
        session.flush()
        session.add(Space(zone_id=zone.id, code="0", kind=Kind.SEAT))
        tax_zone = session.get_one(Space, open_by_day.spaces["taxes"]).zone_id
        session.get_one(Zone, tax_zone).section_id = next(iter(open_by_day.people["endo"].section_ids))
    clock.at = at("18:00")
    assert now(api, "endo", lane="desk") == of_rule("opening_hours", at("18:00").isoformat(), HOURS)


def test_a_closed_office_is_told_until_when(api: Api, house: House) -> None:
    close(house, "08:00", "23:59")
    told = of_rule("closed", at("08:00").isoformat(), f">= {at('23:59').isoformat()}")
    assert now(api, lane="desk") == told
    assert now(api, kind="booth", minutes=30, dry_run=True) == told


def test_where_the_office_opens_again_today_the_next_time_is_told(api: Api, house: House) -> None:
    close(house, "08:00", "12:00")
    answer = api.call("aoki", "POST", "/bookings/now", {"kind": "booth"})
    assert problem(answer) == (409, "booking.none_free")
    assert datetime.fromisoformat(answer.get_json()["facts"]["next_start"]) == at("12:00")


def test_what_somebody_holds_is_not_refused_by_a_rule(api: Api, house: House) -> None:
    house.break_("booth")
    assert now(api, kind="booth") == (409, "booking.none_free", None)
    assert now(api, kind="open_meeting") == (409, "booking.none_free", None), "there is none"


def test_the_page_names_the_rule_and_offers_no_line_to_wait_in(
    app: Flask, open_by_day: House, clock: SteppingClock
) -> None:
    aoki = browser(app, open_by_day, "aoki", "/bookings")
    shown = aoki.post("/now/room", kind="booth", minutes="180").text
    assert "That is longer than this kind of space may be booked. At most 2 hours." in shown
    assert "Nothing is free now" not in shown
    clock.at = at("18:00")
    shown = aoki.post("/now/desk").text
    assert "outside the hours in which bookings are open. Open: Tue, Nov 24 08:30-17:15." in shown


def test_who_names_no_length_has_a_seat_for_the_longest_that_its_rule_allows(api: Api, house: House) -> None:
    with transaction(house.engine) as session:
        set_policy(session, Kind.SEAT, "max_duration", "4h", actor_id=None, now=at("08:00"))
    answer = api.call("aoki", "POST", "/bookings/now", {"kind": "seat", "zone_id": 1})
    assert answer.status_code == 201
    booked = answer.get_json()["booking"]
    assert (datetime.fromisoformat(booked["start"]), datetime.fromisoformat(booked["end"])) == (
        at("09:00"),
        at("13:00"),
    )


def crowd(house: House, quota: str) -> int:
    """More seats in zone A than are tried, one of which a person may have at a time, or in a week; the zone's id."""
    with transaction(house.engine) as session:
        zone_id = session.get_one(Space, house.spaces["seat"]).zone_id
        session.add_all(Space(zone_id=zone_id, code=f"a-{number}", kind=Kind.SEAT) for number in range(9))
        set_policy(session, Kind.SEAT, quota, "1", now=at("08:00"), actor_id=None)
    return zone_id


@pytest.mark.parametrize("quota", ["concurrent_quota", "weekly_quota"])
def test_what_a_quota_forbids_is_passed_over_for_what_it_leaves(api: Api, house: House, quota: str) -> None:
    zone_id = crowd(house, quota)
    house.book("aoki", "seat", "10:00", "11:00", day=1)
    assert now(api, "aoki", kind="seat", zone_id=zone_id) == of_rule(quota, "1", "<= 1")
    answer = api.call("aoki", "POST", "/bookings/now", {"lane": "desk", "zone_id": zone_id})
    assert (answer.status_code, answer.get_json()["space"]) == (201, "focus")


@pytest.mark.parametrize("quota", ["concurrent_quota", "weekly_quota"])
def test_where_others_hold_what_a_quota_leaves_the_quota_is_told(api: Api, house: House, quota: str) -> None:
    zone_id = crowd(house, quota)
    house.book("aoki", "seat", "10:00", "11:00", day=1)
    house.book("baba", "focus", "09:00", "23:30")
    assert now(api, "aoki", lane="desk", zone_id=zone_id) == of_rule(quota, "1", "<= 1")


def test_what_a_quota_leaves_for_a_part_of_the_day_comes_before_what_it_forbids(
    api: Api, house: House
) -> None:
    zone_id = crowd(house, "weekly_quota")
    house.book("aoki", "seat", "10:00", "11:00", day=1)
    house.book("baba", "focus", "15:00", "17:00")
    answer = api.call("aoki", "POST", "/bookings/now", {"lane": "desk", "zone_id": zone_id})
    assert (answer.status_code, answer.get_json()["space"]) == (201, "focus")
    assert datetime.fromisoformat(answer.get_json()["booking"]["end"]) == at("15:00")


def test_where_what_a_quota_forbids_is_free_for_a_part_of_the_day_the_quota_is_told(
    api: Api, house: House
) -> None:
    with transaction(house.engine) as session:
        zone_id = session.get_one(Space, house.spaces["seat"]).zone_id
        set_policy(session, Kind.SEAT, "weekly_quota", "1", now=at("08:00"), actor_id=None)
    house.book("aoki", "seat", "10:00", "11:00", day=1)
    house.book("baba", "focus", "09:00", "23:30")
    house.book("chiba", "seat", "15:00", "23:30")
    assert now(api, "aoki", lane="desk", zone_id=zone_id) == of_rule("weekly_quota", "1", "<= 1")


def test_what_gives_way_to_the_space_leaves_its_room_in_a_quota(api: Api, house: House) -> None:
    zone_id = crowd(house, "concurrent_quota")
    house.book("aoki", "seat", "10:00", "11:00")
    wanted = {"kind": "seat", "zone_id": zone_id, "replace": True}
    assert api.call("aoki", "POST", "/bookings/now", wanted).status_code == 201
