"""The database's last word on the day log: a closed month's half-days do not change, and no correction is taken back.

The eraser alone passes them, by its row in `erasing` (see `app.events`).
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.database import lock_rows, missing_triggers
from app.errors import Conflict
from app.telework.daylog.models import ClosedMonth

GUARDS = {
    "postgresql": frozenset(
        {
            "tr_half_days_frozen",
            "tr_half_days_frozen_truncate",
            "tr_half_day_corrections_append_only",
            "tr_half_day_corrections_append_only_truncate",
            "tr_closed_months_wait",
        }
    ),
    "sqlite": frozenset(
        {
            "tr_half_days_frozen_insert",
            "tr_half_days_frozen_update",
            "tr_half_days_frozen_delete",
            "tr_half_day_corrections_append_only_update",
            "tr_half_day_corrections_append_only_delete",
        }
    ),
}


def missing(session: Session) -> list[str]:
    """Guards that do not stand, by name."""
    return missing_triggers(session, GUARDS, ["half_days", "half_day_corrections", "closed_months"])


def hold_month(session: Session, on: date) -> bool:
    """Wait until nobody else writes or closes the month of a day; whether it is closed.

    The lock is held until the transaction ends. The guard waits for the same one: what is written beside a closing is
    committed before it, or refused.
    """
    return bool(hold_months(session, [on]))


def hold_months(session: Session, days: Collection[date]) -> set[date]:
    """As `hold_month` for many days: those of them whose months are closed."""
    lock_rows(session, "month", [on.year * 100 + on.month for on in days])
    return closed_among(session, days)


def hold_closings(session: Session) -> None:
    """Wait until nobody else closes a month, or changes from a day on what one hangs on; and let nobody until the
    transaction ends. Taken before the locks of months and the rows of people."""
    lock_rows(session, "closings", [0])


def open_from(session: Session) -> date:
    """The day after the last closed month: from it on nothing that is closed hangs on who belongs where. No month is
    closed until the transaction ends."""
    hold_closings(session)
    last = session.scalar(select(func.max(ClosedMonth.last_on)))
    return last + timedelta(days=1) if last else date.min


def require_open(session: Session, from_on: date | None) -> None:
    """That what holds of somebody from a day on, as a section or an employment, changes no closed month; None: from
    today. Raises Conflict `telework.month_closed`, with the first day that may be named."""
    if from_on is not None and from_on < (first := open_from(session)):
        raise Conflict("telework.month_closed", open_from=first.isoformat())


def is_closed(session: Session, on: date) -> bool:
    """Whether the month of a day is closed."""
    return bool(closed_among(session, [on]))


def closed_among(session: Session, days: Collection[date]) -> set[date]:
    """Those of some days whose months are closed; one query, or none."""
    if not days:
        return set()
    query = select(ClosedMonth.first_on, ClosedMonth.last_on).where(
        ClosedMonth.first_on <= max(days), ClosedMonth.last_on >= min(days)
    )
    closed = session.execute(query).all()
    return {on for on in days if any(first <= on <= last for first, last in closed)}
