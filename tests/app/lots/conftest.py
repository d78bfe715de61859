"""Zone B of the house, drawn by lot: the tax section's, with five desks in a row and people who want them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from itertools import count

import pytest
from sqlalchemy import select

from app import pipeline
from app.bookings import reserve
from app.bookings.models import Booking
from app.database import reading, transaction
from app.errors import DomainError
from app.lots import service
from app.lots.models import LotDraw, LotWish, Outcome
from app.lots.rules import Wish, in_order
from app.lots.rules.record import commitment
from app.lots.service import LotRule
from app.people.models import Role
from app.people.service import Person, add_user, get_person
from app.spaces.models import Space
from app.spaces.rules import Kind
from app.timespan import TimeSpan
from tests.house import DAY, OFFICE, House, at

HOUR = time(16)
MORE_DESKS = ("B-1", "B-2", "B-3", "B-4")


@dataclass
class Lots:
    """The zone and its verbs; people are endo and whoever was hired since, by name."""

    house: House
    zone_id: int
    people: dict[str, Person] = field(default_factory=dict)

    def hire(self, *names: str) -> None:
        with transaction(self.house.engine) as session:
            for name in names:
                user = add_user(
                    session,
                    f"{name}@example.jp",
                    name=name,
                    section_code="zei",
                    role=Role.STAFF,
                    now=at("00:00"),
                    on=DAY,
                )
                self.people[name] = get_person(session, user.id, DAY)

    def put(
        self,
        hour: time | None = HOUR,
        *,
        no_repeat: int = 0,
        together: bool = True,
        now: str = "09:00",
        day: int = 0,
    ) -> None:
        with transaction(self.house.engine) as session:
            rule = LotRule(hour, no_repeat, together)
            service.set_lots(session, self.zone_id, rule, actor_id=None, now=at(now, day=day))

    def book(self, who: str, where: str, during: TimeSpan, *, now: datetime) -> Booking:
        """A booking by one's own hand."""
        with transaction(self.house.engine) as session:
            made = reserve.reserve(
                session, actor=self.people[who], space_id=self.house.spaces[where], span=during, now=now
            )
            session.expunge(made)
        return made

    def draws(self) -> list[LotDraw]:
        with reading(self.house.engine) as session:
            found = service.list_draws(session, zone_id=self.zone_id)
            session.expunge_all()
        return found

    @property
    def open_id(self) -> int:
        return self.draws()[-1].id

    def wish(
        self,
        who: str,
        *prefers: str,
        beside: Sequence[str] = (),
        now: str = "10:00",
        day: int = 0,
        draw_id: int | None = None,
    ) -> LotWish:
        with transaction(self.house.engine) as session:
            made = service.wish(
                session,
                draw_id or self.open_id,
                actor=self.people[who],
                now=at(now, day=day),
                prefers=[self.house.spaces[one] for one in prefers],
                beside=[self.people[one].id for one in beside],
            )
            session.expunge(made)
        return made

    def draw(self, now: str = "16:00", *, day: int = 0) -> LotDraw | None:
        with transaction(self.house.engine) as session:
            made = [
                pipeline.draw_lots(session, draw_id, at(now, day=day), OFFICE)
                for draw_id in pipeline.due_draws(session, at(now, day=day))
            ]
            session.flush()
            for one in made:
                if one is not None:
                    session.refresh(one)
            session.expunge_all()
        return made[0] if made else None

    def let_come_first(self, who: str) -> None:
        """Give the open draw a seed that puts somebody first in its order."""
        found = self.outcomes(self.open_id)
        wishes = [Wish(one.number) for one in found.values()]
        seeds = (f"{n:064x}" for n in count())
        seed = next(one for one in seeds if in_order(wishes, one)[0].number == found[who].number)
        with transaction(self.house.engine) as session:
            draw = session.get_one(LotDraw, self.open_id)
            draw.seed, draw.commitment = seed, commitment(draw.zone_code, draw.on_date, seed, draw.nonce)

    def outcomes(self, draw_id: int) -> dict[str, LotWish]:
        name_of = {person.id: name for name, person in self.people.items()}
        with reading(self.house.engine) as session:
            found = session.scalars(select(LotWish).where(LotWish.draw_id == draw_id)).all()
            session.expunge_all()
        return {name_of[one.user_id]: one for one in found}

    def left_out(self, draw_id: int) -> set[str]:
        return {name for name, one in self.outcomes(draw_id).items() if one.outcome is Outcome.LEFT_OUT}


@pytest.fixture
def lots(house: House) -> Lots:
    with transaction(house.engine) as session:
        zone_id = session.get_one(Space, house.spaces["taxes"]).zone_id
        for n, code in enumerate(MORE_DESKS, 1):
            space = Space(zone_id=zone_id, code=code, kind=Kind.SEAT, x=n * 100)
            session.add(space)
            session.flush()
            house.spaces[code] = space.id
        booth = Space(zone_id=zone_id, code="B-booth", kind=Kind.BOOTH)
        session.add(booth)
        session.flush()
        house.spaces["B-booth"] = booth.id
    return Lots(house, zone_id, {"endo": house.people["endo"]})


def refused(do: Callable[[], object]) -> str:
    with pytest.raises(DomainError) as caught:
        do()
    return str(caught.value.facts.get("rule") or caught.value.code)


def bookings(house: House) -> list[Booking]:
    with reading(house.engine) as session:
        found = session.scalars(select(Booking).order_by(Booking.id)).all()
        session.expunge_all()
    return list(found)
