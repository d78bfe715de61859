"""Rows of a file stored in bulk: one statement for those that are new, one for those that change, however many."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, cast

from sqlalchemy import Boolean, Column, Table, bindparam, case, delete, insert, update
from sqlalchemy.orm import Session

from app.orm import Base

Row = Mapping[str, Any]


def add(session: Session, of: type[Base], rows: Sequence[Row]) -> None:
    """Add rows of a table; what one does not name is as the table's defaults say. One statement."""
    if not rows:
        return
    table = cast("Table", of.__table__)
    columns = [table.c[name] for name in _named(rows)]
    session.execute(
        insert(table), [{one.name: row.get(one.name, _default(one)) for one in columns} for row in rows]
    )


def change(
    session: Session, of: type[Base], rows: Mapping[Any, Row], *, also: Mapping[str, Any] | None = None
) -> None:
    """Change rows of a table, given by their key, and each by the expressions `also`; one statement.

    What a row does not name stays as it is stored, also where somebody changes it at this moment.
    """
    names = _named(list(rows.values()))
    if not rows or not (names or also):
        return
    table = cast("Table", of.__table__)
    (key,) = table.primary_key
    wanted = {
        name: case(
            (bindparam(f"names_{name}", type_=Boolean()), bindparam(f"to_{name}", type_=table.c[name].type)),
            else_=table.c[name],
        )
        for name in names
    }
    session.execute(
        update(table).where(key == bindparam("of")).values({**wanted, **(also or {})}),
        [
            {
                "of": of_row,
                **{f"names_{name}": name in row for name in names},
                **{f"to_{name}": row.get(name) for name in names},
            }
            for of_row, row in rows.items()
        ],
    )


def drop(session: Session, of: type[Base], keys: Collection[Any]) -> None:
    """Delete rows of a table, given by their key; one statement."""
    if not keys:
        return
    table = cast("Table", of.__table__)
    (key,) = table.primary_key
    session.execute(delete(table).where(key == bindparam("of")), [{"of": of_row} for of_row in keys])


def _named(rows: Sequence[Row]) -> list[str]:
    return sorted({name for row in rows for name in row})


def _default(column: Column[Any]) -> Any:
    return getattr(column.default, "arg", None)
