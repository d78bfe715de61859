"""What the eraser leaves: when it ran, and the figures of half-days whose people are forgotten."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.orm import Base, BigId, enum_text
from app.telework.rules import DayClass, Half


class Kept(Base):
    """The eraser finished its work of an office day; `counts` by what it erased."""

    __tablename__ = "keepings"

    on_date: Mapped[date] = mapped_column(primary_key=True)
    finished_at: Mapped[datetime]
    counts: Mapped[dict[str, Any]]


class HalfDayFigure(Base):
    """So many people of a section (None: of no section) had a half-day of a class."""

    __tablename__ = "half_day_figures"
    __table_args__ = (Index(None, "on_date"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    on_date: Mapped[date]
    section_id: Mapped[int | None] = mapped_column(ForeignKey("sections.id"))
    half: Mapped[Half] = mapped_column(enum_text(Half))
    day_class: Mapped[DayClass] = mapped_column(enum_text(DayClass))
    people: Mapped[int]
