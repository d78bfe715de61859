"""Sections and employments of a file of people, each from its day on: read and stored for many people at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Set
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from app.bulk import among
from app.people.employing import earlier
from app.people.models import EarlierEmployment, Membership, Section, User
from app.people.rules import Employed, Employment, Stay, Term, fallen_away, reassigned
from app.records.sheets import storing


def stays(session: Session, which: ColumnElement[bool]) -> dict[int, list[Stay]]:
    """When people belong to which sections, by person."""
    found: dict[int, list[Stay]] = defaultdict(list)
    for row in session.execute(select(*Membership.__table__.c).where(which).order_by(Membership.id)):
        found[row.user_id].append(Stay(row.section_id, row.from_on, row.until_on, row.id))
    return found


def employed(session: Session) -> dict[int, Employed]:
    """How everybody is employed in time, by person; two queries."""
    before = earlier(session)
    rows = session.execute(select(User.id, User.employment))
    return {row.id: Employed(row.employment, before.get(row.id, ())) for row in rows}


def employ(
    session: Session, wanted: Mapping[int, tuple[Employment, date]]
) -> tuple[dict[int, Employed], dict[int, list[Term]]]:
    """Store how people were employed before they are so, by person, from a day on. How they are employed in time then,
    the latest of which the account holds; and what falls away, both by person."""
    if not wanted:
        return {}, {}
    before = employed(session)
    found = {user_id: before[user_id].changed(to, on) for user_id, (to, on) in wanted.items()}
    stored = session.scalars(
        select(EarlierEmployment.id).where(among(session, EarlierEmployment.user_id, sorted(found)))
    )
    storing.drop(session, EarlierEmployment, stored.all())
    storing.add(
        session,
        EarlierEmployment,
        [
            {"user_id": user_id, "until_on": until_on, "employment": kind}
            for user_id, theirs in found.items()
            for until_on, kind in theirs.earlier
        ],
    )
    return found, {user_id: before[user_id].falling_away(on) for user_id, (_to, on) in wanted.items()}


def join(session: Session, wanted: Mapping[int, tuple[Set[int], date]]) -> Mapping[int, list[Stay]]:
    """Belong to exactly these sections, by person, from a day on; to none after its last day. What falls away, by
    person."""
    if not wanted:
        return {}
    last: dict[int, date | None] = dict(session.execute(select(Section.id, Section.until_on)).all())
    of = stays(session, among(session, Membership.user_id, sorted(wanted)))
    new: list[dict[str, Any]] = []
    changed: dict[int, dict[str, Any]] = {}
    gone: dict[int, list[Stay]] = {}
    for user_id, (sections, on) in wanted.items():
        until_of = {one.id: one.until_on for one in of[user_id]}
        after = reassigned(of[user_id], sections, on)
        for stay in after:
            until_on = stay.until_on or last[stay.section_id]
            if stay.id is None:
                said = {"user_id": user_id, "section_id": stay.section_id, "from_on": stay.from_on}
                new.append({**said, "until_on": until_on})
            elif until_of[stay.id] != until_on:
                changed[stay.id] = {"until_on": until_on}
        gone[user_id] = fallen_away(of[user_id], after)
    storing.change(session, Membership, changed)
    storing.drop(session, Membership, [one.id for theirs in gone.values() for one in theirs])
    storing.add(session, Membership, new)
    return gone
