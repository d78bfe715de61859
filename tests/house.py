"""A furnished office with people in it, and the few verbs that tests of its day need.

Zone A is everybody's: two seats with sensors, one seat without, a focus seat, a booth. Zone B is the tax section's,
zone F is for free seating. Everything happens on one Tuesday in Tokyo; `at("09:30")` is an instant of it.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from app import pipeline
from app.bookings import reserve
from app.bookings.models import Booking
from app.database import create_engine, reading, transaction
from app.events import Event
from app.occupancy.readings import Reading
from app.occupancy.service import Observed
from app.people import service as people
from app.people.models import Membership, Role, User
from app.people.service import Person
from app.settings import OfficeHours
from app.spaces import barriers
from app.spaces.models import Floor, Sensor, SensorBinding, Site, Space, Zone
from app.spaces.rules import Kind
from app.telework.service import Office
from app.timespan import TimeSpan

TOKYO = ZoneInfo("Asia/Tokyo")
DAY = date(2026, 11, 24)
OFFICE = Office(TOKYO, OfficeHours())
OPENED_AT = datetime(2026, 4, 1, tzinfo=UTC)
HEARTBEAT = timedelta(minutes=10)


def at(clock: str, *, day: int = 0) -> datetime:
    """A time of the day's clock as an instant; `day` 1 is the day after."""
    return datetime.combine(DAY + timedelta(days=day), time.fromisoformat(clock), TOKYO).astimezone(UTC)


def span(start: str, end: str, *, day: int = 0) -> TimeSpan:
    return TimeSpan(at(start, day=day), at(end, day=day))


@dataclass
class House:
    """The office; its spaces and people by name."""

    engine: Engine
    spaces: dict[str, int] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    floor_id: int = 0
    _seq: int = 0

    def book(
        self, who: str, where: str, start: str, end: str, *, now: str = "08:00", day: int = 0
    ) -> Booking:
        """A booking, committed; as it was then."""
        with transaction(self.engine) as session:
            booking = reserve.reserve(
                session,
                actor=self.people[who],
                space_id=self.spaces[where],
                span=span(start, end, day=day),
                now=at(now),
            )
            session.expunge(booking)
        return booking

    def break_(self, where: str, start: str = "00:00", end: str | None = None) -> None:
        """A space goes out of order."""
        with transaction(self.engine) as session:
            barriers.add_outage(
                session,
                self.spaces[where],
                start=at(start),
                end=at(end) if end else None,
                reason="",
                actor_id=None,
                now=at("00:00"),
            )

    def claim(self, who: str, where: str, now: str) -> Booking:
        """Somebody sat down and says so."""
        with transaction(self.engine) as session:
            booking = pipeline.claim(
                session, actor=self.people[who], space_id=self.spaces[where], now=at(now)
            )
            session.expunge(booking)
        return booking

    def readings(
        self, where: str, said: Sequence[tuple[str, bool | None]], *, history: bool = False
    ) -> list[Reading]:
        """Numbered readings of a space's sensor, as (time, occupied)."""
        made = []
        for clock, occupied in said:
            self._seq += 1
            made.append(
                Reading(
                    sensor_id=f"sensor-{where}",
                    observed_at=at(clock),
                    received_at=at(clock),
                    occupied=occupied,
                    boot="b007",
                    seq=self._seq,
                    history=history,
                )
            )
        return made

    def hear(self, where: str, *said: tuple[str, bool | None]) -> Observed:
        """A space's sensor spoke, each time in a batch of its own; returns what the last made known."""
        observed = Observed()
        for reading_ in self.readings(where, said):
            observed = self.process([reading_], reading_.received_at)
        return observed

    def hear_beats(self, where: str, start: str, end: str, *, occupied: bool | None) -> None:
        """The sensor says the same at every heartbeat from `start` to `end`, in one batch."""
        beats = []
        moment = at(start)
        while moment <= at(end):
            beats.append((moment.astimezone(TOKYO).time().isoformat(), occupied))
            moment += HEARTBEAT
        self.process(self.readings(where, beats), at(end))

    def process(self, batch: Sequence[Reading], now: datetime) -> Observed:
        with transaction(self.engine) as session:
            return pipeline.process_readings(session, batch, now)

    def sweep(self, now: str, *, day: int = 0) -> pipeline.Swept:
        with transaction(self.engine) as session:
            swept = pipeline.sweep(session, at(now, day=day), OFFICE)
            session.expunge_all()
        return swept

    def get(self, booking: Booking) -> Booking:
        """A booking as it is stored now."""
        with reading(self.engine) as session:
            found = session.get_one(Booking, booking.id)
            session.expunge(found)
        return found

    def events(self, booking: Booking) -> list[Event]:
        """What happened to a booking, oldest first."""
        with reading(self.engine) as session:
            query = select(Event).where(Event.subject == f"booking:{booking.id}").order_by(Event.id)
            found = list(session.scalars(query))
            session.expunge_all()
        return found


def build(engine: Engine) -> House:
    """Furnish an empty database and hire the people."""
    house = House(engine)
    with transaction(engine) as session:
        sections = {
            code: people.add_section(session, code, name=name).id
            for code, name in {"soumu": "総務課", "zei": "税務課"}.items()
        }
        _furnish(session, house, sections["zei"])
        for name, section, role in (
            ("aoki", "soumu", Role.STAFF),
            ("baba", "soumu", Role.STAFF),
            ("chiba", "soumu", Role.CHIEF),
            ("endo", "zei", Role.STAFF),
            ("fujii", "zei", Role.FACILITY),
        ):
            house.people[name] = _hire(session, name, sections[section], role)
    return house


def at_rest(house: House) -> House:
    """The house with nobody connected to it, so that its database may be copied."""
    house.engine.dispose()
    return house


@contextmanager
def moved_to(house: House, url: str) -> Iterator[House]:
    """The same house in a copy of its database."""
    engine = create_engine(url)
    try:
        yield House(engine, dict(house.spaces), dict(house.people), house.floor_id)
    finally:
        engine.dispose()


@contextmanager
def copied(house: House) -> Iterator[House]:
    """The same house in a copy of its SQLite file that lasts as long as the block: for each example of a property."""
    with TemporaryDirectory() as folder:
        path = shutil.copy(str(house.engine.url.database), folder)
        with moved_to(house, f"sqlite:///{path}") as other:
            yield other


def _furnish(session: Session, house: House, tax_section: int) -> None:
    site = Site(code="main", name="本庁", timezone=TOKYO.key)
    session.add(site)
    session.flush()
    floor = Floor(site_id=site.id, code="3F", name="3階")
    session.add(floor)
    session.flush()
    house.floor_id = floor.id
    zones = {
        "A": Zone(floor_id=floor.id, code="A", name="A"),
        "B": Zone(floor_id=floor.id, code="B", name="B", section_id=tax_section),
        "F": Zone(floor_id=floor.id, code="F", name="F", free_seating=True),
    }
    session.add_all(zones.values())
    session.flush()
    for code, zone, kind, has_sensor in (
        ("seat", "A", Kind.SEAT, True),
        ("window", "A", Kind.SEAT, True),
        ("bare", "A", Kind.SEAT, False),
        ("focus", "A", Kind.FOCUS_SEAT, True),
        ("booth", "A", Kind.BOOTH, True),
        ("taxes", "B", Kind.SEAT, True),
        ("free", "F", Kind.SEAT, True),
    ):
        space = Space(zone_id=zones[zone].id, code=code, kind=kind)
        session.add(space)
        session.flush()
        house.spaces[code] = space.id
        if has_sensor:
            name = f"sensor-{code}"
            session.add(Sensor(id=name, heartbeat_s=int(HEARTBEAT.total_seconds())))
            session.flush()
            session.add(SensorBinding(sensor_id=name, space_id=space.id, from_at=OPENED_AT))
    session.flush()


def _hire(session: Session, name: str, section_id: int, role: Role) -> Person:
    user = User(email=f"{name}@example.jp", name=name, kana=name, role=role)
    session.add(user)
    session.flush()
    session.add(Membership(user_id=user.id, section_id=section_id, from_on=OPENED_AT.date()))
    session.flush()
    return people.get_person(session, user.id, DAY)
