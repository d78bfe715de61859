"""A signal interrupts whatever the process is at; none may be lost, and none may wait for itself."""

import os
import signal
import threading
import time

from app.stopping import Stop, stop_signals

SIGNALS = 300


def test_a_signal_ends_the_wait_and_is_remembered() -> None:
    with stop_signals() as stop:
        assert not stop.wait(0.01)
        threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGTERM)).start()
        assert stop.wait(20)
        assert stop
        assert stop.wait()


def test_signals_that_interrupt_short_waits_of_the_same_thread_never_block_it() -> None:
    with stop_signals() as stop:
        hits = threading.Thread(target=_hit)
        hits.start()
        while hits.is_alive():
            Stop().wait(0.0001)
            stop.wait(0.0001)
        assert stop


def _hit() -> None:
    for _ in range(SIGNALS):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.001)
