"""What is searched and explained, against all there is: every plan of small problems, without a database."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import date, timedelta
from fractions import Fraction
from itertools import product
from math import ceil
from random import Random

import pytest

from app.rotation.explain import explain
from app.rotation.milp import Limits
from app.rotation.rules import HALVES, Cell, Granted, Member, Plan, Problem, State, Wish, check, worth
from app.rotation.search import Found, search
from tests.app.rotation.problems import problem

SEEDS, LONG_SEEDS = 150, 1500
MOST_CELLS, LONG_MOST_CELLS = 8, 12
# Where HiGHS once handed back the start of a search for its end.
TOLD_WRONG = 1128
MONDAY = date(2026, 12, 7)


def small(*, long: bool) -> Iterator[tuple[int, Problem, list[Plan]]]:
    """Problems of which every plan can be looked at: all that keep away whoever is, also those that break a lock."""
    for seed in [TOLD_WRONG, *range(LONG_SEEDS if long else SEEDS)]:
        random = Random(seed)
        people, days, tight = random.choice([2, 3, 4]), random.choice([1, 2, 3]), random.random()
        asked = problem(seed, people=people, days=days, tight=tight)
        free = [cell for cell in asked.cells() if not asked.is_away(cell)]
        if seed == TOLD_WRONG or len(free) <= (LONG_MOST_CELLS if long else MOST_CELLS):
            yield seed, asked, list(plans(asked, free))


def plans(asked: Problem, free: list[Cell]) -> Iterator[Plan]:
    away = dict.fromkeys(set(asked.cells()) - set(free), State.AWAY)
    for states in product((State.OFFICE, State.HOME), repeat=len(free)):
        yield {**away, **dict(zip(free, states, strict=True))}


def values(asked: Problem, plan: Plan) -> tuple[int, ...]:
    return tuple(asdict(worth(asked, plan)).values())


@pytest.mark.timeout(1800)
def test_nothing_is_better_than_what_is_found_and_where_nothing_is_found_there_is_nothing(long: bool) -> None:
    planned = impossible = 0
    for seed, asked, every in small(long=long):
        best = min((values(asked, plan) for plan in every if not check(asked, plan)), default=None)
        found = search(asked, Limits(work=1000))
        if isinstance(found, Found):
            planned += 1
            assert values(asked, found.plan) == best, seed
            assert all(bound <= value for value, bound in found.levels.values()), seed
        else:
            impossible += 1
            assert best is None, seed
    print(f"{planned} planned, {impossible} impossible")
    assert planned > 20
    assert impossible > 5


@pytest.mark.timeout(1800)
def test_the_rules_of_a_conflict_cannot_hold_together_and_without_any_one_of_them_they_can(
    long: bool,
) -> None:
    impossible = frees = 0
    for seed, asked, every in small(long=long):
        broken = [{one.rule for one in check(asked, plan)} for plan in every]
        conflict = explain(asked)
        if not all(broken):
            assert conflict is None, seed
            continue
        assert conflict is not None, seed
        impossible += 1
        rules = set(conflict.rules)
        assert all(rules & rest for rest in broken), seed
        for rule in rules:
            assert any(not (rules - {rule}) & rest for rest in broken), (seed, rule)
            assert (rule in conflict.frees) == any(rest <= {rule} for rest in broken), (seed, rule)
        frees += len(conflict.frees)
    print(f"{impossible} impossible, {frees} rules that free them")
    assert impossible > 5
    assert frees > 5


@pytest.mark.parametrize(
    ("so_far", "at_home", "unfair"),
    [
        ([(88, 88), (92, 92)], [2, 2], 0),  # both had every Monday that they could
        ([(45, 88), (47, 92)], [0, 0], 0),  # 45 of 90 and 47 of 94
        ([(0, 1), (0, 1)], [1, 0], 3333),  # 1 of 3 and none: 3333⅓
        ([(1, 1), (0, 1)], [1, 0], 6667),  # 2 of 3 and none: 6666⅔
        ([(0, 14), (0, 14)], [1, 0], 625),
        ([(0, 30), (0, 30)], [1, 0], 312),  # 312½, of which the half is rounded down
    ],
)
def test_shares_of_mondays_are_compared_as_they_are(
    so_far: list[tuple[int, int]], at_home: list[int], unfair: int
) -> None:
    members = [
        Member(str(number), "", target=count, mondays=Granted(*before))
        for number, (before, count) in enumerate(zip(so_far, at_home, strict=True))
    ]
    # Whoever is to have none wishes for one all the same, and so shares in them.
    wishes = [Wish(Cell(str(number), MONDAY, "am"), State.HOME, care=False) for number in range(2)]
    asked = Problem([MONDAY], members, wishes=wishes)
    found = search(asked, Limits(work=200))
    assert isinstance(found, Found)
    assert found.levels["unfair"] == (unfair, unfair)
    assert worth(asked, found.plan).unfair == unfair


@pytest.mark.parametrize("never", [None, 0])
def test_who_never_works_at_home_hides_nobodys_share(never: int | None) -> None:
    tuesday = MONDAY + timedelta(days=1)
    members = [
        Member("often", "", target=0, mondays=Granted(9, 10)),
        Member("had", "", target=2, mondays=Granted(6, 10)),
        Member("had none", "", target=2, mondays=Granted(0, 10)),
        Member("never", "", target=never, mondays=Granted(0, 10)),
    ]
    found = search(Problem([MONDAY, tuesday], members, seats=3), Limits(work=200))
    assert isinstance(found, Found)
    assert {
        cell.person for cell, state in found.plan.items() if (cell.day, state) == (MONDAY, State.HOME)
    } == {"had none"}


def over_the_turn(seed: int) -> Problem:
    """Two people, who had some Mondays and Fridays, on a Monday of March and on a Friday and a Monday of April."""
    random = Random(seed)
    members = [
        Member(
            str(number),
            "",
            target=random.randint(1, 4),
            mondays=Granted(random.randint(0, 40), 90),
            fridays=Granted(random.randint(0, 40), 100),
        )
        for number in range(2)
    ]
    return Problem([date(2027, 3, 29), date(2027, 4, 2), date(2027, 4, 5)], members)


def unfair_by_hand(asked: Problem, plan: Plan) -> int:
    """The shares of March with those of the year before it, and of April by itself; nobody may be away."""
    spreads = Fraction(0)
    march, friday, monday = asked.days
    for days, before in (
        ([march], [one.mondays for one in asked.members]),
        ([], [one.fridays for one in asked.members]),
        ([monday], [Granted(), Granted()]),
        ([friday], [Granted(), Granted()]),
    ):
        shares = [
            Fraction(
                had.granted
                + sum(plan[Cell(one.id, day, half)] is State.HOME for day in days for half in HALVES),
                had.available + len(HALVES) * len(days),
            )
            for one, had in zip(asked.members, before, strict=True)
        ]
        spreads += max(shares) - min(shares)
    return ceil(10_000 * spreads - Fraction(1, 2))


@pytest.mark.parametrize("seed", range(4))
def test_each_fiscal_year_is_fair_by_itself_where_one_begins_among_the_days(seed: int) -> None:
    asked = over_the_turn(seed)
    every = list(plans(asked, list(asked.cells())))
    assert all(worth(asked, plan).unfair == unfair_by_hand(asked, plan) for plan in every)
    found = search(asked, Limits(work=1000))
    assert isinstance(found, Found)
    assert values(asked, found.plan) == min(values(asked, plan) for plan in every)
