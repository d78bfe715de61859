"""Everybody wants the same days of a seat: all of them, or none."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.bookings.models import Booking
from app.bookings.rules import LIVE
from app.spaces.rules import Kind
from tests.benchmarks.races_stage import SLOT, Cast, Race, add_spaces, wanted
from tests.servers.web import Answer, Client

DAYS = 3


class Series(Race):
    """A seat for each slot, which everybody books for three days running, all or nothing."""

    name = "series"

    def prepare(self, session: Session, cast: Cast) -> None:
        self.cast = cast
        self.spaces = add_spaces(session, cast.zone_id, self.name, len(cast.slots), kind=Kind.SEAT)
        # Of their own: the runners' desks are taken by another race at these times.
        self.tokens = cast.tokens_of(session, cast.hire(session, self.name, len(cast.runners)))

    def ask(self, client: Client, runner: int, slot: int) -> Answer:
        headers = {"Authorization": f"Bearer {self.tokens[runner]}"}
        repeat = {"every": "day", "count": DAYS, "working_days_only": False}
        body = wanted(self.spaces[slot], self.cast.slots[slot], SLOT, repeat=repeat)
        return client.try_request("POST", "/api/v1/bookings", body, headers)

    def won(self, session: Session) -> int:
        """Seats with all the days of one series, and nothing else."""
        whole = (
            select(Booking.space_id)
            .where(Booking.space_id.in_(self.spaces), Booking.status.in_(LIVE))
            .group_by(Booking.space_id)
            .having(func.count() == DAYS, func.count(Booking.series_id.distinct()) == 1)
        )
        return session.scalars(select(func.count()).select_from(whole.subquery())).one()
