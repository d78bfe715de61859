"""The eraser: what is linked to a person goes when its time is over, the figures stay (RULES 19).

In batches, each a transaction of its own: a process killed at any moment has erased whole batches, and the next run
goes on. Nothing here asks what time it is; the same limits erase the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ColumnElement,
    Date,
    Engine,
    and_,
    bindparam,
    delete,
    func,
    not_,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Session

from app import events
from app.bookings.models import Attendee
from app.database import reading, transaction
from app.events import Event
from app.occupancy.gateways import silent_since
from app.occupancy.models import GatewayRun
from app.records.links import BOOKINGS, PARTS, Part, Period
from app.records.models import Kept
from app.records.rules import Limits, limits, subject_without_person, without_people
from app.settings import Keeping
from app.telework.daylog.models import HalfDayCorrection
from app.telework.figures.service import keep_day, keep_sheet
from app.telework.models import HalfDay
from app.usage.models import UsageCorrection

BATCH = 1000
LOOKUPS = ("person.looked_up", "person.listed")
# Who ran the office stays on record: accounts, tokens, rules, the layout. Everything else is somebody's presence.
ADMINISTRATION = (
    "user.",
    "token.",
    "policy.",
    "zone.",
    "site.",
    "sensor.",
    "gateway.",
    "section.",
    "floor.",
    "telework_rule.",
)
TELEWORK = "telework."
_events = Event.metadata.tables["events"]


def limits_of(keeping: Keeping, now: datetime, today: date, timezone: ZoneInfo) -> Limits:
    """The limits that the operator's settings mean at an instant of an office day."""
    return limits(
        now,
        today,
        readings=keeping.readings,
        presence=keeping.presence,
        lookups=keeping.lookups,
        telework_years=keeping.telework_years,
        timezone=timezone,
    )


def due_counts(session: Session, of: Limits) -> dict[str, int]:
    """How much `erase` would erase, by what it is: the dry run."""
    found = {
        part.name: session.scalar(select(func.count()).select_from(part.table).where(_due(part, of))) or 0
        for part in PARTS
    }
    found["events"] = session.scalar(select(func.count()).where(_due_events(of))) or 0
    found["half_days"] = session.scalar(select(func.count()).where(HalfDay.on_date < of.telework)) or 0
    given_up = select(func.count()).select_from(GatewayRun).where(silent_since(of.gateways))
    found["gateways"] = session.scalar(given_up) or 0
    return found


def erase(engine: Engine, of: Limits, *, now: datetime, batch: int = BATCH) -> dict[str, int]:
    """Erase all that is due; returns how much, by what it is."""
    done: Counter[str] = Counter({part.name: 0 for part in PARTS} | {"events": 0, "half_days": 0})
    for part in PARTS:
        act = _erase_bookings if part is BOOKINGS else _erase_rows(part)
        for ids in _batches(engine, part, _due(part, of), batch):
            with transaction(engine) as session:
                act(session, ids, now)
            done[part.name] += len(ids)
    with transaction(engine) as session:
        gone = session.execute(delete(GatewayRun).where(silent_since(of.gateways)))
        done["gateways"] = gone.rowcount  # type: ignore[attr-defined]
    last = 0
    while True:
        with transaction(engine) as session:
            ids = _scrub(session, and_(_due_events(of), Event.id > last), batch)
        if not ids:
            break
        last = ids[-1]
        done["events"] += len(ids)
    while True:
        with transaction(engine) as session:
            counted = _count_half_days(session, of)
        if not counted:
            return dict(done)
        done["half_days"] += counted


def erase_once_a_day(
    engine: Engine, keeping: Keeping, *, now: datetime, today: date, timezone: ZoneInfo
) -> dict[str, int] | None:
    """What the jobs call: erase, unless it was done for this office day already; then None."""
    with reading(engine) as session:
        if session.get(Kept, today):
            return None
    counts = erase(engine, limits_of(keeping, now, today, timezone), now=now)
    with transaction(engine) as session:
        session.merge(Kept(on_date=today, finished_at=now, counts=counts))
    return counts


def _limit(part: Part, of: Limits) -> date | datetime:
    limit: date | datetime = {
        Period.READINGS: of.readings,
        Period.PRESENCE: of.presence,
        Period.TELEWORK: of.telework,
    }[part.period]
    return limit.date() if isinstance(limit, datetime) and isinstance(part.age.type, Date) else limit


def _due(part: Part, of: Limits) -> ColumnElement[bool]:
    old: ColumnElement[bool] = part.age < _limit(part, of)
    return old if part.due is None else and_(old, part.due)


def _batches(engine: Engine, part: Part, due: ColumnElement[bool], batch: int) -> Iterator[Sequence[int]]:
    """The ids that are due, in order: one walk through the table, however many batches."""
    last = 0
    while True:
        with reading(engine) as session:
            query = select(part.table.c.id).where(due, part.table.c.id > last)
            ids = session.scalars(query.order_by(part.table.c.id).limit(batch)).all()
        if not ids:
            return
        last = ids[-1]
        yield ids


def _erase_rows(part: Part) -> Callable[[Session, Sequence[int], datetime], None]:
    def act(session: Session, ids: Sequence[int], _now: datetime) -> None:
        chosen = part.table.c.id.in_(ids)
        with events.erasing(session) if part.guarded else nullcontext():
            for refers in part.with_:
                session.execute(delete(refers.table).where(refers.in_(ids)))
            if part.blank is None:
                session.execute(delete(part.table).where(chosen))
            else:
                session.execute(update(part.table).where(chosen).values(**part.blank))

    return act


def _erase_bookings(session: Session, ids: Sequence[int], now: datetime) -> None:
    """Not through `bookings.service.change`, which would write down once more whose they were."""
    table = BOOKINGS.table
    session.execute(
        update(table)
        .where(table.c.id.in_(ids), BOOKINGS.due)  # type: ignore[arg-type]
        .values(**BOOKINGS.blank or {}, erased_at=now, version=table.c.version + 1)
    )
    session.execute(delete(Attendee).where(Attendee.booking_id.in_(ids)))
    session.execute(
        update(UsageCorrection).where(UsageCorrection.booking_id.in_(ids)).values(made_by=None, note="")
    )
    _scrub(session, Event.subject.in_([f"booking:{one}" for one in ids]))


def _due_events(of: Limits) -> ColumnElement[bool]:
    telework = datetime.combine(of.telework, time(), UTC) - timedelta(days=1)
    is_telework, is_lookup = Event.kind.startswith(TELEWORK), Event.kind.in_(LOOKUPS)
    other = not_(or_(is_telework, is_lookup, *(Event.kind.startswith(one) for one in ADMINISTRATION)))
    return and_(
        Event.erased.is_(False),
        or_(
            and_(other, Event.at < of.presence),
            and_(is_lookup, Event.at < of.lookups),
            and_(is_telework, Event.at < telework),
        ),
    )


def _scrub(session: Session, which: ColumnElement[bool], most: int | None = None) -> list[int]:
    """Take the people out of these events that still have them; returns their ids."""
    query = select(Event.id, Event.subject, Event.data).where(which, Event.erased.is_(False))
    rows = session.execute(query.order_by(Event.id).limit(most)).all()
    if rows:
        with events.erasing(session):
            session.execute(
                update(_events)
                .where(_events.c.id == bindparam("event_id"))
                .values(actor_id=None, erased=True, subject=bindparam("about"), data=bindparam("left")),
                [
                    {
                        "event_id": row.id,
                        "about": subject_without_person(row.subject),
                        "left": without_people(row.data),
                    }
                    for row in rows
                ],
            )
    return [row.id for row in rows]


def _count_half_days(session: Session, of: Limits) -> int:
    """Keep the figures of the oldest day's half-days, then erase them with what was said of them; returns how many."""
    oldest = session.scalar(select(func.min(HalfDay.on_date)).where(HalfDay.on_date < of.telework))
    if oldest is None:
        return 0
    keep_sheet(session, oldest, of.timezone)
    counted = keep_day(session, oldest, of.timezone)
    of_day = select(HalfDay.id).where(HalfDay.on_date == oldest)
    with events.erasing(session):
        session.execute(delete(HalfDayCorrection).where(HalfDayCorrection.half_day_id.in_(of_day)))
        session.execute(delete(HalfDay).where(HalfDay.on_date == oldest))
    return counted
