"""Units, caps, who may and by when: each edge once below, at and above; and what always holds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.calendar import public_holidays
from app.people.rules import Employment
from app.telework.caps.rules import (
    Breach,
    Cell,
    Limit,
    Measure,
    OverCap,
    Rule,
    Unit,
    breaches,
    concerning,
    due_at,
    lateness,
    period,
    rule_for,
    shortage,
    standings,
    used,
)
from app.telework.rules import Half, PlanKind
from app.working_days import WorkingDays
from tests.house import DAY, TOKYO, at

APRIL = date(2026, 4, 1)
CALENDAR = public_holidays(2026)
PLAIN = WorkingDays()
WHOLE = {Half.AM: 210, Half.PM: 255}  # 08:30-12:00 and 13:00-17:15
MONDAY = date(2026, 6, 1)  # four weeks without a holiday
FREE = Rule(1, APRIL)


def cell(on: date, half: Half = Half.AM, kind: PlanKind = PlanKind.HOME, minutes: int | None = None) -> Cell:
    return Cell(on, half, kind, WHOLE[half] if minutes is None else minutes, WHOLE[half])


def days(*which: date, kind: PlanKind = PlanKind.HOME) -> list[Cell]:
    """Whole days."""
    return [cell(on, half, kind) for on in which for half in Half]


def from_monday(*numbers: int) -> list[date]:
    return [MONDAY + timedelta(days=one) for one in numbers]


def broken(
    cells: Iterable[Cell], rule: Rule, calendar: WorkingDays = CALENDAR
) -> list[tuple[Limit, int, int]]:
    return [(one.limit, one.value, one.cap) for one in breaches(list(cells), lambda _on: rule, calendar)]


# Which rule holds


SECTION = {7: 0, 3: 1, 1: 2}  # a 係, the 課 above it, the 部 above that


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([], None),
        ([FREE], 1),
        ([FREE, Rule(2, APRIL, section_id=9)], 1),
        ([FREE, Rule(2, APRIL, section_id=1)], 2),
        ([Rule(2, APRIL, section_id=1), Rule(3, APRIL, section_id=7), Rule(4, APRIL, section_id=3)], 3),
        ([FREE, Rule(2, APRIL, employment=Employment.PART_TIME)], 2),
        ([FREE, Rule(2, APRIL, employment=Employment.OTHER)], 1),
        ([Rule(2, APRIL, employment=Employment.PART_TIME), Rule(3, APRIL, section_id=1)], 3),
        ([Rule(2, APRIL, section_id=1, employment=Employment.PART_TIME), Rule(3, APRIL, section_id=1)], 2),
        ([Rule(2, DAY), FREE], 2),
        ([Rule(2, DAY + timedelta(days=1)), FREE], 1),
        ([Rule(2, APRIL + timedelta(days=1), until_on=DAY), FREE], 2),
        ([Rule(2, APRIL + timedelta(days=1), until_on=DAY - timedelta(days=1)), FREE], 1),
    ],
)
def test_the_most_specific_rule_holds_then_the_latest(rules: list[Rule], expected: int | None) -> None:
    for given_order in (rules, rules[::-1]):
        found = rule_for(given_order, SECTION, Employment.PART_TIME, DAY)
        assert (found.id if found else None) == expected


# Periods


@pytest.mark.parametrize(
    ("limit", "on", "first", "last"),
    [
        (Limit.WEEK, date(2026, 11, 23), date(2026, 11, 23), date(2026, 11, 29)),
        (Limit.WEEK, date(2026, 11, 29), date(2026, 11, 23), date(2026, 11, 29)),
        (Limit.MONTH, date(2027, 2, 28), date(2027, 2, 1), date(2027, 2, 28)),
        (Limit.MONTH, date(2026, 12, 1), date(2026, 12, 1), date(2026, 12, 31)),
        (Limit.FISCAL_YEAR, date(2027, 3, 31), date(2026, 4, 1), date(2027, 3, 31)),
        (Limit.FISCAL_YEAR, date(2027, 4, 1), date(2027, 4, 1), date(2028, 3, 31)),
    ],
)
def test_weeks_begin_on_monday_and_years_in_april(limit: Limit, on: date, first: date, last: date) -> None:
    assert period(limit, on) == (first, last)


@given(
    st.dates(date(2001, 1, 1), date(2198, 12, 31)),
    st.sampled_from([Limit.WEEK, Limit.MONTH, Limit.FISCAL_YEAR]),
)
def test_every_day_lies_in_one_period_which_is_that_of_both_its_ends(on: date, limit: Limit) -> None:
    first, last = period(limit, on)
    assert first <= on <= last
    assert period(limit, first) == period(limit, last) == (first, last)
    assert period(limit, last + timedelta(days=1))[0] == last + timedelta(days=1)


# Caps


@pytest.mark.parametrize(("halves", "too_many"), [(3, False), (4, False), (5, True)])
def test_a_week_holds_so_many_half_days(halves: int, too_many: bool) -> None:
    cells = days(*from_monday(0, 1, 2))[:halves]
    assert broken(cells, replace(FREE, week=4)) == ([(Limit.WEEK, halves, 4)] if too_many else [])
    spread = [*days(*from_monday(0, 1)), *days(*from_monday(7))]
    assert broken(spread, replace(FREE, week=4)) == []


def test_a_fiscal_year_counts_from_april_to_march_without_its_holidays() -> None:
    """10 days a year: the eleventh breaks it, whatever was taken on days on which the office is closed anyway."""
    working = list(CALENDAR.between(APRIL, date(2027, 3, 31)))
    rule = replace(FREE, fiscal_year=20)
    ten = [*working[:5], *working[-5:]]
    closed = [date(2026, 5, 4), date(2026, 11, 23), date(2026, 12, 29), date(2027, 1, 3), date(2026, 6, 6)]
    assert broken(days(*ten, *closed), rule) == []
    assert broken([*days(*ten), cell(working[100])], rule) == [(Limit.FISCAL_YEAR, 21, 20)]
    assert broken([*days(*ten), cell(date(2026, 3, 31)), cell(date(2027, 4, 1))], rule) == []


def test_hours_and_minutes_are_counted_as_minutes_of_office_hours() -> None:
    rule = replace(FREE, unit=Unit.HOUR, month=8 * 60)
    morning = cell(MONDAY)
    hours = cell(MONDAY + timedelta(days=1), Half.PM, minutes=240)
    assert broken([morning, hours], rule) == []
    assert broken([morning, hours, cell(MONDAY + timedelta(days=2), minutes=60)], rule) == [
        (Limit.MONTH, 510, 480)
    ]
    assert used([morning, hours], Measure.MINUTES, period(Limit.MONTH, MONDAY), CALENDAR) == 450


@pytest.mark.parametrize(("minutes", "counts"), [(104, 0), (105, 1), (210, 1)])
def test_a_part_counts_as_a_half_day_from_half_of_it_on(minutes: int, counts: int) -> None:
    found = used([cell(MONDAY, minutes=minutes)], Measure.HALF_DAYS, (MONDAY, MONDAY), CALENDAR)
    assert found == counts


@pytest.mark.parametrize("kind", [PlanKind.OFFICE, PlanKind.TRIP, PlanKind.LEAVE])
def test_only_home_and_satellite_are_telework(kind: PlanKind) -> None:
    rule = replace(FREE, week=0, in_a_row=0)
    assert broken(days(MONDAY, kind=kind), rule) == []
    assert broken([cell(MONDAY, kind=PlanKind.SATELLITE)], rule) == [(Limit.WEEK, 1, 0)]


# In a row


def test_a_row_crosses_the_weekend_and_a_holiday_but_no_day_in_the_office() -> None:
    rule = replace(FREE, in_a_row=5)
    assert broken(days(*from_monday(0, 1, 2, 3, 4)), rule) == []
    assert broken(days(*from_monday(0, 1, 2, 3, 4, 7)), rule) == [(Limit.IN_A_ROW, 6, 5)]
    assert broken(days(*from_monday(0, 1, 2, 4, 7, 8)), rule) == []
    # 11/20 is a Friday, 11/23 a holiday: four working days in a row.
    around = [date(2026, 11, on) for on in (19, 20, 24, 25)]
    assert broken(days(*around), replace(FREE, in_a_row=3)) == [(Limit.IN_A_ROW, 4, 3)]


def test_a_half_day_in_the_office_ends_a_row_and_half_a_day_of_leave_does_not() -> None:
    rule = replace(FREE, in_a_row=2)
    around = days(*from_monday(0, 2))
    tuesday = MONDAY + timedelta(days=1)
    assert broken([*around, cell(tuesday)], rule) == []
    assert broken([*around, cell(tuesday), cell(tuesday, Half.PM, PlanKind.OFFICE)], rule) == []
    assert broken([*around, cell(tuesday), cell(tuesday, Half.PM, PlanKind.LEAVE)], rule) == [
        (Limit.IN_A_ROW, 3, 2)
    ]
    assert broken([*around, *days(tuesday, kind=PlanKind.LEAVE)], rule) == [], "a day without telework"


# Units, eligibility, deadlines, terminals


@pytest.mark.parametrize(
    ("unit", "cells", "fits"),
    [
        (Unit.DAY, days(MONDAY), True),
        (Unit.DAY, [cell(MONDAY)], False),
        (Unit.DAY, [cell(MONDAY), cell(MONDAY, Half.PM, PlanKind.LEAVE)], False),
        (Unit.HALF_DAY, [cell(MONDAY)], True),
        (Unit.HALF_DAY, [cell(MONDAY, minutes=120)], False),
        (Unit.HOUR, [cell(MONDAY, minutes=120)], True),
        (Unit.HOUR, [cell(MONDAY, minutes=90)], False),
        (Unit.HOUR, [cell(MONDAY)], True),
        (Unit.MINUTE, [cell(MONDAY, minutes=7)], True),
    ],
)
def test_telework_is_asked_for_in_the_rules_unit(unit: Unit, cells: list[Cell], fits: bool) -> None:
    assert (broken(cells, replace(FREE, unit=unit)) == []) == fits


def test_who_is_not_eligible_has_no_telework_at_all_even_where_the_chief_is_asked() -> None:
    found = breaches(
        [cell(MONDAY)], lambda _on: replace(FREE, eligible=False, over_cap=OverCap.ASK), CALENDAR
    )
    assert [(one.limit, one.is_refused) for one in found] == [(Limit.ELIGIBLE, True)]
    assert (
        breaches([cell(MONDAY, kind=PlanKind.LEAVE)], lambda _on: replace(FREE, eligible=False), CALENDAR)
        == []
    )


@pytest.mark.parametrize(
    ("days_before", "due"),
    [
        (0, datetime(2026, 11, 24, 9, tzinfo=TOKYO)),
        (1, datetime(2026, 11, 20, 9, tzinfo=TOKYO)),
        (3, datetime(2026, 11, 18, 9, tzinfo=TOKYO)),
    ],
)
def test_a_deadline_is_counted_in_working_days(days_before: int, due: datetime) -> None:
    rule = replace(FREE, deadline_days=days_before, deadline_at=time(9))
    assert due_at(rule, DAY, CALENDAR, TOKYO) == due
    assert lateness(rule, DAY, due, CALENDAR, TOKYO) is None
    late = lateness(rule, DAY, due + timedelta(seconds=1), CALENDAR, TOKYO)
    assert late is not None
    assert (late.limit, late.due_at) == (Limit.DEADLINE, due)
    assert lateness(FREE, DAY, at("23:59"), CALENDAR, TOKYO) is None


@pytest.mark.parametrize(("at_home", "short"), [(2, False), (3, False), (4, True)])
def test_no_more_people_at_home_than_terminals(at_home: int, short: bool) -> None:
    found = shortage(replace(FREE, terminals=3), DAY, at_home)
    assert (found is not None) == short
    assert shortage(FREE, DAY, 1000) is None


def test_a_rule_that_changes_within_a_year_judges_its_own_days_by_the_whole_year() -> None:
    """Until June nobody counted; from July on ten half-days a year are the cap, those before included."""
    july = date(2026, 7, 1)
    rules = [FREE, Rule(2, july, fiscal_year=10)]
    cells = days(*list(CALENDAR.between(APRIL, date(2026, 4, 30)))[:5])

    def rule_on(on: date) -> Rule | None:
        return rule_for(rules, {}, Employment.REGULAR, on)

    assert breaches(cells, rule_on, CALENDAR) == []
    (found,) = breaches([*cells, cell(july)], rule_on, CALENDAR)
    assert (found.limit, found.value, found.cap) == (Limit.FISCAL_YEAR, 11, 10)


def test_what_is_left_of_each_cap_is_told() -> None:
    rule = replace(FREE, week=4, fiscal_year=20)
    found = standings([*days(MONDAY), cell(MONDAY + timedelta(days=14))], rule, MONDAY, CALENDAR)
    assert [(one.limit, one.used, one.cap, one.left) for one in found] == [
        (Limit.WEEK, 2, 4, 2),
        (Limit.FISCAL_YEAR, 3, 20, 17),
    ]
    over = standings(days(*from_monday(0, 1, 2)), rule, MONDAY, CALENDAR)
    assert over[0].left == 0
    assert standings([], None, MONDAY, CALENDAR) == []
    assert standings([], replace(rule, eligible=False), MONDAY, CALENDAR) == []


# What always holds

LIMITED = st.builds(
    Rule,
    id=st.integers(1, 3),
    from_on=st.just(APRIL),
    unit=st.sampled_from(Unit),
    week=st.none() | st.integers(0, 12),
    month=st.none() | st.integers(0, 40),
    fiscal_year=st.none() | st.integers(0, 60),
    in_a_row=st.none() | st.integers(0, 6),
)
POSITION = st.tuples(st.integers(0, 60), st.sampled_from(Half))
CELLS = st.dictionaries(
    POSITION, st.tuples(st.sampled_from(PlanKind), st.sampled_from([30, 60, 105, 210]))
).map(
    lambda found: [
        cell(MONDAY + timedelta(days=day), half, kind, min(minutes, WHOLE[half]))
        for (day, half), (kind, minutes) in found.items()
    ]
)
COUNTED = {Limit.WEEK, Limit.MONTH, Limit.FISCAL_YEAR, Limit.IN_A_ROW}


def counted(cells: list[Cell], rule: Rule, calendar: WorkingDays = CALENDAR) -> list[Breach]:
    return [one for one in breaches(cells, lambda _on: rule, calendar) if one.limit in COUNTED]


@given(CELLS, LIMITED, POSITION)
def test_a_day_more_at_home_never_removes_a_breach(
    cells: list[Cell], rule: Rule, position: tuple[int, Half]
) -> None:
    on, half = MONDAY + timedelta(days=position[0]), position[1]
    before = counted(cells, rule)
    after = counted([*(one for one in cells if (one.on, one.half) != (on, half)), cell(on, half)], rule)
    for one in before:
        assert any(
            other.limit is one.limit
            and other.first <= one.first
            and other.last >= one.last
            and other.value >= one.value
            for other in after
        )


@given(CELLS, LIMITED, st.randoms())
def test_the_order_of_the_plans_does_not_matter(cells: list[Cell], rule: Rule, random: Random) -> None:
    found = breaches(cells, lambda _on: rule, CALENDAR)
    random.shuffle(cells)
    assert breaches(cells, lambda _on: rule, CALENDAR) == found


@given(CELLS, LIMITED, st.integers(1, 8))
def test_weeks_later_it_is_the_same_weeks_later(cells: list[Cell], rule: Rule, weeks: int) -> None:
    """By weeks and rows, in a calendar without holidays; months and years have lengths of their own."""
    plain, shift = replace(rule, month=None, fiscal_year=None), timedelta(weeks=weeks)
    shifted = [replace(one, on=one.on + shift) for one in cells]
    expected = [
        replace(one, first=one.first + shift, last=one.last + shift) for one in counted(cells, plain, PLAIN)
    ]
    assert counted(shifted, plain, PLAIN) == expected


@given(CELLS, LIMITED)
def test_a_breach_is_always_more_than_its_cap_and_a_larger_cap_never_breaks_more(
    cells: list[Cell], rule: Rule
) -> None:
    found = counted(cells, rule)
    assert all(one.value > one.cap and one.first <= one.last for one in found)
    wider = replace(
        rule,
        week=None if rule.week is None else rule.week + 1,
        month=None if rule.month is None else rule.month + 1,
        fiscal_year=None if rule.fiscal_year is None else rule.fiscal_year + 1,
        in_a_row=None if rule.in_a_row is None else rule.in_a_row + 1,
    )
    spans = {(one.limit, one.first, one.last) for one in found}
    assert {(one.limit, one.first, one.last) for one in counted(cells, wider)} <= spans


@given(CELLS)
def test_without_a_rule_nothing_is_broken(cells: list[Cell]) -> None:
    assert breaches(cells, lambda _on: None, CALENDAR) == []


@given(CELLS, LIMITED)
def test_what_concerns_a_day_lies_around_it(cells: list[Cell], rule: Rule) -> None:
    found = breaches(cells, lambda _on: rule, CALENDAR)
    every = {one.on for one in cells}
    assert concerning(found, every) == found
    assert concerning(found, ()) == []


@given(
    CELLS,
    st.builds(replace, LIMITED, id=st.just(1), unit=st.sampled_from([Unit.DAY, Unit.HALF_DAY])),
    st.builds(replace, LIMITED, id=st.just(2), unit=st.sampled_from([Unit.DAY, Unit.HALF_DAY])),
    st.integers(0, 60),
    POSITION,
)
def test_what_is_left_on_a_day_can_be_had_on_it_whatever_rule_held_before(
    cells: list[Cell], old: Rule, new: Rule, change: int, position: tuple[int, Half]
) -> None:
    on, half = MONDAY + timedelta(days=position[0]), position[1]
    if not CALENDAR.is_working(on):
        return

    def rule_on(day: date) -> Rule:
        return new if day >= MONDAY + timedelta(days=change) else old

    before = [one for one in cells if (one.on, one.half) != (on, half)]
    after = breaches([*before, cell(on, half)], rule_on, CALENDAR)
    periods = {Limit.WEEK, Limit.MONTH, Limit.FISCAL_YEAR}
    over = {one.limit for one in concerning(after, [on]) if one.limit in periods}
    assert over == {
        one.limit for one in standings(before, rule_on(on), on, CALENDAR) if one.used + 1 > one.cap
    }
