"""Each must of a plan, broken by hand: the check names it, where and by how much, and nothing else; no database."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date
from random import Random

import pytest

from app.rotation.milp import Limits, Status
from app.rotation.rules import (
    HALVES,
    Caps,
    Cell,
    Cover,
    Duty,
    Fixed,
    Member,
    Plan,
    Pool,
    Problem,
    Quota,
    Rule,
    State,
    Violation,
    Wish,
    check,
    check_near,
    limit_of,
)
from app.rotation.search import Found, search
from tests.app.rotation import problems

MONDAY, TUESDAY = date(2026, 12, 7), date(2026, 12, 8)
A, B, C = "aoki", "baba", "chiba"


def problem(*, caps: Caps | None = None, **given: object) -> Problem:
    """Two days of three people, of whom aoki has a terminal of their own."""
    members = [Member(A, A, own_terminal=True, caps=caps or Caps()), Member(B, B), Member(C, C)]
    return replace(Problem([MONDAY, TUESDAY], members), **given)  # type: ignore[arg-type]


def of_aoki(asked: Problem, **said: object) -> Problem:
    first, *others = asked.members
    return replace(asked, members=[replace(first, **said), *others])  # type: ignore[arg-type]


def plan(asked: Problem, *home: tuple[str, date, str]) -> Plan:
    """Everybody is in but for these cells."""
    at_home = {Cell(*cell) for cell in home}
    return {
        cell: State.AWAY if asked.is_away(cell) else State.HOME if cell in at_home else State.OFFICE
        for cell in asked.cells()
    }


def days(person: str, *which: date) -> list[tuple[str, date, str]]:
    return [(person, on, half) for on in which for half in HALVES]


MORNING = (A, MONDAY, "am")
EVERYBODY = frozenset({A, B, C})
BROKEN = [
    (
        problem(fixed={Cell(*MORNING): Fixed(State.OFFICE)}),
        [MORNING],
        Violation(Rule("fixed", A), MONDAY, "am"),
    ),
    (
        of_aoki(problem(), eligible=False),
        [MORNING],
        Violation(Rule("eligible", A), found=1),
    ),
    (
        problem(caps=Caps(week=2)),
        [MORNING, *days(A, TUESDAY)],
        Violation(Rule("week", A), MONDAY, "", 3, 2),
    ),
    (
        problem(caps=Caps(month=2)),
        [MORNING, *days(A, TUESDAY)],
        Violation(Rule("month", A), found=3, allowed=2),
    ),
    (
        problem(caps=Caps(year=1)),
        days(A, TUESDAY),
        Violation(Rule("year", A), found=2, allowed=1),
    ),
    (
        problem(caps=Caps(row=1)),
        days(A, MONDAY, TUESDAY),
        Violation(Rule("row", A), TUESDAY, "", 2, 1),
    ),
    (
        problem(covers=[Cover("counter", frozenset({A, B}), 1, "pm")]),
        [*days(A, MONDAY), *days(B, MONDAY)],
        Violation(Rule("cover", "counter"), MONDAY, "pm", 0, 1),
    ),
    (
        problem(duties=[Duty("cash", A, B)]),
        [MORNING, (B, MONDAY, "am"), (B, TUESDAY, "am")],
        Violation(Rule("duty", "cash"), MONDAY, "am"),
    ),
    (
        of_aoki(problem(), mentor=B),
        [(B, MONDAY, "am"), (A, TUESDAY, "am"), (B, TUESDAY, "am")],
        Violation(Rule("mentor", A), MONDAY, "am"),
    ),
    (
        problem(seats=2),
        [*days(A, MONDAY), (B, TUESDAY, "pm")],
        Violation(Rule("seats"), TUESDAY, "am", 3, 2),
    ),
    (
        problem(terminals=1),
        [*days(A, MONDAY), (B, MONDAY, "am"), (C, MONDAY, "am"), (B, TUESDAY, "am")],
        Violation(Rule("terminals"), MONDAY, "am", 2, 1),
    ),
]


@pytest.mark.parametrize(
    ("asked", "home", "violation"), BROKEN, ids=[one.rule.kind for _asked, _home, one in BROKEN]
)
def test_a_broken_must_is_named_where_and_by_how_much(
    asked: Problem, home: list[tuple[str, date, str]], violation: Violation
) -> None:
    assert check(asked, plan(asked, *home)) == [violation]


def test_every_kind_of_must_is_broken_here() -> None:
    kinds = {one.rule.kind for _asked, _home, one in BROKEN}
    assert kinds == {
        *("fixed", "eligible", "week", "month", "year", "row"),
        *("cover", "duty", "mentor", "seats", "terminals"),
    }


MINUTES = {"am": 210, "pm": 255}


@pytest.mark.parametrize(
    ("home", "broken"),
    [
        (days(A, MONDAY), []),
        ([(A, MONDAY, "am"), (A, TUESDAY, "am")], []),
        (
            [(A, MONDAY, "pm"), (A, TUESDAY, "pm")],
            [Violation(Rule("week", A), MONDAY, "", 90 + 510, 90 + 465)],
        ),
        (
            [*days(A, MONDAY), (A, TUESDAY, "am")],
            [Violation(Rule("week", A), MONDAY, "", 90 + 675, 90 + 465)],
        ),
    ],
)
def test_a_cap_in_minutes_counts_those_of_each_half(
    home: list[tuple[str, date, str]], broken: list[Violation]
) -> None:
    asked = of_aoki(problem(), quotas=[Quota("week", MONDAY, TUESDAY, 90 + 465, 90, MINUTES)])
    assert check(asked, plan(asked, *home)) == broken
    wanted = replace(asked, wishes=[Wish(Cell(*cell), State.HOME) for cell in home])
    found = search(wanted, Limits(work=200))
    assert isinstance(found, Found)
    assert check(asked, found.plan) == []
    assert found.levels["wishes"][0] == (1 if broken else 0)


@pytest.mark.parametrize(("most", "half_days"), [(209, 0), (210, 1), (419, 1), (420, 2), (465, 2), (930, 4)])
def test_a_cap_in_minutes_is_told_in_the_half_days_that_it_is_at_most(most: int, half_days: int) -> None:
    asked = of_aoki(problem(), quotas=[Quota("month", MONDAY, TUESDAY, most, minutes=MINUTES)])
    assert limit_of(asked, Rule("month", A)) == half_days


KEPT = [
    (problem(fixed={Cell(*MORNING): Fixed(State.HOME)}), [MORNING]),
    (of_aoki(problem(), eligible=False), days(B, MONDAY)),
    (problem(caps=Caps(week=2, month=2, year=2, row=1)), days(A, MONDAY)),
    (problem(covers=[Cover("counter", frozenset({A, B}), 1, "pm")]), [*days(A, MONDAY), (B, MONDAY, "am")]),
    (problem(duties=[Duty("cash", A, B)]), [MORNING, (B, MONDAY, "pm")]),
    (of_aoki(problem(), mentor=B), [(A, MONDAY, "am"), (B, MONDAY, "am")]),
    (problem(seats=2), [*days(A, MONDAY), *days(B, TUESDAY)]),
    (problem(terminals=1), [*days(A, MONDAY), *days(B, MONDAY)]),
]


@pytest.mark.parametrize(("asked", "home"), KEPT)
def test_what_just_holds_breaks_nothing(asked: Problem, home: list[tuple[str, date, str]]) -> None:
    assert check(asked, plan(asked, *home)) == []


APPROVED = {Cell(*cell): Fixed(State.HOME, "approved", approved=True) for cell in days(A, MONDAY, TUESDAY)}
BEYOND = [
    problem(caps=Caps(week=2, month=3, year=0, row=1)),
    of_aoki(problem(), quotas=[Quota("week", MONDAY, TUESDAY, 4, 3)]),
    of_aoki(problem(), eligible=False),
    of_aoki(problem(), barred=frozenset({MONDAY})),
    of_aoki(problem(terminals=0), own_terminal=False),
    of_aoki(problem(pools=[Pool("few", EVERYBODY, 0)]), own_terminal=False),
]


@pytest.mark.parametrize("asked", BEYOND)
def test_what_was_approved_stays_and_breaks_no_rule_of_telework_that_it_would_break_if_chosen(
    asked: Problem,
) -> None:
    home = plan(asked, *days(A, MONDAY, TUESDAY))
    assert check(asked, home)
    assert check(replace(asked, fixed=APPROVED), home) == []
    found = search(replace(asked, fixed=APPROVED), Limits(work=200))
    assert isinstance(found, Found)
    assert all(found.plan[cell] is State.HOME for cell in APPROVED)
    locked = {cell: replace(one, approved=False) for cell, one in APPROVED.items()}
    assert search(replace(asked, fixed=locked), Limits(work=200)) is Status.IMPOSSIBLE


def test_beside_half_of_a_day_that_was_approved_the_other_may_be_in_the_office_whatever_the_unit() -> None:
    asked = of_aoki(problem(fixed={Cell(*MORNING): APPROVED[Cell(*MORNING)]}), whole_days=True)
    assert check(asked, plan(asked, MORNING)) == []
    assert check(asked, plan(asked, MORNING, (A, TUESDAY, "am"))) == [
        Violation(Rule("unit", A), TUESDAY),
    ]
    assert isinstance(search(replace(asked, seats=3), Limits(work=200)), Found)


def test_beyond_a_cap_what_was_approved_leaves_nothing_to_choose() -> None:
    approved = {cell: one for cell, one in APPROVED.items() if cell.day == MONDAY}
    asked = problem(caps=Caps(week=1), fixed=approved)
    assert check(asked, plan(asked, *days(A, MONDAY), (A, TUESDAY, "am"))) == [
        Violation(Rule("week", A), MONDAY, "", 3, 1)
    ]
    wanted = of_aoki(asked, target=4)
    found = search(wanted, Limits(work=200))
    assert isinstance(found, Found)
    assert [cell.day for cell, state in found.plan.items() if state is State.HOME] == [MONDAY] * 2


def test_a_plan_says_of_every_cell_where_somebody_is_and_sends_nobody_away() -> None:
    asked = problem()
    whole = plan(asked)
    short = {cell: state for cell, state in whole.items() if cell != Cell(*MORNING)}
    assert check(asked, short) == [Violation(Rule("missing", A), MONDAY, "am")]
    sent = {**whole, Cell(*MORNING): State.AWAY}
    assert check(asked, sent) == [Violation(Rule("away", A), MONDAY, "am")]


@pytest.mark.parametrize(
    ("off", "broken"), [(False, [Violation(Rule("row", A), TUESDAY, "", 2, 1)]), (True, [])]
)
def test_leave_beside_home_is_a_day_in_a_row_and_a_half_day_in_which_nobody_ever_works_is_not(
    off: bool, broken: list[Violation]
) -> None:
    away = {Cell(A, on, "pm"): Fixed(State.AWAY, off=off) for on in (MONDAY, TUESDAY)}
    asked = problem(fixed=away, caps=Caps(row=1))
    assert check(asked, plan(asked, MORNING, (A, TUESDAY, "am"))) == broken


def test_who_is_away_is_not_in_the_office_for_anybody() -> None:
    away = {Cell(B, MONDAY, "am"): Fixed(State.AWAY, "leave")}
    covered = problem(fixed=away, covers=[Cover("all", EVERYBODY, 3)], duties=[Duty("cash", B, B)])
    assert check(covered, plan(covered)) == [
        Violation(Rule("cover", "all"), MONDAY, "am", 2, 3),
        Violation(Rule("duty", "cash"), MONDAY, "am"),
    ]
    seated = of_aoki(problem(fixed=away, seats=2, terminals=0), mentor=B)
    assert Violation(Rule("mentor", A), MONDAY, "am") in check(seated, plan(seated))
    assert not [one for one in check(seated, plan(seated)) if (one.day, one.half) == (MONDAY, "am")][1:]


@pytest.mark.parametrize("seed", range(8))
def test_what_a_change_of_some_cells_breaks_or_mends_is_seen_near_them(seed: int) -> None:
    random, other = Random(seed), {State.HOME: State.OFFICE, State.OFFICE: State.HOME}
    asked = problems.problem(seed, people=12, days=8, tight=0.5)
    free = [cell for cell in asked.cells() if cell not in asked.fixed]
    where = {cell: random.choice([State.HOME, State.OFFICE]) for cell in free}
    now = {**{cell: one.state for cell, one in asked.fixed.items()}, **where}
    for _time in range(10):
        changed = {random.choice(free) for _cell in range(random.randint(1, 4))}
        then = {**now, **{cell: other[now[cell]] for cell in changed}}
        before, after = Counter(check(asked, now)), Counter(check(asked, then))
        near_before = Counter(check_near(asked, now, changed))
        near_after = Counter(check_near(asked, then, changed))
        assert (after - before, before - after) == (near_after - near_before, near_before - near_after)
        now = then
