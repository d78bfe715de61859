"""On which days a booking repeats, at which instants, and whether anybody still uses it; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from app.bookings.rules import Status
from app.timespan import TimeSpan
from app.working_days import WorkingDays

MOST = 100
FURTHEST = timedelta(days=366)
A_WEEK = timedelta(days=7)


class Every(StrEnum):
    DAY = "day"
    WEEK = "week"


class Why(StrEnum):
    """Why a series leaves out a day that was asked for."""

    EARLIER = "earlier"
    CLOSED = "closed"
    FAR = "far"
    MANY = "many"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A day that a series leaves out; `and_later`: also all that would come after it."""

    on: date
    why: Why
    and_later: bool = False


@dataclass(frozen=True, slots=True)
class Days:
    """The days of a series, and those asked for that it leaves out, both in order."""

    wanted: list[date]
    left_out: list[LeftOut]


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

    def days(self, first: date, calendar: WorkingDays) -> Days:
        """The days from `first` on, MOST at most and none a year away; what is left out past these limits is told once,
        but of chosen dates each. "Every working day" means no others: closed ones are not left out of it."""
        found = Days([], [])
        for on in self._asked(first):
            if len(found.wanted) == self.count:
                break
            why = self._why_not(on, first, calendar, len(found.wanted))
            if why is None:
                found.wanted.append(on)
            elif why is not Why.CLOSED or self.every is not Every.DAY:
                is_end = self.every is not None and why in {Why.FAR, Why.MANY}
                found.left_out.append(LeftOut(on, why, is_end))
                if is_end:
                    break
        return found

    def _asked(self, first: date) -> Iterator[date]:
        """What is asked for, whatever stands in its way, up to the first day that is too far away."""
        if self.every is None:
            yield from sorted(set(self.dates))
            return
        wanted = self.weekdays or {first.weekday()}
        last = min(self.until or date.max, first + FURTHEST + A_WEEK)
        for n in range((last - first).days + 1):
            on = first + timedelta(days=n)
            if self.every is Every.DAY or on.weekday() in wanted:
                yield on

    def _why_not(self, on: date, first: date, calendar: WorkingDays, taken: int) -> Why | None:
        if on < first:
            return Why.EARLIER
        if on >= first + FURTHEST:
            return Why.FAR
        if self.working_days_only and not calendar.is_working(on):
            return Why.CLOSED
        return Why.MANY if taken == MOST else None


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


def changed_spans(
    before: Sequence[TimeSpan], one: TimeSpan, wanted: TimeSpan, zone: ZoneInfo
) -> list[TimeSpan]:
    """What the bookings of a series get where one of them is given another span: its times of the day, so many days
    later.

    What was left alone means nothing for the others, which may have been changed singly: as its span, each keeps its
    own; as its start, each begins when it did and is as long as wanted.
    """
    if wanted == one:
        return list(before)
    shift = wanted.start.astimezone(zone).date() - one.start.astimezone(zone).date()
    found = spans(wanted, [own.start.astimezone(zone).date() + shift for own in before], zone)
    if wanted.start != one.start:
        return found
    return [
        span if span.start == own.start else TimeSpan(own.start, own.start + wanted.length)
        for own, span in zip(before, found, strict=True)
    ]


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
