from datetime import UTC, date, datetime, time, timedelta, timezone
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.timespan import TimeSpan, chosen_span, day_span, days_of, merged, overlap, touched_up

TOKYO = ZoneInfo("Asia/Tokyo")
BERLIN = ZoneInfo("Europe/Berlin")
TEN = datetime(2026, 11, 24, 10, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def minutes(start: int, end: int) -> TimeSpan:
    return TimeSpan(TEN + start * MINUTE, TEN + end * MINUTE)


spans = st.builds(
    lambda start, length: minutes(start, start + length), st.integers(0, 60), st.integers(1, 30)
)


@pytest.mark.parametrize(
    ("start", "end", "why"),
    [
        (TEN, TEN, "end after it starts"),
        (TEN, TEN - timedelta(microseconds=1), "end after it starts"),
        (TEN.replace(tzinfo=None), TEN, "offset"),
        (TEN, TEN.replace(tzinfo=None), "offset"),
    ],
)
def test_an_empty_a_reversed_and_a_naive_span_are_refused(start: datetime, end: datetime, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        TimeSpan(start, end)


def test_the_shortest_span_is_one_microsecond() -> None:
    assert TimeSpan(TEN, TEN + timedelta(microseconds=1)).length == timedelta(microseconds=1)


@pytest.mark.parametrize(("at", "inside"), [(-1, False), (0, True), (29, True), (30, False), (31, False)])
def test_a_span_contains_its_start_and_not_its_end(at: int, inside: bool) -> None:
    assert minutes(0, 30).contains(TEN + at * MINUTE) is inside


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (minutes(-10, -1), None),
        (minutes(-10, 0), None),
        (minutes(-10, 1), minutes(0, 1)),
        (minutes(0, 30), minutes(0, 30)),
        (minutes(29, 40), minutes(29, 30)),
        (minutes(30, 40), None),
        (minutes(31, 40), None),
    ],
)
def test_spans_that_only_touch_do_not_overlap(other: TimeSpan, expected: TimeSpan | None) -> None:
    assert minutes(0, 30).intersection(other) == expected
    assert minutes(0, 30).overlaps(other) is (expected is not None)
    assert other.overlaps(minutes(0, 30)) is (expected is not None)


def test_the_length_is_real_time_where_the_clocks_are_put_back() -> None:
    """Python subtracts two instants of one zone as wall clocks: 01:00 to 04:00 of that night would be three hours."""
    night = TimeSpan(datetime(2026, 10, 25, 1, tzinfo=BERLIN), datetime(2026, 10, 25, 4, tzinfo=BERLIN))
    assert night.length == timedelta(hours=4)


def test_an_hour_that_the_clock_shows_twice_can_be_a_span() -> None:
    once = datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN)
    assert TimeSpan(once, once.replace(fold=1)).length == timedelta(hours=1)


def test_the_offset_in_which_an_instant_is_written_makes_no_other_span() -> None:
    here = TEN.astimezone(timezone(timedelta(hours=9)))
    assert TimeSpan(here, here + MINUTE) == minutes(0, 1)


@pytest.mark.parametrize(("gap", "count"), [(9, 2), (10, 1), (11, 1)])
def test_spans_at_most_the_gap_apart_become_one(gap: int, count: int) -> None:
    assert len(merged([minutes(0, 20), minutes(30, 40)], gap * MINUTE)) == count


@given(st.lists(spans))
def test_merged_spans_are_in_order_and_apart(given_spans: list[TimeSpan]) -> None:
    result = merged(given_spans)
    assert all(one.end < other.start for one, other in pairwise(result))


@given(st.lists(spans), spans)
def test_an_instant_counts_once_however_many_spans_cover_it(
    given_spans: list[TimeSpan], window: TimeSpan
) -> None:
    covered = sum(
        any(one.contains(window.start + n * MINUTE) for one in given_spans)
        for n in range(window.length // MINUTE)
    )
    assert overlap(given_spans, window) == covered * MINUTE


@given(spans, spans)
def test_an_intersection_lies_in_both(one: TimeSpan, other: TimeSpan) -> None:
    common = one.intersection(other)
    assert common == other.intersection(one)
    if common:
        assert one.start <= common.start < common.end <= one.end
        assert other.start <= common.start < common.end <= other.end


def test_a_day_in_tokyo_begins_at_fifteen_hours_utc_of_the_day_before() -> None:
    day = day_span(date(2026, 11, 24), TOKYO)
    assert day == TimeSpan(datetime(2026, 11, 23, 15, tzinfo=UTC), datetime(2026, 11, 24, 15, tzinfo=UTC))


@pytest.mark.parametrize(
    ("on", "hours"), [(date(2026, 3, 29), 23), (date(2026, 3, 30), 24), (date(2026, 10, 25), 25)]
)
def test_a_day_on_which_the_clocks_change_keeps_its_real_length(on: date, hours: int) -> None:
    assert day_span(on, BERLIN).length == timedelta(hours=hours)


def test_part_of_a_day_is_computed_in_the_zone() -> None:
    morning = day_span(date(2026, 11, 24), TOKYO, time(8, 30), time(12))
    assert morning.start == datetime(2026, 11, 23, 23, 30, tzinfo=UTC)
    assert morning.length == timedelta(hours=3, minutes=30)


def test_a_chosen_span_is_in_the_floors_own_time() -> None:
    span = chosen_span(date(2026, 11, 24), time(9), time(10), TOKYO)
    assert span == TimeSpan(datetime(2026, 11, 24, 0, tzinfo=UTC), datetime(2026, 11, 24, 1, tzinfo=UTC))


def test_a_choice_may_end_on_another_day() -> None:
    on = date(2026, 11, 24)
    night = chosen_span(on, time(22), time(7), TOKYO, last=date(2026, 11, 25))
    assert night.length == timedelta(hours=9)
    assert chosen_span(on, time(22), time(0), TOKYO, last=on).length == timedelta(hours=2)
    with pytest.raises(ValueError, match="end after it starts"):
        chosen_span(on, time(9), time(10), TOKYO, last=date(2026, 11, 23))


def test_of_a_span_in_a_form_an_end_that_is_left_alone_keeps_its_seconds() -> None:
    second = timedelta(seconds=1)
    typed = chosen_span(date(2026, 11, 24), time(9), time(10), TOKYO)
    span = TimeSpan(typed.start + 20 * second, typed.end + 40 * second)
    assert touched_up(span, typed, TOKYO) == span
    later = chosen_span(date(2026, 11, 24), time(9), time(11), TOKYO)
    assert touched_up(span, later, TOKYO) == TimeSpan(span.start, later.end)
    next_day = chosen_span(date(2026, 11, 25), time(9), time(10), TOKYO)
    assert touched_up(span, next_day, TOKYO) == next_day


@pytest.mark.parametrize("end", [time(9), time(8, 59)])
def test_a_reversed_or_empty_choice_is_refused(end: time) -> None:
    with pytest.raises(ValueError, match="after the start"):
        chosen_span(date(2026, 11, 24), time(9), end, TOKYO)


def test_a_chosen_hour_that_the_clocks_leave_out_is_refused() -> None:
    """02:30 to 03:00 does not exist in Berlin on this day; both are the same instant."""
    with pytest.raises(ValueError, match="end after it starts"):
        chosen_span(date(2026, 3, 29), time(2), time(3), BERLIN)


def test_a_chosen_end_at_midnight_is_the_end_of_the_day() -> None:
    evening = chosen_span(date(2026, 11, 24), time(9), time(0), TOKYO)
    assert evening == TimeSpan(datetime(2026, 11, 24, tzinfo=UTC), datetime(2026, 11, 24, 15, tzinfo=UTC))
    assert chosen_span(date(2026, 11, 24), time(0), time(0), TOKYO) == day_span(date(2026, 11, 24), TOKYO)


@pytest.mark.parametrize(
    ("end", "last"),
    [("2026-11-24T15:00:00+00:00", 24), ("2026-11-24T15:00:00.000001+00:00", 25)],
)
def test_the_days_of_a_span_end_before_the_midnight_that_ends_it(end: str, last: int) -> None:
    span = TimeSpan(datetime.fromisoformat("2026-11-24T00:00:00+00:00"), datetime.fromisoformat(end))
    assert days_of(span, TOKYO) == (date(2026, 11, 24), date(2026, 11, last))
