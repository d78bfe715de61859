"""Reading what the reports count, each in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.calendar import working_days
from app.people.belonging import section_of, stays_between
from app.people.models import SEES_ALL, Role, User
from app.people.rules import Stay, folded
from app.people.sections import reach_of
from app.people.service import Person, list_sections
from app.reports.rules.caps import Cap
from app.rotation.days_off import never_worked
from app.settings import Settings
from app.telework.caps.rules import PERIODS, Limit, Measure, Rule
from app.telework.caps.service import eligibility, governed, rulebook
from app.telework.daylog.rules import form_of, telework_minutes
from app.telework.daylog.service import COUNTS_AS, effective
from app.telework.figures.rules import SHEET_DAY, HalfDay, Kept
from app.telework.figures.service import kept_half_days
from app.telework.models import HalfDay as Row
from app.telework.rules import DayClass, Half
from app.telework.service import Office
from app.working_days import WorkingDays, fiscal_days, fiscal_year

DEVICES = (Role.KIOSK, Role.SERVICE)


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose figures somebody sees: of sections, of one person, or (both None) of all."""

    section_ids: frozenset[int] | None = None
    user_id: int | None = None

    def shows(self, user_id: int, section_id: int | None) -> bool:
        if self.user_id is not None:
            return user_id == self.user_id
        return self.section_ids is None or section_id in self.section_ids

    def shows_section(self, section_id: int | None) -> bool:
        """Whether a whole section's figures are shown."""
        return self.user_id is None and (self.section_ids is None or section_id in self.section_ids)

    @property
    def shows_office(self) -> bool:
        return self.user_id is None and self.section_ids is None


def sees_others(person: Person) -> bool:
    """Whether somebody sees more than their own figures."""
    return person.role in SEES_ALL or person.role is Role.CHIEF


def scope_of(session: Session, person: Person) -> Scope:
    """Personnel and the auditor see all, a chief the own sections of today and those below, everybody else
    themselves."""
    if person.role in SEES_ALL:
        return Scope()
    if person.role is Role.CHIEF:
        return Scope(section_ids=reach_of(session, person.section_ids))
    return Scope(user_id=person.id)


@dataclass(frozen=True, slots=True)
class Ask:
    """What a report is asked for: the days, both included, and whose."""

    first: date
    last: date
    scope: Scope
    office: Office

    @classmethod
    def by(cls, session: Session, person: Person, first: date, last: date, settings: Settings) -> Ask:
        """Asked by somebody, for what they may see."""
        return cls(first, last, scope_of(session, person), Office.of(settings))


class Ruled:
    """The telework rules that hold for people, by day; three queries."""

    def __init__(self, session: Session, user_ids: Collection[int]) -> None:
        book = rulebook(session)
        self._rule_on = {
            user_id: book.rule_on(person) for user_id, person in governed(session, user_ids).items()
        }

    def _rule(self, user_id: int, on: date) -> Rule | None:
        return self._rule_on[user_id](on) if user_id in self._rule_on else None

    def caps(self, user_id: int, on: date) -> list[Cap]:
        """What the rule of a day allows somebody."""
        rule = self._rule(user_id, on)
        if rule is None:
            return []
        caps = [Cap(limit, cap, rule.measure) for limit in PERIODS if (cap := rule.cap(limit)) is not None]
        if rule.in_a_row is not None:
            caps.append(Cap(Limit.IN_A_ROW, rule.in_a_row, Measure.DAYS))
        return caps


@dataclass(frozen=True, slots=True)
class Names:
    """Names by id: sections in the order of their codes; `above`: the section above each; `order`: of people, by
    kana."""

    people: Mapping[int, str]
    sections: Mapping[int, str]
    above: Mapping[int, int | None]
    order: Mapping[int, int]

    def person(self, user_id: int) -> str:
        return self.people.get(user_id, "")

    def place(self, section_id: int | None) -> int:
        """Where a section stands among the others; what is of none comes first of all."""
        return [None, *self.sections].index(section_id if section_id in self.sections else None)

    def section(self, section_id: int | None) -> str:
        return self.sections.get(section_id or 0, "")


def names_of(session: Session) -> Names:
    """Everybody's and every section's; two queries."""
    rows = session.execute(
        select(User.id, User.name, User.kana).where(User.role.not_in(DEVICES)).order_by(User.id)
    ).all()
    ordered = sorted(rows, key=lambda row: (folded(row.kana), row.kana, row.id))
    sections = list_sections(session)
    return Names(
        {row.id: row.name for row in rows},
        {one.id: one.name for one in sections},
        {one.id: one.parent_id for one in sections},
        {row.id: place for place, row in enumerate(ordered)},
    )


def belonging(session: Session, ask: Ask, first: date, last: date) -> Mapping[int, Sequence[Stay]]:
    """The sections of everybody who belonged to the office in the days given, until the day they left; two queries."""
    staff = set(session.scalars(select(User.id).where(User.role.not_in(DEVICES))))
    found = stays_between(session, first, last, ask.office.timezone)
    return {user_id: stays for user_id, stays in found.items() if user_id in staff}


def half_days(
    session: Session, ask: Ask, stays: Mapping[int, Sequence[Stay]], *, classes: Sequence[DayClass] = ()
) -> list[HalfDay]:
    """The log's half-days of the days asked for, as corrected, each in the section of its day; those that the asker may
    see; of some classes only where they are named. One query."""
    columns = (
        Row.user_id,
        Row.on_date,
        Row.half,
        Row.form,
        Row.day_class.label("found"),
        Row.telework_minutes,
    )
    query = effective(*columns).where(Row.on_date.between(ask.first, ask.last))
    if ask.scope.user_id is not None:
        query = query.where(Row.user_id == ask.scope.user_id)
    if classes:
        query = query.where(COUNTS_AS.in_(classes))
    found = []
    for user_id, on, half, form, was, stored, day_class in session.execute(query):
        section = section_of(stays.get(user_id, ()), on)
        if ask.scope.shows(user_id, section):
            minutes = telework_minutes(was, day_class, stored)
            found.append(HalfDay(user_id, section, on, half, day_class, form_of(day_class, form), minutes))
    return found


def could_be_at_home(
    session: Session, sections: Mapping[int, int | None]
) -> Callable[[int, date, Half], bool]:
    """Whether somebody works in a half-day and the rules let them be at home; five queries.

    `sections`: of each person the one whose rotation, or that of one above, knows when they never work.
    """
    is_eligible, never = eligibility(session, sections), never_worked(session, sections)

    def could(user_id: int, on: date, half: Half) -> bool:
        return (on.weekday(), half) not in never.get(user_id, ()) and is_eligible(user_id, on)

    return could


def sheet_days(on: date) -> tuple[date, date]:
    """The days of the ministry's sheet that was due last: of a fiscal year until its 1 October."""
    year = fiscal_year(on)
    year = year if on >= date(year, *SHEET_DAY) else year - 1
    return fiscal_days(year)[0], date(year, *SHEET_DAY)


def kept(session: Session, ask: Ask) -> list[Kept]:
    """What is left of the days asked for whose people are forgotten: of the sections that the asker may see. One
    query."""
    found = kept_half_days(session, ask.first, ask.last)
    return [one for one in found if ask.scope.shows_section(one.section_id)]


def calendar_of(session: Session, first: date, last: date) -> WorkingDays:
    """The office calendar of all years from the day `first` to `last`, with their neighbours."""
    found = working_days(session, first.year)
    for year in range(first.year + 1, last.year + 1):
        more = working_days(session, year)
        found = WorkingDays({**found.holidays, **more.holidays}, {**found.overrides, **more.overrides})
    return found
