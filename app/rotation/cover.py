"""How many are in the office: what a section's rules ask for, half-day by half-day."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.people.models import Section
from app.rotation.form import ProblemParts, problem_of
from app.rotation.models import Rotation, RotationCell, State
from app.rotation.narrowing import of_day
from app.rotation.rules import HALVES, Cell, Cover, HalfDay, Plan, Problem
from app.rotation.rules import State as Where
from app.rotation.standing import look_at, plan_between
from app.telework.service import Office


@dataclass(frozen=True, slots=True)
class CoverRow:
    """A rule that asks for people in the office, and how many there are in each of its half-days; without a name:
    everybody, whom no rule asks for."""

    name: str
    least: int
    counts: Mapping[HalfDay, int]

    def is_few(self, day: date, half: str) -> bool:
        """Whether there are too few in a half-day."""
        return self.counts.get((day, half), self.least) < self.least


def cover_rows(problem: Problem, plan: Plan, days: Collection[date]) -> list[CoverRow]:
    """Everybody, and each cover, on some of the days planned."""

    def counts(cover: Cover | None, halves: Sequence[str]) -> dict[HalfDay, int]:
        return {
            (day, half): sum(
                plan[Cell(member.id, day, half)] is Where.OFFICE
                for member in problem.members
                if cover is None or member.id in cover.people_of(day)
            )
            for day in days
            for half in halves
        }

    return [
        CoverRow("", 0, counts(None, HALVES)),
        *(CoverRow(one.name, one.least, counts(one, one.halves())) for one in problem.covers),
    ]


@dataclass(frozen=True, slots=True)
class CoverOfDay:
    """How a section is covered on a day, by its published rotation and with everybody where they are by now."""

    section: Section
    rotation_id: int
    rows: Sequence[CoverRow]


def cover_on(session: Session, sections: Collection[Section], on: date, office: Office) -> list[CoverOfDay]:
    """How those of the sections that have published a rotation of a day are covered then; eight queries, or one."""
    then = select(RotationCell.rotation_id).where(RotationCell.on_date == on)
    query = select(Rotation).where(
        Rotation.section_id.in_([one.id for one in sections]),
        Rotation.state == State.PUBLISHED,
        Rotation.id.in_(then),
    )
    rotations = {one.section_id: one for one in session.scalars(query)}
    if not rotations:
        return []
    seen = {one.rotation.section_id: one for one in look_at(session, [*rotations.values()], on, on, office)}
    found = []
    for section in sections:
        if section.id in rotations:
            rotation, by_now = rotations[section.id], seen[section.id].by_now
            plan = plan_between(rotation, on, on) | {cell: fixed.state for cell, fixed in by_now.items()}
            found.append(CoverOfDay(section, rotation.id, cover_rows(_of_day(rotation, on), plan, [on])))
    return found


def _of_day(rotation: Rotation, on: date) -> Problem:
    """A rotation's problem on one of its days, which is quick to read."""
    return problem_of(ProblemParts().load(of_day(rotation.problem, on)))
