"""The sections of the office (局・部・課・係): which lies under which, and keeping them.

A section that is closed keeps its row: days, figures and memberships of its time refer to it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Set
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import events
from app.database import constraint_name, lock_rows
from app.errors import Conflict, NotFound, RuleBroken
from app.people.guards import circle_refused
from app.people.models import Membership, Section, User
from app.people.rules import is_circle, outline, reach
from app.spaces.models import Zone

LOCK = "section"
Values = Mapping[str, Any]


def parents(session: Session) -> dict[int, int | None]:
    """The section above each section; one query."""
    return dict(session.execute(select(Section.id, Section.parent_id)).all())


def reach_of(session: Session, section_ids: Set[int]) -> frozenset[int]:
    """The sections that a chief of these speaks for: they and all below them; one query."""
    return reach(section_ids, parents(session))


def people_within(session: Session, section_id: int, on: date) -> list[User]:
    """Who belongs to a section, or to one below it, on a day and has not left, in the order of their kana; two
    queries."""
    here = select(Membership.user_id).where(
        Membership.section_id.in_(reach_of(session, {section_id})), Membership.from_on <= on, _lasts(on)
    )
    query = select(User).where(User.left_at.is_(None), User.id.in_(here))
    return list(session.scalars(query.order_by(User.kana, User.name, User.id)))


@dataclass(frozen=True, slots=True)
class Listed:
    """A section in the tree, so many levels deep, with how many belong to it today and the codes of its zones."""

    section: Section
    depth: int
    people: int
    zones: tuple[str, ...]


def tree(session: Session, on: date) -> list[Listed]:
    """All sections, each under the one above it, else in the order of their codes; three queries."""
    known = {one.id: one for one in session.scalars(select(Section).order_by(Section.code))}
    here = (
        select(Membership.section_id, func.count(Membership.user_id.distinct()))
        .join(User, User.id == Membership.user_id)
        .where(User.left_at.is_(None), Membership.from_on <= on, _lasts(on))
        .group_by(Membership.section_id)
    )
    people: dict[int, int] = dict(session.execute(here).all())
    zones: dict[int, list[str]] = defaultdict(list)
    placed = select(Zone.section_id, Zone.code).where(Zone.section_id.is_not(None), Zone.removed_at.is_(None))
    for section_id, code in session.execute(placed.order_by(Zone.code)):
        zones[section_id or 0].append(code)
    above = {one.id: one.parent_id for one in known.values()}
    return [
        Listed(known[one], depth, people.get(one, 0), tuple(zones[one]))
        for one, depth in outline(list(known), above)
    ]


def get_section(session: Session, section_id: int, *, to_change: bool = False) -> Section:
    """A section, locked for a change. Raises NotFound `section.unknown`."""
    query = select(Section).where(Section.id == section_id)
    # Not FOR UPDATE: whoever is made to belong to it refers to the row, and would wait.
    section = session.scalar(query.with_for_update(key_share=True) if to_change else query)
    if section is None:
        raise NotFound("section.unknown", section_id=section_id)
    return section


def add(session: Session, values: Values, *, actor_id: int | None, now: datetime, on: date) -> Section:
    """A new section. Raises NotFound `section.unknown`, Conflict `section.exists`, RuleBroken `section.closed` where
    the one above is closed."""
    section = Section()
    _check_above(session, None, values.get("parent_id"), values.get("until_on"), on)
    for name, value in values.items():
        setattr(section, name, value)
    with _code_is_free(session, values.get("code", "")):
        session.add(section)
    told = {name: [None, _plain(value)] for name, value in values.items()}
    events.record(
        session, "section.added", f"section:{section.code}", at=now, actor_id=actor_id, changes=told
    )
    return section


def change(
    session: Session, section: Section, values: Values, *, actor_id: int | None, now: datetime, on: date
) -> Section:
    """Name a section anew, put it under another, close it (`until_on`: its last day) or open it again.

    Raises as `add`; RuleBroken `section.circle`, and `section.in_use` where people, or open sections below it, would
    still be there after its last day.
    """
    differs = {name: value for name, value in values.items() if getattr(section, name) != value}
    if not differs:
        return section
    last = differs.get("until_on", section.until_on)
    if {"parent_id", "until_on"} & differs.keys():
        _check_above(session, section, differs.get("parent_id", section.parent_id), last, on)
    if last is not None and "until_on" in differs:
        _check_unused(session, section, last)
    told = {name: [_plain(getattr(section, name)), _plain(value)] for name, value in differs.items()}
    with _code_is_free(session, differs.get("code", "")), circle_refused(session):
        for name, value in differs.items():
            setattr(section, name, value)
        section.version += 1
    events.record(
        session, "section.changed", f"section:{section.code}", at=now, actor_id=actor_id, changes=told
    )
    return section


def last_days(session: Session, section_ids: Collection[int], on: date) -> dict[int, date | None]:
    """The last day of each section that people are to belong to from a day on; none of them closes meanwhile.

    Raises NotFound `section.unknown`, RuleBroken `section.closed`.
    """
    lock_rows(session, LOCK, section_ids)
    found = {
        one.id: one
        for one in session.scalars(
            select(Section).where(Section.id.in_(section_ids)), execution_options={"populate_existing": True}
        )
    }
    if missing := sorted(set(section_ids) - found.keys()):
        raise NotFound("section.unknown", section_ids=missing)
    for one in found.values():
        if not one.is_open(on):
            raise RuleBroken("section.closed", section=one.code, until=_plain(one.until_on))
    return {section_id: one.until_on for section_id, one in found.items()}


def _check_above(
    session: Session, section: Section | None, parent_id: int | None, last: date | None, on: date
) -> None:
    """That a section may lie under another until its last day."""
    if parent_id is None:
        return
    parent = get_section(session, parent_id)
    if section is not None and is_circle(section.id, parent_id, parents(session)):
        raise RuleBroken("section.circle")
    if not parent.is_open(max(on, last) if last else date.max):
        raise RuleBroken("section.closed", section=parent.code, until=_plain(parent.until_on))


def _check_unused(session: Session, section: Section, last: date) -> None:
    """That nobody belongs to a section after its last day, and none below it is open then."""
    lock_rows(session, LOCK, [section.id])
    people = session.scalar(
        select(func.count(Membership.user_id.distinct()))
        .join(User, User.id == Membership.user_id)
        .where(Membership.section_id == section.id, User.left_at.is_(None), _outlasts(Membership, last))
    )
    below = session.scalar(
        select(func.count()).where(Section.parent_id == section.id, _outlasts(Section, last))
    )
    if people or below:
        raise RuleBroken("section.in_use", people=people, sections=below)


def _lasts(on: date) -> ColumnElement[bool]:
    return or_(Membership.until_on.is_(None), Membership.until_on >= on)


def _outlasts(of: type[Membership | Section], last: date) -> ColumnElement[bool]:
    return or_(of.until_on.is_(None), of.until_on > last)


@contextmanager
def _code_is_free(session: Session, code: str) -> Iterator[None]:
    """Turn the refusal of a second section with a code, written inside, into Conflict `section.exists`."""
    try:
        yield
        session.flush()
    except IntegrityError as error:
        if "code" not in constraint_name(error):
            raise
        raise Conflict("section.exists", section=code) from error


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value
