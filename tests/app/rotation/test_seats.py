"""Whoever holds a desk for a part of their hours has one booked for the rest; on both databases."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import update

from app.database import transaction
from app.rotation.models import Rotation
from app.spaces.models import Zone
from tests.app.rotation.months import FIRST, planned, publish, seats
from tests.app.telework.desk import make_rule, section_id
from tests.house import DAY, OFFICE, House

ON = (FIRST - DAY).days


@pytest.fixture
def three(house: House) -> House:
    """Three people in a section with a zone of three seats: baba holds one of them for an hour of the first day."""
    make_rule(house, week=10)
    own = section_id(house, "soumu")
    with transaction(house.engine) as session:
        session.execute(update(Zone).where(Zone.code == "A").values(section_id=own))
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
