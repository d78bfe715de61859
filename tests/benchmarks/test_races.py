"""The races in their short form: what must hold holds on every change, not only when somebody measures."""

import pytest

from tests.benchmarks.races import RACES, run
from tests.servers.postgres import PostgresServer


@pytest.fixture(params=["sqlite", "postgresql"])
def server(request: pytest.FixtureRequest) -> str:
    """What `--database` would say."""
    if request.param == "sqlite":
        return ""
    server: PostgresServer = request.getfixturevalue("postgres_server")
    return server.url("postgres")


@pytest.mark.timeout(600)
def test_each_slot_is_won_once_by_however_many_want_it(server: str, long: bool) -> None:
    slots, clients = (1_000, 16) if long else (10, 8)
    found = run(slots, clients, server)
    print(found)
    assert found["won"] == slots
    assert found["double_booked"] == 0
    assert found["server_errors"] == 0
    races = found["races"]
    assert isinstance(races, dict)
    assert races.keys() == RACES.keys() | {"queue", "release"}
    assert races["release"]["won"] == slots
    for name in ("create", "move", "queue"):
        race = races[name]
        accepted = race["answered"].get("200", 0) + race["answered"].get("201", 0)
        assert accepted == slots, "what was promised is what is stored"
        assert race["answered"].get("409") == slots * (clients - 1)
