"""The file for the attendance system: a closed month through the office's mapping."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app import events
from app.csv_text import Written, write
from app.database import lock_rows
from app.errors import Conflict, RuleBroken
from app.people.belonging import section_of, stays_between
from app.people.models import User
from app.people.service import Person, list_sections
from app.telework.closing.minutes import minutes_between
from app.telework.closing.models import AttendanceMapping
from app.telework.closing.rules import DEFAULT, Entry, FileLayout, Month, lines
from app.telework.daylog.models import HalfDayCorrection
from app.telework.daylog.rules import form_of, telework_minutes
from app.telework.daylog.service import effective
from app.telework.guards import is_closed
from app.telework.models import HalfDay
from app.telework.rules import DayClass
from app.telework.service import Office
from app.texts import is_storable

THE_ONE = 1
SHOWN_LINES = 5


def layout_of(session: Session) -> FileLayout:
    """The office's mapping; a plain one until somebody sets it."""
    stored = session.get(AttendanceMapping, THE_ONE)
    return FileLayout.read(stored.mapping) if stored else DEFAULT


def read_layout(given: Mapping[str, Any]) -> FileLayout:
    """A mapping as somebody gave it. Raises as `set_layout`."""
    try:
        layout = FileLayout.read(given)
    except (ValueError, KeyError, TypeError) as error:
        raise RuleBroken("telework.mapping", wrong=str(error)) from error
    texts = [*(header for _holds, header in layout.columns), *layout.words.values()]
    if not all(is_storable(text) for text in texts):
        raise RuleBroken("request.invalid")
    return layout


def hold_layout(session: Session) -> None:
    """Wait until nobody else writes the mapping; held until the transaction ends."""
    lock_rows(session, "attendance_mapping", [THE_ONE])


def set_layout(session: Session, given: Mapping[str, Any], *, actor: Person, now: datetime) -> FileLayout:
    """Change the mapping. Raises RuleBroken `telework.mapping`, saying what is wrong."""
    layout = read_layout(given)
    hold_layout(session)
    session.merge(AttendanceMapping(id=THE_ONE, mapping=layout.as_stored(), changed_at=now))
    session.flush()
    events.record(session, "telework.mapping_set", "telework:mapping", at=now, actor_id=actor.id)
    return layout


@dataclass(frozen=True, slots=True)
class Sample:
    """The first lines of the file, how many there are in all, and what the encoding cannot carry."""

    header: list[str]
    lines: list[list[str]]
    of: int
    lost: tuple[tuple[int, str, str], ...]


def sample(session: Session, month: Month, office: Office, layout: FileLayout) -> Sample:
    """What a month's file would begin with, also while the month is open."""
    header, body = _table(session, month, office, layout)
    written = write(header, body, layout.encoding)
    return Sample(header, body[:SHOWN_LINES], len(body), written.lost)


def export(session: Session, month: Month, office: Office) -> Written:
    """The file of a closed month. Raises Conflict `telework.month_open`: an open one may still change."""
    if not is_closed(session, month.first):
        raise Conflict("telework.month_open", month=str(month))
    layout = layout_of(session)
    return write(*_table(session, month, office, layout), layout.encoding)


def _table(
    session: Session, month: Month, office: Office, layout: FileLayout
) -> tuple[list[str], list[list[str]]]:
    return [header for _holds, header in layout.columns], lines(layout, _entries(session, month, office))


def _entries(session: Session, month: Month, office: Office) -> list[Entry]:
    """The half-days of a month, by person, day and half; four queries."""
    minutes_of = minutes_between(session, month.first, month.last, office)
    stays = stays_between(session, month.first, month.last, office.timezone)
    sections = {one.id: (one.code, one.name) for one in list_sections(session)}
    rows = session.execute(
        effective(
            HalfDay.user_id,
            HalfDay.on_date,
            HalfDay.half,
            HalfDay.form,
            HalfDay.day_class.label("found"),
            HalfDay.telework_minutes,
            HalfDayCorrection.id.label("correction"),
            User.email,
            User.name,
            User.kana,
        )
        .join(User, User.id == HalfDay.user_id)
        .where(HalfDay.on_date.between(month.first, month.last))
        .order_by(User.kana, User.id, HalfDay.on_date, HalfDay.half)
    )
    found = []
    for row in rows:
        whole = minutes_of(row.on_date, row.half)
        minutes = telework_minutes(row.found, row.day_class, row.telework_minutes)
        telework = whole if minutes is None else minutes
        found.append(
            Entry(
                row.user_id,
                row.email,
                row.name,
                row.kana,
                sections.get(section_of(stays.get(row.user_id, ()), row.on_date) or 0, ("", "")),
                row.on_date,
                row.half,
                row.day_class,
                form_of(row.day_class, row.form),
                telework if row.day_class is DayClass.TELEWORK else whole - telework,
                telework,
                row.correction is not None,
            )
        )
    return found
