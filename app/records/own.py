"""One's own data: everything that is linked to a person, found by walking the schema, so that nothing is forgotten."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time
from enum import Enum
from typing import Any

from sqlalchemy import Table, or_, select
from sqlalchemy.orm import Session

from app.events import Event
from app.orm import Base
from app.people.models import User

# Proofs of who somebody is, and codes of the house: no data about the person.
SECRETS = ("hash", "digest", "secret", "key")
# Rows in which somebody only acted on another's behalf say when, not whose.
OWN = "user_id"


def own_data(session: Session, user_id: int) -> dict[str, list[dict[str, Any]]]:
    """Rows by table, oldest first: one's own as they are; of others' rows that one acted on, its id and times only."""
    found: dict[str, list[dict[str, Any]]] = {"users": _rows(session, User.__table__, User.id == user_id)}  # type: ignore[arg-type]
    for table in Base.metadata.sorted_tables:
        columns = [key.parent for key in table.foreign_keys if key.column.table.name == "users"]
        mine = [one for one in columns if one.name == OWN]
        other = [one for one in columns if one.name != OWN]
        rows = _rows(session, table, or_(*(one == user_id for one in mine))) if mine else []
        if other:
            acted = or_(*(one == user_id for one in other))
            if mine:
                acted = acted & or_(*(one.is_(None) | (one != user_id) for one in mine))
            rows += [
                {name: value for name, value in row.items() if name == "id" or name.endswith(("_at", "_on"))}
                for row in _rows(session, table, acted)
            ]
        if columns and rows:
            found[table.name] = rows
    about = [
        f"user:{user_id}",
        *(f"booking:{row['id']}" for row in found.get("bookings", ()) if "space_id" in row),
    ]
    found["events"] = [
        {
            "at": one.at.isoformat(),
            "kind": one.kind,
            "subject": one.subject,
            "by_you": one.actor_id == user_id,
        }
        for one in session.scalars(
            select(Event).where(or_(Event.actor_id == user_id, Event.subject.in_(about))).order_by(Event.id)
        )
    ]
    return found


def _rows(session: Session, table: Table, where: Any) -> list[dict[str, Any]]:
    names = [one.name for one in table.columns if not any(word in one.name for word in SECRETS)]
    query = select(*(table.c[name] for name in names)).where(where).order_by(*table.primary_key.columns)
    return [_plain(row) for row in session.execute(query).mappings()]


def _plain(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(name): _value(value) for name, value in row.items()}


def _value(value: Any) -> Any:
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return value.value if isinstance(value, Enum) else value
