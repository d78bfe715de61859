"""Who decides on a person's plans; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from datetime import date

from app.people.rules import lineage


@dataclass(frozen=True, slots=True)
class Deputy:
    """Somebody decides for a chief from a day to another (None: until further notice), both included; `when_away`: only
    on those of these days on which the chief is on approved leave or on a trip."""

    chief_id: int
    deputy_id: int
    from_on: date
    until_on: date | None
    when_away: bool

    def acts(self, on: date, away: Set[int]) -> bool:
        """Whether the deputy decides on a day on which the people `away` are away."""
        in_time = self.from_on <= on and (self.until_on is None or on <= self.until_on)
        return in_time and (not self.when_away or self.chief_id in away)


@dataclass(frozen=True, slots=True)
class Deciders:
    """These people decide; where nobody is above a person, personnel does."""

    people: frozenset[int]
    personnel: bool


def deciders(
    person_id: int,
    sections: Iterable[int],
    parents: Mapping[int, int | None],
    chiefs: Mapping[int, Set[int]],
    deputies: Mapping[int, Set[int]],
) -> Deciders:
    """Who decides on a person's plans.

    Of each section the chiefs; where it has none but the person, those of the nearest section above with one. With each
    chief the deputies who act now. Nobody decides on the own plans.
    """
    found: set[int] = set()
    for section in sections:
        above = lineage([section], parents)
        for one in sorted(above, key=above.__getitem__):
            theirs = chiefs.get(one, frozenset()) - {person_id}
            if theirs:
                found |= theirs
                break
    personnel = not found
    for chief in tuple(found):
        found |= deputies.get(chief, frozenset())
    return Deciders(frozenset(found - {person_id}), personnel)
