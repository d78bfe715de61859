"""People: email, name, kana, extension, role, employment, sections (codes apart by `|`). Who is not in it stays."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app import events
from app.people.models import Membership, Role, Section, User
from app.people.rules import Employment
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
    """What the lines cannot have: unknown sections, people who have left, roles that are not theirs to give."""
    known = set(session.scalars(select(Section.code)))
    gone = set(session.scalars(select(User.email).where(User.left_at.is_not(None))))
    for change in (*diff.added, *diff.changed):
        for section in (one for one in change.after.get("sections", "").split("|") if one):
            if section not in known:
                yield Refusal(change.line, "section.unknown", "sections", section)
        if change.key in gone:
            yield Refusal(change.line, "user.left", "email", change.key)
        if change.before is None and "name" not in change.after:
            yield Refusal(change.line, "csv.empty", "name")
        role = change.after.get("role", Role.STAFF)
        was = (change.before or {}).get("role", Role.STAFF)
        if role != was and not asked.may_set_roles:
            yield Refusal(change.line, "user.role_by_it", "role", role)


def store(session: Session, diff: Diff, asked: Asked) -> None:
    """Add and change the accounts; who changes sections belongs to the new ones from the day of the import."""
    section_ids = {row.code: row.id for row in session.execute(select(Section.code, Section.id))}
    for change in (*diff.added, *diff.changed):
        user = session.scalar(select(User).where(User.email == change.key))
        if user is None:
            user = User(email=change.key)
            session.add(user)
        for name in ("name", "kana", "extension"):
            if name in change.after:
                setattr(user, name, change.after[name])
        user.role = Role(change.after.get("role", user.role or Role.STAFF))
        user.employment = Employment(change.after.get("employment", user.employment or Employment.REGULAR))
        session.flush()
        if "sections" in change.after:
            wanted = {section_ids[one] for one in change.after["sections"].split("|") if one}
            _join(session, user.id, wanted, asked.on)
        _record(session, user, change, asked)


def _record(session: Session, user: User, change: Change, asked: Asked) -> None:
    # Which columns, and of what somebody may do from what to what; the account itself holds the rest.
    told = {name: list(pair) for name, pair in change.differs.items() if name in {"role", "sections"}}
    events.record(
        session,
        "user.added" if change.before is None else "user.changed",
        f"user:{user.id}",
        at=asked.now,
        actor_id=asked.actor_id,
        columns=sorted(change.differs),
        changes=told,
    )


def _join(session: Session, user_id: int, wanted: set[int], on: date) -> None:
    """Belong to these sections from the day `on`; what ends, ends the day before."""
    held = {
        one.section_id: one
        for one in session.scalars(select(Membership).where(Membership.user_id == user_id, _holds(on)))
    }
    for section_id, membership in held.items():
        if section_id not in wanted and membership.from_on < on:
            membership.until_on = on - timedelta(days=1)
        elif section_id not in wanted:
            session.delete(membership)
    session.add_all(
        Membership(user_id=user_id, section_id=one, from_on=on) for one in sorted(wanted - held.keys())
    )
    session.flush()


def _holds(on: date):  # type: ignore[no-untyped-def]
    return (Membership.from_on <= on) & or_(Membership.until_on.is_(None), Membership.until_on >= on)


def _sections(session: Session, on: date) -> dict[int, set[str]]:
    found: dict[int, set[str]] = defaultdict(set)
    query = select(Membership.user_id, Section.code).join(Section, Section.id == Membership.section_id)
    for user_id, code in session.execute(query.where(_holds(on))):
        found[user_id].add(code)
    return found


PEOPLE = Sheet("people", COLUMNS, ("email",), entities, stored, check, store)
