"""The rules as they are stored, and what people have used of them; as many queries for one person as for all."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from app.database import lock_in_order
from app.errors import Forbidden, NotFound, RuleBroken
from app.people.employing import earlier, employment_on
from app.people.models import SEES_ALL, Membership, Role, User
from app.people.rules import Employed, Stay, lineage, reach
from app.people.sections import parents, reach_of
from app.people.service import Person
from app.telework.caps.rules import (
    Breach,
    Cell,
    Limit,
    Rule,
    RuleOn,
    Standing,
    breaches,
    period,
    rule_for,
    shortage,
    standings,
)
from app.telework.models import TeleworkPlan, TeleworkRule
from app.telework.rules import STANDING, Half, Part, PlanKind
from app.telework.service import Office
from app.working_days import WorkingDays

LOCK = "telework_rule"
# Who has a terminal of their own, so that none need be lent to them; rotations know.
OwnTerminals = Callable[[Session], Collection[int]]


def nobody(_session: Session) -> Collection[int]:
    """Everybody needs a terminal that is lent."""
    return ()


@dataclass(frozen=True, slots=True)
class Governed:
    """What of a person decides which rule holds for them. `name` and `kana`: as they are shown, and in which order."""

    user_id: int
    name: str
    kana: str
    employed: Employed
    stays: tuple[Stay, ...]

    def sections_on(self, on: date) -> list[int]:
        """The sections of a day."""
        return [stay.section_id for stay in self.stays if stay.holds(on)]


@dataclass(frozen=True, slots=True)
class Rulebook:
    """Every rule of the office, and which section lies below which."""

    rules: Sequence[Rule]
    parents: Mapping[int, int | None]

    def rule_on(self, person: Governed) -> RuleOn:
        """The rule that holds for a person, by day; each day is asked about many times."""

        @cache
        def found(on: date) -> Rule | None:
            above = lineage(person.sections_on(on), self.parents)
            return rule_for(self.rules, above, person.employed.on(on), on)

        return found

    def lends(self, rule: Rule, person: Governed, on: date) -> bool:
        """Whether somebody at home uses one of a rule's terminals: everybody does whom it is made for, of its section
        and those below it, of its kind of employment."""
        if not rule.holds(on) or rule.employment not in {None, person.employed.on(on)}:
            return False
        return rule.section_id is None or rule.section_id in lineage(person.sections_on(on), self.parents)

    def below(self, section_id: int) -> list[int]:
        """A section and all below it."""
        return sorted(reach({section_id}, self.parents))


def rulebook(session: Session, *, also: Iterable[Rule] = ()) -> Rulebook:
    """The rules in the order of their dates of effect. `also`: as if these were among them."""
    rules = session.scalars(select(TeleworkRule).order_by(TeleworkRule.from_on, TeleworkRule.id))
    return Rulebook([*(one.value for one in rules), *also], parents(session))


def governed(session: Session, user_ids: Collection[int] | None = None) -> dict[int, Governed]:
    """People by id, in the order of their kana; None: everybody who has not left, but for kiosks and services;
    two queries."""
    before = earlier(session, user_ids)
    query = (
        select(User.id, User.name, User.kana, User.employment, Membership)
        .outerjoin(Membership, Membership.user_id == User.id)
        .order_by(User.kana, User.name, User.id, Membership.from_on, Membership.id)
    )
    if user_ids is None:
        query = query.where(User.left_at.is_(None), User.role.not_in((Role.KIOSK, Role.SERVICE)))
    else:
        query = query.where(User.id.in_(user_ids))
    stays: dict[int, list[Stay]] = defaultdict(list)
    people: dict[int, tuple[str, str, Employed]] = {}
    for user_id, name, kana, employment, stay in session.execute(query):
        people[user_id] = (name, kana, Employed(employment, before.get(user_id, ())))
        if stay is not None:
            stays[user_id].append(Stay(stay.section_id, stay.from_on, stay.until_on, stay.id))
    return {user_id: Governed(user_id, *of, tuple(stays[user_id])) for user_id, of in people.items()}


def cells_of(
    session: Session, user_ids: Collection[int] | None, first: date, last: date, office: Office
) -> dict[int, list[Cell]]:
    """What people have planned, by person: requested or approved; None: of everybody. One query."""
    query = select(
        TeleworkPlan.user_id,
        TeleworkPlan.on_date,
        TeleworkPlan.half,
        TeleworkPlan.kind,
        TeleworkPlan.starts,
        TeleworkPlan.ends,
    ).where(TeleworkPlan.on_date.between(first, last), TeleworkPlan.state.in_(STANDING))
    if user_ids is not None:
        query = query.where(TeleworkPlan.user_id.in_(user_ids))
    found: dict[int, list[Cell]] = defaultdict(list)
    for user_id, on, half, kind, starts, ends in session.execute(query):
        part = Part(starts, ends) if starts is not None and ends is not None else None
        found[user_id].append(office.cell(on, half, kind, part))
    return found


def around(days: Collection[date]) -> tuple[date, date]:
    """The days whose plans count for those of these days: their fiscal years, with the weeks and rows at both ends."""
    first, last = period(Limit.FISCAL_YEAR, min(days))[0], period(Limit.FISCAL_YEAR, max(days))[1]
    return first - timedelta(days=31), last + timedelta(days=31)


@dataclass(frozen=True, slots=True)
class AtHome:
    """What somebody would have planned, `fresh` of it newly."""

    person: Governed
    planned: Collection[Cell]
    fresh: Collection[Cell]


def shortages(
    session: Session, book: Rulebook, wanted: Collection[AtHome], *, besides: Collection[int] = ()
) -> dict[int, list[Breach]]:
    """By person, where new half-days at home would be more than there are terminals to lend: of several people, those
    of the last of them, for whom none is left. One query for each rule that lends some.

    Everybody counts as `Rulebook.lends` says, but for those `besides`. The rules' locks are taken first, so that two
    who ask for the last terminal count one after the other.
    """
    asked: dict[Rule, dict[tuple[date, Half], list[int]]] = defaultdict(lambda: defaultdict(list))
    for one in wanted:
        rule_on = book.rule_on(one.person)
        for cell in one.fresh:
            rule = rule_on(cell.on)
            if rule is not None and rule.terminals is not None and cell.kind is PlanKind.HOME:
                asked[rule][cell.on, cell.half].append(one.person.user_id)
    lock_in_order(session, [(LOCK, {rule.id for rule in asked})])
    left_out = {*besides, *(one.person.user_id for one in wanted)}
    found: dict[int, set[Breach]] = defaultdict(set)
    for rule, half_days in asked.items():
        days = {on for on, _half in half_days}
        at_home = _planned_at_home(session, book, rule, days, left_out)
        at_home.update(
            (cell.on, cell.half)
            for one in wanted
            for cell in one.planned
            if cell.kind is PlanKind.HOME and cell.on in days and book.lends(rule, one.person, cell.on)
        )
        for (on, half), user_ids in half_days.items():
            short = shortage(rule, on, at_home[on, half])
            if short is not None:
                for user_id in user_ids[short.cap - short.value :]:
                    found[user_id].add(short)
    return {user_id: sorted(theirs) for user_id, theirs in found.items()}


def _planned_at_home(
    session: Session, book: Rulebook, rule: Rule, days: Collection[date], besides: Collection[int]
) -> Counter[tuple[date, Half]]:
    """How many of a rule's terminals are lent on these days, by half-day, but for these people's; one query."""
    where: list[ColumnElement[bool]] = [
        TeleworkPlan.on_date.in_(days),
        TeleworkPlan.kind == PlanKind.HOME,
        TeleworkPlan.state.in_(STANDING),
        TeleworkPlan.user_id.not_in(besides),
    ]
    where.append(TeleworkPlan.user_id.in_(select(User.id).where(User.left_at.is_(None))))
    if rule.employment is not None:
        where.append(employment_on(TeleworkPlan.user_id, TeleworkPlan.on_date) == rule.employment)
    if rule.section_id is not None:
        belongs = select(Membership.id).where(
            Membership.user_id == TeleworkPlan.user_id,
            Membership.section_id.in_(book.below(rule.section_id)),
            Membership.from_on <= TeleworkPlan.on_date,
            Membership.until_on.is_(None) | (Membership.until_on >= TeleworkPlan.on_date),
        )
        where.append(belongs.exists())
    query = (
        select(TeleworkPlan.on_date, TeleworkPlan.half, func.count())
        .where(*where)
        .group_by(TeleworkPlan.on_date, TeleworkPlan.half)
    )
    return Counter({(on, half): count for on, half, count in session.execute(query)})


def check_may_see(session: Session, person_id: int, *, actor: Person, on: date) -> None:
    """That somebody may see another's plans: their chief, personnel, an auditor. Raises Forbidden."""
    if person_id == actor.id or actor.role in SEES_ALL:
        return
    theirs = governed(session, [person_id]).get(person_id) if actor.role is Role.CHIEF else None
    if theirs is not None and not reach_of(session, actor.section_ids).isdisjoint(theirs.sections_on(on)):
        return
    raise Forbidden("telework.not_allowed", why="days")


def standings_of(
    session: Session, person_id: int, on: date, office: Office, calendar: WorkingDays
) -> tuple[Rule | None, list[Standing]]:
    """The rule that holds for a person on a day, and how they stand with its caps. Raises NotFound `user.unknown`."""
    person = governed(session, [person_id]).get(person_id)
    if person is None:
        raise NotFound("user.unknown", user_id=person_id)
    rule = rulebook(session).rule_on(person)(on)
    cells = cells_of(session, [person_id], *around([on]), office)[person_id]
    return rule, standings(cells, rule, on, calendar)


def eligibility(session: Session, user_ids: Collection[int]) -> Callable[[int, date], bool]:
    """Whether people may telework on a day: where no rule says anything, they may; four queries."""
    book = rulebook(session)
    rule_on = {user_id: book.rule_on(person) for user_id, person in governed(session, user_ids).items()}

    def is_eligible(user_id: int, on: date) -> bool:
        rule = rule_on[user_id](on) if user_id in rule_on else None
        return rule is None or rule.eligible

    return is_eligible


@dataclass(frozen=True, slots=True)
class Breaker:
    """A person whose plans break the rules."""

    user_id: int
    name: str
    kana: str
    breaches: list[Breach]


def breakers(
    session: Session, book: Rulebook, since: date, office: Office, calendar: WorkingDays
) -> list[Breaker]:
    """Who breaks a rule of the book with what they have planned, in periods that end on the day `since` or later."""
    first, last = around([since, since + timedelta(days=366)])
    cells = cells_of(session, None, first, last, office)
    found = []
    for person in governed(session).values():
        theirs = [
            one
            for one in breaches(cells.get(person.user_id, []), book.rule_on(person), calendar)
            if one.last >= since
        ]
        if theirs:
            found.append(Breaker(person.user_id, person.name, person.kana, theirs))
    return found


def refuse(breach: Breach) -> None:
    """Raise RuleBroken `telework.cap`, naming the rule, the value and what would be allowed."""
    raise RuleBroken("telework.cap", **facts(breach))


def facts(breach: Breach) -> dict[str, Any]:
    """A breach as refusals and the API tell it; `app.wording.telework` says it in a sentence."""
    due: datetime | None = breach.due_at
    return {
        "rule": breach.limit.value,
        "value": str(breach.value),
        "allowed": f"<= {breach.cap}",
        "measure": str(breach.measure),
        "first": breach.first.isoformat(),
        "last": breach.last.isoformat(),
        **({"due_at": due.isoformat()} if due else {}),
    }
