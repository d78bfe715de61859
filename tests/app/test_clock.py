from datetime import UTC, datetime, timedelta, timezone

import pytest
from freezegun import freeze_time
from hypothesis import given
from hypothesis import strategies as st

from app.clock import ShownClock, SteppingClock, system_clock

REAL = datetime(2026, 11, 24, 3, tzinfo=UTC)
SHOWN = datetime(2026, 11, 24, 8, tzinfo=timezone(timedelta(hours=9)))


def test_the_system_clock_is_aware_and_in_utc() -> None:
    with freeze_time(REAL):
        assert system_clock() == REAL
    assert system_clock().utcoffset() == timedelta(0)


@pytest.mark.parametrize(("passed", "shown"), [(-1, -60), (0, 0), (1, 60), (3600, 216_000)])
def test_a_shown_clock_counts_from_its_start_at_its_speed(passed: int, shown: int) -> None:
    with freeze_time(REAL + timedelta(seconds=passed)):
        assert ShownClock(REAL, SHOWN, 60)() == SHOWN + timedelta(seconds=shown)


def test_a_shown_clock_answers_in_utc_as_every_clock() -> None:
    assert ShownClock(REAL, SHOWN, 60)().utcoffset() == timedelta(0)


@given(
    st.datetimes(timezones=st.just(UTC)),
    st.floats(min_value=1e-3, max_value=1e6),
)
def test_a_shown_clock_survives_being_written_and_read(start: datetime, speed: float) -> None:
    """Every process reads the same text, so a rounded speed would be another clock in the one that wrote it."""
    clock = ShownClock(start, SHOWN, speed)
    assert ShownClock.parse(str(clock)) == clock


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-11-24T03:00:00+00:00/2026-11-24T08:00:00+09:00",
        "2026-11-24T03:00:00/2026-11-24T08:00:00+09:00/60",
        "2026-11-24T03:00:00+00:00/2026-11-24T08:00:00/60",
        "2026-11-24T03:00:00+00:00/2026-11-24T08:00:00+09:00/0",
        "2026-11-24T03:00:00+00:00/2026-11-24T08:00:00+09:00/-1",
        "2026-11-24T03:00:00+00:00/2026-11-24T08:00:00+09:00/nan",
        "2026-11-24T03:00:00+00:00/2026-11-24T08:00:00+09:00/inf",
        "2026-11-24T03:00:00+00:00/2026-11-24T08:00:00+09:00/fast",
        "noon/2026-11-24T08:00:00+09:00/60",
    ],
)
def test_a_shown_clock_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        ShownClock.parse(text)


def test_a_stepping_clock_stands_still_until_it_is_moved() -> None:
    clock = SteppingClock(REAL)
    assert clock() == clock() == REAL
    assert clock.advance(timedelta(minutes=1)) == REAL + timedelta(minutes=1)
    assert clock() == REAL + timedelta(minutes=1)
