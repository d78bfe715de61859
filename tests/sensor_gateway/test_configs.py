"""Devices are told how often to speak by a topic that the broker keeps for them."""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from paho.mqtt import subscribe
from sqlalchemy import update

from app.clock import system_clock
from app.database import transaction
from app.spaces.models import Sensor
from app.stopping import Stop
from sensor_gateway import configs
from sensor_gateway.broker import GATEWAY_USER
from sensor_gateway.configs import Configs
from sensor_gateway.connection import Wanted
from sensor_gateway.decoders import FILTERS
from sensor_gateway.handler import Handler
from sensor_gateway.mqtt import Link
from sensor_gateway.run import Gateway
from tests.faults import stage
from tests.fixtures.brokers import StartBroker
from tests.office import furnish_database
from tests.servers.waiting import wait_until

SECONDS = 30.0


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(configs, "TELL_EVERY", timedelta(0))


@pytest.mark.usefixtures("soon")
def test_a_device_hears_its_times_when_it_comes_and_again_when_they_change(
    sqlite_url: str, mosquitto_broker: StartBroker
) -> None:
    broker = mosquitto_broker("desk-1", "desk-2")
    furnish_database(sqlite_url, ["desk-1", "desk-2", "desk 3/left"])

    def told() -> dict[str, int]:
        message = subscribe.simple(  # type: ignore[no-untyped-call]
            "akiseki/v1/desk-1/config",
            qos=1,
            port=broker.port,
            auth={"username": "desk-1", "password": broker.credentials["desk-1"]},
        )
        found: dict[str, int] = json.loads(message.payload)
        return found

    with stage.opened(sqlite_url) as engine:
        link = Link(Wanted(urlsplit(broker.url(GATEWAY_USER)), FILTERS, system_clock))
        stop = Stop()
        gateway = Gateway(link, Handler(engine, system_clock), stop, configs=Configs(engine))
        thread = threading.Thread(target=gateway.run)
        thread.start()
        try:
            assert told() == {"heartbeat_s": 600}
            with transaction(engine) as session:
                session.execute(
                    update(Sensor).where(Sensor.id == "desk-1").values(heartbeat_s=60, own_hold_s=30)
                )
            wait_until(lambda: told() == {"heartbeat_s": 60, "hold_s": 30}, seconds=SECONDS)
        finally:
            stop.tell()
            thread.join(SECONDS)
            link.close()


@pytest.mark.usefixtures("soon")
def test_what_was_told_is_not_told_again(sqlite_url: str) -> None:
    furnish_database(sqlite_url, ["desk-1", "desk 3/left"])
    said: list[tuple[str, str]] = []
    with stage.opened(sqlite_url) as engine:
        telling = Configs(engine)
        for _ in range(2):
            telling.tend(lambda topic, payload: said.append((topic, payload)))
        assert said == [("akiseki/v1/desk-1/config", '{"heartbeat_s": 600}')]
        telling.forget()  # the connection is another one
        telling.tend(lambda topic, payload: said.append((topic, payload)))
    assert len(said) == 2
