"""Before a booking is released: its person (a guest's host) is warned, and can say once that they are still coming."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from app.bookings.guards import queue_up
from app.bookings.models import Booking, facts_of
from app.bookings.release import AT_ONCE, Due
from app.bookings.rules import Booked, Status, is_warning_due, release_deadline
from app.bookings.service import change, change_all
from app.errors import Conflict, RuleBroken
from app.people.service import Person
from app.spaces.models import SensorBinding, Space
from app.spaces.rules import Policies
from app.spaces.service import get_place, policies


def _unwarned(policy_of: Policies) -> tuple[ColumnElement[bool], ...]:
    """Booked, not warned, to be looked at before its end; of a space that is watched, or of a kind that demands
    check-in by hand: no other booking is ever released."""
    by_hand = {kind for kind, policy in policy_of.kinds.items() if policy.check_in_by_hand}
    by_hand |= {kind for (_zone, kind), policy in policy_of.zones.items() if policy.check_in_by_hand}
    watched = select(SensorBinding.id).where(
        SensorBinding.space_id == Booking.space_id, SensorBinding.until_at.is_(None)
    )
    return (
        Booking.status == Status.BOOKED,
        Booking.warned_at.is_(None),
        # Whoever has no account is a guest, whose host is told; at a kiosk somebody stands there.
        or_(Booking.user_id.is_not(None), Booking.guest_name != ""),
        Booking.release_check_at < Booking.end_at,
        or_(watched.exists(), Space.kind.in_(by_hand)),
    )


def due_for_warning(session: Session, now: datetime) -> Due:
    """Booked, begun, not warned, and looked at by the no-show rule within the longest warning; the oldest first."""
    policy_of = policies(session)
    longest = max(policy.warn_before_release for policy in policy_of.all())
    query = (
        select(Booking)
        .join(Space, Space.id == Booking.space_id)
        .where(
            Booking.release_check_at <= now + longest,
            Booking.release_check_at > now,
            *_unwarned(policy_of),
        )
        .order_by(Booking.release_check_at, Booking.id)
        .limit(AT_ONCE)
    )
    return Due(tuple(session.scalars(query)))


def warn(
    session: Session, due: Due, expected: Mapping[tuple[int, datetime], datetime], now: datetime
) -> list[Booking]:
    """Record the warning of those of `due` whose grace is nearly over. `expected`: planned arrivals by (user, start).

    Who is expected later is looked at later.
    """
    if not due.bookings:
        return []
    policy_of = policies(session)
    spaces = {
        row.id: policy_of.of(row.kind, row.zone_id)
        for row in session.execute(
            select(Space.id, Space.kind, Space.zone_id).where(
                Space.id.in_({one.space_id for one in due.bookings})
            )
        )
    }
    warned: list[tuple[Booking, dict[str, Any]]] = []
    later: list[tuple[Booking, dict[str, Any]]] = []
    for booking in due.bookings:
        policy = spaces[booking.space_id]
        facts = facts_of(booking, expected_at=expected.get((booking.user_id or 0, booking.start_at)))
        deadline = release_deadline(facts, policy)
        if is_warning_due(facts, now=now, policy=policy):
            warned.append((booking, {"warned_at": now, "release_check_at": deadline}))
        elif booking.release_check_at and deadline > booking.release_check_at:
            later.append((booking, {"release_check_at": deadline, "reason": "grace"}))
    change_all(session, "booking.kept", later, now=now, wait=False)
    return change_all(session, "booking.release_warned", warned, now=now, wait=False)


def still_coming(session: Session, booking: Booking, *, actor: Person, now: datetime) -> Booking:
    """ "I am still coming": the grace runs once more, from now. Once, between the opening of check-in and the release.

    Raises Conflict `booking.state` or `booking.said_already`, RuleBroken `booking.rule` before check-in opens.
    """
    if booking.status is not Status.BOOKED or now >= booking.end_at:
        raise Conflict("booking.state", status=booking.status.value)
    if booking.coming_at is not None:
        raise Conflict("booking.said_already")
    policy = get_place(session, booking.space_id).policy
    opens = booking.start_at - policy.check_in_opens
    if now < opens:
        raise RuleBroken(
            "booking.rule", rule="check_in_opens", value=now.isoformat(), allowed=f">= {opens.isoformat()}"
        )
    queue_up(session, user_ids=[booking.user_id], space_ids=[booking.space_id])
    facts = Booked(status=booking.status, span=booking.span, made_at=booking.made_at, coming_at=now)
    later = max(release_deadline(facts, policy), booking.release_check_at or now)
    change(
        session,
        booking,
        "booking.still_coming",
        now=now,
        actor_id=actor.id,
        coming_at=now,
        release_check_at=None if booking.reclaimed else later,
    )
    return booking


def next_due(session: Session) -> datetime | None:
    """When time alone next gives a reason to warn."""
    policy_of = policies(session)
    rows = session.execute(
        select(Space.kind, Space.zone_id, func.min(Booking.release_check_at))
        .join(Space, Space.id == Booking.space_id)
        .where(*_unwarned(policy_of))
        .group_by(Space.kind, Space.zone_id)
    )
    waits = ((at, policy_of.of(kind, zone_id).warn_before_release) for kind, zone_id, at in rows)
    return min((at - wait for at, wait in waits if at and wait), default=None)
