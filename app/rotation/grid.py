"""A section's month as its page shows it: who is where in each half-day by now, and why that is not to be planned."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from app.people.service import Person
from app.rotation.cover import CoverRow, cover_rows
from app.rotation.expected import Expected, expected
from app.rotation.form import plan_of
from app.rotation.models import Rotation, State
from app.rotation.rules import HALVES, Cell, HalfDay, Member, Plan, Problem
from app.rotation.rules import State as Where
from app.rotation.service import list_locks, problem
from app.rotation.standing import Seen, as_it_is, key_of, look
from app.telework.caps.service import rulebook
from app.telework.service import Office

# What people go by, or will: shown with everybody where they are by now. Others are shown as they were found.
LIVING = frozenset({State.FOUND, State.PUBLISHED})


@dataclass(frozen=True, slots=True)
class Grid:
    """The days that are a rotation's own, and who is where.

    `why`: of the half-days that are given, or wait for approval. `locks`: as what half-days are locked for the next
    search. `differs`: those that are other than published. `expected`: how many come to zones without booking, once it
    is published.
    """

    problem: Problem
    days: Sequence[date]
    plan: Plan
    why: Mapping[Cell, str]
    locks: Mapping[Cell, Where]
    differs: Collection[Cell]
    covers: Sequence[CoverRow]
    expected: Mapping[HalfDay, Expected]

    @property
    def units(self) -> Mapping[str, Sequence[Member]]:
        """The people by 係."""
        found: dict[str, list[Member]] = defaultdict(list)
        for member in self.problem.members:
            found[member.unit].append(member)
        return found

    @property
    def reasons(self) -> list[str]:
        """Every reason that is given in it, once."""
        return sorted({why for cell, why in self.why.items() if cell.day in self.days})

    @property
    def turned(self) -> list[str]:
        """As what half-days are locked that are not so yet."""
        return sorted(
            {
                lock.value
                for cell, lock in self.locks.items()
                if cell.day in self.days and self.plan.get(cell) not in {None, Where.AWAY, lock}
            }
        )


def grid(session: Session, rotation: Rotation, *, actor: Person, office: Office) -> Grid:
    """A rotation that has a plan, for its page; as many queries for few people as for many.

    Raises as `app.rotation.service.check_section`.
    """
    seen = look(session, rotation, office)
    asked, plan = as_shown(seen)
    days, section_id = _own_days(seen, asked), rotation.section_id or 0
    locks = list_locks(session, section_id, rotation.first_on, rotation.last_on, actor=actor)
    return Grid(
        problem=asked,
        days=days,
        plan=plan,
        why={
            **dict.fromkeys(seen.waiting, "waits"),
            **{cell: fixed.why for cell, fixed in asked.fixed.items() if fixed.why != "locked"},
        },
        locks={Cell(str(one.user_id), one.on_date, one.half.value): Where(one.kind.value) for one in locks},
        differs=_differences(seen, plan),
        covers=cover_rows(asked, plan, days),
        expected=_expected(session, rotation, plan, days, office),
    )


def as_shown(seen: Seen) -> tuple[Problem, Plan]:
    """The problem and the plan as the page shows them. Raises Conflict `rotation.erased`."""
    if seen.rotation.state in LIVING:
        return as_it_is(seen)
    return problem(seen.rotation), plan_of(seen.rotation.plan or {})


def _own_days(seen: Seen, asked: Problem) -> list[date]:
    """All days that were planned and are not closed by now; once it is published, those that are published by it."""
    rotation = seen.rotation
    days = [on for on in asked.days if on not in seen.closed]
    if rotation.state is not State.PUBLISHED:
        return days
    others = {one.on_date for one in seen.published.values() if one.rotation_id != rotation.id}
    return [on for on in days if rotation.first_on <= on <= rotation.last_on and on not in others]


def _differences(seen: Seen, plan: Plan) -> set[Cell]:
    """Where people are to be elsewhere than is published now; nothing of what is published itself."""
    if seen.rotation.state is State.PUBLISHED:
        return set()
    return {
        cell
        for cell, where in plan.items()
        if where is not Where.AWAY
        and (was := seen.published.get(key_of(cell))) is not None
        and was.kind.value != where.value
    }


def _expected(
    session: Session, rotation: Rotation, plan: Plan, days: Sequence[date], office: Office
) -> dict[HalfDay, Expected]:
    if rotation.state is not State.PUBLISHED:
        return {}
    coming: dict[HalfDay, list[int]] = {(on, half): [] for on in days for half in HALVES}
    for cell, where in plan.items():
        if where is Where.OFFICE and (cell.day, cell.half) in coming:
            coming[cell.day, cell.half].append(int(cell.person))
    people = {int(cell.person) for cell in plan}
    book, section_id = rulebook(session), rotation.section_id or 0
    found = expected(session, book, section_id, coming, people=people, office=office)
    return {(one.on, one.half): one for one in found}
