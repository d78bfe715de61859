"""Messages a minute, and how old readings are when they are stored."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from sqlalchemy import Engine

from app.clock import system_clock
from app.occupancy.readings import Reading
from app.stopping import Stop
from sensor_gateway.broker import GATEWAY_GRANTS, GATEWAY_USER
from sensor_gateway.connection import Wanted
from sensor_gateway.decoders import FILTERS
from sensor_gateway.handler import Handler
from sensor_gateway.mqtt import Link
from sensor_gateway.rates import LOOKED_AT, Rate, age
from sensor_gateway.run import Gateway
from tests.faults import stage
from tests.fixtures.brokers import StartBroker
from tests.office import furnish_database, sensor_ids
from tests.servers.flood import FLOOD_GRANTS, FLOOD_USER, publish_all, stream
from tests.servers.waiting import wait_until

NOW = datetime(2026, 4, 1, 1, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
SECONDS = 30.0


def said(ago: timedelta | None, *, history: bool = False) -> Reading:
    """A reading that arrived just now; `ago`: how long before now it was made, None where it tells no time."""
    return Reading("s", NOW if ago is None else NOW - ago, NOW, occupied=True, history=history)


UNDATED, OLD, NEW, PAST = said(None), said(HOUR), said(timedelta(seconds=1)), said(HOUR, history=True)


@pytest.mark.parametrize(
    ("readings", "found"),
    [
        ([], timedelta(0)),
        ([UNDATED], timedelta(seconds=2)),
        ([NEW], timedelta(seconds=3)),
        ([UNDATED, UNDATED, OLD], HOUR + timedelta(seconds=2)),  # the broker kept them, whoever tells no time
        ([NEW, OLD, NEW], timedelta(seconds=3)),  # one device kept its own
        ([OLD, said(timedelta(minutes=-4)), OLD], HOUR + timedelta(seconds=2)),  # the clock of one is ahead
        ([said(timedelta(minutes=-4))], timedelta(0)),
        ([PAST], timedelta(0)),
        ([PAST, PAST, NEW], timedelta(seconds=3)),
        ([OLD] * 20 * LOOKED_AT, HOUR + timedelta(seconds=2)),
    ],
)
def test_readings_are_as_old_as_most_of_their_devices_say(readings: list[Reading], found: timedelta) -> None:
    assert age(readings, NOW + timedelta(seconds=2)) == found


def test_messages_a_minute_are_those_of_the_last_one() -> None:
    rate = Rate()
    assert rate.per_minute(100, 10.0) == 0
    assert rate.per_minute(110, 20.0) == 60
    asked = [rate.per_minute(110 + 2 * second, 20.0 + second) for second in range(2, 200, 2)]
    assert asked[-1] == 120
    still = [rate.per_minute(506, 218.0 + second) for second in range(2, 80, 2)]
    assert still[-1] == 0
    assert rate.per_minute(1_106, 518.0) == round(600 * 60 / (518 - 296))  # nobody asked meanwhile


def test_what_waited_an_hour_at_the_broker_is_an_hour_behind(
    database_url: str, mosquitto_broker: StartBroker
) -> None:
    broker = mosquitto_broker(grants={FLOOD_USER: FLOOD_GRANTS, GATEWAY_USER: GATEWAY_GRANTS})
    sensors = sensor_ids(3)
    furnish_database(database_url, sensors)

    def later() -> datetime:
        return system_clock() + HOUR

    def played(engine: Engine) -> Gateway:
        stop, link = Stop(), Link(Wanted(urlsplit(broker.url(GATEWAY_USER)), FILTERS, later))
        link.connect()
        publish_all(broker, stream(sensors, 3, system_clock()))
        gateway = Gateway(link, Handler(engine, later), stop)
        working = threading.Thread(target=gateway.run)
        working.start()
        wait_until(lambda: gateway.figures().stored == 3, seconds=SECONDS)
        stop.tell()
        working.join(SECONDS)
        link.close()
        return gateway

    with stage.opened(database_url) as engine:
        figures = played(engine).figures()
    assert 3_600_000 <= figures.lag_ms < 3_900_000
    assert figures.per_minute > 0
