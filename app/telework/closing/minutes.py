"""How many minutes of office hours half-days have."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from sqlalchemy.orm import Session

from app.telework.closing.rules import Month
from app.telework.daylog.service import closed_within
from app.telework.rules import Half
from app.telework.service import Office

MinutesOf = Callable[[date, Half], int]


def minutes_between(session: Session, first: date, last: date, office: Office) -> MinutesOf:
    """The minutes of half-days from a day to another: of a closed month those which they had when it was closed; one
    query."""
    present = {half: office.hours_of(half).minutes for half in Half}
    closed = {
        Month.of(one.first_on): {Half.AM: one.am_minutes, Half.PM: one.pm_minutes}
        for one in closed_within(session, first, last)
    }

    def minutes(on: date, half: Half) -> int:
        kept = closed.get(Month.of(on), present)[half]
        return present[half] if kept is None else kept

    return minutes
