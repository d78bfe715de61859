"""How the attendance system wants its file."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from app.orm import Base


class AttendanceMapping(Base):
    """The one mapping of the office, as `app.telework.closing.rules.Mapping.as_stored` writes it."""

    __tablename__ = "attendance_mappings"

    id: Mapped[int] = mapped_column(primary_key=True)
    mapping: Mapped[dict[str, Any]]
    changed_at: Mapped[datetime]
