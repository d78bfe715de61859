"""What somebody asks for now, by the office's hours: the API and the page say the same."""

from __future__ import annotations

from datetime import timedelta

from app.bookings.now.service import Ask, target_named
from app.http import now, settings, today
from app.timespan import day_span


def ask(
    *, kind: str | None, lane: str | None, zone_id: int | None, minutes: int | None, replace: bool
) -> Ask:
    """A desk is asked for until the office closes today; what is free next is looked for until midnight."""
    zone = settings().timezone
    closes_at = day_span(today(), zone, settings().hours.start, settings().hours.end).end
    return Ask(
        target_named(kind, lane, zone_id),
        timedelta(minutes=minutes) if minutes else None,
        closes_at=max(closes_at, now()),
        day_ends_at=day_span(today(), zone).end,
        replace=replace,
    )
