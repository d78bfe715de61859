"""A cell of the matrix: who calls, and what the owner of the data has."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select
from werkzeug.test import TestResponse

from app import pipeline
from app.access import EPOCH, SESSION_ID, USER
from app.database import reading, transaction
from app.people import tokens
from app.people.models import User
from app.rotation.models import Rotation, RotationSwap, State
from app.spaces.rules import Kind, Lane, Target
from app.telework.models import HalfDay, TeleworkDeputy
from app.telework.rules import Half, PlanKind
from app.telework.service import put_plan
from app.waitlist.rules import Wish
from tests.app.bookings.rooms import meeting
from tests.app.telework.days import unknown_yesterday
from tests.fixtures.web import Api
from tests.house import DAY, OFFICE, House, at, span

# How pages say, on the page that they lead back to, that something is somebody else's.
STRANGERS = (
    "belongs to somebody else",
    "There is no such place in line",
    "You are not invited",
    "Only a chief of the section",
    "Only the chief of the section",
    "A chief names the own deputies",
    "Your role does not look after this account",
    "Nobody changes the own role or leaves by the own hand",
    "Tokens are one's own",
)


@dataclass
class Actor:
    """Somebody in a role who calls the API with a token and pages in a browser, in English."""

    api: Api
    user_id: int
    epoch: int = 0

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> TestResponse:
        if path.startswith("/api/v1/"):
            return self.api.call(
                "aoki", method, path.removeprefix("/api/v1"), body, Accept_Language="en", **headers
            )
        with self.api.client.session_transaction() as session:
            session.clear()
            session.update(
                {USER: self.user_id, EPOCH: self.epoch, SESSION_ID: path}
            )  # one of the requests signs out
        answer = self.api.client.open(path, method=method, data=body, headers={"Accept-Language": "en"})
        with self.api.client.session_transaction() as session:
            told = [str(message) for _kind, message in session.get("_flashes", ())]
            if any(words in message for words in STRANGERS for message in told):
                answer.status_code = 403  # a page leads back and says there that it refused
        return answer


@dataclass
class Try:
    """One cell: somebody calls a route for the data of `owner`."""

    actor: Actor
    house: House
    owner: str
    number: int

    @property
    def owner_id(self) -> int:
        return self.house.people[self.owner].id

    @property
    def section_id(self) -> int:
        """The owner's section."""
        (found,) = self.house.people[self.owner].section_ids
        return found

    @property
    def hour(self) -> int:
        return 8 + self.number % 12

    @property
    def day(self) -> int:
        """With the hour a time that no other cell has."""
        return 1 + self.number // 12 % 13

    def booking(self) -> int:
        """One of the owner's."""
        return self.house.book(
            self.owner, "seat", f"{self.hour:02}:00", f"{self.hour + 1:02}:00", day=self.day
        ).id

    def invitation(self) -> int:
        """A booking of somebody else's that the owner is invited to."""
        return meeting(self.house, "chiba", self.owner, hour=self.hour, day=self.day).id

    def series(self) -> int:
        hour = self.hour
        body = {
            "space_id": self.house.spaces["booth"],
            "start": at(f"{hour:02}:00", day=1).isoformat(),
            "end": at(f"{hour + 1:02}:00", day=1).isoformat(),
            "repeat": {"every": "day", "count": 2},
        }
        made = self.actor.api.call(self.owner, "POST", "/bookings", body)
        assert made.status_code == 201, made.text
        series: int = made.get_json()["series"]["id"]
        return series

    def entry(self) -> int:
        """The owner waits for a booth."""
        person = self.house.people[self.owner]
        wanted = Target(Lane.ROOM, Kind.BOOTH)
        with transaction(self.house.engine) as session:
            hours = span(f"{self.hour:02}:00", f"{self.hour + 1:02}:00", day=self.day)
            return pipeline.wait(
                session, Wish(wanted, hours), actor=person, now=at("09:00"), office=OFFICE
            ).id

    def token(self) -> int:
        with transaction(self.house.engine) as session:
            person = self.house.people[self.owner]
            made, _token = tokens.issue(
                session, person.id, label="x", expires_on=None, actor=person, on=DAY, now=at("09:00")
            )
            return made.id

    def plan(self, on: date = DAY, half: Half = Half.AM) -> int:
        """At home, which waits for whoever decides."""
        with transaction(self.house.engine) as session:
            person = self.house.people[self.owner]
            return put_plan(session, actor=person, on=on, half=half, kind=PlanKind.HOME, now=at("08:00")).id

    def needless_booking(self) -> int:
        """One of the owner's, of a day on which they work at home."""
        booking = self.booking()
        for half in Half:
            self.plan(DAY + timedelta(days=self.day), half)
        return booking

    def half_day(self) -> int:
        """The owner's, of the day before."""
        new = unknown_yesterday(self.owner_id)
        theirs = select(HalfDay).where(HalfDay.user_id == self.owner_id, HalfDay.on_date == new.on_date)
        with transaction(self.house.engine) as session:
            row = session.scalar(theirs) or new
            session.add(row)
            session.flush()
            return row.id

    def rotation(self) -> int:
        """Of the owner's section."""
        return self._rotation(section_id=self.section_id)

    def _rotation(self, **values: Any) -> int:
        """One that was searched, and found nothing yet."""
        with transaction(self.house.engine) as session:
            made = Rotation(
                first_on=DAY,
                last_on=DAY,
                problem={},
                seconds=1,
                state=State.CANCELLED,
                made_at=at("08:00"),
                **values,
            )
            session.add(made)
            session.flush()
            return made.id

    def swap(self) -> int:
        """The owner is asked to come in for chiba; of a day that no other cell has."""
        rotation_id = self.rotation()
        with transaction(self.house.engine) as session:
            made = RotationSwap(
                rotation_id=rotation_id,
                absent_id=self.house.people["chiba"].id,
                person_id=self.owner_id,
                on_date=DAY + timedelta(days=self.number),
                cells={"comes": [], "home": []},
                offered_at=at("08:00"),
            )
            session.add(made)
            session.flush()
            return made.id

    def deputy(self) -> int:
        """Somebody decides for the owner."""
        with transaction(self.house.engine) as session:
            made = TeleworkDeputy(
                chief_id=self.owner_id,
                deputy_id=self.house.people["chiba"].id,
                from_on=DAY,
                until_on=None,
                when_away=False,
            )
            session.add(made)
            session.flush()
            return made.id

    def version(self) -> str:
        """Of the owner's account, as If-Match has it."""
        with reading(self.house.engine) as session:
            return f'"{session.get_one(User, self.owner_id).version}"'


class BroughtAlong(Try):
    """Its rotation is of a problem that the owner brought along, and of no section."""

    def rotation(self) -> int:
        return self._rotation(made_by=self.owner_id)
