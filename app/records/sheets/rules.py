"""What a file would change: rows of cells against what is stored; pure. All is compared as text in its one form."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from unicodedata import normalize

import orjson

from app.texts import LOST, date_written, is_address, is_line, plain

Values = dict[str, str]
Key = tuple[str, str]  # such as ("space", "A-01")
Cell = Callable[[str], str]  # a cell → its one form; raises ValueError(code)
_FLAGS = {"": "0", "0": "0", "1": "1", "FALSE": "0", "TRUE": "1"}
Said = tuple[int, str, str, Values]  # what a line says of a thing: (line, what, key, values)


@dataclass(frozen=True, slots=True)
class Change:
    """What a line adds or changes. `before` None: it is new."""

    line: int
    what: str
    key: str
    before: Values | None
    after: Values

    @property
    def differs(self) -> dict[str, tuple[str, str]]:
        """By column: from what to what."""
        was = self.before or {}
        return {
            name: (was.get(name, ""), value)
            for name, value in self.after.items()
            if was.get(name, "") != value
        }


@dataclass(frozen=True, slots=True)
class Refusal:
    """A line that cannot be taken, with the code of why. `allowed`: the words that may stand there, where it is none of
    them."""

    line: int
    code: str
    column: str = ""
    value: str = ""
    allowed: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Moving:
    """A booking whose people may not be where it was any more: it goes to another space, or (`to_code` empty) ends; its
    person is told."""

    booking_id: int
    start: datetime
    end: datetime
    from_code: str
    to_code: str


@dataclass(slots=True)
class Diff:
    """What a file would do. With one refusal nothing of it is done. `moves`: known once it is stored, or rehearsed.
    `same`: lines that say what is stored. `doubtful`: lines that are taken or passed over all the same, and what
    somebody should look at."""

    added: list[Change] = field(default_factory=list)
    changed: list[Change] = field(default_factory=list)
    same: list[Change] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    doubtful: list[Refusal] = field(default_factory=list)
    moves: list[Moving] = field(default_factory=list)

    @property
    def unchanged(self) -> int:
        return len(self.same)

    @property
    def is_empty(self) -> bool:
        return not (self.added or self.changed or self.refused)

    @property
    def version(self) -> str:
        """A digest of all that somebody looks at before they say yes: what is added, from what to what things change,
        what is refused or doubtful, which bookings move (not when: what is left of one that runs is less each moment).
        What no line speaks of is not in it."""
        changes = [
            (one.line, one.what, one.key, one.before is None, one.after, one.differs)
            for one in (*self.added, *self.changed)
        ]
        moves = [(one.booking_id, one.from_code, one.to_code) for one in self.moves]
        told = orjson.dumps([changes, self.refused, self.doubtful, moves], option=orjson.OPT_SORT_KEYS)
        return sha256(told).hexdigest()[:32]


def text(most: int, least: int = 0) -> Cell:
    """One line of text of so many characters."""

    def read(cell: str) -> str:
        if len(cell) < least or (least and not cell.strip()):
            raise ValueError("csv.empty")
        if len(cell) > most or not is_line(cell):
            raise ValueError("csv.text")
        return cell

    return read


def code(most: int = 32, *, needed: bool = True) -> Cell:
    """A short name without `|`."""

    def read(cell: str) -> str:
        cell = cell.strip()
        if needed and not cell:
            raise ValueError("csv.empty")
        if len(cell) > most or not is_line(cell) or "|" in cell:
            raise ValueError("csv.code")
        return cell

    return read


def codes(cell: str) -> str:
    """Codes apart by `|`, in order."""
    each = code(needed=False)
    return "|".join(sorted({found for one in cell.split("|") if (found := each(one))}))


def email(cell: str) -> str:
    """An address, in lower case."""
    cell = cell.strip().lower()
    if not is_address(cell):
        raise ValueError("csv.email")
    return cell


def whole(least: int, most: int) -> Cell:
    """A whole number within limits."""

    def read(cell: str) -> str:
        cell = normalize("NFKC", cell).strip()
        if not (cell.isascii() and cell.isdigit() and len(cell) < 10 and least <= int(cell) <= most):
            raise ValueError("csv.number")
        return str(int(cell))

    return read


def day(cell: str) -> str:
    """A date: 2026-12-28 or, as spreadsheets write it, 2026/1/5."""
    try:
        return date_written(cell).isoformat()
    except ValueError as error:
        raise ValueError("csv.date") from error


def day_or_none(cell: str) -> str:
    """A date, or nothing."""
    return day(cell) if cell.strip() else ""


def one_of(choices: Iterable[str]) -> Cell:
    """One of these texts, or of the values of an enumeration of texts."""
    known = [str(one) for one in choices]

    def read(cell: str) -> str:
        if cell.strip() not in known:
            raise ValueError("csv.choice", *known)
        return cell.strip()

    return read


def flag(cell: str) -> str:
    """0 or 1, or as spreadsheets write it TRUE or FALSE; empty is 0."""
    found = _FLAGS.get(normalize("NFKC", cell).strip().upper())
    if found is None:
        raise ValueError("csv.flag")
    return found


def cells(
    header: Sequence[str], rows: Sequence[tuple[int, Sequence[str]]], columns: Mapping[str, Cell]
) -> Iterator[tuple[int, Values] | Refusal]:
    """Each row's cells in their one form, or why it is refused. Columns may be missing, unknown ones may not stand."""
    for name in header:
        if name not in columns or header.count(name) > 1:
            yield Refusal(1, "csv.column", name)
            return
    for line, row in rows:
        if len(row) != len(header):
            yield Refusal(line, "csv.cells")
            continue
        values: Values = {}
        for name, cell in zip(header, row, strict=True):
            try:
                values[name] = columns[name](cell)
            except ValueError as error:
                code, *allowed = error.args
                yield Refusal(line, code, name, cell[:80], tuple(allowed))
                break
        else:
            yield line, values


def compare(said: Sequence[Said], stored: Mapping[Key, Values]) -> Diff:
    """What lines say of things, against what is stored. What no line speaks of stays untouched."""
    diff = Diff()
    seen: dict[Key, Values] = {}
    for line, what, key, values in said:
        if (what, key) in seen:
            if seen[what, key] != values:
                diff.refused.append(Refusal(line, "csv.twice", what, key))
            continue
        seen[what, key] = values
        before = stored.get((what, key))
        change = Change(line, what, key, before, values)
        if lost := next((name for name, (_was, value) in change.differs.items() if LOST in value), ""):
            diff.refused.append(Refusal(line, "csv.lost", lost, values[lost]))
        elif before is None:
            diff.added.append(change)
        elif change.differs:
            diff.changed.append(change)
        else:
            diff.same.append(change)
    return diff


def alike(diff: Diff, stored: Iterable[Key]) -> Iterator[Refusal]:
    """Of what would be added, what differs from something stored in its writing alone: full-width letters, small ones,
    spaces."""
    known = {(what, plain(key)) for what, key in stored}
    for change in diff.added:
        if (change.what, plain(change.key)) in known:
            yield Refusal(change.line, "csv.alike", change.what, change.key)
