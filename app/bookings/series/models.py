"""Series of bookings."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.orm import Base, BigId

IS_ASKED = text("answer_until IS NOT NULL AND ended_at IS NULL")


class Series(Base):
    """What was asked for; its bookings carry its id. `rule`: the recurrence as the API takes it.

    `answer_until`: its owner is asked, since `asked_at`, whether it is still needed, and answers by then; `ended_at`:
    when it ended for want of an answer. What happened before `confirmed_at` is not held against it again.
    """

    __tablename__ = "series"
    __table_args__ = (
        Index("ix_series_asked", "answer_until", postgresql_where=IS_ASKED, sqlite_where=IS_ASKED),
        Index(None, "user_id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    rule: Mapped[dict[str, Any]]
    made_at: Mapped[datetime]
    made_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    asked_at: Mapped[datetime | None]
    answer_until: Mapped[datetime | None]
    confirmed_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
