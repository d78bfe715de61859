from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.boards.rules import QUARTER, Look, at_most, first_gap, hours_of, left_of, look, suggested_span
from app.calendar import public_holidays
from app.occupancy.rules import Occupancy
from app.spaces.rules import Opening
from app.timespan import TimeSpan

TOKYO = ZoneInfo("Asia/Tokyo")
TUESDAY = date(2026, 11, 24)
CALENDAR = public_holidays(2026)


def local(on: date, clock: str) -> datetime:
    return datetime.combine(on, time.fromisoformat(clock), TOKYO)


def suggested(now: datetime) -> TimeSpan:
    return suggested_span(now, zone=TOKYO, opens=time(8, 30), closes=time(17, 15), calendar=CALENDAR)


@pytest.mark.parametrize(
    ("now", "start"),
    [
        ("06:00", "08:30"),
        ("08:30", "08:30"),
        ("09:14", "09:00"),
        ("09:15", "09:15"),
        ("16:59", "16:45"),
        ("17:00", "17:00"),
        ("17:14:59", "17:00"),
    ],
)
def test_until_the_office_closes_the_span_is_from_this_quarter_hour_to_the_end(now: str, start: str) -> None:
    assert suggested(local(TUESDAY, now)) == TimeSpan(local(TUESDAY, start), local(TUESDAY, "17:15"))


@pytest.mark.parametrize(
    ("now", "day"),
    [
        (local(TUESDAY, "17:15"), date(2026, 11, 25)),
        (local(date(2026, 11, 27), "20:00"), date(2026, 11, 30)),  # Friday evening
        (local(date(2026, 11, 22), "10:00"), TUESDAY),  # Sunday, and Monday is a holiday
        (
            local(date(2026, 12, 28), "18:00"),
            date(2027, 1, 4),
        ),  # the office is closed at the turn of the year
    ],
)
def test_once_the_office_has_closed_the_span_is_the_next_working_day(now: datetime, day: date) -> None:
    assert suggested(now) == TimeSpan(local(day, "08:30"), local(day, "17:15"))


@pytest.mark.parametrize(
    ("opening", "hours"),
    [
        (Opening(), (time(8, 30), time(17, 15))),
        (Opening(time(9), time(18)), (time(9), time(17, 15))),
        (Opening(time(8), time(16)), (time(8, 30), time(16))),
        (Opening(time(18), time(21)), (time(18), time(21))),
        (Opening(time(18)), (time(8, 30), time(17, 15))),
    ],
)
def test_the_hours_are_the_offices_as_far_as_the_site_is_open(
    opening: Opening, hours: tuple[time, time]
) -> None:
    assert hours_of(time(8, 30), time(17, 15), opening) == hours


@pytest.mark.parametrize("reason", ["opening_hours", "horizon", "buffer"])
def test_what_a_rule_of_time_forbids_is_partly_free_or_not_to_be_had(reason: str) -> None:
    def seen(*, has_gap: bool, is_now: bool = False) -> Look:
        return look(
            reason=reason,
            booked=False,
            has_gap=has_gap,
            mine=False,
            occupancy=Occupancy.OCCUPIED,
            is_now=is_now,
        )

    assert (seen(has_gap=True), seen(has_gap=False)) == (Look.PARTLY, Look.OTHER)
    assert seen(has_gap=False, is_now=True) is Look.IN_USE


@given(st.datetimes(datetime(2026, 1, 2), datetime(2026, 12, 20)))  # noqa: DTZ001
def test_a_suggested_span_lies_in_the_hours_of_a_working_day_and_is_not_over(at: datetime) -> None:
    now = at.replace(tzinfo=UTC)
    span = suggested(now)
    on = span.start.astimezone(TOKYO).date()
    assert CALENDAR.is_working(on)
    assert TimeSpan(local(on, "08:30"), local(on, "17:15")).intersection(span) == span
    assert span.end > now
    assert span.start > now - QUARTER
    assert span.length >= QUARTER


@given(st.integers(-600, 600), st.integers(1, 600))
def test_what_is_left_of_a_span_to_book_begins_this_minute_at_the_earliest(begins: int, minutes: int) -> None:
    now = datetime(2026, 11, 24, 1, 7, 42, tzinfo=UTC)
    span = TimeSpan(now + timedelta(minutes=begins), now + timedelta(minutes=begins + minutes))
    left = left_of(span, now)
    assert left.end == span.end
    if span.end > now:
        assert left.start >= now - timedelta(minutes=1)
        assert left.start == span.start or span.start < now


TEN = datetime(2026, 11, 24, 1, tzinfo=UTC)


def after_ten(start: int, end: int) -> TimeSpan:
    return TimeSpan(TEN + timedelta(minutes=start), TEN + timedelta(minutes=end))


@pytest.mark.parametrize(
    ("span", "booked", "gap"),
    [
        ((0, 60), [], (0, 60)),
        ((0, 60), [(30, 90)], (0, 30)),
        ((0, 60), [(15, 60)], (0, 15)),
        ((0, 60), [(14, 60)], None),
        ((0, 60), [(-30, 45)], (45, 60)),
        ((0, 60), [(-30, 46)], None),
        ((0, 60), [(0, 20), (30, 60)], None),
        ((0, 60), [(30, 60), (0, 10)], (10, 30)),
        ((0, 10), [], (0, 10)),
        ((0, 10), [(5, 10)], None),
        ((0, 60), [(60, 90)], (0, 60)),
    ],
)
def test_the_first_gap_is_a_quarter_of_an_hour_or_the_whole_of_a_shorter_span(
    span: tuple[int, int], booked: list[tuple[int, int]], gap: tuple[int, int] | None
) -> None:
    found = first_gap(after_ten(*span), [after_ten(*one) for one in booked])
    assert found == (after_ten(*gap) if gap else None)


@given(st.lists(st.tuples(st.integers(-90, 300), st.integers(1, 120)), max_size=6), st.integers(1, 240))
def test_a_gap_lies_in_the_span_and_overlaps_no_booking(bookings: list[tuple[int, int]], length: int) -> None:
    span = after_ten(0, length)
    booked = [after_ten(start, start + lasts) for start, lasts in bookings]
    gap = first_gap(span, booked)
    if gap is not None:
        assert gap.intersection(span) == gap
        assert not any(gap.overlaps(one) for one in booked)
        assert gap.length >= min(QUARTER, span.length)


def test_an_offer_is_no_longer_than_a_booking_may_be() -> None:
    assert at_most(after_ten(0, 300), timedelta(hours=2)) == after_ten(0, 120)
    assert at_most(after_ten(0, 60), timedelta(hours=2)) == after_ten(0, 60)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, Look.FREE),
        ({"occupancy": Occupancy.OCCUPIED}, Look.IN_USE),
        ({"occupancy": Occupancy.OCCUPIED, "is_now": False}, Look.FREE),
        ({"occupancy": Occupancy.OCCUPIED, "booked": True, "reason": "taken"}, Look.IN_USE),
        ({"booked": True, "reason": "taken"}, Look.BOOKED),
        ({"booked": True, "reason": "taken", "has_gap": True}, Look.PARTLY),
        ({"booked": True, "reason": "taken", "has_gap": True, "occupancy": Occupancy.OCCUPIED}, Look.IN_USE),
        ({"has_gap": True}, Look.FREE),
        ({"booked": True, "reason": "yours", "mine": True, "occupancy": Occupancy.OCCUPIED}, Look.YOURS),
        ({"occupancy": Occupancy.OFFLINE}, Look.SILENT),
        ({"occupancy": Occupancy.UNKNOWN}, Look.SILENT),
        ({"occupancy": Occupancy.OFFLINE, "is_now": False}, Look.FREE),
        ({"reason": "other_section"}, Look.OTHER),
        ({"reason": "out_of_order", "occupancy": Occupancy.OCCUPIED}, Look.BROKEN),
        ({"reason": "free_seating"}, Look.FREE),
    ],
)
def test_a_space_has_the_look_of_what_matters_most(facts: dict[str, Any], expected: Look) -> None:
    plain: dict[str, Any] = {
        "reason": None,
        "booked": False,
        "has_gap": False,
        "mine": False,
        "occupancy": Occupancy.VACANT,
        "is_now": True,
    }
    assert look(**(plain | facts)) is expected
