"""Everybody wants one space at one time: by a new booking, and by moving one."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from app.bookings.models import Booking
from app.bookings.rules import LIVE
from app.spaces.models import Space
from app.spaces.rules import Kind
from tests.benchmarks.races_stage import SLOT, Cast, Race, add_spaces, booked, wanted
from tests.servers.web import Answer, Client


def held_once(session: Session, space_id: int) -> int:
    """At how many starts exactly one live booking has a space."""
    starts = (
        select(Booking.start_at)
        .where(Booking.space_id == space_id, Booking.status.in_(LIVE))
        .group_by(Booking.start_at)
        .having(func.count() == 1)
    )
    return session.scalars(select(func.count()).select_from(starts.subquery())).one()


class Create(Race):
    """Everybody books it."""

    name = "create"

    def prepare(self, session: Session, cast: Cast) -> None:
        self.cast = cast
        # A booth, where the others race for a seat: in one lane a person would hold two spaces at a time.
        (self.space_id,) = add_spaces(session, cast.zone_id, "create", 1, kind=Kind.BOOTH)

    def ask(self, client: Client, runner: int, slot: int) -> Answer:
        return client.try_request("POST", "/api/v1/bookings", wanted(self.space_id, self.cast.slots[slot]))

    def won(self, session: Session) -> int:
        return held_once(session, self.space_id)


class Move(Race):
    """Everybody has a booking of their own at that time on another seat and moves it there."""

    name = "move"
    owned: Sequence[Sequence[int]]

    def prepare(self, session: Session, cast: Cast) -> None:
        self.space_id, *own = add_spaces(session, cast.zone_id, "move", 1 + len(cast.runners), kind=Kind.SEAT)
        session.execute(
            insert(Booking),
            [
                booked(session.get_one(Space, space_id), user, start, start + SLOT, cast.now)
                for space_id, user in zip(own, cast.runners, strict=True)
                for start in cast.slots
            ],
        )
        query = select(Booking.space_id, Booking.start_at, Booking.id).where(Booking.space_id.in_(own))
        ids = {(row.space_id, row.start_at): row.id for row in session.execute(query)}
        self.owned = [[ids[space_id, start] for start in cast.slots] for space_id in own]

    def ask(self, client: Client, runner: int, slot: int) -> Answer:
        path = f"/api/v1/bookings/{self.owned[runner][slot]}"
        return client.try_request("PATCH", path, {"space_id": self.space_id}, {"If-Match": '"1"'})

    def won(self, session: Session) -> int:
        return held_once(session, self.space_id)
