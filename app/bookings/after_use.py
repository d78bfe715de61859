"""The pause after a use: a space needs it also once the booking before is no longer live; after a no-show it needs
none."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from app.bookings.models import Booking
from app.bookings.rules import Status, begun_by
from app.spaces.rules import Policy
from app.timespan import TimeSpan

USED = (Status.COMPLETED, Status.ENDED_EARLY)


def used_after(ended: datetime, policies: Iterable[Policy]) -> ColumnElement[bool]:
    """That a booking was used, and its use ended after an instant; so that an index by space and start will do."""
    return and_(
        Booking.status.in_(USED), Booking.ended_at > ended, Booking.start_at >= begun_by(ended, policies)
    )


def pauses_after_use(
    session: Session, policy: Mapping[int, Policy], start: datetime, *, now: datetime
) -> dict[int, list[TimeSpan]]:
    """By space, of these with the policy of each, the pauses after what was used that reach past a start. What has
    begun needs none before it any more. One query; none where no pause reaches so far."""
    found: dict[int, list[TimeSpan]] = defaultdict(list)
    paused = {space_id: one for space_id, one in policy.items() if one.buffer}
    start = max(start, now)
    ended = start - max((one.buffer for one in paused.values()), default=timedelta(0))
    if ended >= now:
        return found
    query = (
        select(Booking.space_id, Booking.ended_at)
        .where(Booking.space_id.in_(paused), used_after(ended, paused.values()))
        .order_by(Booking.ended_at)
    )
    for one in session.execute(query):
        pause = TimeSpan(one.ended_at, one.ended_at + paused[one.space_id].buffer)
        if pause.end > start:
            found[one.space_id].append(pause)
    return found
