"""What is done to many bookings at once costs as many statements as for a few."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import time

import pytest
from sqlalchemy.orm import Session

from app import pipeline
from app.bookings.models import Booking
from app.bookings.series import service as series
from app.bookings.series.rules import Every, Recurrence, Scope
from app.calendar import public_holidays
from app.database import rehearsal, transaction
from app.errors import Conflict
from app.lots import drawing
from app.lots.models import LotDraw
from app.spaces import zones
from app.spaces.models import Space
from app.spaces.rules import GuestDay, Kind
from app.spaces.service import set_policy
from app.timespan import TimeSpan
from tests.app.lots.conftest import Lots
from tests.house import OFFICE, House, at, span
from tests.statements import counted

FEW, MANY = 2, 9


def statements(house: House, do: Callable[[Session], object]) -> int:
    """How many statements it takes; it is taken back."""
    with counted(house.engine) as sent, rehearsal(house.engine) as session:
        do(session)
    return len([one for one in sent if not one.startswith("PRAGMA")])


def make(
    session: Session,
    house: House,
    days: int,
    *,
    who: str = "aoki",
    where: str = "seat",
    for_whom: str = "",
    possible_ones: bool = True,
) -> series.Made:
    return series.make(
        session,
        series.Ask(
            house.spaces[where],
            span("13:00", "15:00"),
            Recurrence(Every.DAY, count=days, working_days_only=False),
            {"every": "day", "working_days_only": False},
            house.people[for_whom].id if for_whom else None,
        ),
        actor=house.people[who],
        calendar=public_holidays(2026),
        hours=OFFICE.hours,
        now=at("08:00"),
        possible_ones=possible_ones,
    )


@pytest.fixture
def strict(house: House) -> House:
    """A house where every rule that counts is set, and people come as guests."""
    with transaction(house.engine) as session:
        for key, value in (("buffer", "10m"), ("concurrent_quota", "50"), ("weekly_quota", "50")):
            set_policy(session, Kind.SEAT, key, value, now=at("00:00"), actor_id=None)
        zone_id = session.get_one(Space, house.spaces["taxes"]).zone_id
        guests = [GuestDay(None, weekday, None) for weekday in (0, 1, 3)]
        zones.set_guests(session, zone_id, guests, actor_id=None, now=at("00:00"))
    return house


@pytest.mark.parametrize("where", ["seat", "taxes"])
@pytest.mark.parametrize(("who", "for_whom"), [("aoki", ""), ("chiba", "aoki")])
def test_a_series_is_made_by_as_many_statements_however_long(
    strict: House, where: str, who: str, for_whom: str
) -> None:
    def cost(days: int) -> int:
        return statements(
            strict, lambda session: make(session, strict, days, who=who, where=where, for_whom=for_whom)
        )

    # Two of nine days are no guests' days, and told as such: whose the zone is, is asked once.
    assert cost(MANY) <= cost(FEW) + (2 if where == "taxes" else 0)
    assert cost(MANY) <= 30


def test_what_a_series_cannot_have_is_told_by_as_many_statements_however_much_it_is(house: House) -> None:
    for day in range(MANY):
        house.book("baba", "seat", "13:00", "14:00", day=day)
        house.book("baba", "seat", "14:30", "16:00", day=day)
    for days in (FEW, MANY):
        with rehearsal(house.engine) as session:
            made = make(session, house, days)
            assert len(made.refused) == days
            assert all(one.space is not None and one.time is not None for one in made.refused)

    def cost(days: int) -> int:
        return statements(house, lambda session: make(session, house, days))

    assert cost(FEW) == cost(MANY)


def test_a_series_refused_whole_looks_for_nothing_elsewhere_under_the_locks(house: House) -> None:
    house.book("baba", "seat", "13:00", "14:00", day=1)
    house.book("baba", "seat", "14:30", "16:00", day=2)

    def cost(*, possible_ones: bool) -> int:
        def refused(session: Session) -> None:
            with suppress(Conflict):
                make(session, house, 3, possible_ones=possible_ones)

        return statements(house, refused)

    assert cost(possible_ones=False) <= 6 < cost(possible_ones=True)


@pytest.fixture
def made(house: House) -> dict[int, int]:
    """By length the first booking of a series of so many days."""
    with transaction(house.engine) as session:
        few = make(session, house, FEW, who="aoki")
        many = make(session, house, MANY, who="baba", where="window")
        return {FEW: few.bookings[0].id, MANY: many.bookings[0].id}


@pytest.mark.parametrize(
    ("start", "end", "day", "where"),
    [("14:00", "16:00", 0, None), ("13:00", "15:00", 0, "bare"), ("13:00", "15:00", 1, None)],
)
def test_a_series_is_moved_by_as_many_statements_however_long(
    house: House, made: dict[int, int], start: str, end: str, day: int, where: str | None
) -> None:
    def cost(days: int, who: str) -> int:
        def move(session: Session) -> None:
            moved = series.move(
                session,
                session.get_one(Booking, made[days]),
                Scope.ALL,
                span(start, end, day=day),
                actor=house.people[who],
                now=at("08:30"),
                space_id=house.spaces[where] if where else None,
            )
            assert {one.span.start.time() for one in moved.bookings} == {at(start).time()}

        return statements(house, move)

    assert cost(FEW, "aoki") == cost(MANY, "baba") <= 20


def test_a_series_is_cancelled_by_as_many_statements_however_long(house: House, made: dict[int, int]) -> None:
    def cost(days: int, who: str) -> int:
        def cancel(session: Session) -> None:
            booking = session.get_one(Booking, made[days])
            pipeline.cancel(
                session, booking, actor=house.people[who], now=at("08:30"), scope=Scope.ALL, office=OFFICE
            )

        return statements(house, cancel)

    assert cost(FEW, "aoki") == cost(MANY, "baba") <= 12


def test_an_absence_frees_by_as_many_statements_however_much_it_frees(
    house: House, made: dict[int, int]
) -> None:
    whole = TimeSpan(at("00:00"), at("00:00", day=20))

    def cost(who: str) -> int:
        person = house.people[who]
        return statements(
            house,
            lambda session: pipeline.cancel_within(
                session,
                person.id,
                whole,
                actor=person,
                now=at("08:30"),
                office=OFFICE,
            ),
        )

    assert cost("aoki") == cost("baba") <= 16


@pytest.mark.parametrize("no_repeat", [0, 3])
def test_a_draw_takes_as_many_statements_however_many_wish(house: House, no_repeat: int) -> None:
    with transaction(house.engine) as session:
        zone_id = session.get_one(Space, house.spaces["taxes"]).zone_id
        for number in range(MANY):
            space = Space(zone_id=zone_id, code=f"B-{number}", kind=Kind.SEAT, x=number * 100)
            session.add(space)
            session.flush()
            house.spaces[space.code] = space.id
    lots = Lots(house, zone_id, {"endo": house.people["endo"]})
    lots.hire(*(f"person-{number}" for number in range(MANY)))
    lots.put(time(16), no_repeat=no_repeat)

    def draw(session: Session) -> None:
        done = drawing.draw_zone(session, lots.open_id, now=at("16:00"), hours=OFFICE.hours)
        assert isinstance(done, LotDraw)

    costs = []
    for number in range(MANY):
        lots.wish(f"person-{number}", "B-1")
        if number + 1 in {FEW, MANY}:
            costs.append(statements(house, draw))
    assert costs[0] == costs[1]


def test_a_rule_that_stands_before_people_makes_no_statement_more_for_a_turn(house: House) -> None:
    with transaction(house.engine) as session:
        zone_id = session.get_one(Space, house.spaces["taxes"]).zone_id
        set_policy(session, Kind.SEAT, "concurrent_quota", "1", now=at("00:00"), actor_id=None)
        for number in range(MANY):
            space = Space(zone_id=zone_id, code=f"B-{number}", kind=Kind.SEAT)
            session.add(space)
            session.flush()
            house.spaces[space.code] = space.id
    lots = Lots(house, zone_id, {"endo": house.people["endo"]})
    lots.hire(*(f"person-{number}" for number in range(MANY)))
    lots.put(time(16))
    for number in range(MANY):
        lots.wish(f"person-{number}")

    def draw(session: Session) -> None:
        drawing.draw_zone(session, lots.open_id, now=at("16:00"), hours=OFFICE.hours)

    at_once = statements(house, draw)
    for number in range(4):
        lots.book(f"person-{number}", f"B-{number}", span("10:00", "11:00"), now=at("09:00"))
    assert statements(house, draw) == at_once
