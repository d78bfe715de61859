"""The append-only log of facts, written in the transaction that makes them true.

History, notifications, webhooks and live pages read this one log. Ids become visible out of order under
concurrency, so a reader marks what it has delivered instead of keeping a cursor.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, delete, false, func, insert, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.database import missing_triggers
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
    erased: Mapped[bool] = mapped_column(default=False, server_default=false())


class Erasing(Base):
    """Holds a row only inside a transaction that may change events: the guard looks for it, nobody else sees it."""

    __tablename__ = "erasing"

    id: Mapped[int] = mapped_column(primary_key=True)


GUARD = "tr_events_append_only"
GUARDS = {
    "postgresql": frozenset({GUARD, f"{GUARD}_truncate"}),
    "sqlite": frozenset({f"{GUARD}_update", f"{GUARD}_delete"}),
}


@contextmanager
def erasing(session: Session) -> Iterator[None]:
    """Inside, this transaction may change events, which the database refuses to everybody else; one at a time."""
    session.execute(insert(Erasing), [{"id": 1}])
    yield
    session.execute(delete(Erasing))


def missing_guards(session: Session) -> list[str]:
    """Guards of the log that do not stand, by name."""
    return missing_triggers(session, GUARDS, ["events"])


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


def newest(session: Session, subjects: Collection[str]) -> dict[str, datetime]:
    """When something became true of each subject last; of those of which nothing did, nothing."""
    query = select(Event.subject, func.max(Event.at).label("at")).where(Event.subject.in_(subjects))
    return {row.subject: row.at for row in session.execute(query.group_by(Event.subject))}


def history(session: Session, subject: str) -> list[Event]:
    """Everything that happened to a subject, oldest first."""
    return list(session.scalars(select(Event).where(Event.subject == subject).order_by(Event.id)))
