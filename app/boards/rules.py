"""Which span a page shows when nobody chose one; pure."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

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
