"""A simulated fleet's days through the house itself: messages decoded and processed as they arrive, the sweeps that the
jobs would make, and what people book in the morning.

A batch holds what arrives before the next sweep that is due, 500 messages at most, within five minutes, in the night
thirty. What a message of a batch makes due is swept for at the end of the batch: confirmed states do not depend on when
the sweeps come, and when a booking is to be looked at is known before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from sqlalchemy import Engine, update

from app.bookings.reserve import reserve
from app.clock import SteppingClock
from app.database import transaction
from app.jobs import sweep_once
from app.people.service import Person
from app.settings import OfficeHours
from app.spaces.models import Sensor
from app.telework.service import Office
from app.timespan import TimeSpan
from firmware_stubs.simulator.sensing import PIR_HOLD
from firmware_stubs.simulator.stream import Fleet, Message, messages
from firmware_stubs.simulator.wires import id_on
from sensor_gateway.handler import Counts, Handler
from sensor_gateway.messages import Envelope
from sensor_gateway.sweeps import Sweeps
from tests.office import furnish
from tests.staff import hire

BATCH = 500
LONGEST_BY_DAY, LONGEST_BY_NIGHT = timedelta(minutes=5), timedelta(minutes=30)
DAY_BEGINS, DAY_ENDS = time(6), time(21)
PEOPLE_BOOK_AT = time(7)


@dataclass(frozen=True, slots=True)
class Seats:
    """By the sensor's own id: the space that it watches, and the two people who book it."""

    spaces: Mapping[str, int]
    people: Mapping[str, Sequence[Person]]


def settle_in(engine: Engine, fleet: Fleet) -> Seats:
    """A seat for each sensor, and its people."""
    opens, _ = fleet.day_span(fleet.first)
    with transaction(engine) as session:
        names = [id_on(fleet.wire, one) for one in fleet.sensors]
        spaces = furnish(session, names, heartbeat_s=int(fleet.heartbeat.total_seconds()))
        if fleet.pir:
            hold_s = int(PIR_HOLD.total_seconds())
            session.execute(update(Sensor).values(own_hold_s=hold_s, detection_delay_s=hold_s))
        people = hire(session, 2 * len(names), now=opens)
    return Seats(
        dict(zip(fleet.sensors, spaces, strict=True)),
        dict(zip(fleet.sensors, zip(people[::2], people[1::2], strict=True), strict=True)),
    )


def play(engine: Engine, fleet: Fleet, seats: Seats, *, every: timedelta) -> Counts:
    """Play all of it; the jobs sweep `every` so often, where something is due."""
    return _Player(engine, fleet, seats, every).play()


class _Player:
    def __init__(self, engine: Engine, fleet: Fleet, seats: Seats, every: timedelta) -> None:
        self.engine, self.fleet, self.seats = engine, fleet, seats
        self.clock = SteppingClock(fleet.day_span(fleet.first)[0])
        office = Office(fleet.zone, OfficeHours())
        self.sweeps = Sweeps(engine, lambda now: len(sweep_once(engine, now, office).observed.changes), every)
        self.handler = Handler(engine, self.clock)
        self.mornings = [
            datetime.combine(on, PEOPLE_BOOK_AT, fleet.zone).astimezone(self.clock.at.tzinfo)
            for on in fleet.dates
        ]

    def play(self) -> Counts:
        counts = Counts()
        batch: list[Message] = []
        limit = self.clock.at
        for message in messages(self.fleet):
            if message.at >= limit or len(batch) >= BATCH:
                counts += self.take(batch)
                batch.clear()
                limit = self.pass_time(message.at)
            batch.append(message)
        counts += self.take(batch)
        self.pass_time(self.fleet.day_span(self.fleet.dates[-1])[1])
        return counts

    def take(self, batch: Sequence[Message]) -> Counts:
        """What the gateway does with what it has received."""
        if not batch:
            return Counts()
        self.clock.at = batch[-1].at
        return self.handler.handle([Envelope(one.topic, one.payload, one.at) for one in batch])

    def pass_time(self, until: datetime) -> datetime:
        """Let everything happen that is due by `until`; returns until when messages may be taken together."""
        while self.mornings and self.mornings[0] <= until:
            morning = self.mornings.pop(0)
            self.sweeps.pass_time(self.clock.at, morning)
            self.book(morning)
        self.sweeps.pass_time(self.clock.at, until)
        is_day = DAY_BEGINS <= until.astimezone(self.fleet.zone).time() < DAY_ENDS
        longest = LONGEST_BY_DAY if is_day else LONGEST_BY_NIGHT
        limits = [self.sweeps.waits_until, until + longest, *self.mornings[:1]]
        return min(one for one in limits if one is not None)

    def book(self, now: datetime) -> None:
        """The people of the day book what they booked."""
        on = now.astimezone(self.fleet.zone).date()
        with transaction(self.engine) as session:
            for sensor_id, people in self.seats.people.items():
                for booked in self.fleet.truth(sensor_id, on).booked:
                    reserve(
                        session,
                        actor=people[booked.person],
                        space_id=self.seats.spaces[sensor_id],
                        span=TimeSpan(*booked.span),
                        now=now,
                    )
