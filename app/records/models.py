"""What the eraser did, and when."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from app.orm import Base


class Kept(Base):
    """The eraser finished its work of an office day; `counts` by what it erased."""

    __tablename__ = "keepings"

    on_date: Mapped[date] = mapped_column(primary_key=True)
    finished_at: Mapped[datetime]
    counts: Mapped[dict[str, Any]]
