"""The gateway as a process: what ends it, with which words, and what it never does: acknowledge what is not stored."""

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
from app.migrate import upgrade
from app.stopping import Stop
from sensor_gateway import run as running
from sensor_gateway.broker import GATEWAY_GRANTS, GATEWAY_USER, Broker
from sensor_gateway.connection import Wanted
from sensor_gateway.decoders import FILTERS
from sensor_gateway.handler import Counts, Handler
from sensor_gateway.messages import Envelope
from sensor_gateway.mqtt import Link
from sensor_gateway.run import Gateway, NotStored
from tests.faults import stage
from tests.fixtures.brokers import StartBroker
from tests.office import furnish_database, sensor_ids
from tests.servers.flood import FLOOD_GRANTS, FLOOD_USER, publish_all, stream
from tests.servers.postgres import PostgresServer
from tests.servers.processes import Program
from tests.servers.waiting import wait_until

SENSORS = sensor_ids(3)
SECONDS = 30.0


@pytest.fixture
def broker(mosquitto_broker: StartBroker) -> Broker:
    return mosquitto_broker(grants={FLOOD_USER: FLOOD_GRANTS, GATEWAY_USER: GATEWAY_GRANTS})


def messages(count: int = 3) -> list[tuple[str, bytes]]:
    return list(stream(SENSORS, count, system_clock()))


def connected(gateway: Program) -> None:
    wait_until(lambda: "connected to" in gateway.log, seconds=SECONDS)


def last_line(gateway: Program) -> str:
    assert "Traceback" not in gateway.log
    return gateway.log.splitlines()[-1]


@pytest.fixture
def link(broker: Broker) -> Iterator[Link]:
    link = Link(Wanted(urlsplit(broker.url(GATEWAY_USER)), FILTERS, system_clock))
    yield link
    link.close()


def test_told_to_end_it_ends_well_and_takes_up_where_it_left(
    database_url: str, broker: Broker, tmp_path: Path
) -> None:
    furnish_database(database_url, SENSORS)
    first, second = messages(6)[:3], messages(6)[3:]
    with stage.opened(database_url) as engine, stage.gateway(tmp_path, database_url, broker) as gateway:
        connected(gateway)
        publish_all(broker, first)
        wait_until(lambda: stage.stored(engine) == 3, seconds=SECONDS)
        assert gateway.stop() == 0
        assert "as it was told" in last_line(gateway)
        publish_all(broker, second)
        gateway.start()
        wait_until(lambda: stage.stored(engine) == 6, seconds=SECONDS)


def test_a_wrong_password_ends_it_with_one_line(sqlite_url: str, broker: Broker, tmp_path: Path) -> None:
    url = f"mqtt://{GATEWAY_USER}:wrong@{broker.host}:{broker.port}"
    with Program("gateway", tmp_path, {"DATABASE_URL": sqlite_url, "MQTT_URL": url}) as gateway:
        assert gateway.ended() == 1
        assert len(gateway.log.splitlines()) == 1
        assert "the gateway ends: the broker refuses the connection: Not authorized" in last_line(gateway)
        assert "wrong" not in gateway.log


def test_a_wrong_setting_ends_it_with_one_line_that_names_it(tmp_path: Path) -> None:
    with Program("gateway", tmp_path, {"MQTT_URL": "http://here"}) as gateway:
        assert gateway.ended() != 0
        assert len(gateway.log.splitlines()) == 1
        assert "AKISEKI_MQTT_URL" in last_line(gateway)


def test_a_broker_that_comes_later_is_waited_for(sqlite_url: str, broker: Broker, tmp_path: Path) -> None:
    furnish_database(sqlite_url, SENSORS)
    broker.stop()
    with stage.opened(sqlite_url) as engine, stage.gateway(tmp_path, sqlite_url, broker) as gateway:
        wait_until(lambda: "trying again" in gateway.log, seconds=SECONDS)
        broker.start()
        connected(gateway)
        publish_all(broker, messages())
        wait_until(lambda: stage.stored(engine) == 3, seconds=SECONDS)


@pytest.mark.parametrize("end", [Program.stop, Program.kill9])
def test_of_two_gateways_of_one_name_one_works_and_the_other_takes_its_place_within_ten_seconds(
    database_url: str, broker: Broker, tmp_path: Path, end: Callable[[Program], object]
) -> None:
    furnish_database(database_url, SENSORS)
    (tmp_path / "second").mkdir()
    with (
        stage.opened(database_url) as engine,
        stage.gateway(tmp_path, database_url, broker) as first,
        stage.gateway(tmp_path / "second", database_url, broker) as second,
    ):
        wait_until(lambda: "connected" in first.log or "connected" in second.log, seconds=SECONDS)
        working, waiting = (first, second) if "connected" in first.log else (second, first)
        wait_until(lambda: "waiting to take its place" in waiting.log, seconds=SECONDS)
        publish_all(broker, messages(6)[:3])
        wait_until(lambda: stage.stored(engine) == 3, seconds=SECONDS)
        end(working)
        since = time.monotonic()
        publish_all(broker, messages(6)[3:])
        wait_until(lambda: stage.stored(engine) == 6, seconds=SECONDS)
        assert time.monotonic() - since < 10
        working.start()
        wait_until(lambda: working.log.count("waiting to take its place") > 0, seconds=SECONDS)
        assert waiting.running


def test_of_two_gateways_of_one_name_that_share_no_database_one_ends(
    sqlite_url: str, broker: Broker, tmp_path: Path
) -> None:
    furnish_database(sqlite_url, SENSORS)
    (tmp_path / "second").mkdir()
    other = f"sqlite:///{tmp_path / 'other.db'}"
    upgrade(other)
    furnish_database(other, SENSORS)
    with (
        stage.gateway(tmp_path, sqlite_url, broker) as first,
        stage.gateway(tmp_path / "second", other, broker) as second,
    ):
        wait_until(lambda: first.running is not second.running, seconds=SECONDS)
        loser, winner = (second, first) if first.running else (first, second)
        assert loser.ended() == 1
        assert "another" in last_line(loser)
        assert winner.running


def test_what_the_database_refuses_is_not_acknowledged_and_comes_again(
    postgresql_url: str, broker: Broker, tmp_path: Path
) -> None:
    furnish_database(postgresql_url, SENSORS)
    with stage.opened(postgresql_url) as engine, stage.gateway(tmp_path, postgresql_url, broker) as gateway:
        connected(gateway)
        rename(engine, "readings", "elsewhere")
        publish_all(broker, messages())
        assert gateway.ended() == 1
        assert "the gateway ends: the database refuses a batch: UndefinedTable" in last_line(gateway)
        rename(engine, "elsewhere", "readings")
        gateway.start()
        wait_until(lambda: stage.stored(engine) == 3, seconds=SECONDS)


def rename(engine: Engine, old: str, new: str) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql(f"ALTER TABLE {old} RENAME TO {new}")


def test_a_database_that_comes_back_is_waited_for(broker: Broker, tmp_path: Path) -> None:
    with PostgresServer(durable=True) as server:
        url = server.create_database()
        upgrade(url)
        furnish_database(url, SENSORS)
        with stage.gateway(tmp_path, url, broker) as gateway:
            connected(gateway)
            server.kill9()
            publish_all(broker, messages())
            wait_until(lambda: "the database does not answer, trying again" in gateway.log, seconds=SECONDS)
            server.start()
            with stage.opened(url) as engine:
                wait_until(lambda: stage.stored(engine) == 3, seconds=SECONDS)


class Failing(Handler):
    """A handler with a fault in it that nobody has thought of."""

    def handle(self, envelopes: Sequence[Envelope]) -> Counts:
        raise ZeroDivisionError("nobody has thought of it")


def test_an_unknown_failure_acknowledges_nothing_and_ends_it(
    sqlite_url: str, broker: Broker, link: Link
) -> None:
    furnish_database(sqlite_url, SENSORS)
    with stage.opened(sqlite_url) as engine:
        link.connect()
        publish_all(broker, messages())
        with pytest.raises(NotStored, match="nobody has thought of it"):
            Gateway(link, Failing(engine, system_clock), Stop()).run()
        link.close()
        stop = Stop()
        thread = threading.Thread(target=Gateway(link, Handler(engine, system_clock), stop).run)
        thread.start()
        wait_until(lambda: stage.stored(engine) == 3, seconds=SECONDS)
        stop.tell()
        thread.join(SECONDS)


def test_a_database_away_for_too_long_ends_it(
    broker: Broker, link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "DATABASE_MAY_BE_AWAY", timedelta(seconds=0.5))
    with stage.opened("postgresql+psycopg://nobody@127.0.0.1:9/nothing") as engine:
        link.connect()
        publish_all(broker, messages())
        began = time.monotonic()
        with pytest.raises(NotStored, match="the database does not answer"):
            Gateway(link, Handler(engine, system_clock), Stop()).run()
        assert time.monotonic() - began < 10


def test_while_a_database_is_away_the_connection_stays_alive(
    sqlite_url: str, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the broker would take a gateway that waits for a dead one, and send everything again."""
    monkeypatch.setattr(running, "DATABASE_MAY_BE_AWAY", timedelta(seconds=4))
    url = urlsplit(broker.url(GATEWAY_USER))
    link = Link(replace(Wanted(url, FILTERS, system_clock), keepalive=timedelta(seconds=1)))
    with stage.opened("postgresql+psycopg://nobody@127.0.0.1:9/nothing") as engine:
        link.connect()
        publish_all(broker, messages())
        with pytest.raises(NotStored):
            Gateway(link, Handler(engine, system_clock), Stop()).run()
    link.close()
    assert "exceeded timeout" not in broker.log_file.read_text()
