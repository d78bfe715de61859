"""What rotations have published, half-day by half-day."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.rotation.models import Key, Rotation, RotationCell, State


def published(
    session: Session, section_ids: Collection[int], first: date, last: date
) -> Mapping[int, Mapping[Key, RotationCell]]:
    """By section, what its rotations have published of the days from `first` to `last`; one query."""
    query = (
        select(Rotation.section_id, RotationCell)
        .join(Rotation, Rotation.id == RotationCell.rotation_id)
        .where(
            Rotation.section_id.in_(section_ids),
            Rotation.state == State.PUBLISHED,
            RotationCell.on_date.between(first, last),
        )
    )
    found: dict[int, dict[Key, RotationCell]] = {one: {} for one in section_ids}
    for section_id, one in session.execute(query):
        found[section_id or 0][one.user_id, one.on_date, one.half.value] = one
    return found
