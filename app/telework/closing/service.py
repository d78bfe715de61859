"""Closing the office's months: a preview, the closing that freezes them, reopening with a reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import events
from app.calendar import working_days
from app.errors import Conflict, RuleBroken
from app.people.models import User
from app.people.service import Person, names
from app.telework.closing.rules import Month, MonthCounts, counts
from app.telework.daylog.models import ClosedMonth, HalfDayCorrection
from app.telework.daylog.rerun import days_to_write_anew
from app.telework.daylog.rules import Voice
from app.telework.daylog.service import effective
from app.telework.figures.service import kept_half_days
from app.telework.guards import hold_closings, hold_month
from app.telework.models import ClosedDay, HalfDay, TeleworkPlan
from app.telework.rules import DayClass, Half
from app.telework.service import Office, OffOn, close_day, nobody_off

LISTED = 15
NAMED_AT_MOST = 50


@dataclass(frozen=True, slots=True)
class State:
    """A month as personnel see it in the list; `closed` None: it is open. `is_over`: its days have all been closed."""

    month: Month
    closed: ClosedMonth | None
    closed_by: str
    is_over: bool


@dataclass(frozen=True, slots=True)
class Preview:
    """What closing would freeze. `conflicts`: they await their persons' answers; `unconfirmed`: a person's word that no
    chief has confirmed. `unknown`: (name, half-days) of whom something is not known. `planless`: people of whom nothing
    is known and nothing was planned all month."""

    state: State
    counts: MonthCounts
    days: int
    conflicts: int
    unconfirmed: int
    unknown: Sequence[tuple[str, int]]
    planless: Sequence[str]


def list_months(session: Session, today: date) -> list[State]:
    """The months of the log, the newest first."""
    begins = session.scalar(select(func.min(ClosedDay.on_date)))
    if begins is None:
        return []
    months = [Month.of(today)]
    while months[-1].first > begins and len(months) < LISTED:
        months.append(months[-1].before)
    return _states(session, months)


def state_of(session: Session, month: Month) -> State:
    """One month as in the list."""
    return _states(session, [month])[0]


def preview(session: Session, month: Month) -> Preview:
    """What closing a month would freeze; a fixed number of queries."""
    within = HalfDay.on_date.between(month.first, month.last)
    halves = [
        (row.user_id, row.day_class) for row in session.execute(effective(HalfDay.user_id).where(within))
    ]
    counted = counts(halves, kept_half_days(session, month.first, month.last))
    answered = select(HalfDayCorrection.half_day_id)
    conflicts = session.scalar(
        select(func.count()).select_from(HalfDay).where(within, HalfDay.conflict, HalfDay.id.not_in(answered))
    )
    of_month = select(HalfDay.id).where(within)
    last = (
        select(func.max(HalfDayCorrection.id))
        .where(HalfDayCorrection.half_day_id.in_(of_month))
        .group_by(HalfDayCorrection.half_day_id)
    )
    unconfirmed = session.scalar(
        select(func.count())
        .select_from(HalfDayCorrection)
        .where(HalfDayCorrection.id.in_(last), HalfDayCorrection.voice == Voice.OWN)
    )
    days = session.scalar(
        select(func.count()).select_from(ClosedDay).where(ClosedDay.on_date.between(month.first, month.last))
    )
    known = {user_id for user_id, one in halves if one not in {DayClass.UNKNOWN, DayClass.CLOSED}}
    planned = set(
        session.scalars(
            select(TeleworkPlan.user_id)
            .where(TeleworkPlan.on_date.between(month.first, month.last))
            .distinct()
        )
    )
    unknown = counted.unknown[:NAMED_AT_MOST]
    named = names(session, [user_id for user_id, _n in unknown])
    planless = session.scalars(
        select(User.name)
        .where(User.id.in_({user_id for user_id, _n in counted.unknown} - known - planned))
        .order_by(User.kana, User.id)
        .limit(NAMED_AT_MOST)
    )
    return Preview(
        state_of(session, month),
        counted,
        days or 0,
        conflicts or 0,
        unconfirmed or 0,
        [(named.get(user_id, ""), number) for user_id, number in unknown],
        planless.all(),
    )


def close_month(
    session: Session,
    month: Month,
    *,
    actor: Person,
    now: datetime,
    office: Office,
    off_on: OffOn = nobody_off,
) -> ClosedMonth:
    """Freeze a month, with the minutes of its half-days: only personnel's corrections change it any more. What was
    recorded of its days until now is written first. Raises Conflict `telework.month_closed` or
    `telework.month_not_over`."""
    hold_closings(session)
    if hold_month(session, month.first):
        raise Conflict("telework.month_closed", month=str(month))
    if not state_of(session, month).is_over:
        raise Conflict("telework.month_not_over", month=str(month))
    for on in days_to_write_anew(session, now, office):
        if month.first <= on <= month.last:
            close_day(session, on, now, office, working_days(session, on.year), off_on=off_on)
    closed = ClosedMonth(
        first_on=month.first,
        last_on=month.last,
        closed_at=now,
        closed_by=actor.id,
        am_minutes=office.hours_of(Half.AM).minutes,
        pm_minutes=office.hours_of(Half.PM).minutes,
    )
    session.add(closed)
    session.flush()
    counted = preview(session, month).counts
    events.record(
        session,
        "telework.month_closed",
        f"month:{month}",
        at=now,
        actor_id=actor.id,
        half_days={day_class.value: number for day_class, number in counted.by_class.items()},
    )
    return closed


def reopen_month(session: Session, month: Month, *, why: str, actor: Person, now: datetime) -> None:
    """A closed month is open again: later facts are written, and its people may correct. Raises Conflict
    `telework.month_open`, RuleBroken `telework.why`."""
    if not why:
        raise RuleBroken("telework.why")
    if not hold_month(session, month.first):
        raise Conflict("telework.month_open", month=str(month))
    closed = session.scalars(select(ClosedMonth).where(ClosedMonth.first_on == month.first)).one()
    session.delete(closed)
    session.flush()
    events.record(session, "telework.month_reopened", f"month:{month}", at=now, actor_id=actor.id, why=why)


def history_of(session: Session, month: Month) -> list[tuple[datetime, str, str, str]]:
    """(when, what, by whom, why) of a month's closing and reopening, oldest first."""
    found = events.history(session, f"month:{month}")
    by = names(session, [one.actor_id for one in found if one.actor_id is not None])
    return [(one.at, one.kind, by.get(one.actor_id or 0, ""), str(one.data.get("why", ""))) for one in found]


def _states(session: Session, months: Sequence[Month]) -> list[State]:
    first, last = min(one.first for one in months), max(one.last for one in months)
    closed = {
        one.first_on: one
        for one in session.scalars(
            select(ClosedMonth).where(ClosedMonth.first_on >= first, ClosedMonth.last_on <= last)
        )
    }
    over = set(session.scalars(select(ClosedDay.on_date).where(ClosedDay.on_date.between(first, last))))
    begins = session.scalar(select(func.min(ClosedDay.on_date))) or date.max
    by = names(session, [one.closed_by for one in closed.values() if one.closed_by is not None])
    return [
        State(
            month,
            one := closed.get(month.first),
            by.get(one.closed_by or 0, "") if one else "",
            _is_over(month, over, begins),
        )
        for month in months
    ]


def _is_over(month: Month, over: set[date], begins: date) -> bool:
    """Whether every day of a month has been closed, from the day on which the log begins."""
    if begins > month.last:
        return False
    first = max(month.first, begins)
    return all(first + timedelta(days=n) in over for n in range((month.last - first).days + 1))
