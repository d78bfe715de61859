"""Ending what is booked from an instant on: the office closes, a space or a person goes away, other plans are made."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.bookings.models import Booking
from app.bookings.rules import Ending, Status, ending
from app.bookings.service import caused_by, change_all


def end_from(
    session: Session,
    bookings: Sequence[Booking],
    at: datetime,
    *,
    reason: str,
    now: datetime,
    actor_id: int | None,
    notice: str = "",
    wait: bool = True,
) -> list[Booking]:
    """Let these bookings hold nothing from `at` on, each as `rules.ending` says. Returns those that were changed: fewer
    where somebody changed one since it was read, or, without `wait`, is changing it. `notice`: what the office says of
    it, which people are told."""
    said = caused_by(reason, notice)
    over: dict[str, Any] = {"reason": reason, "release_check_at": None}
    ended: list[tuple[Booking, dict[str, Any]]] = []
    shortened: list[tuple[Booking, dict[str, Any]]] = []
    cancelled: list[tuple[Booking, dict[str, Any]]] = []
    for one in bookings:
        match ending(one.status, one.span, at, now):
            case Ending.CANCELLED:
                cancelled.append((one, over | {"status": Status.CANCELLED, "ended_at": None}))
            case Ending.ENDED_EARLY:
                ended.append((one, over | {"status": Status.ENDED_EARLY, "ended_at": min(now, one.end_at)}))
            case Ending.SHORTENED:
                shortened.append((one, {"end_at": at}))
    return [
        *change_all(
            session, "booking.ended_early", ended, now=now, actor_id=actor_id, wait=wait, details=said
        ),
        *change_all(
            session, "booking.changed", shortened, now=now, actor_id=actor_id, wait=wait, details=said
        ),
        *change_all(
            session, "booking.cancelled", cancelled, now=now, actor_id=actor_id, wait=wait, details=said
        ),
    ]
