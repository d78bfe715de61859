"""A rotation is published while everybody books its seats; every second one is taken back."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from app.bookings.models import Booking
from app.bookings.rules import LIVE
from app.calendar import working_days
from app.people.models import Membership, Role, Section, User
from app.rotation.models import Rotation, RotationBooking, State
from app.spaces.models import Floor, Zone, ZoneGuest
from app.spaces.rules import Kind
from tests.benchmarks.races_stage import Cast, Race, add_spaces, wanted
from tests.servers.web import Answer, Client

TOKYO = ZoneInfo("Asia/Tokyo")
PEOPLE = 2


class Publishing(Race):
    """For each slot a section of two with a zone of two seats, open to all that day: the chief publishes their day in
    the office while the others each book one of the seats, which they give up again."""

    name = "rotation"
    refused_as = 409

    def prepare(self, session: Session, cast: Cast) -> None:
        self.day = cast.slots[0].astimezone(TOKYO).date() + timedelta(days=3)
        while not working_days(session, self.day.year).is_working(self.day):  # on others nothing is published
            self.day += timedelta(days=1)
        self.start = datetime.combine(self.day, time(9), TOKYO)
        floor = session.get_one(Floor, session.get_one(Zone, cast.zone_id).floor_id)
        above = session.scalars(select(Section.id).where(Section.code == "races")).one()
        (chief,) = cast.tokens_of(session, cast.hire(session, "rotation-chief", 1, Role.CHIEF))
        self.tokens = [chief, *cast.tokens_of(session, cast.hire(session, "rotation", len(cast.runners) - 1))]
        self.seats: list[list[int]] = []
        self.rotations: list[int] = []
        self.promised: dict[int, int] = {}
        self.owners: dict[int, dict[str, str]] = {}
        for slot in range(len(cast.slots)):
            section = Section(code=f"rotation-{slot}", name=f"係 {slot}", parent_id=above)
            session.add(section)
            session.flush()
            zone = Zone(floor_id=floor.id, code=f"rotation-{slot}", name="係", section_id=section.id)
            session.add(zone)
            session.flush()
            session.add(ZoneGuest(zone_id=zone.id, on_date=self.day))
            self.seats.append(add_spaces(session, zone.id, f"rotation-{slot}", PEOPLE, kind=Kind.SEAT))
            self.rotations.append(self._found(session, cast, section.id, slot))

    def _found(self, session: Session, cast: Cast, section_id: int, slot: int) -> int:
        """A rotation that has been searched: two people who are in the office on that day."""
        users = [
            User(email=f"in-{slot}-{n}@bench.example", name="席", role=Role.STAFF) for n in range(PEOPLE)
        ]
        session.add_all(users)
        session.flush()
        began = cast.now.date() - timedelta(days=2)
        session.execute(
            insert(Membership),
            [{"user_id": one.id, "section_id": section_id, "from_on": began} for one in users],
        )
        on = self.day.isoformat()
        rotation = Rotation(
            section_id=section_id,
            first_on=self.day,
            last_on=self.day,
            state=State.FOUND,
            problem={"days": [on], "members": [{"id": str(one.id)} for one in users]},
            plan={str(one.id): {on: {"am": "office", "pm": "office"}} for one in users},
            seconds=1,
            made_at=cast.now,
        )
        session.add(rotation)
        session.flush()
        return rotation.id

    def ask(self, client: Client, runner: int, slot: int) -> Answer:
        headers = {"Authorization": f"Bearer {self.tokens[runner]}"}
        if runner == 0:
            path = f"/api/v1/rotations/{self.rotations[slot]}/publish"
            answer = client.try_request("POST", path, {}, headers)
            if answer.status == 200:
                self.promised[slot] = answer.body["seats_booked"]
            return answer
        body = wanted(self.seats[slot][runner % PEOPLE], self.start)
        answer = client.try_request("POST", "/api/v1/bookings", body, headers)
        if answer.status == 201:
            self.owners[answer.body["id"]] = headers
        return answer

    def after(self, client: Client, answer: Answer, slot: int) -> None:
        if answer.status == 201:
            booking_id = answer.body["id"]
            headers = {**self.owners.pop(booking_id), "If-Match": '"1"'}
            client.try_request("DELETE", f"/api/v1/bookings/{booking_id}", None, headers)
        elif answer.status == 200 and slot % 2 == 0:
            path = f"/api/v1/rotations/{self.rotations[slot]}/withdraw"
            client.try_request("POST", path, {}, {"Authorization": f"Bearer {self.tokens[0]}"})

    def won(self, session: Session) -> int:
        """What was promised is booked; of what was taken back nothing is left."""
        live = Counter(
            session.scalars(
                select(RotationBooking.rotation_id)
                .join(Booking, Booking.id == RotationBooking.booking_id)
                .where(Booking.status.in_(LIVE))
            )
        )
        states = dict(
            session.execute(select(Rotation.id, Rotation.state).where(Rotation.id.in_(self.rotations))).all()
        )
        return sum(
            states[rotation_id] is State.PUBLISHED and live[rotation_id] == self.promised.get(slot)
            if slot % 2
            else states[rotation_id] is State.WITHDRAWN and live[rotation_id] == 0
            for slot, rotation_id in enumerate(self.rotations)
        )
