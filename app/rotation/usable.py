"""Where a section's people sit, and how many seats they can use in each half-day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.bookings.models import HOLDS, Booking
from app.bookings.rules import Status
from app.people.belonging import last_days
from app.people.rules import lineage
from app.rotation.models import Rotation, RotationCell, State
from app.rotation.rules import HALVES, HalfDay
from app.spaces.barriers import barriers
from app.spaces.models import Space, Zone
from app.spaces.rules import Kind, Lane
from app.spaces.service import in_layout
from app.telework.caps.service import Rulebook
from app.telework.rules import Half, PlanKind
from app.telework.service import Office
from app.timespan import TimeSpan, day_span


def home_zones(session: Session, book: Rulebook, section_id: int) -> list[Zone]:
    """The zones in which a section's people sit, in the order of their ids: its own and those of the sections below;
    where these have none, those of the nearest section above that has one. One query."""
    return _homes(_zones(session), book, section_id)


def _zones(session: Session) -> list[Zone]:
    query = select(Zone).where(Zone.section_id.is_not(None), in_layout(Zone)).order_by(Zone.id)
    return list(session.scalars(query))


def _homes(zones: Iterable[Zone], book: Rulebook, section_id: int) -> list[Zone]:
    near = {**lineage([section_id], book.parents), **dict.fromkeys(book.below(section_id), 0)}
    found = [(near[zone.section_id], zone) for zone in zones if zone.section_id in near]
    nearest = min((distance for distance, _zone in found), default=0)
    return [zone for distance, zone in found if distance == nearest]


def bookable(zones: Iterable[Zone]) -> list[Zone]:
    """Those of these zones in which a rotation books seats."""
    return [zone for zone in zones if not zone.free_seating and zone.lots_at is None]


class Held(NamedTuple):
    """A desk that somebody has booked, is offered or sits at."""

    space_id: int
    user_id: int | None
    start: datetime
    end: datetime
    status: Status

    @property
    def is_offer(self) -> bool:
        return self.status is Status.HELD

    @property
    def span(self) -> TimeSpan:
        return TimeSpan(self.start, self.end)

    def touches(self, window: TimeSpan) -> bool:
        return self.start < window.end and self.end > window.start


def windows(days: Sequence[date], office: Office) -> dict[HalfDay, TimeSpan]:
    """The hours of each half-day."""
    return {(on, half): office.window(on, Half(half)) for on in days for half in HALVES}


def whole_span(days: Sequence[date], office: Office) -> TimeSpan:
    """From the first day's beginning to the last one's end."""
    return TimeSpan(day_span(days[0], office.timezone).start, day_span(days[-1], office.timezone).end)


def held_desks(session: Session, span: TimeSpan) -> list[Held]:
    """Every desk that is held in a part of a span; one query."""
    query = select(Booking.space_id, Booking.user_id, Booking.start_at, Booking.end_at, Booking.status).where(
        HOLDS, Booking.lane == Lane.DESK, Booking.start_at < span.end, Booking.end_at > span.start
    )
    return [Held(*row) for row in session.execute(query)]


class Room(NamedTuple):
    """What a section's people can use of some zones in a half-day: so many `seats`. `elsewhere`: who holds a desk that
    is not in these zones."""

    seats: int
    elsewhere: frozenset[int | None]


def usable_seats(
    session: Session,
    book: Rulebook,
    section_id: int,
    *,
    days: Sequence[date],
    people: Collection[int],
    office: Office,
) -> dict[HalfDay, int] | None:
    """How many seats of its zones a section's people can use, by half-day: those in order that nobody else holds, less
    whoever comes to their zones without booking by another section's rotation. None of no zone; six queries."""
    every = _zones(session)
    zones = _homes(every, book, section_id)
    if not zones:
        return None
    others = _sharing(every, book, zones) - {section_id}
    found = _rooms(session, zones, others, days=days, people=people, office=office)
    return {half_day: room.seats for half_day, room in found.items()}


def free_rooms(
    session: Session,
    book: Rulebook,
    section_id: int,
    *,
    days: Sequence[date],
    people: Collection[int],
    office: Office,
) -> dict[HalfDay, Room]:
    """The same of its zones without booking alone, where others of the section take seats too; empty where it has none.
    Six queries, or one."""
    every = _zones(session)
    zones = [zone for zone in _homes(every, book, section_id) if zone.free_seating]
    if not zones:
        return {}
    sections = _sharing(every, book, zones)
    return _rooms(session, zones, sections, days=days, people=people, office=office)


def _sharing(every: Sequence[Zone], book: Rulebook, zones: Iterable[Zone]) -> set[int]:
    """The sections whose people sit in those of these zones that are without booking."""
    free = {zone.id for zone in zones if zone.free_seating}
    return {one for one in book.parents if not free.isdisjoint(zone.id for zone in _homes(every, book, one))}


def _rooms(
    session: Session,
    zones: Iterable[Zone],
    sections: Collection[int],
    *,
    days: Sequence[date],
    people: Collection[int],
    office: Office,
) -> dict[HalfDay, Room]:
    """What these people can use of zones, less whoever else comes to them by the rotations of these sections."""
    span, zone_ids = whole_span(days, office), [zone.id for zone in zones]
    seats = set(
        session.scalars(
            select(Space.id).where(Space.zone_id.in_(zone_ids), Space.kind == Kind.SEAT, in_layout(Space))
        )
    )
    bars = [
        one
        for one in barriers(session, span, office.timezone, zone_ids=zone_ids)
        if one.user_id is None or one.user_id not in people
    ]
    held = held_desks(session, span)
    coming = _coming(session, sections, days, office)
    found = {}
    for half_day, window in windows(days, office).items():
        now = [one for one in held if one.touches(window)]
        gone = {one.space_id for one in bars if one.touches(window)}
        gone |= {one.space_id for one in now if one.user_id not in people}
        come = coming[half_day] - {one.user_id for one in now} - set(people)
        found[half_day] = Room(
            max(0, len(seats - gone) - len(come)),
            frozenset(one.user_id for one in now if one.space_id not in seats),
        )
    return found


def _coming(
    session: Session, sections: Collection[int], days: Sequence[date], office: Office
) -> Mapping[HalfDay, set[int | None]]:
    """Who comes to the office by the published rotations of these sections and has not left by then; two queries."""
    query = (
        select(RotationCell.on_date, RotationCell.half, RotationCell.user_id)
        .join(Rotation, Rotation.id == RotationCell.rotation_id)
        .where(
            Rotation.section_id.in_(sections),
            Rotation.state == State.PUBLISHED,
            RotationCell.on_date.between(days[0], days[-1]),
            RotationCell.kind == PlanKind.OFFICE,
        )
    )
    leaving = last_days(session, office.timezone)
    found: dict[HalfDay, set[int | None]] = defaultdict(set)
    for on, half, user_id in session.execute(query):
        if on <= leaving.get(user_id, on):
            found[on, half.value].add(user_id)
    return found
