"""Sitting down against booking, and the sweep that releases against the person who comes at that moment."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Engine, func, insert, select, update
from sqlalchemy.orm import Session

from app import pipeline
from app.bookings.models import Booking
from app.bookings.rules import Status
from app.clock import system_clock
from app.database import transaction
from app.events import Event
from app.occupancy.models import StoredReading
from app.settings import OfficeHours
from app.spaces.models import Sensor, SensorBinding, Space
from app.spaces.rules import Kind
from app.telework.service import Office
from tests.benchmarks.races_stage import Cast, Race, add_spaces, booked, wanted
from tests.house import TOKYO
from tests.servers.web import Answer, Client

HEARTBEAT = timedelta(minutes=10)
OFFICE = Office(TOKYO, OfficeHours())


class Claim(Race):
    """Half of them sit down at a seat, half book it from now; whoever got it gives it back before the next slot."""

    name = "claim"

    def prepare(self, session: Session, cast: Cast) -> None:
        self.spaces = add_spaces(session, cast.zone_id, "claim", len(cast.slots), kind=Kind.SEAT)

    def ask(self, client: Client, runner: int, slot: int) -> Answer:
        space_id = self.spaces[slot]
        if runner % 2:
            return client.try_request("POST", f"/api/v1/spaces/{space_id}/claim", {})
        return client.try_request("POST", "/api/v1/bookings", wanted(space_id, system_clock()))

    def after(self, client: Client, answer: Answer, slot: int) -> None:
        if answer.status == 201:
            client.try_request("POST", f"/api/v1/bookings/{answer.body['id']}/end", {})

    def won(self, session: Session) -> int:
        made_once = (
            select(Booking.space_id)
            .where(Booking.space_id.in_(self.spaces))
            .group_by(Booking.space_id)
            .having(func.count() == 1)
        )
        return session.scalars(select(func.count()).select_from(made_once.subquery())).one()


class Release(Race):
    """A no-show for each slot, due at that moment: one runner sweeps; of the others half are the person, who checks in,
    half sit down there.

    Either the sweep wins or the person does; the history tells of one of both, and so does the row.
    """

    name = "release"

    def prepare(self, session: Session, cast: Cast) -> None:
        count = len(cast.slots)
        spaces = self.spaces = add_spaces(session, cast.zone_id, "release", count, kind=Kind.SEAT)
        people = cast.hire(session, "late", count)
        self.tokens = cast.tokens_of(session, people)
        start, end = cast.now - timedelta(minutes=70), cast.now + timedelta(hours=8)
        sensors = [f"release-{number}" for number in range(count)]
        session.execute(insert(Sensor), [{"id": sensor, "heartbeat_s": 600} for sensor in sensors])
        session.execute(
            insert(SensorBinding),
            [
                {"sensor_id": sensor, "space_id": space_id, "from_at": start - timedelta(days=1)}
                for sensor, space_id in zip(sensors, spaces, strict=True)
            ],
        )
        session.execute(
            insert(StoredReading),
            [
                {
                    "sensor_id": sensor,
                    "boot": "b007",
                    "seq": beat,
                    "occupied": False,
                    "history": False,
                    "observed_at": start + (beat - 4) * HEARTBEAT,
                    "received_at": start + (beat - 4) * HEARTBEAT,
                }
                for sensor in sensors
                for beat in range(12)
            ],
        )
        session.execute(
            insert(Booking),
            [
                booked(session.get_one(Space, space_id), user, start, end, start)
                for space_id, user in zip(spaces, people, strict=True)
            ],
        )
        query = select(Booking.id).where(Booking.space_id.in_(spaces)).order_by(Booking.space_id)
        self.ids = list(session.scalars(query))

    def before(self, engine: Engine, slot: int) -> None:
        self.engine = engine
        with transaction(engine) as session:
            session.execute(
                update(Booking)
                .where(Booking.id == self.ids[slot])
                .values(release_check_at=system_clock() - HEARTBEAT)
            )

    def ask(self, client: Client, runner: int, slot: int) -> Answer:
        if runner == 0:
            return self._sweep()
        if runner % 2 == 0:
            return client.try_request("POST", f"/api/v1/spaces/{self.spaces[slot]}/claim", {})
        headers = {"Authorization": f"Bearer {self.tokens[slot]}"}
        return client.try_request("POST", f"/api/v1/bookings/{self.ids[slot]}/check-in", {}, headers)

    def after(self, client: Client, answer: Answer, slot: int) -> None:
        if answer.status == 201:
            client.try_request("POST", f"/api/v1/bookings/{answer.body['id']}/end", {})

    def _sweep(self) -> Answer:
        started = system_clock()
        with transaction(self.engine) as session:
            swept = pipeline.sweep(session, started, OFFICE)
            released = len(swept.released)
        return Answer(200 if released else 409, None, (system_clock() - started).total_seconds())

    def won(self, session: Session) -> int:
        told = dict(
            session.execute(
                select(Event.subject, func.min(Event.kind))
                .where(
                    Event.subject.in_([f"booking:{number}" for number in self.ids]),
                    Event.kind.in_(("booking.released", "booking.checked_in")),
                )
                .group_by(Event.subject)
                .having(func.count() == 1)
            ).all()
        )
        rows = session.execute(select(Booking.id, Booking.status).where(Booking.id.in_(self.ids))).all()
        ends = {Status.RELEASED: "booking.released", Status.CHECKED_IN: "booking.checked_in"}
        return sum(told.get(f"booking:{row.id}") == ends.get(row.status, "never") for row in rows)
