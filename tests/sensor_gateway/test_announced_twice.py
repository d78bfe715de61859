"""Two gateways at one broker hear the same announcements, which the broker retains, in the same moment."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest
from sqlalchemy import Engine, func, select

from app.clock import SteppingClock
from app.database import create_engine, reading
from app.occupancy.models import SensorAnnouncement
from sensor_gateway.handler import Handler
from sensor_gateway.messages import Envelope
from tests.office import furnish_database

NOW = datetime(2026, 4, 1, 1, 0, tzinfo=UTC)
DEVICES, ROUNDS = 20, 10


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    furnish_database(database_url, ["sensor-seat"])
    engine = create_engine(database_url)
    yield engine
    engine.dispose()


def announced(number: int, at: datetime) -> Envelope:
    said = {"state_topic": f"zigbee2mqtt/pir-{number}", "device_class": "motion", "payload_on": "ON"}
    said["value_template"] = "{{ value_json.occupancy }}"
    return Envelope(f"homeassistant/binary_sensor/pir-{number}/config", json.dumps(said).encode(), at)


def test_both_keep_what_was_announced_and_neither_fails(engine: Engine) -> None:
    together = Barrier(2)

    def hear(order: int) -> None:
        clock = SteppingClock(NOW)
        handler = Handler(engine, clock)
        for _round in range(ROUNDS):
            together.wait(20)
            handler.handle([announced(number, clock()) for number in range(DEVICES)][::order])
            clock.advance(timedelta(minutes=1))

    with ThreadPoolExecutor(2) as gateways:
        for one in [gateways.submit(hear, order) for order in (1, -1)]:
            one.result(60)
    with reading(engine) as session:
        assert session.scalar(select(func.count()).select_from(SensorAnnouncement)) == DEVICES
