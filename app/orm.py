"""The declarative base of every table: names of constraints, aware instants, enumerations as text."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, ClassVar, cast

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Enum, Integer, MetaData
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.sqlite import DATETIME
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator, TypeEngine

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

# SQLite numbers rows by itself only for INTEGER; PostgreSQL gets the room of a bigint.
BigId = BigInteger().with_variant(Integer(), "sqlite")
Document = JSON().with_variant(JSONB(), "postgresql")


class _SqliteUtc(DATETIME):
    """SQLite knows no zones: what was written in UTC is read as UTC."""

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[str | None], datetime | None]:
        read = cast("Callable[[str], datetime]", super().result_processor(dialect, coltype))
        return lambda text: None if text is None else read(text).replace(tzinfo=UTC)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware instant, stored in UTC; a naive one is refused before it reaches the database.

    SQLite keeps it as text of a fixed width, so that comparing text compares time.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[datetime]:
        of_sqlite: TypeEngine[datetime] = _SqliteUtc()  # type: ignore[no-untyped-call]
        return dialect.type_descriptor(of_sqlite if dialect.name == "sqlite" else self.impl_instance)

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive instant cannot be stored")
        return value.astimezone(UTC)

    # Read as the driver gives it: PostgreSQL's sessions are in UTC, and a floor reads a thousand of them.


def enum_text(of: type[StrEnum]) -> Enum:
    """A StrEnum stored as its value in a short text column (checked by the migration, not by a type)."""
    return Enum(of, native_enum=False, length=24, values_callable=lambda e: [member.value for member in e])


class Base(DeclarativeBase):
    """The one declarative base; Flask-SQLAlchemy's `db` shares its metadata."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, TypeEngine[Any]]] = {
        datetime: UtcDateTime(),
        dict[str, Any]: Document,
    }
