"""What becomes of a booking that gives way to another, to a closure, to an absence."""

from __future__ import annotations

import pytest

from app.bookings.rules import Ending, Status, ending
from tests.house import at, span


@pytest.mark.parametrize(
    ("status", "start", "from_", "how"),
    [
        (Status.BOOKED, "10:00", "10:00", Ending.CANCELLED),
        (Status.BOOKED, "10:00", "09:30", Ending.CANCELLED),
        (Status.BOOKED, "10:00", "10:01", Ending.SHORTENED),
        (Status.BOOKED, "09:00", "09:00", Ending.CANCELLED),
        (Status.CHECKED_IN, "08:50", "09:00", Ending.ENDED_EARLY),
        (Status.CHECKED_IN, "08:50", "08:40", Ending.ENDED_EARLY),
        (Status.CHECKED_IN, "08:50", "09:01", Ending.SHORTENED),
        (Status.HELD, "08:50", "09:01", Ending.CANCELLED),
    ],
)
def test_what_gives_way_is_cancelled_ends_now_or_keeps_what_comes_before(
    status: Status, start: str, from_: str, how: Ending
) -> None:
    """It is nine o'clock."""
    assert ending(status, span(start, "12:00"), at(from_), at("09:00")) is how
