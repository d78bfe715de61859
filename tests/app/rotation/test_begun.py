"""A half-day that has begun is as it is: neither a search nor publishing nor withdrawing changes it any more."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select

from app import pipeline
from app.database import reading, rehearsal, transaction
from app.errors import RuleBroken
from app.rotation import service
from app.rotation.models import Rotation, RotationCell, State
from app.rotation.rules import Cell
from app.rotation.rules import State as Where
from app.rotation.seats import Published
from app.rotation.standing import as_it_is, look
from tests.app.rotation.months import (
    FIRST,
    LAST,
    cell,
    plan_month,
    plans,
    publish,
    search,
    send_home,
    setting,
    stored,
    with_own_zone,
)
from tests.house import DAY, OFFICE, House, at

FIRST_DAY = (FIRST - DAY).days


@pytest.fixture
def office(house: House) -> House:
    """A section with a zone of its own, whose people may work at home for four half-days a week."""
    return with_own_zone(house, week=4)


def then(clock: str) -> datetime:
    """An instant of the first day planned."""
    return at(clock, day=FIRST_DAY)


def want(house: House, half_days: int) -> None:
    setting(house, people=[{"user_id": house.people["aoki"].id, "target": half_days}])


def ask_then(house: House, clock: str, last: date = LAST) -> Rotation:
    return search(house, plan_month(house, now=clock, last=last, day=FIRST_DAY))


def publish_then(house: House, rotation_id: int, clock: str, *, preview: bool = False) -> Published:
    with (rehearsal if preview else transaction)(house.engine) as session:
        chiba = house.people["chiba"]
        rotation = service.get_rotation(session, rotation_id, chiba, to_change=True)
        done = pipeline.publish_rotation(session, rotation, actor=chiba, office=OFFICE, now=then(clock))
        session.expunge_all()
    return done


def of_first_day(house: House) -> dict[str, tuple[str, str]]:
    """Kind and state of aoki's plans of the first day planned, by half."""
    person = house.people["aoki"].id
    return {
        half: (plan.kind.value, plan.state.value)
        for (user_id, on, half), plan in plans(house).items()
        if (user_id, on) == (person, FIRST)
    }


OFFICE_STANDS, HOME_STANDS = ("office", "approved"), ("home", "approved")


def test_what_a_plan_that_was_found_before_says_of_a_begun_half_day_is_not_published(office: House) -> None:
    want(office, 0)
    publish(office, search(office, plan_month(office)).id)
    found = search(office, plan_month(office, now="08:40"))
    send_home(office, found.id, "aoki", FIRST)
    shown = publish_then(office, found.id, "10:00", preview=True)
    assert publish_then(office, found.id, "10:00").changed == shown.changed
    assert (office.people["aoki"].id, FIRST, "am") not in shown.changed
    assert of_first_day(office) == {"am": OFFICE_STANDS, "pm": HOME_STANDS}
    assert stored(office, found.id).first_on == FIRST
    with reading(office.engine) as session:
        whose = select(RotationCell.half, RotationCell.kind).where(
            RotationCell.rotation_id == found.id,
            RotationCell.on_date == FIRST,
            RotationCell.user_id == office.people["aoki"].id,
        )
        assert {half.value: kind.value for half, kind in session.execute(whose)} == {
            "am": "office",
            "pm": "home",
        }


def test_once_both_have_begun_the_day_stays_the_earlier_rotation_s(office: House) -> None:
    want(office, 0)
    earlier = search(office, plan_month(office))
    publish(office, earlier.id)
    want(office, 10)
    found = ask_then(office, "15:00")
    assert cell(found, office, "aoki", FIRST, "am") == cell(found, office, "aoki", FIRST, "pm") == "office"
    send_home(office, found.id, "aoki", FIRST)
    publish_then(office, found.id, "15:02")
    assert of_first_day(office) == {"am": OFFICE_STANDS, "pm": OFFICE_STANDS}
    kept, new = stored(office, earlier.id), stored(office, found.id)
    assert (kept.state, kept.first_on, kept.last_on) == (State.PUBLISHED, FIRST, FIRST)
    assert new.first_on == FIRST + timedelta(days=1)


def test_the_search_takes_what_has_begun_as_it_stands_whatever_the_section_must_hold(office: House) -> None:
    want(office, 0)
    publish(office, search(office, plan_month(office)).id)
    aoki = office.people["aoki"].id
    leave = [{"name": "窓口", "least": 1, "half": "pm", "people": [aoki]}]
    never = [{"name": "受付", "least": 9, "half": "am"}]
    setting(office, covers=leave, people=[{"user_id": aoki, "target": 10}])
    found = ask_then(office, "10:00", last=FIRST)
    assert (found.state, cell(found, office, "aoki", FIRST, "am")) == (State.FOUND, "office")
    setting(office, covers=never)
    assert ask_then(office, "10:01", last=FIRST).state is State.FOUND
    assert ask_then(office, "08:20", last=FIRST).state is State.IMPOSSIBLE


def test_where_nothing_was_planned_who_has_begun_is_in_the_office(office: House) -> None:
    want(office, 0)
    found = search(office, plan_month(office))
    send_home(office, found.id, "aoki", FIRST)
    publish_then(office, found.id, "10:00")
    assert of_first_day(office) == {"pm": HOME_STANDS}
    aoki = str(office.people["aoki"].id)
    with reading(office.engine) as session:
        _asked, plan = as_it_is(look(session, session.get_one(Rotation, found.id), OFFICE))
    assert [plan[Cell(aoki, FIRST, half)] for half in ("am", "pm")] == [Where.OFFICE, Where.HOME]


def test_withdrawing_leaves_what_has_begun_and_takes_back_what_is_to_come(office: House) -> None:
    want(office, 0)
    found = search(office, plan_month(office))
    publish(office, found.id)
    with transaction(office.engine) as session:
        chiba = office.people["chiba"]
        rotation = service.get_rotation(session, found.id, chiba, to_change=True)
        pipeline.withdraw_rotation(session, rotation, actor=chiba, office=OFFICE, now=then("10:00"))
    assert of_first_day(office) == {"am": OFFICE_STANDS, "pm": ("office", "withdrawn")}


def test_what_has_all_begun_is_not_planned_any_more(office: House) -> None:
    with pytest.raises(RuleBroken) as refused:
        ask_then(office, "13:00", last=FIRST)
    assert refused.value.code == "rotation.over"
