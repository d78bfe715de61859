"""Every plan found passes the check, which shares no code with the search; where there is none, why is told."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from app.rotation.explain import Elastic, explain
from app.rotation.milp import Limits
from app.rotation.rules import Problem, check, worth
from app.rotation.search import Found, search
from tests.app.rotation.problems import problem

INSTANCES, LONG_INSTANCES = 50, 500


def instance(seed: int) -> Problem:
    return problem(seed, people=4 + seed % 9, days=4 + seed % 7, tight=(seed % 11) / 10)


@pytest.mark.timeout(1800)
def test_a_plan_holds_every_must_and_an_impossible_problem_names_rules_that_cannot_hold_together(
    long: bool,
) -> None:
    planned = impossible = 0
    for seed in range(LONG_INSTANCES if long else INSTANCES):
        asked = instance(seed)
        found = search(asked, Limits(work=200))
        if isinstance(found, Found):
            planned += 1
            assert check(asked, found.plan) == [], seed
            counted = asdict(worth(asked, found.plan))
            assert {name: counted[name] for name in found.levels} == {
                name: best for name, (best, _bound) in found.levels.items()
            }, seed
            continue
        impossible += 1
        conflict = explain(asked)
        assert conflict is not None, seed
        elastic = Elastic(asked, 30)
        assert elastic.can_hold(conflict.rules) is False, seed
        for rule in conflict.rules:
            assert elastic.can_hold([one for one in conflict.rules if one != rule]) is True, (seed, rule)
        for rule in conflict.frees:
            freed = search(asked, Limits(work=200), without=[rule])
            assert isinstance(freed, Found), (seed, rule)
            assert {one.rule for one in check(asked, freed.plan)} <= {rule}, seed
    print(f"{planned} planned, {impossible} impossible")
    assert planned > 5
    assert impossible > 5


def test_the_same_input_and_seed_give_the_same_plan() -> None:
    asked = problem(3, people=12, days=8, tight=0.2)
    first, second = (search(asked, Limits(work=200)) for _ in "12")
    assert isinstance(first, Found)
    assert first == second
