"""The verbs of the queue in the house of tests/house.py."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select

from app import pipeline
from app.bookings.models import Booking
from app.bookings.rules import Status
from app.database import reading, transaction
from app.events import Event
from app.spaces.models import Space
from app.spaces.rules import Kind, Lane, Target
from app.waitlist import service
from app.waitlist.models import Entry
from app.waitlist.rules import State, Wish
from tests.house import OFFICE, House, at, span


@dataclass
class Queue:
    """The queue of a house."""

    house: House

    def wait(
        self,
        who: str,
        target: Target | str,
        start: str,
        end: str,
        now: str = "08:30",
        length: timedelta | None = None,
    ) -> Entry:
        """Somebody stands in line for a target, or for a space by its name."""
        with transaction(self.house.engine) as session:
            wanted = self.space(target) if isinstance(target, str) else target
            entry = pipeline.wait(
                session,
                Wish(wanted, span(start, end), length),
                actor=self.house.people[who],
                now=at(now),
                office=OFFICE,
            )
            session.expunge(entry)
        return entry

    def space(self, name: str) -> Target:
        with reading(self.house.engine) as session:
            space = session.get_one(Space, self.house.spaces[name])
            return Target(space.lane, space_id=space.id)

    def draw(self, who: str, now: str) -> Entry:
        """A number for the rooms of zone A."""
        with transaction(self.house.engine) as session:
            zone_id = session.get_one(Space, self.house.spaces["booth"]).zone_id
            draw = service.Draw(zone_id)
            entry = pipeline.draw_number(
                session, draw, actor=self.house.people[who], now=at(now), office=OFFICE
            )
            session.expunge(entry)
        return entry

    def answer(self, who: str, entry: Entry, verb: str, now: str, **more: bool) -> None:
        """accept_offer, decline_offer or stop_waiting."""
        with transaction(self.house.engine) as session:
            actor = self.house.people[who]
            found = service.get_entry(session, entry.id, actor=actor)
            getattr(pipeline, verb)(session, found, actor=actor, now=at(now), office=OFFICE, **more)

    def give_back(self, who: str, booking: Booking, now: str) -> None:
        with transaction(self.house.engine) as session:
            pipeline.give_back(
                session,
                session.get_one(Booking, booking.id),
                actor=self.house.people[who],
                now=at(now),
                office=OFFICE,
            )

    def get(self, entry: Entry) -> Entry:
        with reading(self.house.engine) as session:
            found = session.get_one(Entry, entry.id)
            session.expunge(found)
        return found

    def state(self, *entries: Entry) -> list[State]:
        return [self.get(entry).state for entry in entries]

    def held(self, entry: Entry) -> Booking:
        """What is held for an entry, or became of it."""
        with reading(self.house.engine) as session:
            found = session.get_one(Booking, self.get(entry).booking_id)
            session.expunge(found)
        return found

    def holds(self) -> int:
        with reading(self.house.engine) as session:
            return len(session.scalars(select(Booking.id).where(Booking.status == Status.HELD)).all())

    def said(self, entry: Entry) -> list[str]:
        """What the log says of an entry."""
        with reading(self.house.engine) as session:
            query = select(Event.kind).where(Event.subject == f"waitlist:{entry.id}").order_by(Event.id)
            return [kind.removeprefix("waitlist.") for kind in session.scalars(query)]


SEATS = Target(Lane.DESK, Kind.SEAT)
BOOTHS = Target(Lane.ROOM, Kind.BOOTH)
