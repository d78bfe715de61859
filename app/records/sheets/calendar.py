"""The office's own days: a date, whether it works (1) or is closed (0), and what the day is called."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import events
from app.calendar import CalendarDay
from app.records.sheets.rules import Diff, Key, Refusal, Values, day, flag, text
from app.records.sheets.sheet import Asked, Sheet

COLUMNS = {"date": day, "works": flag, "name": text(80)}


def stored(session: Session, _asked: Asked) -> dict[Key, Values]:
    """Every day that is otherwise than the national calendar says."""
    return {
        ("day", one.on_date.isoformat()): {
            "date": one.on_date.isoformat(),
            "works": str(int(one.works)),
            "name": one.name,
        }
        for one in session.scalars(select(CalendarDay).order_by(CalendarDay.on_date))
    }


def entities(values: Values) -> list[tuple[str, str, Values]]:
    """The day that a row speaks of."""
    return [("day", values["date"], values)]


def check(_session: Session, _diff: Diff, _asked: Asked) -> Iterator[Refusal]:
    """Nothing stands against a day."""
    yield from ()


def store(session: Session, diff: Diff, asked: Asked) -> None:
    """Keep the days. What is booked on one that closes stays: whoever closes the office ends it, and it is told."""
    for change in (*diff.added, *diff.changed):
        on = date.fromisoformat(change.key)
        found = session.get(CalendarDay, on) or CalendarDay(on_date=on, name="")
        found.works = change.after["works"] == "1"
        found.name = change.after.get("name", found.name)
        session.add(found)
        events.record(
            session,
            "calendar.set",
            f"day:{change.key}",
            at=asked.now,
            actor_id=asked.actor_id,
            works=found.works,
            name=found.name,
        )


CALENDAR = Sheet("calendar", COLUMNS, ("date", "works"), entities, stored, check, store)
