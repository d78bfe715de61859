"""Whoever moves to another section is planned, seated, counted and asked by the old one until then, and by the new one
from then on."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from app.database import reading, transaction
from app.errors import Conflict, RuleBroken
from app.people.models import Membership, Role
from app.rotation import gathering, publishing, service, swapping
from app.rotation.cover import cover_on
from app.rotation.models import Rotation
from app.rotation.published import left_behind
from app.rotation.standing import look
from app.rotation.ways import Absence
from tests.app.rotation import months
from tests.app.rotation.months import (
    FIRST,
    LAST,
    LIMITS,
    end_searches,
    planned,
    plans,
    publish,
    search,
    seats,
    send_home,
    setting,
    with_own_zone,
    withdraw,
)
from tests.app.telework.desk import hire, move, section_id
from tests.house import OFFICE, House, at

SECOND = FIRST + timedelta(days=1)
THIRD = FIRST + timedelta(days=2)


@pytest.fixture
def office(house: House) -> House:
    """A section with a zone of its own, and another with a chief of its own."""
    hire(house, "zeki", section="zei", role=Role.CHIEF)
    return with_own_zone(house, week=10)


def found_in_zei(house: House) -> Rotation:
    """The other section's week, found."""
    end_searches(house)
    with transaction(house.engine) as session:
        made = service.ask(
            session,
            actor=house.people["zeki"],
            section_id=section_id(house, "zei"),
            first=FIRST,
            last=LAST,
            limits=LIMITS,
            office=OFFICE,
            now=at("08:00"),
        ).id
    return search(house, made)


def plan_days(house: House) -> set[date]:
    """The days of which aoki's plans stand."""
    aoki = house.people["aoki"].id
    return {on for (whose, on, _half), plan in plans(house).items() if whose == aoki and plan.stands}


def seat_days(house: House) -> set[date]:
    aoki = house.people["aoki"].id
    return {OFFICE.day(one.start_at) for one in seats(house) if one.user_id == aoki}


def fixed_in_zei(house: House, *, who: str = "aoki") -> dict[tuple[str, str], str]:
    """Why somebody's half-days are given to the other section."""
    with reading(house.engine) as session:
        form = gathering.problem_form(gathering.month(session, section_id(house, "zei"), FIRST, LAST, OFFICE))
    person = str(house.people[who].id)
    return {(one["day"], one["half"]): one["why"] for one in form["fixed"] if one["person"] == person}


def test_a_plan_found_before_somebody_moved_is_published_until_then(office: House) -> None:
    rotation_id = planned(office)
    send_home(office, rotation_id, "aoki", THIRD)
    move(office, "aoki", "zei", SECOND)
    done = publish(office, rotation_id)
    assert [(one.user_id, one.on, one.why) for one in done.gone] == [
        (office.people["aoki"].id, SECOND, "elsewhere")
    ]
    assert plan_days(office) == {FIRST}
    assert seat_days(office) <= {FIRST}


def test_whoever_belongs_to_two_sections_is_published_by_each(office: House) -> None:
    rotation_id = planned(office)
    with transaction(office.engine) as session:
        zei = section_id(office, "zei")
        session.add(Membership(user_id=office.people["aoki"].id, section_id=zei, from_on=SECOND))
    assert publish(office, rotation_id).gone == []
    assert len(plan_days(office)) == 5
    assert set(fixed_in_zei(office).values()) == {"elsewhere", "approved"}


def test_who_has_moved_counts_in_the_old_section_until_then(office: House) -> None:
    aoki = office.people["aoki"].id
    setting(office, covers=[{"name": "窓口", "least": 1, "people": [aoki]}])
    rotation_id = planned(office, to="publish")
    move(office, "aoki", "zei", SECOND)
    with reading(office.engine) as session:
        sections = service.planned_sections(session, office.people["chiba"])
        counts = [
            cover_on(session, sections, on, OFFICE)[0].rows[1].counts[on, "am"] for on in (FIRST, SECOND)
        ]
        by_now = look(session, session.get_one(Rotation, rotation_id), OFFICE).by_now
    assert counts == [1, 0]
    moved = {one.day for one, fixed in by_now.items() if fixed.why == "elsewhere"}
    assert moved == {SECOND + timedelta(days=number) for number in range(4)}


def test_what_the_old_section_has_published_of_who_moved_is_open_to_the_new_one(office: House) -> None:
    old = planned(office, to="publish")
    move(office, "aoki", "zei", SECOND)
    assert set(fixed_in_zei(office)) == {(FIRST.isoformat(), "am"), (FIRST.isoformat(), "pm")}
    new = found_in_zei(office)
    send_home(office, new.id, "aoki", THIRD)
    with reading(office.engine) as session:
        rotation = session.get_one(Rotation, new.id)
        assert not [one for one in look(session, rotation, OFFICE).by_now if one.day == THIRD]
    publish(office, new.id, "zeki")
    aoki = office.people["aoki"].id
    assert plans(office)[aoki, THIRD, "am"].kind.value == "home"
    assert THIRD not in seat_days(office)
    withdraw(office, old)
    assert plan_days(office) == {SECOND + timedelta(days=number) for number in range(4)}


def test_what_another_section_publishes_just_before_ones_turn_is_not_written_over(
    office: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned(office, to="publish")
    move(office, "aoki", "zei", SECOND)
    new = found_in_zei(office)
    before = plans(office)
    seen: list[Any] = [{}]  # nothing is published yet when it is asked whose turns are to be waited for

    def looked(*asked: Any) -> Any:
        return seen.pop() if seen else left_behind(*asked)

    monkeypatch.setattr(publishing, "left_behind", looked)
    with pytest.raises(Conflict, match=r"request\.raced"):
        publish(office, new.id, "zeki")
    assert plans(office).keys() == before.keys()
    publish(office, new.id, "zeki")


def test_nobody_is_asked_who_has_moved(office: House) -> None:
    path, _query, body = months.to_swap(office)
    absence = Absence(body["user_id"], FIRST)
    asked = months.offer(office, path["rotation_id"], absence, body["person_id"])
    move(office, "baba", "zei", FIRST)
    with transaction(office.engine) as session, pytest.raises(Conflict, match=r"rotation\.swap_over"):
        swapping.answer(
            session, asked, accepts=True, actor=office.people["baba"], office=OFFICE, now=at("08:05")
        )
    with pytest.raises(RuleBroken, match=r"rotation\.no_swap"):
        months.offer(office, path["rotation_id"], absence, body["person_id"])
