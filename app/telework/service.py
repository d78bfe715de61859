"""Plans as they are stored, and closing a day. Whether the rules allow a plan: `app.telework.requesting`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, or_, select, tuple_
from sqlalchemy.orm import Session

from app import events
from app.errors import Conflict
from app.people.models import Membership, User
from app.people.service import Person, staff_ids
from app.settings import Keeping, OfficeHours, Settings
from app.telework.caps.rules import Cell
from app.telework.daylog.evidence import Facts, write
from app.telework.daylog.presence import presence
from app.telework.daylog.rules import check_ins
from app.telework.guards import hold_month
from app.telework.models import ClosedDay, HalfDay, TeleworkPlan
from app.telework.rules import STANDING, Half, Part, Plan, PlanKind, PlanState, classify
from app.timespan import TimeSpan, day_span
from app.working_days import WorkingDays

CATCH_UP_DAYS = 40
# Where a half-day stands in the log: its day, its person's id, the half.
Place = tuple[date, int, str]


# By person, the halves of a day in which they never work; rotations know.
OffOn = Callable[[Session, date, "Office"], Mapping[int, Collection[Half]]]


@dataclass(frozen=True, slots=True)
class Office:
    """What of the office a day's classes depend on. `presence_kept`: what is older has no bookings to look at."""

    timezone: ZoneInfo
    hours: OfficeHours
    presence_kept: timedelta = Keeping().presence

    @classmethod
    def of(cls, settings: Settings) -> Office:
        return cls(settings.timezone, settings.hours, settings.keeping.presence)

    def window(self, on: date, half: Half) -> TimeSpan:
        """The hours of a half-day."""
        if half is Half.AM:
            return day_span(on, self.timezone, self.hours.start, self.hours.noon_start)
        return day_span(on, self.timezone, self.hours.noon_end, self.hours.end)

    def is_ahead(self, on: date, half: Half, now: datetime) -> bool:
        """Whether a half-day is still to be planned. One that has begun is as it is: whoever sits at home or in the
        office is not moved any more, and no plan of it is rewritten."""
        return self.window(on, half).start > now

    def open_on(self, on: date) -> TimeSpan:
        """The office hours of a day."""
        return day_span(on, self.timezone, self.hours.start, self.hours.end)

    def hours_of(self, half: Half) -> Part:
        """The same by the office's clock."""
        hours = self.hours
        if half is Half.AM:
            return Part(hours.start, hours.noon_start)
        return Part(hours.noon_end, hours.end)

    def part(self, half: Half, starts: time, ends: time) -> Part | None:
        """What of a half-day lies between two times; None: nothing."""
        whole = self.hours_of(half)
        starts, ends = max(whole.starts, starts), min(whole.ends, ends)
        return Part(starts, ends) if starts < ends else None

    def cell(self, on: date, half: Half, kind: PlanKind, part: Part | None) -> Cell:
        """A half-day, or a part of it, by its minutes: those which lie in the office's hours."""
        whole = self.hours_of(half).minutes
        inside = part and self.part(half, part.starts, part.ends)
        return Cell(on, half, kind, whole if part is None else inside.minutes if inside else 0, whole)

    def cell_of(self, plan: TeleworkPlan) -> Cell:
        """A plan by its minutes."""
        return self.cell(plan.on_date, plan.half, plan.kind, plan.part)

    def span_of(self, plan: TeleworkPlan) -> TimeSpan | None:
        """The office hours that a plan of a part of a half-day is for; None: all of them, or none."""
        inside = plan.part and self.part(plan.half, plan.part.starts, plan.part.ends)
        return day_span(plan.on_date, self.timezone, inside.starts, inside.ends) if inside else None

    def elsewhere(self, on: date, half: Half) -> TimeSpan:
        """From when until when somebody is away who is so for all of a half-day: with the time before the office opens
        or after it closes, and with the break beside it."""
        day = day_span(on, self.timezone)
        if half is Half.AM:
            return TimeSpan(day.start, self.window(on, Half.PM).start)
        return TimeSpan(self.window(on, Half.AM).end, day.end)

    def away(self, plan: TeleworkPlan) -> TimeSpan:
        """The same by a plan of a half-day, or of a part of it."""
        all_of_it, whole = self.elsewhere(plan.on_date, plan.half), self.hours_of(plan.half)
        part = plan.part or whole
        exact = day_span(plan.on_date, self.timezone, part.starts, part.ends)
        return TimeSpan(
            all_of_it.start if part.starts <= whole.starts else exact.start,
            all_of_it.end if part.ends >= whole.ends else exact.end,
        )

    def closes_at(self, on: date) -> datetime:
        """When a day closes: at 04:00 of the next, by default."""
        return day_span(on + timedelta(days=1), self.timezone, self.hours.day_closes, time(23, 59)).start

    def day(self, at: datetime) -> date:
        return at.astimezone(self.timezone).date()


def check_open(session: Session, on: date) -> None:
    """That a day has not been closed. Raises Conflict `telework.day_closed`."""
    if session.get(ClosedDay, on):
        raise Conflict("telework.day_closed", on=on.isoformat())


def put_plan(
    session: Session,
    *,
    actor: Person,
    on: date,
    half: Half,
    kind: PlanKind,
    now: datetime,
    part: Part | None = None,
) -> TeleworkPlan:
    """Plan one's own half-day, or a part of it; a changed plan needs approval again. An approval whose place it takes
    is gone, and named in the event.

    Raises Conflict `telework.day_closed`.
    """
    check_open(session, on)
    plan = session.scalar(
        select(TeleworkPlan).where(
            TeleworkPlan.user_id == actor.id, TeleworkPlan.on_date == on, TeleworkPlan.half == half
        )
    )
    starts, ends = (part.starts, part.ends) if part else (None, None)
    replaced = plan.kind if plan is not None and plan.state is PlanState.APPROVED else None
    if plan is None:
        plan = TeleworkPlan(user_id=actor.id, on_date=on, half=half)
        session.add(plan)
    elif plan.stands and (plan.kind, plan.starts, plan.ends) == (kind, starts, ends):
        return plan
    plan.kind, plan.starts, plan.ends = kind, starts, ends
    plan.state, plan.requested_at, plan.approved_at, plan.approved_by = PlanState.REQUESTED, now, None, None
    plan.decided_at, plan.decided_by, plan.reason = None, None, ""
    plan.reported_at, plan.report = None, ""
    session.flush()
    events.record(
        session,
        "telework.planned",
        f"user:{actor.id}",
        at=now,
        actor_id=actor.id,
        on=on.isoformat(),
        half=half,
        to=kind,
        **({"starts": starts.isoformat(), "ends": ends.isoformat()} if starts and ends else {}),
        **({"replaced": replaced.value} if replaced else {}),
    )
    return plan


def list_plans(session: Session, *, user_id: int, first: date, last: date) -> list[TeleworkPlan]:
    """A person's plans of the days from `first` to `last`, in order."""
    return list(
        session.scalars(
            select(TeleworkPlan)
            .where(TeleworkPlan.user_id == user_id, TeleworkPlan.on_date.between(first, last))
            .order_by(TeleworkPlan.on_date, TeleworkPlan.half)
        )
    )


def list_days(
    session: Session,
    *,
    first: date,
    last: date,
    user_id: int | None = None,
    section_id: int | None = None,
    after: Place | None = None,
    limit: int | None = None,
) -> list[tuple[HalfDay, str, str]]:
    """Half-days with the person's name and kana, by day and kana; of a section by the membership of the day. With a
    `limit` at most so many after a place, in the order of places."""
    place = (HalfDay.on_date, HalfDay.user_id, HalfDay.half)
    by_kana = (HalfDay.on_date, User.kana, User.id, HalfDay.half)
    query = (
        select(HalfDay, User.name, User.kana)
        .join(User, User.id == HalfDay.user_id)
        .where(HalfDay.on_date.between(first, last))
        .order_by(*(by_kana if limit is None else place))
        .limit(limit)
    )
    if after is not None:
        query = query.where(tuple_(*place) > after)
    if user_id is not None:
        query = query.where(HalfDay.user_id == user_id)
    if section_id is not None:
        query = query.join(
            Membership,
            (Membership.user_id == HalfDay.user_id)
            & (Membership.section_id == section_id)
            & (Membership.from_on <= HalfDay.on_date)
            & (Membership.until_on.is_(None) | (Membership.until_on >= HalfDay.on_date)),
        )
    return [(half_day, name, kana) for half_day, name, kana in session.execute(query)]


def planned_arrivals(
    session: Session, people: Sequence[tuple[int, datetime]], office: Office
) -> dict[tuple[int, datetime], datetime]:
    """When people mean to come, by (user, booking's start): at home in the morning means noon's end (RULES 7), at home
    for a first part of it the end of that."""
    if not people:
        return {}
    mornings = {(user_id, office.day(start)): (user_id, start) for user_id, start in people}
    rows = session.execute(
        select(TeleworkPlan.user_id, TeleworkPlan.on_date, TeleworkPlan.ends).where(
            tuple_(TeleworkPlan.user_id, TeleworkPlan.on_date).in_(list(mornings)),
            TeleworkPlan.half == Half.AM,
            TeleworkPlan.kind != PlanKind.OFFICE,
            TeleworkPlan.state.in_(STANDING),
            or_(TeleworkPlan.starts.is_(None), TeleworkPlan.starts <= office.hours.start),
        )
    )
    noon = office.hours.noon_start
    comes = {
        (user_id, on): office.hours.noon_end if ends is None or ends >= noon else ends
        for user_id, on, ends in rows
    }
    return {
        (user_id, start): datetime.combine(
            office.day(start), comes[user_id, office.day(start)], office.timezone
        )
        for user_id, start in people
        if (user_id, office.day(start)) in comes
    }


def days_to_close(session: Session, now: datetime, office: Office) -> list[date]:
    """Days that are over and not yet closed, oldest first, back to the last closed one."""
    last = session.scalar(select(func.max(ClosedDay.on_date)))
    today = office.day(now)
    first = last + timedelta(days=1) if last else today - timedelta(days=1)
    first = max(first, today - timedelta(days=CATCH_UP_DAYS))
    return [
        on
        for n in range((today - first).days + 1)
        if office.closes_at(on := first + timedelta(days=n)) <= now
    ]


def nobody_off(_session: Session, _on: date, _office: Office) -> Mapping[int, Collection[Half]]:
    """Everybody works in every half-day."""
    return {}


def close_day(
    session: Session,
    on: date,
    now: datetime,
    office: Office,
    calendar: WorkingDays,
    *,
    off_on: OffOn = nobody_off,
) -> list[HalfDay]:
    """Write everybody's half-days of a day; running it again writes them anew from what is known then. A new conflict
    between plan and check-in is told to its person. Raises Conflict `telework.month_closed`."""
    if hold_month(session, on):
        raise Conflict("telework.month_closed", on=on.isoformat())
    day = day_span(on, office.timezone)
    people = staff_ids(session, on=on, day_began_at=day.start)
    plans = {
        (plan.user_id, plan.half): plan
        for plan in session.scalars(
            select(TeleworkPlan).where(TeleworkPlan.on_date == on, TeleworkPlan.state.in_(STANDING))
        )
    }
    cells = {key: office.cell_of(plan) for key, plan in plans.items()}
    by_hand, inferred = presence(
        session, day, office.open_on(on).end, _away(plans.values(), office), office.timezone
    )
    known = {
        (one.user_id, one.half): one for one in session.scalars(select(HalfDay).where(HalfDay.on_date == on))
    }
    working, holiday = calendar.is_working(on), calendar.holidays.get(on, "")
    off = off_on(session, on, office)
    written = []
    changed = 0
    conflicts: dict[int, list[Half]] = defaultdict(list)
    for user_id in people:
        for half in Half:
            cell, window = cells.get((user_id, half)), office.window(on, half)
            plan = plans[user_id, half] if cell is not None and cell.fills else None
            minutes = _telework_minutes(plans[user_id, half], cell) if working and cell else 0
            result = classify(
                window,
                working=working,
                is_off=half in off.get(user_id, ()) and not minutes,
                plan=_planned(plan, office) if plan else None,
                by_hand=by_hand.get(user_id, ()),
                inferred=inferred.get(user_id, ()),
            )
            one = known.get((user_id, half)) or HalfDay(user_id=user_id, on_date=on, half=half)
            if result.conflict and not one.conflict:
                conflicts[user_id].append(half)
            found = check_ins(window, by_hand.get(user_id, ()), inferred.get(user_id, ()))
            if write(one, result, Facts(plan, found, holiday, minutes)):
                one.classified_at = now
                session.add(one)
                changed += 1
            written.append(one)
    _note_closed(session, on, now, half_days=len(written), changed=changed)
    events.record_many(
        session,
        [
            {
                "at": now,
                "kind": "telework.conflict",
                "subject": f"user:{user_id}",
                "data": {"user_id": user_id, "on": on.isoformat(), "halves": halves},
            }
            for user_id, halves in conflicts.items()
        ],
    )
    return written


def _away(plans: Iterable[TeleworkPlan], office: Office) -> dict[int, list[TimeSpan]]:
    """When people are elsewhere as approved."""
    away: dict[int, list[TimeSpan]] = defaultdict(list)
    for plan in plans:
        if plan.approved_at is not None and plan.kind is not PlanKind.OFFICE:
            away[plan.user_id].append(office.away(plan))
    return away


def _planned(plan: TeleworkPlan, office: Office) -> Plan:
    return Plan(
        plan.kind, plan.approved_at is not None, plan.reported_at is not None, span=office.span_of(plan)
    )


def _telework_minutes(plan: TeleworkPlan, cell: Cell) -> int:
    """What is approved of telework in a half-day, be it less than makes one."""
    return cell.minutes if cell.is_remote and plan.approved_at is not None else 0


def _note_closed(session: Session, on: date, now: datetime, *, half_days: int, changed: int) -> None:
    """The day is written: for the first time, or anew; where nothing changed the log of events needs no word of it."""
    closed = session.get(ClosedDay, on)
    if closed is None:
        session.add(ClosedDay(on_date=on, closed_at=now))
        events.record(session, "telework.day_closed", f"day:{on.isoformat()}", at=now, half_days=half_days)
    else:
        closed.closed_at = now
        if changed:
            events.record(
                session, "telework.day_written_anew", f"day:{on.isoformat()}", at=now, changed=changed
            )
    session.flush()
