"""The series of a person: what is left of each, and which wait for an answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from app.bookings.models import HOLDS, Booking
from app.bookings.rules import Status
from app.bookings.series.models import Series
from app.spaces.models import Space


def series_of(
    session: Session,
    user_id: int,
    *,
    now: datetime,
    made_too: bool = False,
    after_id: int = 0,
    limit: int | None = None,
) -> Sequence[Any]:
    """A person's series in the order of their id, each with how many of its bookings are still to come and when the
    next begins; one query. `made_too`: also those that the person made for others."""
    whose = Series.user_id == user_id
    query = (
        select(
            *Series.__table__.c,
            func.count(Booking.id).label("left"),
            func.min(Booking.start_at, type_=Booking.start_at.type).label("next_start"),
        )
        .outerjoin(Booking, and_(Booking.series_id == Series.id, HOLDS, Booking.start_at > now))
        .where(or_(whose, Series.made_by == user_id) if made_too else whose, Series.id > after_id)
        .group_by(Series.id)
        .order_by(Series.id)
        .limit(limit)
    )
    return session.execute(query).all()


def asked_of(session: Session, user_id: int) -> list[tuple[Series, Booking, Space]]:
    """The series of a person that nobody used lately and that wait for an answer, each with its next booking."""
    rows = session.execute(
        select(Series, Booking, Space)
        .join(Booking, Booking.series_id == Series.id)
        .join(Space, Space.id == Booking.space_id)
        .where(
            Series.user_id == user_id,
            Series.answer_until.is_not(None),
            Series.ended_at.is_(None),
            Booking.status == Status.BOOKED,
        )
        .order_by(Series.id, Booking.start_at)
    )
    first: dict[int, tuple[Series, Booking, Space]] = {}
    for series, booking, space in rows:
        first.setdefault(series.id, (series, booking, space))
    return list(first.values())
