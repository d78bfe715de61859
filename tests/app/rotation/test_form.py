"""The documented form of a problem, loaded: who counts for what on which day; no database."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from marshmallow import ValidationError

from app.rotation.form import ProblemForm, problem_of
from app.rotation.milp import Limits
from app.rotation.rules import Problem, worth
from app.rotation.schemas import RotationRequest
from app.rotation.search import Found, search
from app.rotation.solving import MOST_WORK

MONDAY, TUESDAY = date(2026, 12, 7), date(2026, 12, 8)
SKILLED = {"skills": ["counter"]}


def loaded(**said: Any) -> Problem:
    """Aoki and baba of the one unit, chiba of another; baba and chiba mind the counter; on Tuesday chiba moves."""
    members = [
        {"id": "aoki", "unit": "one"},
        {"id": "baba", "unit": "one", **SKILLED},
        {"id": "chiba", "unit": "two", "unit_on": {"2026-12-08": "one"}, **SKILLED},
    ]
    days = [MONDAY.isoformat(), TUESDAY.isoformat()]
    return problem_of(ProblemForm().load({"days": days, "members": members} | said))


@pytest.mark.parametrize(
    ("named", "monday", "tuesday"),
    [
        ({}, {"aoki", "baba", "chiba"}, {"aoki", "baba", "chiba"}),
        ({"unit": "one"}, {"aoki", "baba"}, {"aoki", "baba", "chiba"}),
        ({"skill": "counter"}, {"baba", "chiba"}, {"baba", "chiba"}),
        ({"unit": "one", "skill": "counter"}, {"baba"}, {"baba", "chiba"}),
        ({"people": ["aoki", "chiba"], "skill": "counter"}, {"chiba"}, {"chiba"}),
        ({"people": ["aoki", "chiba"], "unit": "one"}, {"aoki"}, {"aoki", "chiba"}),
        ({"people": ["aoki"], "people_on": {"2026-12-08": ["aoki", "baba"]}}, {"aoki"}, {"aoki", "baba"}),
        (
            {"people": ["aoki"], "people_on": {"2026-12-08": ["aoki", "baba"]}, "skill": "counter"},
            set(),
            {"baba"},
        ),
        ({"people": []}, set(), set()),
    ],
)
def test_a_cover_counts_whoever_is_all_that_it_names(
    named: dict[str, Any], monday: set[str], tuesday: set[str]
) -> None:
    (cover,) = loaded(covers=[{"name": "counter", "least": 1, **named}]).covers
    assert [set(cover.people_of(day)) for day in (MONDAY, TUESDAY)] == [monday, tuesday]


def test_so_much_work_as_holds_up_others_cannot_be_asked_for() -> None:
    asked = {"problem": {"days": ["2026-12-07"], "members": [{"id": "aoki"}]}, "work": MOST_WORK}
    assert RotationRequest().load(asked)["work"] == 5_000
    with pytest.raises(ValidationError, match="work"):
        RotationRequest().load({**asked, "work": MOST_WORK + 1})


def test_the_common_day_of_a_unit_is_of_those_who_belong_to_it_on_that_day() -> None:
    at_home = [
        *({"person": "aoki", "day": "2026-12-07", "half": half, "state": "home"} for half in ("am", "pm")),
        {"person": "chiba", "day": "2026-12-08", "half": "am", "state": "home"},
    ]
    asked = loaded(fixed=at_home)
    assert asked.units == {
        "one": {MONDAY: ["aoki", "baba"], TUESDAY: ["aoki", "baba", "chiba"]},
        "two": {MONDAY: ["chiba"]},
    }
    found = search(asked, Limits(work=100))
    assert isinstance(found, Found)
    assert worth(asked, found.plan).no_common_day == 1  # of the one unit; of the other Monday is
    assert found.levels["no_common_day"] == (1, 1)


ON = MONDAY.isoformat()
BACK = {"first": "2026-12-08", "last": ON}
CELL = {"person": "aoki", "day": ON}
HOME, OFFICE = {**CELL, "state": "home"}, {**CELL, "half": "am", "state": "office"}
THE_SAME = "aoki on 2026-12-07 (am) stands there twice."
LATE = {"2028-01-01": ["aoki"]}


def member(**said: Any) -> dict[str, Any]:
    return {"members": [{"id": "aoki", **said}]}


@pytest.mark.parametrize(
    ("said", "where", "why"),
    [
        ({"fixed": [HOME, OFFICE]}, "fixed", THE_SAME),
        ({"wishes": [HOME, OFFICE]}, "wishes", THE_SAME),
        ({"published": [OFFICE, OFFICE]}, "published", THE_SAME),
        (
            {"seats_on": [{"day": ON, "most": 1}, {"day": ON, "half": "pm", "most": 2}]},
            "seats_on",
            "2026-12-07 (pm) stands there twice.",
        ),
        (
            {"pools": [{"name": "p", "people": [], "most": 1, "most_on": [{"day": ON, "most": 1}] * 2}]},
            "pools",
            "2026-12-07 (am) stands there twice.",
        ),
        (
            member(quotas=[{"kind": "week", "most": 1, **BACK}]),
            "members",
            "aoki: what quotas says from 2026-12-08 to 2026-12-07 ends before it begins.",
        ),
        (
            member(targets=[{"half_days": 1, **BACK}]),
            "members",
            "aoki: what targets says from 2026-12-08 to 2026-12-07 ends before it begins.",
        ),
        (
            member(fridays={"granted": 2, "available": 1}),
            "members",
            "aoki: of fridays, more are granted than were available.",
        ),
        (
            {"covers": [{"name": "c", "least": 1, "people_on": LATE}]},
            "covers",
            "c: 2028-01-01 is none of the days.",
        ),
        (
            {"pools": [{"name": "p", "people": [], "most": 1, "people_on": LATE}]},
            "pools",
            "p: 2028-01-01 is none of the days.",
        ),
    ],
)
def test_what_contradicts_itself_is_refused_with_its_place(
    said: dict[str, Any], where: str, why: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        loaded(**said)
    messages = refused.value.messages_dict
    assert why in messages[where]
    assert messages.keys() == {where}
