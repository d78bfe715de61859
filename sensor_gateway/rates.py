"""What goes through in figures: how many messages a minute, and how old readings are when they are stored."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from datetime import datetime, timedelta

from app.occupancy.readings import Reading

WINDOW = 60.0  # seconds
# Of a batch so many are looked at, which costs nothing beside storing them.
LOOKED_AT = 100


class Rate:
    """Messages a minute, in about the last one."""

    def __init__(self) -> None:
        self._marks: deque[tuple[float, int]] = deque()

    def per_minute(self, messages: int, at: float) -> int:
        """To be asked every few seconds. `messages`: all until then; `at`: in seconds, by a clock that never turns."""
        self._marks.append((at, messages))
        while len(self._marks) > 1 and at - self._marks[1][0] >= WINDOW:
            self._marks.popleft()
        since, before = self._marks[0]
        return round((messages - before) * 60 / max(at - since, 1.0))


def age(readings: Sequence[Reading], now: datetime) -> timedelta:
    """How old live readings are, by the devices' own time where they tell one: the broker may have kept them for hours
    before they arrived. The middle of a sample, so that one device that kept its own, or whose clock is wrong, tells
    nothing of the others; nought where there is none."""
    sample = [one for one in readings[:: max(1, len(readings) // LOOKED_AT)] if not one.history]
    dated = [one for one in sample if not one.is_undated] or sample
    ages = sorted(now - one.observed_at for one in dated)
    return max(ages[len(ages) // 2], timedelta(0)) if ages else timedelta(0)
