"""What the office knows of a section's days, as the problem of a rotation."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.calendar import working_days
from app.errors import NotFound, RuleBroken
from app.people.models import Section
from app.people.rules import lineage
from app.rotation.form import MOST_DAYS, MOST_MEMBERS
from app.rotation.models import Key, Rotation, RotationCell, RotationLock, RotationSetting, State
from app.rotation.rules import FRIDAY, HALVES, MONDAY, WEEKDAYS
from app.spaces.barriers import OUT_OF_ORDER, barriers
from app.spaces.models import Space, Zone
from app.spaces.rules import Kind
from app.spaces.service import floor_timezone, in_layout
from app.telework.caps.rules import Cell, Limit, Measure, Rule, period, used
from app.telework.caps.service import Governed, Rulebook, around, cells_of, governed, rulebook
from app.telework.figures.rules import granted
from app.telework.figures.taken import taken
from app.telework.models import TeleworkPlan
from app.telework.rules import AWAY, REMOTE, STANDING, Half, PlanState
from app.telework.service import Office
from app.timespan import TimeSpan, day_span
from app.working_days import WorkingDays

DAYS_AROUND = 31


@dataclass(slots=True)
class Month:
    """The rows that a problem is made of."""

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
    published: Mapping[Key, str]
    locks: Mapping[Key, str]
    setting: Mapping[str, Any]
    seats: int | None
    of_person: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)

    def is_here(self, user_id: int, on: date) -> bool:
        """Whether somebody belongs to the section on a day."""
        return any(one in self.sections for one in self.people[user_id].sections_on(on))

    def unit(self, user_id: int) -> str:
        """The name of the section below (係) that somebody belongs to."""
        own = self.people[user_id].sections_on(self.days[0]) or self.people[user_id].sections_on(
            self.days[-1]
        )
        return next((self.names[one] for one in own if one in self.sections), "")


def month(session: Session, section_id: int, first: date, last: date, office: Office) -> Month:
    """Everything of a section's days; as many queries for few people as for many.

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
    people = {
        user_id: person
        for user_id, person in governed(session).items()
        if any(one in sections for on in days for one in person.sections_on(on))
    }
    if not 1 <= len(people) <= MOST_MEMBERS:
        raise RuleBroken("rotation.people", most=MOST_MEMBERS)
    row = session.get(RotationSetting, section_id)
    setting = row.data if row else {}
    return Month(
        section=section,
        days=days,
        calendar=calendar,
        office=office,
        book=book,
        people=people,
        sections=sections,
        names=dict(session.execute(select(Section.id, Section.name).where(Section.id.in_(sections))).all()),
        cells=cells_of(session, people, *around(days), office),
        taken=taken(session, period(Limit.FISCAL_YEAR, days[0])[0], days[0], office, people),
        plans=_plans(session, people, days),
        published=_published(session, section_id, days),
        locks=_locks(session, section_id, days),
        setting=setting,
        seats=usable_seats(session, home_zones(session, book, section_id), days[0], office),
        of_person={one["user_id"]: one for one in setting.get("people", ())},
    )


def _plans(session: Session, people: Collection[int], days: Sequence[date]) -> dict[Key, TeleworkPlan]:
    query = select(TeleworkPlan).where(
        TeleworkPlan.user_id.in_(people),
        TeleworkPlan.on_date.between(days[0], days[-1]),
        TeleworkPlan.state.in_(STANDING),
    )
    return {(plan.user_id, plan.on_date, plan.half.value): plan for plan in session.scalars(query)}


def _published(session: Session, section_id: int, days: Sequence[date]) -> dict[Key, str]:
    query = (
        select(RotationCell)
        .join(Rotation, Rotation.id == RotationCell.rotation_id)
        .where(
            Rotation.section_id == section_id,
            Rotation.state == State.PUBLISHED,
            RotationCell.on_date.between(days[0], days[-1]),
        )
    )
    return {(one.user_id, one.on_date, one.half.value): one.kind.value for one in session.scalars(query)}


def _locks(session: Session, section_id: int, days: Sequence[date]) -> dict[Key, str]:
    query = select(RotationLock).where(
        RotationLock.section_id == section_id, RotationLock.on_date.between(days[0], days[-1])
    )
    return {(one.user_id, one.on_date, one.half.value): one.kind.value for one in session.scalars(query)}


def home_zones(session: Session, book: Rulebook, section_id: int) -> list[Zone]:
    """The zones in which a section's people sit, in the order of their ids: its own and those of the sections below;
    where these have none, those of the nearest section above that has one. One query."""
    near = {**lineage([section_id], book.parents), **dict.fromkeys(book.below(section_id), 0)}
    query = select(Zone).where(Zone.section_id.in_(near), in_layout(Zone)).order_by(Zone.id)
    found = [(near[zone.section_id or 0], zone) for zone in session.scalars(query)]
    nearest = min((distance for distance, _zone in found), default=0)
    return [zone for distance, zone in found if distance == nearest]


def usable_seats(session: Session, zones: Sequence[Zone], on: date, office: Office) -> int | None:
    """How many seats of these zones are in order on a day; None of no zone."""
    if not zones:
        return None
    seats = set(
        session.scalars(
            select(Space.id).where(
                Space.zone_id.in_([zone.id for zone in zones]), Space.kind == Kind.SEAT, in_layout(Space)
            )
        )
    )
    span: TimeSpan = day_span(on, floor_timezone(session, zones[0].floor_id))
    broken = barriers(session, span, office.timezone, zone_ids=[zone.id for zone in zones])
    return len(seats - {one.space_id for one in broken if one.why == OUT_OF_ORDER})


def problem_form(of: Month) -> dict[str, Any]:
    """The problem in the documented form, as JSON has it; people are named by their ids."""
    fixed, wishes, published = [], [], []
    for user_id in of.people:
        for on in of.days:
            for half in HALVES:
                key = (user_id, on, half)
                cell = {"person": str(user_id), "day": on.isoformat(), "half": half}
                given = _given(of, key)
                if given is not None:
                    fixed.append({**cell, "state": given[0], "why": given[1]})
                elif (plan := of.plans.get(key)) is not None and plan.state is PlanState.REQUESTED:
                    state = "home" if plan.kind in REMOTE else "office"
                    care = bool(of.of_person.get(user_id, {}).get("care"))
                    wishes.append({**cell, "state": state, "care": care})
                if key in of.published:
                    published.append({**cell, "state": of.published[key]})
    setting = of.setting
    return {
        "days": [on.isoformat() for on in of.days],
        "members": [_member(of, user_id) for user_id in of.people],
        "fixed": fixed,
        "covers": [_cover(of, one) for one in setting.get("covers", ())],
        "duties": [
            {"name": one["name"], "main": str(one["main"]), "deputy": str(one["deputy"])}
            for one in setting.get("duties", ())
            if {one["main"], one["deputy"]} <= of.people.keys()
        ],
        "seats": of.seats,
        "terminals": _terminals(of),
        "wishes": wishes,
        "published": published,
    }


def _given(of: Month, key: Key) -> tuple[str, str] | None:
    """Where somebody is then, if that is given, and why."""
    user_id, on, half = key
    plan = of.plans.get(key)
    if (absent := is_absent(of, key)) is not None:
        return "away", absent
    if plan is not None and plan.kind in AWAY:
        return "away", plan.kind.value
    if key in of.locks:
        return of.locks[key], "locked"
    if any(_attends(one, user_id, on, half) for one in of.setting.get("meetings", ())):
        return "office", "meeting"
    if (
        plan is not None
        and plan.state is PlanState.APPROVED
        and plan.kind in REMOTE
        and key not in of.published
    ):
        return "home", "approved"
    return None


def is_absent(of: Month, key: Key) -> str | None:
    """Why somebody does not work in the section then, whatever is planned; None where they do."""
    user_id, on, half = key
    if not of.is_here(user_id, on):
        return "elsewhere"
    return "part_time" if _is_off(of, user_id, on, half) else None


def _is_off(of: Month, user_id: int, on: date, half: str) -> bool:
    """Whether somebody never works on such a half-day of the week."""
    return f"{WEEKDAYS[on.weekday()]}-{half}" in of.of_person.get(user_id, {}).get("away", ())


def _attends(meeting: Mapping[str, Any], user_id: int, on: date, half: str) -> bool:
    return (
        meeting["on"] == on.isoformat()
        and meeting.get("half") in {None, half}
        and (meeting.get("people") is None or user_id in meeting["people"])
    )


def _member(of: Month, user_id: int) -> dict[str, Any]:
    person, rule_on = of.of_person.get(user_id, {}), of.book.rule_on(of.people[user_id])
    rule = rule_on(of.days[0])
    mentor = person.get("mentor")
    return {
        "id": str(user_id),
        "name": of.people[user_id].name,
        "unit": of.unit(user_id),
        "eligible": rule is None or rule.eligible,
        "skills": list(person.get("skills", ())),
        "own_terminal": bool(person.get("own_terminal")),
        "caps": _caps(of, user_id, rule) if rule else None,
        "target": person.get("target"),
        "mondays": _so_far(of, user_id, MONDAY),
        "fridays": _so_far(of, user_id, FRIDAY),
        "mentor": str(mentor) if mentor in of.people else None,
        "around": _around(of, user_id),
    }


def _around(of: Month, user_id: int) -> dict[str, int]:
    """The half-days at home on the working days just before and after, as many as a week or a row can reach over."""
    home: Counter[date] = Counter(
        cell.on for cell in of.cells.get(user_id, ()) if cell.is_remote and cell.fills
    )
    reach = timedelta(days=DAYS_AROUND)
    near = [
        *of.calendar.between(of.days[0] - reach, of.days[0] - timedelta(days=1)),
        *of.calendar.between(of.days[-1] + timedelta(days=1), of.days[-1] + reach),
    ]
    return {on.isoformat(): home[on] for on in near}


def _caps(of: Month, user_id: int, rule: Rule) -> dict[str, int | None]:
    """The rule's caps in half-days; of the month and the fiscal year what is left beside these days."""
    planned = set(of.days)
    others = [cell for cell in of.cells.get(user_id, ()) if cell.on not in planned]

    def left(limit: Limit) -> int | None:
        cap = rule.cap(limit)
        if cap is None:
            return None
        spent = (
            0 if limit is Limit.WEEK else used(others, rule.measure, period(limit, of.days[0]), of.calendar)
        )
        return max(0, _half_days(cap - spent, rule, of.office))

    return {
        "week": left(Limit.WEEK),
        "month": left(Limit.MONTH),
        "year": left(Limit.FISCAL_YEAR),
        "row": rule.in_a_row,
    }


def _half_days(amount: int, rule: Rule, office: Office) -> int:
    """How many whole half-days an amount of the rule's measure allows at least."""
    if rule.measure is Measure.HALF_DAYS:
        return amount
    return amount // max(office.hours_of(half).minutes for half in Half)


def _so_far(of: Month, user_id: int, weekday: int) -> dict[str, int]:
    """Of a weekday in the fiscal year before these days: half-days at home, and those that could have been."""
    began, person = period(Limit.FISCAL_YEAR, of.days[0])[0], of.people[user_id]
    before = of.calendar.between(began, of.days[0] - timedelta(days=1))
    rule_on = of.book.rule_on(person)

    def could(on: date, half: Half) -> bool:
        rule = rule_on(on)
        return (rule is None or rule.eligible) and not _is_off(of, user_id, on, half)

    days = [on for on in before if person.sections_on(on)]
    return asdict(granted(weekday, days, of.taken.get(user_id, ()), could))


def _cover(of: Month, one: Mapping[str, Any]) -> dict[str, Any]:
    people = one.get("people")
    if people is None and one.get("section") is not None:
        below = set(of.book.below(one["section"]))
        people = [
            user_id
            for user_id in of.people
            if any(own in below for own in of.people[user_id].sections_on(of.days[0]))
        ]
    return {
        "name": one["name"],
        "least": one["least"],
        "half": one.get("half"),
        "skill": one.get("skill"),
        "people": None if people is None else [str(user_id) for user_id in people if user_id in of.people],
    }


def _terminals(of: Month) -> int | None:
    """How many can be lent, by the rule that holds for the section's people."""
    known: dict[int, int] = defaultdict(int)
    for user_id in of.people:
        rule = of.book.rule_on(of.people[user_id])(of.days[0])
        if rule is not None and rule.terminals is not None:
            known[rule.id] = rule.terminals
    return sum(known.values()) if known else None


def names_of(form: Mapping[str, Any]) -> dict[str, str]:
    """How the people of a problem are called, by their ids in it."""
    members: Iterable[Mapping[str, Any]] = form["members"]
    return {one["id"]: one.get("name", one["id"]) for one in members}
