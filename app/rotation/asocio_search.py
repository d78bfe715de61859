"""The search for a plan of an ASOCIO instance by HiGHS: days first, then who sits with whom and where.

The most wishes are found and proven within a second or two. Of them one in a hundred may be given up where that
leaves fewer people alone. What follows is too large to be proven in the time: a plan is bettered piece by piece, each
piece searched through while the rest stands (large neighbourhood search, Shaw 1998). Where it ends is a matter of luck,
so that as many searches as there are seeds to try run side by side, and the best counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from itertools import product
from math import inf
from multiprocessing import get_context
from random import Random
from time import monotonic
from typing import TypedDict

from app.rotation.asocio import LEAST_DAYS, MOST_DAYS, Instance
from app.rotation.milp import Limits, Linear, Milp, total

SEARCHES = 2
GIVEN_UP = 100  # one in so many wishes, where that leaves fewer alone
ALONE = 100.0  # somebody alone weighs as much as so many changes of desk
FIRST_SHARE = 0.25  # of the time: for the first answer to who sits with whom
START_CELLS = 0.5  # of as many cells (person, day) as there are people: the size of the first pieces
EASY, HARD = 300, 1_000  # iterations of the simplex method for a piece
PIECE_SECONDS, PIECE_NODES = 1.0, 10
PIECES_A_NODE = 0.1  # under a work limit: pieces for each node of it

Assignment = dict[str, dict[str, str]]  # person → day → desk


class _Model:
    """The columns: `sits[person, day, desk]`, `comes[person, day]`, and with them every must."""

    def __init__(self, instance: Instance, seed: int) -> None:
        self.of, self.milp = instance, Milp(seed=seed, sub_searches=False)
        of, column, row = instance, self.milp.column, self.milp.row
        self.comes = {cell: column() for cell in product(of.people, of.days)}
        self.sits = {
            (person, day, desk): column() for person, day in self.comes for desk in of.allowed[person]
        }
        for (person, day), comes in self.comes.items():
            desks = total(self.sits[person, day, desk] for desk in of.allowed[person])
            row({**desks, comes: -1.0}, low=0, high=0)
        for person in of.people:
            row(total(self.comes[person, day] for day in of.days), low=LEAST_DAYS, high=MOST_DAYS)
        for day, desk in product(of.days, of.desks):
            row(total(self.sits[one, day, desk] for one in of.people if desk in of.allowed[one]), high=1)
        for members in of.groups.values():
            meets = [column() for _day in of.days]
            row(total(meets), low=1, high=1)
            for day, meets_then in zip(of.days, meets, strict=True):
                for person in members:
                    row({meets_then: 1.0, self.comes[person, day]: -1.0}, high=0)

    def unmet(self) -> Linear:
        """Wished days on which one does not come."""
        wished = [self.comes[person, day] for person in self.of.people for day in self.of.wanted[person]]
        return Linear(total(wished, -1.0), len(wished))

    def alone(self) -> dict[int, float]:
        """By group, day and zone: that exactly one of the group sits there."""
        of, found = self.of, []
        for (members, day), zone in product(
            product(of.groups.values(), of.days), sorted(set(of.zone_of.values()))
        ):
            theirs = {
                one: [self.sits[one, day, desk] for desk in of.allowed[one] if of.zone_of[desk] == zone]
                for one in members
            }
            here = total(seat for seats in theirs.values() for seat in seats)
            if not here:
                continue
            found.append(self.milp.column())
            for own in theirs.values():
                if own:  # somebody here: then either another too, or they are alone
                    self.milp.row({**dict.fromkeys(here, -1.0), **total(own), found[-1]: -1.0}, high=0)
        return total(found)

    def uses(self) -> dict[int, float]:
        """By person and desk: that the person sits there on some day."""
        found = []
        for person in self.of.people:
            for desk in self.of.allowed[person]:
                found.append(self.milp.column(whole=False))
                for day in self.of.days:
                    self.milp.row({self.sits[person, day, desk]: 1.0, found[-1]: -1.0}, high=0)
        return total(found)

    def lonely(self, values: Sequence[float]) -> list[tuple[str, str]]:
        """The group and day of each who is the only one of the group in a zone."""
        of, found = self.of, Counter[tuple[str, str, str]]()
        for (person, day, desk), column in self.sits.items():
            if values[column] > 0.5:
                found[of.group_of[person], day, of.zone_of[desk]] += 1
        return [(group, day) for (group, day, _zone), count in found.items() if count == 1]

    def plan(self, values: Sequence[float]) -> Assignment:
        plan: Assignment = {person: {} for person in self.of.people}
        for (person, day, desk), column in self.sits.items():
            if values[column] > 0.5:
                plan[person][day] = desk
        return plan


class _Limit(TypedDict):
    seconds: float | None
    nodes: int | None


def search(instance: Instance, limits: Limits) -> Assignment | None:
    """The best plan found by SEARCHES searches of a seed each, on a core each; None where there is none, or none was
    found in the time."""
    over_at = monotonic() + limits.seconds
    each = [replace(limits, seed=limits.seed + number) for number in range(SEARCHES)]
    # Begun anew, not forked: HiGHS has threads.
    with ProcessPoolExecutor(SEARCHES - 1, get_context("spawn")) as beside:
        others = [beside.submit(search_once, instance, one, over_at) for one in each[1:]]
        answers = [search_once(instance, each[0], over_at), *(one.result() for one in others)]
    found = [one for one in answers if one is not None]
    return min(found, key=lambda one: one.cost).plan if found else None


@dataclass(frozen=True, slots=True)
class Found:
    """A plan, and what those alone and changes of desk in it come to: the less, the better."""

    plan: Assignment
    cost: float


def search_once(instance: Instance, limits: Limits, over_at: float) -> Found | None:
    """The best plan that one search finds before the instant `over_at` of the monotonic clock."""
    model = _Model(instance, limits.seed)
    milp = model.milp
    budget = _Budget(limits, over_at)
    unmet = model.unmet()
    first = milp.minimize(unmet, **budget.share(1.0))
    if not first.is_found:
        return None
    met = int(unmet.constant) - first.best
    milp.at_most(unmet, first.best + met // GIVEN_UP)
    alone = model.alone()
    start = {column: float(round(first.values[column])) for column in model.sits.values()}
    second = milp.minimize(Linear(alone), start=start, **budget.share(FIRST_SHARE))
    values = second.values or first.values
    goal = Linear({**dict.fromkeys(alone, ALONE), **model.uses()})
    values, cost = _better(model, goal, values, budget)
    return Found(model.plan(values), cost)


class _Budget:
    """What is left of the time, or of the work."""

    def __init__(self, limits: Limits, over_at: float) -> None:
        self._limits, self._over_at = limits, over_at
        self.seed = limits.seed
        self._pieces = None if limits.work is None else max(1, round(limits.work * PIECES_A_NODE))

    @property
    def left(self) -> float:
        return self._over_at - monotonic()

    def share(self, share: float) -> _Limit:
        """What a search may take."""
        if self._limits.work is not None:
            return {"seconds": None, "nodes": self._limits.work}
        return {"seconds": self.left * share, "nodes": None}

    def pieces(self) -> Iterator[_Limit]:
        """What each further piece may take, as long as anything is left."""
        done = 0
        while done < self._pieces if self._pieces is not None else self.left > 0:
            done += 1
            seconds = None if self._pieces is not None else min(PIECE_SECONDS, self.left)
            yield {"seconds": seconds, "nodes": PIECE_NODES}


@dataclass(slots=True)
class _Shape:
    """Pieces of so many days: random people, or whole groups, on random days; where somebody sits alone, as often their
    group, and that day. How many people grows while such pieces are searched through easily, and shrinks where not."""

    days: int
    people: float

    def choose(self, of: Instance, alone: Sequence[tuple[str, str]], random: Random) -> set[tuple[str, str]]:
        """The cells (person, day) of a piece. `alone`: the groups and days of those who sit alone."""
        people, days = list(of.people), random.sample(of.days, len(of.days))
        random.shuffle(people)
        order = random.sample(list(of.groups), len(of.groups))
        by_group = random.random() < 0.5
        if alone and random.random() < 0.5:
            group, day = random.choice(alone)
            days.sort(key=lambda one: one != day)
            people.sort(key=lambda person: of.group_of[person] != group)
            order.sort(key=lambda one: one != group)
        if by_group:
            people.sort(key=lambda person: order.index(of.group_of[person]))
        return set(product(people[: round(self.people)], days[: self.days]))

    def learn(self, effort: int, most: int) -> None:
        """From how hard the last piece was; `most` people there are."""
        if effort < EASY:
            self.people = min(float(most), self.people * 1.1)
        elif effort > HARD:
            self.people = max(2.0, self.people * 0.7)


def _better(
    model: _Model, goal: Linear, values: Sequence[float], budget: _Budget
) -> tuple[Sequence[float], float]:
    """Better a plan piece by piece until the budget is used up; what it comes to at last."""
    of, random = model.of, Random(budget.seed)  # noqa: S311 - which piece is next, no secret
    shapes = [
        _Shape(days, max(2.0, START_CELLS * len(of.people) / days)) for days in range(1, len(of.days) + 1)
    ]
    columns = {
        **{column: cell for cell, column in model.comes.items()},
        **{column: (person, day) for (person, day, _desk), column in model.sits.items()},
    }
    cost = inf
    lonely: list[tuple[str, str]] = []
    for piece in budget.pieces():
        shape = random.choice(shapes)
        # The first piece is nothing at all: it says what the plan comes to.
        free = shape.choose(of, lonely, random) if cost < inf else set()
        stands = {
            column: None if cell in free else float(round(values[column])) for column, cell in columns.items()
        }
        model.milp.bound(
            list(columns),
            [0.0 if one is None else one for one in stands.values()],
            [1.0 if one is None else one for one in stands.values()],
        )
        start = {column: float(round(values[column])) for column in columns}
        found = model.milp.minimize(goal, start=start, **piece)
        shape.learn(found.effort, len(of.people))
        if found.is_found and found.best <= cost:
            values, cost = found.values, found.best
            lonely = model.lonely(values)
    return values, cost
