"""Plans and the day log, both by half-days; the rules that plans are asked for by, and who decides for a chief."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

from sqlalchemy import JSON, CheckConstraint, Date, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.orm import Base, BigId, enum_text
from app.people.rules import Employment
from app.telework.approval.rules import Deputy
from app.telework.caps.rules import OverCap, Rule, Unit
from app.telework.daylog.rules import Form
from app.telework.rules import STANDING, DayClass, Half, Part, PlanKind, PlanState

REASON_MOST = 200
REPORT_MOST = 500

# What is erased must be NULL, which the JSON value null is not.
ERASABLE = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


class TeleworkPlan(Base):
    """Where a person means to work in a half-day, or in a part of it, and what became of the request.

    `approved_at`: set while it is approved, and only then. `starts`, `ends`: of a part, by the office's clock; None:
    the whole half-day. `decided_at`: the last approval, rejection or revocation, with its `reason`. `report`: what was
    done.
    """

    __tablename__ = "telework_plans"
    __table_args__ = (
        UniqueConstraint("user_id", "on_date", "half"),
        Index(None, "on_date"),
        Index(None, "state", "on_date"),
        CheckConstraint("(state = 'approved') = (approved_at IS NOT NULL)", name="approved"),
        CheckConstraint(
            "(starts IS NULL) = (ends IS NULL) AND (starts IS NULL OR starts < ends)", name="part"
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    on_date: Mapped[date] = mapped_column(Date)
    half: Mapped[Half] = mapped_column(enum_text(Half))
    kind: Mapped[PlanKind] = mapped_column(enum_text(PlanKind))
    state: Mapped[PlanState] = mapped_column(enum_text(PlanState), default=PlanState.REQUESTED)
    starts: Mapped[time | None]
    ends: Mapped[time | None]
    requested_at: Mapped[datetime]
    approved_at: Mapped[datetime | None]
    approved_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    reason: Mapped[str] = mapped_column(String(REASON_MOST), default="")
    reported_at: Mapped[datetime | None]
    report: Mapped[str] = mapped_column(String(REPORT_MOST), default="")

    @property
    def stands(self) -> bool:
        """Whether it says where the person means to be."""
        return self.state in STANDING

    @property
    def part(self) -> Part | None:
        return Part(self.starts, self.ends) if self.starts is not None and self.ends is not None else None


class TeleworkRule(Base):
    """What the office allows of telework from a day on; see `app.telework.caps.rules.Rule`.

    Never changed: one that began later takes its place, for as long as that lasts. `until_on` alone is written, to end
    it.
    """

    __tablename__ = "telework_rules"
    __table_args__ = (
        CheckConstraint("until_on IS NULL OR from_on <= until_on", name="dates"),
        Index(None, "from_on"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    from_on: Mapped[date]
    until_on: Mapped[date | None]
    section_id: Mapped[int | None] = mapped_column(ForeignKey("sections.id"))
    employment: Mapped[Employment | None] = mapped_column(enum_text(Employment))
    unit: Mapped[Unit] = mapped_column(enum_text(Unit))
    week: Mapped[int | None]
    month: Mapped[int | None]
    fiscal_year: Mapped[int | None]
    in_a_row: Mapped[int | None]
    eligible: Mapped[bool]
    terminals: Mapped[int | None]
    deadline_days: Mapped[int | None]
    deadline_at: Mapped[time]
    over_cap: Mapped[OverCap] = mapped_column(enum_text(OverCap))
    made_at: Mapped[datetime]
    made_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))

    @property
    def value(self) -> Rule:
        return Rule(**{name: getattr(self, name) for name in Rule.__dataclass_fields__})


class TeleworkDeputy(Base):
    """Who decides on plans for a chief, and when; see `app.telework.approval.rules.Deputy`."""

    __tablename__ = "telework_deputies"
    __table_args__ = (
        CheckConstraint("until_on IS NULL OR from_on <= until_on", name="dates"),
        CheckConstraint("chief_id <> deputy_id", name="two_people"),
        Index(None, "chief_id"),
        Index(None, "deputy_id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    chief_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    deputy_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    from_on: Mapped[date]
    until_on: Mapped[date | None]
    when_away: Mapped[bool]

    @property
    def value(self) -> Deputy:
        return Deputy(self.chief_id, self.deputy_id, self.from_on, self.until_on, self.when_away)


class HalfDay(Base):
    """What the system found a person's half-day to be, with the reason; written when the day closes, again when later
    facts arrive. What people say of it stands in `HalfDayCorrection`.

    `form`: of telework, as it was planned. `telework_minutes`: approved, in office hours, also where it is too little
    to be the half-day; None of before they were stored: all of a half-day that was telework. `evidence`: the plan with
    its approval and report, the minutes checked in, the holiday's name. `check_ins`: their times, as long as presence
    is kept (RULES 19); None once they are erased.
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
    telework_minutes: Mapped[int | None]
    evidence: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    check_ins: Mapped[dict[str, Any] | None] = mapped_column(ERASABLE)
    classified_at: Mapped[datetime]


class ClosedDay(Base):
    """A day whose half-days have been written; `closed_at`: the last time."""

    __tablename__ = "closed_days"

    on_date: Mapped[date] = mapped_column(Date, primary_key=True)
    closed_at: Mapped[datetime]
