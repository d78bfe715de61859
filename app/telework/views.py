"""What the pages of telework show: a person's month, the rules as personnel keeps them, who can be a deputy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.calendar import working_days
from app.events import Event
from app.people.models import Section, User
from app.people.rules import Employment
from app.people.service import Person, list_people, list_sections, names
from app.telework.approval.deputies import Named, list_deputies
from app.telework.caps import ruling
from app.telework.caps.rules import Limit, Rule, Standing, Unit, due_at, period, standings
from app.telework.caps.service import Breaker, around, governed, rulebook
from app.telework.guards import closed_among
from app.telework.models import ClosedDay, TeleworkPlan, TeleworkRule
from app.telework.requesting import REPORTED, UNDO_WITHIN
from app.telework.rules import Half, PlanKind, PlanState
from app.telework.service import Office, list_plans

# The days whose reports are listed at least, whatever month is shown.
DAYS_BACK = timedelta(days=14)
# At the end of a month the weeks after it are what one plans.
SHOWN_AHEAD = timedelta(days=14)
EMPLOYMENTS = {one.value: one for one in Employment}


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the grid. `open`: it can still be planned; `closed`: the office is, by the calendar."""

    on: date
    plans: Mapping[Half, TeleworkPlan]
    open: bool
    closed: bool

    @property
    def is_away(self) -> bool:
        """Whether both halves are planned away from the office."""
        return all(
            half in self.plans and self.plans[half].stands and self.plans[half].kind is not PlanKind.OFFICE
            for half in Half
        )


@dataclass(frozen=True, slots=True)
class Week:
    monday: date
    days: list[Day]

    @property
    def is_over(self) -> bool:
        """Whether nothing of it can be planned any more."""
        return not any(day.open for day in self.days)

    def holds(self, on: date) -> bool:
        return self.monday <= on < self.monday + timedelta(days=7)


@dataclass(frozen=True, slots=True)
class OwnPage:
    """A person's month. `coming`: plans of today and later by day; `reports`: by day, the latest first, what they can
    tell of since the month began, or of the last two weeks; `frozen`: there is more, in closed months; `undo`: ids of
    what was withdrawn just now; `due_at`: the deadline for the next working day, `due_on`."""

    on: date
    weeks: list[Week]
    rule: Rule | None
    standings: list[Standing]
    coming: list[list[TeleworkPlan]]
    reports: list[list[TeleworkPlan]]
    frozen: bool
    undo: frozenset[int]
    names: Mapping[int, str]
    due_at: datetime | None
    due_on: date

    @property
    def over(self) -> list[Week]:
        """The weeks that are shown folded: those of which nothing can be planned any more, but for the chosen one."""
        return [one for one in self.weeks if one.is_over and not one.holds(self.on)]

    @property
    def by_hours(self) -> bool:
        return self.rule is None or self.rule.unit in {Unit.HOUR, Unit.MINUTE}

    @property
    def by_days(self) -> bool:
        return self.rule is not None and self.rule.unit is Unit.DAY


def may_report(plan: TeleworkPlan) -> bool:
    """Whether the person can tell what was done in a half-day, once it has come."""
    return plan.state is PlanState.APPROVED and plan.kind in REPORTED


def own_page(session: Session, *, person: Person, on: date, now: datetime, office: Office) -> OwnPage:
    """The month that a day lies in, week by week, and two weeks from the day on at least; with what is left of the caps
    on that day."""
    today = office.day(now)
    calendar = working_days(session, on.year)
    first, last = period(Limit.MONTH, on)
    monday, sunday = period(Limit.WEEK, first)[0], period(Limit.WEEK, max(last, on + SHOWN_AHEAD))[1]
    counted_from, counted_to = around([on])
    told_from = min(first, today - DAYS_BACK)
    plans = list_plans(
        session,
        user_id=person.id,
        first=min(monday, counted_from, told_from),
        last=max(sunday, counted_to, today),
    )
    by_day: dict[date, list[TeleworkPlan]] = {}
    for plan in plans:
        by_day.setdefault(plan.on_date, []).append(plan)
    closed = set(session.scalars(select(ClosedDay.on_date).where(ClosedDay.on_date >= today)))

    def day(when: date) -> Day:
        return Day(
            when,
            {plan.half: plan for plan in by_day.get(when, ())},
            open=when >= today and when not in closed,
            closed=not calendar.is_working(when),
        )

    weeks = []
    for number in range((sunday - monday).days // 7 + 1):
        begins = monday + timedelta(days=7 * number)
        days = [day(begins + timedelta(days=one)) for one in range(7)]
        weeks.append(
            Week(begins, [one for one in days if one.on.weekday() < 5 or not one.closed or one.plans])
        )
    rule = rulebook(session).rule_on(governed(session, [person.id])[person.id])(on)
    cells = [office.cell_of(plan) for plan in plans if plan.stands]
    away = {when: theirs for when, theirs in by_day.items() if _matters(theirs)}
    reports = _reports(plans, told_from, today)
    frozen = closed_among(session, [today, *reports])
    next_day = calendar.next_working(today + timedelta(days=1))
    return OwnPage(
        on,
        weeks,
        rule,
        standings(cells, rule, on, calendar),
        [theirs for when, theirs in away.items() if when >= today],
        [theirs for when, theirs in reports.items() if when not in frozen],
        not frozen.isdisjoint(reports),
        _undo(session, person.id, now),
        names(session, {plan.decided_by for plan in plans if plan.decided_by is not None}),
        due_at(rule, next_day, calendar, office.timezone) if rule else None,
        next_day,
    )


def _reports(plans: Sequence[TeleworkPlan], first: date, last: date) -> dict[date, list[TeleworkPlan]]:
    """What can be told of, by day, the latest first."""
    by_day: dict[date, list[TeleworkPlan]] = {}
    for plan in plans:
        if first <= plan.on_date <= last and may_report(plan):
            by_day.setdefault(plan.on_date, []).append(plan)
    return {on: by_day[on] for on in sorted(by_day, reverse=True)}


def _matters(plans: Sequence[TeleworkPlan]) -> bool:
    return any(plan.kind is not PlanKind.OFFICE for plan in plans)


def _undo(session: Session, user_id: int, now: datetime) -> frozenset[int]:
    latest = session.scalars(
        select(Event).where(
            Event.subject == f"user:{user_id}",
            Event.kind == "telework.withdrawn",
            Event.at >= now - UNDO_WITHIN,
        )
    )
    return frozenset(one.data["plan_id"] for one in latest if "plan_id" in one.data)


@dataclass(frozen=True, slots=True)
class RulesPage:
    """Every rule with the section it is for; `held`: ids of those in effect; `until`: the last day before another
    rule takes a rule's place."""

    rules: list[TeleworkRule]
    held: set[int]
    until: Mapping[int, date | None]
    sections: Mapping[int, Section]
    breakers: list[Breaker]


def rules_page(session: Session, on: date, office: Office) -> RulesPage:
    """The rules, the latest first, and who breaks one with what is planned."""
    rows = ruling.list_rules(session)
    return RulesPage(
        rows[::-1],
        ruling.in_effect(rows, on),
        {row.id: ruling.succeeded_on(rows, row) for row in rows},
        {one.id: one for one in list_sections(session)},
        ruling.breaks_now(session, on, office),
    )


@dataclass(frozen=True, slots=True)
class DeputiesPart:
    """The deputies of one's own, or of everybody; who can be named, and for whom."""

    named: list[Named]
    chiefs: list[User]
    people: list[User]


def deputies_part(session: Session, *, actor: Person, chief_id: int | None) -> DeputiesPart:
    """`chief_id`: whose; None: everybody's, as personnel sees them."""
    people = list_people(session, on=actor.on)
    return DeputiesPart(
        list_deputies(session, actor.on, chief_id=chief_id),
        [one for one in people if one.role.value == "chief" and chief_id in {None, one.id}],
        [one for one in people if one.role.value not in {"kiosk", "service"} and one.id != chief_id],
    )
