"""People: email, name, kana, extension, role, employment, locale (ja, en; empty: the office's), sections (codes apart
by `|`), and from_on: the day from which they belong to exactly these sections; empty: that of the import. Who is not in
it stays."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from app import events
from app.bulk import among
from app.errors import Conflict
from app.people.models import Membership, Role, Section, User
from app.people.rules import Employment, Stay, reassigned
from app.people.staffing import LOOKS_AFTER
from app.records.sheets import storing
from app.records.sheets.rules import (
    Change,
    Diff,
    Key,
    Refusal,
    Said,
    Values,
    codes,
    day_or_none,
    email,
    one_of,
    text,
)
from app.records.sheets.sheet import Asked, Sheet
from app.settings import LOCALES

COLUMNS = {
    "email": email,
    "name": text(80, 1),
    "kana": text(80),
    "extension": text(16),
    "role": one_of(Role),
    "employment": one_of(Employment),
    "locale": one_of(("", *LOCALES)),
    "sections": codes,
    "from_on": day_or_none,
}


def stored(session: Session, asked: Asked) -> dict[Key, Values]:
    """Everybody who has not left, with the sections of the day."""
    code_of = _codes(session)
    lasts = or_(Membership.until_on.is_(None), Membership.until_on >= asked.on)
    of = _stays(session, (Membership.from_on <= asked.on) & lasts)
    users = session.scalars(select(User).where(User.left_at.is_(None)).order_by(User.email))
    return {
        ("person", user.email): {
            "email": user.email,
            "name": user.name,
            "kana": user.kana,
            "extension": user.extension,
            "role": user.role.value,
            "employment": user.employment.value,
            "locale": user.locale,
            "sections": _sections(of[user.id], code_of, asked.on),
            "from_on": "",
        }
        for user in users
    }


def before(session: Session, asked: Asked, said: Sequence[Said]) -> dict[Key, Values]:
    """The same, but of whom a line names with a day: with the sections of that day."""
    found = stored(session, asked)
    days = {key: values["from_on"] for _line, _what, key, values in said if values.get("from_on")}
    if days:
        code_of = _codes(session)
        users = {row.email: row.id for row in session.execute(select(User.email, User.id))}
        named = sorted(users[key] for key in days.keys() & users.keys())
        of = _stays(session, among(session, Membership.user_id, named))
        for key, on in days.items():
            if values := found.get(("person", key)):
                values["sections"] = _sections(of[users[key]], code_of, date.fromisoformat(on))
                values["from_on"] = on
    return found


def entities(values: Values) -> list[tuple[str, str, Values]]:
    """The person whom a row speaks of."""
    return [("person", values["email"], values)]


def check(session: Session, diff: Diff, asked: Asked) -> Iterator[Refusal]:
    """What the lines cannot have: sections, people who have left, accounts that are not theirs to change, roles that
    are not theirs to give, and no other role for whoever imports."""
    known = {one.code: one for one in session.scalars(select(Section))}
    gone = set(session.scalars(select(User.email).where(User.left_at.is_not(None))))
    # Only IT, and whoever runs the machine, hands out roles by a file.
    by_it = asked.role in {None, Role.IT}
    oneself = session.scalar(select(User.email).where(User.id == asked.actor_id))
    for change in (*diff.added, *diff.changed):
        yield from _check_sections(change, known, asked)
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


def _check_sections(change: Change, known: Mapping[str, Section], asked: Asked) -> Iterator[Refusal]:
    """The sections that a line cannot have: unknown or closed ones, or none. Who belongs to none already, as after the
    last day of theirs, may stay so: what is exported is read again unharmed."""
    if "sections" not in change.after:
        return
    named = [one for one in change.after["sections"].split("|") if one]
    if not named and (change.before is None or change.before["sections"]):
        yield Refusal(change.line, "user.no_section", "sections")
    for section in named:
        if section not in known:
            yield Refusal(change.line, "section.unknown", "sections", section)
        elif "sections" in change.differs and not known[section].is_open(_from_on(change, asked)):
            yield Refusal(change.line, "section.closed", "sections", section)


def store(session: Session, diff: Diff, asked: Asked) -> None:
    """Add and change the accounts; who changes sections belongs to the new ones from the line's day, else the import's,
    and what was planned for later falls away. A fixed number of statements. Raises Conflict `csv.changed`."""
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
    section_ids = {code: key for key, code in _codes(session).items()}
    wanted = {
        ids[one.key]: (
            {section_ids[code] for code in one.after["sections"].split("|") if code},
            _from_on(one, asked),
        )
        for one in changes
        if "sections" in one.differs
    }
    _join(session, wanted)
    events.record_many(session, [_fact(ids[one.key], one, asked) for one in changes])


def _values(change: Change) -> dict[str, Any]:
    """What the account itself holds of a line."""
    found: dict[str, Any] = {
        name: change.after[name] for name in ("name", "kana", "extension", "locale") if name in change.after
    }
    if "role" in change.after:
        found["role"] = Role(change.after["role"])
    if "employment" in change.after:
        found["employment"] = Employment(change.after["employment"])
    return found


def _fact(user_id: int, change: Change, asked: Asked) -> dict[str, Any]:
    # Which columns, and of what somebody may do from what to what; the account itself holds the rest.
    told = {name: list(pair) for name, pair in change.differs.items() if name in {"role", "sections"}}
    since = {"from_on": _from_on(change, asked).isoformat()} if "sections" in told else {}
    return {
        "at": asked.now,
        "kind": "user.added" if change.before is None else "user.changed",
        "subject": f"user:{user_id}",
        "actor_id": asked.actor_id,
        "data": {"columns": sorted(change.differs), "changes": told, **since},
    }


def _from_on(change: Change, asked: Asked) -> date:
    said = change.after.get("from_on")
    return date.fromisoformat(said) if said else asked.on


def _join(session: Session, wanted: Mapping[int, tuple[Set[int], date]]) -> None:
    """Belong to exactly these sections, by person, from a day on; to none after its last day."""
    if not wanted:
        return
    last: dict[int, date | None] = dict(session.execute(select(Section.id, Section.until_on)).all())
    of = _stays(session, among(session, Membership.user_id, sorted(wanted)))
    new: list[dict[str, Any]] = []
    changed: dict[int, dict[str, Any]] = {}
    gone: list[int] = []
    for user_id, (sections, on) in wanted.items():
        rows = {one.id or 0: one for one in of[user_id]}
        for stay in reassigned(of[user_id], sections, on):
            until_on = stay.until_on or last[stay.section_id]
            if stay.id is None:
                said = {"user_id": user_id, "section_id": stay.section_id, "from_on": stay.from_on}
                new.append({**said, "until_on": until_on})
            elif rows.pop(stay.id).until_on != until_on:
                changed[stay.id] = {"until_on": until_on}
        gone += rows
    storing.change(session, Membership, changed)
    storing.drop(session, Membership, gone)
    storing.add(session, Membership, new)


def _stays(session: Session, which: ColumnElement[bool]) -> dict[int, list[Stay]]:
    """When people belong to which sections, by person."""
    found: dict[int, list[Stay]] = defaultdict(list)
    for row in session.execute(select(*Membership.__table__.c).where(which).order_by(Membership.id)):
        found[row.user_id].append(Stay(row.section_id, row.from_on, row.until_on, row.id))
    return found


def _sections(stays: Iterable[Stay], code_of: Mapping[int, str], on: date) -> str:
    """The sections of a day as a cell."""
    return "|".join(sorted({code_of[stay.section_id] for stay in stays if stay.holds(on)}))


def _codes(session: Session) -> dict[int, str]:
    return {row.id: row.code for row in session.execute(select(Section.id, Section.code))}


PEOPLE = Sheet(
    "people",
    COLUMNS,
    ("email",),
    entities,
    stored,
    check,
    store,
    before=before,
    rows_of={"person": User.email},
)
