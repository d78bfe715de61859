"""Somebody is away: what they booked for that time is given up in one step."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.bookings import release
from app.bookings.guards import queue_up
from app.bookings.models import Booking
from app.bookings.refusing import acting
from app.bookings.rules import Status
from app.bookings.service import may_act_for
from app.errors import Conflict
from app.people.service import Person, get_person
from app.spaces.rules import Lane
from app.timespan import TimeSpan

AT_MOST = 400


def booked_within(
    session: Session, user_id: int, span: TimeSpan, *, lane: Lane | None = None
) -> list[Booking]:
    """What a person has booked, and nobody has checked in to, that begins within a span; in the order of time."""
    query = select(Booking).where(
        Booking.user_id == user_id,
        Booking.status == Status.BOOKED,
        Booking.start_at >= span.start,
        Booking.start_at < span.end,
    )
    if lane is not None:
        query = query.where(Booking.lane == lane)
    return list(session.scalars(query.order_by(Booking.start_at, Booking.id).limit(AT_MOST + 1)))


def cancel_within(
    session: Session,
    user_id: int,
    span: TimeSpan,
    *,
    actor: Person,
    now: datetime,
    why: str = "",
    turns: Iterable[int] = (),
) -> list[Booking]:
    """Cancel all of it; each says `why`. `turns`: other spaces whose turn is waited for in the same step.

    Raises Forbidden `booking.not_allowed`, Conflict `booking.too_many`.
    """
    person = get_person(session, user_id, actor.on)
    if not may_act_for(actor, person):
        raise acting("on_behalf", actor)
    found = booked_within(session, user_id, span)
    if len(found) > AT_MOST:
        raise Conflict("booking.too_many", most=AT_MOST)
    queue_up(session, user_ids=[user_id], space_ids=[*turns, *(one.space_id for one in found)])
    release.cancel_all(session, found, actor=actor, now=now, why=why)
    return found
