"""What a desk sensor says on the native wire, and what it is told there."""

import json
import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from sensor_gateway.decoders.native import decode
from sensor_gateway.messages import Envelope
from tests.firmware_stubs.desk_sensor.desk import CONFIG, READING, STATUS, Desk, Heard, published
from tests.servers.waiting import wait_until


def now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - a device lives in real time


def test_a_reading_is_what_the_gateways_decoder_takes(desk: Desk) -> None:
    listener = desk.listener()
    device = desk.device(heartbeat_s=0.2)
    wait_until(lambda: desk.ntp.asked > 0)
    device.tell(seen=True, battery_pct=64, rssi=-70)
    while True:
        message = listener.receive()
        fields = json.loads(message.payload)
        if fields["occupied"]:
            break
    assert (message.topic, message.qos, message.retain) == (READING, 1, False)
    assert set(fields) == {"boot", "seq", "observed_at", "occupied", "battery_pct", "rssi"}
    assert re.fullmatch("[0-9a-f]{16}", fields["boot"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", fields["observed_at"])
    (reading,) = decode(Envelope(message.topic, bytes(message.payload), now()))
    assert (reading.sensor_id, reading.occupied) == ("desk-1", True)
    assert (reading.battery_pct, reading.rssi) == (64, -70)
    assert abs(reading.observed_at - now()) < timedelta(seconds=3)


def test_a_heartbeat_says_the_same_again_and_seq_counts_every_reading(desk: Desk) -> None:
    listener = desk.listener()
    desk.device(heartbeat_s=0.2)
    heard = Heard.until(listener, lambda heard: len(heard.readings) >= 6)
    assert heard.seqs == [0, 1, 2, 3, 4, 5]
    assert {reading["occupied"] for reading in heard.readings.values()} == {False}
    at = [datetime.fromisoformat(reading["observed_at"]) for reading in list(heard.readings.values())[1:]]
    assert all(0.15 < (later - earlier).total_seconds() < 1 for earlier, later in pairwise(at))


def test_what_the_hardware_no_longer_says_is_null(desk: Desk) -> None:
    listener = desk.listener()
    device = desk.device()
    Heard.until(listener, lambda heard: bool(heard.readings))
    device.tell(seen=None)
    assert json.loads(listener.receive().payload)["occupied"] is None


def test_every_publication_is_qos_1_and_only_status_is_retained(desk: Desk) -> None:
    listener = desk.listener()
    desk.device(heartbeat_s=0.1)
    Heard.until(listener, lambda heard: len(heard.readings) >= 3)
    sent = list(published(desk.proxy.heard))
    assert {message.qos for message in sent} == {1}
    assert {(message.topic, message.retain) for message in sent} == {(READING, False), (STATUS, True)}


def test_online_is_retained_and_the_last_will_says_offline(desk: Desk) -> None:
    device = desk.device()
    watcher = desk.listener(STATUS)
    while watcher.receive().payload != b"online":
        pass
    device.kill9()
    assert watcher.receive().payload == b"offline"
    # A busy machine may have let an older connection's keepalive run out: the newest last will is still to come then.
    wait_until(lambda: kept(desk) == b"offline")


def kept(desk: Desk) -> bytes:
    """What the broker keeps of the device's status; what an older connection left behind may be said live before."""
    late = desk.listener(STATUS)
    while not (message := late.receive()).retain:
        pass
    return bytes(message.payload)


def test_a_silent_device_is_declared_offline_by_its_keepalive(desk: Desk) -> None:
    desk.device()
    watcher = desk.listener(STATUS)
    while watcher.receive().payload != b"online":
        pass
    desk.proxy.silence()
    assert watcher.receive().payload == b"offline"
    desk.proxy.heal()
    assert watcher.receive().payload == b"online"


def test_the_retained_configuration_changes_heartbeat_and_hold(desk: Desk) -> None:
    server = desk.listener()
    device = desk.device(hold_s=600)
    Heard.until(server, lambda heard: bool(heard.readings))
    device.tell(seen=True)
    assert json.loads(server.receive().payload)["occupied"] is True
    device.tell(seen=False)
    server.publish(CONFIG, "not JSON", retain=True)
    server.publish(CONFIG, json.dumps({"hold_s": 1, "heartbeat_s": 5, "colour": "red"}), retain=True)
    assert json.loads(server.receive(4).payload)["occupied"] is False  # the hold of 600 s is over
    assert json.loads(server.receive(7).payload)["occupied"] is False  # the heartbeat


def test_the_configuration_is_there_for_a_device_that_comes_later(desk: Desk) -> None:
    server = desk.listener()
    server.publish(CONFIG, json.dumps({"heartbeat_s": 5}), retain=True)
    desk.device()
    first, second = server.receive(), server.receive(8)
    assert json.loads(second.payload)["seq"] == json.loads(first.payload)["seq"] + 1


def test_before_the_clock_is_right_a_reading_has_no_time(desk: Desk) -> None:
    desk.ntp.is_silent = True
    listener = desk.listener()
    device = desk.device()
    first = json.loads(listener.receive().payload)
    device.tell(seen=True)
    second = json.loads(listener.receive().payload)
    assert "observed_at" not in first
    assert "observed_at" not in second
    assert (first["occupied"], second["occupied"]) == (False, True)


def test_what_waited_for_the_clock_gets_the_time_it_was_taken_at(desk: Desk) -> None:
    desk.proxy.refuses = True
    desk.ntp.is_silent = True
    listener = desk.listener()
    began = now()
    device = desk.device()
    wait_until(lambda: desk.ntp.asked > 0)
    device.tell(seen=True)
    wait_until(lambda: desk.ntp.asked > 1)
    desk.ntp.is_silent = False
    wait_until(lambda: desk.ntp.asked > 2)
    desk.proxy.refuses = False
    heard = Heard.until(listener, lambda heard: len(heard.readings) >= 2)
    for reading in heard.readings.values():
        assert abs(datetime.fromisoformat(reading["observed_at"]) - began) < timedelta(seconds=2)


def test_a_wrong_password_is_refused_and_tried_ever_more_slowly(desk: Desk) -> None:
    device = desk.device(password="wrong")
    wait_until(lambda: len(desk.proxy.heard) >= 4)
    assert "connected" not in device.log
    tried = len(desk.proxy.heard)
    assert tried < 20
