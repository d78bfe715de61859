"""Random months of a section, some of which have no plan."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

from app.rotation.rules import (
    HALVES,
    Caps,
    Cell,
    Cover,
    Duty,
    Fixed,
    Granted,
    Member,
    Problem,
    State,
    Wish,
)

FIRST = date(2026, 12, 1)


def weekdays(count: int) -> list[date]:
    days, on = [], FIRST
    while len(days) < count:
        if on.weekday() < 5:
            days.append(on)
        on += timedelta(days=1)
    return days


def problem(seed: int, *, people: int, days: int, tight: float) -> Problem:
    """A problem of a seed; the tighter (0 to 1), the more often there is no plan."""
    random = Random(seed)
    listed = weekdays(days)
    ids = [f"p{number:03}" for number in range(people)]
    units = [f"unit {number}" for number in range(max(1, people // 8))]
    members = [
        Member(
            one,
            f"Person {one}",
            unit=random.choice(units),
            eligible=random.random() < 0.9,
            own_terminal=random.random() < 0.2,
            caps=Caps(
                week=random.choice([None, 2, 4, 6]),
                month=random.choice([None, days // 2, days]),
                year=random.choice([None, days]),
                row=random.choice([None, 1, 2, 5]),
            ),
            target=random.choice([None, 0, days // 2, days]),
            mondays=Granted(random.randint(0, 20), 40),
            fridays=Granted(random.randint(0, 20), 40),
            mentor=random.choice(ids) if random.random() < 0.1 else None,
        )
        for one in ids
    ]
    cells = [Cell(one, day, half) for one in ids for day in listed for half in HALVES]
    fixed = {
        cell: Fixed(random.choice([State.AWAY, State.AWAY, State.OFFICE, State.HOME]), "given")
        for cell in random.sample(cells, round(len(cells) * 0.1 * (1 + tight)))
    }
    free = [cell for cell in cells if cell not in fixed]
    wished = random.sample(free, min(len(free), len(cells) // 5))
    return Problem(
        days=listed,
        members=members,
        fixed=fixed,
        covers=[
            Cover(
                f"cover {number}",
                frozenset(random.sample(ids, max(2, people // 3))),
                max(1, round(people // 3 * 0.6 * tight)),
                random.choice([None, *HALVES]),
            )
            for number in range(3)
        ],
        duties=[Duty("cash", *random.sample(ids, 2))],
        seats=round(people * (0.95 - 0.35 * tight)),
        terminals=round(people * (0.6 - 0.2 * tight)),
        wishes=[
            Wish(cell, random.choice([State.HOME, State.OFFICE]), random.random() < 0.3) for cell in wished
        ],
        published={cell: random.choice([State.HOME, State.OFFICE]) for cell in free} if seed % 2 else {},
    )
