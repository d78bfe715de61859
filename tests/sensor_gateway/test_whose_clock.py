"""A gateway whose own clock is behind throws away nothing; a sensor whose clock is ahead holds up nobody."""

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from sqlalchemy import Engine, select

from app.clock import SteppingClock, system_clock
from app.database import reading
from app.occupancy.models import SensorState, StoredReading
from app.stopping import Stop
from sensor_gateway import run as running
from sensor_gateway.broker import GATEWAY_GRANTS, GATEWAY_USER, Broker
from sensor_gateway.connection import Wanted
from sensor_gateway.decoders import FILTERS
from sensor_gateway.handler import Handler
from sensor_gateway.lease import Lease, LeaseLost
from sensor_gateway.messages import Envelope
from sensor_gateway.mqtt import Link
from sensor_gateway.run import Gateway
from sensor_gateway.topics import native_topic
from sensor_gateway.whose_clock import ClockBehind, Witnesses, behind_by
from tests.faults import stage
from tests.fixtures.brokers import StartBroker
from tests.office import furnish_database, sensor_ids
from tests.servers.flood import FLOOD_GRANTS, FLOOD_USER, publish_all, stream
from tests.servers.waiting import wait_until

NOW = datetime(2026, 4, 1, 1, 0, tzinfo=UTC)
HOUR, MINUTE, RIGHT = timedelta(hours=1), timedelta(minutes=1), timedelta(0)
SENSORS = sensor_ids(8)
SECONDS = 30.0


def said(sensor: str, at: datetime, received_at: datetime, seq: int = 1) -> Envelope:
    fields = {"boot": "b", "seq": seq, "occupied": True, "observed_at": at.isoformat()}
    return Envelope(native_topic(sensor, "reading"), json.dumps(fields).encode(), received_at)


class Wrong:
    """A machine's clock that is behind until somebody sets it."""

    by = -HOUR

    def __call__(self) -> datetime:
        return system_clock() + self.by


@pytest.fixture
def broker(mosquitto_broker: StartBroker) -> Broker:
    return mosquitto_broker(grants={FLOOD_USER: FLOOD_GRANTS, GATEWAY_USER: GATEWAY_GRANTS})


@contextmanager
def at_work(link: Link, engine: Engine, clock: Wrong) -> Iterator[Gateway]:
    """A gateway in a thread, once it knows that its clock is behind."""
    stop = Stop()
    gateway = Gateway(link, Handler(engine, clock, witnesses=Witnesses()), stop)
    working = threading.Thread(target=gateway.run)
    working.start()
    try:
        wait_until(lambda: gateway.figures().lag_ms < -3_000_000, seconds=SECONDS)
        yield gateway
    finally:
        stop.tell()
        working.join(SECONDS)
        link.close()


@pytest.mark.parametrize(
    ("ahead", "ours"),
    [
        ([], RIGHT),
        ([HOUR, HOUR], RIGHT),
        ([HOUR, HOUR, HOUR], HOUR),
        ([HOUR - MINUTE, HOUR, HOUR + MINUTE, RIGHT, RIGHT], HOUR),
        ([HOUR, 2 * HOUR, 3 * HOUR, 4 * HOUR], RIGHT),
        ([HOUR, HOUR, HOUR, RIGHT, RIGHT, RIGHT], RIGHT),
    ],
)
def test_a_clock_is_ours_where_several_sensors_and_most_are_ahead(
    ahead: Sequence[timedelta], ours: timedelta
) -> None:
    assert behind_by(ahead) == ours


def test_sensors_that_speak_one_by_one_are_believed_too_once_the_clock_was_turned_back() -> None:
    witnesses = Witnesses()
    for sensor in SENSORS:
        witnesses.hear({sensor: RIGHT}, NOW)
    back = NOW - HOUR
    witnesses.hear({SENSORS[0]: HOUR}, back)
    witnesses.hear({SENSORS[1]: HOUR}, back + MINUTE)
    with pytest.raises(ClockBehind, match="behind by about 1:00:00"):
        witnesses.hear({SENSORS[2]: HOUR}, back + 2 * MINUTE)
    witnesses.hear(dict.fromkeys(SENSORS, RIGHT), NOW + MINUTE)
    witnesses.hear({SENSORS[2]: HOUR}, NOW + MINUTE)


def test_for_an_hour_at_most_the_sensors_are_believed_and_anew_once_they_were_right() -> None:
    since = [0.0]
    witnesses = Witnesses(lambda: since[0])
    ahead = dict.fromkeys(SENSORS, HOUR)
    for seconds in (0, 3_600):
        since[0] = seconds
        with pytest.raises(ClockBehind):
            witnesses.hear(ahead, NOW)
        with pytest.raises(ClockBehind):
            witnesses.hear({}, NOW)  # of other wires
    since[0] = 3_601
    witnesses.hear(ahead, NOW)
    witnesses.hear({}, NOW)
    witnesses.hear(dict.fromkeys(SENSORS, RIGHT), NOW)
    with pytest.raises(ClockBehind):
        witnesses.hear(ahead, NOW)


def test_what_nobody_made_known_bears_no_witness_and_other_wires_wait_too(sqlite_url: str) -> None:
    furnish_database(sqlite_url, SENSORS)
    clock = SteppingClock(NOW)
    other = Envelope(f"zigbee2mqtt/{SENSORS[0]}", b'{"occupancy": true}', NOW)
    with stage.opened(sqlite_url) as engine:
        handler = Handler(engine, clock, witnesses=Witnesses())
        invented = [said(f"nobody-{n}", NOW + 100 * HOUR, NOW) for n in range(5)]
        counts = handler.handle([*invented, other])
        assert (counts.dead, counts.stored) == (5, 1)
        with pytest.raises(ClockBehind):
            handler.handle([said(one, NOW + HOUR, NOW) for one in SENSORS])
        with pytest.raises(ClockBehind):
            handler.handle([other])


def test_a_batch_that_this_clock_would_misdate_is_not_stored_and_a_single_broken_sensor_stops_nobody(
    sqlite_url: str,
) -> None:
    furnish_database(sqlite_url, SENSORS)
    clock = SteppingClock(NOW)
    with stage.opened(sqlite_url) as engine:
        handler = Handler(engine, clock, witnesses=Witnesses())
        for seq in range(5):
            counts = handler.handle(
                [
                    said(SENSORS[0], clock.at + HOUR, clock.at, seq),
                    Envelope("zigbee2mqtt/x", b"{}", clock.at),
                ]
            )
            assert counts.messages == 2
        dead = stage.dead_letters(engine)
        batch = [said(one, clock.at + HOUR, clock.at) for one in SENSORS]
        with pytest.raises(ClockBehind):
            handler.handle(batch)
        assert (stage.stored(engine), stage.dead_letters(engine)) == (0, dead)
        clock.advance(HOUR)
        assert handler.handle(handler.received_now(batch, lambda now: now)).stored == len(SENSORS)


def test_what_comes_while_the_clock_is_behind_waits_and_is_stored_when_it_is_right(
    sqlite_url: str, broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    furnish_database(sqlite_url, SENSORS)
    clock = Wrong()
    with stage.opened(sqlite_url) as engine:
        link = Link(Wanted(urlsplit(broker.url(GATEWAY_USER)), FILTERS, clock))
        link.connect()
        publish_all(broker, stream(SENSORS, 8, system_clock()))
        with at_work(link, engine, clock) as gateway:
            assert gateway.figures().messages == 0
            clock.by = RIGHT
            wait_until(lambda: stage.stored(engine) == 8, seconds=SECONDS)
            wait_until(lambda: gateway.figures().lag_ms >= 0, seconds=SECONDS)
        assert stage.dead_letters(engine) == 0
    assert caplog.text.count("this machine's clock is behind by about") == 1


def test_what_waited_and_nothing_dates_is_of_one_instant_also_where_the_clock_is_set_between_two_batches(
    sqlite_url: str, broker: Broker
) -> None:
    """The first batch finds that the clock is behind, the second is gathered meanwhile, more come when it is right."""
    furnish_database(sqlite_url, SENSORS)
    clock = Wrong()
    filters = (*FILTERS, "tele/+/SENSOR")
    wanted = Wanted(urlsplit(broker.url(GATEWAY_USER)), filters, clock, batch=10)
    before = Link(wanted)
    before.connect()
    before.close()
    switched = [(f"tele/{SENSORS[0]}/SENSOR", b'{"Switch1":"%s"}' % word) for word in (b"ON", b"OFF") * 16]
    publish_all(broker, [*stream(SENSORS, 8, system_clock()), *switched, switched[0]])
    with stage.opened(sqlite_url) as engine:
        with at_work(Link(wanted), engine, clock) as gateway:
            clock.by = RIGHT
            wait_until(lambda: gateway.figures().messages == 41, seconds=SECONDS)
        with reading(engine) as session:
            undated = StoredReading.seq.is_(None)
            times = session.scalars(select(StoredReading.observed_at).where(undated).distinct()).all()
            state = session.scalars(
                select(SensorState.level).where(SensorState.sensor_id == SENSORS[0])
            ).one()
    assert len(times) == 1
    assert system_clock() - times[0] < MINUTE
    assert state is True


def test_a_place_under_a_wrong_clock_is_given_up_for_whoever_waits(
    sqlite_url: str, broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    furnish_database(sqlite_url, SENSORS)
    monkeypatch.setattr(running, "DATABASE_MAY_BE_AWAY", timedelta(seconds=1))
    link = Link(Wanted(urlsplit(broker.url(GATEWAY_USER)), FILTERS, lambda: system_clock() - HOUR))
    with stage.opened(sqlite_url) as engine:
        lease = Lease(engine, "gateway", system_clock)
        assert lease.acquire(lambda _seconds: True)
        link.connect()
        publish_all(broker, stream(SENSORS, 8, system_clock()))
        handler = Handler(engine, lambda: system_clock() - HOUR, witnesses=Witnesses())
        with pytest.raises(LeaseLost, match="clock is behind"):
            Gateway(link, handler, Stop(), lease).run()
        link.close()
        assert Lease(engine, "gateway", system_clock).acquire(lambda _seconds: True)
        with stage.gateway(tmp_path, sqlite_url, broker):
            wait_until(lambda: stage.stored(engine) == 8, seconds=SECONDS)
