"""Many rows or values in one statement, as its only parameter: a JSON document or an array, which the database takes
apart.

A parameter for each value costs more in the drivers and in SQLAlchemy than the insert itself (of 1,000 readings on
PostgreSQL 81 µs each that way, 15 this way).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Table, Text, bindparam, cast, func, select, true
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import InstrumentedAttribute, Session

Insert = postgresql.Insert | sqlite.Insert


def insert_rows(session: Session, table: Table, columns: Sequence[str]) -> Insert:
    """An insert of the dialect in hand, for more to be said about conflicts; execute it with `as_parameter(…)`."""
    if session.get_bind().dialect.name == "postgresql":
        given = func.jsonb_array_elements(cast(bindparam("rows"), postgresql.JSONB(none_as_null=True)))
        value: ColumnElement[Any] = given.column_valued("value")
        fields = [cast(value.op("->>")(number), table.c[name].type) for number, name in enumerate(columns)]
        return postgresql.insert(table).from_select(columns, select(*fields))
    value = func.json_each(bindparam("rows", type_=Text)).table_valued("value").c.value
    # Without a condition SQLite would read ON CONFLICT as that of a join.
    fields_as_they_are = select(*(value.op("->>")(number) for number in range(len(columns)))).where(true())
    return sqlite.insert(table).from_select(columns, fields_as_they_are)


def among(
    session: Session, column: Column[Any] | InstrumentedAttribute[Any], values: Collection[object]
) -> ColumnElement[bool]:
    """Whether a column is one of many values; `column.in_(values)` would write out a parameter for each."""
    if session.get_bind().dialect.name == "postgresql":
        # Not `= ANY(…)`: in a prepared statement it is compared with one after the other.
        array = bindparam(None, list(values), type_=postgresql.ARRAY(column.type), unique=True)
        return column.in_(select(func.unnest(array)))
    given = func.json_each(bindparam(None, json.dumps(list(values)), type_=Text, unique=True))
    return column.in_(select(given.table_valued("value").c.value))


def as_parameter(of: Iterable[Sequence[object]]) -> dict[str, str]:
    """The parameter of `insert_rows`: for each row its values in the order of the columns."""
    return {"rows": json.dumps(list(of), default=_instant, separators=(",", ":"))}


def _instant(value: object) -> str:
    """As `UtcDateTime` stores it in SQLite, which PostgreSQL reads as UTC: the engine sets the zone."""
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise TypeError(f"{value!r} cannot be stored")
    at = value if value.tzinfo is UTC else value.astimezone(UTC)
    return at.isoformat(" ", "microseconds")[:26]
