"""`Idempotency-Key` on every POST of the API: asked again under one key, it happens once and is answered alike.

The key is written in the transaction that does what was asked, before anything else in it: of two at once the second
waits there for the first. What was refused left no key and may be tried again. The answer is kept beside it as soon as
it is known; a process that dies between the two has done it, and says so at the next try.
"""

from __future__ import annotations

import hashlib
import time
from datetime import datetime, timedelta
from typing import Any

from flask import Flask, Response, g, has_request_context, make_response, request
from sqlalchemy import (
    Connection,
    Engine,
    Index,
    String,
    Text,
    UniqueConstraint,
    delete,
    event,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, SessionTransaction, mapped_column

from app.database import WRITER, reading, transaction
from app.errors import Conflict, RuleBroken
from app.extensions import db
from app.http import is_api, now
from app.orm import Base, BigId

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
KEPT = timedelta(hours=24)
LONGEST = 255
KEPT_HEADERS = ("Location", "ETag")
WAIT_S, TRIES = 0.05, 40


class IdempotencyKey(Base):
    """A key of a user on a route, with the hash of the body it came with, and the answer once it is known."""

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


keys = IdempotencyKey.metadata.tables["idempotency_keys"]


def register(app: Flask) -> None:
    """Let an application honour the key."""
    app.before_request(_begin)
    app.after_request(_remember)
    app.register_error_handler(_Again, _answer_again)


class _Again(Exception):
    """Somebody else has this key: they did it, or are doing it."""


def _answer_again(_again: _Again) -> Response:
    return _replay(wait=True) or make_response("", 500)


def _begin() -> Response | None:
    """Answer a key that is known at once; else let the first writing transaction of the request write it."""
    key = request.headers.get(HEADER)
    if key is None or request.method != "POST" or not is_api() or g.get("person") is None:
        return None
    if not 0 < len(key) <= LONGEST or not key.isascii() or not key.isprintable():
        raise RuleBroken("idempotency.invalid", most=LONGEST)
    g.idempotency = {
        "user_id": g.person.id,
        "route": f"{request.method} {request.path}"[:200],
        "key": key,
        "body_hash": hashlib.sha256(request.get_data(cache=True)).hexdigest(),
        "made_at": now(),
        "answer": "",
        "headers": {},
    }
    return _replay(wait=False)


@event.listens_for(Session, "after_begin")
def _write_key(_session: Session, _transaction: SessionTransaction, connection: Connection) -> None:
    if not has_request_context() or not connection.get_execution_options().get(WRITER):
        return
    row = g.get("idempotency")
    if row is None or g.get("idempotency_written"):
        return
    g.idempotency_written = True
    old = [*_where(row), keys.c.made_at <= row["made_at"] - KEPT]
    connection.execute(delete(keys).where(*old))
    try:
        connection.execute(insert(keys), [row])
    except IntegrityError as error:
        raise _Again from error


def _where(row: dict[str, Any]) -> list[Any]:
    return [keys.c[name] == row[name] for name in ("user_id", "route", "key")]


def _replay(*, wait: bool) -> Response | None:
    """The answer that was given under this key; None where the key is new.

    Raises RuleBroken `idempotency.mismatch` for another body, Conflict `idempotency.unknown` where it was done but the
    answer was lost.
    """
    row = g.idempotency
    for _ in range(TRIES if wait else 1):
        with reading(db.engine) as session:
            found = session.execute(
                select(keys).where(*_where(row), keys.c.made_at > row["made_at"] - KEPT)
            ).one_or_none()
        if found is None and not wait:
            return None
        if found is not None and found.body_hash != row["body_hash"]:
            raise RuleBroken("idempotency.mismatch")
        if found is not None and found.status is not None:
            return _as_given(found.status, found.answer, found.headers)
        time.sleep(WAIT_S if wait else 0)
    if wait:
        raise Conflict("idempotency.unknown")
    return _replay(wait=True)


def _as_given(status: int, answer: str, headers: dict[str, str]) -> Response:
    g.idempotency = None
    response = make_response(answer, status)
    if answer:
        response.content_type = "application/json"
    response.headers.update(headers)
    response.headers[REPLAYED] = "true"
    return response


def _remember(response: Response) -> Response:
    """Keep the answer beside the key that was written with the deed."""
    row = g.get("idempotency")
    if row is None or not g.get("idempotency_written") or response.status_code >= 300:
        return response
    kept = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
    g.idempotency = None
    with transaction(db.engine) as session:
        session.execute(
            update(keys)
            .where(*_where(row))
            .values(status=response.status_code, answer=response.get_data(as_text=True), headers=kept)
        )
    return response


def forget_old(engine: Engine, at: datetime) -> int:
    """Forget the keys that are kept no longer; returns how many."""
    with transaction(engine) as session:
        gone = session.execute(delete(keys).where(keys.c.made_at <= at - KEPT))
        return int(gone.rowcount)  # type: ignore[attr-defined]
