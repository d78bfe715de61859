"""Bookings and views in their short form: nothing fails, and neither is out of all proportion to the least."""

import pytest

from tests.benchmarks.http import BOOKINGS, CALLS, QUICK_BOOKINGS, QUICK_CALLS, run


@pytest.mark.timeout(600)
def test_a_booking_and_a_view_cost_little_more_than_the_least(
    server: str, request: pytest.FixtureRequest, long: bool
) -> None:
    found = run(BOOKINGS, CALLS, server) if long else run(QUICK_BOOKINGS, QUICK_CALLS, server)
    print(found)
    # Beside other tests the short form's few calls only notice what is slower by far.
    assert found["bookings_ratio"] >= (0.5 if long and server else 0.25)
    assert found["view_p95_ratio"] <= (2 if long and server else 6)
