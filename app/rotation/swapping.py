"""Somebody is suddenly absent: others are asked to come in instead, and whoever accepts first does."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import events
from app.bookings import release, reserve
from app.bookings.models import Booking
from app.bookings.rules import Status
from app.database import lock_rows
from app.errors import Conflict, Forbidden, NotFound
from app.people.service import Person
from app.rotation.models import Key, Rotation, RotationBooking, RotationCell, RotationSwap, State, SwapState
from app.rotation.seats import Published, Seats
from app.rotation.service import LOCK
from app.rotation.standing import look
from app.rotation.ways import Way, still_helps
from app.rotation.writing import would_break, write_over
from app.telework.caps.rules import Limit
from app.telework.caps.service import governed
from app.telework.models import TeleworkPlan
from app.telework.rules import Half, PlanKind, PlanState, what_is_left
from app.telework.service import Office, check_open
from app.timespan import TimeSpan


@dataclass(frozen=True, slots=True)
class Answered:
    """What became of being asked. `booked`, and `freed`, maybe in part: seats. `is_unseated`: no seat was free for who
    comes in."""

    swap: RotationSwap
    booked: Sequence[Booking] = ()
    freed: Sequence[Booking] = ()
    is_unseated: bool = False


def offer(session: Session, rotation: Rotation, way: Way, *, actor: Person, now: datetime) -> RotationSwap:
    """Ask somebody to come in for who is absent.

    Raises Conflict `rotation.state` where it is not published, or its plan is another than the way was found in, or
    `rotation.swap_asked` where they are asked already.
    """
    lock_rows(session, LOCK, [rotation.section_id or 0])
    if rotation.state is not State.PUBLISHED or rotation.plan != way.plan:
        raise Conflict("rotation.state", state=rotation.state.value)
    open_ones = (
        select(RotationSwap, Rotation.state)
        .join(Rotation, Rotation.id == RotationSwap.rotation_id)
        .where(
            RotationSwap.person_id == way.person_id,
            RotationSwap.on_date == way.absence.on,
            RotationSwap.state == SwapState.OFFERED,
        )
    )
    for one, stage in session.execute(open_ones).all():
        if stage is State.PUBLISHED:
            raise Conflict("rotation.swap_asked")
        _end(session, one, "telework.swap_ended", actor=actor, now=now)
    session.flush()
    made = RotationSwap(
        rotation_id=rotation.id,
        absent_id=way.absence.user_id,
        person_id=way.person_id,
        on_date=way.absence.on,
        cells={"comes": way.comes, "home": way.home_instead, "away": way.absence.halves},
        offered_at=now,
        offered_by=actor.id,
    )
    session.add(made)
    session.flush()
    _record(session, "telework.swap_offered", made, user_id=way.person_id, actor=actor, now=now)
    return made


def own(session: Session, person: Person, today: date) -> list[RotationSwap]:
    """What somebody is asked for, the nearest day first."""
    query = (
        select(RotationSwap)
        .join(Rotation, Rotation.id == RotationSwap.rotation_id)
        .where(
            RotationSwap.person_id == person.id,
            RotationSwap.state == SwapState.OFFERED,
            RotationSwap.on_date >= today,
            Rotation.state == State.PUBLISHED,
        )
    )
    return list(session.scalars(query.order_by(RotationSwap.on_date, RotationSwap.id)))


def asked(session: Session, rotation_id: int) -> list[RotationSwap]:
    """Whom a rotation's people were asked, in order."""
    query = select(RotationSwap).where(RotationSwap.rotation_id == rotation_id)
    return list(session.scalars(query.order_by(RotationSwap.on_date, RotationSwap.id)))


def answer(
    session: Session, swap_id: int, *, accepts: bool, actor: Person, office: Office, now: datetime
) -> Answered:
    """The person who was asked says yes or no; yes changes their plans and seats, of half-days that are not over, and
    the others need not answer.

    Raises NotFound `rotation.unknown`, Forbidden `rotation.not_allowed`, Conflict `rotation.swap_over` where it was
    answered, withdrawn, is not as it was, or breaks by now what is whole without it, `rotation.swap_late` where all of
    it is over, or `telework.day_closed`.
    """
    swap = session.get(RotationSwap, swap_id)
    if swap is None:
        raise NotFound("rotation.unknown", swap_id=swap_id)
    if swap.person_id != actor.id:
        raise Forbidden("rotation.not_allowed")
    rotation = session.get_one(Rotation, swap.rotation_id)
    lock_rows(session, LOCK, [rotation.section_id or 0])
    lock_rows(session, "person", [actor.id, swap.absent_id])
    session.refresh(swap)
    session.refresh(rotation)
    if swap.state is not SwapState.OFFERED or (accepts and rotation.state is not State.PUBLISHED):
        raise Conflict("rotation.swap_over")
    done = Answered(swap)
    if accepts:
        check_open(session, swap.on_date)
        done = _accept(session, rotation, swap, actor=actor, office=office, now=now)
    swap.state, swap.answered_at = (SwapState.ACCEPTED if accepts else SwapState.DECLINED), now
    session.flush()
    kind = "telework.swap_accepted" if accepts else "telework.swap_declined"
    _record(session, kind, swap, user_id=swap.offered_by, actor=actor, now=now)
    return done


def _accept(
    session: Session, rotation: Rotation, swap: RotationSwap, *, actor: Person, office: Office, now: datetime
) -> Answered:
    """The plans and seats of whoever accepts; others who were asked to come for the same half-days need not answer."""
    comes, home = (
        [key for key in part if office.window(key[1], Half(key[2])).end > now]
        for part in (swap.comes, swap.home)
    )
    if not any(on == swap.on_date for _user, on, _half in [*comes, *home]):
        raise Conflict("rotation.swap_late")
    seen = look(session, rotation, office)
    if not still_helps(seen, away=swap.away, comes=comes, home=home):
        raise Conflict("rotation.swap_over")
    wanted = {**dict.fromkeys(comes, PlanKind.OFFICE), **dict.fromkeys(home, PlanKind.HOME)}
    _write(session, rotation, swap, wanted, now=now)
    done = _seat(session, rotation, swap, wanted, actor=actor, office=office, now=now)
    broken = would_break(session, wanted, governed(session, [swap.person_id]), office)
    if any(one.breach.limit is Limit.TERMINALS for one in broken):
        raise Conflict("rotation.swap_over")
    others = select(RotationSwap).where(
        RotationSwap.absent_id == swap.absent_id,
        RotationSwap.on_date == swap.on_date,
        RotationSwap.state == SwapState.OFFERED,
        RotationSwap.id != swap.id,
    )
    for other in session.scalars(others):
        if swap.comes and other.comes and not set(swap.away).isdisjoint(other.away):
            _end(session, other, "telework.swap_withdrawn", actor=actor, now=now)
    return done


def _write(
    session: Session,
    rotation: Rotation,
    swap: RotationSwap,
    wanted: Mapping[Key, PlanKind],
    *,
    now: datetime,
) -> None:
    """The plans, the rotation's cells and its plan, as whoever accepts has them now."""
    plans = {
        (one.user_id, one.on_date, one.half.value): one
        for one in session.scalars(
            select(TeleworkPlan).where(
                TeleworkPlan.user_id == swap.person_id,
                TeleworkPlan.on_date.in_({on for _user, on, _half in wanted}),
            )
        )
    }
    cells = {
        (one.user_id, one.on_date, one.half.value): one
        for one in session.scalars(
            select(RotationCell).where(
                RotationCell.rotation_id == rotation.id, RotationCell.user_id == swap.person_id
            )
        )
    }
    plan = {
        person: {on: dict(halves) for on, halves in days.items()}
        for person, days in (rotation.plan or {}).items()
    }
    for key, kind in wanted.items():
        written, cell = plans.get(key), cells.get(key)
        if written is None or cell is None or written.kind is kind or not _is_theirs(written, cell):
            raise Conflict("rotation.swap_over")  # their plan is another by now
        write_over(cell, written, kind, by=swap.offered_by, now=now)
        cell.kind = kind
        plan[str(swap.person_id)][key[1].isoformat()][key[2]] = kind.value
    rotation.plan = plan
    session.flush()


def _is_theirs(plan: TeleworkPlan, cell: RotationCell) -> bool:
    """Whether somebody goes by a plan: it is approved, or asked for by the rotation itself."""
    return plan.state is PlanState.APPROVED or cell.has_written(plan)


def _seat(
    session: Session,
    rotation: Rotation,
    swap: RotationSwap,
    wanted: Mapping[Key, PlanKind],
    *,
    actor: Person,
    office: Office,
    now: datetime,
) -> Answered:
    """The seats of who is absent and of whoever accepts: given up where they are not in the office now; and booked for
    when the latter comes in."""
    at_home = [key for key, kind in wanted.items() if kind is PlanKind.HOME]
    needless = _needless(session, rotation, [*swap.away, *at_home], office=office, now=now)
    freed = [booking for booking, _left in needless]
    seats = Seats(session, rotation, [swap.person_id], office=office, now=now, actor=actor)
    seats.take_turn(freed)
    for booking, left in needless:
        if left is None:
            release.cancel(session, booking, actor=actor, now=now)
        else:
            reserve.move(session, booking, actor=actor, now=now, span=left)
    found = Published()
    seats.book({key: kind for key, kind in wanted.items() if kind is PlanKind.OFFICE}, [], found)
    return Answered(swap, found.bookings, freed, is_unseated=bool(found.unseated))


def _needless(
    session: Session, rotation: Rotation, out: Iterable[Key], *, office: Office, now: datetime
) -> list[tuple[Booking, TimeSpan | None]]:
    """The rotation's seats of people who are not in the office in these half-days, and what they need of them still."""
    away: dict[tuple[int, date], list[TimeSpan]] = defaultdict(list)
    for user_id, on, half in out:
        away[user_id, on].append(office.elsewhere(on, Half(half)))
    query = (
        select(Booking)
        .join(RotationBooking, RotationBooking.booking_id == Booking.id)
        .where(
            RotationBooking.rotation_id == rotation.id,
            Booking.user_id.in_({user_id for user_id, _on in away}),
            Booking.status == Status.BOOKED,
            Booking.end_at > now,
        )
        .order_by(Booking.id)
    )
    found = []
    for booking in session.scalars(query):
        spans = away.get((booking.user_id or 0, office.day(booking.start_at)), ())
        freed = what_is_left(booking.span, spans, now=now)
        if freed is not None:
            found.append((booking, freed.left))
    return found


def end_offers(
    session: Session,
    rotation_ids: Collection[int],
    *,
    actor: Person,
    now: datetime,
    between: tuple[date, date] = (date.min, date.max),
) -> None:
    """Nobody need answer any more what they were asked of days that are not these rotations' any more, be it to come in
    or to stay at home instead; they are told. The caller has the section's turn."""
    query = select(RotationSwap).where(
        RotationSwap.rotation_id.in_(rotation_ids), RotationSwap.state == SwapState.OFFERED
    )
    for swap in session.scalars(query.order_by(RotationSwap.id)):
        if any(between[0] <= on <= between[1] for _user, on, _half in [*swap.comes, *swap.home]):
            _end(session, swap, "telework.swap_ended", actor=actor, now=now)


def _end(session: Session, swap: RotationSwap, kind: str, *, actor: Person, now: datetime) -> None:
    """An offer need not be answered any more, which whoever was asked is told as `kind`."""
    swap.state, swap.answered_at = SwapState.WITHDRAWN, now
    _record(session, kind, swap, user_id=swap.person_id, actor=actor, now=now)


def _record(
    session: Session, kind: str, swap: RotationSwap, *, user_id: int | None, actor: Person, now: datetime
) -> None:
    events.record(
        session,
        kind,
        f"user:{swap.person_id}",
        at=now,
        actor_id=actor.id,
        user_id=user_id,
        swap_id=swap.id,
        on=swap.on_date.isoformat(),
    )
