"""Signing out: a session's cookie tells all of itself and can be copied, so that it is ended is kept here."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Engine, delete
from sqlalchemy.orm import Session

from app import events
from app.bulk import insert_one
from app.database import transaction
from app.people.digests import digest
from app.people.models import EndedSession, User
from app.people.service import Person
from app.people.staffing import require_looks_after

# A request that is under way at that moment may sign its cookie anew.
MARGIN = timedelta(hours=1)


def end(session: Session, session_id: str, lifetime: timedelta, *, now: datetime) -> None:
    """A browser session is over, wherever its cookie is; kept for as long as the cookie lives. Once more is no more."""
    ended = {"digest": digest(session_id), "until": now + lifetime + MARGIN}
    session.execute(insert_one(session, EndedSession).values(ended).on_conflict_do_nothing())


def end_all(session: Session, user: User, *, actor: Person, now: datetime) -> None:
    """All browser sessions of an account are over, a kiosk's too. Raises Forbidden `user.not_allowed`."""
    require_looks_after(actor, user)
    user.session_epoch += 1
    user.version += 1
    session.flush()
    events.record(session, "user.signed_out", f"user:{user.id}", at=now, actor_id=actor.id)


def forget_over(engine: Engine, at: datetime) -> int:
    """Forget the ended sessions whose cookies are over by themselves; returns how many."""
    with transaction(engine) as session:
        gone = session.execute(delete(EndedSession).where(EndedSession.until <= at))
        return int(gone.rowcount)  # type: ignore[attr-defined]
