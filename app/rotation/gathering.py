"""What the office knows of a section's days, as the problem of a rotation."""

from __future__ import annotations

from collections import ChainMap, Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.calendar import working_days
from app.errors import NotFound, RuleBroken
from app.people.belonging import last_days, until
from app.people.models import Section
from app.rotation.allowed import allowed, by_day, pools
from app.rotation.form import MOST_DAYS, MOST_MEMBERS
from app.rotation.missing import Members, absences
from app.rotation.models import Key, RotationCell, RotationLock, RotationSetting
from app.rotation.naming import duties_among
from app.rotation.published import left_behind, published
from app.rotation.rules import FRIDAY, HALVES, MONDAY, WEEKDAYS, HalfDay
from app.rotation.terminals import own_terminals
from app.rotation.usable import usable_seats
from app.rotation.writing import is_wish, settled, stands_as
from app.telework.caps.rules import Cell, Limit, Measure, days_out, period, used
from app.telework.caps.service import Governed, Rulebook, around, cells_of, governed, rulebook
from app.telework.figures.rules import granted
from app.telework.figures.taken import taken
from app.telework.models import TeleworkPlan
from app.telework.rules import STANDING, Half, PlanKind
from app.telework.service import Office
from app.working_days import WorkingDays

DAYS_AROUND = 31


@dataclass(slots=True)
class Month:
    """The rows that a problem is made of. `begun`: half-days that stay as they are. `last_days`: of those who leave.
    `absent`: the half-days of those for whom somebody steps in.
    `left_behind`: what other sections' rotations have published of those who do not belong to them then any more."""

    section: Section
    days: Sequence[date]
    calendar: WorkingDays
    office: Office
    book: Rulebook
    people: Mapping[int, Governed]
    sections: Collection[int]
    names: Mapping[int, str]
    cells: Mapping[int, Sequence[Cell]]
    taken: Mapping[int, Sequence[Cell]]
    plans: Mapping[Key, TeleworkPlan]
    published: Mapping[Key, RotationCell]
    locks: Mapping[Key, str]
    setting: Mapping[str, Any]
    own_terminals: Collection[int]
    seats: Mapping[HalfDay, int] | None
    pools: Sequence[Mapping[str, Any]]
    of_person: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    begun: Collection[HalfDay] = frozenset()
    last_days: Mapping[int, date] = field(default_factory=dict)
    absent: Collection[Key] = frozenset()
    left_behind: Mapping[Key, RotationCell] = field(default_factory=dict)

    def is_here(self, user_id: int, on: date) -> bool:
        """Whether somebody belongs to the section on a day."""
        return any(one in self.sections for one in self.people[user_id].sections_on(on))

    def written(self, key: Key) -> RotationCell | None:
        """What a rotation has published of a half-day that the section may write over."""
        return self.published.get(key) or self.left_behind.get(key)

    def unit(self, user_id: int, on: date) -> str:
        """What the section below (係) that somebody belongs to on a day is called; "" where they are elsewhere."""
        own = self.people[user_id].sections_on(on)
        return next((self.names[one] for one in own if one in self.sections), "")


def month(
    session: Session,
    section_id: int,
    first: date,
    last: date,
    office: Office,
    *,
    now: datetime | None = None,
) -> Month:
    """Everything of a section's days; as many queries for few people as for many. What has begun by `now` stays as it
    is; None: nothing has.

    Raises NotFound `section.unknown`, RuleBroken `rotation.days` or `rotation.people`.
    """
    section = session.get(Section, section_id)
    if section is None:
        raise NotFound("section.unknown", section_id=section_id)
    calendar = working_days(session, first.year)
    days = list(calendar.between(first, last)) if first <= last <= first + timedelta(days=100) else []
    if not 1 <= len(days) <= MOST_DAYS:
        raise RuleBroken("rotation.days", most=MOST_DAYS)
    book = rulebook(session)
    sections = set(book.below(section_id))
    leaving = last_days(session, office.timezone)
    everybody = _until_they_leave(governed(session), leaving)
    people = {
        user_id: person
        for user_id, person in everybody.items()
        if any(one in sections for on in days for one in person.sections_on(on))
    }
    if not 1 <= len(people) <= MOST_MEMBERS:
        raise RuleBroken("rotation.people", most=MOST_MEMBERS)
    row = session.get(RotationSetting, section_id)
    setting, own = row.data if row else {}, own_terminals(session)
    others = [
        (one, on, half)
        for one, on, half in _at_home(session, days, everybody)
        if one.user_id not in own and (one.user_id not in people or sections.isdisjoint(one.sections_on(on)))
    ]
    behind = left_behind(session, section_id, Members(people, leaving, book.parents), days[0], days[-1])
    return Month(
        section=section,
        days=days,
        calendar=calendar,
        office=office,
        book=book,
        people=people,
        sections=sections,
        names=_names(session, sections),
        cells=cells_of(session, people, *around(days), office),
        taken=taken(session, period(Limit.FISCAL_YEAR, days[0])[0], days[0], office, people),
        plans=_plans(session, people, days),
        published=published(session, [section_id], days[0], days[-1])[section_id],
        locks=_locks(session, section_id, days),
        setting=setting,
        own_terminals=own,
        seats=usable_seats(session, book, section_id, days=days, people=people, office=office),
        pools=pools(days, people, book, others),
        of_person={one["user_id"]: one for one in setting.get("people", ())},
        begun={
            (on, half.value) for on in days for half in Half if now and not office.is_ahead(on, half, now)
        },
        last_days=leaving,
        absent=absences(session, people, days[0], days[-1]),
        left_behind=dict(ChainMap(*(dict(one) for one in behind.values()))),
    )


def _until_they_leave(people: Mapping[int, Governed], leaving: Mapping[int, date]) -> dict[int, Governed]:
    return {
        user_id: replace(one, stays=tuple(until(one.stays, leaving[user_id]))) if user_id in leaving else one
        for user_id, one in people.items()
    }


def _names(session: Session, sections: Collection[int]) -> dict[int, str]:
    """What sections are called: each otherwise, so that two 庶務係 of one 部 are two."""
    query = select(Section.id, Section.name, Section.code).where(Section.id.in_(sections))
    rows = session.execute(query.order_by(Section.code)).all()
    often = Counter(row.name for row in rows)
    return {row.id: row.name if often[row.name] == 1 else f"{row.name} ({row.code})" for row in rows}


def _plans(session: Session, people: Collection[int], days: Sequence[date]) -> dict[Key, TeleworkPlan]:
    query = select(TeleworkPlan).where(
        TeleworkPlan.user_id.in_(people),
        TeleworkPlan.on_date.between(days[0], days[-1]),
        TeleworkPlan.state.in_(STANDING),
    )
    return {(plan.user_id, plan.on_date, plan.half.value): plan for plan in session.scalars(query)}


def _at_home(
    session: Session, days: Sequence[date], people: Mapping[int, Governed]
) -> list[tuple[Governed, date, str]]:
    """Who of these people has planned to be at home, and when."""
    query = select(TeleworkPlan.user_id, TeleworkPlan.on_date, TeleworkPlan.half).where(
        TeleworkPlan.on_date.between(days[0], days[-1]),
        TeleworkPlan.kind == PlanKind.HOME,
        TeleworkPlan.state.in_(STANDING),
    )
    found = session.execute(query)
    return [(people[user_id], on, half.value) for user_id, on, half in found if user_id in people]


def _locks(session: Session, section_id: int, days: Sequence[date]) -> dict[Key, str]:
    query = select(RotationLock).where(
        RotationLock.section_id == section_id, RotationLock.on_date.between(days[0], days[-1])
    )
    return {(one.user_id, one.on_date, one.half.value): one.kind.value for one in session.scalars(query)}


def problem_form(of: Month) -> dict[str, Any]:
    """The problem in the documented form, as JSON has it; people are named by their ids. Raises as `duties_among`."""
    fixed, called_in, wishes, was = [], [], [], []
    for user_id in of.people:
        for on in of.days:
            for half in HALVES:
                key = (user_id, on, half)
                cell = {"person": str(user_id), "day": on.isoformat(), "half": half}
                if _is_called_in(of, key):
                    called_in.append(cell)
                given = _given(of, key)
                if given is not None:
                    fixed.append({**cell, **given})
                elif is_wish(of.plans.get(key), of.written(key)):
                    care = bool(of.of_person.get(user_id, {}).get("care"))
                    wishes.append({**cell, "state": "home", "care": care})
                if key in of.published:
                    was.append({**cell, "state": of.published[key].kind.value})
    setting = of.setting
    return {
        "days": [on.isoformat() for on in of.days],
        "members": [_member(of, user_id) for user_id in of.people],
        "fixed": fixed,
        "covers": [_cover(of, one) for one in setting.get("covers", ())],
        "duties": duties_among(setting, of.people),
        **_seats(of),
        "terminals": None,
        "pools": list(of.pools),
        "satellites": [
            {"person": str(user_id), "day": on.isoformat(), "half": half}
            for (user_id, on, half), plan in of.plans.items()
            if plan.kind is PlanKind.SATELLITE and on in of.days
        ],
        "called_in": called_in,
        "begun": [{"day": on.isoformat(), "half": half} for on, half in sorted(of.begun)],
        "wishes": wishes,
        "published": was,
    }


def _given(of: Month, key: Key) -> dict[str, Any] | None:
    """Where somebody is then, if that is given, and why."""
    if (absent := is_absent(of, key)) is not None:
        return {"state": "away", "why": absent, "off": absent == "part_time" and not _is_planned_out(of, key)}
    if key[1:] in of.begun:
        where = stands_as(of.plans.get(key), of.written(key), of.office)
        return {"state": where.value, "why": "begun", "approved": True}
    by_plan = settled(of.plans.get(key), of.written(key), of.office)
    if by_plan is not None:
        return {"state": by_plan[0].value, "why": by_plan[1], "approved": by_plan[1] == "approved"}
    if key in of.locks:
        return {"state": of.locks[key], "why": "locked"}
    if _is_called_in(of, key):
        return {"state": "office", "why": "meeting"}
    return None


def _is_planned_out(of: Month, key: Key) -> bool:
    """Whether somebody has planned a half-day out of the office, though they never work then: the day may be in a
    row."""
    plan = of.plans.get(key)
    return plan is not None and plan.kind is not PlanKind.OFFICE and of.office.cell_of(plan).fills


def is_absent(of: Month, key: Key) -> str | None:
    """Why somebody does not work in the section then, whatever is planned; None where they do."""
    user_id, on, half = key
    if on > of.last_days.get(user_id, on):
        return "left"
    if not of.is_here(user_id, on):
        return "elsewhere"
    if key in of.absent:
        return "absent"
    return "part_time" if _is_off(of, user_id, on, half) else None


def _is_off(of: Month, user_id: int, on: date, half: str) -> bool:
    """Whether somebody never works on such a half-day of the week."""
    return f"{WEEKDAYS[on.weekday()]}-{half}" in of.of_person.get(user_id, {}).get("away", ())


def _is_called_in(of: Month, key: Key) -> bool:
    """Whether the section asks somebody to come then."""
    return any(_attends(one, *key) for one in of.setting.get("meetings", ()))


def _attends(meeting: Mapping[str, Any], user_id: int, on: date, half: str) -> bool:
    return (
        meeting["on"] == on.isoformat()
        and meeting.get("half") in {None, half}
        and (meeting.get("people") is None or user_id in meeting["people"])
    )


def _member(of: Month, user_id: int) -> dict[str, Any]:
    person, rule_on = of.of_person.get(user_id, {}), of.book.rule_on(of.people[user_id])
    mentor, units = person.get("mentor"), {on: of.unit(user_id, on) for on in of.days}
    usual = next(filter(None, units.values()), "")
    return {
        "id": str(user_id),
        "name": of.people[user_id].name,
        "unit": usual,
        "unit_on": {on.isoformat(): unit for on, unit in units.items() if unit != usual},
        "skills": list(person.get("skills", ())),
        "own_terminal": user_id in of.own_terminals,
        **_targets(of, user_id, person.get("target")),
        "mondays": _so_far(of, user_id, MONDAY),
        "fridays": _so_far(of, user_id, FRIDAY),
        "mentor": str(mentor) if mentor in of.people and mentor != user_id else None,
        "around": _around(of, user_id),
        **allowed(of.days, of.cells.get(user_id, ()), rule_on, of.calendar, of.office),
    }


def _targets(of: Month, user_id: int, a_month: int | None) -> dict[str, Any]:
    """What of the half-days a month that are wanted at home is left for these days, month by month."""
    if a_month is None:
        return {"target": None}
    planned, cells = set(of.days), of.cells.get(user_id, ())
    others = [cell for cell in cells if cell.on not in planned]
    goals = []
    for span in sorted({period(Limit.MONTH, on) for on in of.days}):
        left = max(0, a_month - used(others, Measure.HALF_DAYS, span, of.calendar))
        could = sum(
            is_absent(of, (user_id, on, half)) is None
            for on in of.days
            for half in HALVES
            if span[0] <= on <= span[1]
        )
        first, last = (on.isoformat() for on in span)
        goals.append({"first": first, "last": last, "half_days": min(left, could)})
    return {"target": goals[0]["half_days"]} if len(goals) == 1 else {"target": None, "targets": goals}


def _around(of: Month, user_id: int) -> dict[str, int]:
    """The half-days at home on the working days just before and after, as many as a row can reach over: of a day that
    counts in a row both, though one may be leave. Weeks are counted by quotas."""
    cells = of.cells.get(user_id, ())
    home: Counter[date] = Counter(cell.on for cell in cells if cell.is_remote and cell.fills)
    out = dict.fromkeys(days_out(cells, of.calendar), len(HALVES))
    reach = timedelta(days=DAYS_AROUND)
    near = [
        *of.calendar.between(of.days[0] - reach, of.days[0] - timedelta(days=1)),
        *of.calendar.between(of.days[-1] + timedelta(days=1), of.days[-1] + reach),
    ]
    return {on.isoformat(): out.get(on, home[on]) for on in near}


def _so_far(of: Month, user_id: int, weekday: int) -> dict[str, int]:
    """Of a weekday in the fiscal year of the first of these days, before it: half-days at home, and those that could
    have been."""
    began, person = period(Limit.FISCAL_YEAR, of.days[0])[0], of.people[user_id]
    before = of.calendar.between(began, of.days[0] - timedelta(days=1))
    rule_on = of.book.rule_on(person)

    def could(on: date, half: Half) -> bool:
        rule = rule_on(on)
        return (rule is None or rule.eligible) and not _is_off(of, user_id, on, half)

    days = [on for on in before if person.sections_on(on)]
    return asdict(granted(weekday, days, of.taken.get(user_id, ()), could))


def _cover(of: Month, one: Mapping[str, Any]) -> dict[str, Any]:
    """A cover of the setting: of some people and of those of a section it counts who is both."""
    said = {name: one.get(name) for name in ("name", "least", "half", "skill")}
    named, section = one.get("people"), one.get("section")
    people = [user_id for user_id in of.people if named is None or user_id in named]
    if section is not None:
        below = set(of.book.below(section))
        return {**said, **by_day({on: _people_in(of, people, below, on) for on in of.days})}
    return {**said, "people": None if named is None else [str(user_id) for user_id in people]}


def _people_in(of: Month, people: Iterable[int], sections: Collection[int], on: date) -> list[str]:
    return [
        str(user_id)
        for user_id in people
        if any(own in sections for own in of.people[user_id].sections_on(on))
    ]


def _seats(of: Month) -> dict[str, Any]:
    """The most seats that can be used in a half-day, and the half-days in which they are fewer."""
    most = max(of.seats.values()) if of.seats else None
    fewer = [
        {"day": on.isoformat(), "half": half, "most": count}
        for (on, half), count in (of.seats or {}).items()
        if count != most
    ]
    return {"seats": most, "seats_on": fewer}


def names_of(form: Mapping[str, Any]) -> dict[str, str]:
    """How the people of a problem are called, by their ids in it."""
    members: Iterable[Mapping[str, Any]] = form["members"]
    return {one["id"]: one.get("name", one["id"]) for one in members}
