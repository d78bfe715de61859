"""What a section needs: the fewest seats that its rules leave possible, the fewest half-days at home for so many seats;
and who could step in for somebody who is suddenly absent."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from app.rotation.milp import Linear, Status, total
from app.rotation.rules import (
    HALVES,
    Cell,
    Fixed,
    Plan,
    Problem,
    Rule,
    State,
    Violation,
    Worth,
    check,
    check_near,
    worth,
)
from app.rotation.search import Musts, peak

MOST_SWAPS = 3
MOST_PEOPLE, MOST_WAYS = 10, 6  # of so many, and so many ways of each, all that they cost is counted
OWN_WISHES = 4  # the first levels of `Worth`, which one's own half-days alone decide


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
    """A way out: who comes instead of working at home then, and when they work at home for it (None: not at all). A
    newcomer whose mentor is absent does not come, but works at home then.

    `half`: the one that it is for, where nobody could step in for all day; else "". `cost`: what the plan is worth
    afterwards less what it was, the wishes in their order; less is better.
    """

    person: str
    comes: tuple[Cell, ...]
    home_instead: tuple[Cell, ...]
    cost: tuple[int, ...]
    half: str = ""


@dataclass(frozen=True, slots=True)
class WaysOut:
    """What breaks while somebody is absent, that is whole or less broken else; and, where something does, at most three
    ways to cover for them, the cheapest first."""

    broken: Sequence[Violation] = ()
    swaps: Sequence[Swap] = ()


def ways_out(problem: Problem, plan: Plan, absent: Collection[Cell], *, person: str | None = None) -> WaysOut:
    """What somebody's absence in some half-days of a day breaks, and who could step in; or whether `person` could.

    Each way touches one other person: who is at home then comes in, and may work at home on another day instead; or the
    newcomer works at home whose mentor is absent. Where nobody can for all day, some can for a half.
    """
    already = _shortfalls(problem, plan)
    changed, now = _without(problem, plan, absent)
    broken = _breaks(check(changed, now), already)
    if not broken:
        return WaysOut()
    found = [
        some
        for part in _parts(broken)
        for some in _Mending(changed, now, absent, _but(already, broken, part), part, person).in_parts()
    ]
    # The best of each half and newcomer goes before a second of another.
    first = sorted((some[0] for some in found), key=_of_cost)
    more = sorted((one for some in found for one in some[1:]), key=_of_cost)
    return WaysOut(broken, sorted([*first, *more][:MOST_SWAPS], key=_of_cost))


def _of_cost(one: Swap) -> tuple[int, ...]:
    return one.cost


def _parts(broken: Sequence[Violation]) -> list[list[Violation]]:
    """What one person can mend: a newcomer what is theirs, whoever comes all else."""
    parts: dict[str, list[Violation]] = {}
    for one in broken:
        parts.setdefault(_newcomer(one), []).append(one)
    return list(parts.values())


def _newcomer(one: Violation) -> str:
    """Who is in without their mentor; "" where something else is broken."""
    return one.rule.about if one.rule.kind == "mentor" else ""


def _but(already: Shortfalls, broken: Collection[Violation], part: Collection[Violation]) -> Shortfalls:
    """What may be broken where a part of it is to be mended."""
    return {**already, **{_where(one): _short(one) for one in broken if one not in part}}


def makes_worse(problem: Problem, plan: Plan, absent: Collection[Cell], change: Plan) -> bool:
    """Whether a change of a plan breaks anything, with somebody absent in some half-days, that is whole or less broken
    without the change."""
    changed, now = _without(problem, plan, absent)
    return bool(_breaks(check(changed, {**now, **change}), _shortfalls(changed, now)))


def _without(problem: Problem, plan: Plan, absent: Collection[Cell]) -> tuple[Problem, dict[Cell, State]]:
    """The same with somebody absent in some half-days."""
    fixed = {**problem.fixed, **dict.fromkeys(absent, Fixed(State.AWAY, "absent"))}
    return replace(problem, fixed=fixed), {**plan, **dict.fromkeys(absent, State.AWAY)}


@dataclass(frozen=True, slots=True)
class _Way:
    """`then`: the plan that it leads to."""

    person: str
    comes: tuple[Cell, ...]
    instead: tuple[Cell, ...]
    then: Plan

    def swap(self, problem: Problem, before: Sequence[int], half: str) -> Swap:
        """With what it costs in all."""
        after = _worth(problem, self.then)
        cost = tuple(now - was for now, was in zip(after, before, strict=True))
        return Swap(self.person, self.comes, self.instead, cost, half)


@dataclass(frozen=True, slots=True)
class _Mending:
    """A part of what an absence breaks is to be mended, by anybody or `person`, so that nothing is more broken than
    `already`. `half`: only in this one."""

    problem: Problem
    plan: Plan
    absent: Collection[Cell]
    already: Shortfalls
    part: Sequence[Violation]
    person: str | None
    half: str = ""

    def in_parts(self) -> list[list[Swap]]:
        """The ways for all of it; or, where there is none, those for each half. Some at least of each."""
        of_all = self.swaps()
        found = [of_all] if of_all else [one.swaps() for one in self._halves()]
        return [some for some in found if some]

    def _halves(self) -> Iterator[_Mending]:
        """Each half that it breaks by itself, where the absence is of more."""
        halves = dict.fromkeys(one.half for one in self.part)
        for half in halves if len({cell.half for cell in self.absent}) > 1 else ():
            part = [one for one in self.part if one.half == half]
            absent = [cell for cell in self.absent if cell.half == half]
            already = _but(self.already, self.part, part)
            yield replace(self, absent=absent, already=already, part=part, half=half)

    def swaps(self) -> list[Swap]:
        """The ways for all of it, the cheapest first."""
        newcomer = _newcomer(self.part[0])
        each = [
            _cheapest(self.problem, self.plan, ways)
            for member in self.problem.members
            if self.person in {None, member.id}
            and newcomer in {"", member.id}
            and (ways := list(self._stays(newcomer) if newcomer else self._comes(member.id)))
        ]
        before = _worth(self.problem, self.plan)
        found = [
            min(
                (one.swap(self.problem, before, self.half) for one in ways),
                key=lambda one: (one.cost, not one.home_instead),
            )
            for _own, ways in sorted(each, key=lambda one: one[0])[:MOST_PEOPLE]
        ]
        return sorted(found, key=_of_cost)

    def _comes(self, person: str) -> Iterator[_Way]:
        """How somebody could step in. Only what each step can break is looked at: a month of many people has hundreds
        of them."""
        problem, plan = self.problem, self.plan
        comes = self._theirs(person, State.HOME)
        then = {**plan, **dict.fromkeys(comes, State.OFFICE)}
        if not comes or self._breaks(then, comes):
            return
        yield _Way(person, comes, (), then)
        for other in (day for day in problem.days if day > comes[0].day):
            could = (Cell(person, other, half) for half in HALVES)
            free = [cell for cell in could if plan[cell] is State.OFFICE and cell not in problem.fixed]
            instead = tuple(free[: len(comes)])
            at_home = {**then, **dict.fromkeys(instead, State.HOME)}
            if len(instead) == len(comes) and not _breaks(
                check_near(problem, at_home, instead), self.already
            ):
                yield _Way(person, comes, instead, at_home)

    def _stays(self, newcomer: str) -> Iterator[_Way]:
        """That a newcomer works at home."""
        stays = self._theirs(newcomer, State.OFFICE)
        then = {**self.plan, **dict.fromkeys(stays, State.HOME)}
        if stays and not self._breaks(then, stays):
            yield _Way(newcomer, (), stays, then)

    def _theirs(self, person: str, state: State) -> tuple[Cell, ...]:
        """The half-days of the absence in which somebody is so, and could be otherwise."""
        cells = (gap._replace(person=person) for gap in self.absent)
        return tuple(cell for cell in cells if self.plan[cell] is state and cell not in self.problem.fixed)

    def _breaks(self, then: Plan, cells: Collection[Cell]) -> bool:
        return bool(_breaks(check_near(self.problem, then, {*self.absent, *cells}), self.already))


def _cheapest(problem: Problem, plan: Plan, ways: Sequence[_Way]) -> tuple[tuple[int, ...], list[_Way]]:
    """Those of a person's ways that cost their own wishes the least, the best few of them, and what these cost then:
    what counts before all that is shared with others."""
    person = ways[0].person
    own = replace(
        problem,
        members=[one for one in problem.members if one.id == person],
        fixed={cell: one for cell, one in problem.fixed.items() if cell.person == person},
        wishes=[one for one in problem.wishes if one.cell.person == person],
        published={cell: one for cell, one in problem.published.items() if cell.person == person},
    )
    before = _worth(own, plan)
    worths = sorted(((_worth(own, one.then), one) for one in ways), key=lambda found: found[0])
    least = worths[0][0][:OWN_WISHES]
    cost = tuple(after - was for after, was in zip(least, before, strict=False))
    return cost, [one for of, one in worths if of[:OWN_WISHES] == least][:MOST_WAYS]


Shortfalls = Mapping[tuple[Rule, date | None, str], int]


def _shortfalls(problem: Problem, plan: Plan) -> Shortfalls:
    """What a plan breaks, where, and by how much."""
    return {_where(one): _short(one) for one in check(problem, plan)}


def _where(one: Violation) -> tuple[Rule, date | None, str]:
    return one.rule, one.day, one.half


def _short(one: Violation) -> int:
    return abs(one.found - one.allowed)


def _breaks(found: Iterable[Violation], already: Shortfalls) -> list[Violation]:
    """What of this was not broken already, or is more than it was."""
    return [one for one in found if _short(one) > already.get(_where(one), -1)]


def _worth(problem: Problem, plan: Plan) -> tuple[int, ...]:
    found = worth(problem, plan)
    return tuple(getattr(found, name) for name in Worth.__dataclass_fields__)
