"""Sections (局・部・課・係): code, names, the code of the one above, and the last day of one that closes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import events
from app.people.models import Membership, Section, User
from app.people.rules import is_circle
from app.records.sheets import storing
from app.records.sheets.rules import Change, Diff, Key, Refusal, Values, code, day_or_none, text
from app.records.sheets.sheet import Asked, Sheet

COLUMNS = {
    "code": code(),
    "name": text(80, 1),
    "name_en": text(80),
    "parent": code(needed=False),
    "until_on": day_or_none,
}
OPEN_END = date.max.isoformat()


def stored(session: Session, _asked: Asked) -> dict[Key, Values]:
    """Every section, also those that are closed."""
    listed = list(session.scalars(select(Section).order_by(Section.code)))
    codes = {one.id: one.code for one in listed}
    return {
        ("section", one.code): {
            "code": one.code,
            "name": one.name,
            "name_en": one.name_en,
            "parent": codes.get(one.parent_id or 0, ""),
            "until_on": one.until_on.isoformat() if one.until_on else "",
        }
        for one in listed
    }


def entities(values: Values) -> list[tuple[str, str, Values]]:
    """The section that a row speaks of."""
    return [("section", values["code"], values)]


def check(session: Session, diff: Diff, asked: Asked) -> Iterator[Refusal]:
    """What the lines cannot have: unknown sections above, circles, a new one without a name, an end before people or
    the sections below have left."""
    known = {key: values for (_what, key), values in stored(session, asked).items()}
    changes = [*diff.added, *diff.changed]
    then = known | {one.key: {**known.get(one.key, {}), **one.after} for one in changes}
    above = {key: values.get("parent") or None for key, values in then.items()}
    number = {key: place for place, key in enumerate(then)}
    tree = {number[key]: number.get(up or "") for key, up in above.items()}
    stay = _stay_until(session)
    for change in changes:
        parent, last = above[change.key], _last(then[change.key])
        if change.before is None and "name" not in change.after:
            yield Refusal(change.line, "csv.empty", "name")
        if parent is not None and parent not in then:
            yield Refusal(change.line, "section.unknown", "parent", parent)
        elif parent is not None and is_circle(number[change.key], number[parent], tree):
            yield Refusal(change.line, "section.circle", "parent", parent)
        elif parent is not None and _last(then[parent]) < last:
            yield Refusal(change.line, "section.closed", "parent", parent)
        below = (_last(then[key]) for key, up in above.items() if up == change.key)
        if "until_on" in change.differs and max([stay.get(change.key, ""), *below]) > last:
            yield Refusal(change.line, "section.in_use", "until_on", change.after["until_on"])


def _last(values: Values) -> str:
    """The last day of a section, to be compared."""
    return values.get("until_on") or OPEN_END


def _stay_until(session: Session) -> dict[str, str]:
    """By section the last day on which somebody who has not left belongs to it."""
    query = (
        select(Section.code, func.max(func.coalesce(Membership.until_on, date.max)))
        .join(Membership, Membership.section_id == Section.id)
        .join(User, User.id == Membership.user_id)
        .where(User.left_at.is_(None))
        .group_by(Section.code)
    )
    return {key: str(last) for key, last in session.execute(query)}


def store(session: Session, diff: Diff, asked: Asked) -> None:
    """Add and change sections; a fixed number of statements."""
    changes = [*diff.added, *diff.changed]
    storing.add(session, Section, [{"code": one.key, "name": one.after["name"]} for one in diff.added])
    ids = {row.code: row.id for row in session.execute(select(Section.code, Section.id))}
    # Nothing lies under anything while the tree changes: no order of the lines closes a circle for a moment.
    moved = [ids[one.key] for one in diff.changed if "parent" in one.differs]
    storing.change(session, Section, {key: {"parent_id": None} for key in moved})
    storing.change(session, Section, {ids[one.key]: _values(one, ids) for one in changes})
    changed: dict[int, storing.Row] = {ids[one.key]: {} for one in diff.changed}
    storing.change(session, Section, changed, also={"version": Section.version + 1})
    events.record_many(session, [_fact(one, asked) for one in changes])


def _values(change: Change, ids: Mapping[str, int]) -> dict[str, Any]:
    """What a row says of a section, as its table stores it."""
    said = change.after
    found: dict[str, Any] = {name: said[name] for name in ("name", "name_en") if name in said}
    if "parent" in said:
        found["parent_id"] = ids[said["parent"]] if said["parent"] else None
    if "until_on" in said:
        found["until_on"] = date.fromisoformat(said["until_on"]) if said["until_on"] else None
    return found


def _fact(change: Change, asked: Asked) -> dict[str, Any]:
    return {
        "at": asked.now,
        "kind": "section.added" if change.before is None else "section.changed",
        "subject": f"section:{change.key}",
        "actor_id": asked.actor_id,
        "data": {"changes": {name: list(pair) for name, pair in change.differs.items()}},
    }


SECTIONS = Sheet(
    "sections", COLUMNS, ("code",), entities, stored, check, store, rows_of={"section": Section.code}
)
