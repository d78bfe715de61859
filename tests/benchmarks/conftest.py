"""What the benchmarks' tests share."""

import pytest

from tests.servers.postgres import PostgresServer


@pytest.fixture(params=["sqlite", "postgresql"])
def server(request: pytest.FixtureRequest) -> str:
    """What `--database` would say."""
    if request.param == "sqlite":
        return ""
    server: PostgresServer = request.getfixturevalue("postgres_server")
    return server.url("postgres")
