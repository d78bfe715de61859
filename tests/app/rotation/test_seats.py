"""The seats that are booked with a rotation: around what people hold already, and no further ahead than can be."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import update

from app.database import transaction
from app.errors import RuleBroken
from app.rotation.models import Rotation, State
from app.spaces.models import Zone
from app.spaces.rules import Kind
from app.spaces.service import set_policy
from tests.app.rotation.months import (
    FIRST,
    LAST,
    planned,
    plans,
    publish,
    seats,
    stored,
    with_own_zone,
)
from tests.app.telework.desk import section_id
from tests.fixtures.web import Api
from tests.house import DAY, OFFICE, House, at

ON = (FIRST - DAY).days


@pytest.fixture
def three(house: House) -> House:
    """Three people in a section with a zone of three seats: baba holds one of them for an hour of the first day."""
    with_own_zone(house, week=10)
    house.book("baba", "window", "09:00", "10:00", day=ON)
    return house


def all_in(house: House) -> int:
    """A rotation by which all of them come on the first day."""
    rotation_id = planned(house)
    with transaction(house.engine) as session:
        rotation = session.get_one(Rotation, rotation_id)
        office = {FIRST.isoformat(): {"am": "office", "pm": "office"}}
        rotation.plan = {person: {**days, **office} for person, days in (rotation.plan or {}).items()}
    return rotation_id


def hours(house: House, who: str, on: date = FIRST) -> list[tuple[str, str]]:
    """When the rotation's seats are somebody's on a day."""
    theirs = [one.span for one in seats(house) if one.user_id == house.people[who].id]
    spans = [(one.start.astimezone(OFFICE.timezone), one.end.astimezone(OFFICE.timezone)) for one in theirs]
    return [(f"{start:%H:%M}", f"{end:%H:%M}") for start, end in spans if start.date() == on]


def test_the_hours_around_an_hour_booked_by_hand_are_booked_too(three: House) -> None:
    done = publish(three, all_in(three))
    assert hours(three, "baba") == [("08:30", "09:00"), ("10:00", "17:15")]
    assert hours(three, "aoki") == hours(three, "chiba") == [("08:30", "17:15")]
    assert done.unseated == []


def test_the_hours_that_no_desk_is_free_in_are_told(three: House) -> None:
    three.book("fujii", "window", "10:00", "11:00", day=ON)
    three.break_("bare")
    done = publish(three, all_in(three))
    assert hours(three, "baba") == [("08:30", "09:00")]
    assert hours(three, "aoki") == [("08:30", "17:15")]
    told = [(one.name, one.part) for one in done.unseated if one.on == FIRST]
    assert told == [("baba", True), ("chiba", False)]


def test_whose_half_day_is_booked_by_hand_has_the_other_alone(three: House) -> None:
    three.book("aoki", "seat", "08:30", "12:30", day=ON)
    publish(three, all_in(three))
    assert hours(three, "aoki") == [("13:00", "17:15")]


def test_what_is_booked_around_stays_when_the_days_are_published_anew(three: House) -> None:
    publish(three, all_in(three))
    before = {one.id for one in seats(three) if OFFICE.day(one.start_at) == FIRST}
    publish(three, all_in(three))
    assert {one.id for one in seats(three) if OFFICE.day(one.start_at) == FIRST} == before


def look_ahead(house: House, horizon: str) -> None:
    """So far ahead seats can be booked by a rotation."""
    with transaction(house.engine) as session:
        set_policy(session, Kind.SEAT, "horizon_facility", horizon, now=at("00:00"), actor_id=None)


def test_days_that_no_seat_can_be_booked_for_yet_are_not_published(three: House) -> None:
    rotation_id = all_in(three)
    look_ahead(three, "5d")
    with pytest.raises(RuleBroken, match=r"rotation\.too_far") as caught:
        publish(three, rotation_id)
    opens_at = OFFICE.open_on(LAST).start - timedelta(days=5)
    assert caught.value.facts["allowed"] == f">= {opens_at.isoformat()}"
    assert (stored(three, rotation_id).state, plans(three), seats(three)) == (State.FOUND, {}, [])
    look_ahead(three, f"{(LAST - DAY).days + 1}d")
    assert publish(three, rotation_id).unseated == []


def test_where_no_seat_is_booked_the_days_are_published_however_far_ahead(three: House) -> None:
    with transaction(three.engine) as session:
        session.execute(update(Zone).where(Zone.code == "A").values(free_seating=True))
    look_ahead(three, "5d")
    assert publish(three, all_in(three)).expected


def test_who_asks_for_days_over_the_api_is_told_from_when_they_can_be_published(
    api: Api, three: House
) -> None:
    look_ahead(three, "5d")
    asked = {"section": section_id(three, "soumu"), "from": FIRST.isoformat(), "to": LAST.isoformat()}
    answer = api.call("chiba", "POST", "/rotations", asked)
    assert answer.status_code == 201, answer.text
    opens_at = OFFICE.open_on(LAST).start - timedelta(days=5)
    assert datetime.fromisoformat(answer.get_json()["publishable_from"]) == opens_at
