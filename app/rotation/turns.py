"""The searches that wait, one taken after the other: each runs in a process of its own, see `app.rotation.working`."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from app import events
from app.rotation.models import OPEN, Rotation, State

STALE = timedelta(seconds=60)
ATTEMPTS = 3


def next_to_search(session: Session, now: datetime) -> int | None:
    """The oldest rotation that waits, or whose search gave no sign of life for a minute."""
    stale = (Rotation.state == State.SEARCHING) & (Rotation.beat_at < now - STALE)
    query = select(Rotation.id).where(Rotation.state.in_(OPEN), or_(Rotation.state == State.WAITING, stale))
    return session.scalar(query.order_by(Rotation.id).limit(1))


def begin(session: Session, rotation_id: int, now: datetime) -> Rotation | None:
    """Take a search, if nobody else has; after three attempts that died it has failed."""
    stale = (Rotation.state == State.SEARCHING) & (Rotation.beat_at < now - STALE)
    is_free = (Rotation.id == rotation_id, or_(Rotation.state == State.WAITING, stale))
    failed = (
        update(Rotation)
        .where(*is_free, Rotation.attempts >= ATTEMPTS)
        .values(state=State.FAILED, ended_at=now, progress={"failed": "rotation.died"})
        .returning(Rotation.id)
    )
    if session.scalar(failed) is not None:
        events.record(session, "rotation.failed", f"rotation:{rotation_id}", at=now)
        return None
    taken = (
        update(Rotation)
        .where(*is_free)
        .values(state=State.SEARCHING, beat_at=now, attempts=Rotation.attempts + 1)
        .returning(Rotation.id)
    )
    if session.scalar(taken) is None:
        return None
    return session.get(Rotation, rotation_id, populate_existing=True)


def beat(session: Session, rotation_id: int, now: datetime, **found: Any) -> bool:
    """A sign of life of a search, with what it found since; whether it is to go on."""
    query = (
        update(Rotation)
        .where(Rotation.id == rotation_id, Rotation.state == State.SEARCHING)
        .values(beat_at=now, **found)
        .returning(Rotation.cancel_asked)
    )
    return session.scalar(query) is False


def end(session: Session, rotation_id: int, state: State, now: datetime, **found: Any) -> None:
    """How a search ended; nothing where it is not searched any more."""
    query = (
        update(Rotation)
        .where(Rotation.id == rotation_id, Rotation.state == State.SEARCHING)
        .values(state=state, ended_at=now, beat_at=now, **found)
        .returning(Rotation.id)
    )
    if session.scalar(query) is not None:
        events.record(session, f"rotation.{state.value}", f"rotation:{rotation_id}", at=now)
