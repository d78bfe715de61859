"""Whose clock is wrong: a sensor's, or this machine's, to which several sensors seem to be ahead."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from threading import Lock

log = logging.getLogger(__name__)

RIGHT = timedelta(0)
AHEAD_AT_LEAST = 3
# Clocks that are wrong each by itself do not agree.
AGREE_WITHIN = timedelta(minutes=10)
# Longer than a clock takes to be set; then perhaps the sensors are wrong, all by the same time server.
WAITS_S = 3_600
REMEMBERED_FOR, REMEMBERED_AT_MOST = timedelta(hours=1), 10_000


class ClockBehind(Exception):
    """This machine's clock is behind by about so much: what it dates and what it refuses by its clock would be wrong,
    so nothing is stored, nor acknowledged."""

    def __init__(self, by: timedelta) -> None:
        super().__init__(
            f"this machine's clock is behind by about {timedelta(seconds=round(by.total_seconds()))}"
        )
        self.by = by


def behind_by(said: Collection[timedelta]) -> timedelta:
    """How far this machine's clock is behind, as sensors tell, each how far it is ahead (`RIGHT`: not too far): several
    and most of them, by about the same. Nought where it is not."""
    ahead = sorted(one for one in said if one > RIGHT)
    by = ahead[len(ahead) // 2] if ahead else RIGHT
    agree = sum(abs(one - by) <= AGREE_WITHIN for one in ahead)
    return by if agree >= AHEAD_AT_LEAST and 2 * agree > len(said) else RIGHT


class Witnesses:
    """What sensors that date their words said of this machine's clock last, in the last hour: they may come one by one.
    For several threads."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._behind_since: float | None = None
        self._is_tired = False
        self._said: dict[str, tuple[datetime, timedelta]] = {}
        self._lock = Lock()

    def hear(self, said: Mapping[str, timedelta], now: datetime) -> None:
        """Take in how far sensors are ahead. Raises ClockBehind where it is not their fault, also of what does not bear
        witness itself, until they say otherwise; for an hour at most."""
        with self._lock:
            self._said.update({sensor: (now, ahead) for sensor, ahead in said.items()})
            if len(self._said) > REMEMBERED_AT_MOST:
                self._said = {sensor: (now, ahead) for sensor, ahead in said.items()}
            if self._behind_since is None and not any(said.values()):
                return
            # What was said later than now was said before the clock was turned back, and tells nothing of it.
            recent = [ahead for at, ahead in self._said.values() if at <= now < at + REMEMBERED_FOR]
            by = behind_by(recent)
            waits = self._waits(by)
        if waits:
            raise ClockBehind(by)

    def _waits(self, by: timedelta) -> bool:
        if not by:
            self._behind_since, self._is_tired = None, False
            return False
        if self._behind_since is None:
            self._behind_since = self._monotonic()
        if self._is_tired or self._monotonic() - self._behind_since <= WAITS_S:
            return not self._is_tired
        self._is_tired = True
        log.critical("this machine's clock is believed from now on, though its sensors tell another time")
        return False
