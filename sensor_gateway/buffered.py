"""A socket that is read a large piece at a time and, where told to, written to at once.

paho reads the head of each packet byte by byte and sends each acknowledgement by itself. Every such call lets other
threads of the process run and then waits for them: beside a thread that stores it would take more than all the rest.
"""

from __future__ import annotations

import select
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from paho.mqtt.client import Client

PIECE = 65_536
ANSWER_S = 10.0


class Buffered:
    """A socket without blocking, of paho's `SocketLike`."""

    def __init__(self, socket: Any) -> None:
        self._socket = socket
        self._read, self._at = b"", 0
        self._corked: bytearray | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)

    @property
    def holds(self) -> bool:
        """Whether something was read that nobody has asked for yet: the network need not be waited for."""
        return self._at < len(self._read)

    def recv(self, size: int) -> bytes:
        """Raises as the socket where nothing is there; empty where the other side hung up."""
        if self._at >= len(self._read):
            self._read, self._at = self._socket.recv(PIECE), 0
        found = self._read[self._at : self._at + size]
        self._at += size
        return found

    def send(self, data: bytes) -> int:
        """How much was sent, or kept until the cork is drawn."""
        if self._corked is None:
            return int(self._socket.send(data))
        self._corked += data
        return len(data)

    @contextmanager
    def corked(self) -> Iterator[None]:
        """What is sent inside goes out at the end, at once. Raises OSError where it cannot."""
        self._corked = bytearray()
        try:
            yield
        finally:
            left, self._corked = memoryview(bytes(self._corked)), None
            while left:
                try:
                    left = left[self._socket.send(left) :]
                except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                    if not select.select([], [self._socket], [], ANSWER_S)[1]:
                        raise TimeoutError("the broker does not read what it is sent") from None


class BufferedClient(Client):
    """paho's client on such a socket; it has no other place to hand one in."""

    def _create_socket(self) -> Any:
        return Buffered(super()._create_socket())
