"""A space held for somebody in the queue: guarded for the space, not for the person (RULES 13)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import events
from app.bookings import legal
from app.bookings.ending import end_from
from app.bookings.guards import overlap_refused, queue_up, try_turn
from app.bookings.models import HOLDS, Booking
from app.bookings.reads import Reads
from app.bookings.rules import Booked, By, Status, release_deadline
from app.bookings.service import change, change_all
from app.errors import Conflict, DomainError
from app.spaces.rules import Lane
from app.spaces.service import Place, get_place
from app.timespan import TimeSpan


class Busy(Exception):
    """Somebody else has the turn for the space or the person at this moment."""


def try_hold(
    session: Session,
    space_id: int,
    span: TimeSpan,
    *,
    user_id: int | None,
    guest_name: str = "",
    made_by: int | None,
    now: datetime,
) -> Booking | None:
    """Hold a space; None where somebody else has it, it is still to be drawn by lot, or a rule that counts forbids it.
    What accepting would end does not count.

    Waits for nobody, since whoever offers what was just freed holds rows already; raises Busy instead, and the next
    sweep tries again. Entry, hours and lengths are the caller's (`now.options`).
    """
    place = get_place(session, space_id)
    booking = Booking(
        space_id=space_id,
        user_id=user_id,
        guest_name=guest_name,
        lane=place.space.lane,
        start_at=span.start,
        end_at=span.end,
        status=Status.HELD,
        made_at=now,
        made_by=made_by,
    )
    try:
        with session.begin_nested():
            if not try_turn(session, user_id=user_id, space_id=space_id):
                raise Busy
            legal.check_lots(Reads(session), place, span, user_id=user_id, now=now)
            legal.check_locked(session, place, span, user_id=user_id, sections=None, ask=_changed_hands)
            clashing = clashing_with(session, user_id, place.space.lane, span)
            besides = legal.Besides.replaced(clashing, span.start, now)
            legal.check_counts(session, place, span, user_id=user_id, now=now, besides=besides)
            with overlap_refused(session, span, space_id=space_id):
                session.add(booking)
    except DomainError:
        return None
    events.record(
        session,
        "booking.held",
        f"booking:{booking.id}",
        at=now,
        space_id=space_id,
        user_id=user_id,
        start=span.start.isoformat(),
        end=span.end.isoformat(),
    )
    return booking


def _changed_hands(_place: Place) -> None:
    """Whom a space is offered to was decided by whose it was."""
    raise Busy


def confirm(
    session: Session, booking: Booking, *, actor_id: int, now: datetime, is_there: bool
) -> list[Booking]:
    """Make what is held a booking, checked in where the person stands there (a kiosk); what the person holds of the
    lane at that time ends in the same transaction. Returns what ended.

    Raises Conflict `booking.state` where it is no longer held, `booking.changed`; RuleBroken `booking.rule` where the
    person's other bookings leave no room for it in a quota: what would have ended for it may lie elsewhere by now.
    """
    clashing = clashing_with(session, booking.user_id, booking.lane, booking.span)
    queue_up(
        session,
        user_ids=[booking.user_id],
        space_ids=[booking.space_id, *(one.space_id for one in clashing)],
    )
    session.refresh(booking)
    if booking.status is not Status.HELD:
        raise Conflict("booking.state", status=booking.status.value)
    ended = make_room(session, booking.user_id, booking.lane, booking.span, actor_id=actor_id, now=now)
    place = get_place(session, booking.space_id)
    legal.check_quotas(
        session,
        place,
        booking.span,
        user_id=booking.user_id,
        now=now,
        besides=legal.Besides.one(booking.id),
    )
    facts = Booked(status=Status.BOOKED, span=booking.span, made_at=now)
    with overlap_refused(session, booking.span, space_id=booking.space_id):
        change(
            session,
            booking,
            "booking.made",
            now=now,
            actor_id=actor_id,
            status=Status.CHECKED_IN if is_there else Status.BOOKED,
            made_at=now,
            checked_in_at=now if is_there else None,
            checked_in_by=By.HAND if is_there else None,
            release_check_at=None if is_there else release_deadline(facts, place.policy),
        )
    return ended


def withdraw(
    session: Session, held: Sequence[Booking], *, reason: str, now: datetime, actor_id: int | None = None
) -> list[Booking]:
    """Let go of what is held; what somebody is answering at this moment is left to them. Returns what was let go."""
    values: dict[str, Any] = {"status": Status.CANCELLED, "reason": reason}
    return change_all(
        session,
        "booking.let_go",
        [(one, values) for one in held if one.status is Status.HELD],
        now=now,
        actor_id=actor_id,
        wait=False,
    )


def clashing_with(session: Session, user_id: int | None, lane: Lane, span: TimeSpan) -> list[Booking]:
    """What a person holds of a lane in a part of a span, offers apart; read anew."""
    if user_id is None:
        return []
    query = (
        select(Booking)
        .where(
            Booking.user_id == user_id,
            Booking.lane == lane,
            HOLDS,
            Booking.status != Status.HELD,
            Booking.start_at < span.end,
            Booking.end_at > span.start,
        )
        .order_by(Booking.id)
        .execution_options(populate_existing=True)
    )
    return list(session.scalars(query))


def make_room(
    session: Session, user_id: int | None, lane: Lane, span: TimeSpan, *, actor_id: int, now: datetime
) -> list[Booking]:
    """End what a person holds of a lane in a part of a span: what is on ends now, what begins before the span ends
    where that begins, the rest is cancelled. Only under the locks of the person and of those spaces."""
    clashing = clashing_with(session, user_id, lane, span)
    found = end_from(session, clashing, span.start, reason="replaced", now=now, actor_id=actor_id)
    if len(found) < len(clashing):
        raise Conflict("booking.changed")
    return found
