"""Giving spaces back: what nobody came for, what ran out, what somebody left or gave up; and reclaiming."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from app.bookings import legal
from app.bookings.guards import overlap_refused, queue_up
from app.bookings.models import HOLDS, Booking, facts_of
from app.bookings.refusing import check_takes_bookings
from app.bookings.rules import Keep, Origin, Release, Status, is_deserted, no_show
from app.bookings.service import change, change_all, in_words, previous_ends
from app.errors import Conflict
from app.occupancy.logs import logs_of
from app.occupancy.models import SpaceState, last_signal
from app.occupancy.rules import HEARTBEATS_UNTIL_OFFLINE, Occupancy
from app.people.service import Person
from app.spaces.models import Space
from app.spaces.rules import Kind, Lane, Policies
from app.spaces.service import get_place, policies
from app.spaces.watching import sensors_of
from app.timespan import TimeSpan

AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Due:
    """Bookings whose grace may be over, and whose they are."""

    bookings: tuple[Booking, ...]

    @property
    def people(self) -> tuple[tuple[int, datetime], ...]:
        """(user, start) of each, for whoever knows the persons' plans."""
        return tuple((one.user_id, one.start_at) for one in self.bookings if one.user_id is not None)


def due_for_release(session: Session, now: datetime) -> Due:
    """Booked, started, and to be looked at by now; the oldest first."""
    query = (
        select(Booking)
        .where(Booking.status == Status.BOOKED, Booking.release_check_at <= now)
        .order_by(Booking.release_check_at, Booking.id)
        .limit(AT_ONCE)
    )
    return Due(tuple(session.scalars(query)))


def release_no_shows(
    session: Session, due: Due, expected: Mapping[tuple[int, datetime], datetime], now: datetime
) -> list[Booking]:
    """Release those of `due` that nobody came for. `expected`: planned arrivals by (user, start)."""
    if not due.bookings:
        return []
    space_ids = sorted({booking.space_id for booking in due.bookings})
    found = policies(session)
    policy_of = {
        row.id: found.of(row.kind, row.zone_id)
        for row in session.execute(select(Space.id, Space.kind, Space.zone_id).where(Space.id.in_(space_ids)))
    }
    sensors = sensors_of(session, space_ids)
    silence = (
        max((one.heartbeat for listed in sensors.values() for one in listed), default=timedelta(0))
        * HEARTBEATS_UNTIL_OFFLINE
    )
    opens = max(policy.check_in_opens for policy in found.all())
    since = min(booking.start_at for booking in due.bookings) - opens - silence
    logs = logs_of(session, sensors, since, now)
    before = previous_ends(session, due.bookings, found.all())
    released: list[tuple[Booking, dict[str, Any]]] = []
    kept: list[tuple[Booking, dict[str, Any]]] = []
    for booking in due.bookings:
        facts = facts_of(
            booking,
            previous_end=before.get(booking.id),
            expected_at=expected.get((booking.user_id or 0, booking.start_at)),
        )
        verdict = no_show(facts, logs.get(booking.space_id, ()), now=now, policy=policy_of[booking.space_id])
        match verdict:
            case Release(reason):
                gone = {
                    "status": Status.RELEASED,
                    "reason": reason,
                    "ended_at": now,
                    "release_check_at": None,
                }
                released.append((booking, gone))
            case Keep(reason, check_at) if reason != booking.reason or check_at is None or check_at > now:
                kept.append((booking, {"reason": reason, "release_check_at": check_at}))
    change_all(session, "booking.kept", kept, now=now, wait=False)
    return change_all(session, "booking.released", released, now=now, wait=False)


def end_early_leaves(session: Session, now: datetime) -> list[Booking]:
    """End checked-in bookings of kinds with an early-leave rule whose sensor saw the person go, at the last signal.

    Nobody is held to have left whom the sensor never saw: the vacancy must have begun after the check-in.
    """
    policy_of = policies(session)
    kinds = _ending_early(policy_of)
    if not kinds:
        return []
    rows = session.execute(
        select(Booking, Space.kind, Space.zone_id, SpaceState.since_at)
        .where(*_left(kinds), Booking.end_at > now)
        .order_by(Booking.id)
        .limit(AT_ONCE)
    ).all()
    left = [
        (one, since_at)
        for one, kind, zone_id, since_at in rows
        if (wait := policy_of.of(kind, zone_id).early_leave) and since_at + wait <= now
    ]
    return change_all(
        session,
        "booking.ended_early",
        [
            (one, {"status": Status.ENDED_EARLY, "reason": "left_early", "ended_at": since_at})
            for one, since_at in left
        ],
        now=now,
        wait=False,
    )


def _ending_early(policy_of: Policies) -> set[Kind]:
    """The kinds that have an early-leave rule somewhere."""
    kinds = {kind for kind, policy in policy_of.kinds.items() if policy.early_leave}
    return kinds | {kind for (_zone, kind), policy in policy_of.zones.items() if policy.early_leave}


def _left(kinds: Iterable[Kind]) -> tuple[ColumnElement[bool], ...]:
    """That the sensor of a booking's space saw the person go after the check-in."""
    return (
        Space.id == Booking.space_id,
        SpaceState.space_id == Booking.space_id,
        HOLDS,  # as the index of live bookings has them
        Booking.status == Status.CHECKED_IN,
        Space.kind.in_(kinds),
        SpaceState.state == Occupancy.VACANT,
        SpaceState.since_at > Booking.checked_in_at,
        SpaceState.since_at > Booking.start_at,
    )


def complete(session: Session, now: datetime) -> list[Booking]:
    """Close what ran out: checked in as `ended`; never checked in as unverified, or for the reason it was kept."""
    query = (
        select(Booking)
        # What is held for the queue was never booked: it is withdrawn, not completed.
        .where(HOLDS, Booking.status != Status.HELD, Booking.end_at <= now)
        .order_by(Booking.end_at, Booking.id)
        .limit(AT_ONCE)
    )
    return change_all(
        session,
        "booking.completed",
        [
            (
                one,
                {
                    "status": Status.COMPLETED,
                    "reason": _reason_at_end(one),
                    "ended_at": one.end_at,
                    "release_check_at": None,
                },
            )
            for one in session.scalars(query)
        ],
        now=now,
        wait=False,
    )


def _reason_at_end(booking: Booking) -> str:
    if booking.status is Status.CHECKED_IN:
        return "ended"
    return booking.reason if booking.reason in {"seen", "no_sensor"} else "unverified"


def next_due(session: Session) -> datetime | None:
    """When time alone next gives a reason to release, to end or to complete a booking."""
    checked = session.scalar(
        select(func.min(Booking.release_check_at)).where(Booking.status == Status.BOOKED)
    )
    ends = session.scalar(select(func.min(Booking.end_at)).where(HOLDS, Booking.status != Status.HELD))
    policy_of = policies(session)
    left = session.execute(
        select(Space.kind, Space.zone_id, func.min(SpaceState.since_at))
        .where(*_left(_ending_early(policy_of)))
        .group_by(Space.kind, Space.zone_id)
    )
    early = ((at, policy_of.of(kind, zone_id).early_leave) for kind, zone_id, at in left)
    waits = [checked, ends, *(at + wait for at, wait in early if wait)]
    return min((at for at in waits if at is not None), default=None)


def give_back(session: Session, booking: Booking, *, actor: Person, now: datetime, why: str = "") -> Booking:
    """End one's booking now; one that has not begun is cancelled. Always allowed while it is live and not over.
    `why`: in the actor's own words."""
    kind, values = _given_back(booking, now)
    change(session, booking, kind, now=now, actor_id=actor.id, details=in_words(why), **values)
    return booking


def cancel(session: Session, booking: Booking, *, actor: Person, now: datetime, why: str = "") -> Booking:
    """Cancel a booking that nobody has checked in to; one that is checked in is given back. `why`: in the actor's own
    words."""
    kind, values = _cancelled(booking, now)
    change(session, booking, kind, now=now, actor_id=actor.id, details=in_words(why), **values)
    return booking


def cancel_all(
    session: Session, bookings: Sequence[Booking], *, actor: Person, now: datetime, why: str = ""
) -> None:
    """The same of several, all or nothing; six statements at most.

    Raises Conflict `booking.state` or `booking.changed`.
    """
    by_kind: dict[str, list[tuple[Booking, dict[str, Any]]]] = defaultdict(list)
    for one in bookings:
        kind, values = _cancelled(one, now)
        by_kind[kind].append((one, values))
    for kind, wanted in by_kind.items():
        said = in_words(why)
        if len(change_all(session, kind, wanted, now=now, actor_id=actor.id, details=said)) < len(wanted):
            raise Conflict("booking.changed")


def _cancelled(booking: Booking, now: datetime) -> tuple[str, dict[str, Any]]:
    if booking.status is not Status.BOOKED or now >= booking.end_at:
        return _given_back(booking, now)
    return "booking.cancelled", {
        "status": Status.CANCELLED,
        "reason": "cancelled",
        "ended_at": max(now, booking.start_at) if now > booking.start_at else None,
        "release_check_at": None,
    }


def _given_back(booking: Booking, now: datetime) -> tuple[str, dict[str, Any]]:
    if not booking.is_live or now >= booking.end_at:
        raise Conflict("booking.state", status=booking.status.value)
    begun = booking.start_at < now and booking.status is not Status.HELD
    return "booking.ended_early" if begun else "booking.cancelled", {
        "status": Status.ENDED_EARLY if begun else Status.CANCELLED,
        "reason": "gave_back",
        "ended_at": min(now, booking.end_at) if begun else None,
        "release_check_at": None,
    }


def reclaim(session: Session, booking: Booking, *, actor: Person, now: datetime) -> Booking:
    """Take a released booking back while nobody else holds the space; it is not released again (RULES 10).

    Raises Conflict `booking.state`, `booking.held` or `booking.overlap`, RuleBroken `booking.rule` where a barrier has
    come since, or the person has booked up to a quota, and `zone.free_seating` where its zone takes no bookings by now.
    """
    if booking.status is not Status.RELEASED or now >= booking.end_at:
        raise Conflict("booking.state", status=booking.status.value)
    queue_up(session, user_ids=[booking.user_id], space_ids=[booking.space_id])
    if _is_offered(session, booking):
        raise Conflict("booking.held", space_id=booking.space_id)
    left = TimeSpan(max(now, booking.start_at), booking.end_at)
    place = get_place(session, booking.space_id, anew=True)
    check_takes_bookings(place)
    legal.check_barriers(session, place, left, booking.user_id)
    besides = legal.Besides.one(booking.id)
    legal.check_counts(session, place, left, user_id=booking.user_id, now=now, besides=besides)
    with overlap_refused(session, left, space_id=booking.space_id):
        change(
            session,
            booking,
            "booking.reclaimed",
            now=now,
            actor_id=actor.id,
            status=Status.BOOKED,
            reason="reclaimed",
            reclaimed=True,
            ended_at=None,
            release_check_at=None,
        )
    return booking


def _is_offered(session: Session, booking: Booking) -> bool:
    """Whether the booking's space is held for somebody in the queue in a part of its span (RULES 13)."""
    query = select(Booking.id).where(
        Booking.space_id == booking.space_id,
        HOLDS,
        Booking.status == Status.HELD,
        Booking.start_at < booking.end_at,
        Booking.end_at > booking.start_at,
    )
    return session.scalar(query.limit(1)) is not None


def end_empty_claim(session: Session, space_id: int, *, claimer: Person, now: datetime) -> Booking | None:
    """End a claim of a space that its sensor has confirmed vacant since, at its last signal (RULES 12).

    The claimer queues up for the space first, as for every booking to come.
    """
    queue_up(session, user_ids=[claimer.id], space_ids=[space_id])
    found = empty_claim(session, space_id, now)
    if found is None:
        return None
    booking, since_at = found
    change(
        session,
        booking,
        "booking.ended_early",
        now=now,
        status=Status.ENDED_EARLY,
        reason="claimed_by_other",
        ended_at=since_at,
    )
    return booking


def empty_claim(session: Session, space_id: int, now: datetime) -> tuple[Booking, datetime] | None:
    """A claim that holds a space which its sensor has confirmed vacant since, past the hold, and when it was left: at
    once where nobody was ever seen."""
    row = session.execute(
        select(Booking, SpaceState.since_at, last_signal(Booking.space_id))
        .join(SpaceState, SpaceState.space_id == Booking.space_id)
        .where(
            Booking.space_id == space_id,
            Booking.status == Status.CHECKED_IN,
            Booking.origin == Origin.CLAIM,
            Booking.start_at <= now,
            Booking.end_at > now,
            SpaceState.state == Occupancy.VACANT,
        )
    ).one_or_none()
    if row is None:
        return None
    booking, since_at, signal_at = row
    hold = get_place(session, space_id).policy.vacant_hold
    if not is_deserted(booking.start_at, since_at, signal_at, hold=hold):
        return None
    return booking, max(since_at, booking.start_at)


def give_back_clashing(
    session: Session, *, actor: Person, lane: Lane, besides: int, now: datetime
) -> Booking | None:
    """End what the actor holds of a lane now, elsewhere than at `besides`: whoever sits down here has left there.

    Queues up for the person and for `besides`, where they sit down next, before a row is locked.
    """
    queue_up(session, user_ids=[actor.id], space_ids=[besides])
    held = session.scalar(
        select(Booking).where(
            Booking.user_id == actor.id,
            Booking.lane == lane,
            HOLDS,
            Booking.status != Status.HELD,
            Booking.space_id != besides,
            Booking.start_at <= now,
            Booking.end_at > now,
        )
    )
    return give_back(session, held, actor=actor, now=now) if held else None
