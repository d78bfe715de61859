"""kill -9 of the broker: who publishes the last minute again loses nothing; any other loss shows as a gap."""

import os
import signal
import time
from datetime import timedelta
from pathlib import Path

import pytest

from app.clock import system_clock
from firmware_stubs.simulator.device import Scenario
from firmware_stubs.simulator.fleet import Fleet
from sensor_gateway.broker import GATEWAY_GRANTS, GATEWAY_USER, Broker
from sensor_gateway.topics import native_topic
from tests.faults import stage
from tests.fixtures.brokers import StartBroker
from tests.office import furnish_database, sensor_ids
from tests.servers.flood import FLOOD_GRANTS, FLOOD_USER, publish_all, stream
from tests.servers.waiting import wait_until

SENSORS = sensor_ids(5)
STEP = timedelta(seconds=1)
SECONDS = 60.0


def save(broker: Broker) -> None:
    """What the broker does by itself every five seconds."""
    file = broker.folder / "mosquitto.db"
    file.unlink(missing_ok=True)
    assert broker.pid
    os.kill(broker.pid, signal.SIGUSR1)
    wait_until(file.exists)


def fleet_of(broker: Broker) -> Fleet:
    scenarios = {sensor: Scenario(sensor, heartbeat=STEP) for sensor in SENSORS}
    accounts = {sensor: (sensor, broker.credentials[sensor]) for sensor in SENSORS}
    return Fleet(scenarios, accounts, host=broker.host, port=broker.port)


def everything_of(fleet: Fleet) -> list[stage.Row]:
    """(sensor, boot, seq) of all that was ever said."""
    return sorted(
        (device.scenario.sensor_id, device.numbered.boot, seq)
        for device in fleet.devices
        for seq in range(device.numbered.seq)
    )


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.long)])
def database_url(request: pytest.FixtureRequest) -> str:
    """A database with the schema, empty; on PostgreSQL in the long form alone."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.mark.timeout(600)
@pytest.mark.parametrize("gateway_is", ["there", "away"])
def test_devices_that_publish_their_last_minute_again_lose_nothing(
    database_url: str, mosquitto_broker: StartBroker, tmp_path: Path, long: bool, gateway_is: str
) -> None:
    random = stage.randomness()
    furnish_database(database_url, SENSORS)
    broker = mosquitto_broker(*SENSORS)
    with stage.opened(database_url) as engine, stage.gateway(tmp_path, database_url, broker) as gateway:
        wait_until(lambda: "connected to" in gateway.log, seconds=SECONDS)
        save(broker)  # the gateway's session is to be known after the kill
        fleet = fleet_of(broker)
        at = system_clock()
        for _ in range(10 if long else 1):
            if gateway_is == "away":
                gateway.kill9()
            for _ in range(10):
                fleet.publish(at, at := at + STEP)
                time.sleep(random.uniform(0, 0.05))
            broker.kill()
            for device in fleet.devices:
                device.connected.clear()
            time.sleep(random.uniform(0, 0.5))
            broker.start()
            if gateway_is == "away":
                gateway.start()
            for device in fleet.devices:
                assert device.connected.wait(SECONDS)
            fleet.publish(at, at := at + STEP)
            said = everything_of(fleet)
            # What is lost in the next round must lie within the last minute of it.
            wait_until(lambda said=said: stage.stored(engine) >= len(said), seconds=SECONDS)  # type: ignore[misc]
        fleet.close()
        assert gateway.stop() == 0
        assert stage.names(engine) == said
        assert stage.gaps(engine) == {}


@pytest.mark.timeout(600)
def test_what_a_device_does_not_publish_again_shows_as_a_gap_or_as_its_restart(
    database_url: str, mosquitto_broker: StartBroker, tmp_path: Path
) -> None:
    """Every second device restarts."""
    furnish_database(database_url, SENSORS)
    broker = mosquitto_broker(grants={FLOOD_USER: FLOOD_GRANTS, GATEWAY_USER: GATEWAY_GRANTS})
    messages = list(stream(SENSORS, 30 * len(SENSORS), system_clock()))
    first, lost, last = messages[:50], messages[50:100], messages[100:]
    restarting = {native_topic(one, "reading") for one in SENSORS[::2]}
    anew = stream(SENSORS, len(last), system_clock(), boot="0b1e5d6f7a8c9d20")
    last = [
        *(one for one in last if one[0] not in restarting),
        *(one for one in anew if one[0] in restarting),
    ]
    with stage.opened(database_url) as engine, stage.gateway(tmp_path, database_url, broker) as gateway:
        wait_until(lambda: "connected to" in gateway.log, seconds=SECONDS)
        publish_all(broker, first)
        wait_until(lambda: stage.stored(engine) == len(first), seconds=SECONDS)
        save(broker)
        gateway.kill9()
        publish_all(broker, lost)
        broker.kill()
        broker.start()
        gateway.start()
        publish_all(broker, last)
        wait_until(lambda: stage.stored(engine) >= len(first) + len(last), seconds=SECONDS)
        missing = len(messages) - stage.stored(engine)
        assert missing == len(lost), "the broker acknowledged them and had not saved them yet"
        assert stage.gaps(engine) == dict.fromkeys(SENSORS[1::2], missing // len(SENSORS))
        assert stage.restarts(engine) == dict.fromkeys(SENSORS[::2], 1)
