"""Finding and authenticating people."""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import cache
from typing import Any, NamedTuple

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from sqlalchemy import ColumnElement, Date, Executable, bindparam, exists, or_, select
from sqlalchemy.orm import Session

from app import events
from app.errors import Conflict, NotFound
from app.orm import UtcDateTime
from app.people.digests import digest
from app.people.guards import address_is_free
from app.people.models import ApiToken, EndedSession, Membership, Role, Section, User
from app.people.rules import Employment
from app.people.sections import last_days

hasher = PasswordHasher()
# Before anybody leaves: of whom is looked up and does not act, only the sweep says that they have left.
EVER = datetime(1970, 1, 1, tzinfo=UTC)


class Belongs(NamedTuple):
    """That somebody belongs to a section, from a day to the end of another (None: nobody knows yet).

    `within`: the section and all above it (係・課・部・局).
    """

    section_id: int
    from_on: date
    until_on: date | None
    within: frozenset[int]


@dataclass(frozen=True, slots=True)
class Person:
    """Who asks: a user as of a day, with the sections they belong to then."""

    id: int
    email: str
    name: str
    role: Role
    locale: str
    belongs: tuple[Belongs, ...]
    on: date
    session_epoch: int = 0

    @property
    def section_ids(self) -> frozenset[int]:
        """The sections of the day."""
        return frozenset(one.section_id for one in self._of_the_day())

    @property
    def within(self) -> frozenset[int]:
        """The sections of the day and all above them: whose zones are one's own, and whose chiefs act for one."""
        return frozenset(section_id for one in self._of_the_day() for section_id in one.within)

    def _of_the_day(self) -> Iterator[Belongs]:
        return (
            one
            for one in self.belongs
            if one.from_on <= self.on and (one.until_on is None or one.until_on >= self.on)
        )

    def as_of(self, on: date) -> Person:
        """The same person on another day."""
        return replace(self, on=on)


@dataclass(frozen=True, slots=True)
class NewUser:
    """An account to be made."""

    email: str
    name: str
    role: Role
    kana: str = ""
    extension: str = ""
    employment: Employment = Employment.REGULAR
    locale: str = ""


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
    """A new account in a section from the day `on`, made by whoever runs the machine. Raises as `add`."""
    return add(session, NewUser(email, name, role, kana), section_code=section_code, on=on, now=now)


def add(
    session: Session,
    wanted: NewUser,
    *,
    section_code: str,
    on: date,
    now: datetime,
    actor_id: int | None = None,
) -> User:
    """A new account in a section from the day `on`. Raises Conflict `user.exists`, NotFound `section.unknown`,
    RuleBroken `section.closed`.

    The address of somebody who left stays theirs, or their history would become another's: IT changes it first.
    """
    section = session.scalar(select(Section).where(Section.code == section_code))
    if section is None:
        raise NotFound("section.unknown", section=section_code)
    until_on = last_days(session, [section.id], on)[section.id]
    email = wanted.email.lower()
    if session.scalar(select(User.id).where(User.email == email)):
        raise Conflict("user.exists", email=email)
    user = User(
        email=email,
        name=wanted.name,
        kana=wanted.kana,
        extension=wanted.extension,
        role=wanted.role,
        employment=wanted.employment,
        locale=wanted.locale,
    )
    with address_is_free(session, email):
        session.add(user)
    session.add(Membership(user_id=user.id, section_id=section.id, from_on=on, until_on=until_on))
    session.flush()
    events.record(
        session,
        "user.added",
        f"user:{user.id}",
        at=now,
        actor_id=actor_id,
        role=wanted.role.value,
        section=section_code,
    )
    return user


def add_section(session: Session, code: str, *, name: str, name_en: str = "") -> Section:
    """A new section (局・部・課・係)."""
    section = Section(code=code, name=name, name_en=name_en)
    session.add(section)
    session.flush()
    return section


def set_password(user: User, password: str) -> None:
    """Set a password; argon2id keeps it. Browser sessions begun under the old one are over."""
    user.session_epoch = (user.session_epoch or 0) + 1
    user.password_hash = hasher.hash(password)


@cache
def _nobodys_hash() -> str:
    return hasher.hash(secrets.token_hex(16))


def find_by_password(session: Session, email: str, password: str, at: datetime) -> User | None:
    """The account of `email` if the password fits. An unknown address takes as long as a wrong password."""
    wanted = select(User).where(User.email == email.strip().lower(), User.is_here(at))
    user = session.scalar(wanted) if email.isprintable() else None
    return user if fits(user, password) else None


def fits(user: User | None, password: str) -> bool:
    """Whether it is the user's password; for nobody, and for one without a password, no, after the same time."""
    try:
        hasher.verify(user.password_hash if user and user.password_hash else _nobodys_hash(), password)
    except (Argon2Error, InvalidHashError, UnicodeEncodeError):
        return False
    return True


def issue_token(
    session: Session,
    user: User,
    *,
    now: datetime,
    label: str = "",
    expires_on: date | None = None,
    actor_id: int | None = None,
) -> str:
    """A new bearer token, shown once; only its hash is kept. It works to the end of the day `expires_on`."""
    token = "aks_" + secrets.token_urlsafe(32)
    session.add(
        ApiToken(
            user_id=user.id,
            token_hash=digest(token),
            label=label,
            created_at=now,
            expires_on=expires_on,
        )
    )
    session.flush()
    events.record(session, "token.issued", f"user:{user.id}", at=now, actor_id=actor_id, label=label)
    return token


def find_by_token(session: Session, token: str, on: date, at: datetime) -> Person | None:
    """Who a bearer token stands for, while it works and its owner has not left; one query."""
    return _person(session, _BY_TOKEN, on, at=at, token_hash=digest(token), on=on)


def find_person(session: Session, user_id: int, on: date, at: datetime = EVER) -> Person | None:
    """A user who has not left, as of a day. `at`: the instant, of whoever acts."""
    return _person(session, _BY_ID, on, at=at, user_id=user_id)


def find_signed_in(session: Session, user_id: int, session_id: str, on: date, at: datetime) -> Person | None:
    """The user of a browser session, unless it was ended; one query."""
    return _person(session, _BY_SESSION, on, at=at, user_id=user_id, session_digest=digest(session_id))


def find_people(session: Session, user_ids: Collection[int], on: date) -> dict[int, Person]:
    """Those of some users who have not left, by id, as of a day; one query."""
    rows: dict[int, list[Any]] = defaultdict(list)
    for row in session.execute(_IN, {"user_ids": list(user_ids), "at": EVER}):
        rows[row.id].append(row)
    return {user_id: _as_of(found, on) for user_id, found in rows.items()}


def find_by_address(session: Session, email: str, on: date, at: datetime) -> Person | None:
    """Whose mail address it is, as of a day, while they have not left."""
    return _person(session, _BY_ADDRESS, on, at=at, email=email.lower()) if email.isprintable() else None


def get_person(session: Session, user_id: int, on: date, at: datetime = EVER) -> Person:
    """As `find_person`; raises NotFound `user.unknown`."""
    person = find_person(session, user_id, on, at)
    if person is None:
        raise NotFound("user.unknown", user_id=user_id)
    return person


def get_by_email(session: Session, email: str) -> User:
    """An account by its address; raises NotFound `user.unknown`."""
    user = session.scalar(select(User).where(User.email == email.lower()))
    if user is None:
        raise NotFound("user.unknown", email=email)
    return user


def ids_of(session: Session, addresses: Sequence[str]) -> list[int]:
    """The accounts of these addresses, in their order; one query. Raises NotFound `user.unknown` naming the first that
    is none."""
    wanted = [address.lower() for address in addresses]
    known = dict(session.execute(select(User.email, User.id).where(User.email.in_(wanted))).all())
    for address in wanted:
        if address not in known:
            raise NotFound("user.unknown", email=address)
    return [known[address] for address in wanted]


def list_people(
    session: Session,
    *,
    section_id: int | None = None,
    on: date,
    after_id: int = 0,
    limit: int | None = None,
) -> list[User]:
    """Everybody who has not left, in the order of their kana; of one section where it is given. With a `limit` at most
    so many after an id, in the order of ids."""
    order = (User.kana, User.name, User.id) if limit is None else (User.id,)
    here = (User.left_at.is_(None), User.id > after_id)
    query = select(User).where(*here).order_by(*order).limit(limit)
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


def ids_with_role(session: Session, role: Role) -> list[int]:
    """Everybody of a role who has not left, in the order of their ids."""
    return list(
        session.scalars(select(User.id).where(User.role == role, User.left_at.is_(None)).order_by(User.id))
    )


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


def _people(*which: ColumnElement[bool]) -> Executable:
    """Those who have not left: a row for each membership and each section that it lies within, itself among them.

    UNION, not UNION ALL: what goes in a circle ends.
    """
    who = (
        select(
            User.id,
            User.email,
            User.name,
            User.role,
            User.locale,
            User.session_epoch,
            Membership.section_id,
            Membership.from_on,
            Membership.until_on,
        )
        .join(Membership, Membership.user_id == User.id, isouter=True)
        .where(User.is_here(bindparam("at", type_=UtcDateTime())), *which)
        .cte("who")
    )
    own = select(who.c.section_id, who.c.section_id.label("above_id")).where(who.c.section_id.is_not(None))
    within = own.cte("within", recursive=True)
    above = select(within.c.section_id, Section.parent_id).join(Section, Section.id == within.c.above_id)
    within = within.union(above.where(Section.parent_id.is_not(None)))
    return select(who, within.c.above_id).join(within, within.c.section_id == who.c.section_id, isouter=True)


# Asked with every request, so put together once: building a statement costs as much as running it.
_BY_ID = _people(User.id == bindparam("user_id"))
_BY_SESSION = _people(
    User.id == bindparam("user_id"),
    ~exists().where(EndedSession.digest == bindparam("session_digest")),
)
_IN = _people(User.id.in_(bindparam("user_ids", expanding=True)))
_BY_ADDRESS = _people(User.email == bindparam("email"))
_BY_TOKEN = _people(
    ApiToken.token_hash == bindparam("token_hash"),
    ApiToken.revoked_at.is_(None),
    or_(ApiToken.expires_on.is_(None), ApiToken.expires_on >= bindparam("on", type_=Date())),
    User.id == ApiToken.user_id,
)


def _person(session: Session, query: Executable, day: date, **values: object) -> Person | None:
    rows: Sequence[Any] = session.connection().execute(query, values).all()
    return _as_of(rows, day) if rows else None


def _as_of(rows: Sequence[Any], day: date) -> Person:
    """A person of a row for each membership and section that it lies within."""
    first = rows[0]
    within: dict[Any, set[int]] = defaultdict(set)
    for row in rows:
        if row.section_id is not None:
            within[row.section_id, row.from_on, row.until_on].add(row.above_id)
    belongs = tuple(
        Belongs(section_id, from_on, until_on, frozenset(found))
        for (section_id, from_on, until_on), found in within.items()
    )
    return Person(
        first.id, first.email, first.name, first.role, first.locale, belongs, day, first.session_epoch
    )
