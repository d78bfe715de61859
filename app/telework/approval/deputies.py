"""Who decides on plans for a chief, and when: named by the chief, or by personnel where the chief cannot."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from app import events
from app.errors import Forbidden, NotFound, RuleBroken
from app.people.models import Role, User
from app.people.service import Person, find_person
from app.telework.approval.rules import Deputy
from app.telework.models import TeleworkDeputy

Named = tuple[TeleworkDeputy, str, str]


def list_deputies(session: Session, on: date, *, chief_id: int | None = None) -> list[Named]:
    """Deputies of the day `on` or later, each with the chief's and the own name; of one chief where it is given."""
    chief, deputy = aliased(User), aliased(User)
    query = (
        select(TeleworkDeputy, chief.name, deputy.name)
        .join(chief, chief.id == TeleworkDeputy.chief_id)
        .join(deputy, deputy.id == TeleworkDeputy.deputy_id)
        .where(TeleworkDeputy.until_on.is_(None) | (TeleworkDeputy.until_on >= on))
        .order_by(chief.kana, TeleworkDeputy.from_on, TeleworkDeputy.id)
    )
    if chief_id is not None:
        query = query.where(TeleworkDeputy.chief_id == chief_id)
    return [(row, of, who) for row, of, who in session.execute(query)]


def get_deputy(session: Session, deputy_row_id: int, on: date, *, chief_id: int | None = None) -> Named:
    """One of `list_deputies`. Raises NotFound `telework.no_deputy`."""
    for found in list_deputies(session, on, chief_id=chief_id):
        if found[0].id == deputy_row_id:
            return found
    raise NotFound("telework.no_deputy", deputy_id=deputy_row_id)


def name_deputy(session: Session, wanted: Deputy, *, actor: Person, now: datetime) -> TeleworkDeputy:
    """Somebody decides for a chief from now on or later.

    Raises Forbidden `telework.not_allowed`, NotFound `user.unknown`, RuleBroken `telework.deputy`.
    """
    _require_own(wanted.chief_id, actor)
    chief = find_person(session, wanted.chief_id, actor.on)
    deputy = find_person(session, wanted.deputy_id, actor.on)
    for found, user_id in ((chief, wanted.chief_id), (deputy, wanted.deputy_id)):
        if found is None:
            raise NotFound("user.unknown", user_id=user_id)
    fits = chief is not None and chief.role is Role.CHIEF and wanted.chief_id != wanted.deputy_id
    if not fits or (wanted.until_on is not None and wanted.until_on < max(wanted.from_on, actor.on)):
        raise RuleBroken("telework.deputy")
    row = TeleworkDeputy(
        chief_id=wanted.chief_id,
        deputy_id=wanted.deputy_id,
        from_on=wanted.from_on,
        until_on=wanted.until_on,
        when_away=wanted.when_away,
    )
    session.add(row)
    session.flush()
    _record(session, "telework.deputy_named", row, actor, now)
    return row


def end_deputy(session: Session, deputy_row_id: int, *, actor: Person, now: datetime) -> None:
    """The deputy decides no more, from now on.

    Raises NotFound `telework.no_deputy`, Forbidden `telework.not_allowed`.
    """
    row = session.get(TeleworkDeputy, deputy_row_id)
    if row is None:
        raise NotFound("telework.no_deputy", deputy_id=deputy_row_id)
    _require_own(row.chief_id, actor)
    _record(session, "telework.deputy_ended", row, actor, now)
    yesterday = actor.on - timedelta(days=1)
    if row.from_on > yesterday:
        session.delete(row)
    else:
        row.until_on = yesterday
    session.flush()


def _require_own(chief_id: int, actor: Person) -> None:
    if actor.role is not Role.PERSONNEL and chief_id != actor.id:
        raise Forbidden("telework.not_allowed", why="deputy")


def _record(session: Session, kind: str, row: TeleworkDeputy, actor: Person, now: datetime) -> None:
    events.record(
        session,
        kind,
        f"user:{row.chief_id}",
        at=now,
        actor_id=actor.id,
        user_id=row.deputy_id,
        chief_id=row.chief_id,
        first=row.from_on.isoformat(),
        last=row.until_on.isoformat() if row.until_on else None,
        when_away=row.when_away,
    )
