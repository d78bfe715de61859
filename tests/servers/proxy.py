"""A stretch of network between a device and its broker that can be cut, fall silent, and be listened to."""

from __future__ import annotations

import socket
import struct
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self

_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: no farewell


class Proxy:
    """Passes bytes on to a port of this machine. `heard` holds, for each connection, what came from the device."""

    def __init__(self, target: int) -> None:
        self.heard: list[bytearray] = []
        self.refuses = False
        self._target = target
        self._is_silent = False
        self._lifetimes: list[int] = []
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._accepting = threading.Thread(target=self._accept)

    def __enter__(self) -> Self:
        self._accepting.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._accepting.join()
        self.cut()
        for thread in self._threads:
            thread.join()

    def silence(self) -> None:
        """From now on bytes vanish on their way, and nobody learns of it."""
        self._is_silent = True

    def heal(self) -> None:
        """New connections work again; those of the silence are reset."""
        self.cut()
        self._is_silent = False

    def cut(self) -> None:
        """Reset every connection."""
        pairs, self._pairs = self._pairs, []
        for pair in pairs:
            _reset(pair)

    def cut_after(self, said: int, *, times: int) -> None:
        """Reset each of the next connections when the device has said so many bytes on it, in a message if need be."""
        self._lifetimes += [said] * times

    def _accept(self) -> None:
        while True:
            try:
                device, _ = self._listener.accept()
            except OSError:
                return
            self._connect(device)

    def _connect(self, device: socket.socket) -> None:
        try:
            broker = None if self.refuses else socket.create_connection(("127.0.0.1", self._target))
        except OSError:
            broker = None
        if broker is None:
            device.close()
            return
        heard = bytearray()
        self.heard.append(heard)
        self._pairs.append((device, broker))
        lifetime = self._lifetimes.pop(0) if self._lifetimes else None
        for ways in ((device, broker, heard, lifetime), (broker, device, None, None)):
            thread = threading.Thread(target=self._pump, args=ways)
            self._threads.append(thread)
            thread.start()

    def _pump(
        self, source: socket.socket, sink: socket.socket, note: bytearray | None, lifetime: int | None
    ) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                if note is not None:
                    data = data if lifetime is None else data[: lifetime - len(note)]
                    note += data
                if not self._is_silent:
                    sink.sendall(data)
                if note is not None and len(note) == lifetime:
                    _reset((source, sink))
                    return
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


def _reset(pair: tuple[socket.socket, socket.socket]) -> None:
    for end in pair:
        with suppress(OSError):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            end.shutdown(socket.SHUT_RDWR)
        end.close()
