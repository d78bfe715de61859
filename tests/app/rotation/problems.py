"""Random months of a section, some of which have no plan."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from random import Random

from app.rotation.rules import (
    HALVES,
    Caps,
    Cell,
    Cover,
    Duty,
    Fixed,
    Goal,
    Granted,
    Member,
    Pool,
    Problem,
    Quota,
    State,
    Wish,
)

FIRST = date(2026, 12, 1)


def weekdays(count: int) -> list[date]:
    days: list[date] = []
    on = FIRST
    while len(days) < count:
        if on.weekday() < 5:
            days.append(on)
        on += timedelta(days=1)
    return days


def problem(seed: int, *, people: int, days: int, tight: float) -> Problem:
    """A problem of a seed; the tighter (0 to 1), the more often there is no plan."""
    random = Random(seed)
    listed = weekdays(days)
    near = [
        *(FIRST - timedelta(days=before) for before in (1, 4, 5, 6)),  # Monday, and Tuesday to Friday before
        *(on for after in range(1, 8) if (on := listed[-1] + timedelta(days=after)).weekday() < 5),
    ]
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
            around={day: random.choice([0, 0, 1, 2]) for day in near} if random.random() < 0.5 else {},
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
    made = Problem(
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
    made = changing(made, Random(-seed)) if seed % 3 else made
    made = weighing(made) if seed % 4 == 1 else made
    return approving(made, Random(-seed)) if seed % 5 > 1 else made


def approving(made: Problem, random: Random) -> Problem:
    """The same where some of what is given has been approved, whatever the rules of telework say by now."""
    return replace(
        made, fixed={cell: replace(one, approved=random.random() < 0.7) for cell, one in made.fixed.items()}
    )


def weighing(made: Problem) -> Problem:
    """The same where the caps of single periods are in minutes, at most one short of so many afternoons."""
    minutes = {"am": 210, "pm": 255}
    members = [
        replace(
            member,
            quotas=[
                replace(one, most=one.most * 255 - 1, settled=one.settled * 210, minutes=minutes)
                for one in member.quotas
            ],
        )
        for member in made.members
    ]
    return replace(made, members=members)


def changing(made: Problem, random: Random) -> Problem:
    """The same where rules, people, seats and terminals are not the same on all days."""
    days, ids = made.days, [member.id for member in made.members]
    middle, last = days[len(days) // 2], days[-1]

    def some(most: int) -> frozenset[str]:
        return frozenset(random.sample(ids, min(len(ids), most)))

    members = [
        replace(
            member,
            barred=frozenset(random.sample(days, 1)) if random.random() < 0.2 else frozenset(),
            whole_days=random.random() < 0.1,
            quotas=[
                Quota("month", days[0], middle, random.randint(1, 8), random.randint(0, 2)),
                Quota(random.choice(["month", "year"]), middle, last, random.randint(1, 8)),
            ]
            if random.random() < 0.4
            else [],
            targets=[Goal(days[0], middle, 2), Goal(middle, last, 3)] if random.random() < 0.2 else [],
            unit_on={last: "new"} if number % 3 == 0 else {},
        )
        for number, member in enumerate(made.members)
    ]
    seats = made.seats or len(ids)
    return replace(
        made,
        members=members,
        fixed={cell: replace(one, off=random.random() < 0.5) for cell, one in made.fixed.items()},
        covers=[replace(cover, people_on={last: some(len(ids) // 2)}) for cover in made.covers],
        seats_on={(random.choice(days), half): seats + random.choice([-1, 1]) for half in HALVES},
        pools=[Pool("few", some(4), 3, {middle: some(3)}, {(last, "am"): random.randint(0, 2)})],
        satellites=frozenset(cell for cell in made.cells() if cell.day == middle and cell.person == ids[0]),
    )


def office(seed: int, *, people: int, days: int) -> Problem:
    """A section as offices have them, with every rule and every wish, that has a plan: units of nine with a counter,
    a chief and deputies, two lent terminals for three people, four seats for five, newcomers, part-time work, leave."""
    random = Random(seed)
    listed = weekdays(days)
    ids = [f"p{number:03}" for number in range(people)]
    newcomers = {
        one: ids[number - 1] for number, one in enumerate(ids) if number % 15 == 14 and number % 12 != 5
    }
    members = [
        Member(
            one,
            f"Person {one}",
            unit=f"unit {min(number, people - people % 9 - 1) // 9}",
            eligible=number % 12 != 5,
            skills=frozenset({"counter"} if number % 3 == 0 else ()),
            own_terminal=number % 4 == 0,
            caps=Caps(week=4, month=random.choice([12, 16]), year=random.choice([20, 40, 80]), row=3),
            target=0 if number % 12 == 5 else random.choice([4, 6, 8, 10, 12]),
            mondays=Granted(random.randint(8, 20), 60),
            fridays=Granted(random.randint(8, 20), 64),
            mentor=newcomers.get(one),
        )
        for number, one in enumerate(ids)
    ]
    fixed: dict[Cell, Fixed] = {}
    for number, one in enumerate(ids):
        if number % 11 == 7:  # part-time: no Wednesdays
            fixed |= {
                Cell(one, day, half): Fixed(State.AWAY, "part-time")
                for day in listed
                if day.weekday() == 2
                for half in HALVES
            }
    for number, one in enumerate(ids):
        # Of the two who are on duty one is there.
        other = {3: number + 1, 4: number - 1}.get(number % 9, number)
        leave = random.choice(listed)
        while other in range(people) and other != number and Cell(ids[other], leave, "am") in fixed:
            leave = random.choice(listed)
        fixed |= {Cell(one, leave, half): Fixed(State.AWAY, "leave") for half in HALVES}
    meeting = listed[days // 2]
    fixed |= {
        cell: Fixed(State.OFFICE, "section meeting")
        for one in ids[: people // 2]
        if one not in newcomers
        if (cell := Cell(one, meeting, "am")) not in fixed
    }
    free = [
        cell
        for one in ids
        for day in listed
        for half in HALVES
        if (cell := Cell(one, day, half)) not in fixed
    ]
    wished = random.sample(free, len(free) // 6)
    units = sorted({member.unit for member in members})
    return Problem(
        days=listed,
        members=members,
        fixed=fixed,
        covers=[
            *(
                Cover(f"{unit}", frozenset(one.id for one in members if one.unit == unit), 2)
                for unit in units
            ),
            Cover("counter", frozenset(one.id for one in members if "counter" in one.skills), people // 9),
            Cover("chief and deputies", frozenset(ids[:3]), 1),
        ],
        duties=[
            Duty(f"duty {number}", ids[9 * number + 3], ids[9 * number + 4]) for number in range(people // 9)
        ],
        seats=people * 4 // 5,
        terminals=people * 2 // 3,
        wishes=[
            Wish(cell, State.HOME if random.random() < 0.8 else State.OFFICE, random.random() < 0.15)
            for cell in wished
        ],
        published={cell: State.HOME if random.random() < 0.2 else State.OFFICE for cell in free},
    )
