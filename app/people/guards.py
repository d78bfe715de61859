"""The database's last word on sections: none is above itself; and whether it still stands."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.database import constraint_name
from app.errors import RuleBroken

CIRCLE = "tr_sections_circle"
GUARDS = {
    "postgresql": frozenset({CIRCLE}),
    "sqlite": frozenset({f"{CIRCLE}_insert", f"{CIRCLE}_update"}),
}


@contextmanager
def circle_refused(session: Session) -> Iterator[None]:
    """Turn the guard's refusal of what is written inside into RuleBroken `section.circle`."""
    try:
        yield
        session.flush()
    except IntegrityError as error:
        if not constraint_name(error).startswith(CIRCLE):
            raise
        raise RuleBroken("section.circle") from error


def missing(session: Session) -> list[str]:
    """Guards that do not stand, by name."""
    dialect = session.get_bind().dialect.name
    found = session.scalars(
        text(
            "SELECT tgname FROM pg_trigger WHERE tgrelid = to_regclass('sections') AND tgenabled <> 'D'"
            if dialect == "postgresql"
            else "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'sections'"
        )
    )
    return sorted(GUARDS[dialect] - set(found))
