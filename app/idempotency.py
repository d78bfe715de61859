"""Requests that may be sent again: what was answered under a person's key, kept beside the effect it answers for.

The row is written first and its answer last, in the transaction of the effect: either all three stand or none. Who
comes second with the same key waits for the first at the row's unique key, then finds the answer or an empty place.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Engine, Index, String, Text, UniqueConstraint, delete, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.bulk import insert_one
from app.database import transaction
from app.errors import Conflict, RuleBroken
from app.orm import Base, BigId

KEPT = timedelta(hours=24)
LONGEST = 255


class IdempotencyKey(Base):
    """A key of a user on a route, with the hash of what was asked under it, and the answer unless it is a secret."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (UniqueConstraint("user_id", "route", "key"), Index(None, "made_at"))

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = mapped_column(BigId)
    route: Mapped[str] = mapped_column(String(200))
    key: Mapped[str] = mapped_column(String(LONGEST))
    body_hash: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime]
    status: Mapped[int | None]
    answer: Mapped[str] = mapped_column(Text, default="")
    headers: Mapped[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Claim:
    """A request under a key: whose, on which route (method and address), and the hash of its body."""

    user_id: int
    route: str
    key: str
    body_hash: str

    def __post_init__(self) -> None:
        if not (0 < len(self.key) <= LONGEST and self.key.isascii() and self.key.isprintable()):
            raise RuleBroken("idempotency.invalid", most=LONGEST)


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered, to be given again as it was."""

    status: int
    headers: dict[str, str]
    body: str


def claim(session: Session, request: Claim, *, now: datetime) -> Answer | None:
    """The answer given before, or None: then the request is ours to act on, and `keep` is called in this transaction.

    Waits while another transaction acts under the same key. Raises RuleBroken `idempotency.mismatch` where the key
    stands for another request, until it is a day old, and Conflict `idempotency.unknown` where the answer was not kept.
    """
    fresh = {"body_hash": request.body_hash, "made_at": now, "status": None, "headers": {}, "answer": ""}
    ours = session.scalar(
        insert_one(session, IdempotencyKey)
        .values(user_id=request.user_id, route=request.route, key=request.key, **fresh)
        .on_conflict_do_update(
            index_elements=["user_id", "route", "key"], set_=fresh, where=IdempotencyKey.made_at <= now - KEPT
        )
        .returning(IdempotencyKey.key)
    )
    if ours is not None:
        return None
    row = session.execute(
        select(
            IdempotencyKey.body_hash, IdempotencyKey.status, IdempotencyKey.headers, IdempotencyKey.answer
        ).where(_is(request))
    ).one()
    if row.body_hash != request.body_hash:
        raise RuleBroken("idempotency.mismatch")
    if row.status is None:
        raise Conflict("idempotency.unknown")
    return Answer(row.status, row.headers, row.answer)


def keep(session: Session, request: Claim, answer: Answer) -> None:
    """Store the answer of a request that was claimed in this transaction."""
    session.execute(
        update(IdempotencyKey)
        .where(_is(request))
        .values(status=answer.status, headers=answer.headers, answer=answer.body)
    )


def forget_old(engine: Engine, at: datetime) -> int:
    """Forget the keys that are kept no longer; returns how many."""
    with transaction(engine) as session:
        gone = session.execute(delete(IdempotencyKey).where(IdempotencyKey.made_at <= at - KEPT))
        return int(gone.rowcount)  # type: ignore[attr-defined]


def _is(request: Claim) -> ColumnElement[bool]:
    return (
        (IdempotencyKey.user_id == request.user_id)
        & (IdempotencyKey.route == request.route)
        & (IdempotencyKey.key == request.key)
    )
