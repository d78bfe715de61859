"""The gateway's place at a real broker: what is taken, what is acknowledged, what is kept while it is away."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from paho.mqtt.enums import MQTTProtocolVersion

from app.clock import SteppingClock
from sensor_gateway import announcements, connection
from sensor_gateway.broker import GATEWAY_GRANTS, GATEWAY_USER, Broker, Grant
from sensor_gateway.connection import BATCH, BrokerRefused, Disconnected, Wanted
from sensor_gateway.decoders import FILTERS, Wires
from sensor_gateway.messages import Envelope
from sensor_gateway.mqtt import Batch, Link
from sensor_gateway.run import FIRST_DELAY, LONGEST_DELAY, reconnect_delays
from sensor_gateway.servers import free_port
from tests.fixtures.brokers import StartBroker
from tests.servers.flood import FLOOD_GRANTS, FLOOD_USER, publish_all
from tests.servers.mosquitto import MqttClient, running_broker

NOW = datetime(2026, 4, 1, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
TOPIC = "akiseki/v1/desk-1/reading"
WAIT = timedelta(seconds=5)
A_MOMENT = timedelta(milliseconds=200)


def wanted(broker: Broker) -> Wanted:
    return Wanted(urlsplit(broker.url(GATEWAY_USER)), FILTERS, SteppingClock(NOW))


@contextmanager
def linked(to: Wanted) -> Iterator[Link]:
    link = Link(to)
    link.connect()
    try:
        yield link
    finally:
        link.close()


def taken(link: Link, count: int) -> list[Batch]:
    """Batches until so many messages are there; nothing is acknowledged."""
    batches: list[Batch] = []
    while sum(len(one.envelopes) for one in batches) < count:
        batch = link.take(WAIT)
        assert batch.envelopes, "no message within the time"
        batches.append(batch)
    return batches


def payloads(batches: list[Batch]) -> list[bytes]:
    return [envelope.payload for batch in batches for envelope in batch.envelopes]


@pytest.fixture
def broker(mosquitto_broker: StartBroker) -> Broker:
    return mosquitto_broker("desk-1", grants={FLOOD_USER: FLOOD_GRANTS, GATEWAY_USER: GATEWAY_GRANTS})


def test_a_message_arrives_with_its_topic_its_bytes_and_its_time(broker: Broker) -> None:
    with linked(wanted(broker)) as link, MqttClient(broker, "desk-1") as device:
        assert link.protocol == "5"
        device.publish(TOPIC, b"\x00\xff")
        assert link.take(WAIT).envelopes == [Envelope(TOPIC, b"\x00\xff", NOW)]
        assert link.take(A_MOMENT).envelopes == []


def test_what_was_retained_before_is_not_sent_again(broker: Broker) -> None:
    with MqttClient(broker, "desk-1") as device:
        device.publish("akiseki/v1/desk-1/status", "online", retain=True)
        with linked(wanted(broker)) as link:
            assert link.take(A_MOMENT).envelopes == []
            device.publish("akiseki/v1/desk-1/status", "offline", retain=True)
            [offline] = link.take(WAIT).envelopes
            assert (offline.payload, offline.retained) == (b"offline", False)


def test_what_devices_announced_of_themselves_before_is_heard(broker: Broker) -> None:
    asked = replace(wanted(broker), besides=announcements.filters(Wires()))
    topics = ["homeassistant/binary_sensor/desk-1/config", "homeassistant/binary_sensor/node/desk-1/config"]
    with MqttClient(broker, FLOOD_USER) as device:
        for topic in (*topics, "homeassistant/status", "akiseki/v1/desk-1/status"):
            device.publish(topic, "{}", retain=True)
        with linked(asked) as link:
            heard = [one.topic for batch in taken(link, len(topics)) for one in batch.envelopes]
            assert sorted(heard) == topics
            assert link.take(A_MOMENT).envelopes == []


def test_a_broker_need_not_let_us_hear_them(tmp_path: Path) -> None:
    grants = {GATEWAY_USER: [Grant("read", "akiseki/v1/#")]}
    with Broker(tmp_path, {GATEWAY_USER: "g"}, grants=grants, mosquitto=None) as broker:
        asked = replace(wanted(broker), besides=announcements.filters(Wires()))
        with linked(asked) as link:
            assert link.protocol


def test_the_broker_keeps_what_comes_while_the_gateway_is_away(broker: Broker) -> None:
    with linked(wanted(broker)):
        pass
    with MqttClient(broker, "desk-1") as device:
        for number in range(3):
            device.publish(TOPIC, str(number))
    with linked(wanted(broker)) as link:
        assert payloads(taken(link, 3)) == [b"0", b"1", b"2"]


def test_what_was_not_acknowledged_comes_again_and_what_was_does_not(broker: Broker) -> None:
    with MqttClient(broker, "desk-1") as device, linked(wanted(broker)) as link:
        device.publish(TOPIC, "first")
        [first] = taken(link, 1)
        link.acknowledge(first)
        device.publish(TOPIC, "second")
        taken(link, 1)
        link.connect()
        [again] = taken(link, 1)
        assert payloads([again]) == [b"second"]
        link.acknowledge(first)  # of a connection that is gone: it must not acknowledge another message
        link.acknowledge(again)
        link.connect()
        assert link.take(A_MOMENT).envelopes == []


def test_it_subscribes_at_every_connect_so_a_broker_that_forgot_is_no_harm(broker: Broker) -> None:
    with linked(wanted(broker)) as link:
        broker.kill()
        (broker.folder / "mosquitto.db").unlink(missing_ok=True)
        with pytest.raises(Disconnected):
            link.take(WAIT)
        broker.start()
        link.connect()
        publish_all(broker, [(TOPIC, b"after")])
        assert payloads(taken(link, 1)) == [b"after"]


def test_what_is_not_wanted_any_more_is_not_sent_any_more_but_what_waited_comes(broker: Broker) -> None:
    both = replace(wanted(broker), filters=(*FILTERS, "zigbee2mqtt/#"))
    with linked(both):
        pass
    publish_all(broker, [("zigbee2mqtt/desk", b"waited")])
    with linked(replace(wanted(broker), unwanted=["zigbee2mqtt/#", "never/asked/for"])) as link:
        assert payloads(taken(link, 1)) == [b"waited"]
        publish_all(broker, [("zigbee2mqtt/desk", b"not wanted"), (TOPIC, b"wanted")])
        assert payloads(taken(link, 1)) == [b"wanted"]
        assert link.take(A_MOMENT).envelopes == []


def test_more_messages_than_a_batch_that_wait_do_not_hide_the_answer(broker: Broker) -> None:
    """The broker sends what it kept before it answers the subscription."""
    with linked(replace(wanted(broker), batch=10)):
        pass
    numbers = [str(number).encode() for number in range(100)]
    publish_all(broker, [(TOPIC, number) for number in numbers])
    with linked(replace(wanted(broker), batch=10)) as link:
        first = link.take(WAIT)
        assert len(first.envelopes) == 10
        batches = [first]
        while sum(len(one.envelopes) for one in batches) < 100:
            link.acknowledge(batches[-1])
            batches.append(link.take(WAIT))
            assert 0 < len(batches[-1].envelopes) <= 10
        assert payloads(batches) == numbers


def test_a_session_resumed_in_the_middle_of_many_is_taken_in_batches_too(broker: Broker) -> None:
    """Mosquitto 2.0.11 sends a resumed session far more than the Receive Maximum, and its answer after that."""
    numbers = [str(number).encode() for number in range(5_000)]
    with linked(replace(wanted(broker), batch=10)) as link:
        publish_all(broker, [(TOPIC, number) for number in numbers])
        taken(link, 20)
        link.connect()
        batches = [link.take(WAIT)]
        while sum(len(one.envelopes) for one in batches) < len(numbers):
            link.acknowledge(batches[-1])
            batches.append(link.take(WAIT))
            assert 0 < len(batches[-1].envelopes) <= 10
        assert sorted(payloads(batches)) == sorted(numbers)


def test_a_slow_database_holds_the_broker_back(broker: Broker) -> None:
    """Unacknowledged, no more than twice a batch is on its way."""
    with linked(replace(wanted(broker), batch=10)) as link:
        publish_all(broker, [(TOPIC, b"x")] * 50)
        batches = taken(link, 20)
        assert len(payloads(batches)) == 20
        assert link.take(A_MOMENT).envelopes == []
        for batch in batches:
            link.acknowledge(batch)
        assert link.take(WAIT).envelopes


def test_a_large_message_arrives_whole(broker: Broker) -> None:
    with linked(wanted(broker)) as link, MqttClient(broker, "desk-1") as device:
        device.publish(TOPIC, b"x" * 1_000_000)
        assert [len(one) for one in payloads(taken(link, 1))] == [1_000_000]


def test_a_wrong_password_is_refused_in_one_line(broker: Broker) -> None:
    wrong = replace(wanted(broker), url=urlsplit(f"mqtt://gateway:wrong@{broker.host}:{broker.port}"))
    with pytest.raises(BrokerRefused, match="refuses the connection: Not authorized"):
        Link(wrong).connect()


def test_an_access_list_without_us_is_said_to_be_that(tmp_path: Path) -> None:
    """Mosquitto grants every subscription and lets nothing through; the embedded broker says so."""
    grants = {GATEWAY_USER: [Grant("read", "elsewhere/#")]}
    with (
        Broker(tmp_path, {GATEWAY_USER: "g"}, grants=grants, mosquitto=None) as broker,
        pytest.raises(BrokerRefused, match="access list"),
    ):
        Link(wanted(broker)).connect()


def test_nobody_there_is_a_matter_of_waiting() -> None:
    nobody = Wanted(urlsplit(f"mqtt://127.0.0.1:{free_port()}"), FILTERS, SteppingClock(NOW))
    with pytest.raises(Disconnected, match=r"127\.0\.0\.1"):
        Link(nobody).connect()


def test_what_arrived_before_the_connection_broke_is_handed_out_first(broker: Broker) -> None:
    with linked(wanted(broker)) as link:
        publish_all(broker, [(TOPIC, b"last words")])
        broker.kill()
        assert payloads([link.take(WAIT)]) == [b"last words"]
        with pytest.raises(Disconnected):
            link.take(WAIT)


def test_a_broker_that_speaks_only_3_1_1_is_spoken_to_by_that(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        caplog.at_level(logging.ERROR),
        Broker(tmp_path, {GATEWAY_USER: "g", "desk-1": "d"}, mosquitto=None) as broker,
        linked(wanted(broker)) as link,
        MqttClient(broker, "desk-1", protocol=MQTTProtocolVersion.MQTTv311) as device,
    ):
        assert link.protocol == "3.1.1"
        device.publish(TOPIC, "hello")
        [batch] = taken(link, 1)
        assert payloads([batch]) == [b"hello"]
        link.acknowledge(batch)
        assert link.take(A_MOMENT).envelopes == []


def test_a_wrong_password_at_a_broker_that_speaks_only_3_1_1_is_refused(tmp_path: Path) -> None:
    with Broker(tmp_path, {GATEWAY_USER: "g"}, mosquitto=None) as broker:
        wrong = replace(wanted(broker), url=urlsplit(f"mqtt://gateway:wrong@{broker.host}:{broker.port}"))
        with pytest.raises(BrokerRefused, match="refuses the connection"):
            Link(wrong).connect()


def test_attempts_grow_rarer_up_to_a_limit_and_are_not_all_at_once() -> None:
    delays = reconnect_delays()
    first = [next(delays) for _ in range(20)]
    assert FIRST_DELAY / 2 <= first[0] <= FIRST_DELAY
    assert all(LONGEST_DELAY / 2 <= one <= LONGEST_DELAY for one in first[8:])
    assert len(set(first)) == len(first)


def test_a_batch_is_never_larger_than_the_broker_may_send_ahead() -> None:
    assert 2 * BATCH <= 65_535


def test_a_session_outlives_a_restart_of_the_broker(tmp_path: Path) -> None:
    with running_broker(tmp_path, "desk-1") as broker:
        with linked(wanted(broker)):
            pass
        with MqttClient(broker, "desk-1") as device:
            device.publish(TOPIC, "kept")
        broker.stop()
        broker.start()
        with linked(wanted(broker)) as link:
            assert payloads(taken(link, 1)) == [b"kept"]


def stamps(batches: list[Batch]) -> list[tuple[datetime, datetime | None]]:
    return [(one.received_at, one.came_at) for batch in batches for one in batch.envelopes]


def test_what_waited_is_of_when_we_came_and_what_comes_behind_it_of_when_it_comes(broker: Broker) -> None:
    """However many batches it takes. Somebody sets the clock after the second of them."""
    clock = SteppingClock(NOW)
    asked = replace(wanted(broker), clock=clock, batch=10)
    with linked(asked) as link:
        publish_all(broker, [(TOPIC, b"live")])
        live = taken(link, 1)
        link.acknowledge(live[0])
        assert stamps(live) == [(NOW, None)]
    publish_all(broker, [(TOPIC, b"waited")] * 35)
    with linked(asked) as link:
        waited: list[Batch] = []
        while len(stamps(waited)) < 35:
            clock.at = NOW if len(stamps(waited)) < 20 else LATER
            waited.append(link.take(WAIT))
            link.acknowledge(waited[-1])
        came = [came_at for _received_at, came_at in stamps(waited)]
        assert came[:20] == [NOW] * 20
        assert came[20:] == [came[20]] * 15
        assert timedelta(0) <= LATER - (came[20] or NOW) < timedelta(minutes=5)
        assert link.take(A_MOMENT).envelopes == []
        publish_all(broker, [(TOPIC, b"live")])
        assert stamps(taken(link, 1)) == [(LATER, None)]


@pytest.fixture
def deaf_to_itself(mosquitto_broker: StartBroker) -> Broker:
    """A broker that does not let a gateway hear itself."""
    grants = {GATEWAY_USER: [Grant("read", "akiseki/v1/+/reading")], FLOOD_USER: FLOOD_GRANTS}
    return mosquitto_broker(grants=grants)


def test_a_broker_that_does_not_let_us_hear_ourselves_is_not_waited_for_for_ever(
    deaf_to_itself: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker = deaf_to_itself
    with linked(wanted(broker)):
        pass
    monkeypatch.setattr(connection, "WAITED_AT_MOST", A_MOMENT)
    with linked(wanted(broker)) as link:
        publish_all(broker, [(TOPIC, b"at once")])
        assert stamps([link.take(WAIT)]) == [(NOW, NOW)]
        assert link.take(2 * A_MOMENT).envelopes == []
        publish_all(broker, [(TOPIC, b"later")])
        assert stamps([link.take(WAIT)]) == [(NOW, None)]


def test_what_waited_is_not_taken_as_said_now_however_long_a_batch_is_stored(
    deaf_to_itself: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = replace(wanted(deaf_to_itself), batch=10)
    with linked(asked):
        pass
    publish_all(deaf_to_itself, [(TOPIC, b"waited")] * 25)
    monkeypatch.setattr(connection, "WAITED_AT_MOST", A_MOMENT)
    with linked(asked) as link:
        for count in (10, 10, 5):
            batch = link.take(WAIT)
            assert stamps([batch]) == [(NOW, NOW)] * count
            time.sleep(2 * A_MOMENT.total_seconds())
            link.acknowledge(batch)


def test_a_broker_whose_answer_is_not_read_yet_is_not_hung_up_on(broker: Broker) -> None:
    """While a batch is being stored nothing is read: the broker's sign of life waits with the rest."""
    asked = replace(wanted(broker), keepalive=timedelta(seconds=1), batch=1)
    with linked(asked) as link:
        publish_all(broker, [(TOPIC, b"waits")] * 3)
        first = taken(link, 1)
        until = time.monotonic() + 3.5
        while time.monotonic() < until:
            link.tend()
            assert link.silence() == timedelta(0)
            time.sleep(0.1)
        link.acknowledge(first[0])
        assert payloads(taken(link, 2)) == [b"waits"] * 2
        broker.kill()
        with pytest.raises(Disconnected):
            link.take(WAIT)
        assert link.silence() is None
