"""How people are employed in time: a change holds from its day on, and what held before stays known."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import date

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.people.models import EarlierEmployment, User
from app.people.rules import Employed, Employment

Earlier = Mapping[int, tuple[tuple[date, Employment], ...]]


def earlier(session: Session, user_ids: Collection[int] | None = None) -> Earlier:
    """By person how they were employed until which days, of those alone who were employed otherwise; None: of
    everybody. One query."""
    columns = (EarlierEmployment.user_id, EarlierEmployment.until_on, EarlierEmployment.employment)
    query = select(*columns).order_by(EarlierEmployment.until_on)
    if user_ids is not None:
        query = query.where(EarlierEmployment.user_id.in_(user_ids))
    found: dict[int, list[tuple[date, Employment]]] = defaultdict(list)
    for user_id, until_on, employment in session.execute(query):
        found[user_id].append((until_on, employment))
    return {user_id: tuple(theirs) for user_id, theirs in found.items()}


def employed(session: Session, user: User) -> Employed:
    """How somebody is employed in time; one query."""
    return Employed(user.employment, earlier(session, [user.id]).get(user.id, ()))


def employ(session: Session, user: User, wanted: Employed) -> None:
    """Somebody is employed so in time."""
    user.employment = wanted.latest
    session.execute(delete(EarlierEmployment).where(EarlierEmployment.user_id == user.id))
    session.add_all(
        EarlierEmployment(user_id=user.id, until_on=until_on, employment=kind)
        for until_on, kind in wanted.earlier
    )


def employment_on(
    user_id: InstrumentedAttribute[int], on: InstrumentedAttribute[date]
) -> ColumnElement[Employment]:
    """How the person of a row is employed on its day, as a part of a query."""
    then = (
        select(EarlierEmployment.employment)
        .where(EarlierEmployment.user_id == user_id, EarlierEmployment.until_on >= on)
        .order_by(EarlierEmployment.until_on)
        .limit(1)
        .scalar_subquery()
    )
    latest = select(User.employment).where(User.id == user_id).scalar_subquery()
    return func.coalesce(then, latest)
