"""Searches of rotations, one at a time, each in a process of its own; begun by whoever does the clock's work."""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from datetime import datetime

from sqlalchemy import Engine

from app.database import reading
from app.rotation.turns import next_to_search

STOP_SECONDS = 5.0


class Searches:
    """The search that is under way. One that dies is begun again from its row (see `app.rotation.turns.begin`)."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def begin_next(self, engine: Engine, now: datetime) -> int:
        """Begin the next search that waits, if none is under way; returns how many were begun."""
        if self._process is not None and self._process.poll() is None:
            return 0
        with reading(engine) as session:
            rotation_id = next_to_search(session, now)
        if rotation_id is None:
            return 0
        # With the settings of this process, which are its environment.
        self._process = subprocess.Popen([sys.executable, "-m", "app", "rotation", "work", str(rotation_id)])
        return 1

    def stop(self) -> None:
        """End it; its row is taken up again by whoever comes next."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(STOP_SECONDS)
            return
        self._process.kill()
        self._process.wait()
