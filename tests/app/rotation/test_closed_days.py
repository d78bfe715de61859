"""A planned day that is closed by now is published no more: it has neither plans nor seats, and is taken back."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from app.calendar import CalendarDay
from app.database import reading, transaction
from app.rotation.models import Rotation
from app.rotation.standing import look, unmet
from tests.app.rotation.months import (
    FIRST,
    LAST,
    planned,
    plans,
    publish,
    seats,
    send_home,
    setting,
    with_own_zone,
)
from tests.house import OFFICE, House

SECOND = FIRST + timedelta(days=1)


@pytest.fixture
def office(house: House) -> House:
    return with_own_zone(house, week=4)


def close(house: House, on: date) -> None:
    with transaction(house.engine) as session:
        session.add(CalendarDay(on_date=on, works=False, name="停電"))


def plan_days(house: House) -> set[date]:
    """The days of which plans stand."""
    return {on for (_whose, on, _half), plan in plans(house).items() if plan.stands}


def seat_days(house: House) -> set[date]:
    return {OFFICE.day(one.start_at) for one in seats(house)}


def test_a_day_closed_since_it_was_planned_is_not_published(office: House) -> None:
    rotation_id = planned(office)
    send_home(office, rotation_id, "aoki", SECOND)
    close(office, SECOND)
    assert publish(office, rotation_id).closed == [SECOND]
    assert SECOND not in plan_days(office) | seat_days(office)
    assert {FIRST, LAST} <= plan_days(office)


@pytest.mark.parametrize("on", [FIRST, SECOND, LAST])
def test_planned_anew_a_day_closed_since_it_was_published_is_taken_back(office: House, on: date) -> None:
    planned(office, to="publish")
    assert on in plan_days(office) & seat_days(office)
    close(office, on)
    planned(office, to="publish")
    assert on not in plan_days(office) | seat_days(office)


def test_a_closed_day_asks_for_nobody(office: House) -> None:
    setting(office, covers=[{"name": "窓口", "least": 1, "people": [office.people["aoki"].id]}])
    rotation_id = planned(office)
    send_home(office, rotation_id, "aoki", SECOND)
    close(office, SECOND)
    publish(office, rotation_id)
    with reading(office.engine) as session:
        seen = look(session, session.get_one(Rotation, rotation_id), OFFICE)
        assert not [cell for cell in seen.by_now if cell.day == SECOND]
        assert unmet(seen) == []
