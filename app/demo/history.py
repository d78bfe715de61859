"""The sample office's last weeks as rows: plans with their approvals and reports, bookings and real use, the day log, a
month that is closed.

Plans, bookings and use are written in bulk, as the services would have written them one by one; days are closed, words
said and months closed by the services themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from app import pipeline
from app.bookings.models import Booking
from app.bookings.rules import By, Origin, Status
from app.calendar import public_holidays
from app.demo.day import Day, Section
from app.demo.office import DOMAIN, PEOPLE
from app.demo.past import BOTH, Absences, Away, Fate, Outcome, outcomes, past_script
from app.events import Event
from app.notifications.models import Mark
from app.people import service as people
from app.people.models import Role
from app.people.service import Person
from app.rotation.service import put_setting
from app.spaces.models import Space
from app.telework.closing.rules import Month
from app.telework.closing.service import close_month
from app.telework.daylog.correcting import correct
from app.telework.models import ClosedDay, HalfDay, TeleworkPlan
from app.telework.rules import DayClass, Half, PlanKind, PlanState
from app.telework.service import Office
from app.usage.models import UsageSession
from app.working_days import WorkingDays

_events = Event.metadata.tables[Event.__tablename__]
# Who tries the demo as a member of the staff: what they took this year is told, not drawn by lot.
STAFF, TAKEN, EVERY = 8, 6, 8
# Who planned to be at home and came: answered and confirmed long ago, and still to be answered.
SETTLED, OPEN = (9, 12), (1, 2)
# Of each section so many half-days of which nothing was known were said by their people, and confirmed by the chief.
SAID = 3
REPORTS = (
    "要綱の改正案を作成",
    "議事録の整理と回覧",
    "統計資料の確認",
    "照会への回答案を作成",
    "予算要求資料の作成",
    "申請書類の審査",
)


def first_day(on: date) -> date:
    """Since when the sample office has a past: the month before the last one begins."""
    return Month.of(on).before.before.first


@dataclass(frozen=True, slots=True)
class Scene:
    """What the past happens in. `people`: by their index; `sections`: with their seats; `rooms`, `focus`: codes."""

    office: Office
    people: Sequence[Person]
    spaces: Mapping[str, Space]
    sections: Sequence[Section]
    rooms: Sequence[str]
    focus: Sequence[str]
    # The most half-days at home in a week, by section.
    week: Sequence[int]

    def chief(self, who: int) -> Person:
        """The chief of somebody's section."""
        return next(self.people[one.people[0]] for one in self.sections if who in one.people)


def scene(
    session: Session,
    office: Office,
    on: date,
    sections: Sequence[Section],
    *,
    rooms: Sequence[str],
    focus: Sequence[str],
    week: Sequence[int],
) -> Scene:
    """The sample office as it is stored."""
    found = [people.get_by_email(session, f"{romaji}@{DOMAIN}") for _name, _kana, romaji in PEOPLE]
    return Scene(
        office,
        [people.get_person(session, user.id, on) for user in found],
        {space.code: space for space in session.scalars(select(Space))},
        sections,
        rooms,
        focus,
        week,
    )


def write(session: Session, of: Scene, first: date, on: date) -> None:
    """Every day from the first to the one before `on`."""
    days = [first + timedelta(days=n) for n in range((on - first).days)]
    calendar = public_holidays(on.year)
    working = [day for day in days if calendar.is_working(day)]
    given = {STAFF: working[::-EVERY][:TAKEN], **{who: [working[-ago]] for who, ago in (SETTLED, OPEN)}}
    absences = Absences(of.sections, given, of.week)
    before: date | None = None
    for day in working:
        away = absences.of_day(day, before)
        _of_day(session, of, day, [_told(one, day, given) for one in away])
        before = day
    session.expunge_all()
    _close(session, of, days, calendar)
    session.expunge_all()
    _say(session, of, working, given)
    last = session.scalar(select(func.max(Event.id))) or 0
    session.execute(update(Mark).values(event_id=last, next_id=last))  # what is past has been told


def _told(away: Sequence[Away], day: date, given: Mapping[int, Sequence[date]]) -> list[Away]:
    """The last two days of who tries the demo are still to be reported."""
    return [
        Away(one.who, one.plan, one.halves, reported=day not in given[STAFF][:2]) if one.who == STAFF else one
        for one in away
    ]


def _of_day(session: Session, of: Scene, on: date, away: Sequence[Sequence[Away]]) -> None:
    """Plans, bookings and real use of a day."""
    zone = of.office.timezone
    day = past_script(on, zone, of.sections, away, focus=of.focus[1:], rooms=of.rooms)
    absent = [one for theirs in away for one in theirs]
    _plans(session, of, on, absent)
    noon = datetime.combine(on, of.office.hours.noon_end, zone)
    arrivals = {one.who: noon for one in absent if one.halves != BOTH}
    found = list(outcomes(day, of.rooms, arrivals))
    found += [_came_all_the_same(of, day, one.who) for one in absent if one.who in {SETTLED[0], OPEN[0]}]
    _bookings(session, of, found)
    session.execute(
        insert(UsageSession),
        [
            {"space_id": of.spaces[code].id, "start_at": start, "end_at": end, "flag": ""}
            for code, spans in day.presence.items()
            if code not in day.dead
            for start, end in spans
        ],
    )


def _came_all_the_same(of: Scene, day: Day, who: int) -> Outcome:
    """At home by plan, yet checked in by hand at a focus seat that nobody else took."""
    space = of.focus[0]
    start, end = day.start + timedelta(hours=1), day.start + timedelta(hours=4)
    day.presence[space] = [(start, end)]
    return Outcome(who, space, (start, end), start, Fate.COMPLETED, "ended", end, start, start)


def _plans(session: Session, of: Scene, on: date, away: Sequence[Away]) -> None:
    """Asked for a week before, approved the day after, reported in the evening."""
    evening = datetime.combine(on, of.office.hours.end, of.office.timezone) + timedelta(minutes=5)
    asked, approved = evening - timedelta(days=7, hours=7), evening - timedelta(days=6, hours=8)
    made: list[tuple[list[TeleworkPlan], Person, Person]] = []
    for one in away:
        person, chief, kind = of.people[one.who], of.chief(one.who), PlanKind(one.plan)
        is_reported = one.reported and kind is not PlanKind.LEAVE
        plans = [
            TeleworkPlan(
                user_id=person.id,
                on_date=on,
                half=Half(half),
                kind=kind,
                state=PlanState.APPROVED,
                requested_at=asked,
                approved_at=approved,
                approved_by=chief.id,
                decided_at=approved,
                decided_by=chief.id,
                reported_at=evening if is_reported else None,
                report=REPORTS[(one.who + on.toordinal()) % len(REPORTS)] if is_reported else "",
            )
            for half in one.halves
        ]
        session.add_all(plans)
        made.append((plans, person, chief))
    session.flush()
    _record(session, [row for one in made for row in _told_of(*one)])


def _told_of(plans: Sequence[TeleworkPlan], person: Person, chief: Person) -> list[dict[str, Any]]:
    """What the log of events says of plans."""

    def row(kind: str, at: datetime | None, actor: Person, **data: object) -> dict[str, Any]:
        return {"at": at, "kind": kind, "subject": f"user:{person.id}", "actor_id": actor.id, "data": data}

    cells = [[one.on_date.isoformat(), one.half.value, one.kind.value] for one in plans]
    ids = [one.id for one in plans]

    def of_plan(one: TeleworkPlan) -> dict[str, str]:
        return {"on": one.on_date.isoformat(), "half": one.half.value, "to": one.kind.value}

    return [
        *(row("telework.planned", one.requested_at, person, **of_plan(one)) for one in plans),
        row("telework.approved", plans[0].approved_at, chief, user_id=person.id, cells=cells, plan_ids=ids),
        *(
            row("telework.reported", one.reported_at, person, plan_id=one.id, **of_plan(one))
            for one in plans
            if one.reported_at is not None
        ),
    ]


def _bookings(session: Session, of: Scene, found: Sequence[Outcome]) -> None:
    made = [_booking(of, one) for one in found]
    session.add_all(made)
    session.flush()
    _record(
        session,
        [row for one, booking in zip(found, made, strict=True) for row in _history(one, booking)],
    )


def _record(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """As `events.record_many`, in one statement also where some rows have an actor and some have not."""
    if rows:
        session.execute(insert(_events), rows)


def _booking(of: Scene, one: Outcome) -> Booking:
    space, person = of.spaces[one.space], of.people[one.who]
    came = one.by_hand_at or one.seen_at
    by_hand = one.by_hand_at is not None
    return Booking(
        space_id=space.id,
        user_id=person.id,
        made_by=person.id,
        lane=space.lane,
        start_at=one.span[0],
        end_at=one.span[1],
        status=Status(one.fate.value),
        reason=one.reason,
        origin=Origin.CLAIM if one.is_claim else Origin.BOOKED,
        made_at=one.made_at,
        checked_in_at=came,
        checked_in_by=None if came is None else By.HAND if by_hand else By.SENSOR,
        seen_at=one.seen_at if by_hand and one.seen_at and one.by_hand_at != one.seen_at else None,
        ended_at=one.ended_at,
        version=2 if one.is_claim or came is None else 3,
    )


def _history(one: Outcome, booking: Booking) -> Iterable[dict[str, Any]]:
    """What the log of events says of a booking."""

    def row(kind: str, at: datetime, actor_id: int | None, **data: object) -> dict[str, Any]:
        of = {"space_id": booking.space_id, "user_id": booking.user_id}
        return {
            "at": at,
            "kind": f"booking.{kind}",
            "subject": f"booking:{booking.id}",
            "actor_id": actor_id,
            "data": of | data,
        }

    start, end = (at.isoformat() for at in one.span)
    status = Status.CHECKED_IN if one.is_claim else Status.BOOKED
    yield row("claimed" if one.is_claim else "made", one.made_at, booking.user_id, start=start, end=end)
    if booking.checked_in_at is not None and booking.checked_in_by is not None and not one.is_claim:
        changes = {
            "status": [status, Status.CHECKED_IN],
            "checked_in_at": [None, booking.checked_in_at.isoformat()],
            "checked_in_by": [None, booking.checked_in_by],
        }
        actor_id = booking.user_id if one.by_hand_at is not None else None
        yield row("checked_in", booking.checked_in_at, actor_id, changes=changes)
        status = Status.CHECKED_IN
    changes = {
        "status": [status, booking.status],
        "reason": ["", booking.reason],
        "ended_at": [None, one.ended_at.isoformat()],
    }
    yield row(one.fate.value, one.ended_at, None, changes=changes)


def _close(session: Session, of: Scene, days: Sequence[date], calendar: WorkingDays) -> None:
    """Write the day log, as it was written when each day closed and anew each morning since."""
    for day in days:
        pipeline.close_day(session, day, of.office.closes_at(day), of.office, calendar)
    session.execute(update(ClosedDay).values(closed_at=of.office.closes_at(days[-1])))


def _say(session: Session, of: Scene, working: Sequence[date], given: Mapping[int, Sequence[date]]) -> None:
    """What people said of their half-days; then personnel closes the month before the last."""
    month = Month.of(working[0])
    for section in of.sections:
        for one in _unknown(session, of, section, (month.first, month.last), SAID):
            _word(session, of, one, DayClass.OFFICE, confirmed=True)
    # One word that the chief has still to look at.
    for one in _unknown(session, of, of.sections[0], (working[-5], working[-1]), 1):
        _word(session, of, one, DayClass.OFFICE)
    who, on = SETTLED[0], given[SETTLED[0]][0]
    settled = session.scalars(
        select(HalfDay).where(HalfDay.user_id == of.people[who].id, HalfDay.on_date == on, HalfDay.conflict)
    )
    for one in settled.all():
        _word(session, of, one, DayClass.OFFICE, confirmed=True)
    after = datetime.combine(month.next.first + timedelta(days=4), time(10), of.office.timezone)
    personnel = next(one for one in of.people if one.role is Role.PERSONNEL)
    close_month(
        session,
        month,
        actor=personnel.as_of(after.date()),
        now=after,
        office=of.office,
        off_on=pipeline.off_on,
    )


def _unknown(
    session: Session, of: Scene, section: Section, span: tuple[date, date], most: int
) -> Sequence[HalfDay]:
    """The first half-days of a section's staff, of these days, of which nothing is known."""
    staff = [of.people[who].id for who in section.people[1:]]
    query = (
        select(HalfDay)
        .where(
            HalfDay.user_id.in_(staff),
            HalfDay.on_date.between(*span),
            HalfDay.day_class == DayClass.UNKNOWN,
        )
        .order_by(HalfDay.on_date, HalfDay.user_id, HalfDay.half)
        .limit(most)
    )
    return session.scalars(query).all()


def _word(session: Session, of: Scene, about: HalfDay, to: DayClass, *, confirmed: bool = False) -> None:
    """Its person says at noon of the next day what a half-day was; the chief confirms it in the afternoon."""
    who = next(number for number, one in enumerate(of.people) if one.id == about.user_id)
    at = datetime.combine(about.on_date + timedelta(days=1), time(12), of.office.timezone)
    voices = [(of.people[who], at), (of.chief(who), at + timedelta(hours=3))]
    for actor, now in voices if confirmed else voices[:1]:
        correct(session, about.id, to, why="", actor=actor.as_of(now.date()), now=now)


def set_rotations(session: Session, of: Scene, now: datetime) -> None:
    """What the rotations of two sections must hold."""
    for section, cover in ((of.sections[0], 3), (of.sections[-1], 5)):
        chief, *staff = (of.people[who] for who in section.people)
        (section_id,) = chief.section_ids
        counter = [one.id for one in staff[:8]]
        put_setting(
            session,
            section_id,
            {
                "people": [
                    {
                        "user_id": one.id,
                        "target": 4 + 2 * (number % 3),
                        "skills": ["窓口"] if one.id in counter else [],
                        "own_terminal": number % 4 == 0,
                        "mentor": None,
                        "care": number == 5,
                        "away": [],
                    }
                    for number, one in enumerate(staff)
                ],
                "covers": [
                    {
                        "name": "窓口",
                        "least": cover,
                        "section": None,
                        "skill": "窓口",
                        "people": None,
                        "half": None,
                    }
                ],
                "duties": [{"name": "会計", "main": staff[0].id, "deputy": staff[1].id}],
                "meetings": [],
            },
            actor=chief,
            now=now,
        )
