"""Everybody waits for the turn of people and spaces in the same order, so that two who wait both come to it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app import pipeline
from app.bookings import attendees, reserve
from app.bookings.guards import queue_up
from app.bookings.models import Booking
from app.bookings.rules import Status
from app.database import reading, rehearsal, transaction
from app.errors import Conflict
from app.people.models import User
from app.records.sheets import service as sheets
from app.spaces.fixed_seats import NewFixedSeat
from app.spaces.models import Floor, Space, Zone
from tests.app.bookings import rooms
from tests.app.records.test_sheets import ASKED
from tests.house import DAY, OFFICE, House, at

WAITING = text(
    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
Act = Callable[[Session], object]


@contextmanager
def held_up_at(house: House, where: str) -> Iterator[tuple[Session, Callable[[Act], Future[None]]]]:
    """Somebody, of whom this is the transaction, has the turn of a space until the end of the block; inside, each act
    begins once the ones before it wait."""

    def do(act: Act) -> None:
        with transaction(house.engine) as session:
            act(session)

    begun = 0
    with ThreadPoolExecutor() as threads:

        def begin(act: Act) -> Future[None]:
            nonlocal begun
            begun += 1
            started = threads.submit(do, act)
            for _ in range(400):
                with reading(house.engine) as session:
                    if session.scalar(WAITING) == begun:
                        return started
                time.sleep(0.01)
            raise AssertionError("it waits for nobody")

        with transaction(house.engine) as session:
            queue_up(session, user_ids=[], space_ids=[house.spaces[where]])
            yield session, begin


@pytest.fixture
def house(postgresql_house: House) -> House:
    return postgresql_house


def test_keeping_a_seat_and_moving_there_wait_for_each_other_in_one_order(house: House) -> None:
    booking = house.book("aoki", "seat", "13:00", "14:00")
    assert house.spaces["seat"] < house.spaces["window"]
    wanted = NewFixedSeat(house.spaces["window"], house.people["baba"].id, DAY, None)

    def move(session: Session) -> None:
        reserve.move(
            session,
            session.get_one(Booking, booking.id),
            actor=house.people["aoki"],
            now=at("08:10"),
            space_id=house.spaces["window"],
        )

    def keep(session: Session) -> None:
        pipeline.keep_seat(session, wanted, actor=house.people["fujii"], now=at("08:10"))

    with held_up_at(house, "seat") as (_session, begin):
        both = [begin(move), begin(keep)]
    for one in both:
        one.result(20)
    # Who came first moved there; then the seat was kept, and they were moved on.
    assert [one.kind for one in house.events(booking)] == ["booking.made", "booking.changed", "booking.moved"]


def test_a_sweep_that_waits_for_its_turn_has_locked_no_booking_yet(house: House) -> None:
    house.book("aoki", "seat", "09:00", "12:00")
    theirs = house.book("baba", "window", "13:00", "14:00")
    house.hear("seat", ("09:05", True))
    with transaction(house.engine) as session:
        session.get_one(User, house.people["baba"].id).left_at = at("09:00")
    with held_up_at(house, "seat") as (session, begin):
        swept = begin(lambda session: pipeline.sweep(session, at("09:08"), OFFICE))
        query = select(Booking.status).where(Booking.id == theirs.id)
        assert session.scalar(query.with_for_update(nowait=True)) is Status.BOOKED
    swept.result(20)
    assert house.get(theirs).status is Status.CANCELLED


def test_of_two_who_change_who_comes_at_once_the_second_is_refused(house: House) -> None:
    booking = rooms.meeting(house, "aoki")
    ids = {name: person.id for name, person in house.people.items()}

    def invite(*who: str) -> Act:
        return lambda session: attendees.set_attendees(
            session,
            session.get_one(Booking, booking.id),
            [ids[one] for one in who],
            actor=house.people["aoki"],
            now=at("08:05"),
        )

    with held_up_at(house, "booth") as (_session, begin):
        first, second = begin(invite("baba", "chiba")), begin(invite("endo", "fujii"))
    first.result(20)
    with pytest.raises(Conflict, match=r"booking\.changed"):
        second.result(20)
    with reading(house.engine) as session:
        assert attendees.attendee_ids(session, [booking.id]) == {booking.id: [ids["baba"], ids["chiba"]]}


def test_an_import_that_waits_for_its_turn_has_locked_no_row_of_the_layout_yet(house: House) -> None:
    """As whoever changes a space on the page, so that neither waits for the other in a circle."""
    sheet = sheets.SHEETS["spaces"]
    with rehearsal(house.engine) as session:
        seat = session.get_one(Space, house.spaces["seat"])
        zone = session.get_one(Zone, seat.zone_id)
        floor = session.get_one(Floor, zone.floor_id)
        file = f"floor,zone,free_seating,space,capacity\n{floor.code},{zone.code},1,seat,3\n".encode()
        agreed = {sheets.rehearse(session, sheet, file, ASKED).version}
    with held_up_at(house, "seat") as (session, begin):
        imported = begin(lambda session: sheets.import_file(session, sheet, file, ASKED, agreed=agreed))
        rows = select(Space.capacity).where(Space.id == house.spaces["seat"])
        assert session.scalar(rows.with_for_update(nowait=True)) == 1
        assert session.scalars(select(Zone.id).with_for_update(nowait=True)).all()
    imported.result(20)
    with reading(house.engine) as session:
        assert session.get_one(Space, house.spaces["seat"]).capacity == 3
