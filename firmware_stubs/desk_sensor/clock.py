"""The time of day, asked of an NTP server; until it has answered there is none."""

import os
import select
import socket
import struct

_AGAIN_MS = 6 * 3_600_000
_ANSWER_MS = 2_000  # what is heard later came while nobody looked, at no known moment
_SECONDS_1900_TO_1970 = 2_208_988_800
_ERA_S = 1 << 32  # NTP's seconds begin anew in February 2036
_EARLIEST_MS = 1_767_225_600_000  # 2026-01-01: before that no such sensor was made


class Clock:
    """Unix time as a distance from the uptime. A crystal loses some seconds a day, which the next answer mends."""

    def __init__(self):
        self._at_boot_ms = None

    @property
    def is_right(self):
        return self._at_boot_ms is not None

    def set(self, unix_ms, uptime_ms):
        self._at_boot_ms = unix_ms - uptime_ms

    def unix_ms(self, uptime_ms):
        """Unix time at an instant of this boot; ask only once it is right."""
        return self._at_boot_ms + uptime_ms


def request(nonce):
    """An SNTP request (RFC 4330): version 4, client; the 8 bytes come back in the answer."""
    return b"\x23" + bytes(39) + nonce


def answered_ms(data, nonce):
    """The server's Unix time in ms; None for no answer to our request, or one of a server without time."""
    if (
        len(data) < 48
        or data[0] & 7 != 4
        or data[0] >> 6 == 3
        or not 0 < data[1] < 16
        or data[24:32] != nonce
    ):
        return None
    seconds, fraction = struct.unpack(">II", data[40:48])
    if seconds < _ERA_S // 2:
        seconds += _ERA_S
    unix_ms = (seconds - _SECONDS_1900_TO_1970) * 1000 + (fraction * 1000 >> 32)
    return unix_ms if unix_ms >= _EARLIEST_MS else None


class Sntp:
    """Keeps a clock right; never waits, but for the name service."""

    def __init__(self, clock, server, retry_ms, uptime_ms):
        self._clock = clock
        self._server = server
        self._retry_ms = retry_ms
        self._uptime_ms = uptime_ms
        self._socket = None
        self._nonce = b""
        self._asked_ms = 0
        self._next_ms = 0

    def turn(self):
        """Ask, or take the answer, as it is due."""
        now_ms = self._uptime_ms()
        try:
            if self._socket is None:
                if now_ms >= self._next_ms:
                    self._ask()
            elif now_ms - self._asked_ms > _ANSWER_MS:
                self._give_up()
            elif self._poll.poll(0):
                self._hear(self._socket.recv(48), now_ms)
        except OSError:
            self._give_up()

    def _ask(self):
        try:
            family, kind, protocol, address = self._server.found()
        finally:
            self._asked_ms = self._uptime_ms()  # anew: the look-up may have taken seconds
            self._next_ms = self._asked_ms + self._retry_ms
        self._socket = socket.socket(family, kind, protocol)
        self._socket.setblocking(False)
        self._poll = select.poll()
        self._poll.register(self._socket, select.POLLIN)
        self._nonce = os.urandom(8)
        self._socket.sendto(request(self._nonce), address)

    def _hear(self, data, now_ms):
        unix_ms = answered_ms(data, self._nonce)
        if unix_ms is not None:
            self._clock.set(unix_ms, (self._asked_ms + now_ms) // 2)
            self._next_ms = now_ms + _AGAIN_MS
            self._server.answered()
            self._close()

    def _give_up(self):
        self._server.doubt()
        self._close()

    def _close(self):
        if self._socket is not None:
            self._socket.close()
            self._socket = None
