"""The last day of whoever leaves, as a sheet of people says it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from app.notifications import webhooks
from app.records.sheets.rules import Change, Key, Refusal, Values
from app.records.sheets.sheet import Asked

# On the last day one is here; as `app.people.belonging` counts it.
AT_THE_END = time(23, 59)
# Which hosts somebody's webhooks call, as read by people: no column.
HOSTS = "hosts"


def check(change: Change, asked: Asked, oneself: str | None) -> Iterator[Refusal]:
    """A last day that cannot be: one that is over, or one's own."""
    if leaves_at(change, asked) <= asked.now:
        yield Refusal(change.line, "user.leaves_in_past", "leaves_on", change.after["leaves_on"])
    elif change.key == oneself:
        yield Refusal(change.line, "user.self", "leaves_on", change.after["leaves_on"])


def add_hosts(session: Session, stored: Mapping[Key, Values]) -> None:
    """Note of people which hosts their webhooks call; one query."""
    for address, hosts in webhooks.hosts_by_address(session).items():
        if values := stored.get(("person", address)):
            values[HOSTS] = ", ".join(hosts)


def doubts(change: Change) -> Iterator[Refusal]:
    """A line by which webhooks fall silent: whoever wrote the file may not know."""
    if "leaves_on" in change.differs and (hosts := (change.before or {}).get(HOSTS)):
        yield Refusal(change.line, "csv.webhooks", "leaves_on", f"{change.key}: {hosts}")


def fact(user_id: int, change: Change, asked: Asked) -> dict[str, Any]:
    """What is recorded of a leaving that a line plans."""
    return {
        "at": asked.now,
        "kind": "user.leaving",
        "subject": f"user:{user_id}",
        "actor_id": asked.actor_id,
        "data": {"leaves_at": leaves_at(change, asked).isoformat()},
    }


def leaves_at(change: Change, asked: Asked) -> datetime:
    """The end of the last day that a line says."""
    on = date.fromisoformat(change.after["leaves_on"])
    return datetime.combine(on, AT_THE_END, ZoneInfo(asked.timezone))


def last_day(at: datetime | None, asked: Asked) -> str:
    """The office's day of an instant as a cell."""
    return at.astimezone(ZoneInfo(asked.timezone)).date().isoformat() if at else ""
