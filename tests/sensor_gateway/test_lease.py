"""The place of a gateway: kept while a batch takes long, lost and had again; what was asked for there is taken back."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from sqlalchemy import Engine

from app.clock import system_clock
from app.database import transaction
from app.occupancy.gateways import Figures
from app.settings import Settings
from app.stopping import Stop
from sensor_gateway import lease as leases
from sensor_gateway import run as running
from sensor_gateway.broker import GATEWAY_GRANTS, GATEWAY_USER, Broker
from sensor_gateway.connection import TakenOver, Wanted
from sensor_gateway.decoders import FILTERS
from sensor_gateway.handler import Counts, Handler
from sensor_gateway.lease import Lease
from sensor_gateway.messages import Envelope
from sensor_gateway.mqtt import Batch, Link
from sensor_gateway.run import TAKEN_AT_MOST, Gateway
from tests.faults import stage
from tests.fixtures.brokers import StartBroker
from tests.office import furnish_database, sensor_ids
from tests.servers.flood import FLOOD_GRANTS, FLOOD_USER, publish_all, stream
from tests.servers.processes import Program
from tests.servers.waiting import wait_until

SENSORS = sensor_ids(3)
SECONDS = 30.0


@pytest.fixture
def broker(mosquitto_broker: StartBroker) -> Broker:
    return mosquitto_broker(grants={FLOOD_USER: FLOOD_GRANTS, GATEWAY_USER: GATEWAY_GRANTS})


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    furnish_database(database_url, SENSORS)
    with stage.opened(database_url) as engine:
        yield engine


def place(engine: Engine) -> Lease:
    return Lease(engine, "gateway", system_clock)


def until(is_over: Callable[[], bool]) -> Callable[[float], bool]:
    """A wait that is short, and over at some time."""

    def wait(_seconds: float) -> bool:
        time.sleep(0.05)
        return is_over()

    return wait


def at_once(_seconds: float) -> bool:
    return True


class Slow(Handler):
    """A handler on a database that takes longer than a standby waits."""

    seconds = 3.0

    def handle(self, envelopes: Sequence[Envelope]) -> Counts:
        time.sleep(self.seconds)
        return super().handle(envelopes)


@pytest.mark.parametrize("batch", [1, 100])
def test_while_a_batch_is_stored_nobody_takes_the_place(
    engine: Engine, broker: Broker, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    """The next one is full already, or is still being gathered."""
    for module in (leases, running):
        monkeypatch.setattr(module, "BEAT_EVERY", timedelta(seconds=0.1))
    monkeypatch.setattr(leases, "STILL_FOR", timedelta(seconds=2))
    stop, ours = Stop(), place(engine)
    assert ours.acquire(at_once)
    link = Link(replace(Wanted(urlsplit(broker.url(GATEWAY_USER)), FILTERS, system_clock), batch=batch))
    link.connect()
    publish_all(broker, stream(SENSORS, 2, system_clock()))
    working = threading.Thread(target=Gateway(link, Slow(engine, system_clock), stop, ours).run)
    working.start()
    took = place(engine).acquire(until(lambda: stage.stored(engine) > 0 or not working.is_alive()))
    stop.tell()
    working.join(SECONDS)
    link.close()
    assert (took, stage.stored(engine) > 0) == (False, True)


def test_where_another_writer_kept_everybody_from_beating_the_place_is_not_taken(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite has one writer at a time, who may be storing a large batch."""
    monkeypatch.setattr(leases, "STILL_FOR", timedelta(0))
    holds = threading.Event()

    def write(engine: Engine) -> None:
        with transaction(engine) as session:
            session.connection()
            holds.set()
            time.sleep(0.5)

    with stage.opened(sqlite_url) as engine:
        ours = place(engine)
        assert ours.acquire(at_once)
        writing = threading.Thread(target=write, args=[engine])
        writing.start()
        holds.wait(SECONDS)
        assert not place(engine).acquire(at_once)
        writing.join(SECONDS)
        ours.tend(Figures)
        assert place(engine).acquire(at_once)  # nobody writes, and nobody beat since it looked


class Robbed(Link):
    """A link whose place another takes as soon as it is had."""

    times, enough = 0, TAKEN_AT_MOST + 3

    def connect(self) -> None:
        """It works at once."""

    def take(self, wait: timedelta, *, busy: Callable[[], bool] = lambda: False) -> Batch:
        Robbed.times += 1
        if Robbed.times >= Robbed.enough:
            os.kill(os.getpid(), signal.SIGTERM)
        raise TakenOver("another has connected")


@pytest.mark.parametrize(
    ("soon", "ended"), [(timedelta(0), (0, Robbed.enough)), (timedelta(seconds=10), (1, TAKEN_AT_MOST))]
)
def test_only_a_place_that_is_lost_soon_again_and_again_ends_it(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, soon: timedelta, ended: tuple[int, int]
) -> None:
    monkeypatch.setattr(running, "SOON", soon)
    monkeypatch.setattr(running, "Link", Robbed)
    monkeypatch.setattr(Robbed, "times", 0)
    settings = {"DATABASE_URL": sqlite_url, "DATA_DIR": str(tmp_path), "SECRET_KEY": "x" * 16}
    status = running.run(Settings.from_env({f"AKISEKI_{name}": said for name, said in settings.items()}))
    assert (status, Robbed.times) == ended


def test_what_was_asked_for_under_the_name_is_known_to_whoever_takes_the_place(engine: Engine) -> None:
    first = place(engine)
    assert first.acquire(at_once, ("a/#", "b/#"))
    assert first.unwanted == []
    first.leave()
    second = place(engine)
    assert second.acquire(at_once, ("b/#", "c/#"))
    assert second.unwanted == ["a/#"]
    second.leave()
    third = place(engine)
    assert third.acquire(at_once, ("a/#",))
    assert third.unwanted == ["b/#", "c/#"]


def test_a_topic_that_is_taken_out_of_the_settings_is_heard_no_more(
    sqlite_url: str, broker: Broker, tmp_path: Path
) -> None:
    furnish_database(sqlite_url, SENSORS)
    settings = {"DATABASE_URL": sqlite_url, "MQTT_URL": broker.url(GATEWAY_USER)}

    def gateway(*filters: str) -> Program:
        return Program("gateway", tmp_path, settings | {"MQTT_FILTERS": ",".join(filters)})

    with stage.opened(sqlite_url) as engine:
        with gateway(*FILTERS, "zigbee2mqtt/#") as before:
            wait_until(lambda: "connected to" in before.log, seconds=SECONDS)
            publish_all(broker, [("zigbee2mqtt/one", b"{}")])
            wait_until(lambda: stage.dead_letters(engine) == 1, seconds=SECONDS)
            assert before.stop() == 0
        with gateway(*FILTERS) as after:
            wait_until(lambda: "connected to" in after.said, seconds=SECONDS)
            publish_all(broker, [("zigbee2mqtt/two", b"{}"), *stream(SENSORS, 3, system_clock())])
            wait_until(lambda: stage.stored(engine) == 3, seconds=SECONDS)
            assert after.stop() == 0
            assert stage.dead_letters(engine) == 1
