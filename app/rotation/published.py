"""What rotations have published, half-day by half-day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.rotation.missing import Members
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


def left_behind(
    session: Session, section_id: int, members: Members, first: date, last: date
) -> Mapping[int, Mapping[Key, RotationCell]]:
    """By section, what rotations of others than this one have published of some people's days on which they do not
    belong to those any more: whoever they belong to then may write over it. One query."""
    query = (
        select(Rotation.section_id, RotationCell)
        .join(Rotation, Rotation.id == RotationCell.rotation_id)
        .where(
            Rotation.section_id != section_id,
            Rotation.state == State.PUBLISHED,
            RotationCell.user_id.in_(members.people),
            RotationCell.on_date.between(first, last),
        )
        .order_by(RotationCell.id)
        .execution_options(populate_existing=True)
    )
    found: dict[int, dict[Key, RotationCell]] = defaultdict(dict)
    for section, one in session.execute(query):
        other = section or 0
        if members.of(other)(one.user_id, one.on_date) is not None:
            found[other][one.user_id, one.on_date, one.half.value] = one
    return found
