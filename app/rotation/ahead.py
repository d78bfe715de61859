"""How far ahead a rotation may be published: as far as the seats of its days may be booked (RULES 14)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import RuleBroken
from app.rotation.usable import bookable, home_zones
from app.spaces.models import Space
from app.spaces.rules import Kind
from app.spaces.service import in_layout, policies
from app.telework.caps.service import rulebook
from app.telework.service import Office


def publishable_from(
    session: Session, section_id: int, last: date, *, office: Office, now: datetime
) -> datetime | None:
    """When a section's days up to one can be published; None: now, as far as this goes."""
    zones = [one.id for one in bookable(home_zones(session, rulebook(session), section_id))]
    seats = select(Space.zone_id).where(Space.zone_id.in_(zones), Space.kind == Kind.SEAT, in_layout(Space))
    return _opens_at(session, set(session.scalars(seats.distinct())), last, office=office, now=now)


def check_ahead(
    session: Session, zone_ids: Collection[int], last: date, *, office: Office, now: datetime
) -> None:
    """That the seats of these zones can be booked up to a day. Raises RuleBroken `rotation.too_far`."""
    if at := _opens_at(session, zone_ids, last, office=office, now=now):
        raise RuleBroken("rotation.too_far", **too_far(at))


def too_far(at: datetime) -> dict[str, str]:
    """What is said of days that can be published from an instant on."""
    return {"rule": "too_far", "allowed": f">= {at.isoformat()}"}


def _opens_at(
    session: Session, zone_ids: Collection[int], last: date, *, office: Office, now: datetime
) -> datetime | None:
    """When they can be booked; None: now, or there are none to be booked."""
    if not zone_ids:
        return None
    found = policies(session)
    at = office.open_on(last).start - max(found.of(Kind.SEAT, one).horizon_facility for one in zone_ids)
    return at if at > now else None
