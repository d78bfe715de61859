"""A time server on a port of its own, which answers SNTP as RFC 4330 has it."""

import socket
import struct
import threading
import time
from types import TracebackType
from typing import Self

_SECONDS_1900_TO_1970 = 2_208_988_800


class TimeServer:
    """Tells this machine's time, shifted; silent while `is_silent`."""

    def __init__(self, shift_s: float = 0, *, is_silent: bool = False) -> None:
        self.is_silent = is_silent
        self.asked = 0
        self._shift_s = shift_s
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            one.sendto(b"", ("127.0.0.1", self.port))
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while True:
            request, address = self._socket.recvfrom(128)
            if not request:
                return
            self.asked += 1
            if not self.is_silent:
                self._socket.sendto(self._answer(request), address)

    def _answer(self, request: bytes) -> bytes:
        now = time.time() + self._shift_s  # noqa: TID251 - a time server lives in real time
        seconds = int(now)
        stamp = struct.pack(">II", seconds + _SECONDS_1900_TO_1970, int((now - seconds) * 2**32))
        return b"\x24\x02\x00\xe9" + bytes(20) + request[40:48] + stamp + stamp
