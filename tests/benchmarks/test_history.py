"""The history in its short form: a booking and a view cost about the same however much lies behind them."""

import pytest

from tests.benchmarks.history import run


@pytest.mark.timeout(1800)
def test_neither_booking_nor_view_grows_with_the_history(server: str, long: bool) -> None:
    sizes, readings, calls = ((0, 200_000, 5_000_000), 10_000_000, 300) if long else ((0, 10_000), 10_000, 30)
    found = run(sizes, readings, calls, server)
    print(found)
    # The short form only notices what reads all of history: its few calls say no more beside other tests.
    most = 1.5 if long else 3
    assert all(float(str(times)) <= most for times in found["growth"].values()), found
