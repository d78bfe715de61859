"""The desk sensor: what one turn of the main loop does. It never waits, so that the watchdog's meal is never late."""

import json
import os
import socket

from desk_sensor.backoff import Backoff
from desk_sensor.client import Client
from desk_sensor.clock import Clock, Sntp
from desk_sensor.debounce import Debounce
from desk_sensor.outbox import Outbox
from desk_sensor.readings import Reading, payload, told
from desk_sensor.server import Server
from desk_sensor.store import Store

_BOOT_BYTES = 8
_CLOCK_GRACE_MS = 60_000
_STABLE_MS = 30_000
# How long after a look-up of a server's name the next may follow: each may make the sensor blind for seconds.
_NTP_LOOK_UP_MS = (10_000, 3_600_000)
_BROKER_LOOK_UP_MS = (10_000, 300_000)
_MOST_SEQ = 0xFFFF_FFFF
_LIMITS_S = {"hold_s": (0, 3_600), "heartbeat_s": (5, 86_400)}


def changed(config, data):
    """The configuration with what a retained message asks for; anything else in it changes nothing."""
    try:
        asked = json.loads(data)
    except ValueError:
        return config
    if not isinstance(asked, dict):
        return config
    new = dict(config)
    for name, (least, most) in _LIMITS_S.items():
        value = asked.get(name)
        if type(value) in (int, float) and least <= value <= most:
            new[name] = value
    return new


class Sensor:
    """`board` is the hardware.

    It has `seen(now_ms)`, `network(now_ms)`, `battery_pct()`, `rssi()`, `uptime_ms()` and `random()`.
    """

    def __init__(self, board, settings, log=print):
        self.boot = os.urandom(_BOOT_BYTES)
        self.seq = 0
        self.config = {"hold_s": settings["hold_s"], "heartbeat_s": settings["heartbeat_s"]}
        self.outbox = Outbox(Store(settings["store"]["folder"], settings["store"]["segments"]))
        self.clock = Clock()
        self._board = board
        self._log = log
        self._debounce = Debounce(settings["on_ms"], self.config["hold_s"] * 1000)
        self._told = None
        self._told_ms = None
        ntp = settings["ntp"]
        self._sntp = Sntp(
            self.clock,
            self._server(ntp, socket.SOCK_DGRAM, _NTP_LOOK_UP_MS),
            ntp["retry_ms"],
            board.uptime_ms,
        )
        topic = "akiseki/v1/" + settings["id"] + "/"
        self._topic = (topic + "reading").encode()
        broker = settings["broker"]
        self.client = Client(
            self._server(broker, socket.SOCK_STREAM, _BROKER_LOOK_UP_MS),
            (settings["id"].encode(), settings["password"].encode()),
            ((topic + "status").encode(), (topic + "config").encode()),
            keepalive_s=broker["keepalive_s"],
            uptime_ms=board.uptime_ms,
            on_ack=self.outbox.confirm,
            on_message=self._configure,
        )
        self._backoff = Backoff(*broker["retry_ms"], board.random)
        self._retry_ms = 0
        self._opened_ms = None
        self._first_open_ms = None
        self._held = None

    def _server(self, settings, kind, look_up_ms):
        backoff = Backoff(*look_up_ms, self._board.random)
        return Server((settings["host"], settings["port"]), kind, backoff, self._board.uptime_ms)

    def turn(self):
        """Look, note, tell. Raises nothing that time or a better network mends."""
        now_ms = self._board.uptime_ms()
        self._look(now_ms)
        is_up = self._board.network(now_ms)
        if is_up:
            self._sntp.turn()
        self._connect(is_up)
        now_ms = self._board.uptime_ms()  # anew: look-ups may have taken seconds
        self.client.turn(now_ms)
        self._note_connection(now_ms)
        while self.client.has_room and self._tell(now_ms):
            pass
        self.outbox.save(now_ms, self.client.is_open)

    def _look(self, now_ms):
        state = self._debounce.update(self._board.seen(now_ms), now_ms)
        is_late = self._told_ms is None or now_ms - self._told_ms >= self.config["heartbeat_s"] * 1000
        if state is not self._told or is_late:
            self._note(state, now_ms)

    def _note(self, state, now_ms):
        is_dated = self.clock.is_right
        reading = Reading(
            self.boot,
            self.seq,
            self.clock.unix_ms(now_ms) if is_dated else now_ms,
            is_dated,
            state,
            self._board.battery_pct(),
            self._board.rssi(),
        )
        self.seq = min(self.seq + 1, _MOST_SEQ)
        self._told = state
        self._told_ms = now_ms
        self.outbox.add(reading, now_ms)

    def _connect(self, is_up):
        if not is_up:
            if not self.client.is_closed:
                self.client.close("no network")
        elif self.client.is_closed and self._opened_ms is None and self._board.uptime_ms() >= self._retry_ms:
            try:
                self.client.open()
            except OSError as error:
                self._log("broker:", error)
            self._retry_ms = self._board.uptime_ms() + self._backoff.delay_ms()

    def _note_connection(self, now_ms):
        if self.client.is_open:
            if self._opened_ms is None:
                self._opened_ms = now_ms
                self._first_open_ms = self._first_open_ms or now_ms
                self._log("broker: connected")
            self.outbox.settle(self.client.heard_ms)
        elif self._opened_ms is not None:
            self._log("broker: lost:", self.client.why_closed)
            if now_ms - self._opened_ms >= _STABLE_MS:
                self._backoff.reset()
            self._opened_ms = None
            self._retry_ms = now_ms + self._backoff.delay_ms()
            self.outbox.connection_lost(self.client.heard_ms)

    def _tell(self, now_ms):
        """Publish the next reading; whether there was one that may be told."""
        token = self._held or self.outbox.take()
        self._held = None
        if token is None:
            return False
        reading = token[0]
        may_wait = now_ms - self._first_open_ms < _CLOCK_GRACE_MS
        found = told(reading, self.boot, self.clock, now_ms, may_wait)
        if found is None:
            self._held = token
            return False
        self.client.publish(self._topic, payload(reading, *found, self.outbox.dropped), token, now_ms)
        return True

    def _configure(self, topic, data):
        self.config = changed(self.config, data)
        self._debounce.hold_ms = self.config["hold_s"] * 1000
