"""A problem of one day: whatever else is of other days; and a section's cover on it, on both databases."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from app.database import reading
from app.rotation.cover import cover_on
from app.rotation.form import ProblemForm, problem_of
from app.rotation.narrowing import of_day
from app.rotation.service import planned_sections
from app.telework.requesting import Wanted
from app.telework.rules import Half, PlanKind
from tests.app.rotation.months import FIRST, planned, setting, with_own_zone
from tests.app.telework.desk import ask
from tests.house import OFFICE, House

DAYS = [date(2026, 12, 1), date(2026, 12, 2)]


def both(**one: Any) -> list[dict[str, Any]]:
    """The same of both days."""
    return [{"day": on.isoformat(), **one} for on in DAYS]


PEOPLE_ON = {on.isoformat(): ["b"] for on in DAYS}
FULL: dict[str, Any] = {
    "days": [on.isoformat() for on in DAYS],
    "members": [{"id": "a", "unit_on": {"2026-12-02": "x"}, "around": {"2026-11-30": 1}}, {"id": "b"}],
    "fixed": both(person="a", state="office"),
    "covers": [{"name": "c", "people": ["a"], "least": 1, "people_on": PEOPLE_ON}],
    "duties": [{"name": "d", "main": "a", "deputy": "b"}],
    "seats": 5,
    "seats_on": both(most=3),
    "terminals": 5,
    "pools": [{"name": "p", "people": ["a"], "most": 1, "people_on": PEOPLE_ON, "most_on": both(most=0)}],
    "satellites": both(person="a"),
    "called_in": both(person="b"),
    "begun": both(half="am"),
    "wishes": both(person="b", state="home"),
    "published": both(person="b", state="home"),
}


@pytest.mark.parametrize("on", DAYS)
def test_every_part_of_a_problem_is_narrowed_to_the_day(on: date) -> None:
    assert FULL.keys() == ProblemForm().fields.keys()
    narrow = problem_of(ProblemForm().load(of_day(FULL, on)))
    assert narrow.days == [on]
    cells = [
        *narrow.fixed,
        *narrow.satellites,
        *narrow.called_in,
        *(one.cell for one in narrow.wishes),
        *narrow.published,
    ]
    (pool,) = narrow.pools
    half_days = [*narrow.seats_on, *pool.most_on, *narrow.begun, *((cell.day, cell.half) for cell in cells)]
    assert len(cells) == 2 * 5
    assert {day for day, _half in half_days} == {*pool.people_on, on} == {on}
    other = next(day for day in DAYS if day != on).isoformat()
    assert other not in str(of_day(FULL, on))


@pytest.mark.parametrize("name", ["20261124", "2026-W48-2", "20261201"])
def test_only_what_is_written_as_a_day_is_left_out(name: str) -> None:
    form = {**FULL, "members": [{"id": "a", "around": {"2026-11-30": 1, name: 2}}]}
    assert of_day(form, DAYS[0])["members"] == [{"id": "a", "around": {name: 2}}]


@pytest.mark.parametrize("what", ["meeting", "satellite"])
def test_the_cover_of_a_day_is_counted_whatever_is_on_other_days(house: House, what: str) -> None:
    with_own_zone(house, week=10)
    later = FIRST + timedelta(days=1)
    if what == "meeting":
        setting(house, meetings=[{"on": later.isoformat(), "half": None, "people": None, "why": "議会"}])
    else:
        ask(house, "aoki", [Wanted(later, Half.AM, PlanKind.SATELLITE)])
    planned(house, to="publish")
    with reading(house.engine) as session:
        sections = planned_sections(session, house.people["chiba"])
        for on in (FIRST, later):
            assert len(cover_on(session, sections, on, OFFICE)) == 1
