"""Sections, users, dated membership, API tokens."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, ForeignKey, Index, String, UniqueConstraint, or_, text
from sqlalchemy.orm import Mapped, mapped_column

from app.orm import Base, BigId, enum_text
from app.people.rules import Employment

HAS_CARD = text("card_digest <> ''")
HAS_LEFT = text("left_at IS NOT NULL")
IS_LEAVING = text("leaves_at IS NOT NULL")


class Role(StrEnum):
    STAFF = "staff"
    CHIEF = "chief"
    FACILITY = "facility"
    PERSONNEL = "personnel"
    IT = "it"
    AUDITOR = "auditor"
    KIOSK = "kiosk"
    SERVICE = "service"


# Who sees everybody's telework and plans.
SEES_ALL = frozenset({Role.PERSONNEL, Role.AUDITOR})
# Who sees everybody's bookings.
SEES_BOOKINGS = frozenset({Role.FACILITY, Role.AUDITOR})


class Section(Base):
    """A unit of the organisation (局・部・課・係), under another where `parent_id` says so.

    `until_on`: its last day; from the next on nobody belongs to it. `version` counts changes (the ETag).
    """

    __tablename__ = "sections"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    code: Mapped[str] = mapped_column(String(32), unique=True)
    name: Mapped[str] = mapped_column(String(80))
    name_en: Mapped[str] = mapped_column(String(80), default="")
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("sections.id"))
    until_on: Mapped[date | None]
    version: Mapped[int] = mapped_column(default=1)

    def is_open(self, on: date) -> bool:
        """Whether people may belong to it on a day."""
        return self.until_on is None or on <= self.until_on


class User(Base):
    """A person with an account. `left_at` set: no sign-in and no token works any more.

    `locale`: the language of pages, mail and calendar; "": the office's.
    `employment`: the latest; how they were employed until a day is an `EarlierEmployment`.
    `card_digest`: of the staff card that checks in at a kiosk; the card's number itself is not kept.
    `leaves_at`: when they will have left; the sweep does it then. `session_epoch`: a browser session begun under
    another one is over. `version` counts changes by others (the ETag).
    """

    __tablename__ = "users"
    __table_args__ = (
        Index(
            "uq_users_card_digest",
            "card_digest",
            unique=True,
            postgresql_where=HAS_CARD,
            sqlite_where=HAS_CARD,
        ),
        Index("ix_users_left_at", "left_at", postgresql_where=HAS_LEFT, sqlite_where=HAS_LEFT),
        Index("ix_users_leaves_at", "leaves_at", postgresql_where=IS_LEAVING, sqlite_where=IS_LEAVING),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[str] = mapped_column(String(80))
    kana: Mapped[str] = mapped_column(String(80), default="")
    extension: Mapped[str] = mapped_column(String(16), default="")
    role: Mapped[Role] = mapped_column(enum_text(Role), default=Role.STAFF)
    employment: Mapped[Employment] = mapped_column(enum_text(Employment), default=Employment.REGULAR)
    locale: Mapped[str] = mapped_column(String(8), default="")
    password_hash: Mapped[str] = mapped_column(String(200), default="")
    card_digest: Mapped[str] = mapped_column(String(64), default="")
    left_at: Mapped[datetime | None]
    leaves_at: Mapped[datetime | None]
    session_epoch: Mapped[int] = mapped_column(default=0)
    version: Mapped[int] = mapped_column(default=1)

    @classmethod
    def is_here(cls, at: datetime | ColumnElement[datetime]) -> ColumnElement[bool]:
        """Who has not left by an instant, whether or not the sweep has been there since they were to leave."""
        return cls.left_at.is_(None) & or_(cls.leaves_at.is_(None), cls.leaves_at > at)


class Membership(Base):
    """A person belongs to a section from a date, until another (both included); several at once is 兼務."""

    __tablename__ = "memberships"
    __table_args__ = (Index(None, "user_id", "from_on"), Index(None, "section_id"))

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    section_id: Mapped[int] = mapped_column(ForeignKey("sections.id"))
    from_on: Mapped[date]
    until_on: Mapped[date | None]


class EarlierEmployment(Base):
    """How a person was employed until a day (included), and after the one before; then as the account says."""

    __tablename__ = "earlier_employments"
    __table_args__ = (UniqueConstraint("user_id", "until_on"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    employment: Mapped[Employment] = mapped_column(enum_text(Employment))
    until_on: Mapped[date]


class ApiToken(Base):
    """A bearer token; only its SHA-256 is stored, since it is random and needs no slow hash.

    `expires_on`: the last day on which it works. `last_used_on`: written once a day at most.
    """

    __tablename__ = "api_tokens"
    __table_args__ = (Index(None, "user_id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    label: Mapped[str] = mapped_column(String(80), default="")
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    expires_on: Mapped[date | None]
    last_used_on: Mapped[date | None]


class Identity(Base):
    """Whom the city's directory (OpenID Connect) knows by `subject` is this user; one for each issuer."""

    __tablename__ = "identities"
    __table_args__ = (UniqueConstraint("issuer", "subject"), UniqueConstraint("user_id", "issuer"))

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    issuer: Mapped[str] = mapped_column(String(255))
    subject: Mapped[str] = mapped_column(String(255))
    bound_at: Mapped[datetime]


class PasswordCode(Base):
    """A code with which a person chooses a new password, once; a newer one takes its place."""

    __tablename__ = "password_codes"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)
    code_hash: Mapped[str] = mapped_column(String(64), unique=True)
    expires_at: Mapped[datetime]


class EndedSession(Base):
    """A browser session that somebody signed out of, by a digest of its id; nobody's by itself. `until`: when its
    cookie is over anyway."""

    __tablename__ = "ended_sessions"
    __table_args__ = (Index(None, "until"),)

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    until: Mapped[datetime]
