"""A desk for each test."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.firmware_stubs.desk_sensor.desk import DESK, Desk
from tests.fixtures.brokers import StartBroker
from tests.servers.ntp import TimeServer
from tests.servers.proxy import Proxy


@pytest.fixture
def desk(mosquitto_broker: StartBroker, tmp_path: Path) -> Iterator[Desk]:
    """Broker, network and time server run; the device waits to be started."""
    broker = mosquitto_broker(DESK)
    with ExitStack() as parts:
        proxy = parts.enter_context(Proxy(broker.port))
        ntp = parts.enter_context(TimeServer())
        yield Desk(parts, tmp_path, broker, proxy, ntp)
