"""Many rows or values in one statement, as its only parameter: a JSON document or an array, which the database takes
apart.

A parameter for each value costs more in the drivers and in SQLAlchemy than the insert itself (of 1,000 readings on
PostgreSQL 81 µs each that way, 15 this way).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

import orjson
from sqlalchemy import Column, ColumnElement, Table, Text, bindparam, cast, func, select, text, true
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.types import TypeEngine

from app.orm import Base

Insert = postgresql.Insert | sqlite.Insert


def insert_rows(session: Session, table: Table, columns: Sequence[str]) -> Insert:
    """An insert of the dialect in hand, for more to be said about conflicts; execute it with `as_parameter(…)`."""
    return _insert(session.get_bind().dialect.name, table, tuple(columns))


def insert_one(session: Session, table: type[Base]) -> Insert:
    """The same of a single row, whose values are still to be given."""
    is_postgresql = session.get_bind().dialect.name == "postgresql"
    return postgresql.insert(table) if is_postgresql else sqlite.insert(table)


def upsert_rows(session: Session, table: Table, columns: Sequence[str]) -> Insert:
    """The same, writing over rows that have the same first column."""
    return _upsert(session.get_bind().dialect.name, table, tuple(columns))


@cache  # building one takes as long as executing it
def _insert(dialect: str, table: Table, columns: tuple[str, ...]) -> Insert:
    if dialect == "postgresql":
        given = func.jsonb_array_elements(cast(bindparam("rows"), postgresql.JSONB(none_as_null=True)))
        value: ColumnElement[Any] = given.column_valued("value")
        fields = [cast(value.op("->>")(number), table.c[name].type) for number, name in enumerate(columns)]
        return postgresql.insert(table).from_select(columns, select(*fields))
    value = func.json_each(bindparam("rows", type_=Text)).table_valued("value").c.value
    # Without a condition SQLite would read ON CONFLICT as that of a join.
    fields_as_they_are = select(*(value.op("->>")(number) for number in range(len(columns)))).where(true())
    return sqlite.insert(table).from_select(columns, fields_as_they_are)


@cache
def _upsert(dialect: str, table: Table, columns: tuple[str, ...]) -> Insert:
    statement = _insert(dialect, table, columns)
    overwritten = {name: statement.excluded[name] for name in columns[1:]}
    return statement.on_conflict_do_update(index_elements=columns[:1], set_=overwritten)


# As text: a select of SQLAlchemy's would be built anew for each use, which takes three times as long.
_VALUES = {
    # Not `= ANY(…)`: in a prepared statement it is compared with one after the other.
    "postgresql": text("SELECT unnest(:among)"),
    "sqlite": text("SELECT value FROM json_each(:among)"),
}


def among(
    session: Session, column: Column[Any] | InstrumentedAttribute[Any], values: Collection[object]
) -> ColumnElement[bool]:
    """Whether a column is one of many values; `column.in_(values)` would write out a parameter for each."""
    dialect = session.get_bind().dialect.name
    type_: TypeEngine[Any] = postgresql.ARRAY(column.type) if dialect == "postgresql" else Text()
    given = list(values) if dialect == "postgresql" else json.dumps(list(values))
    return column.in_(_VALUES[dialect].bindparams(bindparam("among", given, type_=type_, unique=True)))


def as_parameter(session: Session, of: Iterable[Sequence[object]]) -> dict[str, str]:
    """The parameter of `insert_rows`: for each row its values in the order of the columns."""
    rows = list(of)
    for row in rows:
        for value in row:
            if type(value) is datetime and value.tzinfo is None:
                raise TypeError(f"{value!r} cannot be stored")
    if session.get_bind().dialect.name == "postgresql":
        return {"rows": orjson.dumps(rows).decode()}  # it reads instants as orjson writes them
    return {"rows": orjson.dumps(rows, default=_instant, option=orjson.OPT_PASSTHROUGH_DATETIME).decode()}


def _instant(value: object) -> str:
    """As `UtcDateTime` stores it in SQLite."""
    if not isinstance(value, datetime):
        raise TypeError(f"{value!r} cannot be stored")
    at = value if value.tzinfo is UTC else value.astimezone(UTC)
    return at.isoformat(" ", "microseconds")[:26]
