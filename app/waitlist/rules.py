"""The rules of the queue: what is still wanted, how long an offer holds, how long a wait may be; pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from heapq import heapify, heapreplace
from zoneinfo import ZoneInfo

from app.spaces.rules import Target
from app.timespan import TimeSpan, day_span
from app.working_days import WorkingDays


class State(StrEnum):
    """Of an entry. `waiting` and `offered` stand in line; the rest is over. One offer an entry: whoever declines it or
    lets it pass makes way, so that nobody behind them waits for ever."""

    WAITING = "waiting"
    OFFERED = "offered"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    EXPIRED = "expired"
    LEFT = "left"
    OVER = "over"
    BOOKED_OTHERWISE = "booked_otherwise"


IN_LINE = (State.WAITING, State.OFFERED)


@dataclass(frozen=True, slots=True)
class Wish:
    """What an entry waits for. `length` None: all of the span, or what is left of it; else so long from whenever it is
    its turn, within the span."""

    target: Target
    span: TimeSpan
    length: timedelta | None = None

    def left(self, now: datetime) -> TimeSpan | None:
        """What is left of its span; None once it is over."""
        return TimeSpan(max(now, self.span.start), self.span.end) if now < self.span.end else None

    def wanted(self, now: datetime) -> TimeSpan | None:
        """The time that it would take now; None once its span is over."""
        left = self.left(now)
        if left is None or self.length is None:
            return left
        return TimeSpan(left.start, min(left.start + self.length, left.end))

    def is_met_by(self, booked: TimeSpan, now: datetime, *, is_newer: bool) -> bool:
        """Whether a booking of what is wanted covers all that is still wanted; where so long within the span is wanted,
        whether it is on. `is_newer`: than the wish; whoever sat in a booth when they asked for one wants another."""
        wanted = self.wanted(now)
        if wanted is None or booked.start > wanted.start:
            return False
        return is_newer and booked.end > now if self.length else booked.end >= wanted.end


def hold_until(span: TimeSpan, *, now: datetime, hold: timedelta, opens: datetime) -> datetime:
    """Until when a space is held for an answer: the whole hold, or less when the span begins sooner: to its start, but
    half of the hold at least, and never beyond its end.

    Nobody is asked to answer by night: where the office `opens` before the span begins, the hold runs from then on.
    """
    asked_at = max(opens, now) if opens < span.start else now
    return min(max(span.start, asked_at + hold / 2), asked_at + hold, span.end)


def opens_at(now: datetime, *, starts: time, ends: time, zone: ZoneInfo, calendar: WorkingDays) -> datetime:
    """When the office is next open, by its hours on a working day: now, if it is."""
    today = now.astimezone(zone).date()
    if calendar.is_working(today):
        hours = day_span(today, zone, starts, ends)
        if now < hours.end:
            return max(now, hours.start)
    following = calendar.next_working(today + timedelta(days=1))
    return day_span(following, zone, starts, ends).start


def expected_at(place: int, *, frees: Iterable[datetime], turn: timedelta, now: datetime) -> datetime | None:
    """When it will be about the turn of the one at `place` (1: the next), if everybody before takes a `turn`.

    `frees`: when each of the spaces is next free. None where there is no space.
    """
    ready = [max(at, now) for at in frees]
    if not ready:
        return None
    heapify(ready)
    for _before in range(place - 1):
        heapreplace(ready, ready[0] + turn)
    return ready[0]
