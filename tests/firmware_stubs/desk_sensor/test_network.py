"""Broken networks and brokers: what a desk saw arrives all the same, within the bound of its flash."""

import json

from tests.firmware_stubs.desk_sensor.desk import READING, Desk, Heard, published
from tests.servers.micropython import Device
from tests.servers.waiting import wait_until


def occupied_times(device: Device, count: int) -> None:
    """Let the seat change so often, slowly enough to be seen each time."""
    for _ in range(count):
        before = device.log.count("seen")
        device.tell(seen=before % 2 == 1)  # the first reading, of the empty seat, is there
        wait_until(lambda before=before: device.log.count("seen") > before)  # type: ignore[misc]


def test_a_broker_that_restarts_gets_everything(desk: Desk) -> None:
    listener = desk.listener()
    device = desk.device()
    occupied_times(device, 10)
    desk.broker.stop()
    occupied_times(device, 10)
    listener.disconnect()
    desk.broker.start()
    listener = desk.listener()
    occupied_times(device, 10)
    heard = Heard.until(listener, lambda heard: not heard.lacks(31))
    assert heard.seqs == list(range(31))


def test_a_killed_broker_that_forgot_the_last_seconds_is_told_them_again(desk: Desk) -> None:
    device = desk.device()
    occupied_times(device, 10)
    wait_until(lambda: len(list(published(desk.proxy.heard))) >= 12)
    listener = desk.listener()  # came too late for what was confirmed
    desk.broker.kill()
    desk.proxy.refuses = True
    listener.disconnect()
    desk.broker.start()
    listener = desk.listener()
    desk.proxy.refuses = False
    heard = Heard.until(listener, lambda heard: not heard.lacks(11))
    assert heard.seqs == list(range(11))


def test_a_killed_broker_that_forgot_a_whole_outage_is_told_it_again(desk: Desk) -> None:
    desk.proxy.refuses = True
    device = desk.busy_device(500, "--blind", "--stay")
    wait_until(lambda: "all taken" in device.log)
    desk.proxy.refuses = False
    wait_until(lambda: '"told": 500' in device.log)
    listener = desk.listener()  # came too late for what was confirmed
    desk.broker.kill()
    desk.proxy.refuses = True
    listener.disconnect()
    desk.broker.start()
    listener = desk.listener()
    desk.proxy.refuses = False
    heard = Heard.until(listener, lambda heard: not heard.lacks(500))
    assert list(heard.readings) == sorted(heard.readings)  # the oldest first, as the server wants it


def test_a_network_that_swallows_everything_loses_nothing(desk: Desk) -> None:
    listener = desk.listener()
    device = desk.device()
    occupied_times(device, 5)
    desk.proxy.silence()
    occupied_times(device, 20)
    wait_until(lambda: "lost" in device.log)
    under_way = list(published(desk.proxy.heard[:1]))[
        1 + 6 :
    ]  # after "online" and what came before the silence
    assert len(under_way) <= 8
    desk.proxy.heal()
    heard = Heard.until(listener, lambda heard: not heard.lacks(26))
    assert heard.seqs == list(range(26))


def test_what_was_under_way_goes_out_again_marked_as_again_under_its_own_id(desk: Desk) -> None:
    listener = desk.listener()
    device = desk.device()
    Heard.until(listener, lambda heard: bool(heard.readings))
    desk.proxy.silence()
    occupied_times(device, 3)
    wait_until(lambda: "lost" in device.log)
    before = {message.payload: message for message in published(desk.proxy.heard)}
    desk.proxy.heal()
    Heard.until(listener, lambda heard: len(heard.readings) >= 3)
    after = [message for message in published(desk.proxy.heard[-1:]) if message.is_again]
    assert [json.loads(message.payload)["seq"] for message in after if message.topic == READING][-3:] == [
        1,
        2,
        3,
    ]
    assert all(before[message.payload].packet_id == message.packet_id for message in after)


def test_after_a_reconnect_the_last_minute_is_told_again(desk: Desk) -> None:
    listener = desk.listener()
    device = desk.device()
    occupied_times(device, 4)
    Heard.until(listener, lambda heard: len(heard.readings) >= 5)
    desk.proxy.cut()
    heard = Heard.until(listener, lambda heard: len(heard.readings) >= 5)
    assert heard.seqs == [0, 1, 2, 3, 4]


def test_connections_that_break_all_the_time_lose_nothing(desk: Desk, long: bool) -> None:
    count, said = (20_000, 200_000) if long else (1_000, 10_000)
    listener = desk.listener()
    desk.proxy.cut_after(said, times=10)
    device = desk.busy_device(count)
    heard = Heard.until(listener, lambda heard: len(heard.readings) >= count)
    assert not heard.lacks(count)
    assert device.ended() == 0
    assert len(desk.proxy.heard) > 10


def test_a_long_outage_within_the_bound_loses_nothing(desk: Desk) -> None:
    desk.proxy.refuses = True
    listener = desk.listener()
    device = desk.busy_device(2_000, "--blind")
    wait_until(lambda: "all taken" in device.log)
    assert len(list(desk.flash.iterdir())) >= 2_000 // 128
    desk.proxy.refuses = False
    heard = Heard.until(listener, lambda heard: len(heard.readings) >= 2_000)
    assert heard.seqs == list(range(2_000))
    assert device.ended() == 0


def test_beyond_the_bound_the_oldest_give_way_and_are_counted(desk: Desk) -> None:
    desk.proxy.refuses = True
    listener = desk.listener()
    device = desk.busy_device(1_000, "--blind", store={"folder": str(desk.flash), "segments": 4})
    wait_until(lambda: "all taken" in device.log)
    desk.proxy.refuses = False
    heard = Heard.until(listener, lambda heard: 999 in heard.seqs)
    missing = heard.lacks(1_000)
    assert missing == set(range(len(missing)))  # the oldest
    assert 3 * 128 <= len(heard.readings) <= 4 * 128 + 64
    assert {reading["dropped"] for reading in heard.readings.values()} == {len(missing)}
    assert device.ended() == 0
