"""The append-only log of facts, written in the transaction that makes them true.

History, notifications, webhooks and live pages read this one log. Ids become visible out of order under
concurrency, so a reader marks what it has delivered instead of keeping a cursor.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, insert, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.orm import Base, BigId


class Event(Base):
    """At `at`, `actor_id` (None: the system) made `kind` true of `subject`, such as `booking:17`."""

    __tablename__ = "events"
    __table_args__ = (Index(None, "subject", "id"), Index(None, "at"))

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(String(48))
    subject: Mapped[str] = mapped_column(String(80))
    actor_id: Mapped[int | None] = mapped_column(BigId)
    data: Mapped[dict[str, Any]]


def record(
    session: Session, kind: str, subject: str, *, at: datetime, actor_id: int | None = None, **data: Any
) -> None:
    """Append one fact."""
    session.execute(
        insert(Event), [{"at": at, "kind": kind, "subject": subject, "actor_id": actor_id, "data": data}]
    )


def record_many(session: Session, rows: Iterable[dict[str, Any]]) -> None:
    """Append facts given as rows of Event, in one statement."""
    if listed := list(rows):
        session.execute(insert(Event), listed)


def history(session: Session, subject: str) -> list[Event]:
    """Everything that happened to a subject, oldest first."""
    return list(session.scalars(select(Event).where(Event.subject == subject).order_by(Event.id)))
