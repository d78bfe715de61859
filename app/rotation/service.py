"""Asking for a rotation, following its search, locking cells, and what a section's rotations must hold."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import delete, or_, select, tuple_
from sqlalchemy.orm import Session, defer

from app import events
from app.database import lock_rows
from app.errors import Conflict, Forbidden, NotFound, RuleBroken
from app.people.models import SEES_ALL, Membership, Role, Section, User
from app.people.service import Person
from app.rotation import gathering
from app.rotation.form import ProblemParts, problem_of
from app.rotation.models import OPEN, Key, Rotation, RotationCell, RotationLock, RotationSetting, State
from app.rotation.naming import people_in, sections_in
from app.rotation.rules import WEEKDAYS, Problem
from app.settings import Settings
from app.telework.caps.service import rulebook
from app.telework.rules import Half, PlanKind
from app.telework.service import Office

LOCK = "rotation"
NEWEST = 20  # so many rotations of a month are listed beside what is published


def office_of(settings: Settings) -> Office:
    """What of the office the days depend on."""
    return Office.of(settings)


def planned_sections(session: Session, actor: Person) -> list[Section]:
    """The sections that somebody plans, or may read, in the order of their codes."""
    every = list(session.scalars(select(Section).order_by(Section.code)))
    if actor.role in SEES_ALL:
        return every
    book = rulebook(session)
    own = {one for mine in actor.section_ids for one in book.below(mine)}
    return [one for one in every if one.id in own]


def below(session: Session, section_id: int) -> list[Section]:
    """A section and those below it, in the order of their codes."""
    ids = rulebook(session).below(section_id)
    return list(session.scalars(select(Section).where(Section.id.in_(ids)).order_by(Section.code)))


def people_of(session: Session, section_id: int, on: date) -> list[User]:
    """Who belongs to a section or one below it on a day, in the order of their kana."""
    ids = rulebook(session).below(section_id)
    here = select(Membership.user_id).where(
        Membership.section_id.in_(ids),
        Membership.from_on <= on,
        Membership.until_on.is_(None) | (Membership.until_on >= on),
    )
    query = select(User).where(User.id.in_(here), User.left_at.is_(None))
    return list(session.scalars(query.order_by(User.kana, User.name, User.id)))


def users(session: Session, user_ids: Collection[int]) -> list[User]:
    """These people, also those who have left, in the order of their kana."""
    query = select(User).where(User.id.in_(user_ids))
    return list(session.scalars(query.order_by(User.kana, User.name, User.id)))


def sections(session: Session, section_ids: Collection[int]) -> list[Section]:
    """These sections, in the order of their codes."""
    query = select(Section).where(Section.id.in_(section_ids))
    return list(session.scalars(query.order_by(Section.code)))


def check_section(session: Session, section_id: int, actor: Person, *, to_read: bool = False) -> None:
    """That somebody plans a section: a chief of it, or of one above it; personnel and auditors may read.

    Raises NotFound `section.unknown`, Forbidden `rotation.not_allowed`.
    """
    if session.get(Section, section_id) is None:
        raise NotFound("section.unknown", section_id=section_id)
    if to_read and actor.role in SEES_ALL:
        return
    book = rulebook(session)
    if actor.role is not Role.CHIEF or not any(section_id in book.below(own) for own in actor.section_ids):
        raise Forbidden("rotation.not_allowed")


def ask(
    session: Session,
    *,
    actor: Person,
    section_id: int,
    first: date,
    last: date,
    limits: Mapping[str, Any],
    office: Office,
    now: datetime,
) -> Rotation:
    """Ask for a section's days to be planned, from today on; half-days that have begun (`Office.is_ahead`) stay as they
    are. Raises as `check_section`, `gathering.month` and `problem_form`, RuleBroken `rotation.over` where all of them
    have begun, Conflict `rotation.running` where the section is being planned already."""
    check_section(session, section_id, actor)
    if first <= last and not office.is_ahead(last, Half.PM, now):
        raise RuleBroken("rotation.over")
    lock_rows(session, LOCK, [section_id])
    running = select(Rotation.id).where(Rotation.section_id == section_id, Rotation.state.in_(OPEN))
    if session.scalar(running.limit(1)) is not None:
        raise Conflict("rotation.running")
    found = gathering.month(session, section_id, max(first, office.day(now)), last, office, now=now)
    form = gathering.problem_form(found)
    days = (max(first, office.day(now)), last)
    return _add(session, form, actor=actor, section_id=section_id, days=days, limits=limits, now=now)


def ask_for(
    session: Session, form: dict[str, Any], *, actor: Person, limits: Mapping[str, Any], now: datetime
) -> Rotation:
    """Ask for a problem that was brought along to be solved. Raises Conflict `rotation.running` while another of the
    same person is."""
    lock_rows(session, "person", [actor.id])
    running = select(Rotation.id).where(
        Rotation.section_id.is_(None), Rotation.made_by == actor.id, Rotation.state.in_(OPEN)
    )
    if session.scalar(running.limit(1)) is not None:
        raise Conflict("rotation.running")
    days = [date.fromisoformat(on) for on in form["days"]]
    return _add(
        session, form, actor=actor, section_id=None, days=(min(days), max(days)), limits=limits, now=now
    )


def _add(
    session: Session,
    form: dict[str, Any],
    *,
    actor: Person,
    section_id: int | None,
    days: tuple[date, date],
    limits: Mapping[str, Any],
    now: datetime,
) -> Rotation:
    made = Rotation(
        section_id=section_id,
        first_on=days[0],
        last_on=days[1],
        problem=form,
        seconds=limits["seconds"],
        work=limits["work"],
        seed=limits["seed"],
        made_at=now,
        made_by=actor.id,
    )
    session.add(made)
    session.flush()
    events.record(
        session, "rotation.asked", f"rotation:{made.id}", at=now, actor_id=actor.id, section_id=section_id
    )
    return made


def hold_rotation(session: Session, *, rotation_id: int) -> None:
    """Wait until nobody else changes a rotation; held until the transaction ends."""
    lock_rows(session, f"{LOCK}_id", [rotation_id])


def hold_section(session: Session, *, section_id: int) -> None:
    """Wait until nobody else changes what a section's next rotations go by; held until the transaction ends."""
    lock_rows(session, LOCK, [section_id])


def get_rotation(session: Session, rotation_id: int, actor: Person, *, to_change: bool = False) -> Rotation:
    """A rotation for somebody who may see it: whoever asked, and whoever plans its section, personnel and auditors.

    Raises NotFound `rotation.unknown`, Forbidden `rotation.not_allowed`.
    """
    if to_change:
        hold_rotation(session, rotation_id=rotation_id)
    found = session.get(Rotation, rotation_id, populate_existing=to_change)
    if found is None:
        raise NotFound("rotation.unknown", rotation_id=rotation_id)
    if found.section_id is not None:
        check_section(session, found.section_id, actor, to_read=not to_change)
    elif found.made_by != actor.id and (to_change or actor.role not in SEES_ALL):
        raise Forbidden("rotation.not_allowed")
    return found


def list_rotations(
    session: Session, actor: Person, *, section_id: int | None, after_id: int = 0, limit: int | None = None
) -> list[Rotation]:
    """A section's rotations, or those that somebody asked for; the plans are not read."""
    query = select(Rotation).where(Rotation.id > after_id).order_by(Rotation.id).limit(limit)
    query = query.options(defer(Rotation.plan), defer(Rotation.problem))
    if section_id is not None:
        check_section(session, section_id, actor, to_read=True)
        query = query.where(Rotation.section_id == section_id)
    elif actor.role not in SEES_ALL:
        query = query.where(Rotation.made_by == actor.id)
    return list(session.scalars(query))


def latest(session: Session, section_id: int, first: date, last: date) -> list[Rotation]:
    """Of the rotations that touch a section's days the newest, and those that are published, the newest first; their
    plans are read once they are looked at."""
    theirs = (Rotation.section_id == section_id, Rotation.first_on <= last, Rotation.last_on >= first)
    newest = select(Rotation.id).where(*theirs).order_by(Rotation.id.desc()).limit(NEWEST)
    query = (
        select(Rotation)
        .where(*theirs, or_(Rotation.state == State.PUBLISHED, Rotation.id.in_(newest)))
        .order_by(Rotation.id.desc())
        .options(defer(Rotation.plan), defer(Rotation.problem))
    )
    return list(session.scalars(query))


def published_on(session: Session, section_id: int, on: date) -> Rotation | None:
    """The rotation that has published a section's day."""
    of_day = select(RotationCell.rotation_id).where(RotationCell.on_date == on)
    return session.scalar(
        select(Rotation).where(
            Rotation.section_id == section_id, Rotation.state == State.PUBLISHED, Rotation.id.in_(of_day)
        )
    )


def cancel(session: Session, rotation: Rotation, *, actor: Person, now: datetime) -> Rotation:
    """End a search; the best plan so far stays. Raises Conflict `rotation.state`."""
    if rotation.state not in OPEN:
        raise Conflict("rotation.state", state=rotation.state.value)
    if rotation.state is State.WAITING:
        rotation.state, rotation.ended_at = State.CANCELLED, now
    rotation.cancel_asked = True
    session.flush()
    events.record(session, "rotation.cancelled", f"rotation:{rotation.id}", at=now, actor_id=actor.id)
    return rotation


def list_locks(
    session: Session, section_id: int, first: date, last: date, *, actor: Person
) -> list[RotationLock]:
    """The locked cells of a section, from a day to another, in order. Raises as `check_section`."""
    check_section(session, section_id, actor, to_read=True)
    query = select(RotationLock).where(
        RotationLock.section_id == section_id, RotationLock.on_date.between(first, last)
    )
    return list(
        session.scalars(query.order_by(RotationLock.on_date, RotationLock.user_id, RotationLock.half))
    )


def lock_cells(
    session: Session, section_id: int, cells: Mapping[Key, str | None], *, actor: Person, now: datetime
) -> None:
    """Lock cells as home or office, to stay so in the next searches, or (None) open them again; as many statements for
    few as for many. Raises as `check_section`, NotFound `user.unknown`."""
    check_section(session, section_id, actor)
    _check_known(session, {user_id for user_id, _on, _half in cells})
    hold_section(session, section_id=section_id)
    where = (RotationLock.user_id, RotationLock.on_date, RotationLock.half)
    keys = [(user_id, on, Half(half)) for user_id, on, half in cells]
    session.execute(
        delete(RotationLock).where(RotationLock.section_id == section_id, tuple_(*where).in_(keys))
    )
    session.add_all(
        RotationLock(section_id=section_id, user_id=user_id, on_date=on, half=Half(half), kind=PlanKind(kind))
        for (user_id, on, half), kind in cells.items()
        if kind is not None
    )
    session.flush()
    events.record_many(
        session,
        [
            {
                "at": now,
                "kind": "rotation.locked" if kind else "rotation.unlocked",
                "subject": f"user:{user_id}",
                "actor_id": actor.id,
                "data": {"on": on.isoformat(), "half": half, "to": kind},
            }
            for (user_id, on, half), kind in cells.items()
        ],
    )


def get_setting(session: Session, section_id: int) -> dict[str, Any]:
    """What a section's rotations must hold, as `SettingForm` has it; nothing where nothing was set."""
    found = session.get(RotationSetting, section_id)
    return found.data if found else {"people": [], "covers": [], "duties": [], "meetings": []}


def never_works(session: Session) -> dict[int, dict[int, frozenset[tuple[int, Half]]]]:
    """By section and person, the half-days of the week (0: Monday) on which somebody never works, as its rotations hold
    it."""
    return {
        found.section_id: {
            one["user_id"]: frozenset(half_day_of(text) for text in one["away"])
            for one in found.data.get("people", ())
            if one.get("away")
        }
        for found in session.scalars(select(RotationSetting).order_by(RotationSetting.section_id))
    }


def half_day_of(text: str) -> tuple[int, Half]:
    """A half-day of the week as settings name it, such as `wed-am`."""
    weekday, half = text.split("-")
    return WEEKDAYS.index(weekday), Half(half)


def _check_known(session: Session, user_ids: Collection[int], section_ids: Collection[int] = ()) -> None:
    """That these people and sections exist, or did."""
    known = session.scalars(select(User.id).where(User.id.in_(user_ids)))
    if unknown := set(user_ids) - set(known):
        raise NotFound("user.unknown", user_id=min(unknown))
    sections = session.scalars(select(Section.id).where(Section.id.in_(section_ids)))
    if strange := set(section_ids) - set(sections):
        raise NotFound("section.unknown", section_id=min(strange))


def put_setting(
    session: Session, section_id: int, data: dict[str, Any], *, actor: Person, now: datetime
) -> dict[str, Any]:
    """Set what a section's rotations must hold from the next search on. Who belongs to it is another day's matter; who
    does not exist is refused. Raises as `check_section`, NotFound `user.unknown` or `section.unknown`."""
    check_section(session, section_id, actor)
    _check_known(session, people_in(data), sections_in(data))
    hold_section(session, section_id=section_id)
    session.merge(RotationSetting(section_id=section_id, data=data, changed_at=now, changed_by=actor.id))
    session.flush()
    events.record(session, "rotation.set", f"section:{section_id}", at=now, actor_id=actor.id)
    return data


def problem(rotation: Rotation) -> Problem:
    """The problem of a stored rotation; whether it contradicts itself was asked before it was searched. Raises Conflict
    `rotation.erased` where its people are."""
    if not rotation.problem:
        raise Conflict("rotation.erased")
    return problem_of(ProblemParts().load(rotation.problem))
