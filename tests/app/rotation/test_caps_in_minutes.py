"""Caps in hours or minutes in a rotation: as much is planned as may be asked for by hand; without a database."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from app.rotation.allowed import allowed
from app.rotation.form import ProblemForm, problem_of
from app.rotation.milp import Limits
from app.rotation.rules import State
from app.rotation.search import Found, search
from app.telework.caps.rules import Cell, Rule, Unit, breaches
from app.telework.rules import Half, PlanKind
from app.working_days import WorkingDays
from tests.house import OFFICE

CALENDAR = WorkingDays({}, {})
DAYS = [date(2026, 12, day) for day in range(7, 12)]
MONDAY, FRIDAY = DAYS[0], DAYS[-1]
MINUTES = {"am": 210, "pm": 255}


def at_home(on: date, half: Half) -> Cell:
    return OFFICE.cell(on, half, PlanKind.HOME, None)


def planned(said: dict[str, Any]) -> list[Cell]:
    """What a search plans at home for somebody who wants all that is allowed."""
    form = {"days": [on.isoformat() for on in DAYS], "members": [{"id": "aoki", "target": 10, **said}]}
    found = search(problem_of(ProblemForm().load(form)), Limits(work=200))
    assert isinstance(found, Found)
    return [at_home(cell.day, Half(cell.half)) for cell, state in found.plan.items() if state is State.HOME]


@pytest.mark.parametrize(
    ("unit", "week", "half_days"),
    [
        (Unit.MINUTE, 209, 0),
        (Unit.MINUTE, 210, 1),
        (Unit.MINUTE, 464, 2),  # two mornings
        (Unit.HOUR, 465, 2),
        (Unit.MINUTE, 930, 4),
        (Unit.MINUTE, 2325, 10),
    ],
)
def test_as_much_is_planned_as_a_cap_in_minutes_allows_and_no_more(
    unit: Unit, week: int, half_days: int
) -> None:
    rule = Rule(1, MONDAY, unit=unit, week=week)
    cells = planned(allowed(DAYS, [], lambda _on: rule, CALENDAR, OFFICE))
    assert len(cells) == half_days
    assert breaches(cells, lambda _on: rule, CALENDAR) == []


def test_what_is_used_of_a_cap_in_minutes_is_taken_from_it_and_each_measure_has_its_own_cap() -> None:
    used = [at_home(MONDAY, Half.AM)]
    by_minutes, by_halves, over = (
        Rule(1, MONDAY, unit=Unit.MINUTE, week=465),
        Rule(2, MONDAY, week=4),
        Rule(3, MONDAY, week=1),
    )
    rules = dict(zip(DAYS, [by_minutes, by_minutes, by_halves, by_halves, over], strict=True))
    quotas = allowed(DAYS[1:], used, rules.__getitem__, CALENDAR, OFFICE)["quotas"]
    assert [(one["last"], one["most"], one["settled"], one.get("minutes")) for one in quotas] == [
        ("2026-12-13", 4, 1, None),
        ("2026-12-13", 465, 210, MINUTES),
        (FRIDAY.isoformat(), 1, 1, None),
    ]
