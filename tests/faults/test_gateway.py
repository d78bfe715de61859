"""kill -9 of the gateway and of its database, in the middle of a stream: each acknowledged reading is stored once."""

import time
from pathlib import Path

import pytest

from app.clock import system_clock
from app.migrate import upgrade
from app.occupancy.rules import Occupancy
from sensor_gateway.broker import GATEWAY_GRANTS, GATEWAY_USER, Broker
from tests.faults import stage
from tests.fixtures.brokers import StartBroker
from tests.office import furnish_database, sensor_ids
from tests.servers.flood import FLOOD_GRANTS, FLOOD_USER, publish_all, stream
from tests.servers.mosquitto import MqttClient
from tests.servers.postgres import PostgresServer
from tests.servers.waiting import wait_until

SENSORS = sensor_ids(40)
READINGS, LONG_READINGS = 30_000, 300_000
SECONDS = 60.0


@pytest.fixture
def broker(mosquitto_broker: StartBroker) -> Broker:
    return mosquitto_broker(grants={FLOOD_USER: FLOOD_GRANTS, GATEWAY_USER: GATEWAY_GRANTS})


def queue(broker: Broker, messages: list[tuple[str, bytes]]) -> None:
    """Let the broker keep messages for a gateway that has been there once and is away."""
    with MqttClient(broker, GATEWAY_USER, keep=True) as client:
        client.subscribe("akiseki/v1/+/reading")
    assert publish_all(broker, messages) == len(messages)


@pytest.mark.timeout(900)
def test_a_gateway_killed_in_the_middle_of_its_transactions_stores_everything_once(
    database_url: str, broker: Broker, tmp_path: Path, long: bool
) -> None:
    random = stage.randomness()
    furnish_database(database_url, SENSORS)
    now = system_clock()
    messages = list(stream(SENSORS, LONG_READINGS if long else READINGS, now))
    queue(broker, messages)
    with stage.opened(database_url) as engine, stage.gateway(tmp_path, database_url, broker) as gateway:
        killed_in_the_middle = 0
        # A broker that is busy sending loses the acknowledgements of the killed, and sends all of that again.
        while killed_in_the_middle < (10 if long else 1) and (before := stage.stored(engine)) < len(messages):
            wait_until(lambda before=before: stage.stored(engine) > before, seconds=SECONDS)  # type: ignore[misc]
            time.sleep(random.uniform(0.05, 0.25))  # reading, storing and acknowledging a batch takes so long
            gateway.kill9()
            killed_in_the_middle += stage.stored(engine) < len(messages)
            gateway.start()
        assert killed_in_the_middle
        wait_until(lambda: stage.stored(engine) >= len(messages), seconds=2 * SECONDS)
        found = stage.names(engine)
        assert len(found) == len(set(found)) == len(messages)
        assert stage.gaps(engine) == {}
        assert stage.dead_letters(engine) == 0
        confirmed = stage.changes(engine)
    reference = tmp_path / "reference.sqlite"
    upgrade(f"sqlite:///{reference}")
    furnish_database(f"sqlite:///{reference}", SENSORS)
    with stage.opened(f"sqlite:///{reference}") as engine:
        assert confirmed == stage.in_one_go(engine, messages, now)
        assert confirmed


@pytest.mark.timeout(900)
def test_a_database_killed_under_the_gateway_loses_nothing_and_the_gateway_lives_on(
    broker: Broker, tmp_path: Path, long: bool
) -> None:
    random = stage.randomness()
    with PostgresServer(durable=True) as server:
        url = server.create_database()
        upgrade(url)
        furnish_database(url, SENSORS)
        messages = list(stream(SENSORS, LONG_READINGS if long else READINGS, system_clock()))
        queue(broker, messages)
        with stage.gateway(tmp_path, url, broker) as gateway:
            for _ in range(20 if long else 1):
                with stage.opened(url) as engine:
                    before = stage.stored(engine)
                    wait_until(lambda before=before: stage.stored(engine) > before, seconds=SECONDS)  # type: ignore[misc]
                time.sleep(random.uniform(0, 0.1))
                server.kill9()
                time.sleep(random.uniform(0, 0.5))
                server.start()
            with stage.opened(url) as engine:
                wait_until(lambda: stage.stored(engine) >= len(messages), seconds=SECONDS)
                assert gateway.running
                assert gateway.stop() == 0
                found = stage.names(engine)
                assert len(found) == len(set(found)) == len(messages)
                assert stage.gaps(engine) == {}
        assert "trying again" in gateway.log


def test_what_waited_and_nothing_dates_makes_nobody_come(
    database_url: str, broker: Broker, tmp_path: Path
) -> None:
    """Tasmota gives no time that is of use, so of a morning's coming and going the last word alone is taken."""
    furnish_database(database_url, SENSORS[:1], heartbeat_s=7200)

    def words(*said: str) -> list[tuple[str, bytes]]:
        return [(f"tele/{SENSORS[0]}/SENSOR", b'{"Switch1":"%s"}' % one.encode()) for one in said]

    gateway = stage.gateway(tmp_path, database_url, broker, MQTT_FILTERS="tele/#")
    with stage.opened(database_url) as engine, gateway:
        wait_until(lambda: "connected to" in gateway.said, seconds=SECONDS)
        gateway.kill9()
        publish_all(broker, words("ON", "OFF", "ON", "OFF"))
        gateway.start()
        wait_until(lambda: "all that waited is here" in gateway.said, seconds=SECONDS)
        wait_until(lambda: len(stage.words(engine)) == 4, seconds=SECONDS)
        assert stage.words(engine)[-1] is False
        assert stage.changes(engine) == []
        publish_all(broker, words("ON", "OFF", "ON"))
        wait_until(lambda: len(stage.words(engine)) == 7, seconds=SECONDS)
        assert [row[2] for row in stage.changes(engine)] == [Occupancy.OCCUPIED]
