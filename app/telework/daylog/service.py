"""Reading the day log: what each half-day was, what it rests on, what people said of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from app.errors import Forbidden, NotFound
from app.people import lookup
from app.people.models import SEES_ALL, Role, Section, User
from app.people.sections import reach_of
from app.people.service import Person, list_sections, names
from app.telework.daylog import rules
from app.telework.daylog.correcting import get_half_day, is_of_section
from app.telework.daylog.models import ClosedMonth, HalfDayCorrection
from app.telework.daylog.rules import Form, Voice
from app.telework.models import HalfDay
from app.telework.rules import Confidence, DayClass
from app.telework.service import Place, list_days


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks at the log, on which day; `wait`: how long a conflict is its person's alone."""

    id: int
    today: date
    wait: timedelta


@dataclass(frozen=True, slots=True)
class Logged:
    """A half-day as it is shown to somebody.

    `found` and `reason`: what the system found. `said`: what people said of it, in order. `conflict`: it awaits the
    person's answer. `hidden`: there is one that is not shown to this reader yet, nor what it rests on.
    """

    row: HalfDay
    name: str
    kana: str
    said: tuple[HalfDayCorrection, ...]
    frozen: bool
    reason: str
    conflict: bool
    hidden: bool = False

    @property
    def found(self) -> DayClass:
        return self.row.day_class

    @property
    def last(self) -> HalfDayCorrection | None:
        return self.said[-1] if self.said else None

    @property
    def day_class(self) -> DayClass:
        """What counts: the last word of people, else what the system found."""
        return self.last.to_class if self.last else self.found

    @property
    def form(self) -> Form | None:
        return rules.form_of(self.day_class, self.row.form)

    @property
    def telework_minutes(self) -> int | None:
        """Of telework in it, be it less than makes a half-day; None: all of it."""
        return rules.telework_minutes(self.found, self.day_class, self.row.telework_minutes)

    @property
    def confidence(self) -> Confidence:
        return rules.confidence(self.reason, (self.last.to_class, self.last.voice) if self.last else None)

    @property
    def awaits_confirmation(self) -> bool:
        """The person spoke, and nobody else has since."""
        return self.last is not None and self.last.voice is Voice.OWN


def list_log(
    session: Session,
    viewer: Viewer,
    *,
    first: date,
    last: date,
    user_id: int | None = None,
    section_id: int | None = None,
    after: Place | None = None,
    limit: int | None = None,
) -> list[Logged]:
    """Half-days as `app.telework.service.list_days` orders them, as they are shown to somebody; three queries. With a
    `limit` at most so many after a place.

    Who looks at somebody else's notes it (`note_look`).
    """
    rows = list_days(
        session,
        first=first,
        last=last,
        user_id=user_id,
        section_id=section_id,
        after=after,
        limit=limit,
    )
    return _logged(session, viewer, rows, first, last)


def get_logged(session: Session, viewer: Viewer, half_day_id: int, *, actor: Person) -> Logged:
    """One half-day, to its person, the chief of its section of that day, personnel and the auditor.

    Raises NotFound `telework.day_unknown`, Forbidden `telework.not_allowed`.
    """
    row = get_half_day(session, half_day_id)
    is_chief = actor.role is Role.CHIEF and is_of_section(session, row, actor)
    if row.user_id != actor.id and actor.role not in SEES_ALL and not is_chief:
        raise Forbidden("telework.not_allowed", why="days")
    user = session.get_one(User, row.user_id)
    return _logged(session, viewer, [(row, user.name, user.kana)], row.on_date, row.on_date)[0]


def place(logged: Logged) -> Place:
    """Where a half-day stands in the log, whatever its person is called by then."""
    return logged.row.on_date, logged.row.user_id, logged.row.half.value


def _logged(
    session: Session, viewer: Viewer, rows: Sequence[tuple[HalfDay, str, str]], first: date, last: date
) -> list[Logged]:
    said = _said(session, [row.id for row, *_named in rows])
    closed = closed_within(session, first, last)
    return [
        as_seen(
            Logged(
                row,
                name,
                kana,
                tuple(said.get(row.id, ())),
                any(one.first_on <= row.on_date <= one.last_on for one in closed),
                row.reason,
                row.conflict and row.id not in said,
            ),
            viewer,
        )
        for row, name, kana in rows
    ]


def as_seen(logged: Logged, viewer: Viewer) -> Logged:
    """As it is shown to somebody: a conflict is its person's alone at first, and until then the plan stands."""
    row = logged.row
    if not row.conflict or rules.is_shown(
        row.on_date,
        is_own=row.user_id == viewer.id,
        is_answered=bool(logged.said),
        today=viewer.today,
        wait=viewer.wait,
    ):
        return logged
    plan = row.evidence.get("plan") or {}
    reason = rules.before_the_conflict(is_reported=plan.get("reported_at") is not None)
    return replace(logged, reason=reason, conflict=False, hidden=True)


def closed_within(session: Session, first: date, last: date) -> list[ClosedMonth]:
    """The closed months that days from `first` to `last` lie in, in order."""
    return list(
        session.scalars(
            select(ClosedMonth)
            .where(ClosedMonth.first_on <= last, ClosedMonth.last_on >= first)
            .order_by(ClosedMonth.first_on)
        )
    )


# What counts of a half-day, in a query that `effective` began.
COUNTS_AS = func.coalesce(HalfDayCorrection.to_class, HalfDay.day_class)


def effective(*columns: Any) -> Select[Any]:
    """A query of half-days for figures: the columns given and, last, the class that counts."""
    last = (
        select(HalfDayCorrection.half_day_id, func.max(HalfDayCorrection.id).label("id"))
        .group_by(HalfDayCorrection.half_day_id)
        .subquery()
    )
    return (
        select(*columns, COUNTS_AS.label("day_class"))
        .select_from(HalfDay)
        .outerjoin(last, last.c.half_day_id == HalfDay.id)
        .outerjoin(HalfDayCorrection, HalfDayCorrection.id == last.c.id)
    )


def open_conflicts(session: Session, user_id: int) -> int:
    """How many conflicts await a person's answer, in open months."""
    return (
        session.scalar(
            select(func.count())
            .select_from(HalfDay)
            .where(
                HalfDay.user_id == user_id,
                HalfDay.conflict,
                HalfDay.id.not_in(select(HalfDayCorrection.half_day_id)),
                ~select(ClosedMonth.id)
                .where(ClosedMonth.first_on <= HalfDay.on_date, ClosedMonth.last_on >= HalfDay.on_date)
                .exists(),
            )
        )
        or 0
    )


def _said(session: Session, ids: Collection[int]) -> Mapping[int, list[HalfDayCorrection]]:
    found: dict[int, list[HalfDayCorrection]] = defaultdict(list)
    for one in session.scalars(
        select(HalfDayCorrection).where(HalfDayCorrection.half_day_id.in_(ids)).order_by(HalfDayCorrection.id)
    ):
        found[one.half_day_id].append(one)
    return found


def names_in(session: Session, logged: Iterable[Logged]) -> dict[int, str]:
    """The names of whoever stands in the evidence or spoke; one query."""
    found: set[int] = set()
    for one in logged:
        found |= {said.made_by for said in one.said}
        if approver := (one.row.evidence.get("plan") or {}).get("approved_by"):
            found.add(approver)
    return names(session, found)


def plan_of(plan: Mapping[str, Any], known: Mapping[int, str]) -> dict[str, Any]:
    """A plan as it stands in the evidence, with instants and its approver's name."""
    return {
        "kind": plan["kind"],
        "approved_by": known.get(plan["approved_by"] or 0),
        **{
            name: datetime.fromisoformat(plan[name]) if plan[name] else None
            for name in ("approved_at", "reported_at")
        },
    }


def note_look(session: Session, user_id: int, *, actor: Person, now: datetime) -> None:
    """Somebody looks at another's days, which the person is told of (RULES 20). Raises NotFound `user.unknown`."""
    if session.get(User, user_id) is None:
        raise NotFound("user.unknown", user_id=user_id)
    lookup.note_look(session, user_id, actor=actor, now=now)


def name_of(session: Session, user_id: int) -> str:
    """Somebody's name, "" of nobody."""
    return names(session, [user_id]).get(user_id, "")


def sections_seen(session: Session, person: Person) -> list[Section]:
    """The sections whose log somebody sees, in the order of their codes: all, a chief's own and those below, none."""
    if person.role in SEES_ALL:
        return list_sections(session)
    if person.role is Role.CHIEF:
        reach = reach_of(session, person.section_ids)
        return [one for one in list_sections(session) if one.id in reach]
    return []


def check_sees_section(session: Session, section_id: int | None, *, actor: Person) -> None:
    """That somebody sees the log of a whole section: a chief of it, or of one above. Raises Forbidden
    `telework.not_allowed`."""
    if actor.role in SEES_ALL:
        return
    if actor.role is not Role.CHIEF or section_id not in reach_of(session, actor.section_ids):
        raise Forbidden("telework.not_allowed", why="days")
