"""Who is not there in a half-day, whatever was planned."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.rotation.models import Key, RotationSwap, SwapState


def absences(session: Session, people: Iterable[int], first: date, last: date) -> set[Key]:
    """When these people are absent, for somebody has accepted to step in for them; one query."""
    query = select(RotationSwap).where(
        RotationSwap.absent_id.in_(people),
        RotationSwap.on_date.between(first, last),
        RotationSwap.state == SwapState.ACCEPTED,
    )
    return {key for one in session.scalars(query) for key in one.away}
