"""Who has booked otherwise what they wait for."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.bookings.models import HOLDS, Booking
from app.bookings.rules import Status
from app.errors import Conflict
from app.spaces.models import Floor, Space, Zone
from app.waitlist.models import Entry
from app.waitlist.rules import Wish


def met(session: Session, waiting: Sequence[Entry], now: datetime) -> list[Entry]:
    """Those of them whose person has booked what they wait for; one query."""
    booked = _booked(session, {one.user_id for one in waiting if one.user_id is not None})
    return [
        entry
        for entry in waiting
        if any(one.meets(entry.wish, now, since=entry.made_at) for one in booked.get(entry.user_id or 0, ()))
    ]


def refuse_met(session: Session, wish: Wish, user_id: int, now: datetime) -> None:
    """Nobody waits for what they have. Raises Conflict `waitlist.met`."""
    for one in _booked(session, [user_id]).get(user_id, ()):
        if one.meets(wish, now, since=now):
            raise Conflict("waitlist.met", booking_id=one.booking.id)


@dataclass(frozen=True, slots=True)
class _Booked:
    """A booking and where it is."""

    booking: Booking
    space: Space
    site_id: int

    def meets(self, wish: Wish, now: datetime, *, since: datetime) -> bool:
        """Whether it is what somebody has wished for since then."""
        space = self.space
        return wish.target.takes(space.id, space.zone_id, self.site_id, space.kind) and wish.is_met_by(
            self.booking.span, now, is_newer=self.booking.made_at > since
        )


def _booked(session: Session, user_ids: Collection[int]) -> dict[int, list[_Booked]]:
    """What each of these people has booked and holds still; no query where nobody is asked for."""
    found: dict[int, list[_Booked]] = {}
    if not user_ids:
        return found
    rows = session.execute(
        select(Booking, Space, Floor.site_id)
        .join(Space, Space.id == Booking.space_id)
        .join(Zone, Zone.id == Space.zone_id)
        .join(Floor, Floor.id == Zone.floor_id)
        .where(Booking.user_id.in_(user_ids), HOLDS, Booking.status != Status.HELD)
        .order_by(Booking.id)
    )
    for booking, space, site_id in rows:
        found.setdefault(booking.user_id or 0, []).append(_Booked(booking, space, site_id))
    return found
