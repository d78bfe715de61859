"""A desk sensor, minute by minute (RULES 1, 2, 4): the slow, plain reading of the rules."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

MINUTE = timedelta(minutes=1)
SECOND_HIT, HIT_LASTS, HOLD = 5 * MINUTE, 2 * MINUTE, 10 * MINUTE
OFFLINE_AFTER = 25 * MINUTE
SUSPECT_AFTER = timedelta(hours=12)
TOKYO = timedelta(hours=9)


@dataclass
class PlainSensor:
    """What a space's sensor said, and what was concluded from it up to `told_until`."""

    state: str = "unknown"
    since: datetime | None = None
    said: list[tuple[datetime, bool | None]] = field(default_factory=list)
    told_until: datetime | None = None
    _level: bool | None = None
    _hit: datetime | None = None
    _quiet: datetime | None = None

    def hears(self, at: datetime, occupied: bool | None) -> list[datetime]:
        """The sensor spoke: the occupied signals that became evidence by it."""
        found = self.passes(at)
        self.said.append((at, occupied))
        self.told_until = at
        if self.state == "offline":
            self._turns("unknown", at)
        if occupied is False:
            if self._level is not False:
                self._quiet = at
            self._level = False
        if occupied is True:
            found += self._hits(at)
        return found

    def passes(self, until: datetime) -> list[datetime]:
        """Time passed: minute by minute, what silence brings; what became evidence by it."""
        found: list[datetime] = []
        if self.told_until is None:
            return found
        while self.told_until < until:
            self.told_until += MINUTE
            found += self._minute(self.told_until)
        return found

    def is_healthy(self, start: datetime, end: datetime) -> bool:
        """At every minute from `start` to `end` something was heard less than 2.5 heartbeats ago."""
        minutes = [start + n * MINUTE for n in range((end - start) // MINUTE + 1)]
        return all(any(at - OFFLINE_AFTER < said <= at for said, _ in self.said) for at in minutes)

    def signals(self, occupied: bool, start: datetime, end: datetime) -> list[datetime]:
        """When it said so within `[start, end]`."""
        return [at for at, value in self.said if value is occupied and start <= at <= end]

    def _hits(self, at: datetime) -> list[datetime]:
        self._level, self._quiet = True, None
        if self.state == "occupied":
            return [] if self.since is None or _is_stuck(self.since, at) else [at]
        if self._hit and at - self._hit <= SECOND_HIT:
            first = self._hit
            self._turns("occupied", first)
            return [first, at]
        self._hit = at
        return []

    def _minute(self, at: datetime) -> list[datetime]:
        last = self.said[-1][0]
        if self.state != "occupied" and self._level is True and self._hit and at - self._hit >= HIT_LASTS:
            first = self._hit
            self._turns("occupied", first)
            return [first]
        if self.state != "vacant" and self._level is False and self._quiet and at - self._quiet >= HOLD:
            self._turns("vacant", self._quiet)
        if self.state != "offline" and at - last >= OFFLINE_AFTER:
            self._turns("offline", last)
            self._level = self._quiet = None
        return []

    def _turns(self, state: str, since: datetime) -> None:
        self.state, self.since, self._hit = state, since, None


def _is_stuck(since: datetime, at: datetime) -> bool:
    """Occupied for over twelve hours; or all night: from before four until after six of Tokyo's clocks."""
    midnight = (since + TOKYO).replace(hour=0, minute=0, second=0, microsecond=0) - TOKYO
    nights = [midnight + n * timedelta(days=1) for n in range(3)]
    four, six = timedelta(hours=4), timedelta(hours=6)
    is_all_night = any(since < night + four and at > night + six for night in nights)
    return is_all_night or at - since > SUSPECT_AFTER
