"""Half-open spans of aware time: the one interval algebra of the house."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True, order=True)
class TimeSpan:
    """`[start, end)` of aware instants, kept in UTC, never empty.

    Raises ValueError for a naive instant or for a start that is not before its end, so that whoever
    holds a TimeSpan needs no further check. In UTC, since Python compares and subtracts two instants of
    one zone as wall clocks, which is wrong by an hour where the clocks change in between.
    """

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise ValueError("a time span needs instants with an offset")
        object.__setattr__(self, "start", self.start.astimezone(UTC))
        object.__setattr__(self, "end", self.end.astimezone(UTC))
        if self.start >= self.end:
            raise ValueError("a time span must end after it starts")

    @property
    def length(self) -> timedelta:
        return self.end - self.start

    def contains(self, at: datetime) -> bool:
        return self.start <= at < self.end

    def overlaps(self, other: TimeSpan) -> bool:
        return self.start < other.end and other.start < self.end

    def intersection(self, other: TimeSpan) -> TimeSpan | None:
        """What both cover, or None where they only touch or lie apart."""
        start, end = max(self.start, other.start), min(self.end, other.end)
        return TimeSpan(start, end) if start < end else None


def merged(spans: Iterable[TimeSpan], gap: timedelta = timedelta(0)) -> list[TimeSpan]:
    """The spans in order, those that overlap or lie at most `gap` apart made one."""
    result: list[TimeSpan] = []
    for span in sorted(spans):
        if result and span.start - result[-1].end <= gap:
            result[-1] = TimeSpan(result[-1].start, max(result[-1].end, span.end))
        else:
            result.append(span)
    return result


def without(span: TimeSpan, others: Iterable[TimeSpan]) -> list[TimeSpan]:
    """What of a span the others do not cover, in order."""
    left, begins = [], span.start
    for one in merged(others):
        if begins < min(one.start, span.end):
            left.append(TimeSpan(begins, min(one.start, span.end)))
        begins = max(begins, one.end)
    if begins < span.end:
        left.append(TimeSpan(begins, span.end))
    return left


def overlap(spans: Iterable[TimeSpan], window: TimeSpan) -> timedelta:
    """How much of `window` the spans cover together; an instant counts once."""
    parts = (span.intersection(window) for span in spans)
    return sum((part.length for part in merged(part for part in parts if part)), timedelta(0))


def day_span(on: date, zone: ZoneInfo, start: time = time(0), end: time | None = None) -> TimeSpan:
    """The instants of a local day, or of its part from `start` to `end` (None: the next midnight).

    A day of 23 or 25 hours keeps its real length: both ends are computed in the zone.
    """
    until = (
        datetime.combine(on + timedelta(days=1), time(0), zone)
        if end is None
        else datetime.combine(on, end, zone)
    )
    return TimeSpan(datetime.combine(on, start, zone), until)


def days_of(span: TimeSpan, zone: tzinfo) -> tuple[date, date]:
    """The first and the last local day that a span touches; one that ends at midnight does not touch the next."""
    last = span.end - timedelta(microseconds=1)
    return span.start.astimezone(zone).date(), last.astimezone(zone).date()


def later(at: datetime, length: timedelta, zone: tzinfo) -> datetime:
    """The instant `length` after another, in UTC. Whole days count by the calendar of `zone`, what is left of them by
    the clock: a day after midnight is the next midnight, on a day of 23 or 25 hours too."""
    days = timedelta(days=length.days)
    return (at.astimezone(zone) + days).astimezone(UTC) + (length - days)


def chosen_span(on: date, start: time, end: time, zone: ZoneInfo, *, last: date | None = None) -> TimeSpan:
    """The span that a person chose by the clock; an end at 00:00 is the midnight that ends the day. `last`: the day on
    which it ends, where that is another than the one on which it begins.

    Raises ValueError where it is reversed or empty.
    """
    if last in {None, on} and time(0) < end <= start:
        raise ValueError("the end must be after the start")
    ends = day_span(last or on, zone, end=end if end > time(0) else None).end
    return TimeSpan(datetime.combine(on, start, zone), ends)


def touched_up(span: TimeSpan, typed: TimeSpan, zone: tzinfo) -> TimeSpan:
    """A span as somebody changed it in a form, which shows no more than minutes: an end of it that was left alone stays
    the instant that it is. Raises ValueError where that turns it round."""

    def shown(at: datetime) -> datetime:
        return at.astimezone(zone).replace(second=0, microsecond=0, tzinfo=None)

    return TimeSpan(
        span.start if shown(span.start) == shown(typed.start) else typed.start,
        span.end if shown(span.end) == shown(typed.end) else typed.end,
    )
