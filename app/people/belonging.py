"""Who belonged to which section when, for figures: one section a person and day, so that sums add up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.people.models import Membership, User
from app.people.rules import Stay


def stays_between(
    session: Session, first: date, last: date, timezone: ZoneInfo
) -> Mapping[int, Sequence[Stay]]:
    """By person the sections that they belonged to on days from `first` to `last`, until the day they left the office,
    as they began; one query."""
    found: dict[int, list[Stay]] = defaultdict(list)
    query = (
        select(
            *(Membership.user_id, Membership.section_id, Membership.from_on, Membership.until_on),
            *(Membership.id, User.left_at),
        )
        .join(User, User.id == Membership.user_id)
        .where(Membership.from_on <= last, Membership.until_on.is_(None) | (Membership.until_on >= first))
        .order_by(Membership.from_on, Membership.id)
    )
    for row in session.execute(query):
        stay = Stay(row.section_id, row.from_on, row.until_on, row.id)
        if row.left_at is not None:
            stay = _until(stay, row.left_at.astimezone(timezone).date())
        if stay.until_on is None or stay.until_on >= max(stay.from_on, first):
            found[row.user_id].append(stay)
    return found


def _until(stay: Stay, left_on: date) -> Stay:
    return stay if stay.until_on is not None and stay.until_on <= left_on else replace(stay, until_on=left_on)


def section_of(stays: Iterable[Stay], on: date) -> int | None:
    """The section in which a person counts on a day: of several (兼務) the one that began first."""
    return next((stay.section_id for stay in stays if stay.holds(on)), None)
