"""The office's own days: a date, whether it works (1) or is closed (0), and what the day is called."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import events
from app.calendar import CalendarDay
from app.records.sheets import storing
from app.records.sheets.rules import Change, Diff, Key, Refusal, Values, day, flag, text
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
    """Keep the days; a fixed number of statements. What is booked on one that closes stays: whoever closes the office
    ends it, and it is told."""
    new = [{"on_date": date.fromisoformat(one.key), **_values(one)} for one in diff.added]
    storing.add(session, CalendarDay, new)
    storing.change(session, CalendarDay, {date.fromisoformat(one.key): _values(one) for one in diff.changed})
    events.record_many(session, [_fact(one, asked) for one in (*diff.added, *diff.changed)])


def _values(change: Change) -> dict[str, Any]:
    named = {"name": change.after["name"]} if "name" in change.after else {}
    return {"works": change.after["works"] == "1", **named}


def _fact(change: Change, asked: Asked) -> dict[str, Any]:
    now_so = {"name": "", **(change.before or {}), **change.after}
    return {
        "at": asked.now,
        "kind": "calendar.set",
        "subject": f"day:{change.key}",
        "actor_id": asked.actor_id,
        "data": {"works": now_so["works"] == "1", "name": now_so["name"]},
    }


CALENDAR = Sheet("calendar", COLUMNS, ("date", "works"), entities, stored, check, store)
