"""Somebody is away: what they booked for guests is offered too, and stays unless they say so."""

from __future__ import annotations

import pytest
from flask import Flask

from app.bookings import reserve
from app.bookings.models import Booking
from app.bookings.rules import Status
from app.database import reading, transaction
from app.telework import freeing
from app.telework.rules import PlanKind
from tests.app.telework.desk import ask, whole
from tests.app.waitlist.test_pages import browser
from tests.fixtures.web import Api
from tests.house import DAY, OFFICE, House, at, span


@pytest.fixture
def guest(house: House) -> Booking:
    """A desk for a guest of Fujii."""
    with transaction(house.engine) as session:
        booking = reserve.reserve(
            session,
            actor=house.people["fujii"],
            space_id=house.spaces["seat"],
            span=span("13:00", "15:00"),
            now=at("08:00"),
            guest_name="来客 一郎",
        )
        session.expunge(booking)
    return booking


DAYS = {"first": DAY.isoformat(), "last": DAY.isoformat()}


def test_the_page_of_an_absence_names_the_guest_and_leaves_them_unticked(
    app: Flask, house: House, guest: Booking
) -> None:
    own = house.book("fujii", "window", "10:00", "12:00")
    page = browser(app, house, "fujii", "/bookings")
    shown = page.post("/bookings/absence", **DAYS).text
    assert f'<input type="checkbox" name="guest_booking" value="{guest.id}"> <span><strong>seat' in shown
    assert "来客 一郎" in shown
    page.post("/bookings/absence", **DAYS, confirmed="1")
    assert [house.get(one).status for one in (own, guest)] == [Status.CANCELLED, Status.BOOKED]
    assert "来客 一郎" in page.post("/bookings/absence", **DAYS).text
    assert "nothing is cancelled" in page.post("/bookings/absence", **DAYS, confirmed="1").text
    page.post("/bookings/absence", **DAYS, confirmed="1", guest_booking=str(guest.id))
    assert house.get(guest).status is Status.CANCELLED


def test_a_strangers_guest_stays_whatever_is_named(app: Flask, house: House, guest: Booking) -> None:
    house.book("aoki", "window", "10:00", "12:00")
    page = browser(app, house, "aoki", "/bookings")
    page.post("/bookings/absence", **DAYS, confirmed="1", guest_booking=str(guest.id))
    assert house.get(guest).status is Status.BOOKED


def test_a_range_is_cancelled_without_guests_unless_they_are_named(
    api: Api, house: House, guest: Booking
) -> None:
    body = {"from": at("09:00").isoformat(), "to": at("18:00").isoformat()}
    first = api.call("fujii", "POST", "/bookings/cancel", body).get_json()
    assert (first["cancelled"], [one["id"] for one in first["guests"]]) == ([], [guest.id])
    assert house.get(guest).status is Status.BOOKED
    named = body | {"guest_booking_ids": [guest.id]}
    then = api.call("fujii", "POST", "/bookings/cancel", named).get_json()
    assert ([one["id"] for one in then["cancelled"]], then["guests"]) == ([guest.id], [])
    assert house.get(guest).status is Status.CANCELLED


def test_a_plan_offers_what_is_booked_for_a_guest_unticked_and_counts_it_nowhere(
    app: Flask, house: House, guest: Booking
) -> None:
    ask(house, "fujii", whole(DAY, kind=PlanKind.TRIP), now="08:00")
    fujii = house.people["fujii"]
    with reading(house.engine) as session:
        found = freeing.needless_of(session, [fujii.id], now=at("08:30"), office=OFFICE)
        assert [(one.booking.id, one.is_of_guest) for one in found[fujii.id]] == [(guest.id, True)]
    page = browser(app, house, "fujii", "/telework")
    shown = page.client.get("/telework").text
    assert f'name="booking" value="{guest.id}">' in shown
    assert "For your guest 来客 一郎" in shown
    page.post("/telework/free", booking=str(guest.id))
    assert house.get(guest).status is Status.CANCELLED
