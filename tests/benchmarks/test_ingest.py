"""The drain in its short form: on every change nothing is lost and nothing stored twice; how fast is only printed."""

import pytest

from tests.benchmarks.ingest import READINGS, RUNS, run
from tests.servers.postgres import PostgresServer


@pytest.fixture(params=["sqlite", "postgresql"])
def server(request: pytest.FixtureRequest) -> str:
    """What `--database` would say."""
    if request.param == "sqlite":
        return ""
    server: PostgresServer = request.getfixturevalue("postgres_server")
    return server.url("postgres")


@pytest.mark.timeout(1200)
def test_what_waits_in_the_broker_is_stored_once(server: str, long: bool) -> None:
    found = run(READINGS, RUNS, 500, server) if long else run(3_000, 1, 50, server)
    print(found)
    assert found["lost"] == 0
    assert found["duplicated"] == 0
    if long:
        assert float(str(found["ratio"])) >= 0.6
