"""Zones whose desks are drawn by lot: until the draw of a day nobody books them for it."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from app.calendar import working_days
from app.spaces.models import Zone
from app.spaces.rules import Lane
from app.timespan import TimeSpan, day_span, days_of
from app.working_days import WorkingDays


def drawn_at(session: Session, on: date, hour: time, timezone: ZoneInfo) -> datetime:
    """When the desks of a day are drawn: at the hour of the last working day before it, while people are in."""
    return _drawn_at(working_days(session, on.year), on, hour, timezone)


def _drawn_at(calendar: WorkingDays, on: date, hour: time, timezone: ZoneInfo) -> datetime:
    return day_span(calendar.last_before(on), timezone, hour).start


def closed_until(
    session: Session, zone: Zone, lane: Lane, span: TimeSpan, timezone: ZoneInfo, *, now: datetime
) -> datetime | None:
    """Until when desks of the zone cannot be booked for a span, since a day of it is still to be drawn; None: they can.

    No query where the zone is not drawn.
    """
    if zone.lots_at is None or lane is not Lane.DESK:
        return None
    calendar = working_days(session, span.start.astimezone(timezone).year)
    return to_be_drawn(zone, span, timezone, now=now, calendar=calendar)


def to_be_drawn(
    zone: Zone, span: TimeSpan, timezone: ZoneInfo, *, now: datetime, calendar: WorkingDays
) -> datetime | None:
    """The same of desks, by the office's calendar.

    A draw that never took place keeps nobody out: once the day has begun, everything left is open.
    """
    if zone.lots_at is None:
        return None
    _first, last = days_of(span, timezone)
    on = max(span.start, now + timedelta(microseconds=1)).astimezone(timezone).date()
    found = None
    while on <= last:
        drawn = zone.lots_drawn_on is not None and on <= zone.lots_drawn_on
        if not drawn and now < day_span(on, timezone).start and calendar.is_working(on):
            found = _drawn_at(calendar, on, zone.lots_at, timezone)
        on += timedelta(days=1)
    return found
