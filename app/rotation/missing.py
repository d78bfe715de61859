"""Who is not there in a half-day, whatever was planned."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.people.belonging import last_days
from app.people.rules import reach
from app.people.sections import parents
from app.rotation.models import Key, RotationSwap, SwapState
from app.telework.caps.service import Governed, governed
from app.telework.service import Office

WhyGone = Callable[[int, date], str | None]


@dataclass(frozen=True, slots=True)
class Members:
    """People, the last days of those who leave the office, and which section lies below which."""

    people: Mapping[int, Governed]
    last_days: Mapping[int, date]
    parents: Mapping[int, int | None]

    def of(self, section_id: int) -> WhyGone:
        """Why somebody belongs neither to a section nor to one below it on a day: `left` the office, or `elsewhere`;
        None where they do, be it beside another section (兼務)."""
        below = reach({section_id}, self.parents)

        @cache
        def why(user_id: int, on: date) -> str | None:
            if on > self.last_days.get(user_id, on):
                return "left"
            return None if not below.isdisjoint(self.people[user_id].sections_on(on)) else "elsewhere"

        return why


def members(session: Session, people: Collection[int], office: Office) -> Members:
    """These people; three queries."""
    return Members(governed(session, people), last_days(session, office.timezone), parents(session))


def absences(session: Session, people: Iterable[int], first: date, last: date) -> set[Key]:
    """When these people are absent, for somebody has accepted to step in for them; one query."""
    query = select(RotationSwap).where(
        RotationSwap.absent_id.in_(people),
        RotationSwap.on_date.between(first, last),
        RotationSwap.state == SwapState.ACCEPTED,
    )
    return {key for one in session.scalars(query) for key in one.away}
