"""The drain in its short form: on every change nothing is lost and nothing stored twice; how fast is only printed."""

from typing import Any

import pytest

from tests.benchmarks.ingest import READINGS, RUNS, run

SENSORS = 10_000
# SQLite has one writer: nothing is stored side by side there.
RATIO_ON_POSTGRESQL, RATIO_ON_SQLITE = 0.7, 0.6


def grown(found: dict[str, Any]) -> float:
    """The gateway's memory at the end, as a multiple of what it was after a tenth."""
    early, late = found["rss_mb"]
    return float(late / early)


@pytest.mark.timeout(1200)
def test_what_waits_in_the_broker_is_stored_once(server: str, long: bool) -> None:
    found = run(READINGS, RUNS, SENSORS, server) if long else run(3_000, 1, 50, server)
    print(found)
    assert found["lost"] == 0
    assert found["duplicated"] == 0
    assert grown(found) > 0
    if long:
        assert float(str(found["ratio"])) >= (RATIO_ON_POSTGRESQL if server else RATIO_ON_SQLITE)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_the_memory_of_the_gateway_is_flat_over_a_million_readings(server: str) -> None:
    found = run(1_000_000, 1, 500, server)
    print(found)
    assert (found["lost"], found["duplicated"]) == (0, 0)
    assert grown(found) <= 1.1
