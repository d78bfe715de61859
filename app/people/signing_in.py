"""Signing in: by password, with attempts counted; by the city's directory. Each is a fact of the log.

Attempts are counted in the log, not in a process, so that two web processes are not twice as generous.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import events
from app.errors import Forbidden
from app.events import Event
from app.people.digests import keyed_digest
from app.people.models import Identity, User
from app.people.rules import free_again_at

WITHIN = timedelta(minutes=15)
# One person who mistypes, at one machine; and everybody who tries one account, wherever from.
AT_MOST_FROM_ONE_ADDRESS = 10
AT_MOST_FROM_ANYWHERE = 100
FAILED, DONE = "sign_in.failed", "sign_in.done"


def _subject(email: str, secret_key: str) -> str:
    # A digest, since what people type into the wrong field is sometimes their password; keyed, since either can be
    # found by trying.
    return f"sign_in:{keyed_digest(email.strip().lower(), secret_key, of='sign_in')[:32]}"


def blocked_until(
    session: Session, email: str, address: str, now: datetime, *, secret_key: str
) -> datetime | None:
    """Until when no password is tried any more for an account from an address; None: it may be tried."""
    query = (
        select(Event.at, Event.kind, Event.data)
        .where(Event.subject == _subject(email, secret_key), Event.at > now - WITHIN)
        .order_by(Event.id.desc())
        .limit(4 * AT_MOST_FROM_ANYWHERE)
    )
    everywhere: list[datetime] = []
    here: list[datetime] = []
    is_past_here = False
    for row in session.execute(query):
        from_here = row.data.get("address") == address
        if row.kind == DONE:
            # Who knew the password here had mistyped before; what others try from elsewhere still counts.
            is_past_here = is_past_here or from_here
            continue
        everywhere.append(row.at)
        if from_here and not is_past_here:
            here.append(row.at)
    waits = (
        free_again_at(here, now, at_most=AT_MOST_FROM_ONE_ADDRESS, within=WITHIN),
        free_again_at(everywhere, now, at_most=AT_MOST_FROM_ANYWHERE, within=WITHIN),
    )
    return max((at for at in waits if at is not None), default=None)


def note_failed(session: Session, email: str, address: str, now: datetime, *, secret_key: str) -> None:
    """A password that did not fit, whether or not there is such an account."""
    events.record(session, FAILED, _subject(email, secret_key), at=now, address=address)


def note_done(session: Session, user: User, address: str, now: datetime, *, by: str, secret_key: str) -> None:
    """Somebody signed in; `by`: password or oidc."""
    about = _subject(user.email, secret_key)
    events.record(session, DONE, about, at=now, actor_id=user.id, address=address, by=by)


def by_directory(
    session: Session, *, issuer: str, subject: str, email: str, email_verified: bool, now: datetime
) -> User:
    """Whom the city's directory vouches for: known by subject, else bound by a verified address, once.

    A second subject with the address of somebody bound already is refused: directories give addresses anew.
    Raises Forbidden `sign_in.unknown`, `sign_in.unverified`, `sign_in.bound`.
    """
    bound = session.scalar(select(Identity).where(Identity.issuer == issuer, Identity.subject == subject))
    if bound is not None:
        user = session.scalar(select(User).where(User.id == bound.user_id, User.is_here(now)))
        if user is None:
            raise Forbidden("sign_in.unknown")
        return user
    found = session.scalar(
        select(User)
        .where(User.email == email.strip().lower(), User.is_here(now))
        .with_for_update(key_share=True)
    )
    if found is None:
        raise Forbidden("sign_in.unknown")
    if not email_verified:
        raise Forbidden("sign_in.unverified")
    if session.scalar(select(Identity.id).where(Identity.user_id == found.id, Identity.issuer == issuer)):
        raise Forbidden("sign_in.bound")
    session.add(Identity(user_id=found.id, issuer=issuer, subject=subject, bound_at=now))
    session.flush()
    events.record(session, "identity.bound", f"user:{found.id}", at=now, actor_id=found.id, issuer=issuer)
    return found


def unbind(session: Session, user_id: int, *, actor_id: int | None, now: datetime) -> None:
    """The directory's subject is nobody's any more: the person's next sign-in binds anew."""
    for one in session.scalars(select(Identity).where(Identity.user_id == user_id)):
        session.delete(one)
        events.record(
            session, "identity.unbound", f"user:{user_id}", at=now, actor_id=actor_id, issuer=one.issuer
        )
    session.flush()
