"""Where else, and when else: the nearest space that is free, the nearest time that is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, time
from math import hypot

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.bookings.models import HOLDS, Booking
from app.bookings.moving.rules import Candidate, nearest_time
from app.spaces.barriers import barriers
from app.spaces.models import Space
from app.spaces.service import Place, in_layout
from app.timespan import TimeSpan, day_span


def candidates(session: Session, place: Place, span: TimeSpan, *, user_id: int | None) -> list[Candidate]:
    """The other spaces of the same zone and kind, with when they cannot be had during a span; three queries."""
    others = session.scalars(
        select(Space)
        .where(
            Space.zone_id == place.zone.id,
            Space.kind == place.space.kind,
            Space.id != place.space.id,
            in_layout(Space),
        )
        .order_by(Space.id)
    ).all()
    busy = _busy(session, [one.id for one in others], span)
    for barrier in barriers(session, span, place.timezone, floor_id=place.zone.floor_id):
        if barrier.bars(user_id):
            busy[barrier.space_id].append(
                TimeSpan(max(barrier.start, span.start), min(barrier.end or span.end, span.end))
            )
    return [
        Candidate(
            one.id,
            one.code,
            hypot(one.x - place.space.x, one.y - place.space.y),
            tuple(sorted(busy[one.id])),
            one.capacity,
        )
        for one in others
    ]


def same_kind_ids(session: Session, place: Place) -> list[int]:
    """The spaces of the same zone and kind, the space itself among them."""
    query = select(Space.id).where(Space.zone_id == place.zone.id, Space.kind == place.space.kind)
    return list(session.scalars(query.order_by(Space.id)))


def nearest_space(session: Session, place: Place, span: TimeSpan, *, user_id: int | None) -> Candidate | None:
    """The nearest other space of the same zone and kind that is free for a span; None where the person is busy then."""
    if _busy_of(session, user_id, place, span):
        return None
    free = [
        one
        for one in candidates(session, place, span, user_id=user_id)
        if not any(span.overlaps(busy) for busy in one.busy)
    ]
    return min(free, key=lambda one: (one.distance, one.code), default=None)


def nearest_free_time(
    session: Session, place: Place, span: TimeSpan, *, now: datetime, user_id: int | None
) -> TimeSpan | None:
    """The nearest time of the same day's hours for which the space itself is free, and the person too."""
    opens, closes = place.opening.opens or time.min, place.opening.closes
    day = day_span(span.start.astimezone(place.timezone).date(), place.timezone, opens, closes)
    if day.end <= now:
        return None
    window = TimeSpan(max(day.start, now), day.end)
    busy = _busy(session, [place.space.id], window)[place.space.id]
    busy = [TimeSpan(one.start - place.policy.buffer, one.end + place.policy.buffer) for one in busy]
    busy += _busy_of(session, user_id, place, window)
    for barrier in barriers(session, window, place.timezone, space_id=place.space.id):
        if barrier.bars(user_id):
            busy.append(
                TimeSpan(max(barrier.start, window.start), min(barrier.end or window.end, window.end))
            )
    return nearest_time(span, busy, window)


def _busy_of(session: Session, user_id: int | None, place: Place, span: TimeSpan) -> list[TimeSpan]:
    """When the person holds something of the lane during a span; one query."""
    query = select(Booking.start_at, Booking.end_at).where(
        Booking.user_id == user_id,
        Booking.lane == place.space.lane,
        HOLDS,
        Booking.start_at < span.end,
        Booking.end_at > span.start,
    )
    return [TimeSpan(start, end) for start, end in session.execute(query)] if user_id is not None else []


def _busy(session: Session, space_ids: Sequence[int], span: TimeSpan) -> dict[int, list[TimeSpan]]:
    """When live bookings cover these spaces during a span; one query."""
    found: dict[int, list[TimeSpan]] = defaultdict(list)
    for space_id, start, end in session.execute(
        select(Booking.space_id, Booking.start_at, Booking.end_at).where(
            Booking.space_id.in_(space_ids), HOLDS, Booking.start_at < span.end, Booking.end_at > span.start
        )
    ):
        found[space_id].append(TimeSpan(start, end))
    return found
