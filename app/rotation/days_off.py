"""When people never work, as the rotation of their section holds it, or that of one above."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date

from sqlalchemy.orm import Session

from app.people.belonging import section_of, stays_between
from app.people.rules import lineage
from app.people.sections import parents
from app.rotation.service import never_works
from app.telework.rules import Half
from app.telework.service import Office


def never_worked(
    session: Session, sections: Mapping[int, int | None]
) -> dict[int, frozenset[tuple[int, Half]]]:
    """The half-days of the week (0: Monday) on which people never work, of each by a section; two queries."""
    by_section, above = never_works(session), parents(session)
    return {
        user_id: frozenset(
            half_day
            for one in lineage([section_id], above)
            for half_day in by_section.get(one, {}).get(user_id, ())
        )
        for user_id, section_id in sections.items()
        if section_id is not None
    }


def off_on(session: Session, on: date, office: Office) -> dict[int, Collection[Half]]:
    """By person, the halves of a day in which they never work, of the section of that day; three queries."""
    stays = stays_between(session, on, on, office.timezone)
    never = never_worked(session, {user_id: section_of(theirs, on) for user_id, theirs in stays.items()})
    return {
        user_id: {half for weekday, half in half_days if weekday == on.weekday()}
        for user_id, half_days in never.items()
    }
