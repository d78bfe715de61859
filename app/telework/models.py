"""Plans and the day log, both by half-days."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Date, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.orm import Base, BigId, enum_text
from app.telework.rules import DayClass, Half, PlanKind


class TeleworkPlan(Base):
    """Where a person means to work in a half-day; `approved_at` set by the chief."""

    __tablename__ = "telework_plans"
    __table_args__ = (UniqueConstraint("user_id", "on_date", "half"), Index(None, "on_date"))

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    on_date: Mapped[date] = mapped_column(Date)
    half: Mapped[Half] = mapped_column(enum_text(Half))
    kind: Mapped[PlanKind] = mapped_column(enum_text(PlanKind))
    approved_at: Mapped[datetime | None]
    approved_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    reported_at: Mapped[datetime | None]


class HalfDay(Base):
    """What a person's half-day was, with the reason; written when the day closes, again when later facts arrive."""

    __tablename__ = "half_days"
    __table_args__ = (UniqueConstraint("user_id", "on_date", "half"), Index(None, "on_date"))

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    on_date: Mapped[date] = mapped_column(Date)
    half: Mapped[Half] = mapped_column(enum_text(Half))
    day_class: Mapped[DayClass] = mapped_column(enum_text(DayClass))
    reason: Mapped[str] = mapped_column(String(32))
    conflict: Mapped[bool] = mapped_column(default=False)
    classified_at: Mapped[datetime]


class ClosedDay(Base):
    """A day whose half-days have been written."""

    __tablename__ = "closed_days"

    on_date: Mapped[date] = mapped_column(Date, primary_key=True)
    closed_at: Mapped[datetime]
