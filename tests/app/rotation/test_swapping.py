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
from app.rotation.models import Rotation, RotationCell, RotationSwap, SwapState
from app.rotation.standing import find_way, look, swaps_of
from app.spaces.models import Zone
from app.telework.requesting import Wanted
from app.telework.rules import Half, PlanKind
from tests.app.rotation import months
from tests.app.rotation.months import FIRST
from tests.app.telework.desk import approve, ask, hire, make_rule, plan_ids, section_id, whole
from tests.house import OFFICE, House, at


@pytest.fixture
def office(house: House) -> House:
    make_rule(house, week=10)
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
                look(session, rotation, OFFICE),
                absent_id=office.people[absent].id,
                on=FIRST,
                person_id=office.people[person].id,
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


def counter(office: House, at_home: tuple[str, ...], in_office: tuple[str, ...]) -> int:
    """A published week; on the first day one of these is wanted at the counter. The rotation's id."""
    hire(office, "kato")
    minded = {who: office.people[who].id for who in (*at_home, *in_office)}
    months.setting(office, covers=[{"name": "窓口", "least": 1, "people": list(minded.values())}])
    rotation_id = months.planned(office)
    on = FIRST.isoformat()
    with transaction(office.engine) as session:
        rotation = session.get_one(Rotation, rotation_id)
        rotation.plan = {
            **(rotation.plan or {}),
            **{
                str(user_id): {
                    **(rotation.plan or {})[str(user_id)],
                    on: dict.fromkeys(("am", "pm"), "home" if who in at_home else "office"),
                }
                for who, user_id in minded.items()
            },
        }
    months.publish(office, rotation_id)
    return rotation_id


def could(office: House, rotation_id: int, absent: str) -> set[str]:
    """Who could step in on the first day."""
    with reading(office.engine) as session:
        seen = look(session, session.get_one(Rotation, rotation_id), OFFICE)
        return {one["name"] for one in swaps_of(seen, office.people[absent].id, FIRST)}


def test_whoever_is_on_leave_by_now_is_not_counted_among_those_who_are_in(office: House) -> None:
    rotation_id = counter(office, ("kato",), ("aoki", "baba"))
    assert could(office, rotation_id, "baba") == set()
    ask(office, "aoki", whole(FIRST, kind=PlanKind.LEAVE), now="08:10")
    assert could(office, rotation_id, "baba") == {"kato"}
    # Whoever is absent may have said so as leave already.
    ask(office, "baba", whole(FIRST, kind=PlanKind.LEAVE), now="08:20")
    assert could(office, rotation_id, "baba") == {"kato"}


def test_whoever_is_on_leave_or_decided_otherwise_by_now_is_not_asked(office: House) -> None:
    rotation_id = counter(office, ("baba", "kato"), ("aoki",))
    assert could(office, rotation_id, "aoki") == {"baba", "kato"}
    ask(office, "baba", whole(FIRST, kind=PlanKind.LEAVE), now="08:10")
    assert could(office, rotation_id, "aoki") == {"kato"}
    comes = ask(office, "kato", [Wanted(FIRST, half, PlanKind.OFFICE) for half in Half], now="08:20")
    assert could(office, rotation_id, "aoki") == set()
    approve(office, *plan_ids(comes), now="08:30")
    assert could(office, rotation_id, "aoki") == set()
