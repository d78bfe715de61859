"""The only reader of time. Edges call a Clock once; everything below receives `now`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import isfinite

Clock = Callable[[], datetime]


def system_clock() -> datetime:
    """Now, aware, in UTC."""
    return datetime.now(UTC)


def has_passed(since: datetime | None, lasts: timedelta, now: datetime) -> bool:
    """Whether so much time has passed since an instant that is remembered, or nothing is. One that lies ahead was read
    off a clock that was wrong and is set right by now: it counts as passed, else it would last until it is that time.
    """
    return since is None or not since <= now < since + lasts


@dataclass(frozen=True, slots=True)
class ShownClock:
    """The demo's faster clock: a pure function of the real time, so that every process shows the same.

    `speed` office seconds pass in one real second, counted from `real_start`, at which `shown_start` is shown.
    """

    real_start: datetime
    shown_start: datetime
    speed: float

    def __call__(self) -> datetime:
        return (self.shown_start + (system_clock() - self.real_start) * self.speed).astimezone(UTC)

    @classmethod
    def parse(cls, text: str) -> ShownClock:
        """From `real_start/shown_start/speed`; raises ValueError where it is not of that form."""
        real, shown, speed = text.split("/")
        clock = cls(datetime.fromisoformat(real), datetime.fromisoformat(shown), float(speed))
        aware = clock.real_start.tzinfo is not None and clock.shown_start.tzinfo is not None
        if not aware or not isfinite(clock.speed) or clock.speed <= 0:
            raise ValueError("a shown clock needs two instants with an offset and a positive speed")
        return clock

    def __str__(self) -> str:
        return f"{self.real_start.isoformat()}/{self.shown_start.isoformat()}/{self.speed!r}"


@dataclass(slots=True)
class SteppingClock:
    """A clock that stands still until it is moved: `demo --once`, replay and tests."""

    at: datetime

    def __call__(self) -> datetime:
        return self.at

    def advance(self, by: timedelta) -> datetime:
        self.at += by
        return self.at
