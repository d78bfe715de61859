"""Two gateways of two names that ask one broker for the same: what nobody dated would be stored twice."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from app.clock import system_clock
from app.database import transaction
from app.occupancy import gateways
from app.occupancy.gateways import Asked, Figures
from app.topics import overlap
from sensor_gateway import lease as leases
from sensor_gateway.broker import GATEWAY_GRANTS, GATEWAY_USER
from sensor_gateway.lease import Lease, Overlapping, asked_of
from tests.faults import stage
from tests.fixtures.brokers import StartBroker
from tests.office import furnish_database
from tests.servers.processes import Program
from tests.servers.waiting import wait_until

HERE = "mqtt.example.jp:1883"
SECONDS = 20.0


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    with stage.opened(database_url) as engine:
        yield engine


def place(engine: Engine, name: str) -> Lease:
    return Lease(engine, name, system_clock)


@pytest.mark.parametrize(
    ("one", "other", "do"),
    [
        ("zigbee2mqtt/#", "zigbee2mqtt/#", True),
        ("zigbee2mqtt/#", "zigbee2mqtt/4f/+", True),
        ("zigbee2mqtt/#", "zigbee2mqtt", True),
        ("+/status", "desk/+", True),
        ("+/status", "desk/+/status", False),
        ("akiseki/v1/+/reading", "akiseki/v1/+/status", False),
        ("zigbee2mqtt/4f/#", "zigbee2mqtt/5f/#", False),
        ("a/b", "a/b/c", False),
        ("#", "tele/desk/SENSOR", True),
        ("#", "$SYS/broker/uptime", False),
        ("+/broker/uptime", "$SYS/broker/uptime", False),
        ("$SYS/#", "$SYS/+/uptime", True),
        ("$share/akiseki/tele/#", "$share/akiseki/tele/#", False),
    ],
)
def test_filters_overlap_where_a_topic_fits_both(one: str, other: str, do: bool) -> None:
    assert (overlap(one, other), overlap(other, one)) == (do, do)


def test_a_place_of_one_machine_is_another_on_another_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    hosts = ("localhost", "127.0.0.1", "::1", "mosquitto")
    of_one = {asked_of(host, 1883, ()).broker for host in hosts}
    monkeypatch.setattr("socket.gethostname", lambda: "elsewhere")
    assert not of_one & {asked_of(host, 1883, ()).broker for host in hosts}
    assert asked_of("mqtt.example.jp", 1883, ()).broker == HERE


@pytest.mark.parametrize(
    ("host", "surely"),
    [
        *(("localhost", True), ("127.0.0.1", True), ("mosquitto", True), ("mqtt.example.jp", True)),
        *(("8.8.8.8", True), ("192.168.1.10", False), ("10.0.0.5", False), ("fd00::1", False)),
        *(("broker.local", False), ("mqtt.lan.", False), ("mqtt.home.arpa", False)),
    ],
)
def test_what_each_network_may_call_its_own_is_not_surely_one_broker(host: str, *, surely: bool) -> None:
    assert asked_of(host, 1883, ()).surely is surely


def test_where_it_may_be_another_broker_it_begins_and_is_warned_of(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = place(engine, "osaka"), place(engine, "tokyo")
    asked = asked_of("192.168.1.10", 1883, ("tele/#",))
    assert first.acquire(lambda _seconds: True, asked=asked)

    def beat(_seconds: float) -> bool:
        with transaction(engine) as session:
            return not gateways.beat(session, "osaka", first.holder, Figures(), now=system_clock())

    assert second.acquire(beat, asked=asked)
    assert "'osaka' asks 192.168.1.10:1883 for the same messages" in caplog.text
    with transaction(engine) as session:
        (pair,) = gateways.doubled(gateways.list_gateways(session))
        assert [one.name for one in pair] == ["osaka", "tokyo"]


def test_whoever_asks_for_what_another_hears_at_that_broker_does_not_begin(engine: Engine) -> None:
    first, second = place(engine, "site-a"), place(engine, "site-b")
    assert first.acquire(lambda _seconds: True, asked=Asked(HERE, ("zigbee2mqtt/#", "tele/#")))

    def beat(_seconds: float) -> bool:
        with transaction(engine) as session:
            return not gateways.beat(session, "site-a", first.holder, Figures(), now=system_clock())

    same = Asked(HERE, ("zigbee2mqtt/4f/+",))
    with pytest.raises(Overlapping, match=f"'site-a' asks {HERE}"):
        second.acquire(beat, asked=same)
    for another in (Asked("other.example.jp:1883", same.filters), Asked(HERE, ("homie/#",))):
        assert second.acquire(beat, asked=another)
        second.leave()
    first.leave()
    assert second.acquire(lambda _seconds: True, asked=same)


def test_one_that_was_killed_is_in_nobodys_way_for_long(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "STILL_FOR", timedelta(seconds=0.3))
    asked = Asked(HERE, ("tele/#",))
    assert place(engine, "killed").acquire(lambda _seconds: True, asked=asked)
    waited: list[float] = []

    def wait(_seconds: float) -> bool:
        time.sleep(0.1)
        waited.append(0.1)
        return len(waited) > 50

    assert place(engine, "new").acquire(wait, asked=asked)
    assert len(waited) >= 3


def test_a_gateway_ends_with_one_line_where_another_hears_the_same(
    sqlite_url: str, mosquitto_broker: StartBroker, tmp_path: Path
) -> None:
    users = {GATEWAY_USER: GATEWAY_GRANTS, "other": GATEWAY_GRANTS}
    broker = mosquitto_broker(grants=users)
    furnish_database(sqlite_url, ["sensor-seat"])

    def gateway(user: str) -> Program:
        (tmp_path / user).mkdir()
        settings = {"DATABASE_URL": sqlite_url, "MQTT_URL": broker.url(user), "GATEWAY_NAME": user}
        return Program("gateway", tmp_path / user, settings)

    with gateway(GATEWAY_USER) as first:
        wait_until(lambda: "connected to" in first.said, seconds=SECONDS)
        with gateway("other") as second:
            assert second.ended(SECONDS) == 1
        assert "the gateway ends: the gateway 'gateway' asks " in second.said.strip().splitlines()[-1]
        assert first.stop() == 0
