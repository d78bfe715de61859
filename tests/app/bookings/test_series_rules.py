"""On which days a series falls, and which other space or time is the nearest."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.bookings.moving.rules import Candidate, nearest_time, place_each
from app.bookings.rules import LIVE, Status
from app.bookings.series.rules import MOST, Every, Recurrence, changed_spans, is_unused, spans
from app.timespan import TimeSpan
from app.working_days import WorkingDays
from tests.house import DAY, TOKYO, at, span

CALENDAR = WorkingDays(holidays={date(2026, 11, 23): "勤労感謝の日", date(2026, 12, 2): "a holiday"})
days = st.dates(date(2026, 1, 1), date(2027, 12, 31))
recurrences = st.one_of(
    st.builds(
        Recurrence,
        st.sampled_from(Every),
        st.frozensets(st.integers(0, 6)),
        st.none(),
        st.integers(1, 40),
        working_days_only=st.booleans(),
    ),
    st.builds(
        Recurrence,
        st.sampled_from(Every),
        st.frozensets(st.integers(0, 6)),
        days,
        st.none(),
        working_days_only=st.booleans(),
    ),
    st.builds(
        Recurrence,
        dates=st.lists(days, min_size=1, max_size=20).map(tuple),
        working_days_only=st.booleans(),
    ),
)


@pytest.mark.parametrize(
    ("recurrence", "expected"),
    [
        (Recurrence(Every.DAY, count=3), ["11-24", "11-25", "11-26"]),
        (Recurrence(Every.DAY, until=date(2026, 11, 30)), ["11-24", "11-25", "11-26", "11-27", "11-30"]),
        (Recurrence(Every.WEEK, count=2), ["11-24", "12-01"]),
        (Recurrence(Every.WEEK, frozenset({1, 2}), count=4), ["11-24", "11-25", "12-01", "12-08"]),
        (
            Recurrence(Every.WEEK, frozenset({1, 2}), count=4, working_days_only=False),
            ["11-24", "11-25", "12-01", "12-02"],
        ),
        (Recurrence(dates=(date(2026, 12, 1), date(2026, 11, 25), date(2026, 11, 1))), ["11-25", "12-01"]),
    ],
)
def test_from_a_tuesday_on_a_series_falls_on_these_days(recurrence: Recurrence, expected: list[str]) -> None:
    assert [f"{on:%m-%d}" for on in recurrence.days(DAY, CALENDAR).wanted] == expected


@pytest.mark.parametrize(
    ("recurrence", "expected"),
    [
        (
            Recurrence(dates=(date(2026, 11, 20), DAY, date(2026, 12, 2), date(2027, 11, 25))),
            ["2026-11-20 earlier", "2026-12-02 closed", "2027-11-25 far"],
        ),
        (Recurrence(dates=(date(2026, 12, 2),), working_days_only=False), []),
        (Recurrence(Every.WEEK, frozenset({2}), count=2), ["2026-12-02 closed"]),
        (Recurrence(Every.WEEK, frozenset({2}), until=date(2026, 12, 2)), ["2026-12-02 closed"]),
        (Recurrence(Every.DAY, until=date(2026, 12, 6)), []),
        (
            Recurrence(Every.DAY, until=date(2028, 1, 1), working_days_only=False),
            ["2027-03-04 many, and later"],
        ),
        (
            Recurrence(Every.WEEK, until=date(2028, 1, 1), working_days_only=False),
            ["2027-11-30 far, and later"],
        ),
        (Recurrence(Every.WEEK, count=100, working_days_only=False), ["2027-11-30 far, and later"]),
        (Recurrence(Every.WEEK, until=date(2027, 11, 24), working_days_only=False), []),
    ],
)
def test_what_a_series_leaves_out_it_tells_with_the_reason(
    recurrence: Recurrence, expected: list[str]
) -> None:
    found = recurrence.days(DAY, CALENDAR).left_out
    assert [f"{one.on} {one.why}" + ", and later" * one.and_later for one in found] == expected


@given(st.lists(days, min_size=1, max_size=120), days, st.booleans())
def test_of_chosen_dates_none_is_lost(chosen: list[date], first: date, working_days_only: bool) -> None:
    found = Recurrence(dates=tuple(chosen), working_days_only=working_days_only).days(first, CALENDAR)
    assert sorted([*found.wanted, *(one.on for one in found.left_out)]) == sorted(set(chosen))


@given(recurrences, days)
def test_the_days_are_in_order_apart_and_within_the_limits(recurrence: Recurrence, first: date) -> None:
    found = recurrence.days(first, CALENDAR).wanted
    assert found == sorted(set(found))
    assert len(found) <= min(recurrence.count or MOST, MOST)
    assert all(first <= on < first + timedelta(days=366) for on in found)
    if recurrence.working_days_only:
        assert all(CALENDAR.is_working(on) for on in found)


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"every": Every.DAY},
        {"every": Every.DAY, "until": DAY, "count": 3},
        {"every": Every.DAY, "count": 3, "dates": (DAY,)},
    ],
)
def test_a_recurrence_without_an_end_or_with_two_is_none(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="repeat"):
        Recurrence(**wrong)  # type: ignore[arg-type]


def test_nine_stays_nine_when_the_clocks_change() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    first = TimeSpan(datetime(2026, 3, 28, 9, tzinfo=berlin), datetime(2026, 3, 28, 17, tzinfo=berlin))
    found = spans(first, [date(2026, 3, 28), date(2026, 3, 29), date(2026, 3, 30)], berlin)
    assert {one.start.astimezone(berlin).time() for one in found} == {time(9)}
    assert {one.length for one in found} == {timedelta(hours=8)}
    assert (found[1].start - found[0].start, found[2].start - found[1].start) == (
        timedelta(hours=23),
        timedelta(hours=24),
    )


def test_a_span_that_the_change_of_clocks_swallows_keeps_its_length() -> None:
    """On that day 02:30 does not exist: the clock goes from 02:00 to 03:00."""
    zone = ZoneInfo("America/New_York")
    first = TimeSpan(datetime(2027, 3, 12, 2, 30, tzinfo=zone), datetime(2027, 3, 12, 3, 15, tzinfo=zone))
    (swallowed,) = spans(first, [date(2027, 3, 14)], zone)
    assert swallowed.length == first.length
    assert swallowed.start.astimezone(zone).time() == time(3, 30)


def test_another_end_is_by_the_wall_clock_where_a_day_has_the_hours_of_its_series() -> None:
    """On 29 March the clock goes from 02:00 to 03:00; on the 30th the booking had been put an hour later."""
    zone = ZoneInfo("Europe/Berlin")

    def night(day: int, start: int, end: int) -> TimeSpan:
        return TimeSpan(
            datetime(2026, 3, day, start, tzinfo=zone), datetime(2026, 3, day + 1, end, tzinfo=zone)
        )

    before = [night(27, 22, 5), night(28, 22, 5), night(30, 23, 7)]
    found = changed_spans(before, before[0], night(27, 22, 6), zone)
    assert found == [night(27, 22, 6), night(28, 22, 6), night(30, 23, 7)]


@given(st.lists(days, max_size=10))
def test_a_span_over_midnight_stays_one(on: list[date]) -> None:
    first = TimeSpan(at("22:00"), at("06:00", day=1))
    assert {one.length for one in spans(first, on, TOKYO)} <= {timedelta(hours=8)}


outcomes = st.lists(st.sampled_from([status for status in Status if status not in LIVE]), max_size=12)


@given(outcomes, st.integers(0, 5))
def test_a_series_is_unused_after_so_many_no_shows_running_and_cancelling_says_nothing(
    said: list[Status], least: int
) -> None:
    told = [status for status in said if status is not Status.CANCELLED]
    running = next((n for n, status in enumerate(told) if status is not Status.RELEASED), len(told))
    assert is_unused(said, least) == (0 < least <= running)


# The nearest other space


spaces = st.lists(
    st.tuples(st.integers(0, 300), st.lists(st.tuples(st.integers(0, 20), st.integers(1, 6)), max_size=3)),
    max_size=5,
).map(
    lambda rows: [
        Candidate(
            number,
            f"A-{number}",
            float(distance),
            tuple(
                TimeSpan(at("08:00") + timedelta(hours=a), at("08:00") + timedelta(hours=a + b))
                for a, b in busy
            ),
        )
        for number, (distance, busy) in enumerate(rows, 1)
    ]
)
wishes = st.lists(st.tuples(st.integers(0, 20), st.integers(1, 6)), max_size=6).map(
    lambda rows: {
        number: TimeSpan(at("08:00") + timedelta(hours=a), at("08:00") + timedelta(hours=a + b))
        for number, (a, b) in enumerate(rows, 1)
    }
)


@given(wishes, spaces)
def test_everybody_is_placed_on_what_is_free_no_two_at_once_and_nobody_is_forgotten(
    wanted: dict[int, TimeSpan], candidates: list[Candidate]
) -> None:
    placed = place_each(wanted, dict.fromkeys(wanted, candidates))
    assert placed.keys() == wanted.keys()
    by_id = {one.space_id: one for one in candidates}
    taken: dict[int, list[TimeSpan]] = {}
    for booking_id, space_id in placed.items():
        if space_id is None:
            continue
        around = [*by_id[space_id].busy, *taken.get(space_id, [])]
        assert not any(wanted[booking_id].overlaps(busy) for busy in around)
        taken.setdefault(space_id, []).append(wanted[booking_id])
    for booking_id in (one for one, space_id in placed.items() if space_id is None):
        for one in candidates:
            around = [*one.busy, *taken.get(one.space_id, [])]
            assert any(wanted[booking_id].overlaps(busy) for busy in around)


def test_the_nearest_goes_first_and_of_two_equally_near_the_one_in_use() -> None:
    near, far, also = (
        Candidate(1, "A-1", 10.0, ()),
        Candidate(2, "A-2", 20.0, ()),
        Candidate(3, "A-3", 10.0, ()),
    )
    after = {7: span("09:00", "10:00"), 8: span("10:00", "11:00")}
    assert place_each(after, {one: [far, near, also] for one in after}) == {7: 1, 8: 1}
    at_once = {7: span("09:00", "10:00"), 8: span("09:30", "11:00")}
    assert place_each(at_once, {one: [far, near] for one in at_once}) == {7: 1, 8: 2}


busy_spans = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 12)), max_size=6).map(
    lambda rows: [
        TimeSpan(at("08:00") + timedelta(minutes=10 * a), at("08:00") + timedelta(minutes=10 * (a + b)))
        for a, b in rows
    ]
)


@given(busy_spans, st.integers(0, 40), st.integers(1, 12))
def test_the_nearest_time_is_free_as_long_and_none_nearer_is(
    busy: list[TimeSpan], begins: int, length: int
) -> None:
    window = span("08:00", "18:00")
    start = at("08:00") + timedelta(minutes=10 * begins)
    wanted = TimeSpan(start, start + timedelta(minutes=10 * length))
    grid = [
        TimeSpan(at("08:00") + timedelta(minutes=10 * n), at("08:00") + timedelta(minutes=10 * (n + length)))
        for n in range(60)
    ]
    free = [one for one in grid if one.end <= window.end and not any(one.overlaps(other) for other in busy)]
    found = nearest_time(wanted, busy, window)
    assert (found is None) == (not free)
    if found:
        assert found.length == wanted.length
        assert not any(found.overlaps(other) for other in busy)
        assert abs(found.start - wanted.start) == min(abs(one.start - wanted.start) for one in free)
