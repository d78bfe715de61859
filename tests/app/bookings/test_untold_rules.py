"""When a booking shows that a sensor does not say what counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.bookings.rules import Booked, Status, is_untold
from app.spaces.rules import DEFAULTS, Kind
from app.timespan import TimeSpan

NINE = datetime(2026, 11, 24, 0, tzinfo=UTC)  # in Tokyo
MINUTE = timedelta(minutes=1)
HOURS = 180


@pytest.mark.parametrize(
    ("first", "last", "length", "delay", "untold"),
    [
        (0, 180, HOURS, 0, True),
        (25, 155, HOURS, 0, True),
        (25.1, 155, HOURS, 0, False),
        (25, 154.9, HOURS, 0, False),
        (None, None, HOURS, 0, False),
        # A seat's grace of 60 minutes, then 2.5 heartbeats to say it in, after the sensor's own delay.
        (0, 80, 85, 0, True),
        (0, 80, 84.9, 0, False),
        (0, 80, 85, 1, False),
    ],
)
def test_a_sensor_that_lived_and_had_the_time_to_say_it(
    first: float | None, last: float | None, length: float, delay: float, untold: bool
) -> None:
    booked = Booked(
        status=Status.COMPLETED, span=TimeSpan(NINE, NINE + length * MINUTE), made_at=NINE - 60 * MINUTE
    )
    heard = (
        None if first is None else NINE + first * MINUTE,
        None if last is None else NINE + last * MINUTE,
    )
    found = is_untold(
        booked,
        heard,
        offline_after=25 * MINUTE,
        detection_delay=delay * MINUTE,
        policy=DEFAULTS[Kind.SEAT],
    )
    assert found is untold
