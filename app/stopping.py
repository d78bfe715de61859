"""Told to end, by SIGTERM or SIGINT."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock


class Stop:
    """Whether the process was told to end; `tell` may interrupt anything, even a `wait` of the same thread."""

    def __init__(self) -> None:
        self._told = False
        # Held until told. An Event has a lock of its own, for which a `tell` amid a `wait` would wait for ever.
        self._untold = Lock()
        self._untold.acquire()

    def __bool__(self) -> bool:
        return self._told

    def tell(self) -> None:
        if not self._told:
            self._told = True
            self._untold.release()

    def wait(self, seconds: float = -1) -> bool:
        """Wait so long (for ever if -1), or until told; whether it was told."""
        if self._untold.acquire(timeout=seconds):
            self._untold.release()
        return self._told


@contextmanager
def stop_signals() -> Iterator[Stop]:
    """SIGTERM and SIGINT tell it, in this block."""
    stop = Stop()
    before = {
        number: signal.signal(number, lambda _number, _frame: stop.tell())
        for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
