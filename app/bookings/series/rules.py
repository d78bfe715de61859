"""On which days a booking repeats, at which instants, and whether anybody still uses it; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from itertools import islice
from zoneinfo import ZoneInfo

from app.bookings.rules import Status
from app.timespan import TimeSpan
from app.working_days import WorkingDays

MOST = 100
FURTHEST = timedelta(days=366)


class Every(StrEnum):
    DAY = "day"
    WEEK = "week"


class Scope(StrEnum):
    """Which bookings of a series a change means."""

    ONE = "one"
    FOLLOWING = "following"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Recurrence:
    """Every day, or every week on some weekdays (0: Monday; none: that of the first), up to a day or so many times;
    or on chosen dates. `working_days_only` leaves out what the office calendar closes.

    Raises ValueError where it names no end, or two.
    """

    every: Every | None = None
    weekdays: frozenset[int] = frozenset()
    until: date | None = None
    count: int | None = None
    dates: tuple[date, ...] = ()
    working_days_only: bool = True

    def __post_init__(self) -> None:
        if (self.every is None) != bool(self.dates):
            raise ValueError("repeat every day or week, or on dates")
        if self.every is not None and (self.until is None) == (self.count is None):
            raise ValueError("repeat until a day, or so many times")

    def days(self, first: date, calendar: WorkingDays) -> list[date]:
        """The days, from `first` on and in order, MOST at most and none a year away."""
        found = (
            on for on in self._candidates(first) if not self.working_days_only or calendar.is_working(on)
        )
        return list(islice(found, min(self.count or MOST, MOST)))

    def _candidates(self, first: date) -> Iterator[date]:
        if self.dates:
            yield from sorted({on for on in self.dates if first <= on < first + FURTHEST})
            return
        wanted = self.weekdays or {first.weekday()}
        last = min(self.until or date.max, first + FURTHEST - timedelta(days=1))
        for n in range((last - first).days + 1):
            on = first + timedelta(days=n)
            if self.every is Every.DAY or on.weekday() in wanted:
                yield on


def spans(first: TimeSpan, days: Sequence[date], zone: ZoneInfo) -> list[TimeSpan]:
    """The first span on other days, by the wall clock of the zone: 09:00 stays 09:00 when the clocks change.

    Where the change leaves nothing of it, it keeps its length.
    """
    start, end = first.start.astimezone(zone), first.end.astimezone(zone)
    nights = end.date() - start.date()
    found = []
    for on in days:
        begins = datetime.combine(on, start.time(), zone).astimezone(UTC)
        ends = datetime.combine(on + nights, end.time(), zone).astimezone(UTC)
        found.append(TimeSpan(begins, ends if begins < ends else begins + first.length))
    return found


def leaves_out(
    span: TimeSpan, zone: ZoneInfo, *, calendar: WorkingDays | None, closures: Iterable[TimeSpan]
) -> bool:
    """Whether a series that is changed to other days has nothing on this one: the office calendar closes it (None: this
    series does not ask it), or the space is closed in a part of the span."""
    on = span.start.astimezone(zone).date()
    if calendar is not None and not calendar.is_working(on):
        return True
    return any(closure.overlaps(span) for closure in closures)


def is_unused(outcomes: Sequence[Status], no_shows: int) -> bool:
    """Whether the newest `no_shows` outcomes of a series, the newest first, were all released; 0: never.

    What was cancelled beforehand says nothing and is left out.
    """
    said = [status for status in outcomes if status is not Status.CANCELLED][:no_shows]
    return no_shows > 0 and len(said) == no_shows and all(status is Status.RELEASED for status in said)
