"""People: email, name, kana, extension, role, employment, sections (codes apart by `|`). Who is not in it stays."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Set
from datetime import date, timedelta
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app import events
from app.errors import Conflict
from app.people.models import Membership, Role, Section, User
from app.people.rules import Employment
from app.people.staffing import LOOKS_AFTER
from app.records.sheets import storing
from app.records.sheets.rules import Change, Diff, Key, Refusal, Values, codes, email, one_of, text
from app.records.sheets.sheet import Asked, Sheet

COLUMNS = {
    "email": email,
    "name": text(80, 1),
    "kana": text(80),
    "extension": text(16),
    "role": one_of(Role),
    "employment": one_of(Employment),
    "sections": codes,
}


def stored(session: Session, asked: Asked) -> dict[Key, Values]:
    """Everybody who has not left, with the sections of the day."""
    of = _sections(session, asked.on)
    users = session.scalars(select(User).where(User.left_at.is_(None)).order_by(User.email))
    return {
        ("person", user.email): {
            "email": user.email,
            "name": user.name,
            "kana": user.kana,
            "extension": user.extension,
            "role": user.role.value,
            "employment": user.employment.value,
            "sections": "|".join(sorted(of[user.id])),
        }
        for user in users
    }


def entities(values: Values) -> list[tuple[str, str, Values]]:
    """The person whom a row speaks of."""
    return [("person", values["email"], values)]


def check(session: Session, diff: Diff, asked: Asked) -> Iterator[Refusal]:
    """What the lines cannot have: unknown sections, people who have left, accounts that are not theirs to change,
    roles that are not theirs to give, and no other role for whoever imports."""
    known = set(session.scalars(select(Section.code)))
    gone = set(session.scalars(select(User.email).where(User.left_at.is_not(None))))
    # Only IT, and whoever runs the machine, hands out roles by a file.
    by_it = asked.role in {None, Role.IT}
    oneself = session.scalar(select(User.email).where(User.id == asked.actor_id))
    for change in (*diff.added, *diff.changed):
        for section in (one for one in change.after.get("sections", "").split("|") if one):
            if section not in known:
                yield Refusal(change.line, "section.unknown", "sections", section)
        if change.key in gone:
            yield Refusal(change.line, "user.left", "email", change.key)
        if change.before is None and "name" not in change.after:
            yield Refusal(change.line, "csv.empty", "name")
        was = (change.before or {}).get("role", Role.STAFF)
        role = change.after.get("role", was)
        if role != was and not by_it:
            yield Refusal(change.line, "user.role_by_it", "role", role)
        elif role != was and change.key == oneself:
            yield Refusal(change.line, "user.self", "role", role)
        elif asked.role is not None and was not in LOOKS_AFTER.get(asked.role, ()):
            yield Refusal(change.line, "user.not_allowed", "email", change.key)


def store(session: Session, diff: Diff, asked: Asked) -> None:
    """Add and change the accounts; who changes sections belongs to the new ones from the day of the import. A fixed
    number of statements. Raises Conflict `csv.changed`."""
    changes = [*diff.added, *diff.changed]
    storing.add(session, User, [{"email": one.key, **_values(one)} for one in diff.added])
    ids = {row.email: row.id for row in session.execute(select(User.email, User.id))}
    if any(one.key not in ids for one in diff.changed):
        raise Conflict("csv.changed")  # somebody gave an account another address at this moment
    storing.change(
        session,
        User,
        {ids[one.key]: _values(one) for one in diff.changed},
        also={"version": User.version + 1},
    )
    section_ids = {row.code: row.id for row in session.execute(select(Section.code, Section.id))}
    wanted = {
        ids[one.key]: {section_ids[code] for code in one.after["sections"].split("|") if code}
        for one in changes
        if "sections" in one.after
    }
    _join(session, wanted, asked.on)
    events.record_many(session, [_fact(ids[one.key], one, asked) for one in changes])


def _values(change: Change) -> dict[str, Any]:
    """What the account itself holds of a line."""
    found: dict[str, Any] = {
        name: change.after[name] for name in ("name", "kana", "extension") if name in change.after
    }
    if "role" in change.after:
        found["role"] = Role(change.after["role"])
    if "employment" in change.after:
        found["employment"] = Employment(change.after["employment"])
    return found


def _fact(user_id: int, change: Change, asked: Asked) -> dict[str, Any]:
    # Which columns, and of what somebody may do from what to what; the account itself holds the rest.
    told = {name: list(pair) for name, pair in change.differs.items() if name in {"role", "sections"}}
    return {
        "at": asked.now,
        "kind": "user.added" if change.before is None else "user.changed",
        "subject": f"user:{user_id}",
        "actor_id": asked.actor_id,
        "data": {"columns": sorted(change.differs), "changes": told},
    }


def _join(session: Session, wanted: Mapping[int, Set[int]], on: date) -> None:
    """Belong to these sections, by person, from the day `on`; what ends, ends the day before."""
    held: dict[int, set[int]] = defaultdict(set)
    ended: list[int] = []
    dropped: list[int] = []
    query = select(Membership.id, Membership.user_id, Membership.section_id, Membership.from_on)
    for row in session.execute(query.where(_holds(on)).order_by(Membership.id)):
        held[row.user_id].add(row.section_id)
        if row.section_id not in wanted.get(row.user_id, {row.section_id}):
            (ended if row.from_on < on else dropped).append(row.id)
    storing.change(session, Membership, {key: {"until_on": on - timedelta(days=1)} for key in ended})
    storing.drop(session, Membership, dropped)
    storing.add(
        session,
        Membership,
        [
            {"user_id": user_id, "section_id": one, "from_on": on}
            for user_id, sections in wanted.items()
            for one in sorted(sections - held[user_id])
        ],
    )


def _holds(on: date):  # type: ignore[no-untyped-def]
    return (Membership.from_on <= on) & or_(Membership.until_on.is_(None), Membership.until_on >= on)


def _sections(session: Session, on: date) -> dict[int, set[str]]:
    found: dict[int, set[str]] = defaultdict(set)
    query = select(Membership.user_id, Section.code).join(Section, Section.id == Membership.section_id)
    for user_id, code in session.execute(query.where(_holds(on))):
        found[user_id].add(code)
    return found


PEOPLE = Sheet("people", COLUMNS, ("email",), entities, stored, check, store)
