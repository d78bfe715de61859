"""Spaces kept for somebody who needs them: from a day until another; why is nobody's business."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app import events
from app.database import lock_rows
from app.errors import Conflict, NotFound
from app.people.service import get_by_email, get_person, names
from app.spaces.models import FixedSeat, Floor, Site, Space, Zone
from app.timespan import day_span


@dataclass(frozen=True, slots=True)
class NewFixedSeat:
    """A space to be kept for somebody from a day until another, both included; `last` None: until further notice."""

    space_id: int
    user_id: int
    first: date
    last: date | None


def kept_span(wanted: NewFixedSeat, zone: ZoneInfo, now: datetime) -> tuple[datetime, datetime | None]:
    """From when, at the earliest now, and until when it is kept."""
    end = day_span(wanted.last, zone).end if wanted.last else None
    return max(day_span(wanted.first, zone).start, now), end


def keep_for(
    session: Session,
    space_id: int,
    user_id: int,
    *,
    first: date,
    last: date | None,
    actor_id: int | None,
    now: datetime,
) -> FixedSeat:
    """Keep a space for somebody from a day until another. What others booked there is the caller's to move.

    Raises NotFound `space.unknown` or `user.unknown`, Conflict `space.kept` where it is kept for somebody already.
    """
    if session.get(Space, space_id) is None:
        raise NotFound("space.unknown", space_id=space_id)
    # Whoever books it, or keeps it for somebody else, at this moment is before or after this.
    lock_rows(session, "space", [space_id])
    get_person(session, user_id, first)
    query = select(FixedSeat.id).where(
        FixedSeat.space_id == space_id, or_(FixedSeat.until_on.is_(None), FixedSeat.until_on >= first)
    )
    if session.scalar(query if last is None else query.where(FixedSeat.from_on <= last)):
        raise Conflict("space.kept", space_id=space_id)
    made = FixedSeat(space_id=space_id, user_id=user_id, from_on=first, until_on=last)
    session.add(made)
    session.flush()
    # Whom it is kept for stands in the row alone: why somebody needs a seat is nobody's business, nor is the log's.
    events.record(session, "space.kept", f"space:{space_id}", at=now, actor_id=actor_id, fixed_id=made.id)
    return made


def holder_id(session: Session, email: str) -> int:
    """Whom a space is to be kept for, by address; raises NotFound `user.unknown`."""
    return get_by_email(session, email).id


def holder_name(session: Session, wanted: NewFixedSeat) -> str:
    """Whom a space is to be kept for, by name: for the facility staff alone."""
    return names(session, [wanted.user_id]).get(wanted.user_id, "")


def list_kept(session: Session, on: date) -> list[FixedSeat]:
    """What is kept for somebody on a day or later, in the order of the spaces."""
    query = (
        select(FixedSeat)
        .where(or_(FixedSeat.until_on.is_(None), FixedSeat.until_on >= on))
        .order_by(FixedSeat.space_id, FixedSeat.from_on)
    )
    return list(session.scalars(query))


def get_fixed(session: Session, fixed_id: int) -> FixedSeat:
    """A space kept for somebody, also until a day that is over; raises NotFound `space.not_kept`."""
    found = session.get(FixedSeat, fixed_id)
    if found is None:
        raise NotFound("space.not_kept", fixed_id=fixed_id)
    return found


def free_again(session: Session, fixed_id: int, *, last: date, actor_id: int | None, now: datetime) -> None:
    """A kept space is everybody's again after the day `last`. Raises NotFound `space.not_kept`."""
    found = get_fixed(session, fixed_id)
    if last < found.from_on:
        session.delete(found)
    else:
        found.until_on = min(found.until_on or last, last)
    session.flush()
    events.record(
        session, "space.freed", f"space:{found.space_id}", at=now, actor_id=actor_id, fixed_id=fixed_id
    )


def free_all_of(session: Session, user_id: int, *, now: datetime) -> None:
    """What is kept for somebody who leaves is everybody's again, today included."""
    query = (
        select(FixedSeat.id, Site.timezone)
        .join(Space, Space.id == FixedSeat.space_id)
        .join(Zone, Zone.id == Space.zone_id)
        .join(Floor, Floor.id == Zone.floor_id)
        .join(Site, Site.id == Floor.site_id)
        .where(FixedSeat.user_id == user_id)
        .where(or_(FixedSeat.until_on.is_(None), FixedSeat.until_on >= now.date() - timedelta(days=1)))
        .order_by(FixedSeat.id)
    )
    for fixed_id, zone in session.execute(query).all():
        yesterday = now.astimezone(ZoneInfo(zone)).date() - timedelta(days=1)
        free_again(session, fixed_id, last=yesterday, actor_id=None, now=now)
