"""What the eraser leaves of half-days whose people are forgotten (RULES 19): nothing that names anybody."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint, true
from sqlalchemy.orm import Mapped, mapped_column

from app.orm import Base, BigId, enum_text
from app.telework.daylog.rules import Form
from app.telework.rules import DayClass, Half


class HalfDayFigure(Base):
    """So many people of a section (None: of no section) had a half-day of a class, as corrected. `form`: of telework;
    `eligible`: whether these people might telework then. `telework_minutes`: of all of them; None: all of the half-day
    where it was telework."""

    __tablename__ = "half_day_figures"
    __table_args__ = (Index(None, "on_date"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    on_date: Mapped[date]
    section_id: Mapped[int | None] = mapped_column(ForeignKey("sections.id"))
    half: Mapped[Half] = mapped_column(enum_text(Half))
    day_class: Mapped[DayClass] = mapped_column(enum_text(DayClass))
    form: Mapped[Form | None] = mapped_column(enum_text(Form))
    eligible: Mapped[bool] = mapped_column(default=True, server_default=true())
    people: Mapped[int]
    telework_minutes: Mapped[int | None]


class SheetFigure(Base):
    """A line of the ministry's sheet as of a day, of the office (`section_id` None) or a section: how many people did
    something in a year cannot be counted of days. `people`, `half_days`: by form."""

    __tablename__ = "sheet_figures"
    __table_args__ = (UniqueConstraint("as_of", "section_id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    as_of: Mapped[date]
    section_id: Mapped[int | None] = mapped_column(ForeignKey("sections.id"))
    staff: Mapped[int]
    eligible: Mapped[int]
    users: Mapped[int]
    people: Mapped[dict[str, Any]]
    half_days: Mapped[dict[str, Any]]
