"""Who sits where on the days in the office: near one's unit, at the desk they had before where that is wanted; pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from app.rotation.rules import HALVES

DAY = "day"  # a whole day; else one of HALVES


@dataclass(frozen=True, slots=True)
class Desk:
    """A seat that can be booked, and where it stands on its floor."""

    id: int
    zone_id: int
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Coming:
    """Somebody who is in the office: on a whole day, or in a half of it."""

    person: str
    unit: str
    day: date
    part: str

    @property
    def halves(self) -> Sequence[str]:
        return HALVES if self.part == DAY else (self.part,)


def seat(
    coming: Sequence[Coming],
    desks: Sequence[Desk],
    taken: Mapping[tuple[date, str], set[int]],
    *,
    same_desk: bool = True,
) -> dict[Coming, Desk]:
    """A desk for each who comes; whoever is missing found none.

    `taken`: the desks, by day and half, that cannot be had. Whole days choose before halves, then in the order given;
    each takes the desk they had before in this plan, else the free one nearest to those of their unit on that day.
    """
    usual: dict[str, Desk] = {}
    given: dict[Coming, Desk] = {}
    by_day: dict[date, list[Coming]] = defaultdict(list)
    for one in coming:
        by_day[one.day].append(one)
    for day in sorted(by_day):
        gone = {half: set(taken.get((day, half), ())) for half in HALVES}
        near: dict[str, list[Desk]] = defaultdict(list)
        # Those who have a desk choose first, so that nobody is pushed from it by whoever comes for the first time.
        for one in sorted(by_day[day], key=lambda one: (one.part != DAY, one.person not in usual)):
            free = [desk for desk in desks if not any(desk.id in gone[half] for half in one.halves)]
            if not free:
                continue
            own = usual.get(one.person) if same_desk else None
            chosen = own if own in free else min(free, key=lambda desk, unit=one.unit: _far(desk, near[unit]))  # type: ignore[misc]
            assert chosen is not None  # noqa: S101 - `own` is among the free
            given[one] = chosen
            usual.setdefault(one.person, chosen)
            near[one.unit].append(chosen)
            for half in one.halves:
                gone[half].add(chosen.id)
    return given


def _far(desk: Desk, others: Sequence[Desk]) -> tuple[int, int]:
    """How far a desk is from the nearest of others: another zone is farther than anything in one's own."""
    if not others:
        return (0, 0)
    return min(
        (int(desk.zone_id != one.zone_id), (desk.x - one.x) ** 2 + (desk.y - one.y) ** 2) for one in others
    )
