"""Changing one's bookings in the browser: time, space, title, who comes, and why."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from app.bookings import attendees
from app.bookings.models import Booking
from app.database import transaction
from app.spaces.models import Space
from app.spaces.rules import Kind
from app.spaces.service import set_policy
from app.timespan import TimeSpan
from tests.app.test_pages import client, sign_in
from tests.app.test_pages_words import form_of
from tests.house import DAY, House, at, span

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


TOMORROW = (DAY + timedelta(days=1)).isoformat()


def change(client: FlaskClient, booking: Booking, **typed: str) -> tuple[int, str]:
    """Send the form as it stands, but for what is typed; how it was answered."""
    path = f"/bookings/{booking.id}/change"
    form = form_of(client.get(path).text, path)
    answer = client.post(path, data=form | typed, follow_redirects=True)
    return answer.status_code, answer.text


@pytest.mark.parametrize("sits_there", [False, True])
@pytest.mark.parametrize(
    "typed",
    [{"from": "13:00", "to": "17:00"}, {"date": TOMORROW, "from": "07:00", "to": "08:00"}, {"from": "08:31"}],
)
def test_another_start_of_what_has_begun_is_refused_in_words_that_say_what_to_do(
    client: FlaskClient, house: House, typed: dict[str, str], sits_there: bool
) -> None:
    sign_in(client)
    booking = house.book("aoki", "seat", "08:30", "12:00")
    if sits_there:
        client.post(
            f"/bookings/{booking.id}/check-in",
            data=form_of(client.get("/bookings").text, f"/bookings/{booking.id}/check-in"),
        )
    status, shown = change(client, booking, **typed)
    assert status == 409
    assert "開始の日時は変えられません。別の時間にするには、返却して予約し直してください。" in shown
    for name, value in typed.items():
        assert form_of(shown, f"/bookings/{booking.id}/change")[name] == value
    assert house.get(booking).span == span("08:30", "12:00")


def test_what_has_begun_is_given_another_end_though_the_form_shows_no_seconds(
    client: FlaskClient, house: House
) -> None:
    sign_in(client)
    claimed = house.claim("aoki", "seat", "08:59:40")
    assert change(client, claimed, to="11:00")[0] == 200
    assert house.get(claimed).span == TimeSpan(at("08:59:40"), at("11:00"))


def test_a_booking_over_night_is_changed_as_any_other(client: FlaskClient, house: House) -> None:
    sign_in(client)
    with transaction(house.engine) as session:
        set_policy(session, Kind.SEAT, "max_duration", "12h", now=at("07:00"), actor_id=None)
    night = house.get(house.book("aoki", "seat", "22:00", "23:00"))
    assert change(client, night, title="夜間", to_date=TOMORROW, to="07:00")[0] == 200
    whole = TimeSpan(at("22:00"), at("07:00", day=1))
    assert house.get(night).span == whole
    assert form_of(client.get("/bookings").text, f"/bookings/{night.id}/change")["to_date"] == TOMORROW
    assert change(client, night, title="夜の作業")[0] == 200
    assert (house.get(night).span, house.get(night).title) == (whole, "夜の作業")
    assert change(client, night, to_date=DAY.isoformat(), to="00:00")[0] == 200
    assert house.get(night).span == TimeSpan(at("22:00"), at("00:00", day=1))
    assert "to_date" not in form_of(client.get("/bookings").text, f"/bookings/{night.id}/change")
