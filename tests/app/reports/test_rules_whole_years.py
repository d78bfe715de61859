"""Caps and fairness over whole fiscal years with their holidays, without a database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.calendar import public_holidays
from app.people.rules import Stay
from app.reports.rules.caps import LIMITS, Cap, State, standings
from app.reports.rules.fairness import fairness
from app.telework.caps.rules import Cell, Limit, Measure, Rule, Unit, breaches
from app.telework.caps.service import around
from app.telework.figures.rules import Granted
from app.telework.rules import Half, PlanKind
from app.working_days import fiscal_days

FIRST, LAST = fiscal_days(2026)
CALENDAR = public_holidays(2026)
WORKING = list(CALENDAR.between(FIRST, LAST))


@pytest.mark.parametrize("year", range(2019, 2036))
def test_a_fiscal_year_has_42_to_47_mondays_and_46_to_51_of_the_others(year: int) -> None:
    first, last = fiscal_days(year)
    days = Counter(
        on.weekday()
        for half in ((first, date(year, 12, 31)), (date(year + 1, 1, 1), last))
        for on in public_holidays(half[0].year).between(*half)
    )
    assert 42 <= days[0] <= 47, (year, days)
    assert all(46 <= days[weekday] <= 51 for weekday in (1, 2, 3, 4)), (year, days)


# Fairness


def always(_user_id: int, _on: date, _half: Half) -> bool:
    return True


def cells(*days: date, kind: PlanKind = PlanKind.HOME, halves: Iterable[Half] = Half) -> list[Cell]:
    return [Cell(on, half, kind, 210, 210) for on in days for half in halves]


def test_fiscal_2026_has_45_mondays_and_51_fridays() -> None:
    """52 Mondays less みどりの日, 海の日, 敬老の日, スポーツの日, 勤労感謝の日, 成人の日 and the day for 春分の日.

    And 52 Fridays less New Year's Day.
    """
    (one,) = fairness({1: [Stay(1, FIRST)]}, {}, WORKING, {1: 1}, always)
    assert (one.monday, one.friday) == (Granted(0, 2 * 45), Granted(0, 2 * 51))


def test_granted_by_available_over_the_whole_year() -> None:
    mondays = [on for on in WORKING if on.weekday() == 0]
    fridays = [on for on in WORKING if on.weekday() == 4]
    people = {1: [Stay(1, FIRST)], 2: [Stay(1, FIRST)], 3: [Stay(1, date(2026, 10, 1))]}
    took = {
        1: cells(*mondays, date(2026, 11, 23)),  # a Monday, but a holiday
        2: [*cells(*fridays, halves=[Half.AM]), *cells(date(2026, 11, 24))],  # a Tuesday
        3: cells(*(on for on in mondays if on >= date(2026, 10, 1))),
    }
    found = {one.user_id: one for one in fairness(people, took, WORKING, dict.fromkeys(people, 1), always)}
    assert (found[1].monday.share, found[1].friday.share) == (1, 0)
    assert (found[2].monday.share, found[2].friday.share) == (0, 0.5)
    came_late = found[3]
    assert came_late.monday.available == 2 * sum(on >= date(2026, 10, 1) for on in mondays) == 2 * 22
    assert (came_late.monday.share, came_late.friday.share) == (1, 0)
    everybody = (2 * 45 + 51 + 2 * 22) / (2 * (2 * (45 + 51) + 22) + came_late.friday.available)
    assert found[1].off == pytest.approx(45 / (45 + 51) - everybody)


def test_who_was_never_there_is_not_listed_and_sections_are_told_apart() -> None:
    people = {1: [Stay(1, FIRST)], 2: [Stay(2, FIRST)], 3: [Stay(1, date(2020, 4, 1), date(2021, 3, 31))]}
    found = fairness(people, {2: cells(*WORKING)}, WORKING, {1: 1, 2: 2, 3: 1}, always)
    assert [(one.user_id, one.both.share, one.off) for one in found] == [(1, 0, 0), (2, 1, 0)]


def test_leave_and_what_could_not_be_at_home_are_not_available() -> None:
    monday, other, third, fourth = [on for on in WORKING if on.weekday() == 0][:4]
    hour = Cell(third, Half.AM, PlanKind.HOME, 60, 210)
    took = [*cells(monday, halves=[Half.AM]), *cells(other, kind=PlanKind.LEAVE), hour]

    def mornings_but_one(_user_id: int, on: date, half: Half) -> bool:
        return half is Half.AM and on != fourth

    (one,) = fairness({1: [Stay(1, FIRST)]}, {1: took}, WORKING, {1: 1}, mornings_but_one)
    assert one.monday == Granted(1, 45 - 2)
    at_home = {1: [*took, *cells(fourth)]}
    (one,) = fairness({1: [Stay(1, FIRST)]}, at_home, WORKING, {1: 1}, mornings_but_one)
    assert one.monday == Granted(3, 45 - 1 + 1)


days_of_year = st.sets(st.sampled_from(WORKING))


@given(st.dictionaries(st.integers(1, 5), days_of_year, min_size=1))
def test_a_share_lies_between_nothing_and_all_and_the_differences_even_out(
    given_days: dict[int, set[date]],
) -> None:
    people = {user_id: [Stay(1, FIRST)] for user_id in given_days}
    took = {user_id: cells(*days) for user_id, days in given_days.items()}
    found = fairness(people, took, WORKING, dict.fromkeys(people, 1), always)
    assert all(0 <= (one.both.share or 0) <= 1 for one in found)
    assert sum(one.off or 0 for one in found) == pytest.approx(0)


# Caps


def states(taken: list[Cell], *caps: Cap) -> list[tuple[date, date, int, State]]:
    return [
        (one.first, one.last, one.used, one.state)
        for one in standings(taken, caps, CALENDAR, FIRST, LAST)
        if one.state is not None
    ]


@pytest.mark.parametrize(
    ("days", "expected"),
    [(7, None), (8, State.NEAR), (9, State.NEAR), (10, State.REACHED), (11, State.BROKEN)],
)
def test_ten_days_in_a_fiscal_year(days: int, expected: State | None) -> None:
    found = states(cells(*WORKING[:: len(WORKING) // days][:days]), Cap(Limit.FISCAL_YEAR, 20))
    assert found == ([(FIRST, LAST, 2 * days, expected)] if expected else [])


def test_a_year_of_two_days_a_week_breaks_no_week_but_reaches_those_that_have_them() -> None:
    taken = {on for on in WORKING if on.weekday() in {1, 3}}
    found = states(cells(*taken), Cap(Limit.WEEK, 4))
    assert {state for *_rest, state in found} == {State.REACHED}
    mondays = [date(2026, 3, 30) + timedelta(weeks=n) for n in range(53)]
    both = [monday for monday in mondays if {monday + timedelta(days=n) for n in (1, 3)} <= taken]
    assert 40 < len(both) < 50
    assert [first for first, *_rest in found] == both


def test_a_row_goes_on_over_a_weekend_and_a_holiday() -> None:
    """November 2026: Thursday 19th, Friday 20th, a weekend, Monday 23rd a holiday, Tuesday 24th to Thursday 26th."""
    row = [date(2026, 11, day) for day in (19, 20, 24, 25, 26)]
    cap = Cap.of_days(Limit.IN_A_ROW, 5)
    assert states(cells(*row), cap) == [(row[0], row[-1], 5, State.REACHED)]
    broken = [*row, date(2026, 11, 27)]
    assert states(cells(*broken), cap) == [(row[0], broken[-1], 6, State.BROKEN)]
    assert states(cells(*(on for on in broken if on != date(2026, 11, 24))), cap) == []


MOSTLY = st.sampled_from([*PlanKind, None, PlanKind.HOME, PlanKind.HOME, PlanKind.HOME])


@given(st.lists(st.tuples(MOSTLY, MOSTLY, st.booleans()), min_size=1, max_size=20), st.integers(1, 4))
def test_a_row_is_broken_in_the_report_where_a_request_would_break_it(
    days: list[tuple[PlanKind | None, PlanKind | None, bool]], most: int
) -> None:
    """Half a day at home is no day out of the office, beside leave it is; an hour is no half-day."""
    asked = [
        Cell(on, half, kind, 60 if is_part else 210, 210)
        for on, (*halves, is_part) in zip(WORKING, days, strict=False)
        for half, kind in zip(Half, halves, strict=True)
        if kind is not None
    ]
    rule = Rule(1, FIRST, unit=Unit.MINUTE, in_a_row=most)
    refused = [(one.first, one.last, one.value) for one in breaches(asked, lambda _on: rule, CALENDAR)]
    taken = [one for one in asked if one.kind is not PlanKind.OFFICE]
    told = states(taken, Cap.of_days(Limit.IN_A_ROW, most))
    assert [tuple(rest) for *rest, state in told if state is State.BROKEN] == refused


def test_who_used_nothing_of_a_cap_is_not_near_it() -> None:
    assert states(cells(*WORKING, kind=PlanKind.LEAVE), Cap(Limit.WEEK, 0)) == []
    (found,) = states(cells(FIRST), Cap(Limit.WEEK, 0))
    assert found[-1] is State.BROKEN


def test_minutes_count_where_a_cap_is_of_minutes() -> None:
    morning, afternoon = date(2026, 11, 24), date(2026, 11, 25)
    taken = [
        Cell(morning, Half.AM, PlanKind.HOME, 210, 210),
        Cell(afternoon, Half.PM, PlanKind.HOME, 255, 255),
    ]
    assert states(taken, Cap(Limit.MONTH, 465, Measure.MINUTES)) == [
        (date(2026, 11, 1), date(2026, 11, 30), 465, State.REACHED)
    ]


def test_a_week_over_the_turn_of_the_fiscal_year_is_one_week() -> None:
    taken = cells(date(2027, 3, 30), date(2027, 3, 31), date(2027, 4, 1))
    calendar = public_holidays(2027)
    found = standings(taken, [Cap(Limit.WEEK, 4)], calendar, date(2027, 3, 31), date(2027, 3, 31))
    assert [(one.first, one.used, one.state) for one in found] == [(date(2027, 3, 29), 6, State.BROKEN)]
    first, last = around([date(2027, 3, 31)])
    assert first <= date(2027, 3, 29)
    assert last >= date(2027, 4, 4)


@given(days_of_year, st.sampled_from(WORKING), st.sampled_from(LIMITS))
def test_one_more_day_never_makes_a_cap_less_used(days: set[date], more: date, limit: Limit) -> None:
    cap = Cap(limit, 4)

    def most(chosen: set[date]) -> int:
        found = standings(cells(*chosen), [cap], CALENDAR, FIRST, LAST)
        return max((one.used for one in found), default=0)

    assert most(days | {more}) >= most(days)
