"""Somebody is suddenly absent: who could step in is asked, and whoever accepts first comes."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select, update

from app import pipeline
from app.database import reading, transaction
from app.errors import Conflict, Forbidden, RuleBroken
from app.events import Event
from app.rotation import service, swapping
from app.rotation.models import RotationCell, RotationSwap, SwapState
from app.rotation.standing import find_way
from app.spaces.models import Zone
from app.telework.rules import Half, PlanKind
from tests.app.rotation import months
from tests.app.rotation.months import FIRST
from tests.app.telework.desk import make_rule, section_id
from tests.house import OFFICE, House, at


@pytest.fixture
def office(house: House) -> House:
    make_rule(house, week=4)
    own = section_id(house, "soumu")
    with transaction(house.engine) as session:
        session.execute(update(Zone).where(Zone.code == "A").values(section_id=own))
    return house


def answer(house: House, swap_id: int, who: str = "baba", *, accepts: bool = True) -> None:
    with transaction(house.engine) as session:
        pipeline.answer_swap(
            session,
            swap_id,
            accepts=accepts,
            actor=house.people[who],
            office=OFFICE,
            now=at("08:05"),
        )


def state(house: House, swap_id: int) -> SwapState:
    with reading(house.engine) as session:
        return session.get_one(RotationSwap, swap_id).state


def test_who_accepts_comes_in_with_plan_and_seat(office: House) -> None:
    swap_id = months.swap(office)
    baba = office.people["baba"].id
    with reading(office.engine) as session:
        asked = swapping.own(session, office.people["baba"], FIRST)
        home = [(baba, date.fromisoformat(one["on"]), one["half"]) for one in asked[0].cells["home"]]
    answer(office, swap_id)
    assert state(office, swap_id) is SwapState.ACCEPTED
    written = months.plans(office)
    for half in ("am", "pm"):
        assert written[baba, FIRST, half].kind is PlanKind.OFFICE
    for key in home:
        assert written[key].kind is PlanKind.HOME
    seated = [one for one in months.seats(office) if one.user_id == baba]
    assert [one for one in seated if OFFICE.day(one.start_at) == FIRST]
    for _user, on, half in home:
        window = OFFICE.window(on, Half(half))
        assert not [one for one in seated if one.span.overlaps(window)]
    with reading(office.engine) as session:
        cells = session.scalars(select(RotationCell).where(RotationCell.user_id == baba)).all()
        assert {one.kind for one in cells if one.on_date == FIRST} == {PlanKind.OFFICE}
        told = session.scalars(select(Event.kind).where(Event.kind.startswith("telework.swap"))).all()
    assert told == ["telework.swap_offered", "telework.swap_accepted"]


def test_who_declines_changes_nothing(office: House) -> None:
    swap_id = months.swap(office)
    before = {key: one.kind for key, one in months.plans(office).items()}
    answer(office, swap_id, accepts=False)
    assert state(office, swap_id) is SwapState.DECLINED
    assert {key: one.kind for key, one in months.plans(office).items()} == before


def test_it_is_answered_once_and_by_who_is_asked(office: House) -> None:
    swap_id = months.swap(office)
    with pytest.raises(Forbidden):
        answer(office, swap_id, "aoki")
    answer(office, swap_id)
    with pytest.raises(Conflict, match=r"rotation\.swap_over"):
        answer(office, swap_id)


def test_nobody_is_asked_twice_nor_where_it_is_no_way_out(office: House) -> None:
    months.swap(office)
    with reading(office.engine) as session:
        rotation_id = session.scalars(select(RotationSwap.rotation_id)).one()

    def ask(person: str, absent: str) -> None:
        with transaction(office.engine) as session:
            chiba = office.people["chiba"]
            rotation = service.get_rotation(session, rotation_id, chiba, to_change=True)
            way = find_way(
                rotation, absent_id=office.people[absent].id, on=FIRST, person_id=office.people[person].id
            )
            swapping.offer(session, rotation, way, actor=chiba, now=at("08:04"))

    with pytest.raises(Conflict, match=r"rotation\.swap_asked"):
        ask("baba", "aoki")
    with pytest.raises(RuleBroken, match=r"rotation\.no_swap"):
        ask("chiba", "aoki")


def test_a_plan_that_changed_meanwhile_is_not_overwritten(office: House) -> None:
    swap_id = months.swap(office)
    with reading(office.engine) as session:
        rotation_id = session.get_one(RotationSwap, swap_id).rotation_id
    months.withdraw(office, rotation_id)
    with pytest.raises(Conflict, match=r"rotation\.swap_over"):
        answer(office, swap_id)
