"""What people say of half-days, and the months that are closed.

A closed month's half-days are guarded against every change, and corrections are append-only: see `app.telework.guards`.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.orm import Base, BigId, enum_text
from app.telework.daylog.rules import WHY_AT_MOST, Voice
from app.telework.rules import DayClass


class HalfDayCorrection(Base):
    """Somebody said what a half-day was; the last one counts. `user_id`: whose half-day; `made_by`: who said so."""

    __tablename__ = "half_day_corrections"
    __table_args__ = (Index(None, "half_day_id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    half_day_id: Mapped[int] = mapped_column(ForeignKey("half_days.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    from_class: Mapped[DayClass] = mapped_column(enum_text(DayClass))
    to_class: Mapped[DayClass] = mapped_column(enum_text(DayClass))
    voice: Mapped[Voice] = mapped_column(enum_text(Voice))
    why: Mapped[str] = mapped_column(String(WHY_AT_MOST), default="")
    made_at: Mapped[datetime]
    made_by: Mapped[int] = mapped_column(ForeignKey("users.id"))


class ClosedMonth(Base):
    """A month whose half-days are frozen; the row goes when it is reopened. `closed_by`: until the people of the month
    are forgotten (RULES 19). `am_minutes`, `pm_minutes`: of office hours in a half-day; None: of before they were
    stored, as many as the setting says."""

    __tablename__ = "closed_months"
    __table_args__ = (CheckConstraint("first_on < last_on", name="span"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    first_on: Mapped[date] = mapped_column(unique=True)
    last_on: Mapped[date]
    closed_at: Mapped[datetime]
    closed_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    am_minutes: Mapped[int | None]
    pm_minutes: Mapped[int | None]
