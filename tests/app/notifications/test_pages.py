"""Messages and choices in the browser and over HTTP; calendars and links of mails, which need no sign-in."""

from __future__ import annotations

from datetime import timedelta

import icalendar
import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import pipeline
from app.bookings import attendees, reserve
from app.bookings.models import Booking
from app.bookings.rules import Status
from app.clock import SteppingClock
from app.database import reading, transaction
from app.letters import Act, Links
from app.people.models import User
from app.settings import Settings
from app.spaces.models import Space
from app.spaces.rules import Lane, Target
from app.waitlist.models import Entry
from app.waitlist.rules import State, Wish
from tests.app.bookings.test_walk_in import post, signed_in
from tests.app.notifications.desk import add_hook, book_for, telling
from tests.app.test_pages import token_in
from tests.fixtures.web import Api, problem
from tests.house import OFFICE, House, at, span
from tests.servers.receivers import Mailbox


@pytest.fixture
def client(app: Flask, house: House) -> FlaskClient:
    return signed_in(app.test_client(), house, "aoki")


def links() -> Links:
    return Links(Settings(secret_key="k" * 32, public_url="https://akiseki.city.example.jp"))


def path_of(address: str) -> str:
    return address.removeprefix("https://akiseki.city.example.jp")


def test_new_messages_are_counted_shown_and_then_read(
    app: Flask, client: FlaskClient, house: House, clock: SteppingClock
) -> None:
    assert "お知らせはありません" in client.get("/messages").text
    book_for(house, "aoki")
    telling(app, house, clock).tell()
    assert 'class="count-badge">1' in client.get("/bookings").text
    shown = client.get("/messages").text
    assert "seatが予約されました" in shown
    assert "打合せ" in shown
    assert 'class="count-badge"' not in client.get("/bookings").text


def test_what_is_chosen_is_kept(client: FlaskClient) -> None:
    post(
        client,
        "/messages/choices",
        "/messages/choices",
        **{"own-mail": "1", "quiet_from": "22:00", "quiet_until": "07:00"},
    )
    shown = client.get("/messages/choices").text
    assert 'value="22:00"' in shown
    checked = [line for line in shown.split("<input") if "checked" in line]
    assert len(checked) == 1
    assert "own-mail" in checked[0]
    wrong = post(client, "/messages/choices", "/messages/choices", quiet_from="22:00", quiet_until="")
    assert 'class="notice error"' in wrong.text


def feed_in(page: str) -> str:
    return page.partition('readonly value="')[2].partition('"')[0].partition("localhost")[2]


def calendar_of(app: Flask, house: House, who: str) -> list[icalendar.Component]:
    feed = feed_in(signed_in(app.test_client(), house, who).get("/messages/choices").text)
    return icalendar.Calendar.from_ical(app.test_client().get(feed).get_data()).walk("VEVENT")


def test_the_calendars_address_is_the_key_until_it_is_taken_back(
    app: Flask, client: FlaskClient, house: House
) -> None:
    booking = house.book("aoki", "seat", "10:00", "12:00")
    house.book("baba", "window", "10:00", "12:00")
    feed = feed_in(client.get("/messages/choices").text)
    stranger = app.test_client()
    answer = stranger.get(feed)
    assert answer.content_type == "text/calendar; charset=utf-8"
    (event,) = icalendar.Calendar.from_ical(answer.get_data()).walk("VEVENT")
    assert str(event["uid"]).startswith(f"booking-{booking.id}@")
    assert event.decoded("dtstart") == at("10:00")
    post(client, "/messages/choices", "/messages/calendar")
    assert stranger.get(feed).status_code == 404
    assert stranger.get(feed_in(client.get("/messages/choices").text)).status_code == 200
    assert stranger.get("/calendar/nonsense.ics").status_code == 404


def test_a_calendar_leads_to_checking_in_and_giving_up_by_the_address_at_which_it_was_read(
    app: Flask, client: FlaskClient, house: House
) -> None:
    booking = house.book("aoki", "seat", "10:00", "12:00")
    over = house.book("aoki", "booth", "09:10", "09:30", day=1)
    feed = feed_in(client.get("/messages/choices").text)
    with transaction(house.engine) as session:
        session.get_one(User, house.people["aoki"].id).locale = "en"
        pipeline.cancel(
            session,
            session.get_one(Booking, over.id),
            actor=house.people["aoki"],
            now=at("09:00"),
            office=OFFICE,
        )
    answer = app.test_client().get(feed, base_url="http://akiseki.lan:8000")
    assert "X-WR-CALNAME:Akiseki" in answer.text
    first, second = icalendar.Calendar.from_ical(answer.get_data()).walk("VEVENT")
    assert str(first["url"]) == "http://akiseki.lan:8000/bookings"
    texts, addresses = zip(*(line.split(": ") for line in str(first["description"]).split("\n")), strict=True)
    assert texts == ("Check in", "Give it up")
    assert "description" not in second
    stranger = app.test_client()
    path = addresses[1].removeprefix("http://akiseki.lan:8000")
    stranger.post(path, data={"csrf_token": token_in(stranger.get(path).text)})
    assert house.get(booking).status is Status.CANCELLED


def test_a_calendar_that_is_asked_for_too_often_shuts_out_no_other_at_the_same_address(
    app: Flask, house: House
) -> None:
    mine, theirs = (path_of(links().feed(house.people[who].id, 0)) for who in ("aoki", "baba"))
    stranger = app.test_client()
    assert [stranger.get(mine).status_code for _ in range(61)] == [200] * 60 + [429]
    assert stranger.get(theirs).status_code == 200


def test_the_links_of_a_calendar_are_dead_once_its_address_is_renewed_and_those_of_mails_are_not(
    app: Flask, client: FlaskClient, house: House
) -> None:
    booking = house.book("aoki", "seat", "10:00", "12:00")

    def links_of_calendar() -> list[str]:
        feed = app.test_client().get(feed_in(client.get("/messages/choices").text))
        (event,) = icalendar.Calendar.from_ical(feed.get_data()).walk("VEVENT")
        lines = str(event["description"]).split("\n")
        return [line.split(": ")[1].removeprefix("http://localhost") for line in lines]

    leaked = links_of_calendar()
    stranger = app.test_client()
    assert [stranger.get(path).status_code for path in leaked] == [200, 200]
    post(client, "/messages/choices", "/messages/calendar")
    assert [stranger.get(path).status_code for path in leaked] == [404, 404]
    token = token_in(stranger.get("/login").text)
    assert stranger.post(leaked[1], data={"csrf_token": token}).status_code == 302
    assert house.get(booking).status is Status.BOOKED
    assert [stranger.get(path).status_code for path in links_of_calendar()] == [200, 200]
    mailed = path_of(links().act(Act(house.people["aoki"].id, booking.id, "give-up")))
    assert stranger.get(mailed).status_code == 200


@pytest.mark.parametrize(
    ("text", "state", "status"),
    [("Take it", State.ACCEPTED, Status.BOOKED), ("Decline", State.DECLINED, Status.CANCELLED)],
)
def test_an_offer_is_taken_or_declined_from_its_mail(
    app: Flask,
    house: House,
    clock: SteppingClock,
    post_office: Mailbox,
    text: str,
    state: State,
    status: Status,
) -> None:
    with transaction(house.engine) as session:
        session.get_one(User, house.people["aoki"].id).locale = "en"
        wish = Wish(Target(Lane.DESK, space_id=house.spaces["seat"]), span("13:00", "17:00"))
        entry = pipeline.wait(session, wish, actor=house.people["aoki"], now=at("09:00"), office=OFFICE)
        entry_id, booking_id = entry.id, entry.booking_id or 0
    job = telling(app, house, clock, post_office.url)
    job.tell()
    job.send_mail()
    (mail,) = post_office.mails
    body = mail.get_body(("plain",))
    assert body is not None
    found = dict(line.split(": ") for line in body.get_content().splitlines() if "https://" in line)
    assert found.keys() == {"Queue", "Take it", "Decline"}
    assert found["Queue"] == "https://akiseki.city.example.jp/queue"
    assert calendar_of(app, house, "aoki") == []
    stranger = app.test_client()
    path = path_of(found[text])
    button = stranger.get(path, headers={"Accept-Language": "en"}).text
    assert f">{text}</button>" in button
    for answer in (200, 302):  # pressed again, it is refused
        assert stranger.post(path, data={"csrf_token": token_in(button)}).status_code == answer
        with reading(house.engine) as session:
            assert session.get_one(Entry, entry_id).state is state
            assert session.get_one(Booking, booking_id).status is status


def book_for_guest(house: House, title: str = "", *, day: int = 0) -> Booking:
    with transaction(house.engine) as session:
        booking = reserve.reserve(
            session,
            actor=house.people["chiba"],
            space_id=house.spaces["booth"],
            span=span("10:00", "11:00", day=day),
            now=at("08:00"),
            guest_name="北さん",
            title=title,
        )
        session.expunge(booking)
    return booking


def test_what_a_host_booked_for_a_guest_is_in_the_hosts_calendar_as_the_guests(
    app: Flask, house: House
) -> None:
    booking = book_for_guest(house)
    book_for_guest(house, "下見", day=1)
    events = calendar_of(app, house, "chiba")
    assert [str(one["summary"]) for one in events] == ["来客: 北さん · booth", "来客: 北さん · 下見"]
    assert [str(one["location"]) for one in events] == ["booth", "booth"]
    assert str(events[0]["uid"]).startswith(f"booking-{booking.id}@")
    assert calendar_of(app, house, "aoki") == []
    # The host acts for the guest: what a link does is the host's word.
    path = str(events[0]["description"]).split(": ")[-1].removeprefix("http://localhost")
    stranger = app.test_client()
    stranger.post(path, data={"csrf_token": token_in(stranger.get(path).text)})
    assert house.get(booking).status is Status.CANCELLED
    assert [str(one["status"]) for one in calendar_of(app, house, "chiba")] == ["CANCELLED", "CONFIRMED"]


def test_who_is_invited_to_a_guests_booking_does_not_read_the_guests_name(app: Flask, house: House) -> None:
    with transaction(house.engine) as session:
        session.get_one(Space, house.spaces["booth"]).capacity = 4
    booking = book_for_guest(house, "下見")
    with transaction(house.engine) as session:
        attendees.invite(
            session,
            session.get_one(Booking, booking.id),
            [house.people["aoki"].id],
            actor=house.people["chiba"],
            now=at("08:00"),
        )
    (event,) = calendar_of(app, house, "aoki")
    assert str(event["summary"]) == "下見"
    assert "description" not in event


@pytest.mark.parametrize(("verb", "status"), [("check-in", Status.CHECKED_IN), ("give-up", Status.CANCELLED)])
def test_a_link_shows_a_button_first_and_acts_when_it_is_pressed(
    app: Flask, house: House, verb: str, status: Status
) -> None:
    booking = house.book("aoki", "seat", "09:10", "12:00")
    path = path_of(links().act(Act(house.people["aoki"].id, booking.id, verb)))
    stranger = app.test_client()
    page = stranger.get(path)
    assert page.status_code == 200
    assert house.get(booking).status is Status.BOOKED
    done = stranger.post(path, data={"csrf_token": token_in(page.text)})
    assert done.status_code == 200
    assert house.get(booking).status is status


def test_a_link_is_good_for_its_booking_and_person_alone_and_ends_with_it(
    app: Flask, house: House, clock: SteppingClock
) -> None:
    booking = house.book("aoki", "seat", "09:10", "12:00")
    stranger = app.test_client()
    forged = path_of(links().act(Act(house.people["baba"].id, booking.id, "give-up")))
    assert stranger.get(forged).status_code == 404
    good = path_of(links().act(Act(house.people["aoki"].id, booking.id, "give-up")))
    assert stranger.get(good[:-2]).status_code == 404
    clock.advance(timedelta(hours=3))
    assert stranger.get(good).status_code == 404


def test_webhooks_are_kept_by_facility_and_it_and_the_secret_is_shown_once(app: Flask, house: House) -> None:
    staff = signed_in(app.test_client(), house, "fujii")
    shown = post(
        staff,
        "/office/webhooks",
        "/office/webhooks",
        url="http://127.0.0.1:9/x",
        kinds="booking.*",
        shape="slack",
    )
    assert 'class="secret"' in shown.text
    listed = staff.get("/office/webhooks").text
    assert "http://127.0.0.1:9/x" in listed
    assert 'class="secret"' not in listed
    wrong = post(staff, "/office/webhooks", "/office/webhooks", url="ftp://x", kinds="*", shape="plain")
    assert 'class="notice error"' in wrong.text
    post(staff, "/office/webhooks", "/office/webhooks/1/remove")
    assert "http://127.0.0.1:9/x" not in staff.get("/office/webhooks").text
    assert signed_in(app.test_client(), house, "aoki").get("/office/webhooks").status_code == 403


def test_the_same_over_http(app: Flask, api: Api, house: House, clock: SteppingClock) -> None:
    book_for(house, "aoki")
    telling(app, house, clock).tell()
    (message,) = api.call("aoki", "GET", "/messages").get_json()["items"]
    assert (message["kind"], message["read_at"]) == ("booking.made", None)
    assert api.call("aoki", "POST", f"/messages/{message['id']}/read").status_code == 204
    (message,) = api.call("aoki", "GET", "/messages").get_json()["items"]
    assert message["read_at"] == at("09:00").isoformat()
    assert api.call("baba", "GET", "/messages").get_json()["items"] == []
    body = {"wanted": [{"topic": "own", "way": "mail"}], "quiet_from": "22:00", "quiet_until": "07:00"}
    assert api.call("aoki", "PUT", "/me/notifications", body).get_json() == body
    assert api.call("aoki", "GET", "/me/notifications").get_json() == body
    half = body | {"quiet_until": None}
    assert problem(api.call("aoki", "PUT", "/me/notifications", half)) == (422, "notification.quiet")
    made = api.call("fujii", "POST", "/webhooks", {"url": "http://127.0.0.1:9/x", "kinds": ["booking.*"]})
    assert made.status_code == 201
    assert made.get_json()["secret"]
    (listed,) = api.call("fujii", "GET", "/webhooks").get_json()["items"]
    assert "secret" not in listed
    path = f"/webhooks/{listed['id']}"
    assert api.call("fujii", "POST", f"{path}/enable").status_code == 200
    assert api.call("fujii", "DELETE", path).status_code == 204
    assert problem(api.call("fujii", "DELETE", path)) == (404, "webhook.unknown")
    assert problem(api.call("aoki", "GET", "/webhooks")) == (403, "access.denied")


def test_the_calendars_address_over_http(app: Flask, api: Api, house: House) -> None:
    house.book("aoki", "seat", "10:00", "12:00")
    first = api.call("aoki", "GET", "/me/calendar").get_json()["url"]
    stranger = app.test_client()
    assert "BEGIN:VEVENT" in stranger.get(first).text
    second = api.call("aoki", "POST", "/me/calendar/renew").get_json()["url"]
    assert stranger.get(first).status_code == 404
    assert "BEGIN:VEVENT" in stranger.get(second).text
    assert api.call("aoki", "GET", "/me/calendar").get_json()["url"] == second


def test_still_coming_over_http(api: Api, house: House, clock: SteppingClock) -> None:
    booking = house.book("aoki", "seat", "09:00", "12:00")
    clock.at = at("09:30")
    path = f"/bookings/{booking.id}/still-coming"
    assert api.call("aoki", "POST", path).status_code == 200
    assert problem(api.call("aoki", "POST", path)) == (409, "booking.said_already")
    assert problem(api.call("baba", "POST", path)) == (403, "booking.not_allowed")
    add_hook(house, "http://127.0.0.1:9/x")
