"""Plans and the day log, both by half-days."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Date, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.orm import Base, BigId, enum_text
from app.telework.daylog.rules import Form
from app.telework.rules import DayClass, Half, PlanKind

# What is erased must be NULL, which the JSON value null is not.
ERASABLE = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


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
    """What the system found a person's half-day to be, with the reason; written when the day closes, again when later
    facts arrive. What people say of it stands in `HalfDayCorrection`.

    `form`: of telework, as it was planned. `evidence`: the plan with its approval and report, the minutes checked in,
    the holiday's name. `check_ins`: their times, as long as presence is kept (RULES 19); None once they are erased.
    """

    __tablename__ = "half_days"
    __table_args__ = (UniqueConstraint("user_id", "on_date", "half"), Index(None, "on_date"))

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    on_date: Mapped[date] = mapped_column(Date)
    half: Mapped[Half] = mapped_column(enum_text(Half))
    day_class: Mapped[DayClass] = mapped_column(enum_text(DayClass))
    reason: Mapped[str] = mapped_column(String(32))
    conflict: Mapped[bool] = mapped_column(default=False)
    form: Mapped[Form | None] = mapped_column(enum_text(Form))
    evidence: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    check_ins: Mapped[dict[str, Any] | None] = mapped_column(ERASABLE)
    classified_at: Mapped[datetime]


class ClosedDay(Base):
    """A day whose half-days have been written; `closed_at`: the last time."""

    __tablename__ = "closed_days"

    on_date: Mapped[date] = mapped_column(Date, primary_key=True)
    closed_at: Mapped[datetime]
