"""How many seats a section needs, and how much work at home so many seats ask for: by its rules, by what is planned,
and by what really happened."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from time import monotonic

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.people.models import Membership
from app.rotation import gathering
from app.rotation.attendance import Attendance, Beyond, seat_counts
from app.rotation.explain import Conflict, explain
from app.rotation.form import put_together
from app.rotation.rules import HALVES, Problem
from app.rotation.whatif import Least, least_home, least_seats
from app.telework.daylog.service import COUNTS_AS, effective
from app.telework.models import HalfDay
from app.telework.rules import REMOTE, DayClass, PlanKind
from app.telework.service import Office

IN_THE_OFFICE = (DayClass.OFFICE, DayClass.OFFICE_PRESUMED)
# Of fewer people nothing is shown that sensors found (RULES 20).
PEOPLE_AT_LEAST = 5
SECONDS = 15.0
SECONDS_FOR_SEATS = 6.0


@dataclass(frozen=True, slots=True)
class Needs:
    """What a section's rules ask for on some days, and how many are in the office by half-day: as planned, and as the
    day log has it; None where it has nothing of these days, or the people are too few to be shown (`is_small`).

    `unknown`: people's half-days of the log of which nothing is known.
    """

    problem: Problem
    planned: Attendance
    seen: Attendance | None = None
    unknown: int = 0
    is_small: bool = False


def needs_of(session: Session, section_id: int, first: date, last: date, office: Office) -> Needs:
    """What is known of a section's days; one query more than `gathering.month`, and raises as it, `problem_form`
    and `put_together`."""
    of = gathering.month(session, section_id, first, last, office)
    asked = put_together(gathering.problem_form(of))
    if len(of.people) < PEOPLE_AT_LEAST:
        return Needs(asked, _planned(of), is_small=True)
    seen, unknown = _seen(session, of)
    return Needs(asked, _planned(of), seen if seen.counts else None, unknown)


def _planned(of: gathering.Month) -> Attendance:
    """Who has planned nothing else is in the office: plans that are asked for count as approved ones do."""
    counts: Counter[tuple[date, str]] = Counter({(on, half): 0 for on in of.days for half in HALVES})
    home = 0
    for user_id in of.people:
        for on, half in counts:
            if gathering.is_absent(of, (user_id, on, half)):
                continue
            plan = of.plans.get((user_id, on, half))
            kind = plan.kind if plan is not None and of.office.cell_of(plan).fills else PlanKind.OFFICE
            home += kind in REMOTE
            counts[on, half] += kind is PlanKind.OFFICE
    return Attendance(counts, home)


def _seen(session: Session, of: gathering.Month) -> tuple[Attendance, int]:
    """What the day log says of whoever belonged to the section on each day, as corrected; and of how many half-days it
    knows nothing."""
    belonged = select(Membership.id).where(
        Membership.user_id == HalfDay.user_id,
        Membership.section_id.in_(of.sections),
        Membership.from_on <= HalfDay.on_date,
        Membership.until_on.is_(None) | (Membership.until_on >= HalfDay.on_date),
    )
    query = (
        effective(HalfDay.on_date, HalfDay.half, func.count())
        .where(HalfDay.on_date.between(of.days[0], of.days[-1]), belonged.exists())
        .group_by(HalfDay.on_date, HalfDay.half, COUNTS_AS)
    )
    counts: Counter[tuple[date, str]] = Counter()
    home = unknown = 0
    for on, half, people, day_class in session.execute(query):
        if day_class is not DayClass.CLOSED:
            counts[on, half.value] += people * (day_class in IN_THE_OFFICE)
            home += people * (day_class is DayClass.TELEWORK)
            unknown += people * (day_class is DayClass.UNKNOWN)
    return Attendance(counts, home), unknown


@dataclass(frozen=True, slots=True)
class WhatIf:
    """See `app.rotation.schemas.WhatIfView`."""

    people: int
    half_days: int
    least_seats: int | None
    least_seats_bound: int | None
    seats: int | None
    least_home: int | None
    least_home_bound: int | None
    most_planned: int
    most_seen: int | None


def what_if(needs: Needs, seats: int | None) -> WhatIf:
    """The least that would do; takes seconds, so that no transaction may be open."""
    asked = needs.problem
    wanted = asked.seats if seats is None else seats
    fewest = least_seats(asked)
    home = least_home(asked, wanted) if wanted is not None else Least()
    return WhatIf(
        people=len(asked.members),
        half_days=2 * len(asked.days),
        least_seats=fewest.value,
        least_seats_bound=fewest.bound,
        seats=wanted,
        least_home=home.value,
        least_home_bound=home.bound,
        most_planned=needs.planned.most,
        most_seen=needs.seen.most if needs.seen is not None else None,
    )


@dataclass(frozen=True, slots=True)
class SeatRow:
    """So many seats: the least half-days at home that the rules then ask for, and what they would have meant for what
    is planned and for what happened."""

    seats: int
    home: Least
    planned: Beyond
    seen: Beyond | None


@dataclass(frozen=True, slots=True)
class SeatTable:
    """The least seats by the rules, and by number of seats what they ask for, the most first; or why nothing is
    possible whatever the seats."""

    seats: Least
    rows: Sequence[SeatRow]
    conflict: Conflict | None = None


def seat_table(needs: Needs, seats: int | None, *, seconds: float = SECONDS) -> SeatTable:
    """The answer for several numbers of seats; ends about when its time is over, with what it has by then.

    No transaction may be open meanwhile.
    """
    asked = replace(needs.problem, seats=None, seats_on={})
    ends = monotonic() + seconds
    fewest = least_seats(asked, seconds=min(SECONDS_FOR_SEATS, seconds))
    if fewest.is_impossible:
        return SeatTable(fewest, [], explain(asked, seconds=max(0.1, ends - monotonic())))
    people = len(asked.members)
    counts = seat_counts(people, [seats, needs.problem.seats, fewest.value])
    rows = []
    for number, count in enumerate(counts):
        if fewest.bound is not None and count < fewest.bound:
            home = Least(is_impossible=True)
        else:
            left = (ends - monotonic()) / (len(counts) - number)
            home = least_home(asked, count, seconds=left) if left > 0 else Least()
        seen = needs.seen.beyond(count) if needs.seen is not None else None
        rows.append(SeatRow(count, home, needs.planned.beyond(count), seen))
    return SeatTable(fewest, rows)
