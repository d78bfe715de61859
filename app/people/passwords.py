"""Passwords: changed by oneself with the old one, or set again with a code from IT, without any mail."""

from __future__ import annotations

import secrets
import unicodedata
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app import events
from app.errors import Forbidden, NotFound, RuleBroken
from app.people.digests import digest
from app.people.models import PasswordCode, User
from app.people.service import Person, fits, set_password

# NIST SP 800-63B asks for eight characters at least; what argon2 is given has an end.
SHORTEST, LONGEST = 8, 1024
CODE_LASTS = timedelta(hours=24)
# No 0 O 1 I L, nothing that reads as another: a code is spoken over the telephone. 16 of 24: 73 bits.
ALPHABET = "34679ACDEFGHJKMNPQRTVWXY"
CODE_LENGTH, GROUP = 16, 4


def checked(password: str) -> str:
    """A password that may be chosen; raises RuleBroken `password.length`."""
    if not SHORTEST <= len(password) <= LONGEST or not password.isprintable() or not password.strip():
        raise RuleBroken("password.length", least=SHORTEST, most=LONGEST)
    return password


def not_the_same() -> RuleBroken:
    """The refusal of a password that was typed in two ways."""
    return RuleBroken("password.not_the_same")


def change_own(session: Session, actor: Person, *, old: str, new: str, now: datetime) -> User:
    """Choose another password. All browser sessions end; the caller begins the one at hand anew.

    Raises Forbidden `password.wrong`, RuleBroken `password.length`.
    """
    user = session.get_one(User, actor.id)
    if not fits(user, old):
        raise Forbidden("password.wrong")
    _set(session, user, checked(new), actor_id=actor.id, now=now)
    return user


def issue_code(
    session: Session, user_id: int, *, actor: Person | None, now: datetime
) -> tuple[str, datetime]:
    """A code for somebody to choose a password with, once, within a day; a former one is void. Until it is used the
    old password works. Returns the code, shown once, and until when it is good. Raises NotFound `user.unknown`."""
    user = session.scalar(
        select(User).where(User.id == user_id, User.left_at.is_(None)).with_for_update(key_share=True)
    )
    if user is None:
        raise NotFound("user.unknown", user_id=user_id)
    code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))
    session.execute(delete(PasswordCode).where(PasswordCode.user_id == user_id))
    session.add(PasswordCode(user_id=user_id, code_hash=digest(code), expires_at=now + CODE_LASTS))
    session.flush()
    events.record(
        session, "password.code_issued", f"user:{user_id}", at=now, actor_id=actor.id if actor else None
    )
    groups = [code[at : at + GROUP] for at in range(0, CODE_LENGTH, GROUP)]
    return "-".join(groups), now + CODE_LASTS


def choose(session: Session, code: str, new: str, *, now: datetime) -> User:
    """Choose a password with a code, which is then void. All browser sessions end.

    Raises Forbidden `password.code_unknown` for a code that is wrong, used or too old, RuleBroken `password.length`.
    """
    typed = "".join(one for one in unicodedata.normalize("NFKC", code).upper() if one in ALPHABET)
    found = session.scalar(
        select(PasswordCode).where(PasswordCode.code_hash == digest(typed)).with_for_update()
    )
    user = session.get_one(User, found.user_id) if found else None
    if found is None or user is None or found.expires_at <= now or user.left_at is not None:
        raise Forbidden("password.code_unknown")
    checked(new)
    session.delete(found)
    _set(session, user, new, actor_id=user.id, now=now)
    return user


def set_by_operator(session: Session, user: User, new: str, *, now: datetime) -> None:
    """Whoever runs the machine sets a password. Raises RuleBroken `password.length`."""
    _set(session, user, checked(new), actor_id=None, now=now)


def _set(session: Session, user: User, new: str, *, actor_id: int | None, now: datetime) -> None:
    set_password(user, new)
    session.flush()
    events.record(session, "password.changed", f"user:{user.id}", at=now, actor_id=actor_id)
