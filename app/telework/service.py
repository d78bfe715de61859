"""Planning, approving, and closing a day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Select, func, select, tuple_
from sqlalchemy.orm import Session

from app import events
from app.bookings.absence import booked_inside
from app.bookings.models import Booking
from app.bookings.rules import By, Status
from app.errors import Conflict, Forbidden, NotFound
from app.people.lookup import note_look
from app.people.models import Membership, Role, User
from app.people.service import Person, staff_ids
from app.settings import OfficeHours, Settings
from app.telework.models import ClosedDay, HalfDay, TeleworkPlan
from app.telework.rules import Half, Plan, PlanKind, classify
from app.timespan import TimeSpan, day_span
from app.working_days import WorkingDays

CATCH_UP_DAYS = 40


@dataclass(frozen=True, slots=True)
class Office:
    """What of the office a day's classes depend on."""

    timezone: ZoneInfo
    hours: OfficeHours

    @classmethod
    def of(cls, settings: Settings) -> Office:
        return cls(settings.timezone, settings.hours)

    def window(self, on: date, half: Half) -> TimeSpan:
        """The hours of a half-day."""
        if half is Half.AM:
            return day_span(on, self.timezone, self.hours.start, self.hours.noon_start)
        return day_span(on, self.timezone, self.hours.noon_end, self.hours.end)

    def closes_at(self, on: date) -> datetime:
        """When a day closes: at 04:00 of the next, by default."""
        return day_span(on + timedelta(days=1), self.timezone, self.hours.day_closes, time(23, 59)).start

    def day(self, at: datetime) -> date:
        return at.astimezone(self.timezone).date()


def put_plan(
    session: Session, *, actor: Person, on: date, half: Half, kind: PlanKind, now: datetime
) -> TeleworkPlan:
    """Plan one's own half-day; a changed plan needs approval again. Raises Conflict `telework.day_closed`."""
    if session.get(ClosedDay, on):
        raise Conflict("telework.day_closed", on=on.isoformat())
    plan = session.scalar(
        select(TeleworkPlan).where(
            TeleworkPlan.user_id == actor.id, TeleworkPlan.on_date == on, TeleworkPlan.half == half
        )
    )
    if plan is None:
        plan = TeleworkPlan(user_id=actor.id, on_date=on, half=half, kind=kind)
        session.add(plan)
    elif plan.kind is not kind:
        plan.kind, plan.approved_at, plan.approved_by, plan.reported_at = kind, None, None, None
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
    )
    return plan


def needless_bookings(session: Session, plan: TeleworkPlan, office: Office) -> list[Booking]:
    """What somebody has booked for when they plan to be elsewhere: what lies in the half-day up to the break's end or
    from its beginning, or in the day where both halves are planned away."""
    if plan.kind is PlanKind.OFFICE:
        return []
    day = day_span(plan.on_date, office.timezone)
    away = session.scalars(
        select(TeleworkPlan.half).where(
            TeleworkPlan.user_id == plan.user_id,
            TeleworkPlan.on_date == plan.on_date,
            TeleworkPlan.kind != PlanKind.OFFICE,
        )
    ).all()
    start = day.start if Half.AM in away else office.window(plan.on_date, Half.AM).end
    end = day.end if Half.PM in away else office.window(plan.on_date, Half.PM).start
    return booked_inside(session, plan.user_id, TimeSpan(start, end))


def approve_plan(session: Session, plan_id: int, *, actor: Person, now: datetime) -> TeleworkPlan:
    """A chief approves a plan of the own section.

    Raises NotFound `telework.unknown`, Forbidden `telework.not_allowed`.
    """
    plan = session.get(TeleworkPlan, plan_id)
    if plan is None:
        raise NotFound("telework.unknown", plan_id=plan_id)
    theirs = set(session.scalars(_sections_of(plan.user_id, plan.on_date)))
    if actor.role is not Role.CHIEF or not theirs & actor.section_ids:
        raise Forbidden("telework.not_allowed")
    plan.approved_at, plan.approved_by = now, actor.id
    session.flush()
    events.record(
        session, "telework.approved", f"user:{plan.user_id}", at=now, actor_id=actor.id, plan_id=plan.id
    )
    return plan


def list_plans(session: Session, *, user_id: int, first: date, last: date) -> list[TeleworkPlan]:
    """A person\'s plans of the days from `first` to `last`, in order."""
    return list(
        session.scalars(
            select(TeleworkPlan)
            .where(TeleworkPlan.user_id == user_id, TeleworkPlan.on_date.between(first, last))
            .order_by(TeleworkPlan.on_date, TeleworkPlan.half)
        )
    )


def look_at(session: Session, user_id: int, *, actor: Person, now: datetime) -> None:
    """Somebody's days are looked at, be it a leaver's: it leaves a trace that the person can read (RULES 20).

    Raises NotFound `user.unknown`.
    """
    if session.get(User, user_id) is None:
        raise NotFound("user.unknown", user_id=user_id)
    note_look(session, user_id, actor=actor, now=now)


def list_days(
    session: Session,
    *,
    first: date,
    last: date,
    user_id: int | None = None,
    section_id: int | None = None,
    start: int = 0,
    limit: int | None = None,
) -> list[tuple[HalfDay, str]]:
    """Half-days with the person's name, by day and kana; of a section by the membership of the day. `limit` of them,
    from the one at the position `start` on."""
    query = (
        select(HalfDay, User.name)
        .join(User, User.id == HalfDay.user_id)
        .where(HalfDay.on_date.between(first, last))
        .order_by(HalfDay.on_date, User.kana, User.id, HalfDay.half)
        .offset(start)
        .limit(limit)
    )
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
    return [(half_day, name) for half_day, name in session.execute(query)]


def planned_arrivals(
    session: Session, people: Sequence[tuple[int, datetime]], office: Office
) -> dict[tuple[int, datetime], datetime]:
    """When people mean to come, by (user, booking's start): at home in the morning means noon's end (RULES 7)."""
    if not people:
        return {}
    mornings = {(user_id, office.day(start)): (user_id, start) for user_id, start in people}
    rows = session.execute(
        select(TeleworkPlan.user_id, TeleworkPlan.on_date).where(
            tuple_(TeleworkPlan.user_id, TeleworkPlan.on_date).in_(list(mornings)),
            TeleworkPlan.half == Half.AM,
            TeleworkPlan.kind != PlanKind.OFFICE,
        )
    )
    away = {(user_id, on) for user_id, on in rows}
    return {
        (user_id, start): office.window(office.day(start), Half.PM).start
        for user_id, start in people
        if (user_id, office.day(start)) in away
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


def close_day(
    session: Session, on: date, now: datetime, office: Office, calendar: WorkingDays
) -> list[HalfDay]:
    """Write everybody's half-days of a day; running it again writes them anew from what is known then."""
    day = day_span(on, office.timezone)
    people = staff_ids(session, on=on, day_began_at=day.start)
    plans = {
        (plan.user_id, plan.half): plan
        for plan in session.scalars(select(TeleworkPlan).where(TeleworkPlan.on_date == on))
    }
    by_hand, inferred = _presence(session, day)
    known = {
        (one.user_id, one.half): one for one in session.scalars(select(HalfDay).where(HalfDay.on_date == on))
    }
    working = calendar.is_working(on)
    written = []
    for user_id in people:
        for half in Half:
            plan = plans.get((user_id, half))
            result = classify(
                office.window(on, half),
                working=working,
                plan=Plan(plan.kind, plan.approved_at is not None, plan.reported_at is not None)
                if plan
                else None,
                by_hand=by_hand[user_id],
                inferred=inferred[user_id],
            )
            one = known.get((user_id, half)) or HalfDay(user_id=user_id, on_date=on, half=half)
            one.day_class, one.reason, one.conflict = result.day_class, result.reason, result.conflict
            one.classified_at = now
            session.add(one)
            written.append(one)
    session.merge(ClosedDay(on_date=on, closed_at=now))
    session.flush()
    events.record(session, "telework.day_closed", f"day:{on.isoformat()}", at=now, half_days=len(written))
    return written


def _presence(session: Session, day: TimeSpan) -> tuple[dict[int, list[TimeSpan]], dict[int, list[TimeSpan]]]:
    """For how long each person's bookings were checked in during a day: by their own hand, and inferred."""
    by_hand: dict[int, list[TimeSpan]] = defaultdict(list)
    inferred: dict[int, list[TimeSpan]] = defaultdict(list)
    rows = session.scalars(
        select(Booking).where(
            Booking.start_at < day.end,
            Booking.end_at > day.start,
            Booking.checked_in_at.is_not(None),
            Booking.status.in_((Status.CHECKED_IN, Status.COMPLETED, Status.ENDED_EARLY)),
            Booking.user_id.is_not(None),
        )
    )
    for booking in rows:
        user_id, at, over_at = booking.user_id or 0, booking.checked_in_at, booking.over_at
        if at is None:
            continue
        if booking.seen_at is not None and booking.seen_at < min(at, over_at):
            inferred[user_id].append(TimeSpan(booking.seen_at, min(at, over_at)))
        if at < over_at:
            (by_hand if booking.checked_in_by is By.HAND else inferred)[user_id].append(TimeSpan(at, over_at))
    return by_hand, inferred


def _sections_of(user_id: int, on: date) -> Select[int]:
    return select(Membership.section_id).where(
        Membership.user_id == user_id,
        Membership.from_on <= on,
        Membership.until_on.is_(None) | (Membership.until_on >= on),
    )
