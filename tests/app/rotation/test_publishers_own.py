"""Whoever publishes a rotation does not approve their own work at home by it: that is asked for."""

from __future__ import annotations

import pytest

from app import pipeline
from app.database import reading, transaction
from app.errors import RuleBroken
from app.people.models import Role
from app.rotation import service, swapping
from app.rotation.grid import grid
from app.rotation.models import Rotation, State
from app.rotation.publishing import OnBreach
from app.rotation.rules import Cell
from app.rotation.ways import Absence
from app.telework.approval.waiting import week
from app.telework.caps.rules import OverCap
from app.telework.models import TeleworkPlan
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
    stored,
    withdraw,
)
from tests.app.rotation.test_writing import SECOND, of_day, preview
from tests.app.telework.desk import approve, ask, hire, make_rule, plan_ids, put_below, whole
from tests.house import DAY, OFFICE, House, at


@pytest.fixture
def office(house: House) -> House:
    """Chiba, who is the chief, plans a section in which one may be at home for four half-days a week; doi is the
    chief of the section above."""
    make_rule(house, week=4)
    give_zone(house)
    put_below(house, "soumu", "bu")
    hire(house, "doi", section="bu", role=Role.CHIEF)
    months.setting(
        house,
        people=[
            {"user_id": one.id, "target": 0}
            for one in house.people.values()
            if one.name in {"aoki", "baba", "chiba"}
        ],
    )
    return house


def found(house: House, now: str = "08:00") -> Rotation:
    """The rotation has chiba at home on the first day, and aoki on the second, whoever asked."""
    rotation_id = search(house, plan_month(house, now=now)).id
    months.send_home(house, rotation_id, "chiba", FIRST)
    months.send_home(house, rotation_id, "aoki", SECOND)
    return stored(house, rotation_id)


def own(house: House) -> list[TeleworkPlan]:
    me = house.people["chiba"].id
    return [one for (user_id, on, _half), one in plans(house).items() if (user_id, on) == (me, FIRST)]


def test_own_half_days_at_home_are_asked_for_and_others_are_approved(office: House) -> None:
    rotation = found(office)
    shown = preview(office, rotation.id)
    assert {key[:2] for key in shown.requested} == {(office.people["chiba"].id, FIRST)}
    assert len(shown.requested) == 2
    publish(office, rotation.id)
    assert of_day(office, "chiba", FIRST) == {("home", "requested")}
    assert of_day(office, "chiba", SECOND) == {("office", "approved")}
    assert of_day(office, "aoki", SECOND) == {("home", "approved")}
    assert {(one.approved_at, one.approved_by, one.decided_by) for one in own(office)} == {(None, None, None)}
    with reading(office.engine) as session:
        chiefs = office.people["doi"]
        asked = week(session, FIRST, actor=chiefs, today=DAY, office=OFFICE)
        assert {one.user_id for row in asked.rows for one in row.waiting} == {office.people["chiba"].id}


def test_what_waits_is_at_home_in_the_grid_which_says_so(office: House) -> None:
    rotation = found(office)
    publish(office, rotation.id)
    with reading(office.engine) as session:
        row, chiba = session.get_one(Rotation, rotation.id), office.people["chiba"]
        shown = grid(session, row, actor=chiba, office=OFFICE)
    assert {one for one, why in shown.why.items() if why == "waits"} == {
        Cell(str(chiba.id), FIRST, half) for half in ("am", "pm")
    }
    assert "requested" not in shown.why.values()
    assert shown.plan[Cell(str(chiba.id), FIRST, "am")].value == "home"


def test_what_waits_is_taken_back_with_the_rotation(office: House) -> None:
    rotation = found(office)
    publish(office, rotation.id)
    withdraw(office, rotation.id)
    assert of_day(office, "chiba", FIRST) == {("home", "withdrawn")}


def test_what_waits_is_the_rotations_to_change_when_planned_anew(office: House) -> None:
    publish(office, found(office).id)
    again = search(office, plan_month(office, now="08:30"))
    assert not [one for one in again.problem["wishes"] if one["person"] == str(office.people["chiba"].id)]
    months.send_home(office, again.id, "chiba", FIRST)
    done = publish(office, again.id)
    assert not {key for key in done.changed if key[:2] == (office.people["chiba"].id, FIRST)}
    last = search(office, plan_month(office, now="08:40"))
    assert cell(last, office, "chiba", FIRST, "am") == "office"
    publish(office, last.id)
    assert of_day(office, "chiba", FIRST) == {("office", "approved")}
    withdraw(office, last.id)
    assert of_day(office, "chiba", FIRST) == {("office", "withdrawn")}


def test_what_somebody_else_has_approved_since_stays(office: House) -> None:
    rotation = found(office)
    publish(office, rotation.id)
    approve(office, *[one.id for one in own(office)], who="doi", now="08:03")
    withdraw(office, rotation.id)
    assert of_day(office, "chiba", FIRST) == {("home", "approved")}


def test_what_they_asked_for_themselves_stays_their_request(office: House) -> None:
    asked = ask(office, "chiba", whole(FIRST))
    rotation = found(office)
    assert not preview(office, rotation.id).requested
    publish(office, rotation.id)
    withdraw(office, rotation.id)
    assert of_day(office, "chiba", FIRST) == {("home", "requested")}
    assert [one.requested_at for one in own(office)] == [one.requested_at for one in asked.plans]


def test_the_own_request_for_something_else_comes_back(office: House) -> None:
    asked = ask(office, "chiba", whole(FIRST, kind=PlanKind.HOME)[:1])
    rotation = found(office)
    publish(office, rotation.id)
    withdraw(office, rotation.id)
    states = {one.id: one.state.value for one in own(office)}
    assert states[plan_ids(asked)[0]] == "requested"
    assert sorted(states.values()) == ["requested", "withdrawn"]


def test_who_waits_for_approval_can_step_in_for_who_is_absent(office: House) -> None:
    chiba, aoki = office.people["chiba"], office.people["aoki"].id
    months.setting(office, covers=[{"name": "窓口", "least": 1, "people": [aoki, chiba.id]}])
    rotation = found(office)
    publish(office, rotation.id)
    swap_id = months.offer(office, rotation.id, Absence(aoki, FIRST), chiba.id)
    with transaction(office.engine) as session:
        swapping.answer(session, swap_id, accepts=True, actor=chiba, office=OFFICE, now=at("08:04"))
    assert of_day(office, "chiba", FIRST) == {("office", "approved")}


def test_another_chief_who_publishes_approves_it(office: House) -> None:
    rotation = found(office)
    publish(office, rotation.id, who="doi")
    assert of_day(office, "chiba", FIRST) == {("home", "approved")}


def test_nobody_confirms_that_the_own_plans_break_a_rule(house: House) -> None:
    make_rule(house, week=2, over_cap=OverCap.ASK)
    rotation_id = search(house, plan_month(house)).id
    months.send_home(house, rotation_id, "chiba", FIRST, SECOND)
    (broken,) = preview(house, rotation_id).broken
    chiba = house.people["chiba"]
    assert (broken.is_refused_to(chiba.id), broken.is_refused_to(house.people["aoki"].id)) == (True, False)
    with transaction(house.engine) as session:
        rotation = service.get_rotation(session, rotation_id, chiba, to_change=True)
        with pytest.raises(RuleBroken, match=r"rotation\.breaks_rules"):
            pipeline.publish_rotation(
                session, rotation, actor=chiba, office=OFFICE, now=at("08:02"), on_breach=OnBreach.ALLOW
            )
    assert stored(house, rotation_id).state is State.FOUND
