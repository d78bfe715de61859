"""Which run of a counter a reading is of, where it may begin anew under the same name."""

from datetime import UTC, datetime, timedelta

import pytest

from app.occupancy.counters import Numbered, run_of
from app.occupancy.readings import Reading

NOON = datetime(2026, 11, 24, 3, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def frame(seq: int, minutes: float = 0, *, boot: str = "abp", dated: bool = True) -> Reading:
    at = NOON + minutes * MINUTE
    return Reading("desk", at, at + timedelta(seconds=dated), boot=boot, seq=seq, restarts=True)


@pytest.mark.parametrize(
    ("before", "reading", "run"),
    [
        (None, frame(7), "abp"),
        (Numbered(NOON, 7, "abp"), frame(8, 1), "abp"),
        (Numbered(NOON, 7, "abp"), frame(900, 1), "abp"),
        (Numbered(NOON, 7, "abp"), frame(7), "abp"),  # redelivered
        (Numbered(NOON, 7, "abp"), frame(0, 1), "abp~1"),
        (Numbered(NOON, 7, "abp"), frame(7, 1), "abp~1"),  # a device that says one thing each time it wakes
        (Numbered(NOON, 65_535, "abp"), frame(0, 1), "abp~1"),
        (Numbered(NOON, 0, "abp~1"), frame(1, 1), "abp~1"),
        (Numbered(NOON, 1, "abp~1"), frame(0, 1), "abp~2"),
        (Numbered(NOON, 1, "abp~9"), frame(0, 1), "abp~10"),
        (Numbered(NOON, 7, "other"), frame(3, 1), "abp"),  # joined
        (Numbered(NOON, 7, "abp"), frame(0, 1, boot="ab"), "ab"),
        (Numbered(NOON, 7, "abp"), frame(0, 1, dated=False), "abp"),  # may be a copy: nobody knows of when
        (Numbered(NOON, 7, "abp~2"), frame(3, 1, dated=False), "abp~2"),
    ],
)
def test_a_number_that_is_no_higher_at_a_later_time_is_of_the_next_run(
    before: Numbered | None, reading: Reading, run: str
) -> None:
    assert run_of(reading, before) == run
