"""Which span a page shows when nobody chose one, what of it is offered, and how a space looks; pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from app.occupancy.rules import Occupancy
from app.timespan import TimeSpan, day_span, merged
from app.working_days import WorkingDays

QUARTER = timedelta(minutes=15)
# "A booth for a call now": what is offered of a room when nobody chose a span.
CALL = timedelta(minutes=30)


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


def left_of(span: TimeSpan, now: datetime) -> TimeSpan:
    """What can still be booked of a span, from this minute on; all of it where it is over, for the refusal to tell."""
    minute = now.replace(second=0, microsecond=0)
    return TimeSpan(max(span.start, minute), span.end) if minute < span.end else span


def first_gap(span: TimeSpan, booked: Iterable[TimeSpan]) -> TimeSpan | None:
    """The first part of a span that no booking covers: a quarter of an hour at least, or all of a shorter span."""
    shortest = min(QUARTER, span.length)
    begins = span.start
    for one in merged(booked):
        if min(one.start, span.end) - begins >= shortest:
            return TimeSpan(begins, min(one.start, span.end))
        begins = max(begins, one.end)
    return TimeSpan(begins, span.end) if span.end - begins >= shortest else None


def at_most(span: TimeSpan, longest: timedelta) -> TimeSpan:
    """The beginning of a span, no longer than a booking may be."""
    return TimeSpan(span.start, min(span.end, span.start + longest))


# Reasons for which a space is not the reader's to take, though nobody has booked it.
SHUT = frozenset({"closed", "not_available", "other_section", "zone_not_full", "lots"})


class Look(StrEnum):
    """How a space is shown for a span: one look each, told by colour, by sign and in words."""

    FREE = "free"
    IN_USE = "in_use"
    PARTLY = "partly"
    BOOKED = "booked"
    YOURS = "yours"
    SILENT = "silent"
    OTHER = "other"
    BROKEN = "broken"


def look(
    *, reason: str | None, booked: bool, has_gap: bool, mine: bool, occupancy: Occupancy, is_now: bool
) -> Look:
    """What matters most about a space; what its sensor sees counts only while the span has begun.

    `has_gap`: the reader may book a part of the span that others' bookings leave.
    """
    if reason == "out_of_order":
        return Look.BROKEN
    if mine:
        return Look.YOURS
    if is_now and occupancy is Occupancy.OCCUPIED:
        return Look.IN_USE
    if booked:
        return Look.PARTLY if has_gap else Look.BOOKED
    if reason in SHUT:
        return Look.OTHER
    if is_now and occupancy in {Occupancy.OFFLINE, Occupancy.UNKNOWN}:
        return Look.SILENT
    return Look.FREE
