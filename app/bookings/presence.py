"""Checking in: by hand, or inferred from what the sensor saw."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.bookings.guards import queue_up
from app.bookings.models import Booking, facts_of
from app.bookings.rules import By, Status, first_evidence
from app.bookings.service import change, change_all, previous_ends
from app.bulk import among
from app.errors import Conflict, RuleBroken
from app.occupancy.service import Seen
from app.people.service import Person
from app.spaces.models import Space
from app.spaces.service import get_place, policies


def check_in(session: Session, booking: Booking, *, actor: Person, now: datetime) -> Booking:
    """Check in by hand. A seat that the sensor, or somebody else, had checked in becomes the person's own word from now
    on (RULES 6); what was seen before stays beside it. By somebody else's hand it is their word, not the person's.

    Raises RuleBroken `booking.rule` before check-in opens, Conflict `booking.state` after the end.
    """
    by = By.HAND if actor.id == booking.user_id else By.OTHER
    if booking.status is Status.CHECKED_IN and not booking.takes_check_in(by_other=by is By.OTHER):
        return booking
    if booking.status not in {Status.BOOKED, Status.CHECKED_IN} or now >= booking.end_at:
        raise Conflict("booking.state", status=booking.status.value)
    opens = booking.start_at - get_place(session, booking.space_id).policy.check_in_opens
    if now < opens:
        raise RuleBroken(
            "booking.rule", rule="check_in_opens", value=now.isoformat(), allowed=f">= {opens.isoformat()}"
        )
    queue_up(session, user_ids=[booking.user_id], space_ids=[booking.space_id])
    change(
        session,
        booking,
        "booking.checked_in",
        now=now,
        actor_id=actor.id,
        status=Status.CHECKED_IN,
        checked_in_at=now,
        checked_in_by=by,
        seen_at=booking.seen_at or booking.checked_in_at,
        release_check_at=None,
    )
    return booking


def note_presence(session: Session, seen: Sequence[Seen], now: datetime) -> list[Booking]:
    """Check in the bookings for which the sensor saw somebody; a fixed number of statements, whatever the batch.

    What a person changed in the meantime is left to the person.
    """
    if not seen:
        return []
    by_space: dict[int, list[datetime]] = defaultdict(list)
    for one in seen:
        by_space[one.space_id].append(one.at)
    policy_of = policies(session)
    opens = max(policy.check_in_opens for policy in policy_of.all())
    rows = session.execute(
        select(Booking, Space.kind, Space.zone_id)
        .join(Space, Space.id == Booking.space_id)
        .where(
            among(session, Booking.space_id, by_space),
            Booking.status == Status.BOOKED,
            Booking.start_at <= max(one.at for one in seen) + opens,
            Booking.end_at > min(one.at for one in seen),
        )
        .order_by(Booking.id)
    ).all()
    before = previous_ends(session, [booking for booking, *_space in rows], policy_of.all())
    evidence: list[tuple[Booking, datetime]] = []
    for booking, kind, zone_id in rows:
        facts = facts_of(booking, previous_end=before.get(booking.id))
        at = first_evidence(facts, by_space[booking.space_id], policy_of.of(kind, zone_id))
        if at is not None:
            evidence.append((booking, at))
    queue_up(
        session,
        user_ids=[booking.user_id for booking, _at in evidence],
        space_ids=[booking.space_id for booking, _at in evidence],
    )
    return change_all(
        session,
        "booking.checked_in",
        [
            (
                booking,
                {
                    "status": Status.CHECKED_IN,
                    "checked_in_at": at,
                    "checked_in_by": By.SENSOR,
                    "release_check_at": None,
                },
            )
            for booking, at in evidence
        ],
        now=now,
    )
