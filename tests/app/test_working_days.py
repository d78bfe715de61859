from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.calendar import public_holidays
from app.working_days import WorkingDays

days = st.dates(date(2026, 1, 1), date(2027, 12, 31))


@pytest.mark.parametrize(
    ("on", "works", "why"),
    [
        (date(2026, 11, 20), True, "a Friday"),
        (date(2026, 11, 21), False, "a Saturday"),
        (date(2026, 11, 22), False, "a Sunday"),
        (date(2026, 11, 23), False, "勤労感謝の日, a Monday"),
        (date(2026, 11, 24), True, "a Tuesday"),
        (date(2026, 5, 6), False, "the substitute for 憲法記念日, which fell on a Sunday"),
        (date(2026, 5, 7), True, "the day after the substitute"),
        (date(2026, 9, 22), False, "a day between two holidays is one"),
        (date(2027, 3, 22), False, "the substitute for 春分の日 on a Sunday"),
        (date(2026, 12, 28), True, "the last day before the year's end (御用納め)"),
        (date(2026, 12, 29), False, "the year's end begins"),
        (date(2026, 12, 31), False, "the year's end"),
        (date(2027, 1, 1), False, "元日"),
        (date(2028, 1, 3), False, "the year's end ends, on a Monday"),
        (date(2028, 1, 4), True, "the first day of work (御用始め)"),
    ],
)
def test_the_office_works(on: date, works: bool, why: str) -> None:
    assert public_holidays(on.year).is_working(on) is works, why


def test_an_override_wins_over_weekend_holiday_and_year_end() -> None:
    calendar = WorkingDays(
        holidays={date(2026, 11, 23): "勤労感謝の日"},
        overrides={
            date(2026, 11, 21): True,
            date(2026, 11, 23): True,
            date(2026, 12, 29): True,
            date(2026, 11, 24): False,
        },
    )
    assert calendar.is_working(date(2026, 11, 21))
    assert calendar.is_working(date(2026, 11, 23))
    assert calendar.is_working(date(2026, 12, 29))
    assert not calendar.is_working(date(2026, 11, 24))


def test_the_calendar_of_a_year_knows_its_neighbours() -> None:
    calendar = public_holidays(2026)
    assert not calendar.is_working(date(2025, 11, 24))
    assert not calendar.is_working(date(2027, 3, 22))


@pytest.mark.parametrize(
    ("on", "following"),
    [
        (date(2026, 11, 20), date(2026, 11, 20)),
        (date(2026, 11, 21), date(2026, 11, 24)),
        (date(2026, 12, 29), date(2027, 1, 4)),
    ],
)
def test_the_next_working_day_is_the_day_itself_or_the_first_after_it(on: date, following: date) -> None:
    assert public_holidays(on.year).next_working(on) == following


def test_both_ends_of_a_range_count_and_a_reversed_one_is_empty() -> None:
    calendar = public_holidays(2026)
    friday, tuesday = date(2026, 11, 20), date(2026, 11, 24)
    assert list(calendar.between(friday, tuesday)) == [friday, tuesday]
    assert list(calendar.between(tuesday, friday)) == []


@given(days, st.integers(0, 60))
def test_a_range_holds_the_working_days_in_order_and_nothing_else(first: date, count: int) -> None:
    calendar = public_holidays(2026)
    last = first + timedelta(days=count)
    everyday = [first + timedelta(days=n) for n in range(count + 1)]
    assert list(calendar.between(first, last)) == [on for on in everyday if calendar.is_working(on)]


@given(days)
def test_no_working_day_is_skipped(on: date) -> None:
    calendar = public_holidays(on.year)
    following = calendar.next_working(on)
    assert calendar.is_working(following)
    assert not any(calendar.is_working(on + timedelta(days=n)) for n in range((following - on).days))
