"""CSV as offices use it: UTF-8 with a BOM or CP932, no cell that a spreadsheet would run as a formula; pure."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.texts import LOST

UTF8, CP932 = "utf-8", "cp932"
ENCODINGS = (UTF8, CP932)
# Spreadsheets run what begins so (OWASP: CSV injection), a Japanese Excel also by wide signs; an apostrophe in front
# makes it text again.
DANGEROUS = re.compile(r"'*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")


class SheetError(Exception):
    """A file that cannot be read at all; `code` says why, `line` where."""

    def __init__(self, code: str, line: int = 1) -> None:
        super().__init__(code)
        self.code, self.line = code, line


@dataclass(frozen=True, slots=True)
class Written:
    """A file, and what its encoding could not carry: (line, column, character)."""

    content: bytes
    lost: tuple[tuple[int, str, str], ...]


def harmless(cell: str) -> str:
    """A cell that no spreadsheet runs. `as_written` gives back what it was."""
    return f"'{cell}" if DANGEROUS.match(cell) else cell


def as_written(cell: str) -> str:
    """What `harmless` was given."""
    return cell[1:] if cell.startswith("'") and DANGEROUS.match(cell) else cell


def write(header: Sequence[str], rows: Sequence[Sequence[str]], encoding: str = UTF8) -> Written:
    """A CSV file (RFC 4180); UTF-8 begins with a BOM, without which Excel takes it for CP932."""
    lost = []
    if encoding == CP932:
        for line, row in enumerate([header, *rows], start=1):
            for name, cell in zip(header, row, strict=True):
                lost += [(line, name, one) for one in cell if not _fits(one)]
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([harmless(cell) for cell in header])
    writer.writerows([harmless(cell) for cell in row] for row in rows)
    whole = text.getvalue()
    if encoding == CP932:
        content = "".join(one if _fits(one) else LOST for one in whole).encode(CP932)
    else:
        content = whole.encode("utf-8-sig")
    return Written(content, tuple(lost))


def _fits(character: str) -> bool:
    try:
        return character.encode(CP932).decode(CP932) == character
    except UnicodeError:
        return False


def read(content: bytes, most: int) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """The header, and the rows with the lines they begin on; raises SheetError. Rows and columns at the end of which
    nothing is left, as spreadsheets save what was cleared, are passed over."""
    reader = csv.reader(io.StringIO(_text(content), newline=""), strict=True)
    rows = list(_rows(reader))
    if not rows:
        raise SheetError("csv.empty_file")
    if len(rows) > most + 1:
        raise SheetError("csv.too_long", most + 2)
    (_line, names), *body = rows
    header = [name.strip() for name in _cut(names, 0)]
    return header, [(line, _cut(row, len(header))) for line, row in body]


def _cut(row: list[str], least: int) -> list[str]:
    """A row without the empty cells at its end, but so many at least."""
    filled = max((at for at, cell in enumerate(row, start=1) if cell.strip()), default=0)
    return row[: max(filled, least)]


def _rows(reader: csv._reader) -> Iterator[tuple[int, list[str]]]:  # type: ignore[name-defined]
    begins = 1
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                yield begins, [as_written(cell) for cell in row]
            begins = reader.line_num + 1
    except csv.Error as error:
        raise SheetError("csv.broken", begins) from error


def _text(content: bytes) -> str:
    for encoding in ("utf-8-sig", CP932):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise SheetError("csv.encoding")
