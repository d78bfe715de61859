"""The database's last word on people and sections: an address is one account's, no section is above itself; and
whether it still stands."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.database import constraint_name, missing_triggers
from app.errors import Conflict, RuleBroken

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
    return missing_triggers(session, GUARDS, ["sections"])


@contextmanager
def address_is_free(session: Session, email: str) -> Iterator[None]:
    """Turn the refusal of a second account with an address, written inside, into Conflict `user.exists`."""
    try:
        yield
        session.flush()
    except IntegrityError as error:
        if "email" not in constraint_name(error):
            raise
        raise Conflict("user.exists", email=email) from error
