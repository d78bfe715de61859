"""The device's pure rules, tried in the interpreter that they are written for."""

import json
import time

from desk_sensor import packets
from desk_sensor.backoff import Backoff
from desk_sensor.clock import Clock, answered_ms, request
from desk_sensor.debounce import Debounce
from desk_sensor.inputs import Pressure, battery_pct
from desk_sensor.ld2410 import Radar
from desk_sensor.outbox import Outbox
from desk_sensor.readings import Reading, payload, rfc3339, told
from desk_sensor.sensor import changed
from desk_sensor.settings import completed
from desk_sensor.store import Confirmed, packed, unpacked
from desk_sensor.wifi import Wifi

BOOT, OTHER = b"\x9c\x41\xe0\xd2\xa7\x7b\x3f\x16", bytes(8)
FRAME = b"\xf4\xf3\xf2\xf1\x0d\x00\x02\xaa\x02\x33\x00\x00\x48\x00\x64\x29\x00\x55\x00\xf8\xf7\xf6\xf5"
AT_MS = 1_795_478_462_345  # 2026-11-24T00:01:02.345Z


def reading(at_ms=AT_MS, is_dated=True, occupied=True, boot=BOOT, battery_pct=87, rssi=-61):
    return Reading(boot, 42, at_ms, is_dated, occupied, battery_pct, rssi)


def debounced(steps, on_ms=300, hold_ms=1_000):
    debounce = Debounce(on_ms, hold_ms)
    return [debounce.update(seen, at_ms) for at_ms, seen in steps]


def check_presence_counts_once_it_has_lasted():
    steps = [(0, False), (10, True), (309, True), (310, True)]
    assert debounced(steps) == [False, False, False, True]


def check_a_flicker_is_no_presence():
    assert debounced([(0, False), (10, True), (200, False), (400, True), (600, True)]) == [False] * 5


def check_the_seat_is_held_until_nobody_was_seen_for_the_hold():
    steps = [(0, True), (300, True), (400, False), (1_399, False), (1_400, False)]
    assert debounced(steps) == [None, True, True, True, False]
    steps = [
        (0, True),
        (300, True),
        (400, False),
        (1_300, True),
        (1_350, False),
        (2_349, False),
        (2_350, False),
    ]
    assert debounced(steps)[-2:] == [True, False]


def check_a_fault_is_told_after_five_seconds():
    silent = [(at_ms, None) for at_ms in range(400, 5_400, 1_000)]
    steps = [(0, True), (300, True)] + silent + [(5_399, None), (5_400, None), (5_500, False)]  # noqa: RUF005
    assert debounced(steps)[-3:] == [True, None, False]


def check_time_that_nobody_looked_in_is_neither_presence_nor_absence_nor_fault():
    steps = [(0, False), (10, True), (7_010, True), (7_309, True), (7_310, True)]
    assert debounced(steps) == [False, False, False, False, True]
    steps = [(0, True), (300, True), (400, False), (7_400, False), (8_399, False), (8_400, False)]
    assert debounced(steps)[-3:] == [True, True, False]
    assert debounced([(0, True), (300, True), (400, None), (7_400, None)])[-1] is True


def check_both_epochs_give_the_same_time():
    def since_2000(seconds):
        return time.gmtime(seconds + 946_684_800)

    for at_ms in (AT_MS, 1_772_323_199_999, 1_772_323_200_000, 4_102_444_800_000):
        assert rfc3339(at_ms) == rfc3339(at_ms, since_2000)
    assert rfc3339(AT_MS, since_2000) == "2026-11-24T00:01:02.345Z"
    assert rfc3339(1_772_323_199_007) == "2026-02-28T23:59:59.007Z"


def check_the_time_of_a_reading_is_told_when_it_is_known():
    right, wrong = Clock(), Clock()
    right.set(AT_MS, 5_000)
    assert told(reading(), BOOT, wrong, 0, True) == (True, AT_MS)
    undated = reading(at_ms=7_000, is_dated=False)
    assert told(undated, BOOT, right, 99_000, True) == (True, AT_MS + 2_000)
    assert told(undated, BOOT, wrong, 17_000, True) == (True, None)  # taken just now
    assert told(undated, BOOT, wrong, 17_001, True) is None  # wait for the clock
    assert told(undated, BOOT, wrong, 17_001, False) == (None, None)  # it would count as of now
    assert told(undated, OTHER, right, 7_001, True) == (None, None)


def check_a_reading_is_json_of_the_native_wire():
    assert json.loads(payload(reading(), True, AT_MS, 0)) == {
        "boot": "9c41e0d2a77b3f16",
        "seq": 42,
        "observed_at": "2026-11-24T00:01:02.345Z",
        "occupied": True,
        "battery_pct": 87,
        "rssi": -61,
    }
    bare = payload(reading(battery_pct=None, rssi=None), None, None, 3)
    assert b'"occupied":null' in bare
    assert b'"dropped":3' in bare
    assert b"observed_at" not in bare
    assert b"rssi" not in bare


def check_a_record_comes_back_as_it_was():
    for one in (reading(), reading(occupied=None, battery_pct=None, rssi=None), reading(7, False, False)):
        record = packed(one)
        assert unpacked(record) == one
        for place in range(len(record)):
            torn = bytearray(record)
            torn[place] ^= 0x10
            assert unpacked(torn) is None
            assert unpacked(record[:place]) is None


def check_delays_double_to_a_bound_and_never_agree():
    low = Backoff(1_000, 8_000, lambda: 0)
    high = Backoff(1_000, 8_000, lambda: 0.999_999)
    assert [low.delay_ms() for _ in range(5)] == [500, 1_000, 2_000, 4_000, 4_000]
    assert [high.delay_ms() for _ in range(5)] == [999, 1_999, 3_999, 7_999, 7_999]
    low.reset()
    assert low.delay_ms() == 500


def check_packet_ids_wrap_and_pass_over_those_under_way():
    assert packets.next_id(65_534, []) == 65_535
    assert packets.next_id(65_535, []) == 1
    assert packets.next_id(65_535, [1, 2]) == 3


def check_packets_are_cut_wherever_the_network_cuts_them():
    whole = packets.publish(b"t", bytes(300), 7) + packets.PING + packets.puback(65_535)
    for place in range(len(whole) + 1):
        incoming = packets.Incoming()
        found = incoming.add(whole[:place]) + incoming.add(whole[place:])
        assert [kind for kind, _, _ in found] == [3, 12, 4]
        assert packets.published(2, found[0][2]) == (b"t", bytes(300), 7)


def check_what_is_no_mqtt_is_refused():
    try:
        packets.Incoming().add(b"\x30\xff\xff\xff\xff\x7f")
    except packets.ProtocolError:
        return
    raise AssertionError


def check_a_packet_without_room_is_passed_over():
    whole = packets.PING + packets.publish(b"t", bytes(5_000), 7) + packets.puback(9)
    for step in (1, 7, 1_024, 10_000):
        incoming = packets.Incoming()
        found = []
        for at in range(0, len(whole), step):
            found += incoming.add(whole[at : at + step])
        assert found == [(12, 0, b""), (4, 0, b"\x00\x09")]


def check_the_radars_frames_are_found_between_other_bytes():
    noise = b"\xf4\xf3\x00\xf4\xf3\xf2\xf1\xff\xff"
    stream = noise + FRAME + noise + FRAME.replace(b"\xaa\x02", b"\xaa\x00")
    for place in range(len(stream)):
        radar = Radar()
        radar.add(stream[:place], 100)
        radar.add(stream[place:], 200)
        came_at_once = place < len(noise + FRAME)
        assert radar.present(200) is came_at_once  # one of them says that somebody was there
    radar = Radar()
    assert radar.present(0) is None
    radar.add(FRAME, 100)
    assert radar.present(2_100) is True
    assert radar.present(2_101) is None
    radar.add(FRAME[:-1] + b"\x00", 5_000)
    assert radar.present(5_000) is None


def check_pressure_between_its_bounds_stays_as_it_was():
    levels = [100, 1_500, 1_000, 999, 1_499]
    mat = Pressure(lambda: levels.pop(0), 1_500, 1_000)
    assert [mat.seen(0) for _ in range(5)] == [False, True, True, False, False]


def check_the_battery_is_whole_percent():
    assert [battery_pct(mv) for mv in (0, 3_300, 3_650, 3_800, 4_150, 5_000)] == [0, 0, 17, 50, 100, 100]


def check_an_answer_of_ntp_is_ours_and_from_a_server_with_time():
    nonce = b"12345678"
    assert len(request(nonce)) == 48
    seconds = AT_MS // 1000 + 2_208_988_800
    answer = b"\x24\x02\x00\xe9" + bytes(20) + nonce + bytes(8) + seconds.to_bytes(4, "big") + b"\x80\0\0\0"
    assert answered_ms(answer, nonce) == AT_MS // 1000 * 1000 + 500
    assert answered_ms(answer, b"other no") is None
    assert answered_ms(answer[:47], nonce) is None
    assert answered_ms(b"\xe4" + answer[1:], nonce) is None  # it says that its clock is not set
    assert answered_ms(b"\x24\x00" + answer[2:], nonce) is None  # a kiss of death
    assert answered_ms(answer[:40] + bytes(8), nonce) == 2_085_978_496_000  # the next era begins in 2036


def check_a_configuration_changes_what_it_names_within_bounds():
    old = {"hold_s": 60, "heartbeat_s": 300}
    assert changed(old, b'{"hold_s": 120}') == {"hold_s": 120, "heartbeat_s": 300}
    for data in (
        b"",
        b"[]",
        b"{",
        b'{"hold_s": -1, "heartbeat_s": 4}',
        b'{"hold_s": true, "heartbeat_s": "9"}',
    ):
        assert changed(old, data) == old


def check_settings_name_what_is_missing():
    given = {"id": "desk-1", "password": "x", "broker": {"host": "h"}, "input": {"kind": "pir", "pin": 4}}
    whole = completed(given)
    assert (whole["broker"]["host"], whole["broker"]["port"], whole["heartbeat_s"]) == ("h", 1_883, 300)
    try:
        completed({"id": "desk-1"})
    except ValueError as error:
        assert "password" in str(error)
    else:
        raise AssertionError("no password")


class FullFlash(list):
    """A store that takes nothing for a while."""

    is_full = False
    is_empty = True
    dropped = 0

    def take(self, is_repeat):
        return None

    def append(self, readings):
        if self.is_full:
            raise OSError(28)
        super().append([reading.seq for reading in readings])


def numbered(seq):
    return Reading(BOOT, seq, 0, True, True, None, None)


def check_offline_flash_is_written_once_a_minute_with_what_was_under_way_too():
    flash = FullFlash()
    outbox = Outbox(flash)
    outbox.add(numbered(0), 0)
    assert outbox.take()[0].seq == 0
    outbox.add(numbered(1), 30_000)
    for now_ms in range(30_000, 60_000, 100):
        outbox.save(now_ms, False)
    assert flash == []
    outbox.save(60_000, False)
    assert flash == [[0, 1]]
    outbox.save(60_100, False)
    assert flash == [[0, 1]]


def check_online_flash_is_not_written_unless_many_wait():
    flash = FullFlash()
    outbox = Outbox(flash)
    for seq in range(31):
        outbox.add(numbered(seq), 0)
    outbox.save(600_000, True)
    assert flash == []
    outbox.add(numbered(31), 0)
    outbox.save(600_000, True)
    assert flash == [list(range(32))]


def check_what_was_confirmed_is_safe_after_a_minute_and_ten_seconds_of_one_connection_or_the_fifth_time():
    for confirmed_s, heard_s, expected in (
        ((0,), 60, False),
        ((0,), 61, True),
        ((0, 40), 60, False),  # told again: not long enough since the first time
        ((0, 40), 61, True),
        ((0, 3_600), 3_610, False),  # not long enough on this connection
        ((0, 3_600), 3_611, True),
        ((0, 100, 200, 300), 300, False),  # no connection holds
        ((0, 100, 200, 300, 400), 400, True),
        ((0, 10, 20, 30, 40), 40, False),
    ):
        confirmed = Confirmed()
        for at_s in confirmed_s:
            confirmed.again(at_s * 1000)
        assert confirmed.is_safe(heard_s * 1000) is expected, (confirmed_s, heard_s)


def check_a_flash_that_refuses_is_asked_again_after_a_minute_and_the_oldest_give_way():
    flash = FullFlash()
    flash.is_full = True
    outbox = Outbox(flash)
    for seq in range(70):
        outbox.add(numbered(seq), 0)
        outbox.save(0, False)
    assert outbox.dropped == 6
    flash.is_full = False
    outbox.save(59_900, False)
    assert flash == []
    outbox.save(60_000, False)
    assert flash == [list(range(6, 70))]


class Wlan:
    """An access point that is there or not."""

    def __init__(self):
        self.is_there = False
        self.calls = []

    def isconnected(self):
        return self.is_there

    def connect(self, ssid, password):
        self.calls.append("connect")
        raise OSError("busy")

    def disconnect(self):
        self.calls.append("disconnect")


def check_wifi_is_tried_again_ever_more_slowly():
    wlan = Wlan()
    wifi = Wifi(wlan, "ssid", "pw", Backoff(1_000, 4_000, lambda: 0))
    tried = []
    for now_ms in range(0, 60_000, 100):
        before = len(wlan.calls)
        assert wifi.turn(now_ms) is False
        if len(wlan.calls) > before and wlan.calls[-1] == "connect":
            tried.append(now_ms)
    assert tried == [0, 15_500, 31_500, 48_500]
    wlan.is_there = True
    assert wifi.turn(60_000) is True


for name, check in sorted(globals().items()):
    if name.startswith("check_"):
        check()
        print(name)
