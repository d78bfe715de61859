"""How many come to a section's zones without booking."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from app.rotation.rules import HalfDay
from app.rotation.usable import free_rooms
from app.telework.caps.service import Rulebook
from app.telework.service import Office


@dataclass(frozen=True, slots=True)
class Expected:
    """How many come in a half-day, and the seats there are, in zones without booking."""

    on: date
    half: str
    people: int
    seats: int

    @property
    def is_over(self) -> bool:
        return self.people > self.seats


def expected(
    session: Session,
    book: Rulebook,
    section_id: int,
    coming: Mapping[HalfDay, Collection[int]],
    *,
    people: Collection[int],
    office: Office,
) -> list[Expected]:
    """Of those who come, how many sit in the section's zones without booking, for they hold no desk elsewhere; in
    order, and empty where it has no such zone. `people`: whose rotation it is. Five queries at most."""
    days = sorted({on for on, _half in coming})
    rooms = free_rooms(session, book, section_id, days=days, people=people, office=office) if days else {}
    return [
        Expected(*half_day, len(set(theirs) - rooms[half_day].elsewhere), rooms[half_day].seats)
        for half_day, theirs in sorted(coming.items() if rooms else ())
    ]
