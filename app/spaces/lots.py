"""Zones whose desks are drawn by lot: until the draw of a day nobody books them for it."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from app.calendar import working_days
from app.spaces.models import Zone
from app.spaces.rules import Lane
from app.timespan import TimeSpan, day_span


def drawn_at(session: Session, on: date, hour: time, timezone: ZoneInfo) -> datetime:
    """When the desks of a day are drawn: at the hour of the last working day before it, while people are in."""
    return day_span(working_days(session, on.year).last_before(on), timezone, hour).start


def closed_until(
    session: Session, zone: Zone, lane: Lane, span: TimeSpan, timezone: ZoneInfo, *, now: datetime
) -> datetime | None:
    """Until when desks of the zone cannot be booked for a span, since a day of it is still to be drawn; None: they can.

    A draw that never took place keeps nobody out: once the day has begun, everything left is open. No query where the
    zone is not drawn.
    """
    if zone.lots_at is None or lane is not Lane.DESK:
        return None
    last = (span.end - timedelta(microseconds=1)).astimezone(timezone).date()
    on = max(span.start, now + timedelta(microseconds=1)).astimezone(timezone).date()
    found = None
    while on <= last:
        drawn = zone.lots_drawn_on is not None and on <= zone.lots_drawn_on
        if not drawn and now < day_span(on, timezone).start and working_days(session, on.year).is_working(on):
            found = drawn_at(session, on, zone.lots_at, timezone)
        on += timedelta(days=1)
    return found
