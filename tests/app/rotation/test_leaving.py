"""Whoever leaves the office is planned, seated and counted until their last day, and not after."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Literal

import pytest

from app import pipeline
from app.database import reading, transaction
from app.people import staffing
from app.people.belonging import stays_between
from app.people.models import Role
from app.rotation.cover import cover_on
from app.rotation.models import Rotation, State
from app.rotation.service import planned_sections
from app.rotation.standing import look
from tests.app.rotation.months import (
    FIRST,
    LAST,
    cell,
    plan_month,
    plans,
    publish,
    search,
    seats,
    setting,
    with_own_zone,
)
from tests.app.telework.days import become
from tests.house import DAY, OFFICE, House, at

SECOND = FIRST + timedelta(days=1)
FIRST_DAY = (FIRST - DAY).days


@pytest.fixture
def office(house: House) -> House:
    """A section with a zone of its own, whose aoki minds the counter."""
    with_own_zone(house, week=4)
    become(house, "fujii", Role.PERSONNEL)
    return house


def leaves(house: House, how: Literal["to come", "done"]) -> None:
    """Aoki's last day is the first of those planned."""
    user_id, fujii, evening = house.people["aoki"].id, house.people["fujii"], at("18:00", day=FIRST_DAY)
    with transaction(house.engine) as session:
        if how == "done":
            pipeline.leave(session, user_id, actor=fujii, now=evening)
        else:
            user = staffing.get_account(session, user_id, to_change=True)
            staffing.plan_to_leave(session, user, evening, actor=fujii, now=at("07:00"))


def seat_days(house: House) -> set[date]:
    """The days on which aoki has a seat by a rotation."""
    user_id = house.people["aoki"].id
    return {OFFICE.day(one.start_at) for one in seats(house) if one.user_id == user_id}


def plan_days(house: House) -> set[date]:
    """The days of which aoki's plans stand."""
    user_id = house.people["aoki"].id
    return {on for (whose, on, _half), plan in plans(house).items() if whose == user_id and plan.stands}


def test_nobody_is_planned_after_they_are_to_leave(office: House) -> None:
    leaves(office, "to come")
    found = search(office, plan_month(office))
    assert cell(found, office, "aoki", FIRST, "pm") == "office"
    assert {cell(found, office, "aoki", SECOND, half) for half in ("am", "pm")} == {"away"}
    publish(office, found.id)
    assert plan_days(office) == seat_days(office) == {FIRST}
    setting(office, covers=[{"name": "窓口", "least": 1, "people": [office.people["aoki"].id]}])
    assert search(office, plan_month(office, first=LAST)).state is State.IMPOSSIBLE


def test_a_plan_that_was_found_before_is_published_until_they_leave(office: House) -> None:
    found = search(office, plan_month(office))
    leaves(office, "to come")
    publish(office, found.id)
    assert plan_days(office) == seat_days(office) == {FIRST}


def test_planned_anew_the_days_after_leaving_are_taken_back(office: House) -> None:
    publish(office, search(office, plan_month(office)).id)
    assert LAST in plan_days(office)
    leaves(office, "to come")
    publish(office, search(office, plan_month(office)).id)
    assert plan_days(office) == seat_days(office) == {FIRST}


@pytest.mark.parametrize("how", ["to come", "done"])
def test_what_is_published_counts_nobody_who_has_left_by_then(
    office: House, how: Literal["to come", "done"]
) -> None:
    setting(office, covers=[{"name": "窓口", "least": 1, "people": [office.people["aoki"].id]}])
    found = search(office, plan_month(office))
    publish(office, found.id)
    leaves(office, how)
    with reading(office.engine) as session:
        sections = planned_sections(session, office.people["chiba"])
        counts = [
            cover_on(session, sections, on, OFFICE)[0].rows[1].counts[on, "am"] for on in (FIRST, SECOND)
        ]
        by_now = look(session, session.get_one(Rotation, found.id), OFFICE).by_now
    assert counts == [1, 0]
    aoki = str(office.people["aoki"].id)
    assert {one.day for one, fixed in by_now.items() if one.person == aoki and fixed.why == "left"} == {
        SECOND + timedelta(days=number) for number in range(4)
    }


@pytest.mark.parametrize("how", ["to come", "done"])
def test_somebody_belongs_to_a_section_until_they_leave(
    office: House, how: Literal["to come", "done"]
) -> None:
    leaves(office, how)
    aoki = office.people["aoki"].id
    with reading(office.engine) as session:
        (stay,) = stays_between(session, FIRST, LAST, OFFICE.timezone)[aoki]
        assert (stay.holds(FIRST), stay.holds(SECOND)) == (True, False)
        assert aoki not in stays_between(session, SECOND, LAST, OFFICE.timezone)
