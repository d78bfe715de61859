"""What is held for the first in line against everybody who books it."""

from __future__ import annotations

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from app.bookings.models import Booking
from app.bookings.rules import LIVE, Status
from app.people.models import Role
from app.spaces.models import Space
from app.spaces.rules import Kind
from app.waitlist.models import Entry
from app.waitlist.rules import State
from tests.benchmarks.races_stage import SLOT, Cast, Race, add_spaces, booked, wanted
from tests.servers.web import Answer, Client


class Queue(Race):
    """A slot is held for one person, who accepts it while everybody else books it: theirs, every time."""

    name = "queue"

    def prepare(self, session: Session, cast: Cast) -> None:
        self.cast = cast
        # People of its own: in one lane nobody holds two spaces, and other races are at the same times.
        waiters = cast.hire(session, "waiter", len(cast.runners), Role.CHIEF)
        self.tokens = cast.tokens_of(session, waiters)
        self.owners = [waiters[slot % len(waiters)].id for slot in range(len(cast.slots))]
        (self.space_id,) = add_spaces(session, cast.zone_id, self.name, 1, kind=Kind.SEAT)
        space = session.get_one(Space, self.space_id)
        people = {user.id: user for user in waiters}
        rows = [
            booked(space, people[owner], start, start + SLOT, cast.now) | {"status": Status.HELD}
            for owner, start in zip(self.owners, cast.slots, strict=True)
        ]
        session.execute(insert(Booking), rows)
        held = session.scalars(
            select(Booking).where(Booking.space_id == self.space_id).order_by(Booking.start_at)
        ).all()
        entries = [
            Entry(
                user_id=one.user_id,
                lane=one.lane,
                space_id=one.space_id,
                start_at=one.start_at,
                end_at=one.end_at,
                state=State.OFFERED,
                booking_id=one.id,
                hold_until=one.start_at,
                made_at=cast.now,
            )
            for one in held
        ]
        session.add_all(entries)
        session.flush()
        self.entries = [one.id for one in entries]

    def ask(self, client: Client, runner: int, slot: int) -> Answer:
        headers = {"Authorization": f"Bearer {self.tokens[runner]}"}
        if runner == slot % len(self.tokens):
            return client.try_request("POST", f"/api/v1/waitlist/{self.entries[slot]}/accept", {}, headers)
        body = wanted(self.space_id, self.cast.slots[slot])
        return client.try_request("POST", "/api/v1/bookings", body, headers)

    def won(self, session: Session) -> int:
        """Slots that are held once, by whom they were offered to."""
        rows = session.execute(
            select(Booking.start_at, func.min(Booking.user_id))
            .where(Booking.space_id == self.space_id, Booking.status.in_(LIVE), Booking.status != Status.HELD)
            .group_by(Booking.start_at)
            .having(func.count() == 1)
        ).all()
        owners = dict(zip(self.cast.slots, self.owners, strict=True))
        return sum(owners[start] == user_id for start, user_id in rows)
