"""What the rules ask of the office before the locks: read as they ask it for one booking, once for many."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.bookings import refusing
from app.bookings.models import HOLDS, Booking
from app.bookings.now.entrance import Seat, read_seats
from app.calendar import working_days
from app.occupancy.models import SpaceState
from app.occupancy.rules import Occupancy
from app.spaces.barriers import barriers
from app.spaces.models import FixedSeat, Space, Zone
from app.spaces.rules import LANES, Door, Lane
from app.spaces.service import Place, doors, in_layout
from app.timespan import TimeSpan
from app.working_days import WorkingDays


class Reads:
    """For one booking: each is asked at most once."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def calendar(self, year: int) -> WorkingDays:
        """The office's days of a year and its neighbours; one query."""
        return working_days(self.session, year)

    def door(self, zone: Zone) -> Door:
        """Who may enter a zone; two queries."""
        return doors(self.session, [zone])[zone.id]

    def free(
        self, place: Place, homes: Collection[int], span: TimeSpan, *, user_id: int | None, now: datetime
    ) -> int:
        """How many spaces of the place's lane a person could have in these zones; two queries."""
        counts = free_by_zone(self.session, homes, span, now, place.timezone, user_id=user_id)
        return sum(counts.get((home, place.space.lane), 0) for home in homes)

    def is_kept_for(self, place: Place, user_id: int | None, on: date) -> bool:
        """Whether the space is this person's fixed seat on a day; one query."""
        return any(_holds(one, on) for one in self._fixed(place, user_id))

    def whose(self, place: Place, sections: frozenset[int]) -> refusing.Whose:
        """What a refusal says of the zone and of those that are open to these sections; two queries."""
        return refusing.read_whose(self.session, place, sections)

    def _fixed(self, place: Place, user_id: int | None) -> list[FixedSeat]:
        if user_id is None:
            return []
        query = select(FixedSeat).where(FixedSeat.space_id == place.space.id, FixedSeat.user_id == user_id)
        return list(self.session.scalars(query))


def _holds(fixed: FixedSeat, on: date) -> bool:
    return fixed.from_on <= on and (fixed.until_on is None or on <= fixed.until_on)


class ReadOnce(Reads):
    """For many bookings, all of them within a window: what was read is known for the next one."""

    def __init__(self, session: Session, window: TimeSpan) -> None:
        super().__init__(session)
        self._window = window
        self._calendars: dict[int, WorkingDays] = {}
        self._doors: dict[int, Door] = {}
        self._kept: dict[tuple[int, int | None], list[FixedSeat]] = {}
        self._whose: dict[tuple[int, Lane, frozenset[int]], refusing.Whose] = {}
        self._seats: dict[int, list[Seat]] = {}

    def calendar(self, year: int) -> WorkingDays:
        if year not in self._calendars:
            self._calendars[year] = super().calendar(year)
        return self._calendars[year]

    def door(self, zone: Zone) -> Door:
        if zone.id not in self._doors:
            self._doors[zone.id] = super().door(zone)
        return self._doors[zone.id]

    def free(
        self, place: Place, homes: Collection[int], span: TimeSpan, *, user_id: int | None, now: datetime
    ) -> int:
        unknown = [home for home in homes if home not in self._seats]
        if unknown:
            found = read_seats(self.session, unknown, self._window, place.timezone)
            self._seats |= {home: list(found[home].values()) for home in unknown}
        seats = (seat for home in homes for seat in self._seats[home])
        return sum(one.lane is place.space.lane and one.is_free(span, now, user_id) for one in seats)

    def whose(self, place: Place, sections: frozenset[int]) -> refusing.Whose:
        key = place.zone.id, place.space.lane, sections
        if key not in self._whose:
            self._whose[key] = super().whose(place, sections)
        return self._whose[key]

    def _fixed(self, place: Place, user_id: int | None) -> list[FixedSeat]:
        key = place.space.id, user_id
        if key not in self._kept:
            self._kept[key] = super()._fixed(place, user_id)
        return self._kept[key]


def free_by_zone(
    session: Session,
    zone_ids: Collection[int],
    span: TimeSpan,
    now: datetime,
    timezone: ZoneInfo,
    *,
    user_id: int | None,
) -> dict[tuple[int, Lane], int]:
    """How many spaces of each lane in these zones a person could have: nobody holds them, nor sits on them where the
    span has begun, and no barrier stands before them; two queries.

    Whether somebody sits there is what the sensor last said: in a zone for free seating nothing else tells.
    """
    if not zone_ids:
        return {}
    held = select(Booking.id).where(
        Booking.space_id == Space.id, HOLDS, Booking.start_at < span.end, Booking.end_at > span.start
    )
    occupied = select(SpaceState.space_id).where(
        SpaceState.space_id == Space.id, SpaceState.state == Occupancy.OCCUPIED
    )
    found_barriers = barriers(session, span, timezone, zone_ids=zone_ids)
    barred = {barrier.space_id for barrier in found_barriers if barrier.bars(user_id)}
    query = select(Space.zone_id, Space.kind, func.count()).where(
        Space.zone_id.in_(zone_ids), in_layout(Space), Space.id.not_in(barred), ~held.exists()
    )
    if span.start <= now:
        query = query.where(~occupied.exists())
    found: dict[tuple[int, Lane], int] = {}
    for zone_id, kind, count in session.execute(query.group_by(Space.zone_id, Space.kind)):
        found[zone_id, LANES[kind]] = found.get((zone_id, LANES[kind]), 0) + count
    return found
