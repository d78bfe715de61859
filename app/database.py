"""Engines and transactions; knows no Flask.

A transaction begins and ends at an edge: one HTTP write, one batch of readings, one job row, one command.
"""

from __future__ import annotations

import select
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import Any

import sqlalchemy
from sqlalchemy import Connection, Engine, bindparam, event, make_url, text
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.orm import Session

from app.patience import SOCKET_LIMITS, ImpatientConnection

SQLITE_BUSY_MS = 15_000
WRITER = "akiseki_writer"
# The keys are taken in the order they are given in: unnest and the scan keep it.
_LOCK = text(
    "SELECT pg_advisory_xact_lock(hashtextextended(key, 0)) FROM unnest(CAST(:keys AS text[])) AS key"
)
_TRY_LOCK = text(
    "SELECT key FROM unnest(CAST(:keys AS text[])) AS key"
    " WHERE pg_try_advisory_xact_lock(hashtextextended(key, 0))"
)
_around: ContextVar[Session | None] = ContextVar("transaction around", default=None)


def engine_options(url: str) -> dict[str, Any]:
    """The options of every engine on `url`: each wait has a limit, the database's own while it answers, that of the
    socket and of `ImpatientConnection` where it does not."""
    if make_url(url).get_backend_name() == "sqlite":
        return {"connect_args": {"timeout": SQLITE_BUSY_MS / 1000, "check_same_thread": False}}
    return {
        "pool_size": 16,
        "max_overflow": 16,
        "pool_timeout": 10,
        "connect_args": {
            "connect_timeout": 5,
            **SOCKET_LIMITS,
            "application_name": "akiseki",
            "options": "-c statement_timeout=30000 -c lock_timeout=10000 "
            "-c idle_in_transaction_session_timeout=60000 -c timezone=UTC",
        },
    }


def create_engine(url: str) -> Engine:
    """An engine for the processes that have no Flask: gateway, jobs, commands."""
    return prepared(sqlalchemy.create_engine(url, **engine_options(url)))


def prepared(engine: Engine) -> Engine:
    """Teach an engine the house's rules of its database."""
    (_prepare_sqlite if engine.dialect.name == "sqlite" else _prepare_postgresql)(engine)
    return engine


def _prepare_postgresql(engine: Engine) -> None:
    """A connection that the server has hung up on, as when it was restarted, is seen without asking the server: its
    socket has something to read while nothing was asked. SQLAlchemy's `pool_pre_ping` asks, once a request.

    One that says nothing while it was asked is given up.
    """

    @event.listens_for(engine, "do_connect")
    def connect(_dialect: object, _record: object, where: Any, options: Any) -> Any:
        return ImpatientConnection.connect(*where, **options)

    @event.listens_for(engine, "checkout")
    def checkout(connection: Any, _record: object, _proxy: object) -> None:
        if connection.closed:
            raise InvalidatePoolError
        look = select.poll()
        look.register(connection.fileno(), select.POLLIN)
        if look.poll(0):
            raise InvalidatePoolError


def _prepare_sqlite(engine: Engine) -> None:
    """pysqlite's own transactions double-book: it begins late and deferred. Here the driver begins nothing, and the
    engine begins IMMEDIATE for writers only, since readers that begin so starve them (measured)."""

    @event.listens_for(engine, "connect")
    def connect(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode=WAL")
        # FULL: what was acknowledged survives a power cut, not only a killed process.
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writer = connection.get_execution_options().get(WRITER, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writer else "BEGIN")


@lru_cache(
    maxsize=8
)  # a process has one engine; making these for every request would take a tenth of a query
def _writer(engine: Engine) -> Engine:
    return engine.execution_options(**{WRITER: True})


@lru_cache(maxsize=8)
def _reader(engine: Engine) -> Engine:
    if engine.dialect.name != "postgresql":
        return engine
    return engine.execution_options(isolation_level="AUTOCOMMIT")


@contextmanager
def transaction(engine: Engine) -> Iterator[Session]:
    """A writing transaction: committed at the end, rolled back when anything is raised."""
    if (outer := _around.get()) is not None:
        yield outer
        outer.flush()
        return
    with Session(_writer(engine)) as session, session.begin():
        yield session


@contextmanager
def transaction_around(engine: Engine) -> Iterator[Session]:
    """A writing transaction which those within its block join: what they do and what is done here stand together.

    For an edge that must store something with the effect of another (the answer to a request that may come again).
    """
    with transaction(engine) as session:
        token = _around.set(session)
        try:
            yield session
        finally:
            _around.reset(token)


@contextmanager
def rehearsal(engine: Engine) -> Iterator[Session]:
    """A writing transaction that is always rolled back: what would happen, told by doing it."""
    if (outer := _around.get()) is not None:
        point = outer.begin_nested()
        yield outer
        point.rollback()
        return
    with Session(_writer(engine)) as session:
        yield session
        session.rollback()


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """A short reading transaction; close it before a page renders, or writers of SQLite starve.

    On PostgreSQL each statement stands alone: READ COMMITTED gives every one a snapshot of its own anyway, and BEGIN
    and ROLLBACK would be two more journeys to the server. Nothing is flushed, so that nothing can be written.
    """
    if (outer := _around.get()) is not None:
        yield outer
        return
    with reading_apart(engine) as session:
        yield session


@contextmanager
def reading_apart(engine: Engine) -> Iterator[Session]:
    """As `reading`, of what is committed, whatever transaction is around: one that was refused cannot be asked."""
    with Session(_reader(engine), autoflush=False) as session:
        yield session


def lock_rows(session: Session, scope: str, ids: Collection[int]) -> None:
    """Wait for the advisory locks of `scope` on `ids`, in order, until the transaction ends; one statement."""
    lock_in_order(session, [(scope, ids)])


def lock_in_order(session: Session, wanted: Iterable[tuple[str, Collection[int]]]) -> None:
    """Wait for the advisory locks of one scope after the other, each on its ids in order; one statement.

    PostgreSQL's exclusion constraints deadlock under contention, so writers queue here first. SQLite has one
    writer at a time and needs none.
    """
    keys = [key for scope, ids in wanted for key in _keys(scope, ids)]
    if keys and session.get_bind().dialect.name == "postgresql":
        session.execute(_LOCK, {"keys": keys})


def try_lock_rows(session: Session, scope: str, ids: Collection[int]) -> bool:
    """The same locks without waiting: whether all of them were free. Of those that were, the transaction keeps its own
    until it ends, or until the savepoint they were taken in is rolled back."""
    return try_lock_each(session, scope, ids) == set(ids)


def try_lock_each(session: Session, scope: str, ids: Collection[int]) -> set[int]:
    """The same: of which ids they were free."""
    if not ids or session.get_bind().dialect.name != "postgresql":
        return set(ids)
    keys = {f"{scope}:{number}": number for number in set(ids)}
    return {keys[key] for key in session.scalars(_TRY_LOCK, {"keys": _keys(scope, ids)})}


def _keys(scope: str, ids: Collection[int]) -> list[str]:
    return [f"{scope}:{number}" for number in sorted(set(ids))]


def missing_triggers(
    session: Session, wanted: Mapping[str, Collection[str]], tables: Collection[str]
) -> list[str]:
    """Of the triggers that must stand on some tables, by dialect, those that do not, by name."""
    dialect = session.get_bind().dialect.name
    query = text(
        "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D'"
        " AND CAST(CAST(tgrelid AS regclass) AS text) IN :tables"
        if dialect == "postgresql"
        else "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name IN :tables"
    )
    standing = session.scalars(query.bindparams(bindparam("tables", list(tables), expanding=True)))
    return sorted(set(wanted[dialect]) - set(standing))


def constraint_name(error: sqlalchemy.exc.IntegrityError) -> str:
    """The name of the constraint or trigger that refused a write, on either database; "" where it has none."""
    diagnosis = getattr(error.orig, "diag", None)
    if diagnosis is not None:
        return diagnosis.constraint_name or ""
    return str(error.orig)
