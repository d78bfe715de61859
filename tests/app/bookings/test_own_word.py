"""Whoever the sensor has seen can still say so themselves; and whoever sits down on what is theirs checks in."""

from __future__ import annotations

import pytest
from flask import Flask

from app.bookings.models import Booking
from app.bookings.rules import By, Status
from app.clock import SteppingClock
from app.database import transaction
from app.people.models import Role, User
from app.spaces import fixed_seats
from app.spaces.rules import GuestDay
from tests.app.bookings.test_legal import TUESDAY, open_doors, overflow
from tests.app.bookings.test_walk_in import code, let_card, pass_in, post, seen, signed_in
from tests.fixtures.web import Api
from tests.house import DAY, House, at


@pytest.fixture
def by_sensor(house: House, clock: SteppingClock) -> Booking:
    """A booking of aoki's to which the sensor has checked in."""
    booking = house.book("aoki", "seat", "09:00", "12:00")
    house.hear("seat", ("09:00", True), ("09:03", True))
    clock.at = at("09:05")
    return house.get(booking)


def said(house: House, booking: Booking) -> tuple[Status, By | None]:
    found = house.get(booking)
    return found.status, found.checked_in_by


@pytest.mark.parametrize("page", ["/s/{code}", "/bookings", "/bookings/{id}/history"])
def test_a_page_takes_ones_own_word_after_the_sensors(
    app: Flask, house: House, by_sensor: Booking, page: str
) -> None:
    assert said(house, by_sensor) == (Status.CHECKED_IN, By.SENSOR)
    client = signed_in(app.test_client(), house, "aoki")
    path, verb = page.format(code=code(house, "seat"), id=by_sensor.id), f"/bookings/{by_sensor.id}/check-in"
    assert verb in client.get(path).text
    post(client, path, verb)
    assert said(house, by_sensor) == (Status.CHECKED_IN, By.HAND)
    assert verb not in client.get(path).text


def test_the_kiosk_takes_ones_own_word_after_the_sensors(
    app: Flask, house: House, by_sensor: Booking
) -> None:
    with transaction(house.engine) as session:
        session.add(User(email="kiosk@example.jp", name="受付端末", role=Role.KIOSK))
    let_card(house, "aoki", "0123456789AB")
    kiosk = signed_in(app.test_client(), house, "kiosk")
    shown = post(kiosk, "/kiosk", "/kiosk", card="0123456789AB").text
    assert "/kiosk/check-in" in shown
    post(kiosk, "/kiosk", "/kiosk/sit", **{"pass": pass_in(shown), "code": code(house, "seat")})
    assert said(house, by_sensor) == (Status.CHECKED_IN, By.HAND)
    assert "/kiosk/check-in" not in post(kiosk, "/kiosk", "/kiosk", card="0123456789AB").text


@pytest.mark.parametrize("replace", [True, False])
def test_sitting_down_on_what_is_ones_own_checks_in_to_it(
    api: Api, house: House, clock: SteppingClock, *, replace: bool
) -> None:
    booking = house.book("aoki", "seat", "09:00", "12:00")
    clock.at = at("09:05")
    for _ in range(2):
        answer = api.call("aoki", "POST", f"/spaces/{house.spaces['seat']}/claim", {"replace": replace})
        assert (answer.status_code, answer.get_json()["id"]) == (201, booking.id)
    assert said(house, booking) == (Status.CHECKED_IN, By.HAND)
    refused = api.call("baba", "POST", f"/spaces/{house.spaces['seat']}/claim", {"replace": replace})
    assert refused.status_code == 409


def test_a_chief_is_asked_for_no_check_in_where_the_sensor_saw_somebody(
    app: Flask, house: House, by_sensor: Booking
) -> None:
    shown = signed_in(app.test_client(), house, "chiba").get(f"/bookings/{by_sensor.id}/history").text
    assert f"/bookings/{by_sensor.id}/end" in shown
    assert "check-in" not in shown


def test_a_guest_who_may_sit_there_is_asked_whether_it_is_they(house: House) -> None:
    house.hear("taxes", ("09:00", True), ("09:02", True))
    assert seen(house, "aoki", "09:05") == []
    open_doors(house, "taxes", GuestDay(None, TUESDAY + 1, None))
    assert seen(house, "aoki", "09:05") == []
    open_doors(house, "taxes", GuestDay(None, TUESDAY, None))
    assert seen(house, "aoki", "09:05") == ["taxes"]
    house.claim("aoki", "taxes", "09:05")


def test_whoever_sits_where_the_overflow_goes_is_asked_once_their_own_zone_is_full(house: House) -> None:
    overflow(house, "seat", "taxes")
    house.hear("taxes", ("09:00", True), ("09:02", True))
    assert seen(house, "aoki", "09:05") == []
    for where in ("seat", "window", "bare", "focus"):
        house.break_(where)
    assert seen(house, "aoki", "09:05") == ["taxes"]
    house.claim("aoki", "taxes", "09:05")


def test_whoever_sits_at_their_fixed_seat_in_anothers_zone_is_asked(house: House) -> None:
    house.hear("taxes", ("09:00", True), ("09:02", True))
    with transaction(house.engine) as session:
        fixed_seats.keep_for(
            session,
            house.spaces["taxes"],
            house.people["aoki"].id,
            first=DAY,
            last=None,
            actor_id=None,
            now=at("08:00"),
        )
    assert (seen(house, "aoki", "09:05"), seen(house, "baba", "09:05")) == (["taxes"], [])
    house.claim("aoki", "taxes", "09:05")
