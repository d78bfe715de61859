"""A report as a table that page, CSV and API show alike; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

Value = str | int | float | date | None


class Kind(StrEnum):
    """What a column holds. WORD: a code with words of its own; SHARE: of one, shown in per cent; POINTS: a difference
    of shares."""

    TEXT = "text"
    WORD = "word"
    NUMBER = "number"
    SHARE = "share"
    POINTS = "points"
    DAY = "day"


@dataclass(frozen=True, slots=True)
class Column:
    key: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Table:
    """`rows`: values by column; `of` says what a row is of: the office, a section (with those below it, or alone), a
    person."""

    columns: Sequence[Column]
    rows: Sequence[Mapping[str, Value]]
    facts: Mapping[str, Value] = field(default_factory=dict)


def plain(value: Value, kind: Kind) -> str:
    """A value as a spreadsheet reads it: shares in per cent with one decimal, days as ISO 8601, nothing as nothing."""
    if value is None:
        return ""
    if isinstance(value, date):
        return value.isoformat()
    if kind in {Kind.SHARE, Kind.POINTS} and isinstance(value, int | float):
        return f"{value * 100:.1f}"
    return f"{value:g}" if isinstance(value, float) else str(value)


def columns(**kinds: Kind) -> list[Column]:
    """Columns by key, in the order given."""
    return [Column(key, kind) for key, kind in kinds.items()]
