"""Whose clock is wrong: a sensor's, or this machine's, to which several sensors seem to be ahead."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from threading import Lock

RIGHT = timedelta(0)
AHEAD_AT_LEAST = 3
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
    and most of them. Nought where it is not."""
    ahead = sorted(one for one in said if one > RIGHT)
    is_ours = len(ahead) >= AHEAD_AT_LEAST and 2 * len(ahead) > len(said)
    return ahead[len(ahead) // 2] if is_ours else RIGHT


class Witnesses:
    """What sensors that date their words said of this machine's clock last, in the last hour: they may come one by one.
    For several threads."""

    def __init__(self) -> None:
        self._said: dict[str, tuple[datetime, timedelta]] = {}
        self._lock = Lock()

    def hear(self, said: Mapping[str, timedelta], now: datetime) -> None:
        """Take in how far sensors are ahead; raises ClockBehind where one is, and it is not the sensor's fault."""
        with self._lock:
            self._said.update({sensor: (now, ahead) for sensor, ahead in said.items()})
            if len(self._said) > REMEMBERED_AT_MOST:
                self._said = {sensor: (now, ahead) for sensor, ahead in said.items()}
            if not any(said.values()):
                return
            # What was said later than now was said before the clock was turned back, and tells nothing of it.
            recent = [ahead for at, ahead in self._said.values() if at <= now < at + REMEMBERED_FOR]
        if by := behind_by(recent):
            raise ClockBehind(by)
