"""A series that nobody uses: its owner is asked, and without an answer it ends."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from app import events
from app.bookings.models import Booking
from app.bookings.rules import LIVE, Status
from app.bookings.series.models import Series
from app.bookings.series.rules import is_unused
from app.bookings.service import change_all
from app.spaces.rules import Policy
from app.spaces.service import get_place

ENDED_AT_ONCE = 200


def ask_about_unused(session: Session, released: Sequence[Booking], now: datetime) -> list[Series]:
    """Ask the owners of series of which nobody came so many times running, the newest of them just now.

    Three queries for each series that just had a no-show.
    """
    asked = []
    for booking in {one.series_id: one for one in released if one.series_id is not None}.values():
        series = session.get_one(Series, booking.series_id)
        policy = get_place(session, booking.space_id).policy
        if series.answer_until is None and series.ended_at is None and _is_unused(session, series, policy):
            series.asked_at, series.answer_until = now, now + policy.series_answer
            events.record(
                session,
                "series.unused",
                f"series:{series.id}",
                at=now,
                user_id=series.user_id,
                space_id=booking.space_id,
                answer_until=series.answer_until.isoformat(),
            )
            asked.append(series)
    session.flush()
    return asked


def _is_unused(session: Session, series: Series, policy: Policy) -> bool:
    query = select(Booking.status).where(
        Booking.series_id == series.id, Booking.status.not_in((*LIVE, Status.CANCELLED))
    )
    if series.confirmed_at is not None:
        query = query.where(Booking.start_at > series.confirmed_at)
    outcomes = session.scalars(query.order_by(Booking.start_at.desc()).limit(policy.series_no_shows)).all()
    return is_unused(outcomes, policy.series_no_shows)


def end_unconfirmed(session: Session, now: datetime) -> list[Booking]:
    """End the series whose owners were asked and did not answer in time: what is to come is cancelled. Coming again is
    an answer."""
    cancelled: list[Booking] = []
    due = session.scalars(
        select(Series)
        .where(Series.answer_until <= now, Series.ended_at.is_(None))
        .order_by(Series.answer_until)
        .limit(ENDED_AT_ONCE)
        .with_for_update(skip_locked=True)
    ).all()
    used = _used_since_asked(session, [series.id for series in due])
    for series in due:
        if series.id in used:
            series.answer_until = None
            continue
        coming = session.scalars(
            select(Booking)
            .where(Booking.series_id == series.id, Booking.status == Status.BOOKED, Booking.start_at > now)
            .order_by(Booking.id)
        ).all()
        series.ended_at = now
        gone = {"status": Status.CANCELLED, "reason": "series_unused", "release_check_at": None}
        cancelled += change_all(
            session, "booking.cancelled", [(one, gone) for one in coming], now=now, wait=False
        )
        events.record(
            session,
            "series.ended",
            f"series:{series.id}",
            at=now,
            user_id=series.user_id,
            bookings=len(coming),
        )
    session.flush()
    return cancelled


def _used_since_asked(session: Session, series_ids: Collection[int]) -> set[int | None]:
    """Those of some series of which somebody came, or of which it is not known that nobody did, since their owners were
    asked."""
    if not series_ids:
        return set()
    query = (
        select(Booking.series_id)
        .join(Series, Series.id == Booking.series_id)
        .where(
            Series.id.in_(series_ids),
            Booking.end_at > Series.asked_at,
            or_(Booking.checked_in_at.is_not(None), Booking.status == Status.COMPLETED),
        )
    )
    return set(session.scalars(query))


def next_due(session: Session) -> datetime | None:
    """When time alone next ends a series."""
    return session.scalar(
        select(func.min(Series.answer_until)).where(
            Series.answer_until.is_not(None), Series.ended_at.is_(None)
        )
    )
