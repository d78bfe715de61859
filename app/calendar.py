"""Fills the office calendar: national holidays from jpholiday (国民の祝日に関する法律), and the office's own days."""

from datetime import date
from functools import lru_cache
from types import MappingProxyType

import jpholiday
from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.orm import Base
from app.working_days import WorkingDays


class CalendarDay(Base):
    """A day on which the office does otherwise than the calendar says: it `works`, or it is closed."""

    __tablename__ = "calendar_days"

    on_date: Mapped[date] = mapped_column(primary_key=True)
    works: Mapped[bool]
    name: Mapped[str] = mapped_column(String(80), default="")


@lru_cache(maxsize=16)
def public_holidays(year: int) -> WorkingDays:
    """The national calendar of a year and its two neighbours, so that a scan may cross the turn of the year."""
    found = jpholiday.between(date(year - 1, 1, 1), date(year + 1, 12, 31))
    return WorkingDays(holidays=MappingProxyType({on: str(name) for on, name in found}))


def working_days(session: Session, year: int) -> WorkingDays:
    """The same with the office's own days; one query."""
    query = select(CalendarDay.on_date, CalendarDay.works).where(
        CalendarDay.on_date.between(date(year - 1, 1, 1), date(year + 1, 12, 31))
    )
    return public_holidays(year).but(dict(session.execute(query).all()))
