"""What a section needs: the fewest seats that its rules leave possible, the fewest half-days at home for so many seats;
and who could step in for somebody who is suddenly absent."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from app.rotation.milp import Linear, Status, total
from app.rotation.rules import HALVES, Cell, Fixed, Plan, Problem, Rule, State, Violation, check, worth
from app.rotation.search import Musts, peak

MOST_SWAPS = 3


@dataclass(frozen=True, slots=True)
class Least:
    """The least number and its proven bound; both None where no plan is possible, or the time did not suffice."""

    value: int | None = None
    bound: int | None = None
    is_impossible: bool = False

    @property
    def is_proven(self) -> bool:
        """Whether nothing less will do."""
        return self.value is not None and self.value == self.bound


def least_seats(problem: Problem, *, seconds: float = 10.0) -> Least:
    """The fewest seats with which a plan is possible, whatever the wishes."""
    musts = Musts(replace(problem, seats=None, seats_on={}))
    return _least(musts, peak(musts), seconds)


def least_home(problem: Problem, seats: int, *, seconds: float = 10.0) -> Least:
    """The fewest half-days at home, of all together, with which so many seats suffice."""
    musts = Musts(replace(problem, seats=seats, seats_on={}))
    return _least(musts, Linear(total(musts.home.values())), seconds)


def _least(musts: Musts, goal: Linear, seconds: float) -> Least:
    found = musts.milp.minimize(goal, seconds=seconds)
    if found.is_found:
        return Least(found.best, max(0, found.bound))
    return Least(is_impossible=found.status is Status.IMPOSSIBLE)


@dataclass(frozen=True, slots=True)
class Swap:
    """A way out: who comes instead of working at home then, and when they work at home for it (None: not at all).

    `cost`: what the plan is worth afterwards less what it was, the wishes in their order; less is better.
    """

    person: str
    comes: tuple[Cell, ...]
    home_instead: tuple[Cell, ...]
    cost: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class WaysOut:
    """What breaks while somebody is absent, that is whole or less broken else; and, where something does, at most three
    ways to cover for them, the cheapest first."""

    broken: Sequence[Violation] = ()
    swaps: Sequence[Swap] = ()


def ways_out(problem: Problem, plan: Plan, absent: Collection[Cell]) -> WaysOut:
    """What somebody's absence in some half-days of a day breaks, and who could step in.

    Each way touches one other person: who is at home then comes in, and may work at home on another day instead.
    """
    already = _shortfalls(problem, plan)
    changed, now = _without(problem, plan, absent)
    broken = _breaks(changed, now, already)
    if not broken:
        return WaysOut()
    before = worth(changed, now)
    found = [
        Swap(
            person,
            comes,
            instead,
            tuple(after - was for after, was in zip(_worth(changed, then), _values(before), strict=True)),
        )
        for person, comes, instead, then in _ways(changed, now, absent)
        if not _breaks(changed, then, already)
    ]
    best: dict[str, Swap] = {}
    for one in sorted(found, key=lambda one: (one.cost, len(one.home_instead) == 0)):
        best.setdefault(one.person, one)
    return WaysOut(broken, list(best.values())[:MOST_SWAPS])


def makes_worse(problem: Problem, plan: Plan, absent: Collection[Cell], change: Plan) -> bool:
    """Whether a change of a plan breaks anything, with somebody absent in some half-days, that is whole or less broken
    without the change."""
    changed, now = _without(problem, plan, absent)
    return bool(_breaks(changed, {**now, **change}, _shortfalls(changed, now)))


def _without(problem: Problem, plan: Plan, absent: Collection[Cell]) -> tuple[Problem, dict[Cell, State]]:
    """The same with somebody absent in some half-days."""
    fixed = {**problem.fixed, **dict.fromkeys(absent, Fixed(State.AWAY, "absent"))}
    return replace(problem, fixed=fixed), {**plan, **dict.fromkeys(absent, State.AWAY)}


def _ways(
    problem: Problem, plan: Mapping[Cell, State], absent: Collection[Cell]
) -> Iterator[tuple[str, tuple[Cell, ...], tuple[Cell, ...], dict[Cell, State]]]:
    for member in problem.members:
        comes = tuple(
            cell
            for gap in absent
            if plan[cell := gap._replace(person=member.id)] is State.HOME and cell not in problem.fixed
        )
        if not comes:
            continue
        then = {**plan, **dict.fromkeys(comes, State.OFFICE)}
        yield member.id, comes, (), then
        for other in problem.days:
            instead = tuple(
                cell
                for half in HALVES
                if plan[cell := Cell(member.id, other, half)] is State.OFFICE and cell not in problem.fixed
            )
            if other > comes[0].day and len(instead) >= len(comes):
                given = instead[: len(comes)]
                yield member.id, comes, given, {**then, **dict.fromkeys(given, State.HOME)}


Shortfalls = Mapping[tuple[Rule, date | None, str], int]


def _shortfalls(problem: Problem, plan: Plan) -> Shortfalls:
    """What a plan breaks, where, and by how much."""
    return {(one.rule, one.day, one.half): _short(one) for one in check(problem, plan)}


def _short(one: Violation) -> int:
    return abs(one.found - one.allowed)


def _breaks(problem: Problem, plan: Plan, already: Shortfalls) -> list[Violation]:
    """What a plan breaks that was not broken already, or more than it was."""
    return [
        one for one in check(problem, plan) if _short(one) > already.get((one.rule, one.day, one.half), -1)
    ]


def _values(of: object) -> tuple[int, ...]:
    return tuple(getattr(of, name) for name in type(of).__dataclass_fields__)  # type: ignore[attr-defined]


def _worth(problem: Problem, plan: Plan) -> tuple[int, ...]:
    return _values(worth(problem, plan))
