"""Where is Yamada? Names, sections and extensions; who looked whom up is a fact of the log (RULES 20)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app import events
from app.events import Event
from app.people.models import Membership, Role, Section, User
from app.people.rules import folded, is_named
from app.people.service import Person, names

LOOKED_UP, LISTED = "person.looked_up", "person.listed"
AT_MOST = 20
SHOWN_FOR = timedelta(days=180)  # as long as presence is kept (RULES 19)


@dataclass(frozen=True, slots=True)
class Found:
    """What everybody may know of a colleague."""

    id: int
    name: str
    kana: str
    extension: str
    sections: tuple[Section, ...]


def look_up(
    session: Session,
    query: str,
    *,
    actor: Person,
    on: date,
    now: datetime,
    among: frozenset[int] | None = None,
) -> list[Found]:
    """Whose name begins so, in the order of their kana; the first `AT_MOST` of them, each told who looked. `among`: of
    these sections alone."""
    rows = session.execute(
        select(User.id, User.name, User.kana, User.extension).where(
            User.left_at.is_(None), User.role.not_in((Role.KIOSK, Role.SERVICE))
        )
    )
    named = [row for row in rows if is_named(query, kana=row.kana, name=row.name)]
    if among is not None:
        belongs = sections_of(session, [row.id for row in named], on)
        named = [row for row in named if among & {section.id for section in belongs.get(row.id, ())}]
    named.sort(key=lambda row: (folded(row.kana), row.kana, row.name, row.id))
    shown = named[:AT_MOST]
    note_looks(session, [row.id for row in shown], actor=actor, now=now)
    sections = sections_of(session, [row.id for row in shown], on)
    return [
        Found(row.id, row.name, row.kana, row.extension, tuple(sections.get(row.id, ()))) for row in shown
    ]


def note_look(session: Session, user_id: int, *, actor: Person, now: datetime) -> None:
    """Somebody's days or bookings were looked at by another, which the person is told of (RULES 20)."""
    if user_id != actor.id:
        events.record(session, LOOKED_UP, f"user:{user_id}", at=now, actor_id=actor.id)


def note_looks(session: Session, user_ids: Iterable[int], *, actor: Person, now: datetime) -> None:
    """The same of several."""
    events.record_many(
        session,
        [
            {"at": now, "kind": LOOKED_UP, "subject": f"user:{user_id}", "actor_id": actor.id, "data": {}}
            for user_id in user_ids
            if user_id != actor.id
        ],
    )


def note_list(session: Session, count: int, *, actor_id: int, now: datetime, **asked: object) -> None:
    """Somebody was shown a list of people, or took it as a file: one fact however long it is, with what was `asked`
    for."""
    events.record(session, LISTED, "people", at=now, actor_id=actor_id, count=count, **asked)


def sections_of(session: Session, user_ids: Iterable[int], on: date) -> Mapping[int, list[Section]]:
    """The sections of people on a day, in the order of their codes; one query."""
    found: dict[int, list[Section]] = {}
    query = (
        select(Membership.user_id, Section)
        .join(Section, Section.id == Membership.section_id)
        .where(
            Membership.user_id.in_(set(user_ids)),
            Membership.from_on <= on,
            or_(Membership.until_on.is_(None), Membership.until_on >= on),
        )
        .order_by(Section.code)
    )
    for user_id, section in session.execute(query):
        found.setdefault(user_id, []).append(section)
    return found


@dataclass(frozen=True, slots=True)
class Look:
    """Somebody looked a person up; `id`: of the event."""

    id: int
    at: datetime
    name: str


def who_looked(
    session: Session, user_id: int, now: datetime, *, before_id: int | None = None, limit: int = 50
) -> list[Look]:
    """Who looked a person up, the latest first, for that person."""
    query = (
        select(Event.id, Event.at, Event.actor_id)
        .where(Event.subject == f"user:{user_id}", Event.kind == LOOKED_UP, Event.at > now - SHOWN_FOR)
        .order_by(Event.id.desc())
        .limit(limit)
    )
    rows = session.execute(query.where(Event.id < before_id) if before_id else query).all()
    known = names(session, [row.actor_id for row in rows])
    return [Look(row.id, row.at, known.get(row.actor_id, "")) for row in rows]
