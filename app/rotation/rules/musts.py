"""The musts of a plan, and the check of it, which shares no code with the search: what one got wrong the other sees."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from app.rotation.rules.problem import HALVES, Cell, HalfDay, Member, Plan, Problem, State
from app.telework.caps.rules import is_out
from app.telework.rules import Half


class Rule(NamedTuple):
    """A must, as it is named to people: its kind, and whom or what it is about ("" where it is about all). `why`: of
    what is fixed, as it was given."""

    kind: str
    about: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Violation:
    """A must that a plan breaks, where, and by how much: in what the must counts, half-days, people or minutes."""

    rule: Rule
    day: date | None = None
    half: str = ""
    found: int = 0
    allowed: int = 0


def limit_of(problem: Problem, rule: Rule) -> int | None:
    """The number of a rule, such as the cap or the least to be in, the smallest where it is not the same everywhere;
    None for rules without one."""
    if rule.kind == "cover":
        return next(cover.least for cover in problem.covers if cover.name == rule.about)
    if rule.kind in {"week", "month", "year", "row"}:
        member = next(member for member in problem.members if member.id == rule.about)
        caps, quotas = member.caps, [one for one in member.quotas if one.kind == rule.kind]
        said = {"week": caps.week, "month": caps.month, "year": caps.year, "row": caps.row}[rule.kind]
        return _smallest(
            said, *(one.half_days(one.left if one.kind == "year" else one.most) for one in quotas)
        )
    if rule.kind == "seats":
        return _smallest(problem.seats, *problem.seats_on.values())
    if rule.kind == "terminals" and rule.about:
        pool = next(pool for pool in problem.pools if pool.name == rule.about)
        return _smallest(pool.most, *pool.most_on.values())
    return problem.terminals if rule.kind == "terminals" else None


def _smallest(*numbers: int | None) -> int | None:
    return min((one for one in numbers if one is not None), default=None)


def check(problem: Problem, plan: Plan) -> list[Violation]:
    """Every must that a plan breaks, in the order of the rules."""
    found: list[Violation] = []
    for cell in problem.cells():
        if cell not in plan:
            found.append(Violation(Rule("missing", cell.person), cell.day, cell.half))
        elif plan[cell] is State.AWAY and not problem.is_away(cell):
            found.append(Violation(Rule("away", cell.person), cell.day, cell.half))
    return found or check_near(problem, plan, set(problem.cells()))


def check_near(problem: Problem, plan: Plan, cells: Collection[Cell]) -> list[Violation]:
    """Of a whole plan, the musts that it breaks of these cells' people and in these half-days: all that a change of
    these cells can break or mend."""
    found: list[Violation] = []
    for cell, fixed in problem.fixed.items():
        if cell in cells and plan[cell] is not fixed.state:
            found.append(Violation(Rule("fixed", cell.person, fixed.why), cell.day, cell.half))
    people, half_days = {cell.person for cell in cells}, {(cell.day, cell.half) for cell in cells}
    for member in problem.members:
        if member.id in people:
            found += _of_member(problem, member, plan)
    for day in problem.days:
        for half in HALVES:
            if (day, half) in half_days and (day, half) not in problem.begun:
                states = {one.id: plan[Cell(one.id, day, half)] for one in problem.members}
                found += _of_half_day(problem, (day, half), states)
    return found


def _of_member(problem: Problem, member: Member, plan: Plan) -> Iterator[Violation]:
    states = {day: [plan[Cell(member.id, day, half)] for half in HALVES] for day in problem.days}
    home = {day: theirs.count(State.HOME) for day, theirs in states.items()}
    approved = {
        day: sum(problem.is_approved(Cell(member.id, day, half)) for half in HALVES) for day in problem.days
    }
    barred = sum(
        state is State.HOME and not problem.is_approved(Cell(member.id, day, half))
        for day, theirs in states.items()
        if not member.eligible or day in member.barred
        for half, state in zip(HALVES, theirs, strict=True)
    )
    if barred:
        yield Violation(Rule("eligible", member.id), found=barred)
    for day, count in home.items():
        if member.whole_days and count not in {0, len(HALVES)} and not approved[day]:
            yield Violation(Rule("unit", member.id), day)
    yield from _of_periods(problem, member, home, approved)
    yield from _of_quotas(problem, member, plan)
    if member.caps.row is not None:
        out = {
            day: State.HOME in theirs and is_out(_away(problem, member, day, theirs))
            for day, theirs in states.items()
        }
        open_days = {day for day in out if not problem.is_settled(member.id, day)}
        yield from _of_rows(member, out, open_days, member.caps.row)


def _of_periods(
    problem: Problem, member: Member, home: Mapping[date, int], approved: Mapping[date, int]
) -> Iterator[Violation]:
    """`home`, `approved`: by day, the half-days at home, and those that are approved to be."""
    caps, total = member.caps, sum(home.values())
    for week, days in problem.weeks.items():
        settled = sum(count for day, count in member.around.items() if day.isocalendar()[:2] == week)
        count = sum(home[day] for day in days)
        least = sum(approved[day] for day in days)
        if caps.week is not None and count > max(least, caps.week - settled):
            monday = date.fromisocalendar(*week, 1)
            yield Violation(Rule("week", member.id), monday, "", settled + count, caps.week)
    for kind, cap in (("month", caps.month), ("year", caps.year)):
        if cap is not None and total > max(cap, sum(approved.values())):
            yield Violation(Rule(kind, member.id), found=total, allowed=cap)


def _of_quotas(problem: Problem, member: Member, plan: Plan) -> Iterator[Violation]:
    for quota in member.quotas:
        home = approved = 0
        for day in filter(quota.covers, problem.days):
            for half, weight in quota.weights.items():
                cell = Cell(member.id, day, half)
                home += weight * (plan[cell] is State.HOME)
                approved += weight * problem.is_approved(cell)
        if home > max(quota.left, approved):
            found = quota.settled + home
            yield Violation(Rule(quota.kind, member.id), quota.first, "", found, quota.most)


def _away(problem: Problem, member: Member, day: date, states: Sequence[State]) -> list[Half]:
    """The halves of a day that somebody has planned out of the office."""
    return [
        half
        for half, state in zip(Half, states, strict=True)
        if state is not State.OFFICE and not problem.is_off(Cell(member.id, day, half))
    ]


def _of_rows(
    member: Member, out: Mapping[date, bool], open_days: Collection[date], most: int
) -> Iterator[Violation]:
    """`out`: whether a day counts in a row, of those planned; `open_days`: those of them that are not settled."""
    settled = {day: count == len(HALVES) for day, count in member.around.items()}
    run: list[date] = []
    for day, counts in sorted({**settled, **out}.items()):
        run = [*run, day] if counts else []
        chosen = [one for one in run[-most - 1 :] if one in open_days]
        if len(run) > most and chosen:
            yield Violation(Rule("row", member.id), chosen[-1], "", len(run), most)


def _of_half_day(problem: Problem, half_day: HalfDay, states: Mapping[str, State]) -> Iterator[Violation]:
    day, half = half_day
    here = {person for person, state in states.items() if state is State.OFFICE}
    for cover in problem.covers:
        count = len(here & cover.people_of(day))
        if half in cover.halves() and count < cover.least:
            yield Violation(Rule("cover", cover.name), day, half, count, cover.least)
    for duty in problem.duties:
        if not here & {duty.main, duty.deputy}:
            yield Violation(Rule("duty", duty.name), day, half)
    for member in problem.members:
        if member.mentor and member.id in here and member.mentor not in here:
            yield Violation(Rule("mentor", member.id), day, half)
    yield from _of_things(problem, half_day, states, len(here))


def _of_things(
    problem: Problem, half_day: HalfDay, states: Mapping[str, State], here: int
) -> Iterator[Violation]:
    """Seats and terminals."""
    day, half = half_day
    seats = problem.seats_of(day, half)
    if seats is not None and here > seats:
        yield Violation(Rule("seats"), day, half, here, seats)
    lendable = {member.id for member in problem.members if problem.is_lent(member, day, half)}
    lent = {person for person in lendable if states[person] is State.HOME}
    approved = {person for person in lendable if problem.is_approved(Cell(person, day, half))}
    if problem.terminals is not None and len(lent) > max(problem.terminals, len(approved)):
        yield Violation(Rule("terminals"), day, half, len(lent), problem.terminals)
    for pool in problem.pools:
        people, most = pool.people_of(day), pool.most_of(day, half)
        count = len(lent & people)
        if count > max(most, len(approved & people)):
            yield Violation(Rule("terminals", pool.name), day, half, count, most)
