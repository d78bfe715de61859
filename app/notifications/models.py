"""Messages to people, webhooks, what of the events has been told already."""

from __future__ import annotations

from datetime import datetime, time
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, UniqueConstraint, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, column_property, mapped_column

from app.notifications.rules import Topic
from app.orm import Base, BigId, enum_text
from app.people.models import Role, User

IS_DUE = text("status = 'due'")
IS_UNREAD = text("read_at IS NULL AND on_page")
# Whose webhooks may be told everything; those of others, what is of the building.
HEARS_ALL = frozenset({Role.IT})
LISTED = JSON().with_variant(JSONB(), "postgresql")


class Delivery(StrEnum):
    """Of a mail or a webhook's call. `off`: not wanted, or no way to send it."""

    DUE = "due"
    SENT = "sent"
    FAILED = "failed"
    OFF = "off"


class Told(Base):
    """An event that has been turned into messages; of those above the mark only."""

    __tablename__ = "told_events"

    event_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)


class Mark(Base):
    """Every event up to `event_id` has been told. Ids become visible out of order, so the mark moves up to `next_id`
    only when that was the newest long enough ago for every transaction of then to have ended."""

    __tablename__ = "told_mark"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, default=1)
    event_id: Mapped[int] = mapped_column(BigId, default=0)
    next_id: Mapped[int] = mapped_column(BigId, default=0)
    next_at: Mapped[datetime | None]


class CalendarDomain(Base):
    """What the ids of an office's bookings end with in calendars, from its first day on: under another one nothing that
    was sent could be changed or cancelled."""

    __tablename__ = "calendar_domain"
    __table_args__ = (CheckConstraint("id = 1", name="one"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, default=1)
    name: Mapped[str] = mapped_column(String(255))


class Message(Base):
    """What one person is told of one event. `status` is the mail's; `mail_id` its Message-ID, the same at every try."""

    __tablename__ = "messages"
    __table_args__ = (
        UniqueConstraint("event_id", "user_id"),
        Index("ix_messages_due", "due_at", postgresql_where=IS_DUE, sqlite_where=IS_DUE),
        Index("ix_messages_unread", "user_id", postgresql_where=IS_UNREAD, sqlite_where=IS_UNREAD),
        Index(None, "user_id", "id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    event_id: Mapped[int] = mapped_column(BigId)
    kind: Mapped[str] = mapped_column(String(48))
    topic: Mapped[Topic] = mapped_column(enum_text(Topic))
    data: Mapped[dict[str, Any]]
    made_at: Mapped[datetime]
    on_page: Mapped[bool] = mapped_column(default=True)
    read_at: Mapped[datetime | None]
    status: Mapped[Delivery] = mapped_column(enum_text(Delivery), default=Delivery.OFF)
    due_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    mail_id: Mapped[str] = mapped_column(String(120), default="")
    error: Mapped[str] = mapped_column(String(200), default="")


class NotificationChoices(Base):
    """What a person chose (rules.Choices); `calendar_version` counts up when they take the calendar's address back."""

    __tablename__ = "notification_choices"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)
    switched: Mapped[list[str]] = mapped_column(LISTED, default=list)
    quiet_from: Mapped[time | None]
    quiet_until: Mapped[time | None]
    calendar_version: Mapped[int] = mapped_column(default=0)


class Shape(StrEnum):
    """The form of a webhook's body: our own, or what a chat takes."""

    PLAIN = "plain"
    TEAMS = "teams"
    SLACK = "slack"


class Webhook(Base):
    """An address that is called for events. `kinds`: as in rules.wanted_by; by who made it also what it may be told:
    once they have left (`maker_left_at`), nothing.

    `failures`: of calls since one was taken, the first at `failing_since`; the last for `error`. Until `probe_at`
    nothing is called.
    `disabled_at`: after a day of nothing but failures. `old_secret`: of before the last renewal, see `signing`.
    """

    __tablename__ = "webhooks"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    url: Mapped[str] = mapped_column(String(500))
    secret: Mapped[str] = mapped_column(String(80))
    old_secret: Mapped[str] = mapped_column(String(80), default="")
    old_secret_until: Mapped[datetime | None]
    kinds: Mapped[list[str]] = mapped_column(LISTED)
    shape: Mapped[Shape] = mapped_column(enum_text(Shape), default=Shape.PLAIN)
    made_at: Mapped[datetime]
    made_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    maker_left_at: Mapped[datetime | None] = column_property(
        select(User.left_at).where(User.id == made_by).correlate_except(User).scalar_subquery()
    )
    failures: Mapped[int] = mapped_column(default=0)
    failing_since: Mapped[datetime | None]
    probe_at: Mapped[datetime | None]
    error: Mapped[str] = mapped_column(String(200), default="")
    disabled_at: Mapped[datetime | None]
    removed_at: Mapped[datetime | None]


class WebhookCall(Base):
    """One event to be told to one webhook."""

    __tablename__ = "webhook_calls"
    __table_args__ = (
        UniqueConstraint("webhook_id", "event_id"),
        Index("ix_webhook_calls_due", "due_at", postgresql_where=IS_DUE, sqlite_where=IS_DUE),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    webhook_id: Mapped[int] = mapped_column(ForeignKey("webhooks.id"))
    event_id: Mapped[int] = mapped_column(BigId)
    status: Mapped[Delivery] = mapped_column(enum_text(Delivery), default=Delivery.DUE)
    due_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    error: Mapped[str] = mapped_column(String(200), default="")
