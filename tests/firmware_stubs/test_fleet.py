"""The simulated devices on a real broker: QoS 1, a password each, the last minute again after a loss."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from firmware_stubs.simulator.device import Scenario
from firmware_stubs.simulator.fleet import Device, Fleet
from sensor_gateway.broker import GATEWAY_USER, Broker
from tests.fixtures.brokers import StartBroker
from tests.servers.mosquitto import MqttClient
from tests.servers.waiting import wait_until

NOON = datetime(2026, 4, 1, 3, 0, tzinfo=UTC)
STEP = timedelta(seconds=20)


@contextmanager
def fleet(broker: Broker, *sensors: str) -> Iterator[Fleet]:
    scenarios = {sensor: Scenario(sensor, heartbeat=STEP) for sensor in sensors}
    accounts = {sensor: (sensor, broker.credentials[sensor]) for sensor in sensors}
    running = Fleet(scenarios, accounts, host=broker.host, port=broker.port)
    try:
        yield running
    finally:
        running.close()


def cut_off(device: Device) -> None:
    """End its connection without a goodbye: the broker speaks its will."""
    connection = device.client.socket()
    assert isinstance(connection, socket.socket)
    connection.shutdown(socket.SHUT_RDWR)


def readings(client: MqttClient, count: int) -> list[tuple[str, int]]:
    """(boot, seq) of so many readings as they come."""
    found: list[tuple[str, int]] = []
    while len(found) < count:
        message = client.receive()
        if message.topic.endswith("/reading"):
            said = json.loads(message.payload)
            found.append((said["boot"], said["seq"]))
    return found


def test_a_device_says_that_it_is_online_and_its_will_says_that_it_is_not(
    mosquitto_broker: StartBroker,
) -> None:
    broker = mosquitto_broker("desk-1")
    with MqttClient(broker, GATEWAY_USER) as gateway:
        gateway.subscribe("akiseki/v1/+/status")
        with fleet(broker, "desk-1") as devices:
            online = gateway.receive()
            assert (online.topic, online.payload) == ("akiseki/v1/desk-1/status", b"online")
            cut_off(devices.devices[0])
            assert gateway.receive().payload == b"offline"


def test_what_was_published_is_there_when_it_says_so(mosquitto_broker: StartBroker) -> None:
    broker = mosquitto_broker("desk-1", "desk-2")
    with MqttClient(broker, GATEWAY_USER) as gateway, fleet(broker, "desk-1", "desk-2") as devices:
        gateway.subscribe("akiseki/v1/+/reading")
        count = devices.publish(NOON, NOON + 5 * STEP)
        assert count == 10
        assert len(set(readings(gateway, count))) == count


def test_after_a_loss_the_last_minute_comes_again_with_the_same_names_and_the_count_goes_on(
    mosquitto_broker: StartBroker,
) -> None:
    broker = mosquitto_broker("desk-1")
    with fleet(broker, "desk-1") as devices:
        [device] = devices.devices
        assert devices.publish(NOON, NOON + 6 * STEP) == 6
        broker.kill()
        device.connected.clear()
        (broker.folder / "mosquitto.db").unlink(missing_ok=True)
        wait_until(lambda: not device.client.is_connected())
        # While it is cut off a device goes on measuring, and the fleet does not fall over.
        assert devices.publish(NOON + 6 * STEP, NOON + 8 * STEP) == 2
        broker.start()
        with MqttClient(broker, GATEWAY_USER) as gateway:
            gateway.subscribe("akiseki/v1/+/reading")
            assert device.connected.wait(10)
            devices.publish(NOON + 8 * STEP, NOON + 9 * STEP)
            found = set()
            deadline = time.monotonic() + 10
            while (device.numbered.boot, 8) not in found and time.monotonic() < deadline:
                found |= set(readings(gateway, 1))
        assert {boot for boot, _ in found} == {device.numbered.boot}
        # The newest was the eighth, number 7: a minute before it is number 4.
        assert {4, 5, 6, 7, 8} <= {seq for _, seq in found}


def test_a_device_with_a_wrong_password_is_named(
    mosquitto_broker: StartBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("firmware_stubs.simulator.fleet.CONNECT_SECONDS", 0.5)
    broker = mosquitto_broker("desk-1")
    with pytest.raises(TimeoutError, match="desk-1 could not connect"):
        Fleet(
            {"desk-1": Scenario("desk-1")},
            {"desk-1": ("desk-1", "wrong")},
            host=broker.host,
            port=broker.port,
        )
