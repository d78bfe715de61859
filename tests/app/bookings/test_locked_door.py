"""Whoever waits for a space's turn while its zone changes hands is asked at the door once more; on PostgreSQL, where
two transactions are under way at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app import pipeline
from app.bookings import reserve
from app.bookings.models import HOLDS, Booking
from app.bookings.series import service as series
from app.bookings.series.rules import Every, Recurrence
from app.calendar import public_holidays
from app.database import lock_rows, reading, transaction, try_lock_rows
from app.errors import DomainError
from app.spaces import fixed_seats
from app.spaces.rules import Kind
from tests.app.bookings.test_elsewhere import add_zone
from tests.app.bookings.test_legal import zone_id
from tests.house import DAY, OFFICE, House, at, span

SOON = 10.0


@pytest.fixture
def house(postgresql_house: House) -> House:
    return postgresql_house


def interleaved(house: House, change: Callable[[Session], Any], do: Callable[[Session], Any]) -> str:
    """`do` begins while `change` is under way, and waits for its turn until that is committed; what it came to."""

    def later() -> str:
        try:
            with transaction(house.engine) as session:
                do(session)
        except DomainError as error:
            return str(error.facts.get("rule") or error.code)
        return "had"

    with ThreadPoolExecutor(1) as threads:
        with transaction(house.engine) as session:
            change(session)
            said = threads.submit(later)
            wait_until_queued(house)
        return said.result(SOON)


def wait_until_queued(house: House) -> None:
    until = time.monotonic() + SOON
    queued = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
    while time.monotonic() < until:
        with reading(house.engine) as session:
            if session.scalar(queued):
                return
        time.sleep(0.02)
    raise AssertionError("nobody waits")


def to_the_tax_section(house: House) -> Callable[[Session], Any]:
    """The zone of everybody's becomes the tax section's."""
    values = {"section_id": next(iter(house.people["endo"].section_ids))}

    def change(session: Session) -> None:
        zone = zone_id(session, house, "seat")
        pipeline.change_zone(session, zone, values, actor=house.people["fujii"], now=at("08:00"))

    return change


def booked(house: House, where: str) -> int:
    with reading(house.engine) as session:
        query = select(Booking.id).where(Booking.space_id == house.spaces[where], HOLDS)
        return len(session.scalars(query).all())


def reserve_seat(house: House, who: str) -> Callable[[Session], Any]:
    def do(session: Session) -> None:
        reserve.reserve(
            session,
            actor=house.people[who],
            space_id=house.spaces["seat"],
            span=span("10:00", "11:00"),
            now=at("08:00"),
        )

    return do


def test_a_booking_under_way_does_not_land_in_a_zone_that_has_become_anothers(house: House) -> None:
    assert interleaved(house, to_the_tax_section(house), reserve_seat(house, "aoki")) == "zone"
    assert booked(house, "seat") == 0


def test_whoever_is_at_home_in_it_by_then_has_it(house: House) -> None:
    assert interleaved(house, to_the_tax_section(house), reserve_seat(house, "endo")) == "had"


def test_nor_in_one_that_has_become_free_seating(house: House) -> None:
    def change(session: Session) -> None:
        zone = zone_id(session, house, "seat")
        values = {"free_seating": True}
        pipeline.change_zone(session, zone, values, actor=house.people["fujii"], now=at("08:00"))

    assert interleaved(house, change, reserve_seat(house, "aoki")) == "free_seating"


def move_to_seat(session: Session, house: House, booking: Booking) -> None:
    found = session.get_one(Booking, booking.id)
    seat = house.spaces["seat"]
    reserve.move(session, found, actor=house.people["aoki"], now=at("08:00"), space_id=seat)


def claim(session: Session, house: House, _booking: Booking) -> None:
    pipeline.claim(session, actor=house.people["baba"], space_id=house.spaces["seat"], now=at("08:00"))


def allot(session: Session, house: House, _booking: Booking) -> None:
    wanted, seat = span("10:00", "11:00"), house.spaces["seat"]
    reserve.allot(session, person=house.people["baba"], space_id=seat, span=wanted, now=at("08:00"))


def repeat(session: Session, house: House, _booking: Booking) -> None:
    wanted = series.Ask(
        house.spaces["seat"], span("10:00", "11:00"), Recurrence(Every.DAY, count=2), {"every": "day"}
    )
    baba, calendar = house.people["baba"], public_holidays(2026)
    series.make(
        session,
        wanted,
        actor=baba,
        calendar=calendar,
        hours=OFFICE.hours,
        now=at("08:00"),
        possible_ones=False,
    )


@pytest.mark.parametrize("do", [move_to_seat, claim, allot, repeat])
def test_nor_does_whatever_else_is_under_way(
    house: House, do: Callable[[Session, House, Booking], None]
) -> None:
    with transaction(house.engine) as session:
        add_zone(session, house, "N", None, near=Kind.SEAT)
    own = house.book("aoki", "near", "10:00", "11:00")
    came_to = interleaved(house, to_the_tax_section(house), lambda session: do(session, house, own))
    assert came_to == "zone"
    assert booked(house, "seat") == 0


def test_a_seat_is_kept_under_the_turn_of_all_where_its_bookings_could_go(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All are waited for at once, in order: whoever moves a booking between two of them deadlocks with nobody."""
    low, high = sorted((house.spaces["seat"], house.spaces["bare"]))
    held = []

    def kept(session: Session, scope: str, ids: Collection[int]) -> None:
        with transaction(house.engine) as another:
            held.append(not try_lock_rows(another, "space", {low}))
        lock_rows(session, scope, ids)

    monkeypatch.setattr(fixed_seats, "lock_rows", kept)
    wanted = fixed_seats.NewFixedSeat(high, house.people["baba"].id, DAY, None)
    with transaction(house.engine) as session:
        pipeline.keep_seat(session, wanted, actor=house.people["fujii"], now=at("08:00"))
    assert held == [True]
