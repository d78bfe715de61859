"""Every plan found passes the check, which shares no code with the search; where there is none, why is told."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import date
from typing import Any

import pytest

from app.rotation.explain import Elastic, explain
from app.rotation.milp import Limits, Linear, Milp, Outcome
from app.rotation.rules import Caps, Duty, Member, Problem, State, check, worth
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


def test_where_every_level_of_the_wishes_takes_all_its_time_each_has_as_much(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given: list[float] = []
    minimize = Milp.minimize

    def takes_all(milp: Milp, goal: Linear, *, seconds: float, **more: Any) -> Outcome:
        given.append(seconds)
        return minimize(milp, goal, seconds=seconds, **more)

    monkeypatch.setattr(Milp, "minimize", takes_all)
    asked = Problem([date(2026, 12, 7)], [Member("aoki", "Aoki", target=1), Member("baba", "Baba")])
    asked = replace(asked, published=dict.fromkeys(asked.cells(), State.HOME))
    found = search(asked, Limits(seconds=60), clock=lambda: sum(given))
    assert isinstance(found, Found)
    assert list(found.levels) == ["targets", "uncalled", "unfair", "peak", "changes"]
    assert given == pytest.approx([12] * 5)


@pytest.mark.parametrize(
    ("caps", "around", "most", "broken"),
    [
        (Caps(week=3), {}, 5, "week"),  # Friday in one week, Monday and Tuesday in the next
        (Caps(week=3), {date(2026, 12, 3): 2}, 4, "week"),
        (Caps(week=3), {date(2026, 12, 3): 2, date(2026, 12, 9): 2}, 2, "week"),
        (Caps(week=3), {date(2026, 12, 3): 2, date(2026, 12, 9): 2, date(2026, 12, 10): 2}, 1, "week"),
        # Half a day at home leaves the other for the office, and is in no row.
        (Caps(row=2), {}, 5, "row"),
        (Caps(row=2), {date(2026, 12, 3): 1}, 5, "row"),
        (Caps(row=2), {date(2026, 12, 2): 2, date(2026, 12, 3): 2}, 5, "row"),
        (Caps(row=2), {date(2026, 12, 2): 2, date(2026, 12, 3): 2, date(2026, 12, 9): 2}, 4, "row"),
        (Caps(row=2), {date(2026, 12, 2): 2, date(2026, 12, 3): 1, date(2026, 12, 9): 1}, 5, "row"),
        (Caps(row=0), {date(2026, 12, 3): 0}, 3, "row"),
    ],
)
def test_what_is_settled_around_the_days_counts_for_the_week_and_the_row_over_their_ends(
    caps: Caps, around: dict[date, int], most: int, broken: str
) -> None:
    days = [date(2026, 12, 4), date(2026, 12, 7), date(2026, 12, 8)]
    asked = Problem(days, [Member("aoki", "Aoki", caps=caps, target=6, around=around)])
    found = search(asked, Limits(work=200))
    assert isinstance(found, Found)
    assert sum(state is State.HOME for state in found.plan.values()) == most
    assert check(asked, found.plan) == []
    everywhere = dict.fromkeys(asked.cells(), State.HOME)
    assert {one.rule.kind for one in check(asked, everywhere)} == {broken}


def test_a_duty_of_one_person_keeps_that_one_in_the_office() -> None:
    both = [Member(one, one, target=2) for one in ("aoki", "baba")]
    asked = Problem([date(2026, 12, 4)], both, duties=[Duty("cash", "aoki", "aoki")])
    found = search(asked, Limits(work=200))
    assert isinstance(found, Found)
    assert check(asked, found.plan) == []
