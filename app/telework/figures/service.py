"""Keeping the figures of days and years whose people are forgotten, and reading them again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from app.people.belonging import section_of, stays_between
from app.people.service import staff_ids
from app.telework.caps.service import eligibility
from app.telework.daylog.rules import Form, form_of, telework_minutes
from app.telework.daylog.service import COUNTS_AS, effective
from app.telework.figures.models import HalfDayFigure, SheetFigure
from app.telework.figures.rules import SHEET_DAY, HalfDay, Kept, SheetLine, yearly
from app.telework.models import HalfDay as Row
from app.telework.rules import DayClass
from app.timespan import day_span
from app.working_days import fiscal_days, fiscal_year


def keep_day(session: Session, on: date, timezone: ZoneInfo) -> int:
    """Keep the figures of a day's half-days, which are about to be erased; returns how many there are.

    A person counts once: for the membership of that day that began first.
    """
    stays = stays_between(session, on, on, timezone)
    columns = (Row.user_id, Row.half, Row.form, Row.day_class.label("found"), Row.telework_minutes)
    rows = session.execute(effective(*columns).where(Row.on_date == on)).all()
    is_eligible = eligibility(session, {row.user_id for row in rows})
    # Minutes are added up; of those who had all of the half-day it is enough to know how many they were.
    counted: dict[tuple[object, ...], list[int | None]] = defaultdict(list)
    for row in rows:
        minutes = telework_minutes(row.found, row.day_class, row.telework_minutes)
        one = (
            section_of(stays.get(row.user_id, ()), on),
            row.half,
            row.day_class,
            form_of(row.day_class, row.form),
            is_eligible(row.user_id, on),
            minutes is None,
        )
        counted[one].append(minutes)
    names = ("section_id", "half", "day_class", "form", "eligible")
    session.execute(
        insert(HalfDayFigure),
        [
            {
                **dict(zip(names, one, strict=False)),
                "on_date": on,
                "people": len(theirs),
                "telework_minutes": None if None in theirs else sum(map(int, filter(None, theirs))),
            }
            for one, theirs in counted.items()
        ],
    )
    return len(rows)


def keep_sheet(session: Session, on: date, timezone: ZoneInfo) -> None:
    """Keep the ministry's sheet of a day's fiscal year before the first of its days is erased: users cannot be counted
    any more after that. Nothing where it is kept, or where that is too late."""
    year = fiscal_year(on)
    first, last = fiscal_days(year)
    as_of = date(year, *SHEET_DAY)
    kept = select(SheetFigure.id).where(SheetFigure.as_of == as_of).limit(1)
    if session.scalar(kept) is not None or sums_until(session, first, last) is not None:
        return
    session.add_all(
        SheetFigure(
            as_of=as_of,
            section_id=line.section_id,
            staff=line.staff,
            eligible=line.eligible,
            users=line.users,
            people={form.value: count for form, count in line.by_form.items()},
            half_days={form.value: count for form, count in line.half_days.items()},
        )
        for line in _sheet(session, first, as_of, timezone)
    )
    session.flush()


def _sheet(session: Session, first: date, as_of: date, timezone: ZoneInfo) -> list[SheetLine]:
    stays = stays_between(session, first, as_of, timezone)
    staff = {
        user_id: section_of(stays.get(user_id, ()), as_of)
        for user_id in staff_ids(session, on=as_of, day_began_at=day_span(as_of, timezone).start)
    }
    query = effective(Row.user_id, Row.on_date, Row.half, Row.form).where(
        Row.on_date.between(first, as_of), COUNTS_AS.in_((DayClass.TELEWORK, DayClass.TRIP))
    )
    halves = [
        HalfDay(
            user_id, section_of(stays.get(user_id, ()), on), on, half, day_class, form_of(day_class, form)
        )
        for user_id, on, half, form, day_class in session.execute(query)
    ]
    return yearly(staff, halves, eligibility(session, staff), as_of)


def sums_until(session: Session, first: date, last: date) -> date | None:
    """The last of these days of which only sums are left; None where people are known of all."""
    return session.scalar(
        select(func.max(HalfDayFigure.on_date)).where(HalfDayFigure.on_date.between(first, last))
    )


def kept_half_days(session: Session, first: date, last: date) -> list[Kept]:
    """What is left of these days, by day and section; one query."""
    query = (
        select(HalfDayFigure)
        .where(HalfDayFigure.on_date.between(first, last))
        .order_by(HalfDayFigure.on_date, HalfDayFigure.id)
    )
    return [
        Kept(
            one.section_id,
            one.on_date,
            one.half,
            one.day_class,
            one.form,
            one.eligible,
            one.people,
            one.telework_minutes,
        )
        for one in session.scalars(query)
    ]


def kept_sheet(session: Session, first: date, as_of: date) -> Sequence[SheetLine] | None:
    """The sheet that was kept of the fiscal year from its first day to 1 October, the office first; None of others."""
    year = fiscal_year(as_of)
    if (first, as_of) != (fiscal_days(year)[0], date(year, *SHEET_DAY)):
        return None
    rows = session.scalars(select(SheetFigure).where(SheetFigure.as_of == as_of).order_by(SheetFigure.id))
    lines = [
        SheetLine(
            row.section_id,
            row.staff,
            row.eligible,
            row.users,
            {form: row.people[form.value] for form in Form},
            {form: row.half_days[form.value] for form in Form},
        )
        for row in rows
    ]
    return lines or None
