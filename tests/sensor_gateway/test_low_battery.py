"""Devices that say of their battery only whether it is low: it is a trouble until they say that it is not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select

from app.clock import SteppingClock
from app.database import create_engine, reading
from app.occupancy.health import health
from app.occupancy.models import SensorState
from sensor_gateway.decoders import Wires
from sensor_gateway.handler import Handler
from sensor_gateway.heard import readings
from sensor_gateway.messages import Envelope
from sensor_gateway.profiles import load
from tests.office import furnish_database
from tests.sensor_gateway.test_profiles import hear
from tests.sensor_gateway.test_zones import message

NOW = datetime(2026, 4, 1, 1, 0, tzinfo=UTC)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    furnish_database(database_url, ["pir"])
    engine = create_engine(database_url)
    yield engine
    engine.dispose()


def test_a_battery_that_is_only_called_low_is_a_trouble_until_it_is_called_fine(engine: Engine) -> None:
    clock = SteppingClock(NOW)
    handler = Handler(engine, clock)
    found = []
    # Swann SWO-MOS1PA, iHORN LH-992ZB: `battery_low` and no `battery`.
    for is_low in (False, True, None, False):
        clock.at += timedelta(minutes=1)
        told = message(
            "zigbee2mqtt/pir", {"occupancy": False} | ({} if is_low is None else {"battery_low": is_low})
        )
        handler.handle([told._replace(received_at=clock.at)])
        with reading(engine) as session:
            (one,) = health(session, clock.at)
            found.append((one.battery_pct, "battery" in one.troubles))
    assert found == [(None, False), (0, True), (0, True), (None, False)]


def test_per_cent_that_are_known_stay_where_a_flag_says_fine(engine: Engine) -> None:
    clock = SteppingClock(NOW)
    handler = Handler(engine, clock)
    for said in ({"battery": 12, "battery_low": True}, {"occupancy": True, "battery_low": False}):
        clock.at += timedelta(minutes=1)
        handler.handle([message("zigbee2mqtt/pir", said)._replace(received_at=clock.at)])
        with reading(engine) as session:
            assert session.scalars(select(SensorState.battery_pct)).all() == [12]


@pytest.mark.parametrize(
    ("topic", "said", "left"),
    [
        ("zigbee2mqtt/d", {"occupancy": True, "battery_low": True}, 0),
        ("zigbee2mqtt/d", {"tamper": False, "battery_low": True}, 0),
        ("zigbee2mqtt/d", {"occupancy": True, "battery_low": True, "battery": 200}, 0),
        ("zigbee2mqtt/d", {"occupancy": True, "battery_low": True, "battery": 40}, 40),
        ("zigbee2mqtt/d", {"occupancy": True, "battery_low": False}, None),
        ("zigbee2mqtt/d", {"occupancy": True, "battery_low": "perhaps"}, None),
        ("zigbee2mqtt/d/battery_low", True, None),
    ],
)
def test_what_zigbee_says_of_a_battery_alone_is_heard(topic: str, said: Any, left: int | None) -> None:
    (one,) = readings(hear(topic, said), Envelope("", b"", NOW))
    assert one.battery_pct == left


LOW = """
models = ["Adeunis"]
[[occupancy]]
field = "bytes.there"
values = { true = true, false = false }
[battery]
low = "bytes.status.lowBattery"
"""


@pytest.mark.parametrize(
    ("told", "kind", "left", "fine", "why"),
    [
        ({"status": {"lowBattery": True}, "there": True}, "", 0, False, ""),
        ({"status": {"lowBattery": False}, "there": True}, "", None, True, ""),
        ({"status": {"lowBattery": 1.0}}, "battery", 0, False, ""),
        ({"status": {"lowBattery": False}}, "battery", None, True, ""),
        ({"status": {"lowBattery": "?"}, "there": True}, "", None, False, "tells nothing of the battery"),
    ],
)
def test_a_profile_says_which_field_calls_the_battery_low(
    tmp_path: Path, told: dict[str, Any], kind: str, left: int | None, fine: bool, why: str
) -> None:
    (tmp_path / "low.toml").write_text(LOW)
    up = {"deviceInfo": {"devEui": "d", "deviceProfileName": "Adeunis"}, "object": {"bytes": told}}
    found = hear("application/a/device/d/event/up", up, Wires(load(tmp_path)))
    (one,) = readings(found, Envelope("", b"", NOW))
    assert (found.kind, one.battery_pct, one.battery_fine) == (kind, left, fine)
    assert why in found.why


def test_what_a_network_server_knows_is_taken_unless_the_device_calls_it_low(tmp_path: Path) -> None:
    (tmp_path / "low.toml").write_text(LOW)
    wires = Wires(load(tmp_path))
    for is_low, left in ((True, 0), (False, 80)):
        up = {
            "version_ids": {"model_id": "Adeunis"},
            "decoded_payload": {"bytes": {"status": {"lowBattery": is_low}}},
            "last_battery_percentage": {"value": 80},
        }
        found = hear("v3/a@t/devices/d/up", {"uplink_message": up}, wires)
        assert found.left_pct == left
