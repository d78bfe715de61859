"""Who decides on whose plans."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.people.rules import lineage
from app.telework.approval.rules import Deciders, Deputy, deciders
from tests.house import DAY

# 局 1 > 部 2 > 課 3 > 係 4, and a 課 5 beside it.
PARENTS = {1: None, 2: 1, 3: 2, 4: 3, 5: 2}
BUREAU, DIVISION, CHIEF, OTHER = 100, 200, 300, 500
CHIEFS = {1: {BUREAU}, 3: {CHIEF}, 5: {OTHER}}
STAFF, DEPUTY = 41, 42


@pytest.mark.parametrize(
    ("person", "sections", "expected"),
    [
        (STAFF, [3], Deciders(frozenset({CHIEF}), personnel=False)),
        (STAFF, [4], Deciders(frozenset({CHIEF}), personnel=False)),
        (STAFF, [3, 5], Deciders(frozenset({CHIEF, OTHER}), personnel=False)),
        (STAFF, [2], Deciders(frozenset({BUREAU}), personnel=False)),
        (CHIEF, [3], Deciders(frozenset({BUREAU}), personnel=False)),
        (BUREAU, [1], Deciders(frozenset(), personnel=True)),
        (STAFF, [], Deciders(frozenset(), personnel=True)),
        (STAFF, [9], Deciders(frozenset(), personnel=True)),
    ],
)
def test_the_nearest_chief_above_decides_and_personnel_where_there_is_none(
    person: int, sections: list[int], expected: Deciders
) -> None:
    assert deciders(person, sections, PARENTS, CHIEFS, {}) == expected


def test_a_deputy_decides_beside_the_chief_but_not_on_the_own_plans_nor_on_the_chiefs() -> None:
    deputies = {CHIEF: {DEPUTY}}
    assert deciders(STAFF, [3], PARENTS, CHIEFS, deputies).people == {CHIEF, DEPUTY}
    assert deciders(DEPUTY, [3], PARENTS, CHIEFS, deputies) == Deciders(frozenset({CHIEF}), personnel=False)
    assert deciders(CHIEF, [3], PARENTS, CHIEFS, deputies).people == {BUREAU}


def test_two_chiefs_of_a_section_decide_on_each_other() -> None:
    chiefs = {3: {CHIEF, OTHER}}
    assert deciders(CHIEF, [3], PARENTS, chiefs, {}).people == {OTHER}


@pytest.mark.parametrize(
    ("deputy", "away", "acts"),
    [
        (Deputy(CHIEF, DEPUTY, DAY, DAY, when_away=False), set(), True),
        (
            Deputy(CHIEF, DEPUTY, DAY - timedelta(days=1), DAY - timedelta(days=1), when_away=False),
            set(),
            False,
        ),
        (Deputy(CHIEF, DEPUTY, DAY + timedelta(days=1), None, when_away=False), set(), False),
        (Deputy(CHIEF, DEPUTY, DAY, None, when_away=True), set(), False),
        (Deputy(CHIEF, DEPUTY, DAY, None, when_away=True), {OTHER}, False),
        (Deputy(CHIEF, DEPUTY, DAY, None, when_away=True), {CHIEF}, True),
        (Deputy(CHIEF, DEPUTY, DAY + timedelta(days=1), None, when_away=True), {CHIEF}, False),
    ],
)
def test_a_deputy_acts_on_the_named_days_or_while_the_chief_is_away(
    deputy: Deputy, away: set[int], acts: bool
) -> None:
    assert deputy.acts(DAY, away) == acts


def test_the_way_up_knows_each_distance_and_ends_where_it_goes_round() -> None:
    assert lineage([4], PARENTS) == {4: 0, 3: 1, 2: 2, 1: 3}
    assert lineage([4, 5], PARENTS) == {4: 0, 5: 0, 3: 1, 2: 1, 1: 2}
    assert lineage([1], {1: 2, 2: 1}) == {1: 0, 2: 1}


IDS = st.integers(1, 6)


@given(
    st.sets(IDS, max_size=3),
    st.dictionaries(IDS, st.none() | IDS),
    st.dictionaries(IDS, st.sets(IDS)),
    st.dictionaries(IDS, st.sets(IDS)),
    IDS,
)
def test_somebody_always_decides_and_never_the_person(
    sections: set[int],
    parents: dict[int, int | None],
    chiefs: dict[int, set[int]],
    deputies: dict[int, set[int]],
    person: int,
) -> None:
    found = deciders(person, sections, parents, chiefs, deputies)
    assert person not in found.people
    assert bool(found.people) != found.personnel
