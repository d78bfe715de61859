"""The database's last word on double booking: the names it answers with, and whether it still stands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.bookings.refusing import overlap
from app.database import constraint_name, lock_in_order, try_lock_each, try_lock_rows
from app.timespan import TimeSpan

# Constraint on PostgreSQL, message of the trigger on SQLite → what of it clashed.
CLASHES = {
    "ex_bookings_space": "space",
    "ex_bookings_person_desk": "person",
    "ex_bookings_person_room": "person",
}
SQLITE_TRIGGERS = frozenset(
    f"tr_bookings_{what}_{when}" for what in ("space", "person") for when in ("insert", "update")
)


def queue_up(session: Session, *, user_ids: Iterable[int | None], space_ids: Iterable[int]) -> None:
    """Wait for one's turn before a booking becomes, or stays, one that the guard looks at.

    Persons first, then spaces, each in order: everybody queues the same way, so nobody deadlocks. Bookings' rows
    are locked after this and never before. One statement.
    """
    people = {user_id for user_id in user_ids if user_id is not None}
    lock_in_order(session, [("person", people), ("space", set(space_ids))])


def try_turn(session: Session, *, user_id: int | None, space_id: int) -> bool:
    """As `queue_up`, but without waiting, for whoever holds rows already: whether it is one's turn at once."""
    users = set() if user_id is None else {user_id}
    return try_lock_rows(session, "person", users) and try_lock_rows(session, "space", {space_id})


def try_turns(session: Session, user_ids: Iterable[int | None]) -> set[int]:
    """Those of some persons whose turn it is at once. One statement."""
    return try_lock_each(session, "person", {user_id for user_id in user_ids if user_id is not None})


@contextmanager
def overlap_refused(session: Session, span: TimeSpan | None = None, **facts: Any) -> Iterator[None]:
    """Turn the guard's refusal of what is written inside into Conflict `booking.overlap`; `span`: what was asked."""
    try:
        yield
        session.flush()
    except IntegrityError as error:
        clash = CLASHES.get(constraint_name(error))
        if clash is None:
            raise
        raise overlap(clash, span, **facts) from error


def missing(session: Session) -> list[str]:
    """Guards that do not stand, by name: a batch migration on SQLite drops triggers silently."""
    if session.get_bind().dialect.name == "postgresql":
        found = session.scalars(
            text(
                "SELECT conname FROM pg_constraint"
                " WHERE conrelid = to_regclass('bookings') AND contype = 'x' AND convalidated"
            )
        )
        return sorted(CLASHES.keys() - set(found))
    found = session.scalars(
        text("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'bookings'")
    )
    return sorted(SQLITE_TRIGGERS - set(found))
