"""What a kind of file is: its columns, what its rows speak of, what is stored, and how a change is stored."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy.orm import InstrumentedAttribute, Session

from app.people.models import Role
from app.records.sheets.rules import Cell, Diff, Key, Refusal, Said, Values


def _untold(_model: str) -> dict[str, int | bool]:
    return {}


def _known(_model: str) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Asked:
    """Who imports when: `on` is the office's day from which it holds; `role`: theirs; None: they run the machine.
    `timezone`: of a new site that names none. `timing`: the times of a sensor's model where a file says none, by
    column. `knows`: whether a profile tells what a model is like."""

    now: datetime
    on: date
    actor_id: int | None = None
    role: Role | None = None
    timezone: str = "Asia/Tokyo"
    timing: Callable[[str], Mapping[str, int | bool]] = _untold
    knows: Callable[[str], bool] = _known


def _no_turns(_session: Session, _said: Sequence[Said]) -> None:
    return None


def _no_doubts(_diff: Diff, _asked: Asked) -> Iterator[Refusal]:
    return iter(())


def _untraced(_session: Session, _asked: Asked, _count: int) -> None:
    return None


def _as_stored(found: Mapping[Key, Values]) -> list[Values]:
    return list(found.values())


@dataclass(frozen=True, slots=True)
class Sheet:
    """`needed`: columns that every file must have. `rows`: what is stored as the file's rows. `before`: what is stored,
    as the lines of a file ask for it; None: as `stored`. `moves_bookings`: what it stores may, and tells so in the
    diff. `doubts`: what is taken all the same, and should be looked at. `rows_of`: by what a line speaks of, the column
    that its key is in, of the rows that stay as they are while a diff that somebody agreed to is stored. `take_turns`:
    to wait, before any of those rows is locked, for what storing waits for. `trace`: to note who took so many of its
    rows."""

    name: str
    columns: Mapping[str, Cell]
    needed: tuple[str, ...]
    entities: Callable[[Values], list[tuple[str, str, Values]]]
    stored: Callable[[Session, Asked], dict[Key, Values]]
    check: Callable[[Session, Diff, Asked], Iterator[Refusal]]
    store: Callable[[Session, Diff, Asked], None]
    rows: Callable[[Mapping[Key, Values]], list[Values]] = _as_stored
    before: Callable[[Session, Asked, Sequence[Said]], dict[Key, Values]] | None = None
    moves_bookings: bool = False
    doubts: Callable[[Diff, Asked], Iterator[Refusal]] = _no_doubts
    rows_of: Mapping[str, InstrumentedAttribute[str]] = field(default_factory=dict)
    take_turns: Callable[[Session, Sequence[Said]], None] = _no_turns
    trace: Callable[[Session, Asked, int], None] = _untraced
