"""The races in their short form: what must hold holds on every change, not only when somebody measures."""

import pytest

from tests.benchmarks.races import RACES, run
from tests.benchmarks.races_presence import Claim
from tests.benchmarks.races_queue import Queue
from tests.benchmarks.races_quota import OnBehalf, Quota
from tests.benchmarks.races_series import Series
from tests.benchmarks.races_slots import Create, Move

P95_MS = 2_000


@pytest.mark.timeout(7200)
def test_each_slot_is_won_once_by_however_many_want_it(server: str, long: bool) -> None:
    slots, clients = (1_000, 16) if long else (3, 5)
    found = run(slots, clients, server)
    print(found)
    assert found["won"] == slots
    assert found["double_booked"] == 0
    assert found["quota_breaches"] == 0
    assert found["server_errors"] == 0
    races = found["races"]
    assert isinstance(races, dict)
    assert list(races) == [race.name for race in RACES]
    if long:
        slow = {name: told["p95_ms"] for name, told in races.items() if told["p95_ms"] >= P95_MS}
        assert slow == {}
    for race in (Create, Move, Series, Quota, OnBehalf, Claim, Queue):
        answered = races[race.name]["answered"]
        accepted = answered.get("200", 0) + answered.get("201", 0)
        assert accepted == slots * race.accepted_each, "what was promised is what is stored"
        assert answered.get(str(race.refused_as)) == slots * (clients - race.accepted_each)
