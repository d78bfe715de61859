"""Counting half-days, without a database."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.reports.rules import Sum, monthly, with_below
from app.telework.daylog.rules import Form, form_of
from app.telework.figures.rules import Band, HalfDay, band, share, yearly
from app.telework.rules import DayClass, Half


def minutes(_on: date, half: Half) -> int:
    return {Half.AM: 210, Half.PM: 255}[half]


DAY = date(2026, 11, 24)


def half(
    user_id: int, day_class: DayClass, *, section: int = 1, part: Half = Half.AM, form: Form | None = None
) -> HalfDay:
    return HalfDay(user_id, section, DAY, part, day_class, form_of(day_class, form))


def everybody(_user_id: int, _on: date) -> bool:
    return True


def test_a_month_by_section_and_person() -> None:
    found = monthly(
        [
            half(1, DayClass.TELEWORK),
            half(1, DayClass.TELEWORK, part=Half.PM, form=Form.SATELLITE),
            half(2, DayClass.OFFICE),
            half(2, DayClass.OFFICE_PRESUMED, part=Half.PM),
            half(3, DayClass.LEAVE, section=2),
            half(3, DayClass.UNKNOWN, section=2, part=Half.PM),
            half(3, DayClass.CLOSED, section=2),
        ],
        minutes,
        lambda user_id, _on: user_id == 1,
    )
    total = found.total
    assert (total.working, total.telework, total.office, total.of(DayClass.UNKNOWN)) == (6, 2, 2, 1)
    assert total.telework_minutes == 465
    assert (total.by_form[Form.HOME], total.by_form[Form.SATELLITE]) == (1, 1)
    assert (total.eligible, total.eligible_telework) == (2, 2)
    assert share(total.telework, total.working) == pytest.approx(1 / 3)
    assert share(found.sections[2].telework, found.sections[2].working) == 0
    assert found.people[1, 1].telework == 2
    assert found.people.keys() == {(1, 1), (1, 2), (2, 3)}


def test_a_section_above_others_has_the_sum_of_all_below_it_too() -> None:
    above = {1: None, 2: 1, 3: 2, 4: 2, 5: None}
    sections: dict[int | None, Sum] = {
        section: Sum({DayClass.TELEWORK: count}, {Form.HOME: count}, 210 * count, count + 1, count)
        for section, count in ((2, 1), (3, 2), (4, 4), (5, 8), (None, 16))
    }
    found = with_below(sections, above)
    assert found == {1: found[2], 2: Sum({DayClass.TELEWORK: 7}, {Form.HOME: 7}, 210 * 7, 10, 7)}


def test_of_the_yearly_sheet_the_people_below_are_counted_once() -> None:
    lines = yearly({1: 2, 2: 3, 3: 4}, [half(1, DayClass.TELEWORK), half(2, DayClass.TRIP)], everybody, DAY)
    (line,) = with_below({one.section_id: one for one in lines}, {2: None, 3: 2, 4: None}).values()
    assert (line.staff, line.eligible, line.users, line.rate, line.band) == (2, 2, 1, 0.5, Band.UNDER_80)
    assert line.by_form == line.half_days == {Form.HOME: 1, Form.SATELLITE: 0, Form.MOBILE: 1}


HALVES = st.lists(
    st.builds(
        lambda user_id, section, on, part, kind: HalfDay(
            user_id, section, on, part, kind, form_of(kind, None)
        ),
        st.integers(1, 4),
        st.integers(1, 3),
        st.dates(date(2026, 11, 1), date(2026, 11, 30)),
        st.sampled_from(Half),
        st.sampled_from(DayClass),
    )
)


@given(HALVES)
def test_the_parts_add_up_to_the_whole(halves: list[HalfDay]) -> None:
    found = monthly(halves, minutes, everybody)
    for parts in (found.sections.values(), found.people.values()):
        assert sum(one.working for one in parts) == found.total.working
        assert sum(one.telework_minutes for one in parts) == found.total.telework_minutes
        assert sum((Counter(one.by_class) for one in parts), Counter()) == Counter(found.total.by_class)
    assert found.total.eligible == found.total.working
    assert found.total.eligible_telework == found.total.telework


@pytest.mark.parametrize(
    ("users", "eligible", "expected"),
    [
        (0, 0, Band.NONE),
        (0, 10, Band.UNDER_30),
        (29, 100, Band.UNDER_30),
        (30, 100, Band.UNDER_50),
        (49, 100, Band.UNDER_50),
        (50, 100, Band.UNDER_80),
        (79, 100, Band.UNDER_80),
        (80, 100, Band.FROM_80),
        (3, 10, Band.UNDER_50),
        (100, 100, Band.FROM_80),
    ],
)
def test_the_bands_of_the_ministrys_sheet(users: int, eligible: int, expected: Band) -> None:
    assert band(users, eligible) is expected


def test_the_yearly_sheet_counts_who_is_there_on_its_day_and_a_trip_makes_nobody_a_user() -> None:
    lines = yearly(
        {1: 1, 2: 1, 3: 2, 4: 2},
        [
            half(1, DayClass.TELEWORK),
            half(1, DayClass.TELEWORK, form=Form.SATELLITE),
            half(2, DayClass.TRIP),
            half(4, DayClass.TELEWORK),
            half(9, DayClass.TELEWORK),
        ],
        lambda user_id, _on: user_id != 4,
        date(2026, 10, 1),
    )
    office, first, second = lines
    assert (office.staff, office.eligible, office.users) == (4, 3, 1)
    assert office.by_form == {Form.HOME: 2, Form.SATELLITE: 1, Form.MOBILE: 1}
    assert office.half_days == {Form.HOME: 2, Form.SATELLITE: 1, Form.MOBILE: 1}
    assert office.rate == pytest.approx(1 / 3)
    assert office.band is Band.UNDER_50
    assert (first.section_id, first.staff, first.users, first.band) == (1, 2, 1, Band.UNDER_80)
    assert (second.section_id, second.eligible, second.users, second.band) == (2, 1, 0, Band.UNDER_30)


def test_an_office_of_nobody_has_no_rate() -> None:
    (office,) = yearly({}, [], everybody, DAY)
    assert (office.rate, office.band) == (None, Band.NONE)
