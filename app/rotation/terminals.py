"""Who needs no terminal that is lent."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.rotation.models import RotationSetting


def own_terminals(session: Session) -> set[int]:
    """Who has a terminal of their own, as the setting of some section's rotations holds it; one query."""
    every = session.scalars(select(RotationSetting.data))
    return {one["user_id"] for data in every for one in data.get("people", ()) if one.get("own_terminal")}
