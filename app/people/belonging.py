"""Who belongs to which section when, until they leave the office; for figures one section a person and day, so that
sums add up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.people.models import Membership, User
from app.people.rules import Stay


def stays_between(
    session: Session, first: date, last: date, timezone: ZoneInfo
) -> Mapping[int, Sequence[Stay]]:
    """By person the sections that they belonged to on days from `first` to `last`, until the day on which they left the
    office or are to leave it, as they began; one query."""
    found: dict[int, list[Stay]] = defaultdict(list)
    query = (
        select(
            *(Membership.user_id, Membership.section_id, Membership.from_on, Membership.until_on),
            *(Membership.id, User.left_at, User.leaves_at),
        )
        .join(User, User.id == Membership.user_id)
        .where(Membership.from_on <= last, Membership.until_on.is_(None) | (Membership.until_on >= first))
        .order_by(Membership.from_on, Membership.id)
    )
    for row in session.execute(query):
        theirs = [Stay(row.section_id, row.from_on, row.until_on, row.id)]
        leaving = row.left_at or row.leaves_at
        if leaving is not None:
            theirs = until(theirs, _day(leaving, timezone))
        found[row.user_id] += [one for one in theirs if one.until_on is None or one.until_on >= first]
    return {user_id: theirs for user_id, theirs in found.items() if theirs}


def last_days(session: Session, timezone: ZoneInfo) -> Mapping[int, date]:
    """The last day on which somebody counts, of whoever has left the office or is to leave it; one query."""
    query = select(User.id, User.left_at, User.leaves_at).where(
        or_(User.left_at.is_not(None), User.leaves_at.is_not(None))
    )
    return {row.id: _day(row.left_at or row.leaves_at, timezone) for row in session.execute(query)}


def until(stays: Iterable[Stay], last_on: date) -> list[Stay]:
    """Stays of somebody who leaves the office on a day."""
    return [
        one if one.until_on is not None and one.until_on <= last_on else replace(one, until_on=last_on)
        for one in stays
        if one.from_on <= last_on
    ]


def _day(leaving: datetime, timezone: ZoneInfo) -> date:
    """The day on which somebody leaves counts whole."""
    return leaving.astimezone(timezone).date()


def section_of(stays: Iterable[Stay], on: date) -> int | None:
    """The section in which a person counts on a day: of several (兼務) the one that began first."""
    return next((stay.section_id for stay in stays if stay.holds(on)), None)
