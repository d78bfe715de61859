"""What every race needs: who runs, at which times, and how all of them ask at the same moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Barrier
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.bookings.rules import Origin, Status
from app.people import service as people
from app.people.models import Role, User
from app.spaces.models import Space
from tests.servers.web import Answer, Client

SLOT = timedelta(minutes=15)
TOGETHER_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Cast:
    """The zone of the furnished office, the instants that are raced for, and who runs, each with a token."""

    zone_id: int
    now: datetime
    slots: Sequence[datetime]
    runners: Sequence[User]
    tokens: Sequence[str]

    def hire(self, session: Session, name: str, count: int, role: Role = Role.STAFF) -> list[User]:
        """More people of the runners' section."""
        return [
            people.add_user(
                session,
                f"{name}-{number}@bench.example",
                name=f"走者 {number}",
                section_code="races",
                role=role,
                now=self.now,
                on=self.now.date() - timedelta(days=2),
            )
            for number in range(count)
        ]

    def tokens_of(self, session: Session, users: Sequence[User]) -> list[str]:
        return [people.issue_token(session, user, now=self.now) for user in users]


class Race:
    """One race over all slots. Subclasses say what is asked, and count in SQL what became of it."""

    name: str
    accepted_each = 1
    refused_as = 409

    def prepare(self, session: Session, cast: Cast) -> None:
        """Set the stage; called once, before the web processes start."""
        raise NotImplementedError

    def before(self, engine: Engine, slot: int) -> None:
        """What one runner does while the others wait for the start."""

    def ask(self, client: Client, runner: int, slot: int) -> Answer:
        """What each runner asks when all the others do."""
        raise NotImplementedError

    def after(self, client: Client, answer: Answer, slot: int) -> None:
        """What each runner does when all have their answers."""

    def won(self, session: Session) -> int:
        """Slots that ended as they must."""
        raise NotImplementedError

    def breaches(self, session: Session) -> int:
        """Persons that hold more than their quota."""
        return 0


def run_race(race: Race, cast: Cast, ports: Sequence[int], engine: Engine) -> list[Answer]:
    """Every runner asks for every slot, all at once for each; runners are spread over the processes."""
    line = Barrier(len(cast.tokens), timeout=TOGETHER_SECONDS)

    def runner(number: int) -> list[Answer]:
        answers = []
        with closing(Client(ports[number % len(ports)], cast.tokens[number])) as client:
            for slot in range(len(cast.slots)):
                if number == 0:
                    race.before(engine, slot)
                line.wait()
                answers.append(race.ask(client, number, slot))
                line.wait()
                race.after(client, answers[-1], slot)
                # The server drops an idle connection after two seconds, and may do so just as the next request leaves.
                client.close()
        return answers

    with ThreadPoolExecutor(len(cast.tokens)) as pool:
        return [answer for answers in pool.map(runner, range(len(cast.tokens))) for answer in answers]


def add_spaces(session: Session, zone_id: int, name: str, count: int, **values: Any) -> list[int]:
    """More spaces in a zone, `name`-1 and so on; their ids."""
    spaces = [Space(zone_id=zone_id, code=f"{name}-{number}", **values) for number in range(1, count + 1)]
    session.add_all(spaces)
    session.flush()
    return [space.id for space in spaces]


def booked(space: Space, user: User, start: datetime, end: datetime, now: datetime) -> dict[str, Any]:
    """The row of a booking, for many at once."""
    return {
        "space_id": space.id,
        "user_id": user.id,
        "lane": space.lane,
        "start_at": start,
        "end_at": end,
        "status": Status.BOOKED,
        "origin": Origin.BOOKED,
        "made_at": now,
    }


def wanted(space_id: int, start: datetime, length: timedelta = SLOT, **more: object) -> Mapping[str, object]:
    """The body of a booking."""
    return {"space_id": space_id, "start": start.isoformat(), "end": (start + length).isoformat(), **more}
