"""Reading the bookings that count, as the rules see them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from app.bookings.models import HOLDS, Booking
from app.bookings.rules import Origin
from app.bookings.several.rules import COUNTED, Row, Wanted
from app.spaces.models import Space, ZonePolicyValue
from app.spaces.service import Place
from app.timespan import TimeSpan

QUOTAS = ("concurrent_quota", "weekly_quota")


def wanted_at(place: Place, span: TimeSpan, user_id: int | None) -> Wanted:
    """A span of a place for a person."""
    space = place.space
    return Wanted(
        space.id, space.zone_id, space.kind, user_id, span, place.policy, place.own_keys, place.timezone
    )


def rows_of_spaces(
    session: Session, space_ids: Collection[int], window: TimeSpan, around: timedelta = timedelta(0)
) -> list[Row]:
    """The live bookings of some spaces in a window and so much around it; one query."""
    query = _rows().where(
        Booking.space_id.in_(space_ids),
        HOLDS,
        Booking.start_at < window.end + around,
        Booking.end_at > window.start - around,
    )
    return [_row(one) for one in session.execute(query)]


def rows_of_people(session: Session, user_ids: Collection[int], weeks: TimeSpan | None) -> list[Row]:
    """All that some people hold and, of `weeks`, what they made for them and was not cancelled or released; one
    query."""
    made: list[ColumnElement[bool]] = [HOLDS]
    if weeks is not None:
        made.append(
            and_(Booking.status.in_(COUNTED), Booking.start_at >= weeks.start, Booking.start_at < weeks.end)
        )
    query = _rows().where(Booking.user_id.in_(user_ids), or_(*made))
    return [_row(one) for one in session.execute(query)]


def _rows() -> Any:
    return select(
        Booking.id,
        Booking.space_id,
        Space.zone_id,
        Space.kind,
        Booking.user_id,
        Booking.start_at,
        Booking.end_at,
        Booking.status,
        Booking.origin,
        *(
            select(ZonePolicyValue.key)
            .where(
                ZonePolicyValue.zone_id == Space.zone_id,
                ZonePolicyValue.kind == Space.kind,
                ZonePolicyValue.key == key,
            )
            .exists()
            .label(key)
            for key in QUOTAS
        ),
    ).join(Space, Space.id == Booking.space_id)


def _row(one: Any) -> Row:
    return Row(
        one.id,
        one.space_id,
        one.zone_id,
        one.kind,
        one.user_id,
        TimeSpan(one.start_at, one.end_at),
        one.status,
        one.origin is Origin.CLAIM,
        frozenset(key for key in QUOTAS if getattr(one, key)),
    )
