"""On what ground people may enter the zones of some spaces; read once, for however many who ask."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.bookings.models import HOLDS, Booking
from app.occupancy.models import SpaceState
from app.occupancy.rules import Occupancy
from app.people.models import Role
from app.people.service import Person
from app.spaces.barriers import Barrier, barriers
from app.spaces.models import Space, Zone
from app.spaces.rules import LANES, Door, Entry, Lane
from app.spaces.service import doors, in_layout
from app.timespan import TimeSpan, days_of


@dataclass(frozen=True, slots=True)
class Seat:
    """A space of a zone that must be full before another one takes people in, with what stands before it."""

    lane: Lane
    is_occupied: bool
    before: list[Barrier] = field(default_factory=list)
    booked: list[TimeSpan] = field(default_factory=list)

    def is_free(self, span: TimeSpan, now: datetime, user_id: int | None) -> bool:
        """As `reads.free_by_zone` counts."""
        if self.is_occupied and span.start <= now:
            return False
        barred = any(one.touches(span) and one.bars(user_id) for one in self.before)
        return not barred and not any(one.overlaps(span) for one in self.booked)


@dataclass(slots=True)
class Entrance:
    """The zones of some spaces, each with its site's zone of time, for spans within a window.

    Nothing is read before somebody needs it: two queries for whoever is not let in everywhere, three more for whoever
    only comes in where others are full. By then it is the same for everybody: what is free, and what is taken since.
    """

    zones: Mapping[int, tuple[Zone, ZoneInfo]]
    window: TimeSpan
    _doors: dict[int, Door] | None = None
    _seats: dict[int, dict[int, Seat]] | None = None

    def take(self, space_id: int, span: TimeSpan) -> None:
        """Somebody has a space now that was free when it was read."""
        for seats in (self._seats or {}).values():
            if space_id in seats:
                seats[space_id].booked.append(span)

    def grounds(
        self,
        session: Session,
        zone_ids: Collection[int],
        lane: Lane,
        span: TimeSpan,
        *,
        person: Person | None,
        now: datetime,
    ) -> dict[int, Entry]:
        """On what ground a person may enter each of these zones for a space of a lane, by the sections of the span's
        first day; NONE where it takes in those of a full one, and theirs is not. `person` None: a guest at the door."""
        if person is None or person.role is Role.FACILITY:
            return dict.fromkeys(zone_ids, Entry.OWN)
        if self._doors is None:
            self._doors = doors(session, [zone for zone, _timezone in self.zones.values()])
        found = {}
        for zone_id in zone_ids:
            door, (first, last) = self._doors[zone_id], days_of(span, self.zones[zone_id][1])
            sections = person.as_of(first).within
            entry = door.entry_for(sections, first, last)
            if entry is Entry.OVERFLOW:
                seats = self._seats_of(session, door.homes(sections))
                if any(one.lane is lane and one.is_free(span, now, person.id) for one in seats):
                    entry = Entry.NONE
            found[zone_id] = entry
        return found

    def own(self, zone_ids: Collection[int], span: TimeSpan, person: Person | None) -> set[int]:
        """Those of some zones in which the person is at home on the span's first day."""
        if person is None:
            return set()
        return {
            zone_id
            for zone_id, (zone, timezone) in self.zones.items()
            if zone_id in zone_ids and zone.section_id in person.as_of(days_of(span, timezone)[0]).within
        }

    def _seats_of(self, session: Session, zone_ids: Iterable[int]) -> Iterable[Seat]:
        if self._seats is None:
            listed = {home for door in (self._doors or {}).values() for home, _section in door.overflow_of}
            # The zones of one site: that of the first stands for all.
            timezone = next((one for _zone, one in self.zones.values()), ZoneInfo("UTC"))
            self._seats = read_seats(session, listed, self.window, timezone)
        return (seat for zone_id in zone_ids for seat in self._seats.get(zone_id, {}).values())


def read_seats(
    session: Session, zone_ids: Collection[int], window: TimeSpan, timezone: ZoneInfo
) -> dict[int, dict[int, Seat]]:
    """The spaces of zones, by zone and id; three queries."""
    found: dict[int, dict[int, Seat]] = defaultdict(dict)
    by_id: dict[int, Seat] = {}
    for space_id, zone_id, kind, state in session.execute(
        select(Space.id, Space.zone_id, Space.kind, SpaceState.state)
        .join(SpaceState, SpaceState.space_id == Space.id, isouter=True)
        .where(Space.zone_id.in_(zone_ids), in_layout(Space))
        .order_by(Space.id)
    ):
        by_id[space_id] = found[zone_id][space_id] = Seat(LANES[kind], state is Occupancy.OCCUPIED)
    for space_id, start, end in session.execute(
        select(Booking.space_id, Booking.start_at, Booking.end_at)
        .where(
            Booking.space_id.in_(by_id),
            HOLDS,
            Booking.start_at < window.end,
            Booking.end_at > window.start,
        )
        .order_by(Booking.start_at)
    ):
        by_id[space_id].booked.append(TimeSpan(start, end))
    for barrier in barriers(session, window, timezone, zone_ids=zone_ids):
        if barrier.space_id in by_id:
            by_id[barrier.space_id].before.append(barrier)
    return found
