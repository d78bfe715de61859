"""Finding and authenticating people."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from app import events
from app.errors import Conflict, NotFound
from app.people.models import ApiToken, Membership, Role, Section, User

_hasher = PasswordHasher()


@dataclass(frozen=True, slots=True)
class Person:
    """Who asks: a user as of a day, with the sections they belong to then."""

    id: int
    email: str
    name: str
    role: Role
    locale: str
    section_ids: frozenset[int]


def add_user(
    session: Session,
    email: str,
    *,
    name: str,
    section_code: str,
    role: Role,
    now: datetime,
    on: date,
    kana: str = "",
) -> User:
    """A new account in a section from the day `on`. Raises Conflict `user.exists`, NotFound `section.unknown`."""
    section = session.scalar(select(Section).where(Section.code == section_code))
    if section is None:
        raise NotFound("section.unknown", section=section_code)
    if session.scalar(select(User.id).where(User.email == email.lower())):
        raise Conflict("user.exists", email=email)
    user = User(email=email.lower(), name=name, kana=kana, role=role)
    session.add(user)
    session.flush()
    session.add(Membership(user_id=user.id, section_id=section.id, from_on=on))
    session.flush()
    events.record(session, "user.added", f"user:{user.id}", at=now, role=role.value, section=section_code)
    return user


def add_section(session: Session, code: str, *, name: str, name_en: str = "") -> Section:
    """A new section (局・部・課・係)."""
    section = Section(code=code, name=name, name_en=name_en)
    session.add(section)
    session.flush()
    return section


def set_password(user: User, password: str) -> None:
    """Set a password; argon2id keeps it."""
    user.password_hash = _hasher.hash(password)


@cache
def _nobodys_hash() -> str:
    return _hasher.hash(secrets.token_hex(16))


def find_by_password(session: Session, email: str, password: str) -> User | None:
    """The account of `email` if the password fits. An unknown address takes as long as a wrong password."""
    wanted = select(User).where(User.email == email.strip().lower(), User.left_at.is_(None))
    user = session.scalar(wanted) if email.isprintable() else None
    try:
        _hasher.verify(user.password_hash if user and user.password_hash else _nobodys_hash(), password)
    except (Argon2Error, InvalidHashError):
        return None
    return user


def issue_token(session: Session, user: User, *, now: datetime, label: str = "") -> str:
    """A new bearer token, shown once; only its hash is kept."""
    token = "aks_" + secrets.token_urlsafe(32)
    session.add(ApiToken(user_id=user.id, token_hash=_digest(token), label=label, created_at=now))
    session.flush()
    events.record(session, "token.issued", f"user:{user.id}", at=now, label=label)
    return token


def find_by_token(session: Session, token: str, on: date) -> Person | None:
    """Who a bearer token stands for, while it is not revoked and its owner has not left; one query."""
    return _person(
        session,
        on,
        ApiToken.token_hash == _digest(token),
        ApiToken.revoked_at.is_(None),
        User.id == ApiToken.user_id,
    )


def find_person(session: Session, user_id: int, on: date) -> Person | None:
    """A user who has not left, as of a day."""
    return _person(session, on, User.id == user_id)


def get_person(session: Session, user_id: int, on: date) -> Person:
    """As `find_person`; raises NotFound `user.unknown`."""
    person = find_person(session, user_id, on)
    if person is None:
        raise NotFound("user.unknown", user_id=user_id)
    return person


def get_by_email(session: Session, email: str) -> User:
    """An account by its address; raises NotFound `user.unknown`."""
    user = session.scalar(select(User).where(User.email == email.lower()))
    if user is None:
        raise NotFound("user.unknown", email=email)
    return user


def list_people(session: Session, *, section_id: int | None = None, on: date) -> list[User]:
    """Everybody who has not left, in the order of their kana; of one section where it is given."""
    query = select(User).where(User.left_at.is_(None)).order_by(User.kana, User.name, User.id)
    if section_id is not None:
        query = query.where(
            User.id.in_(select(Membership.user_id).where(Membership.section_id == section_id, _holds(on)))
        )
    return list(session.scalars(query))


def staff_ids(session: Session, *, on: date, day_began_at: datetime) -> list[int]:
    """Everybody who belonged to a section on a day, be it their last one; no kiosk and no service."""
    query = (
        select(User.id)
        .where(
            User.role.not_in((Role.KIOSK, Role.SERVICE)),
            or_(User.left_at.is_(None), User.left_at > day_began_at),
            User.id.in_(select(Membership.user_id).where(_holds(on))),
        )
        .order_by(User.id)
    )
    return list(session.scalars(query))


def list_sections(session: Session) -> list[Section]:
    """All sections, in the order of their codes."""
    return list(session.scalars(select(Section).order_by(Section.code)))


def names(session: Session, user_ids: Iterable[int]) -> dict[int, str]:
    """Names by id, in one query."""
    return {
        row.id: row.name
        for row in session.execute(select(User.id, User.name).where(User.id.in_(set(user_ids))))
    }


def _holds(on: date) -> ColumnElement[bool]:
    return (Membership.from_on <= on) & or_(Membership.until_on.is_(None), Membership.until_on >= on)


def _person(session: Session, on: date, *where: ColumnElement[bool]) -> Person | None:
    rows = session.execute(
        select(User.id, User.email, User.name, User.role, User.locale, Membership.section_id)
        .join(Membership, (Membership.user_id == User.id) & _holds(on), isouter=True)
        .where(User.left_at.is_(None), *where)
    ).all()
    if not rows:
        return None
    first = rows[0]
    sections = frozenset(row.section_id for row in rows if row.section_id is not None)
    return Person(first.id, first.email, first.name, first.role, first.locale, sections)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
