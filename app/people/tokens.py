"""Bearer tokens: one's own, and those that IT looks after. Issuing and checking them is in `app.people.service`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from app import events
from app.errors import Conflict, Forbidden, NotFound, RuleBroken
from app.people.digests import digest
from app.people.models import ApiToken, Role, User
from app.people.service import Person, issue_token

AT_MOST = 20


def working(session: Session, user_id: int, on: date) -> list[ApiToken]:
    """Somebody's tokens that work on a day, the newest first."""
    query = select(ApiToken).where(
        ApiToken.user_id == user_id,
        ApiToken.revoked_at.is_(None),
        or_(ApiToken.expires_on.is_(None), ApiToken.expires_on >= on),
    )
    return list(session.scalars(query.order_by(ApiToken.id.desc())))


def issue(
    session: Session,
    user_id: int,
    *,
    label: str,
    expires_on: date | None,
    actor: Person,
    on: date,
    now: datetime,
) -> tuple[ApiToken, str]:
    """A new token of one's own; IT issues those of kiosks and services too. Returns its row and the token, which is
    shown once. Raises Forbidden `token.not_allowed`, NotFound `user.unknown`, RuleBroken `token.expired`, Conflict
    `token.too_many`.
    """
    user = session.scalar(
        select(User).where(User.id == user_id, User.left_at.is_(None)).with_for_update(key_share=True)
    )
    if user is None:
        raise NotFound("user.unknown", user_id=user_id)
    is_machine = user.role in {Role.KIOSK, Role.SERVICE}
    if user.id != actor.id and not (is_machine and actor.role is Role.IT):
        raise Forbidden("token.not_allowed")
    if expires_on is not None and expires_on < on:
        raise RuleBroken("token.expired", earliest=on.isoformat())
    if len(working(session, user.id, on)) >= AT_MOST:
        raise Conflict("token.too_many", most=AT_MOST)
    token = issue_token(session, user, now=now, label=label, expires_on=expires_on, actor_id=actor.id)
    return session.scalars(select(ApiToken).where(ApiToken.token_hash == digest(token))).one(), token


def revoke(session: Session, token_id: int, *, actor: Person | None, now: datetime) -> ApiToken:
    """A token dies at once: one's own, or anybody's for IT. `actor` None: whoever runs the machine.

    Raises NotFound `token.unknown`, also for another's token, so that nobody can count them.
    """
    token = session.get(ApiToken, token_id)
    may = token is not None and (actor is None or actor.role is Role.IT or actor.id == token.user_id)
    if token is None or token.revoked_at is not None or not may:
        raise NotFound("token.unknown", token_id=token_id)
    token.revoked_at = now
    session.flush()
    events.record(
        session,
        "token.revoked",
        f"user:{token.user_id}",
        at=now,
        actor_id=actor.id if actor else None,
        label=token.label,
    )
    return token


def revoke_all(session: Session, user_id: int, *, now: datetime) -> None:
    """All tokens of somebody die at once."""
    session.execute(
        update(ApiToken)
        .where(ApiToken.user_id == user_id, ApiToken.revoked_at.is_(None))
        .values(revoked_at=now)
    )


def note_use(session: Session, token: str, on: date) -> None:
    """The token was used on a day; nothing finer is kept of it."""
    session.execute(
        update(ApiToken)
        .where(
            ApiToken.token_hash == digest(token),
            or_(ApiToken.last_used_on.is_(None), ApiToken.last_used_on < on),
        )
        .values(last_used_on=on)
    )


class UseOfTheDay:
    """Which tokens a process has noted as used today, so that not every request writes."""

    def __init__(self) -> None:
        self._on: date | None = None
        self._noted: set[str] = set()

    def once(self, token: str, on: date, note: Callable[[], None]) -> None:
        """Call `note` for the first use of a token on a day."""
        if self._on != on:
            self._on, self._noted = on, set()
        key = digest(token)
        if key not in self._noted:
            note()
            self._noted.add(key)
