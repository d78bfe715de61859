"""What the API and the pages ask for alike: what is wanted now, by the office's hours, and somebody's bookings."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from sqlalchemy.orm import Session

from app.access import asker
from app.bookings import service
from app.bookings.now.service import Ask, target_named
from app.database import reading, transaction
from app.extensions import db
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


@contextmanager
def looking_at(user_id: int) -> Iterator[Session]:
    """To look at somebody's bookings, one's own or of whom one may act for. Raises as `service.look_at`.

    Whoever looks at another's leaves a trace, which takes a writing transaction.
    """
    with (reading if user_id == asker().id else transaction)(db.engine) as session:
        service.look_at(session, user_id, actor=asker(), on=today(), now=now())
        yield session
