"""What calendar programs hold on to: ids that last, and whether anything was changed since they asked."""

from __future__ import annotations

import pytest
from flask import Flask

from app import migrate
from app.bookings import release, reserve
from app.bookings.models import Booking
from app.clock import SteppingClock
from app.database import reading, transaction
from app.notifications.calendars import domain
from tests.app.notifications.desk import book_for, calendar_of, telling
from tests.app.notifications.test_pages import calendar_of as events_in_feed
from tests.fixtures.web import Api
from tests.house import House, at
from tests.servers.receivers import Mailbox


def test_what_was_sent_before_the_office_had_another_address_can_still_be_cancelled(
    app: Flask, house: House, clock: SteppingClock, post_office: Mailbox
) -> None:
    booking = book_for(house, "aoki")
    before = telling(app, house, clock, post_office.url, public="https://old.example.jp")
    before.tell()
    before.send_mail()
    with transaction(house.engine) as session:
        found = session.get_one(Booking, booking.id)
        release.cancel(session, found, actor=house.people["chiba"], now=at("09:00"))
    after = telling(app, house, clock, post_office.url, public="https://new.example.jp")
    after.tell()
    after.send_mail()
    told = [calendar_of(mail) for mail in post_office.mails]
    assert [method for method, _events in told] == ["REQUEST", "CANCEL"]
    with reading(house.engine) as session:
        uid = f"booking-{booking.id}@{domain(session)}"
    assert {str(event["uid"]) for _method, events in told for event in events} == {uid}
    (event,) = events_in_feed(app, house, "aoki")
    assert str(event["uid"]) == uid


def test_a_calendar_is_sent_again_only_when_something_of_it_was_changed(
    app: Flask, api: Api, house: House, clock: SteppingClock
) -> None:
    booking = house.book("aoki", "seat", "10:00", "12:00")
    path = api.call("aoki", "GET", "/me/calendar").get_json()["url"].partition("/calendar/")[2]
    stranger = app.test_client()
    first = stranger.get(f"/calendar/{path}")
    assert (first.status_code, first.headers["Cache-Control"]) == (200, "private, no-cache")
    known = {"If-None-Match": first.headers["ETag"]}
    clock.at = at("09:30")
    again = stranger.get(f"/calendar/{path}", headers=known)
    assert (again.status_code, again.data) == (304, b"")
    with transaction(house.engine) as session:
        found = session.get_one(Booking, booking.id)
        aoki = house.people["aoki"]
        reserve.move(session, found, actor=aoki, now=at("09:30"), space_id=house.spaces["window"])
    changed = stranger.get(f"/calendar/{path}", headers=known)
    assert changed.status_code == 200
    (event,) = events_in_feed(app, house, "aoki")
    assert (event.decoded("dtstamp"), event.decoded("last-modified")) == (at("09:30"), at("09:30"))


@pytest.mark.parametrize(
    ("public", "kept"), [("https://desk.example.jp/x", "desk.example.jp"), ("", "akiseki.local")]
)
def test_an_office_that_sent_calendars_before_goes_on_with_the_ids_that_it_had(
    house: House, monkeypatch: pytest.MonkeyPatch, public: str, kept: str
) -> None:
    def name() -> str:
        with reading(house.engine) as session:
            return domain(session)

    assert name().endswith(".akiseki.invalid")
    house.book("aoki", "seat", "10:00", "12:00")
    url = house.engine.url.render_as_string(hide_password=False)
    migrate.downgrade(url, "0035")
    monkeypatch.setenv("AKISEKI_PUBLIC_URL", public)
    migrate.upgrade(url)
    assert name() == kept
