"""Who could step in, in which order, and who sits where: without a database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest

from app.rotation import whatif
from app.rotation.rules import HALVES, Cell, Cover, Fixed, Member, Plan, Problem, State, Wish, check, worth
from app.rotation.seating import DAY, Coming, Desk, seat
from app.rotation.whatif import MOST_PEOPLE, MOST_SWAPS, MOST_WAYS, Swap, WaysOut, makes_worse, ways_out

DAYS = [date(2026, 12, day) for day in (7, 8, 9)]
TODAY, TOMORROW, LATER = DAYS
IDS = ["absent", *"bcdef"]
COUNTER = Cover("counter", frozenset(IDS), 1)


def problem(**given: object) -> Problem:
    members = [Member(one, one, unit="ours") for one in IDS]
    return replace(Problem(DAYS, members, covers=[COUNTER]), **given)  # type: ignore[arg-type]


def plan(asked: Problem, *home: str, on: date = TODAY) -> Plan:
    """These are at home on a day, all day; everybody else is in."""
    return {
        cell: State.HOME if cell.person in home and cell.day == on else State.OFFICE for cell in asked.cells()
    }


OTHERS = plan(problem(), *IDS[1:])


def wish(person: str, on: date, *, care: bool = False) -> list[Wish]:
    return [Wish(Cell(person, on, half), State.HOME, care) for half in HALVES]


def absent(on: date = TODAY, *halves: str) -> list[Cell]:
    return [Cell("absent", on, half) for half in halves or HALVES]


def swaps(asked: Problem, given: Plan) -> Sequence[Swap]:
    """Who could step in today."""
    return ways_out(asked, given, absent()).swaps


def test_nobody_is_asked_where_nothing_breaks() -> None:
    assert ways_out(problem(), plan(problem(), "b"), absent()) == WaysOut()
    assert ways_out(problem(), OTHERS, absent(TOMORROW)) == WaysOut()


def test_what_breaks_is_told_also_where_nobody_can_step_in() -> None:
    everywhere = {Cell(one, TODAY, half): Fixed(State.HOME, "locked") for one in IDS[1:] for half in HALVES}
    found = ways_out(problem(fixed=everywhere), OTHERS, absent())
    assert [(one.rule.about, one.day, one.half, one.found) for one in found.broken] == [
        ("counter", TODAY, half, 0) for half in HALVES
    ]
    assert found.swaps == []


def test_for_half_a_day_somebody_comes_for_that_half_alone() -> None:
    found = ways_out(problem(), OTHERS, absent(TODAY, "pm"))
    assert {one.half for one in found.broken} == {"pm"}
    assert len(found.swaps) == MOST_SWAPS
    assert {cell.half for one in found.swaps for cell in one.comes} == {"pm"}
    assert {len(one.home_instead) for one in found.swaps} <= {0, 1}


def test_who_steps_in_may_leave_what_is_short_but_break_nothing_more() -> None:
    two = problem(covers=[replace(COUNTER, least=2)])
    now = plan(two, *IDS[2:])  # the absent and b are in: without the absent one is missing
    comes = {Cell("c", TODAY, half): State.OFFICE for half in HALVES}
    instead = {Cell("c", TOMORROW, half): State.HOME for half in HALVES}
    assert not makes_worse(two, now, absent(), comes)
    assert not makes_worse(two, plan(two, *IDS[1:]), absent(), comes), "one of two is better than none"
    assert not makes_worse(two, now, absent(), comes | instead)
    others_away = {Cell(one, TOMORROW, half): State.HOME for one in "def" for half in HALVES}
    assert not makes_worse(two, {**now, **others_away}, absent(), comes | instead)
    others_away |= {Cell("b", TOMORROW, half): State.HOME for half in HALVES}
    assert makes_worse(two, {**now, **others_away}, absent(), comes | instead)


def test_at_most_three_are_named_the_cheapest_first_each_once() -> None:
    # Who cares for somebody wants to be at home most of all; who would be at home tomorrow gains by it.
    wishes = [*wish("b", TODAY, care=True), *wish("c", TODAY), *wish("d", TOMORROW), *wish("e", TODAY)]
    asked = problem(wishes=wishes)
    found = swaps(asked, OTHERS)
    assert MOST_SWAPS == 3
    assert found[0].person == "d"
    assert len({one.person for one in found}) == len(found) == 3
    assert [one.cost for one in found] == sorted(one.cost for one in found)
    assert "b" not in {one.person for one in found}
    first = found[0]
    assert {cell.day for cell in first.comes} == {TODAY}
    assert {cell.day for cell in first.home_instead} == {TOMORROW}
    assert first.cost[2] == -2  # two wishes more are met


def test_who_is_away_or_locked_is_not_asked_and_who_must_be_in_gets_no_day_instead() -> None:
    given = {
        **{Cell("b", TODAY, half): Fixed(State.AWAY, "leave") for half in HALVES},
        **{Cell("c", TODAY, half): Fixed(State.HOME, "locked") for half in HALVES},
        **{
            Cell("d", on, half): Fixed(State.OFFICE, "meeting") for on in (TOMORROW, LATER) for half in HALVES
        },
    }
    now = {**OTHERS, **{cell: one.state for cell, one in given.items()}}
    found = {one.person: one for one in swaps(problem(fixed=given), now)}
    assert set(found) == {"d", "e", "f"}
    assert found["d"].home_instead == ()


def test_what_is_broken_already_hides_no_other_day_and_is_not_made_worse() -> None:
    # Nobody is in tomorrow, which is nothing new; today it is.
    given = {**OTHERS, **{cell: State.HOME for cell in OTHERS if cell.day == TOMORROW}}
    assert len(swaps(problem(), given)) == 3
    # Two are wanted and one is in: without the absent it is less, with another it is as it was.
    two = problem(covers=[replace(COUNTER, least=2)])
    assert len(swaps(two, OTHERS)) == 3


def test_who_could_step_in_is_found_alone_as_among_all() -> None:
    wishes = [*wish("b", TODAY, care=True), *wish("c", TODAY), *wish("d", TOMORROW), *wish("e", TODAY)]
    asked = problem(wishes=wishes)
    for one in swaps(asked, OTHERS):
        assert ways_out(asked, OTHERS, absent(), person=one.person).swaps == [one]
    assert len(ways_out(asked, OTHERS, absent(), person="b").swaps) == 1, "though three are better"
    assert ways_out(asked, OTHERS, absent(), person="absent").swaps == []


def test_the_whole_is_looked_at_a_few_times_however_many_could_step_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counted: Counter[str] = Counter()

    def count(name: str, of: Callable[[Problem, Plan], object]) -> None:
        def counting(asked: Problem, now: Plan) -> object:
            counted[name] += len(asked.members) == len(many.members)
            return of(asked, now)

        monkeypatch.setattr(whatif, name, counting)

    ids = ["absent", *(f"p{number:02}" for number in range(60))]
    days = [TODAY + timedelta(days=7 * week + day) for week in range(3) for day in range(5)]
    many = Problem(days, [Member(one, one) for one in ids], covers=[Cover("counter", frozenset(ids), 1)])
    count("check", check)
    count("worth", worth)
    assert len(ways_out(many, plan(many, *ids[1:]), absent()).swaps) == MOST_SWAPS
    assert counted["check"] == 2
    assert counted["worth"] <= 1 + MOST_PEOPLE * MOST_WAYS


def test_whoever_comes_sits_near_their_unit_whole_days_choose_first() -> None:
    left, right, other = Desk(1, 1, 0, 0), Desk(2, 1, 1, 0), Desk(3, 1, 9, 0)
    far = Desk(4, 2, 0, 0)  # of another zone, though at the same place
    desks = [left, far, other, right]
    a, b, c = (Coming(one, "ours", TODAY, DAY) for one in "abc")
    assert seat([a, b, c], desks, {}) == {a: left, b: right, c: other}
    stranger = Coming("s", "theirs", TODAY, DAY)
    near = seat([stranger, a, b], [left, other, Desk(5, 1, 8, 0)], {})
    assert near == {stranger: left, a: other, b: Desk(5, 1, 8, 0)}
    short = Coming("s", "ours", TODAY, "am")
    assert seat([short, a], [left], {}) == {a: left}


def test_a_desk_is_kept_through_the_days_unless_change_is_wanted_and_a_taken_one_is_not_given() -> None:
    left, right = Desk(1, 1, 0, 0), Desk(2, 1, 5, 0)
    first, second = Coming("a", "ours", TODAY, DAY), Coming("a", "ours", TOMORROW, DAY)
    guest = Coming("g", "theirs", TOMORROW, DAY)
    taken = {(TODAY, "pm"): {1}}
    assert seat([first, second], [left, right], taken) == {first: right, second: right}
    assert seat([first, second], [left, right], taken, same_desk=False) == {first: right, second: left}
    assert seat([first, guest, second], [left, right], taken)[second] == right
    assert seat([Coming("m", "ours", TODAY, "am"), Coming("n", "ours", TODAY, "pm")], [left], taken) == {
        Coming("m", "ours", TODAY, "am"): left
    }


def test_where_nobody_can_step_in_for_all_day_some_can_for_a_half_each_half_once_at_least() -> None:
    of_half = [*(Cell(one, TODAY, "am") for one in "bcde"), Cell("f", TODAY, "pm")]
    everybody = frozenset(IDS)
    two = problem(covers=[Cover("am", everybody, 2, "am"), Cover("pm", everybody, 5, "pm")])
    now = {**plan(two), **dict.fromkeys(of_half, State.HOME)}
    found = ways_out(two, now, absent()).swaps
    assert Counter(one.half for one in found) == {"am": 2, "pm": 1}
    assert all({cell.half for cell in one.comes} == {one.half} for one in found)
    assert [one.person for one in found if one.half == "pm"] == ["f"]
    alone = ways_out(two, now, absent(), person="f").swaps
    assert [(one.half, one.comes) for one in alone] == [("pm", (Cell("f", TODAY, "pm"),))]
    assert {one.half for one in ways_out(two, now, absent(TODAY, "am")).swaps} == {""}


def test_where_an_absence_of_all_day_breaks_one_half_it_is_offered_by_itself() -> None:
    """Whoever could come is new, and their mentor is in from noon."""
    counter = Cover("counter", frozenset("bcde") | {"absent"}, 1, "pm")
    asked = problem(covers=[counter])
    members = [replace(one, mentor="f" if one.id in "bcde" else None) for one in asked.members]
    asked = replace(asked, members=members)
    now = {**plan(asked, *IDS[1:]), Cell("f", TODAY, "pm"): State.OFFICE}
    found = ways_out(asked, now, absent()).swaps
    assert len(found) == MOST_SWAPS
    assert {(one.half, cell.half) for one in found for cell in one.comes} == {("pm", "pm")}


def with_newcomer(asked: Problem) -> Problem:
    """The mentor of b is who is absent."""
    return replace(
        asked, members=[replace(one, mentor="absent" if one.id == "b" else None) for one in asked.members]
    )


def test_whose_mentor_is_absent_works_at_home_and_somebody_else_comes_for_the_rest() -> None:
    alone = with_newcomer(problem(covers=[]))
    (stays,) = swaps(alone, plan(alone))
    assert (stays.person, stays.comes, stays.half) == ("b", (), "")
    assert stays.home_instead == tuple(Cell("b", TODAY, half) for half in HALVES)
    both = with_newcomer(problem(covers=[Cover("counter", frozenset("cdef") | {"absent"}, 1)]))
    found = swaps(both, plan(both, *"cdef"))
    assert len(found) == MOST_SWAPS
    assert [one.person for one in found if not one.comes] == ["b"]
    home = {Cell("b", TODAY, half): Fixed(State.OFFICE, "locked") for half in HALVES}
    assert swaps(replace(alone, fixed=home), plan(alone)) == []
