"""Files out and in: a diff first, then all of it in one transaction, or nothing."""

from __future__ import annotations

from collections.abc import Container, Sequence

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.bulk import among
from app.csv_text import UTF8, SheetError, Written, read, write
from app.database import lock_rows
from app.errors import Conflict, RuleBroken, Stale
from app.records.sheets.calendar import CALENDAR
from app.records.sheets.people import PEOPLE
from app.records.sheets.rules import Diff, Refusal, Said, alike, cells, compare
from app.records.sheets.sections import SECTIONS
from app.records.sheets.sensors import SENSORS
from app.records.sheets.sheet import Asked, Sheet
from app.records.sheets.spaces import SPACES

SHEETS = {sheet.name: sheet for sheet in (SECTIONS, PEOPLE, SPACES, SENSORS, CALENDAR)}
ROWS_AT_MOST = 20_000
TOLD_AT_MOST = 50


def export(session: Session, sheet: Sheet, asked: Asked, encoding: str = UTF8) -> Written:
    """All that is stored, as a file that `diff_of` finds nothing in; where it is of people, who took it is noted, but
    for whoever runs the machine."""
    rows = sheet.rows(sheet.stored(session, asked))
    sheet.trace(session, asked, len(rows))
    return write(list(sheet.columns), [[row[name] for name in sheet.columns] for row in rows], encoding)


def diff_of(session: Session, sheet: Sheet, content: bytes, asked: Asked, *, hold: bool = False) -> Diff:
    """What importing a file would do; changes nothing. `hold`: what the lines speak of stays so until the end of the
    transaction."""
    try:
        header, rows = read(content, ROWS_AT_MOST)
    except SheetError as error:
        return Diff(refused=[Refusal(error.line, error.code)])
    missing = [Refusal(1, "csv.column_needed", name) for name in sheet.needed if name not in header]
    if missing:
        return Diff(refused=missing)
    refused: list[Refusal] = []
    said: list[Said] = []
    for found in cells(header, rows, sheet.columns):
        if isinstance(found, Refusal):
            refused.append(found)
        else:
            line, values = found
            said += [(line, what, key, of) for what, key, of in sheet.entities(values)]
    if hold:
        _hold(session, sheet, said)
    before = sheet.before(session, asked, said) if sheet.before else sheet.stored(session, asked)
    diff = compare(said, before)
    diff.refused = sorted(
        [*refused, *diff.refused, *sheet.check(session, diff, asked)], key=lambda one: one.line
    )
    diff.doubtful = [*sheet.doubts(diff, asked), *alike(diff, before)]
    return diff


def rehearse(session: Session, sheet: Sheet, content: bytes, asked: Asked) -> Diff:
    """As `diff_of`, with the bookings that would move: told by doing it, so in a rehearsal alone. Raises Conflict
    `csv.changed`."""
    diff = diff_of(session, sheet, content, asked)
    if sheet.moves_bookings and not diff.refused:
        _store(session, sheet, diff, asked)
    return diff


def import_file(
    session: Session, sheet: Sheet, content: bytes, asked: Asked, *, agreed: Container[str] | None = None
) -> Diff:
    """Do what the file says. `agreed`: the versions of the diff that somebody saw and said yes to.

    Raises Stale `request.stale` where it would do something else by now, RuleBroken `csv.refused` naming lines,
    Conflict `csv.changed` where somebody else added the same at the same moment.
    """
    lock_rows(session, "import", [1])
    diff = diff_of(session, sheet, content, asked, hold=agreed is not None)
    if not diff.refused:
        _store(session, sheet, diff, asked)  # which bookings move is known by then alone
    if agreed is not None and diff.version not in agreed:
        raise Stale("request.stale", current=f'"{diff.version}"')
    if diff.refused:
        first = [
            {"line": one.line, "code": one.code, "column": one.column, "value": one.value}
            for one in diff.refused[:TOLD_AT_MOST]
        ]
        raise RuleBroken("csv.refused", refused=first, of=len(diff.refused))
    return diff


def _hold(session: Session, sheet: Sheet, said: Sequence[Said]) -> None:
    """Wait for whoever is changing what lines speak of, and let nobody change it until this transaction ends."""
    sheet.take_turns(session, said)
    for what, column in sheet.rows_of.items():
        keys = {key for _line, of, key, _values in said if of == what}
        rows = select(column).where(among(session, column, sorted(keys))).order_by(column)
        session.execute(rows.with_for_update(key_share=True))


def _store(session: Session, sheet: Sheet, diff: Diff, asked: Asked) -> None:
    try:
        sheet.store(session, diff, asked)
        session.flush()
    except IntegrityError as error:
        raise Conflict("csv.changed") from error
