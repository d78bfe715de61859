"""Who works here, as personnel and IT keep it: accounts, sections with dates, roles, leaving and coming back.

What a leaver holds is freed in the same transaction, by `app.pipeline.leave`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from app import events
from app.errors import Conflict, Forbidden, NotFound, RuleBroken
from app.people import tokens
from app.people.employing import employ, employed
from app.people.guards import address_is_free
from app.people.models import Membership, PasswordCode, Role, Section, User
from app.people.rules import Stay, Term, begun, fallen_away, reassigned
from app.people.sections import last_days
from app.people.service import NewUser, Person, add

# Whose accounts a role looks after, and which roles it may give: nobody makes themselves IT.
LOOKS_AFTER: Mapping[Role, frozenset[Role]] = {
    Role.IT: frozenset(Role),
    Role.PERSONNEL: frozenset({Role.STAFF, Role.CHIEF, Role.FACILITY, Role.PERSONNEL, Role.AUDITOR}),
}
GIVES: Mapping[Role, frozenset[Role]] = {
    Role.IT: frozenset(Role),
    Role.PERSONNEL: frozenset({Role.STAFF, Role.CHIEF}),
}
# An account is taken over by its address where the directory binds by it: IT alone changes one.
CHANGED_BY_IT = frozenset({"email"})
DETAILS = frozenset({"name", "kana", "extension", "role", "email", "locale"})


@dataclass(frozen=True, slots=True)
class Stays:
    """A section that somebody belongs to, belonged to or will belong to."""

    section: Section
    from_on: date
    until_on: date | None


def hire(
    session: Session, wanted: NewUser, *, section_code: str, on: date, actor: Person, now: datetime
) -> User:
    """A new account. Raises Forbidden `user.not_allowed`, and as `app.people.service.add`."""
    _require(wanted.role in GIVES.get(actor.role, ()))
    return add(session, wanted, section_code=section_code, on=on, now=now, actor_id=actor.id)


def get_account(session: Session, user_id: int, *, to_change: bool = False) -> User:
    """An account, also of somebody who left; locked for a change. Raises NotFound `user.unknown`."""
    query = select(User).where(User.id == user_id)
    # Not FOR UPDATE: a booking that is being made refers to the row, and would wait for us as we for its locks.
    user = session.scalar(query.with_for_update(key_share=True) if to_change else query)
    if user is None:
        raise NotFound("user.unknown", user_id=user_id)
    return user


def stays_of(session: Session, user_id: int) -> list[Stays]:
    """Every section that somebody belonged, belongs or will belong to, in the order of time."""
    query = (
        select(Section, Membership.from_on, Membership.until_on)
        .join(Section, Section.id == Membership.section_id)
        .where(Membership.user_id == user_id)
        .order_by(Membership.from_on, Membership.id)
    )
    return [Stays(*row) for row in session.execute(query)]


def change(
    session: Session, user: User, wanted: Mapping[str, Any], *, on: date, actor: Person, now: datetime
) -> User:
    """Change an account's details; how somebody is employed from the day `employment_from` on, or `on`.

    Raises Forbidden `user.not_allowed` or `user.self`, Conflict `user.exists`; and Conflict `user.past_employment`
    where employments would fall away that held already, unless it `corrects_past`: the log keeps them.
    """
    values = {name: value for name, value in wanted.items() if name in DETAILS}
    if "email" in values:
        values["email"] = values["email"].lower()
    changes = {name: value for name, value in values.items() if getattr(user, name) != value}
    require_looks_after(actor, user)
    _require(actor.role is Role.IT or not changes.keys() & CHANGED_BY_IT)
    if "role" in changes:
        if user.id == actor.id:
            raise Forbidden("user.self")
        _require({user.role, changes["role"]} <= GIVES[actor.role])
    reemployed = _reemploy(session, user, wanted, on) if "employment" in wanted else {}
    if not changes and not reemployed:
        return user
    facts = dict(reemployed)
    if "role" in changes:
        facts["role"] = [user.role.value, changes["role"].value]
    with address_is_free(session, changes.get("email", "")):
        for name, value in changes.items():
            setattr(user, name, value)
        user.version += 1
    events.record(
        session,
        "user.changed",
        f"user:{user.id}",
        at=now,
        actor_id=actor.id,
        fields=sorted([*changes, *(["employment"] if reemployed else [])]),
        **facts,
    )
    return user


def _reemploy(session: Session, user: User, wanted: Mapping[str, Any], on: date) -> dict[str, Any]:
    """Somebody is employed otherwise; what the log tells of it: nothing where they were employed so already."""
    to, from_on = wanted["employment"], wanted.get("employment_from") or on
    before = employed(session, user)
    if (was := before.on(from_on)) is to:
        return {}
    gone = before.falling_away(from_on)
    if past := _past(gone, on, corrects_past=wanted.get("corrects_past", False)):
        raise Conflict("user.past_employment", terms=past)
    employ(session, user, before.changed(to, from_on))
    return {
        "employment": [was.value, to.value],
        "employment_from": from_on.isoformat(),
        "fell_away": [told(one) for one in gone],
    }


def choose_language(session: Session, user_id: int, locale: str) -> None:
    """Somebody chooses the language of their pages, mail and calendar; "": the office's."""
    session.execute(update(User).where(User.id == user_id).values(locale=locale))


def reassign(
    session: Session,
    user: User,
    section_ids: Set[int],
    *,
    from_on: date,
    corrects_past: bool = False,
    actor: Person,
    now: datetime,
) -> User:
    """From a day on somebody belongs to exactly these sections (兼務: to several).

    Nobody belongs to a section after its last day. Raises NotFound `section.unknown`, RuleBroken `section.closed` or
    `user.no_section`, Forbidden `user.not_allowed`; and Conflict `user.past_sections` where stays would fall away that
    held already, unless it `corrects_past`: the log keeps them.
    """
    require_looks_after(actor, user)
    if not section_ids:
        raise RuleBroken("user.no_section")
    last = last_days(session, section_ids, from_on)
    theirs = session.scalars(select(Membership).where(Membership.user_id == user.id)).all()
    rows: Mapping[int | None, Membership] = {one.id: one for one in theirs}
    before = [Stay(one.section_id, one.from_on, one.until_on, one.id) for one in theirs]
    after = reassigned(before, section_ids, from_on)
    gone = fallen_away(before, after)
    if past := _past(gone, actor.on, corrects_past=corrects_past):
        raise Conflict("user.past_sections", stays=past)
    for stay in after:
        until_on = stay.until_on or last.get(stay.section_id)
        if stay.id is None:
            session.add(
                Membership(
                    user_id=user.id, section_id=stay.section_id, from_on=stay.from_on, until_on=until_on
                )
            )
        else:
            rows[stay.id].until_on = until_on
    for stay in gone:
        session.delete(rows[stay.id])
    user.version += 1
    session.flush()
    events.record(
        session,
        "user.moved",
        f"user:{user.id}",
        at=now,
        actor_id=actor.id,
        section_ids=sorted(section_ids),
        from_on=from_on.isoformat(),
        fell_away=[told(one) for one in gone],
    )
    return user


def _past(gone: Iterable[Stay | Term], today: date, *, corrects_past: bool) -> list[dict[str, Any]]:
    """What held already and would be as if it had never been, which whoever changes it did not say."""
    return [] if corrects_past else [told(one) for one in begun(gone, today)]


def told(one: Stay | Term) -> dict[str, Any]:
    """A stay, or an employment, as the log and a refusal tell it."""
    return {
        **({"section_id": one.section_id} if isinstance(one, Stay) else {"employment": one.employment.value}),
        "from": one.from_on.isoformat() if one.from_on else None,
        "until": one.until_on.isoformat() if one.until_on else None,
    }


def leave(session: Session, user: User, *, actor: Person | None, now: datetime) -> None:
    """Somebody has left: tokens, browser sessions, codes and the card are dead. Sections stay as they were, so that
    coming back restores them. `actor` None: the clock, or whoever runs the machine.

    Raises Conflict `user.left`, Forbidden `user.self` or `user.not_allowed`.
    """
    _require_may_end(user, actor)
    user.left_at, user.leaves_at = now, None
    user.session_epoch += 1
    user.version += 1
    user.card_digest = ""
    session.flush()
    tokens.revoke_all(session, user.id, now=now)
    session.execute(delete(PasswordCode).where(PasswordCode.user_id == user.id))
    events.record(session, "user.left", f"user:{user.id}", at=now, actor_id=actor.id if actor else None)


def plan_to_leave(session: Session, user: User, at: datetime | None, *, actor: Person, now: datetime) -> None:
    """Somebody will have left at an instant, when the sweep does it; None takes that back.

    Raises as `leave`, and RuleBroken `user.leaves_in_past`.
    """
    _require_may_end(user, actor)
    if at is not None and at <= now:
        raise RuleBroken("user.leaves_in_past")
    user.leaves_at = at
    user.version += 1
    session.flush()
    kind = "user.staying" if at is None else "user.leaving"
    facts = {} if at is None else {"leaves_at": at.isoformat()}
    events.record(session, kind, f"user:{user.id}", at=now, actor_id=actor.id, **facts)


def come_back(session: Session, user: User, *, actor: Person, now: datetime) -> None:
    """A leaver is here again, with the sections, the role and the password of before; not with tokens or bookings.

    Raises Conflict `user.here`, Forbidden `user.not_allowed`.
    """
    require_looks_after(actor, user)
    if user.left_at is None:
        raise Conflict("user.here")
    user.left_at = None
    user.version += 1
    session.flush()
    events.record(session, "user.returned", f"user:{user.id}", at=now, actor_id=actor.id)


def due_to_leave(session: Session, now: datetime) -> list[User]:
    """Whose instant of leaving has come."""
    query = select(User).where(User.leaves_at <= now, User.left_at.is_(None)).order_by(User.id)
    return list(session.scalars(query.with_for_update(key_share=True, skip_locked=True)))


def next_due(session: Session) -> datetime | None:
    """When somebody next leaves."""
    query = select(User.leaves_at).where(User.leaves_at.is_not(None)).order_by(User.leaves_at).limit(1)
    return session.scalar(query)


def accounts(
    session: Session, *, section_id: int | None = None, has_left: bool = False, on: date
) -> list[User]:
    """The accounts that personnel and IT see, in the order of their kana: of those here, or of those who left."""
    query = select(User).where(User.left_at.is_not(None) if has_left else User.left_at.is_(None))
    if section_id is not None:
        query = query.where(
            User.id.in_(
                select(Membership.user_id).where(
                    Membership.section_id == section_id,
                    Membership.from_on <= on,
                    (Membership.until_on.is_(None)) | (Membership.until_on >= on),
                )
            )
        )
    return list(session.scalars(query.order_by(User.kana, User.name, User.id)))


def looks_after(actor: Person, user: User) -> bool:
    """Whether somebody may change an account."""
    return user.role in LOOKS_AFTER.get(actor.role, ())


def _require(allowed: bool) -> None:
    if not allowed:
        raise Forbidden("user.not_allowed")


def require_looks_after(actor: Person, user: User) -> None:
    """Raises Forbidden `user.not_allowed` to whoever may not change an account."""
    _require(looks_after(actor, user))


def _require_may_end(user: User, actor: Person | None) -> None:
    if actor is not None:
        require_looks_after(actor, user)
        if user.id == actor.id:
            raise Forbidden("user.self")
    if user.left_at is not None:
        raise Conflict("user.left")
