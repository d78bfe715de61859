"""What a plan is worth: the wishes, level by level."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from math import ceil

from app.rotation.rules.problem import HALVES, Cell, Member, Plan, Problem, Shared, State

SHARE = 10_000  # a share of granted ÷ available is counted in ten-thousandths


@dataclass(frozen=True, slots=True)
class Worth:
    """How far a plan meets the wishes, the most important first; less is better of each.

    `targets`: half-days off the targets. `care`, `wishes`: unmet. `uncalled`: half-days at home of those without a
    target that nobody wished for, nor were given. `unfair`: the spreads of granted ÷ available Mondays and Fridays of
    each fiscal year, added up, in ten-thousandths; a half is rounded down. `no_common_day`: units and weeks without a
    day on which all that are at work are in. `peak`: the most in the office. `changes`: cells other than published, but
    for those who are away by now.
    """

    targets: int
    care: int
    wishes: int
    uncalled: int
    unfair: int
    no_common_day: int
    peak: int
    changes: int


def worth(problem: Problem, plan: Plan) -> Worth:
    """Count a plan as it is, whatever the search made of it. What is counted is settled in one place for both: which
    cells nobody called home (`uncalled`), which half-days could be at home (`available`), among whom they are shared
    (`sharers`), in what shares are counted (SHARE).
    """
    home = Counter((cell.person, cell.day) for cell in problem.cells() if plan[cell] is State.HOME)
    unmet = [wish for wish in problem.wishes if plan[wish.cell] is not wish.state]
    crowd = Counter((cell.day, cell.half) for cell in problem.cells() if plan[cell] is State.OFFICE)
    return Worth(
        targets=sum(
            abs(sum(home[member.id, day] for day in days) - wanted)
            for member in problem.members
            for days, wanted in member.goals(problem.days)
        ),
        care=sum(wish.care for wish in unmet),
        wishes=sum(not wish.care for wish in unmet),
        uncalled=sum(plan[cell] is State.HOME for cell in uncalled(problem)),
        unfair=ceil(
            SHARE * sum(_spread(problem, plan, shared) for shared in problem.shared()) - Fraction(1, 2)
        ),
        no_common_day=sum(
            not any(_all_in(plan, people_on[day], day) for day in there)
            for people_on in problem.units.values()
            for week in problem.weeks.values()
            if (there := people_on.keys() & week)
        ),
        peak=max(crowd.values(), default=0),
        changes=sum(
            plan[cell] is not state for cell, state in problem.published.items() if not problem.is_away(cell)
        ),
    )


def uncalled(problem: Problem) -> list[Cell]:
    """The cells of those without a target that are neither given nor wished to be at home."""
    without = {member.id for member in problem.members if not member.goals(problem.days)}
    wished = {wish.cell for wish in problem.wishes if wish.state is State.HOME}
    return [
        cell
        for cell in problem.cells()
        if cell.person in without and cell not in wished and cell not in problem.fixed
    ]


def _all_in(plan: Plan, people: Iterable[str], day: date) -> bool:
    return all(plan[Cell(one, day, half)] is not State.HOME for one in people for half in HALVES)


def available(problem: Problem, member: Member, days: Iterable[date]) -> int:
    """The half-days of some of the days planned that could be at home."""
    return sum(
        day not in member.barred and not problem.is_away(Cell(member.id, day, half))
        for day in days
        for half in HALVES
    )


def sharers(problem: Problem) -> list[Member]:
    """Those among whom Mondays and Fridays are shared out: who may work at home, and is to, wishes to, or was given a
    half-day of it. Whoever never does would make every share look as far from the least as any other."""
    called = {wish.cell.person for wish in problem.wishes if wish.state is State.HOME}
    called |= {cell.person for cell, given in problem.fixed.items() if given.state is State.HOME}
    called |= {
        member.id for member in problem.members if any(wanted for _days, wanted in member.goals(problem.days))
    }
    return [member for member in problem.members if member.eligible and member.id in called]


def _spread(problem: Problem, plan: Plan, shared: Shared) -> Fraction:
    shares = []
    for member in sharers(problem):
        so_far = shared.so_far[member.id]
        could = so_far.available + available(problem, member, shared.days)
        if not could:
            continue
        granted = so_far.granted + sum(
            plan[Cell(member.id, day, half)] is State.HOME for day in shared.days for half in HALVES
        )
        shares.append(Fraction(granted, could))
    return max(shares) - min(shares) if shares else Fraction(0)
