"""The office closes while everybody books: nothing stands in what is closed."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.bookings.models import Booking
from app.bookings.rules import LIVE
from app.people.models import Role
from app.spaces.models import Closure, Floor, Zone
from app.spaces.rules import Kind
from tests.benchmarks.races_stage import SLOT, Cast, Race, add_spaces, wanted
from tests.servers.web import Answer, Client


class Closing(Race):
    """One of the facility staff closes a zone for the slot, the others each book a space of it then."""

    name = "closing"
    refused_as = 422

    def prepare(self, session: Session, cast: Cast) -> None:
        self.cast = cast
        floor = session.get_one(Floor, session.get_one(Zone, cast.zone_id).floor_id)
        zone = Zone(floor_id=floor.id, code="closing", name="closing")
        session.add(zone)
        session.flush()
        self.site_id, self.zone_id = floor.site_id, zone.id
        self.spaces = add_spaces(session, zone.id, "closing", len(cast.runners), kind=Kind.OPEN_MEETING)
        (self.facility,) = cast.tokens_of(session, cast.hire(session, "facility", 1, Role.FACILITY))
        # Of their own: the runners' room is taken by another race at these times.
        self.tokens = cast.tokens_of(session, cast.hire(session, "closing", len(cast.runners)))

    def ask(self, client: Client, runner: int, slot: int) -> Answer:
        start = self.cast.slots[slot]
        if runner == 0:
            body = {
                "site_id": self.site_id,
                "zone_id": self.zone_id,
                "start": start.isoformat(),
                "end": (start + SLOT).isoformat(),
            }
            headers = {"Authorization": f"Bearer {self.facility}"}
            return client.try_request("POST", "/api/v1/closures", body, headers)
        headers = {"Authorization": f"Bearer {self.tokens[runner]}"}
        return client.try_request("POST", "/api/v1/bookings", wanted(self.spaces[runner], start), headers)

    def won(self, session: Session) -> int:
        standing = (
            select(Booking.id)
            .where(
                Booking.space_id.in_(self.spaces),
                Booking.status.in_(LIVE),
                Booking.start_at < Closure.end_at,
                Booking.end_at > Closure.start_at,
            )
            .exists()
        )
        query = select(func.count()).select_from(Closure).where(Closure.zone_id == self.zone_id, ~standing)
        return session.scalars(query).one()
