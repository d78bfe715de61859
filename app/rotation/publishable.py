"""What of a plan that was found can still be published."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from app.people.belonging import last_days
from app.rotation.form import plan_of
from app.rotation.missing import absences
from app.rotation.models import Key, Rotation
from app.rotation.rules import State as Where
from app.rotation.standing import key_of
from app.telework.rules import Half
from app.telework.service import Office


@dataclass(frozen=True, slots=True)
class Publishable:
    """`cells`: where people are to be in the half-days that are to come, but for whoever has left by then or is absent
    since somebody steps in for them."""

    cells: dict[Key, Where]


def publishable(session: Session, rotation: Rotation, *, office: Office, now: datetime) -> Publishable:
    """What of a rotation's plan can be published now; two queries."""
    planned = {
        key: state
        for cell, state in plan_of(rotation.plan or {}).items()
        if state is not Where.AWAY and is_ahead(key := key_of(cell), office, now)
    }
    people = {user_id for user_id, _on, _half in planned}
    absent = absences(session, people, rotation.first_on, rotation.last_on)
    leaving = last_days(session, office.timezone)
    return Publishable(
        {
            key: state
            for key, state in planned.items()
            if key not in absent and key[1] <= leaving.get(key[0], key[1])
        }
    )


def is_ahead(key: Key, office: Office, now: datetime) -> bool:
    """Whether a cell is still to be published, replaced or withdrawn."""
    return office.is_ahead(key[1], Half(key[2]), now)
