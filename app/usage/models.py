"""Sessions of real use of a space."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.orm import Base, BigId
from app.timespan import TimeSpan

IS_OPEN = text("end_at IS NULL")


class UsageSession(Base):
    """Somebody sat in a space from `start_at` until `end_at` (None: still there). Whoever it was stays unknown.

    `flag` says why the end is not to be trusted like others: `offline`, `suspect`, `unbound`.
    """

    __tablename__ = "usage_sessions"
    __table_args__ = (
        Index(
            "uq_usage_sessions_open", "space_id", unique=True, postgresql_where=IS_OPEN, sqlite_where=IS_OPEN
        ),
        Index(None, "space_id", "start_at"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    space_id: Mapped[int] = mapped_column(ForeignKey("spaces.id"))
    start_at: Mapped[datetime]
    end_at: Mapped[datetime | None]
    flag: Mapped[str] = mapped_column(String(16), default="")


class UsageCorrection(Base):
    """What the facility staff found to have really happened, beside what the sensor said: a span, or (both None) nobody
    came. `reason` is one of `rules.Reason`; `note` is for people and goes with them."""

    __tablename__ = "usage_corrections"
    __table_args__ = (
        CheckConstraint(
            "(start_at IS NULL) = (end_at IS NULL) AND (start_at IS NULL OR start_at < end_at)", name="span"
        ),
    )

    booking_id: Mapped[int] = mapped_column(ForeignKey("bookings.id"), primary_key=True, autoincrement=False)
    start_at: Mapped[datetime | None]
    end_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(String(32))
    note: Mapped[str] = mapped_column(String(200), default="")
    made_at: Mapped[datetime]
    made_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))

    @property
    def span(self) -> TimeSpan | None:
        return TimeSpan(self.start_at, self.end_at) if self.start_at and self.end_at else None
