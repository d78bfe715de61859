"""What of a plan that was found can still be published."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from app.calendar import working_days
from app.rotation.form import plan_of
from app.rotation.missing import Members, absences, members
from app.rotation.models import Key, Rotation
from app.rotation.rules import State as Where
from app.rotation.standing import key_of
from app.telework.rules import Half
from app.telework.service import Office


@dataclass(frozen=True, slots=True)
class Gone:
    """Somebody does not belong to the section from a planned day on. `why`: `left` the office, or `elsewhere`."""

    user_id: int
    name: str
    on: date
    why: str


@dataclass(frozen=True, slots=True)
class Publishable:
    """`cells`: where people are to be in the half-days that are to come, but for whoever is absent since somebody steps
    in for them, or is `gone`: belongs to the section no more; and but for days that are `closed` by now. `first`,
    `last`: of the days that were asked for those to come, whether anything is planned of them or not."""

    first: date
    last: date
    cells: dict[Key, Where]
    closed: list[date]
    gone: list[Gone]
    members: Members


def publishable(session: Session, rotation: Rotation, *, office: Office, now: datetime) -> Publishable:
    """What of a rotation's plan can be published now; five queries."""
    planned = {
        key: state
        for cell, state in plan_of(rotation.plan or {}).items()
        if state is not Where.AWAY and is_ahead(key := key_of(cell), office, now)
    }
    people = {user_id for user_id, _on, _half in planned}
    absent = absences(session, people, rotation.first_on, rotation.last_on)
    staff = members(session, people, office)
    why_gone = staff.of(rotation.section_id or 0)
    calendar = working_days(session, rotation.first_on.year)
    closed = {on for _user, on, _half in planned if not calendar.is_working(on)}
    cells: dict[Key, Where] = {}
    gone: dict[int, Gone] = {}
    for key, state in sorted(planned.items()):
        user_id, on, _half = key
        why = why_gone(user_id, on)
        if why is not None:
            gone.setdefault(user_id, Gone(user_id, staff.people[user_id].name, on, why))
        elif on not in closed and key not in absent:
            cells[key] = state
    today = office.day(now)
    ahead = today if office.is_ahead(today, Half.PM, now) else today + timedelta(days=1)
    return Publishable(
        first=max(rotation.first_on, ahead),
        last=rotation.last_on,
        cells=cells,
        closed=sorted(closed),
        gone=[*gone.values()],
        members=staff,
    )


def is_ahead(key: Key, office: Office, now: datetime) -> bool:
    """Whether a cell is still to be published, replaced or withdrawn."""
    return office.is_ahead(key[1], Half(key[2]), now)
