"""Which span a page shows when nobody chose one; pure."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from app.occupancy.rules import Occupancy
from app.timespan import TimeSpan, day_span
from app.working_days import WorkingDays

QUARTER = timedelta(minutes=15)


def suggested_span(
    now: datetime, *, zone: ZoneInfo, opens: time, closes: time, calendar: WorkingDays
) -> TimeSpan:
    """From now, to the quarter hour, until the office closes; the next working day's hours once it has."""
    today = now.astimezone(zone).date()
    if calendar.is_working(today):
        hours = day_span(today, zone, opens, closes)
        start = max(hours.start, now - timedelta(seconds=now.timestamp() % QUARTER.total_seconds()))
        if start + QUARTER <= hours.end and now < hours.end:
            return TimeSpan(start, hours.end)
    return day_span(calendar.next_working(today + timedelta(days=1)), zone, opens, closes)


def chosen_span(on: date, start: time, end: time, zone: ZoneInfo) -> TimeSpan:
    """The span that a person chose in local time; raises ValueError where it is reversed."""
    if end <= start:
        raise ValueError("the end must be after the start")
    return day_span(on, zone, start, end)


def left_of(span: TimeSpan, now: datetime) -> TimeSpan:
    """What can still be booked of a span, from this minute on; all of it where it is over, for the refusal to tell."""
    minute = now.replace(second=0, microsecond=0)
    return TimeSpan(max(span.start, minute), span.end) if minute < span.end else span


class Look(StrEnum):
    """How a space is shown for a span: one look each, told by colour, by sign and in words."""

    FREE = "free"
    IN_USE = "in_use"
    BOOKED = "booked"
    YOURS = "yours"
    SILENT = "silent"
    OTHER = "other"
    BROKEN = "broken"


def look(*, reason: str | None, booked: bool, mine: bool, occupancy: Occupancy, is_now: bool) -> Look:
    """What matters most about a space; what its sensor sees counts only while the span has begun."""
    if reason == "out_of_order":
        return Look.BROKEN
    if mine:
        return Look.YOURS
    if is_now and occupancy is Occupancy.OCCUPIED:
        return Look.IN_USE
    if booked:
        return Look.BOOKED
    if reason == "other_section":
        return Look.OTHER
    if is_now and occupancy in {Occupancy.OFFLINE, Occupancy.UNKNOWN}:
        return Look.SILENT
    return Look.FREE
