"""Changing one's bookings in the browser: time, space, title, who comes, and why."""

from __future__ import annotations

from flask.testing import FlaskClient

from app.bookings import attendees
from app.bookings.models import Booking
from app.database import transaction
from app.spaces.models import Space
from tests.app.test_pages import client, sign_in
from tests.app.test_pages_words import form_of
from tests.house import House, at

__all__ = ["client"]


def test_a_booking_is_moved_renamed_and_explained_on_the_page(client: FlaskClient, house: House) -> None:
    sign_in(client)
    booking = house.book("aoki", "seat", "10:00", "11:00")
    form = form_of(client.get("/bookings").text, f"/bookings/{booking.id}/change")
    assert form["code"] == "seat"
    wanted = form | {"code": "WINDOW", "title": "打合せ", "why": "窓側が空いたため"}
    answer = client.post(f"/bookings/{booking.id}/change", data=wanted, follow_redirects=True)
    assert "変更しました。" in answer.text
    after = house.get(booking)
    assert (after.space_id, after.title) == (house.spaces["window"], "打合せ")
    assert "窓側が空いたため" in client.get(f"/bookings/{booking.id}/history").text
    wrong = form | {"version": str(after.version), "code": "どこでもない"}
    answer = client.post(f"/bookings/{booking.id}/change", data=wrong, follow_redirects=True)
    assert 'class="notice error"' in answer.text


def test_who_else_comes_is_changed_on_the_page(client: FlaskClient, house: House) -> None:
    sign_in(client)
    with transaction(house.engine) as session:
        session.get_one(Space, house.spaces["booth"]).capacity = 4
    booking = house.book("aoki", "booth", "10:00", "11:00")
    form = form_of(client.get("/bookings").text, f"/bookings/{booking.id}/change")
    wanted = form | {"attendees": "baba@example.jp"}
    client.post(f"/bookings/{booking.id}/change", data=wanted)
    assert 'value="baba@example.jp"' in client.get("/bookings").text


def test_whoever_is_invited_sees_it_and_says_why_they_do_not_come(client: FlaskClient, house: House) -> None:
    sign_in(client)
    with transaction(house.engine) as session:
        session.get_one(Space, house.spaces["booth"]).capacity = 4
    booking = house.book("baba", "booth", "10:00", "11:00")
    with transaction(house.engine) as session:
        invited = [house.people["aoki"].id]
        stored = session.get_one(Booking, booking.id)
        attendees.invite(session, stored, invited, actor=house.people["baba"], now=at("08:10"))
    form = form_of(client.get("/bookings").text, f"/bookings/{booking.id}/decline")
    told = client.post(
        f"/bookings/{booking.id}/decline", data=form | {"why": "出張のため"}, follow_redirects=True
    )
    assert told.status_code == 200
    assert f"/bookings/{booking.id}/decline" not in told.text
