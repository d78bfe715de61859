"""Sessions of real use of a space."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.orm import Base, BigId

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
