"""Requests that may be sent again: what was answered under a person's key, kept beside the effect it answers for.

The row is written first and its answer last, in the transaction of the effect: either all three stand or none. Who
comes second with the same key waits for the first at the row's unique key, then finds the answer or an empty place.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, LargeBinary, String, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.errors import RuleBroken
from app.orm import Base, BigId

KEPT = timedelta(hours=24)
LONGEST_KEY = 200


class IdempotencyKey(Base):
    """What `user_id` was answered on `route` (an endpoint's name) under `key`; `asked` is the hash of the request."""

    __tablename__ = "idempotency_keys"

    user_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    route: Mapped[str] = mapped_column(String(120), primary_key=True)
    key: Mapped[str] = mapped_column(String(LONGEST_KEY), primary_key=True)
    asked: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(index=True)
    status: Mapped[int] = mapped_column(default=0)
    headers: Mapped[dict[str, Any]]
    body: Mapped[bytes] = mapped_column(LargeBinary)


@dataclass(frozen=True, slots=True)
class Claim:
    """A request under a key: whose, on which route, and the hash of all it asks."""

    user_id: int
    route: str
    key: str
    asked: str

    def __post_init__(self) -> None:
        if not (0 < len(self.key) <= LONGEST_KEY and self.key.isascii() and self.key.isprintable()):
            raise RuleBroken("idempotency.invalid", longest=LONGEST_KEY)


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered, to be given again as it was."""

    status: int
    headers: dict[str, str]
    body: bytes


def claim(session: Session, request: Claim, *, now: datetime) -> Answer | None:
    """The answer given before, or None: then the request is ours to act on, and `keep` is called in this transaction.

    Waits while another transaction acts under the same key. Raises RuleBroken `idempotency.mismatch` where the key
    stands for another request, until it is a day old.
    """
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    fresh = {"asked": request.asked, "at": now, "status": 0, "headers": {}, "body": b""}
    ours = session.scalar(
        dialect.insert(IdempotencyKey)
        .values(user_id=request.user_id, route=request.route, key=request.key, **fresh)
        .on_conflict_do_update(
            index_elements=["user_id", "route", "key"], set_=fresh, where=IdempotencyKey.at <= now - KEPT
        )
        .returning(IdempotencyKey.key)
    )
    if ours is not None:
        return None
    row = session.execute(
        select(
            IdempotencyKey.asked, IdempotencyKey.status, IdempotencyKey.headers, IdempotencyKey.body
        ).where(_is(request))
    ).one()
    if row.asked != request.asked:
        raise RuleBroken("idempotency.mismatch", key=request.key)
    return Answer(row.status, row.headers, row.body)


def keep(session: Session, request: Claim, answer: Answer) -> None:
    """Store the answer of a request that was claimed in this transaction."""
    session.execute(
        update(IdempotencyKey)
        .where(_is(request))
        .values(status=answer.status, headers=answer.headers, body=answer.body)
    )


def purge(session: Session, *, now: datetime) -> None:
    """Forget the answers that are a day old."""
    session.execute(delete(IdempotencyKey).where(IdempotencyKey.at <= now - KEPT))


def _is(request: Claim) -> ColumnElement[bool]:
    return (
        (IdempotencyKey.user_id == request.user_id)
        & (IdempotencyKey.route == request.route)
        & (IdempotencyKey.key == request.key)
    )
