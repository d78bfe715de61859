"""A rotation becomes what people go by, plans of telework and seats that are booked; and is taken back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from app import events
from app.bookings import release
from app.bookings.guards import queue_up
from app.bookings.models import Booking
from app.database import lock_rows
from app.errors import Conflict, RuleBroken
from app.people.service import Person
from app.rotation.ahead import check_ahead
from app.rotation.models import Key, Rotation, RotationBooking, RotationCell, State
from app.rotation.publishable import Publishable, is_ahead, publishable
from app.rotation.published import left_behind
from app.rotation.rules import State as Where
from app.rotation.seats import Published, Seats, seats_before, seats_of
from app.rotation.service import LOCK
from app.rotation.standing import look, unmet
from app.rotation.swapping import end_offers
from app.rotation.writing import Broken, bring_back, is_own_request, settled, would_break, write_over
from app.telework.models import TeleworkPlan
from app.telework.rules import REMOTE, Half, PlanKind, PlanState
from app.telework.service import Office, check_open

KINDS = {Where.HOME: PlanKind.HOME, Where.OFFICE: PlanKind.OFFICE}


class OnBreach(StrEnum):
    """What becomes of plans that would break a rule of telework: refused; allowed where a chief may allow it; shown, as
    a preview does."""

    REFUSE = "refuse"
    ALLOW = "allow"
    SHOW = "show"


def publish(
    session: Session,
    rotation: Rotation,
    *,
    actor: Person,
    office: Office,
    now: datetime,
    on_breach: OnBreach = OnBreach.REFUSE,
) -> Published:
    """Write a rotation's half-days that are to come as approved plans (those at home of whoever publishes it as
    requests, for nobody decides on the own plans), and book seats for those in the office. One that has begun is as it
    is (`Office.is_ahead`), also where the plan was found before; whoever belongs to the section no more by then, or is
    absent since somebody steps in for them, has none, nor has a day that is closed by now.

    What an earlier rotation had published of the days asked for is replaced: its seats stay where the person comes
    still, and are given back where not; its plans of people who do not work in the section then any more are taken
    back, as by withdrawing it; its other days stay its own. What other sections' rotations had published of people on
    days on which they do not belong to those any more is this one's now. What is not a rotation's stays as it is:
    leave, trips, and what was approved for somebody by hand. `on_breach`: where the plans would break a rule of
    telework. Rehearsed, it is its own preview.

    Raises Conflict `rotation.state`, `telework.day_closed` or `request.raced`, RuleBroken `rotation.of_no_section`,
    `rotation.over`, `rotation.too_far` where seats cannot be booked that far ahead yet, `rotation.breaks_rules`.
    """
    if rotation.section_id is None:
        raise RuleBroken("rotation.of_no_section")
    if rotation.state is not State.FOUND or rotation.plan is None:
        raise Conflict("rotation.state", state=rotation.state.value)
    can = publishable(session, rotation, office=office, now=now)
    planned = can.cells
    if not planned:
        raise RuleBroken("rotation.over")
    first, last = can.first, can.last
    behind = _left_behind(session, rotation.section_id, can, first, last)
    earlier = _published(session, rotation.section_id, first, last)
    written = behind | _stored(session, earlier)
    replaced = {
        key
        for key in written.keys() - behind.keys()
        if first <= key[1] <= last and is_ahead(key, office, now)
    }
    people = {user_id for user_id, _on, _half in planned.keys() | replaced}
    seats = Seats(session, rotation, people, office=office, now=now, actor=actor)
    seats.take_turn(seats_before(session, earlier, behind, office, now))
    check_open(session, first)
    held = seats_before(session, earlier, behind, office, now)
    before = [one for one in held if first <= office.day(one.start_at) <= last]
    plans = _plans(session, planned.keys() | replaced)
    cells = _cells(planned, plans, written, office)
    gone = _take_back(plans, {key: written[key] for key in replaced - cells.keys()})
    in_office = [on for (_user, on, _half), cell in cells.items() if cell.kind is PlanKind.OFFICE]
    zones = {desk.zone_id for desk in seats.desks}
    check_ahead(session, zones, max(in_office, default=office.day(now)), office=office, now=now)
    fresh = {key: cell for key, cell in cells.items() if _is_fresh(plans.get(key), cell, actor, office)}
    kinds = {key: _kind(plans.get(key), cell) for key, cell in fresh.items()}
    broken = would_break(session, kinds, seats.people, office)
    _refuse(broken, on_breach, actor)
    begun = [half for half in Half if not office.is_ahead(first, half, now)]
    _replace(session, rotation, earlier, seats=before, first=first, last=last, begun=begun, now=now)
    _forget(session, [one for key, one in behind.items() if key in cells])
    end_offers(session, [one.id for one in earlier], actor=actor, now=now, between=(first, last))
    session.add_all(_written(plans.get(key), cell, actor=actor, now=now) for key, cell in fresh.items())
    for cell in cells.values():
        cell.rotation_id = rotation.id
        session.add(cell)
    requested = [key for key, kind in kinds.items() if is_own_request(key[0], kind, actor.id)]
    found = Published(
        changed=list(fresh),
        requested=requested,
        taken_back=gone.total(),
        gone=can.gone,
        closed=can.closed,
        broken=broken,
    )
    rotation.state, rotation.published_at, rotation.published_by = State.PUBLISHED, now, actor.id
    rotation.first_on, rotation.last_on = first, last
    session.flush()
    seats.book({key: cell.kind for key, cell in cells.items()}, before, found)
    found.unmet = unmet(look(session, rotation, office))
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
    _tell(session, "telework.rotation_withdrawn", rotation, gone, actor=actor, now=now)
    return found


def _refuse(broken: Collection[Broken], on_breach: OnBreach, actor: Person) -> None:
    """Raise RuleBroken `rotation.breaks_rules` where that is what becomes of a breach."""
    for one in broken if on_breach is not OnBreach.SHOW else ():
        if one.is_refused_to(actor.id) or on_breach is OnBreach.REFUSE:
            raise RuleBroken("rotation.breaks_rules", **one.facts)


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
    begun: Collection[Half],
    now: datetime,
) -> None:
    """The days from `first` to `last` of earlier rotations are the new one's, with the seats that they hold there; what
    they had of other days stays published, from the first of these days to the last. `begun`: halves of the first day
    that become the new one's as they were published, for a day is one rotation's."""
    ids = [one.id for one in earlier]
    of_first = (RotationCell.rotation_id.in_(ids), RotationCell.on_date == first)
    session.execute(
        update(RotationCell).where(*of_first, RotationCell.half.in_(begun)).values(rotation_id=rotation.id)
    )
    session.execute(
        delete(RotationCell).where(
            RotationCell.rotation_id.in_(ids), RotationCell.on_date.between(first, last)
        )
    )
    left = _days_left(session, ids)
    for one in earlier:
        if one.id in left:
            one.first_on, one.last_on = left[one.id]
        else:
            one.state, one.ended_at = State.REPLACED, now
    session.flush()
    session.execute(
        update(RotationBooking)
        .where(RotationBooking.booking_id.in_([one.id for one in seats]))
        .values(rotation_id=rotation.id)
    )


def _days_left(session: Session, rotation_ids: Collection[int]) -> dict[int, tuple[date, date]]:
    """The first and the last day that rotations have still published, of those that have any."""
    query = (
        select(RotationCell.rotation_id, func.min(RotationCell.on_date), func.max(RotationCell.on_date))
        .where(RotationCell.rotation_id.in_(rotation_ids))
        .group_by(RotationCell.rotation_id)
    )
    return {rotation_id: (first, last) for rotation_id, first, last in session.execute(query)}


def _left_behind(
    session: Session, section_id: int, can: Publishable, first: date, last: date
) -> dict[Key, RotationCell]:
    """Once it is this section's turn, and that of those whose people are its own by now: what those have published of
    the half-days that can be published. Raises Conflict `request.raced` where by then one more of them has published:
    to wait for it too could be to wait for each other."""
    turns = {section_id, *left_behind(session, section_id, can.members, first, last)}
    lock_rows(session, LOCK, turns)
    of_others = left_behind(session, section_id, can.members, first, last)
    if not of_others.keys() <= turns:
        raise Conflict("request.raced")
    return {key: one for theirs in of_others.values() for key, one in theirs.items() if key in can.cells}


def _forget(session: Session, cells: Collection[RotationCell]) -> None:
    """What is another rotation's now is theirs no more which published it before."""
    session.execute(delete(RotationCell).where(RotationCell.id.in_([one.id for one in cells])))


def _plans(session: Session, cells: Collection[Key]) -> dict[Key, TeleworkPlan]:
    """What these people have planned in these days already, as it is once it is one's turn."""
    if not cells:
        return {}
    days = [on for _user, on, _half in cells]
    query = select(TeleworkPlan).where(
        TeleworkPlan.user_id.in_({user_id for user_id, _on, _half in cells}),
        TeleworkPlan.on_date.between(min(days), max(days)),
    )
    found = session.scalars(query.execution_options(populate_existing=True))
    return {(one.user_id, one.on_date, one.half.value): one for one in found}


def _stored(session: Session, rotations: Collection[Rotation]) -> dict[Key, RotationCell]:
    """What these rotations have published."""
    query = select(RotationCell).where(RotationCell.rotation_id.in_([one.id for one in rotations]))
    return {(one.user_id, one.on_date, one.half.value): one for one in session.scalars(query)}


def _cells(
    planned: Mapping[Key, Where],
    plans: Mapping[Key, TeleworkPlan],
    written: Mapping[Key, RotationCell],
    office: Office,
) -> dict[Key, RotationCell]:
    """What is published of a plan: all of it but where somebody is elsewhere by now by a plan that is no rotation's.

    `written`: the cells of earlier rotations; what they wrote, and over what, the new ones know.
    """
    found = {}
    for key, state in planned.items():
        was, (user_id, on, half) = written.get(key), key
        by_plan = settled(plans.get(key), was, office)
        if by_plan is None or by_plan[0] is state:
            cell = RotationCell(user_id=user_id, on_date=on, half=Half(half), kind=KINDS[state])
            if was is not None and by_plan is None:
                cell.wrote_at, cell.before = was.wrote_at, was.before
            found[key] = cell
    return found


def _is_fresh(plan: TeleworkPlan | None, cell: RotationCell, actor: Person, office: Office) -> bool:
    """Whether a plan is written: it is a rotation's to write, and none yet, not approved (where it needs no more than
    whoever publishes), or another."""
    if plan is None or not plan.stands:
        return True
    is_open = settled(plan, cell, office) is None
    is_done = plan.state is PlanState.APPROVED or is_own_request(cell.user_id, cell.kind, actor.id)
    return is_open and not (is_done and _says(plan, cell.kind))


def _kind(plan: TeleworkPlan | None, cell: RotationCell) -> PlanKind:
    """As what a cell is written. What was asked for is approved as it was asked for, be it a satellite office."""
    return plan.kind if plan is not None and plan.stands and _says(plan, cell.kind) else cell.kind


def _written(plan: TeleworkPlan | None, cell: RotationCell, *, actor: Person, now: datetime) -> TeleworkPlan:
    """The plan of a cell."""
    return write_over(cell, plan, _kind(plan, cell), by=actor.id, now=now)


def _says(plan: TeleworkPlan, kind: PlanKind) -> bool:
    """Whether a plan says already what the rotation says; a satellite office is not the office. What was approved for a
    part of a half-day stays so."""
    whole = plan.part is None or plan.state is PlanState.APPROVED
    return whole and (plan.kind in REMOTE) == (kind is PlanKind.HOME)


def _take_back(plans: Mapping[Key, TeleworkPlan], cells: Mapping[Key, RotationCell]) -> Counter[int]:
    """What stood before the plans that are still as these cells wrote them stands again, but for those whose result was
    reported; of how many half-days, by person."""
    taken: Counter[int] = Counter()
    for key, cell in cells.items():
        plan = plans.get(key)
        if plan is not None and cell.has_written(plan) and plan.reported_at is None:
            bring_back(plan, cell)
            taken[plan.user_id] += 1
    return taken


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
    """Take a published rotation back: its seats that have not begun are given up; of half-days to come
    (`Office.is_ahead`), what stood before the plans that are still as it wrote them stands again, and where nothing did
    they are withdrawn. Rehearsed, it is its own preview. Raises Conflict `rotation.state`."""
    if rotation.state is not State.PUBLISHED:
        raise Conflict("rotation.state", state=rotation.state.value)
    lock_rows(session, LOCK, [rotation.section_id or 0])
    written = _stored(session, [rotation])
    cells = {key: cell for key, cell in written.items() if is_ahead(key, office, now)}
    bookings = seats_of(session, [rotation.id], now)
    queue_up(
        session,
        user_ids={user_id for user_id, _on, _half in cells} | {one.user_id for one in bookings},
        space_ids=[one.space_id for one in bookings],
    )
    for booking in bookings:
        release.cancel(session, booking, actor=actor, now=now)
    withdrawn = _take_back(_plans(session, cells), cells)
    rotation.state, rotation.ended_at = State.WITHDRAWN, now
    end_offers(session, [rotation.id], actor=actor, now=now)
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
