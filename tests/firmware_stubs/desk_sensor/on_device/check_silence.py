"""Name servers that are silent, on a clock of its own: the look-ups take their time, everything else takes none.

Nothing here is a real network; the sensor, its pin and its rules are.
"""

import errno
import struct

from desk_sensor import client, clock, sensor, server
from desk_sensor.backoff import Backoff
from desk_sensor.inputs import Level
from desk_sensor.settings import completed

AT_MS = 1_795_478_462_000
MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
ONE_SILENT_MS = 7_000  # lwIP asks a name server four times: 1 + 1 + 2 + 3 s
PULSE_MS = 2_300
LOGIN, TOPICS = (b"desk-1", b"x"), (b"status", b"config")


class Net:
    """Stands in for `socket` and `select`, and is the clock: nobody answers but, if it may, the time server."""

    SOCK_STREAM, SOCK_DGRAM = 1, 2
    POLLIN, POLLOUT, POLLERR, POLLHUP = 1, 4, 8, 16

    def __init__(self, look_up_ms, finds=True, has_time=True):
        self.now_ms = 0
        self.look_up_ms = look_up_ms
        self.finds = finds
        self.has_time = has_time
        self.looked_up = []
        self.asked = []
        for module in (client, clock, server, sensor):
            module.socket = module.select = self

    def uptime_ms(self):
        return self.now_ms

    def getaddrinfo(self, host, port, family, kind):
        self.now_ms += self.look_up_ms
        self.looked_up.append((self.now_ms, host))
        if not self.finds:
            raise OSError(-202)
        return [(2, kind, 0, "", ("192.0.2.1", port))]

    def socket(self, family, kind, protocol):
        return Socket(self, kind)

    def poll(self):
        return Poll()


class Socket:
    def __init__(self, net, kind):
        self.net = net
        self.kind = kind
        self.nonce = None

    def setblocking(self, waits):
        pass

    def close(self):
        pass

    def connect(self, address):
        raise OSError(errno.EINPROGRESS)

    def sendto(self, data, address):
        self.net.asked.append(self.net.now_ms)
        self.nonce = data[40:]

    def recv(self, size):
        unix_ms = AT_MS + self.net.now_ms
        seconds = struct.pack(">II", unix_ms // 1000 + 2_208_988_800, (unix_ms % 1000 << 32) // 1000)
        return b"\x24\x01" + bytes(22) + self.nonce + bytes(8) + seconds


class Poll:
    def register(self, socket, flags):
        self.socket = socket

    modify = register

    def poll(self, wait_ms):
        return [(self.socket, Net.POLLIN)] if self.socket.nonce and self.socket.net.has_time else []


class Pin:
    """A PIR sensor that sees somebody move twice a minute; it rises whether or not anybody looks."""

    IRQ_RISING = 1
    EVERY_MS = 30_000

    def __init__(self, net):
        self.net = net
        self.risen = 0

    def irq(self, handler, trigger):
        self.handler = handler

    def pass_time(self):
        """Call the interrupts of the time that has passed, as MicroPython does once the blocking call is over."""
        if self.net.now_ms // self.EVERY_MS > self.risen:
            self.risen = self.net.now_ms // self.EVERY_MS
            self.handler(self)

    def __call__(self):
        return int(self.net.now_ms % self.EVERY_MS < PULSE_MS)


class Board:
    def __init__(self, net):
        self.pin = Pin(net)
        self.level = Level(self.pin)
        self.uptime_ms = net.uptime_ms

    def seen(self, now_ms):
        self.pin.pass_time()
        return self.level.seen(now_ms)

    def network(self, now_ms):
        return True

    def battery_pct(self):
        return None

    rssi = battery_pct

    def random(self):
        return 0.5


def two_hours_of_somebody(look_up_ms):
    """What is told of a seat that is taken all the time, and which share of the time the sensor is blind."""
    net = Net(look_up_ms, finds=False)
    desk = {
        "id": "desk-1",
        "password": "x",
        "broker": {"host": "broker.example"},
        "ntp": {"host": "ntp.example"},
        "input": {"kind": "pir"},
        "store": {"folder": "/nowhere"},
    }
    one = sensor.Sensor(Board(net), completed(desk), log=lambda *said: None)
    told = []
    one.outbox.add = lambda reading, now_ms: told.append(reading.occupied)
    while net.now_ms < 2 * HOUR_MS:
        one.turn()
        net.now_ms += 100
        assert net.now_ms < 2 * MINUTE_MS or True in told
    return told, net.look_up_ms * len(net.looked_up) / net.now_ms


def check_whoever_sits_there_is_never_told_vacant_while_name_servers_are_silent():
    for silent, most_blind in ((1, 0.06), (2, 0.11)):
        told, blind = two_hours_of_somebody(silent * ONE_SILENT_MS)
        assert set(told[told.index(True) :]) == {True}
        assert len(told) > 20  # at each heartbeat
        assert blind < most_blind


def check_a_pulse_that_nobody_saw_is_seen_at_the_next_look_and_noise_is_not():
    net = Net(0)
    net.now_ms = 10_000
    pin = Pin(net)
    level = Level(pin)
    assert level.seen(net.now_ms) is False
    pin.handler(pin)
    assert level.seen(net.now_ms + 7_000) is True
    assert level.seen(net.now_ms + 7_020) is False
    pin.handler(pin)
    assert level.seen(net.now_ms + 7_040) is False


def every_100_ms(lasted_ms):
    return (100 for _ in range(lasted_ms // 100))


def the_clock_of(net, turns_ms):
    right = clock.Clock()
    ntp = server.Server(("ntp", 123), net.SOCK_DGRAM, Backoff(10_000, HOUR_MS, lambda: 0), net.uptime_ms)
    sntp = clock.Sntp(right, ntp, 10_000, net.uptime_ms)
    for pause_ms in turns_ms:
        sntp.turn()
        net.now_ms += pause_ms
    return right


def check_a_slow_look_up_does_not_put_the_clock_wrong():
    net = Net(ONE_SILENT_MS)
    right = the_clock_of(net, [20] * 10)
    assert abs(right.unix_ms(net.now_ms) - AT_MS - net.now_ms) <= 20


def check_an_answer_that_lay_there_for_long_is_not_taken():
    net = Net(0)
    assert not the_clock_of(net, [ONE_SILENT_MS, 20]).is_right  # the broker was looked up in between


def check_a_failed_look_up_is_repeated_ever_more_slowly_counted_from_its_end():
    net = Net(ONE_SILENT_MS, finds=False)
    the_clock_of(net, every_100_ms(HOUR_MS))
    assert len(net.looked_up) >= 9
    due_ms = ONE_SILENT_MS
    for number, (ended_ms, _) in enumerate(net.looked_up):
        assert due_ms <= ended_ms <= due_ms + 10_100
        due_ms = ended_ms + (5_000 << number) + ONE_SILENT_MS


def check_the_last_address_is_asked_and_looked_up_only_when_it_is_silent():
    net = Net(0)
    right = the_clock_of(net, every_100_ms(13 * HOUR_MS))
    assert right.is_right
    assert len(net.asked) == 3  # every six hours
    assert len(net.looked_up) == 1
    net = Net(0, has_time=False)
    the_clock_of(net, every_100_ms(HOUR_MS))
    assert len(net.asked) > 300
    assert 5 < len(net.looked_up) < 12


def a_client(net):
    broker = server.Server(
        ("broker", 1_883), net.SOCK_STREAM, Backoff(10_000, HOUR_MS, lambda: 0), net.uptime_ms
    )
    return client.Client(
        broker, LOGIN, TOPICS, keepalive_s=30, uptime_ms=net.uptime_ms, on_ack=None, on_message=None
    )


def check_the_time_to_greet_begins_after_the_look_up():
    net = Net(2 * ONE_SILENT_MS)
    one = a_client(net)
    one.open()
    one.turn(net.now_ms)
    assert not one.is_closed
    one.turn(net.now_ms + 10_000)
    assert not one.is_closed
    one.turn(net.now_ms + 10_001)
    assert one.is_closed


def check_the_brokers_last_address_serves_while_the_name_service_is_silent():
    net = Net(0)
    one = a_client(net)
    one.open()
    one.close()  # in doubt now, and the name service falls silent
    net.finds = False
    net.now_ms = HOUR_MS
    one.open()
    assert len(net.looked_up) == 2
    assert not one.is_closed


for name, check in sorted(globals().items()):
    if name.startswith("check_"):
        check()
        print(name)
