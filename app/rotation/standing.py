"""What a section needs, and who could step in: from what is planned and from what really happened."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import Conflict, RuleBroken
from app.rotation import gathering
from app.rotation.form import ProblemForm, plan_of, problem_of
from app.rotation.models import Rotation
from app.rotation.rules import Cell, Problem, Worth
from app.rotation.service import problem
from app.rotation.whatif import least_home, least_seats, swaps
from app.telework.models import HalfDay
from app.telework.rules import DayClass
from app.telework.service import Office

IN_THE_OFFICE = (DayClass.OFFICE, DayClass.OFFICE_PRESUMED)


@dataclass(frozen=True, slots=True)
class Needs:
    """What a section's rules ask for on some days, and the most who were seen in the office at once on them."""

    problem: Problem
    most_seen: int | None


@dataclass(frozen=True, slots=True)
class WhatIf:
    """See `app.rotation.schemas.WhatIfView`."""

    people: int
    half_days: int
    least_seats: int | None
    seats: int | None
    least_home: int | None
    most_seen: int | None


def needs_of(session: Session, section_id: int, first: date, last: date, office: Office) -> Needs:
    """What is known of a section's days. Raises as `gathering.month`."""
    of = gathering.month(session, section_id, first, last, office)
    counts: Counter[tuple[date, str]] = Counter(
        (on, half)
        for on, half in session.execute(
            select(HalfDay.on_date, HalfDay.half).where(
                HalfDay.user_id.in_(of.people),
                HalfDay.on_date.between(first, last),
                HalfDay.day_class.in_(IN_THE_OFFICE),
            )
        )
    )
    form = gathering.problem_form(of)
    return Needs(problem_of(ProblemForm().load(form)), max(counts.values(), default=None))


def what_if(needs: Needs, seats: int | None) -> WhatIf:
    """The least that would do; takes seconds, so that no transaction may be open."""
    asked = needs.problem
    wanted = asked.seats if seats is None else seats
    return WhatIf(
        people=len(asked.members),
        half_days=2 * len(asked.days),
        least_seats=least_seats(asked).value,
        seats=wanted,
        least_home=least_home(asked, wanted).value if wanted is not None else None,
        most_seen=needs.most_seen,
    )


@dataclass(frozen=True, slots=True)
class Way:
    """How somebody could step in for who is absent, in the plan of a rotation as it was looked at."""

    plan: dict[str, Any]
    absent_id: int
    person_id: int
    on: date
    comes: list[dict[str, str]]
    home_instead: list[dict[str, str]]


def find_way(rotation: Rotation, *, absent_id: int, on: date, person_id: int) -> Way:
    """The way in which a person could step in; takes a second, so that no transaction may be open.

    Raises as `swaps_of`, RuleBroken `rotation.no_swap` where there is none.
    """
    found = next((one for one in swaps_of(rotation, absent_id, on) if one["user_id"] == person_id), None)
    if found is None:
        raise RuleBroken("rotation.no_swap")
    return Way(rotation.plan or {}, absent_id, person_id, on, found["comes"], found["home_instead"])


def swaps_of(rotation: Rotation, user_id: int, on: date) -> list[dict[str, Any]]:
    """Ways out where somebody of a rotation is absent on a day.

    Raises Conflict `rotation.state` where it has no plan, RuleBroken `rotation.not_in_it`.
    """
    if rotation.plan is None:
        raise Conflict("rotation.state", state=rotation.state.value)
    asked, plan = problem(rotation), plan_of(rotation.plan)
    if Cell(str(user_id), on, "am") not in plan:
        raise RuleBroken("rotation.not_in_it")
    names = gathering.names_of(rotation.problem)
    return [
        {
            "user_id": int(one.person),
            "name": names[one.person],
            "comes": [_said(cell) for cell in one.comes],
            "home_instead": [_said(cell) for cell in one.home_instead],
            "cost": dict(zip(Worth.__dataclass_fields__, one.cost, strict=True)),
        }
        for one in swaps(asked, plan, str(user_id), on)
    ]


def _said(cell: Cell) -> dict[str, str]:
    return {"on": cell.day.isoformat(), "half": cell.half}
