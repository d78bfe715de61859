"""A rotation becomes what people go by, plans of telework and seats that are booked; and is taken back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import events
from app.bookings import release
from app.bookings.guards import queue_up
from app.bookings.models import Booking
from app.bookings.rules import Status
from app.database import lock_rows
from app.errors import Conflict, RuleBroken
from app.people.service import Person
from app.rotation.form import plan_of
from app.rotation.models import Rotation, RotationBooking, RotationCell, State
from app.rotation.rules import State as Where
from app.rotation.seats import Key, Published, Seats
from app.rotation.service import LOCK
from app.telework.models import TeleworkPlan
from app.telework.rules import AWAY, REMOTE, Half, PlanKind, PlanState
from app.telework.service import Office, check_open

KINDS = {Where.HOME: PlanKind.HOME, Where.OFFICE: PlanKind.OFFICE}


def publish(
    session: Session, rotation: Rotation, *, actor: Person, office: Office, now: datetime
) -> Published:
    """Write a rotation's days from today on as approved plans, and book seats for the days in the office.

    What an earlier rotation had published of these days is replaced: its seats stay where the person comes still, and
    are given back where not. Leave and trips that came up since stay as they are. Rehearsed, it is its own preview.

    Raises Conflict `rotation.state` or `telework.day_closed`, RuleBroken `rotation.of_no_section` or `rotation.over`.
    """
    if rotation.section_id is None:
        raise RuleBroken("rotation.of_no_section")
    if rotation.state is not State.FOUND or rotation.plan is None:
        raise Conflict("rotation.state", state=rotation.state.value)
    today = office.day(now)
    cells = {
        (int(cell.person), cell.day, cell.half): KINDS[state]
        for cell, state in plan_of(rotation.plan).items()
        if state is not Where.AWAY and cell.day >= today
    }
    if not cells:
        raise RuleBroken("rotation.over")
    lock_rows(session, LOCK, [rotation.section_id])
    lock_rows(session, "person", {user_id for user_id, _on, _half in cells})
    check_open(session, min(on for _user, on, _half in cells))
    before = _replace(session, rotation, now)
    found = Published()
    _write_plans(session, cells, found, actor=actor, now=now)
    session.add_all(
        RotationCell(rotation_id=rotation.id, user_id=user_id, on_date=on, half=Half(half), kind=kind)
        for (user_id, on, half), kind in cells.items()
    )
    rotation.state, rotation.published_at, rotation.published_by = State.PUBLISHED, now, actor.id
    session.flush()
    Seats(session, rotation, cells, found, office=office, now=now, actor=actor).book(before)
    events.record(
        session,
        "rotation.published",
        f"rotation:{rotation.id}",
        at=now,
        actor_id=actor.id,
        section_id=rotation.section_id,
        bookings=len(found.bookings),
    )
    changed = Counter(user_id for user_id, _on, _half in found.changed)
    _tell(session, "telework.rotation_published", rotation, changed, actor=actor, now=now)
    return found


def _replace(session: Session, rotation: Rotation, now: datetime) -> list[Booking]:
    """End earlier rotations of these days; returns the seats that they still hold."""
    earlier = list(
        session.scalars(
            select(Rotation).where(
                Rotation.section_id == rotation.section_id,
                Rotation.state == State.PUBLISHED,
                Rotation.first_on <= rotation.last_on,
                Rotation.last_on >= rotation.first_on,
            )
        )
    )
    for one in earlier:
        one.state, one.ended_at = State.REPLACED, now
    session.flush()
    kept = _seats_of(session, [one.id for one in earlier], now)
    for link in session.scalars(
        select(RotationBooking).where(RotationBooking.booking_id.in_([one.id for one in kept]))
    ):
        link.rotation_id = rotation.id
    session.flush()
    return kept


def _seats_of(session: Session, rotation_ids: Collection[int], now: datetime) -> list[Booking]:
    """What was booked for these rotations, has not begun and nobody has given up."""
    query = (
        select(Booking)
        .join(RotationBooking, RotationBooking.booking_id == Booking.id)
        .where(
            RotationBooking.rotation_id.in_(rotation_ids),
            Booking.status == Status.BOOKED,
            Booking.start_at > now,
        )
        .order_by(Booking.id)
    )
    return list(session.scalars(query))


def _write_plans(
    session: Session, cells: Mapping[Key, PlanKind], found: Published, *, actor: Person, now: datetime
) -> None:
    days = [on for _user, on, _half in cells]
    plans = {
        (one.user_id, one.on_date, one.half.value): one
        for one in session.scalars(
            select(TeleworkPlan).where(
                TeleworkPlan.user_id.in_({user_id for user_id, _on, _half in cells}),
                TeleworkPlan.on_date.between(min(days), max(days)),
            )
        )
    }
    for key, kind in cells.items():
        user_id, on, half = key
        plan = plans.get(key)
        if plan is not None and plan.stands and (plan.kind in AWAY or _says(plan, kind)):
            if plan.state is PlanState.REQUESTED and plan.kind not in AWAY:
                _approve(plan, plan.kind, actor, now)
                found.changed.append(key)
            continue
        if plan is None:
            plan = TeleworkPlan(user_id=user_id, on_date=on, half=Half(half), kind=kind, requested_at=now)
            session.add(plan)
        plan.requested_at = now
        _approve(plan, kind, actor, now)
        found.changed.append(key)
    session.flush()


def _says(plan: TeleworkPlan, kind: PlanKind) -> bool:
    """Whether a plan says already what the rotation says; a satellite office is not the office."""
    return plan.part is None and (plan.kind in REMOTE) == (kind is PlanKind.HOME)


def _approve(plan: TeleworkPlan, kind: PlanKind, actor: Person, now: datetime) -> None:
    plan.kind, plan.state, plan.starts, plan.ends = kind, PlanState.APPROVED, None, None
    plan.approved_at = plan.decided_at = now
    plan.approved_by = plan.decided_by = actor.id
    plan.reason = ""


def _tell(
    session: Session,
    kind: str,
    rotation: Rotation,
    half_days: Mapping[int, int],
    *,
    actor: Person,
    now: datetime,
) -> None:
    """One fact a person, with how many of their half-days it is about, for whoever tells them."""
    events.record_many(
        session,
        [
            {
                "at": now,
                "kind": kind,
                "subject": f"user:{user_id}",
                "actor_id": actor.id,
                "data": {"user_id": user_id, "rotation_id": rotation.id, "count": count},
            }
            for user_id, count in sorted(half_days.items())
        ],
    )


@dataclass(frozen=True, slots=True)
class Withdrawn:
    plans: int
    bookings: list[Booking]


def withdraw(
    session: Session, rotation: Rotation, *, actor: Person, office: Office, now: datetime
) -> Withdrawn:
    """Take a published rotation back: its seats that have not begun are given up, its plans of days to come that are
    still as it wrote them are withdrawn. Rehearsed, it is its own preview. Raises Conflict `rotation.state`."""
    if rotation.state is not State.PUBLISHED:
        raise Conflict("rotation.state", state=rotation.state.value)
    lock_rows(session, LOCK, [rotation.section_id or 0])
    today = office.day(now)
    cells = {
        (one.user_id, one.on_date, one.half): one.kind
        for one in session.scalars(
            select(RotationCell).where(RotationCell.rotation_id == rotation.id, RotationCell.on_date > today)
        )
    }
    bookings = _seats_of(session, [rotation.id], now)
    queue_up(
        session,
        user_ids={user_id for user_id, _on, _half in cells} | {one.user_id for one in bookings},
        space_ids=[one.space_id for one in bookings],
    )
    for booking in bookings:
        release.cancel(session, booking, actor=actor, now=now)
    withdrawn: Counter[int] = Counter()
    query = select(TeleworkPlan).where(
        TeleworkPlan.user_id.in_({user_id for user_id, _on, _half in cells}),
        TeleworkPlan.on_date > today,
        TeleworkPlan.on_date <= rotation.last_on + timedelta(days=1),
        TeleworkPlan.state == PlanState.APPROVED,
    )
    for plan in session.scalars(query):
        if cells.get((plan.user_id, plan.on_date, plan.half)) is plan.kind and plan.reported_at is None:
            plan.state, plan.approved_at, plan.approved_by = PlanState.WITHDRAWN, None, None
            withdrawn[plan.user_id] += 1
    rotation.state, rotation.ended_at = State.WITHDRAWN, now
    session.flush()
    events.record(
        session,
        "rotation.withdrawn",
        f"rotation:{rotation.id}",
        at=now,
        actor_id=actor.id,
        plans=withdrawn.total(),
        bookings=len(bookings),
    )
    _tell(session, "telework.rotation_withdrawn", rotation, withdrawn, actor=actor, now=now)
    return Withdrawn(withdrawn.total(), bookings)
