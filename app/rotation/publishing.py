"""A rotation becomes what people go by, plans of telework and seats that are booked; and is taken back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import delete, select, update
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
from app.rotation.models import Key, Rotation, RotationBooking, RotationCell, State
from app.rotation.rules import State as Where
from app.rotation.seats import Published, Seats
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
    are given back where not; its other days stay its own. What came up since the search was asked for stays as it is:
    leave, trips, and what was decided for somebody by hand. Rehearsed, it is its own preview.

    Raises Conflict `rotation.state` or `telework.day_closed`, RuleBroken `rotation.of_no_section` or `rotation.over`.
    """
    if rotation.section_id is None:
        raise RuleBroken("rotation.of_no_section")
    if rotation.state is not State.FOUND or rotation.plan is None:
        raise Conflict("rotation.state", state=rotation.state.value)
    today = office.day(now)
    planned = {
        (int(cell.person), cell.day, cell.half): KINDS[state]
        for cell, state in plan_of(rotation.plan).items()
        if state is not Where.AWAY and cell.day >= today
    }
    if not planned:
        raise RuleBroken("rotation.over")
    lock_rows(session, LOCK, [rotation.section_id])
    days = [on for _user, on, _half in planned]
    first, last = min(days), max(days)
    earlier = _published(session, rotation.section_id, first, last)
    seats = Seats(
        session, rotation, {user_id for user_id, _on, _half in planned}, office=office, now=now, actor=actor
    )
    seats.take_turn(_seats_of(session, earlier, now))
    check_open(session, first)
    plans = _plans(session, planned)
    written = _written(session, earlier)
    cells = {
        key: kind
        for key, kind in planned.items()
        if not _is_overtaken(plans.get(key), rotation.made_at, written.get(key))
    }
    before = [one for one in _seats_of(session, earlier, now) if first <= office.day(one.start_at) <= last]
    _replace(session, rotation, earlier, seats=before, first=first, last=last, now=now)
    found = Published(changed=_write_plans(session, plans, cells, actor=actor, now=now))
    session.add_all(
        RotationCell(rotation_id=rotation.id, user_id=user_id, on_date=on, half=Half(half), kind=kind)
        for (user_id, on, half), kind in cells.items()
    )
    rotation.state, rotation.published_at, rotation.published_by = State.PUBLISHED, now, actor.id
    session.flush()
    seats.book(cells, before, found)
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


def _published(session: Session, section_id: int, first: date, last: date) -> list[Rotation]:
    """What is published of a section's days."""
    query = select(Rotation).where(
        Rotation.section_id == section_id,
        Rotation.state == State.PUBLISHED,
        Rotation.first_on <= last,
        Rotation.last_on >= first,
    )
    return list(session.scalars(query))


def _replace(
    session: Session,
    rotation: Rotation,
    earlier: Collection[Rotation],
    *,
    seats: Collection[Booking],
    first: date,
    last: date,
    now: datetime,
) -> None:
    """The days from `first` to `last` of earlier rotations are the new one's, with the seats that they hold there; what
    they had of other days stays published."""
    for one in earlier:
        if first <= one.first_on and one.last_on <= last:
            one.state, one.ended_at = State.REPLACED, now
        elif first <= one.first_on:
            one.first_on = last + timedelta(days=1)
        elif one.last_on <= last:
            one.last_on = first - timedelta(days=1)
    session.flush()
    ids = [one.id for one in earlier]
    session.execute(
        delete(RotationCell).where(
            RotationCell.rotation_id.in_(ids), RotationCell.on_date.between(first, last)
        )
    )
    session.execute(
        update(RotationBooking)
        .where(RotationBooking.booking_id.in_([one.id for one in seats]))
        .values(rotation_id=rotation.id)
    )


def _seats_of(session: Session, rotations: Collection[Rotation], now: datetime) -> list[Booking]:
    """What was booked for these rotations, has not begun and nobody has given up."""
    query = (
        select(Booking)
        .join(RotationBooking, RotationBooking.booking_id == Booking.id)
        .where(
            RotationBooking.rotation_id.in_([one.id for one in rotations]),
            Booking.status == Status.BOOKED,
            Booking.start_at > now,
        )
        .order_by(Booking.id)
        .execution_options(populate_existing=True)
    )
    return list(session.scalars(query))


def _plans(session: Session, cells: Mapping[Key, PlanKind]) -> dict[Key, TeleworkPlan]:
    """What these people have planned in these days already."""
    days = [on for _user, on, _half in cells]
    query = select(TeleworkPlan).where(
        TeleworkPlan.user_id.in_({user_id for user_id, _on, _half in cells}),
        TeleworkPlan.on_date.between(min(days), max(days)),
    )
    return {(one.user_id, one.on_date, one.half.value): one for one in session.scalars(query)}


def _written(session: Session, rotations: Collection[Rotation]) -> dict[Key, PlanKind]:
    """What these rotations have written."""
    query = select(RotationCell).where(RotationCell.rotation_id.in_([one.id for one in rotations]))
    return {(one.user_id, one.on_date, one.half.value): one.kind for one in session.scalars(query)}


def _is_overtaken(plan: TeleworkPlan | None, since: datetime, written: PlanKind | None) -> bool:
    """Whether somebody is away by now, or a chief has decided on the half-day by hand since the search was asked for.

    `written`: what an earlier rotation wrote there, which is by nobody's hand.
    """
    if plan is None or not plan.stands:
        return False
    is_decided = plan.state is PlanState.APPROVED and plan.decided_at is not None and plan.decided_at > since
    return plan.kind in AWAY or (is_decided and plan.kind is not written)


def _write_plans(
    session: Session,
    plans: Mapping[Key, TeleworkPlan],
    cells: Mapping[Key, PlanKind],
    *,
    actor: Person,
    now: datetime,
) -> list[Key]:
    """Make the cells approved plans; returns those that were none before, or others."""
    changed = []
    for key, kind in cells.items():
        user_id, on, half = key
        plan = plans.get(key)
        says = plan is not None and plan.stands and _says(plan, kind)
        if plan is None:
            plan = TeleworkPlan(user_id=user_id, on_date=on, half=Half(half), kind=kind, requested_at=now)
            session.add(plan)
        elif says and plan.state is PlanState.APPROVED:
            continue
        # What was asked for is approved as it was asked for, be it a satellite office.
        _approve(plan, plan.kind if says else kind, actor, now)
        changed.append(key)
    session.flush()
    return changed


def _says(plan: TeleworkPlan, kind: PlanKind) -> bool:
    """Whether a plan says already what the rotation says; a satellite office is not the office. What was approved for a
    part of a half-day stays so."""
    whole = plan.part is None or plan.state is PlanState.APPROVED
    return whole and (plan.kind in REMOTE) == (kind is PlanKind.HOME)


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
    """How many plans were withdrawn, and the seats that were given up."""

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
    bookings = _seats_of(session, [rotation], now)
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
