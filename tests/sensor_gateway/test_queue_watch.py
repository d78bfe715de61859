import logging
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from app.clock import system_clock
from sensor_gateway.broker import MAX_QUEUED_MESSAGES
from sensor_gateway.connection import Wanted
from sensor_gateway.decoders import FILTERS as READINGS
from sensor_gateway.messages import Envelope
from sensor_gateway.mqtt import Link
from sensor_gateway.queue_watch import DROPPED, FILTERS, HELD, QueueWatch
from sensor_gateway.servers import can_listen, free_port, start_server
from tests.servers.requirements import need
from tests.servers.waiting import wait_until

AT = datetime(2026, 11, 24, tzinfo=UTC)
ROOM_FOR = 10


def about(topic: str, count: int) -> Envelope:
    return Envelope(topic, str(count).encode(), AT)


def test_readings_pass_and_what_the_broker_says_of_itself_does_not() -> None:
    reading = Envelope("akiseki/v1/desk-1/reading", b"{}", AT)
    assert QueueWatch().sift([about(HELD, 3), reading, about(DROPPED, 0)]) == [reading]


def test_a_filling_queue_is_told_once_until_it_has_drained(caplog: pytest.LogCaptureFixture) -> None:
    watch = QueueWatch()
    full, empty = about(HELD, MAX_QUEUED_MESSAGES), about(HELD, 1)
    for envelope in (full, full, empty, full):
        watch.sift([envelope])
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 2


def test_dropped_messages_are_told_as_they_grow(caplog: pytest.LogCaptureFixture) -> None:
    watch = QueueWatch()
    for count in (0, 0, 7, 7, 9):
        watch.sift([about(DROPPED, count)])
    assert [record.args[0] for record in caplog.records if isinstance(record.args, tuple)] == [7, 2]


def test_words_that_are_no_number_are_passed_over(caplog: pytest.LogCaptureFixture) -> None:
    assert QueueWatch().sift([Envelope(DROPPED, b"many", AT)]) == []
    assert not caplog.records


@pytest.fixture
def narrow_broker(tmp_path: Path) -> Iterator[int]:
    """A Mosquitto that queues ten messages a client and speaks of itself every second; its port."""
    port = free_port()
    conf = tmp_path / "mosquitto.conf"
    conf.write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous true\nsys_interval 1\n"
        f"max_queued_messages {ROOM_FOR}\nmax_inflight_messages 1\n"
    )
    process: subprocess.Popen[bytes] = start_server(
        [str(need("mosquitto")), "-c", str(conf)], output=tmp_path / "broker.log"
    )
    wait_until(lambda: not can_listen(port))
    yield port
    process.terminate()
    process.wait(10)


def test_what_was_dropped_while_the_gateway_was_away_is_told_when_it_is_back(
    narrow_broker: int, caplog: pytest.LogCaptureFixture
) -> None:
    url = urlsplit(f"mqtt://127.0.0.1:{narrow_broker}")
    link = Link(Wanted(url, (*READINGS, *FILTERS), system_clock))
    link.connect()
    link.close()
    device = Client(CallbackAPIVersion.VERSION2)
    device.connect("127.0.0.1", narrow_broker)
    device.loop_start()
    for _ in range(5 * ROOM_FOR):
        device.publish("akiseki/v1/desk-1/reading", b"{}", qos=1).wait_for_publish(10)
    device.disconnect()
    device.loop_stop()

    watch = QueueWatch()
    link.connect()

    def is_told() -> bool:
        batch = link.take(timedelta(milliseconds=100))
        watch.sift(batch.envelopes)
        link.acknowledge(batch)
        return any(record.levelno == logging.ERROR for record in caplog.records)

    wait_until(is_told)
    link.close()
