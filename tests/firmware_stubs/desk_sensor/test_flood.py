"""Many publications in a row: packet ids begin anew after 65,535, and nothing is lost or lacks its confirmation."""

import json
from itertools import pairwise

from tests.firmware_stubs.desk_sensor.desk import READING, Desk, Heard, published


def test_packet_ids_begin_anew_at_1(desk: Desk) -> None:
    listener = desk.listener()
    device = desk.busy_device(400, "--after", "65400")
    heard = Heard.until(listener, lambda heard: not heard.lacks(400))
    assert heard.repeats == 0
    assert device.ended() == 0
    used = [message.packet_id for message in published(desk.proxy.heard)]
    assert used[0] == 65_402  # after the subscription's
    assert all(later == earlier % 65_535 + 1 for earlier, later in pairwise(used))
    assert 1 in used


def test_seventy_thousand_publications_arrive_once_each(desk: Desk, long: bool) -> None:
    count = 70_000 if long else 700
    listener = desk.listener()
    device = desk.busy_device(count)
    heard = Heard.until(listener, lambda heard: len(heard.readings) >= count)
    assert device.ended() == 0
    said = json.loads(device.log.splitlines()[-1])
    print(said, {"lost": len(heard.lacks(count)), "repeated": heard.repeats})
    assert (said["told"], said["dropped"]) == (count, 0)
    assert not heard.lacks(count)
    assert heard.repeats == 0
    sent = [message for message in published(desk.proxy.heard) if message.topic == READING]
    assert len(sent) == count
    assert not any(message.is_again for message in sent)
    if long:
        assert max(message.packet_id for message in sent) == 65_535
    assert list(desk.flash.iterdir()) == []  # told as it came: the flash was never written
