"""Whoever plans to come in after all is counted in the office at once, stays so when planned anew, and has a seat."""

from __future__ import annotations

import pytest

from app.database import reading
from app.rotation.cover import cover_on
from app.rotation.grid import grid
from app.rotation.models import Rotation, RotationCell
from app.rotation.rules import Cell
from app.rotation.rules import State as Where
from app.rotation.service import planned_sections
from app.rotation.writing import stands_as
from app.telework.rules import PlanKind
from tests.app.rotation import months
from tests.app.rotation.months import (
    FIRST,
    cell,
    give_zone,
    plan_month,
    plans,
    publish,
    search,
    withdraw,
)
from tests.app.rotation.test_writing import of_day, want
from tests.app.telework.desk import ask, make_rule, whole
from tests.house import OFFICE, House

COMES_IN = {("office", "requested")}


@pytest.fixture
def at_home(house: House) -> int:
    """A published rotation that has aoki at home on the first day, as they wished; since, they plan to come in."""
    make_rule(house, week=4)
    give_zone(house)
    ask(house, "aoki", whole(FIRST))
    rotation_id = plan_month(house)
    assert cell(search(house, rotation_id), house, "aoki", FIRST, "am") == "home"
    publish(house, rotation_id)
    ask(house, "aoki", whole(FIRST, kind=PlanKind.OFFICE), now="08:10")
    return rotation_id


def test_who_comes_in_after_all_is_in_the_office_in_grid_and_cover(house: House, at_home: int) -> None:
    chiba, aoki = house.people["chiba"], house.people["aoki"].id
    with reading(house.engine) as session:
        rotation = session.get_one(Rotation, at_home)
        seen = grid(session, rotation, actor=chiba, office=OFFICE)
        (cover,) = cover_on(session, planned_sections(session, chiba), FIRST, OFFICE)
    here = Cell(str(aoki), FIRST, "am")
    in_office = sum(
        where is Where.OFFICE for one, where in seen.plan.items() if (one.day, one.half) == (FIRST, "am")
    )
    assert (seen.plan[here], seen.why[here]) == (Where.OFFICE, "office")
    assert seen.covers[0].counts[FIRST, "am"] == cover.rows[0].counts[FIRST, "am"] == in_office


def test_who_comes_in_after_all_stays_so_when_planned_anew_and_has_a_seat(house: House, at_home: int) -> None:
    aoki = house.people["aoki"].id
    want(house, "aoki", 10)
    again = search(house, plan_month(house, now="08:30"))
    assert cell(again, house, "aoki", FIRST, "am") == "office"
    publish(house, again.id)
    assert of_day(house, "aoki", FIRST) == COMES_IN
    assert FIRST in {OFFICE.day(one.start_at) for one in months.seats(house) if one.user_id == aoki}
    withdraw(house, again.id)
    assert of_day(house, "aoki", FIRST) == COMES_IN


def test_who_comes_in_after_all_is_in_the_office_once_the_half_day_has_begun(
    house: House, at_home: int
) -> None:
    with reading(house.engine) as session:
        key = (house.people["aoki"].id, FIRST, "am")
        published = session.query(RotationCell).filter_by(user_id=key[0], on_date=FIRST, half="am").one()
        assert published.kind is PlanKind.HOME
        assert stands_as(plans(house)[key], published, OFFICE) is Where.OFFICE


def test_a_found_plan_does_not_send_home_who_plans_to_come_in_since(house: House) -> None:
    make_rule(house, week=4)
    rotation_id = plan_month(house)
    search(house, rotation_id)
    months.send_home(house, rotation_id, "aoki", FIRST)
    ask(house, "aoki", whole(FIRST, kind=PlanKind.OFFICE), now="08:01")
    publish(house, rotation_id)
    assert of_day(house, "aoki", FIRST) == COMES_IN
