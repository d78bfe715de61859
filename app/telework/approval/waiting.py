"""What waits for somebody's decision, each request with what it breaks of the rules."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.calendar import working_days
from app.database import lock_rows
from app.people.service import Person
from app.telework.approval.service import Approved, Authority, approve_many, authority
from app.telework.caps.rules import (
    Breach,
    Cell,
    Limit,
    breaches,
    concerning,
    lateness,
    period,
    shortage,
)
from app.telework.caps.service import (
    Governed,
    OwnTerminals,
    Rulebook,
    around,
    cells_of,
    governed,
    nobody,
    rulebook,
)
from app.telework.guards import closed_among
from app.telework.models import TeleworkPlan
from app.telework.rules import REMOTE, STANDING, Half, PlanKind, PlanState
from app.telework.service import Office

# Requests of days that are over can still be decided on, so long after.
BACK = timedelta(days=40)
AHEAD = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Asked:
    """A person's requests and approved plans of some days; of each plan what it breaks."""

    person: Governed
    plans: list[TeleworkPlan]
    broken: Mapping[int, list[Breach]]

    @property
    def waiting(self) -> list[TeleworkPlan]:
        return [plan for plan in self.plans if plan.state is PlanState.REQUESTED]

    @property
    def clean(self) -> list[TeleworkPlan]:
        """What waits and breaks no rule."""
        return [plan for plan in self.waiting if not self.broken.get(plan.id)]

    @property
    def breaches(self) -> list[Breach]:
        """What the waiting ones break, each once."""
        return list(dict.fromkeys(one for plan in self.waiting for one in self.broken.get(plan.id, ())))

    def plan_of(self, on: date, half: Half) -> TeleworkPlan | None:
        """The plan of a half-day, if there is one."""
        return next((one for one in self.plans if (one.on_date, one.half) == (on, half)), None)


def asked(
    session: Session,
    first: date,
    last: date,
    *,
    actor: Person,
    office: Office,
    own_terminals: OwnTerminals = nobody,
) -> list[Asked]:
    """The plans away from the office, from a day to another, of those for whom somebody decides; by their kana."""
    everybody = governed(session)
    who = authority(session, actor.on)
    people = {
        user_id: person for user_id, person in everybody.items() if _may_ever(who, actor, person, first, last)
    }
    if not people:
        return []
    mine: dict[int, list[TeleworkPlan]] = defaultdict(list)
    for plan in _plans(session, people, first, last):
        if who.may(actor, people[plan.user_id], plan.on_date):
            mine[plan.user_id].append(plan)
    judge = _Judge(session, mine, everybody, office, own_terminals)
    return [
        Asked(person, mine[user_id], judge.of(person, mine[user_id]))
        for user_id, person in people.items()
        if user_id in mine
    ]


def _may_ever(who: Authority, actor: Person, person: Governed, first: date, last: date) -> bool:
    """Whether somebody decides on a person's plan for any of these days: it changes where a stay begins or ends."""
    changes = [stay.from_on for stay in person.stays]
    changes += [stay.until_on + timedelta(days=1) for stay in person.stays if stay.until_on]
    return any(who.may(actor, person, on) for on in (first, *(one for one in changes if first < one <= last)))


def _plans(session: Session, user_ids: Iterable[int], first: date, last: date) -> Sequence[TeleworkPlan]:
    query = select(TeleworkPlan).where(
        TeleworkPlan.user_id.in_(list(user_ids)),
        TeleworkPlan.on_date.between(first, last),
        TeleworkPlan.state.in_(STANDING),
        TeleworkPlan.kind != PlanKind.OFFICE,
    )
    ordered = query.order_by(TeleworkPlan.on_date, TeleworkPlan.half, TeleworkPlan.id)
    return session.scalars(ordered, execution_options={"populate_existing": True}).all()


class _Judge:
    """Looks at many people's plans with what is loaded once."""

    def __init__(
        self,
        session: Session,
        plans: Mapping[int, list[TeleworkPlan]],
        everybody: Mapping[int, Governed],
        office: Office,
        own_terminals: OwnTerminals,
    ) -> None:
        days = sorted({plan.on_date for theirs in plans.values() for plan in theirs})
        self._zone = office.timezone
        self._book: Rulebook = rulebook(session)
        self._cells: dict[int, list[Cell]] = {}
        self._short: dict[int, Breach] = {}
        if days:
            self._calendar = working_days(session, days[len(days) // 2].year)
            self._cells = cells_of(session, list(plans), *around(days), office)
            self._short = self._shortages(session, days, everybody, own_terminals)

    def of(self, person: Governed, plans: Iterable[TeleworkPlan]) -> dict[int, list[Breach]]:
        """What each of a person's plans breaks; absent where nothing."""
        rule_on = self._book.rule_on(person)
        every = breaches(self._cells[person.user_id], rule_on, self._calendar)
        found: dict[int, list[Breach]] = {}
        for plan in plans:
            rule = rule_on(plan.on_date)
            if plan.kind in REMOTE and rule is not None:
                late = lateness(rule, plan.on_date, plan.requested_at, self._calendar, self._zone)
                theirs = (*concerning(every, [plan.on_date]), late, self._short.get(plan.id))
                found[plan.id] = [one for one in theirs if one is not None]
        return found

    def _shortages(
        self,
        session: Session,
        days: Collection[date],
        everybody: Mapping[int, Governed],
        own_terminals: OwnTerminals,
    ) -> dict[int, Breach]:
        """The plans at home for which no terminal is left, first come, first served; approved ones come first."""
        limited = [rule for rule in self._book.rules if rule.terminals is not None]
        if not limited:
            return {}
        own = own_terminals(session)
        halves: dict[tuple[date, Half], list[tuple[int, int]]] = defaultdict(list)
        for plan_id, user_id, on, half in session.execute(_at_home(days)):
            if user_id in everybody and user_id not in own:
                halves[on, half].append((plan_id, user_id))
        found: dict[int, Breach] = {}
        for rule in limited:
            for (on, _half), at_home in halves.items():
                theirs = [one for one in at_home if self._book.lends(rule, everybody[one[1]], on)]
                short = shortage(rule, on, len(theirs))
                for plan_id, user_id in theirs[rule.terminals :] if short else ():
                    if short is not None and self._book.rule_on(everybody[user_id])(on) == rule:
                        found[plan_id] = short
        return found


def _at_home(days: Collection[date]) -> Select[int, int, date, Half]:
    return (
        select(TeleworkPlan.id, TeleworkPlan.user_id, TeleworkPlan.on_date, TeleworkPlan.half)
        .where(
            TeleworkPlan.on_date.in_(days),
            TeleworkPlan.kind == PlanKind.HOME,
            TeleworkPlan.state.in_(STANDING),
        )
        .order_by(TeleworkPlan.state == PlanState.REQUESTED, TeleworkPlan.requested_at, TeleworkPlan.id)
    )


@dataclass(frozen=True, slots=True)
class Week:
    """A week as who decides sees it. `at_home`: how many of theirs, by half-day; `waiting`: requests, by Mondays."""

    monday: date
    days: list[date]
    rows: list[Asked]
    at_home: Mapping[tuple[date, Half], int] = field(default_factory=dict)
    waiting: Mapping[date, int] = field(default_factory=dict)

    @property
    def clean(self) -> list[TeleworkPlan]:
        return [plan for row in self.rows for plan in row.clean]


def week(
    session: Session,
    on: date | None,
    *,
    actor: Person,
    today: date,
    office: Office,
    own_terminals: OwnTerminals = nobody,
) -> Week:
    """The week of a day, or the first in which something waits, from that of today on where there is a choice."""
    span = (today - BACK, today + AHEAD)
    everything = asked(session, *span, actor=actor, office=office, own_terminals=own_terminals)
    waiting = Counter(period(Limit.WEEK, plan.on_date)[0] for row in everything for plan in row.waiting)
    this = period(Limit.WEEK, today)[0]
    if on is None:
        ahead = sorted(one for one in waiting if one >= this)
        on = ahead[0] if ahead else max(waiting, default=this)
    monday, sunday = period(Limit.WEEK, on)
    calendar = working_days(session, monday.year)
    days = [monday + timedelta(days=number) for number in range(7)]
    rows = []
    for row in everything:
        theirs = [plan for plan in row.plans if monday <= plan.on_date <= sunday]
        if theirs:
            rows.append(Asked(row.person, theirs, row.broken))
    rows.sort(key=lambda row: not row.waiting)
    planned = {plan.on_date for row in rows for plan in row.plans}
    at_home = Counter((plan.on_date, plan.half) for row in rows for plan in row.plans if plan.kind in REMOTE)
    shown = [one for one in days if calendar.is_working(one) or one in planned]
    return Week(monday, shown, rows, at_home, dict(sorted(waiting.items())))


def approve_week(
    session: Session,
    on: date,
    *,
    actor: Person,
    now: datetime,
    office: Office,
    seen_at: datetime | None = None,
    own_terminals: OwnTerminals = nobody,
) -> Approved:
    """Approve what waits in a week, was asked for by `seen_at` and breaks no rule, but in a closed month; the rest is
    left to look at."""
    first, last = period(Limit.WEEK, on)
    before = asked(session, first, last, actor=actor, office=office)
    lock_rows(session, "person", {row.person.user_id for row in before})
    found = asked(session, first, last, actor=actor, office=office, own_terminals=own_terminals)
    clean = [plan for row in found for plan in row.clean]
    closed = closed_among(session, {plan.on_date for plan in clean})
    ids = [plan.id for plan in clean if plan.on_date not in closed]
    done = approve_many(session, ids, actor=actor, now=now, seen_at=seen_at, office=office)
    approved = {plan.id for plan in done.approved}
    return Approved(done.approved, [plan for row in found for plan in row.waiting if plan.id not in approved])
