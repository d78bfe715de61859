"""The queue and "now" in the browser, without JavaScript: every form does what it says and shows what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from app import pipeline
from app.bookings.models import Booking
from app.bookings.rules import Status
from app.clock import SteppingClock
from app.database import reading, transaction
from app.letters import headline
from app.people import service as people
from app.people.models import Role, User
from app.spaces.models import Space
from app.spaces.rules import Kind, Lane, Target
from app.timespan import TimeSpan
from app.waitlist.models import Entry
from app.waitlist.rules import State, Wish
from tests.app.test_pages import PASSWORD, token_in
from tests.app.test_pages_words import form_of
from tests.app.waitlist.queue import Queue
from tests.house import OFFICE, House, at, span


@dataclass
class Browser:
    client: FlaskClient
    start: str

    def post(self, path: str, **form: Any) -> TestResponse:
        token = token_in(self.client.get(self.start).text)
        answer = self.client.post(path, data={"csrf_token": token, **form}, follow_redirects=True)
        assert answer.status_code == 200, answer.text
        return answer


def browser(app: Flask, house: House, who: str, start: str) -> Browser:
    with transaction(house.engine) as session:
        user = session.scalars(select(User).where(User.email == f"{who}@example.jp")).one()
        people.set_password(user, PASSWORD)
    client = app.test_client()
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    token = token_in(client.get("/login").text)
    form = {"csrf_token": token, "email": f"{who}@example.jp", "password": PASSWORD}
    assert client.post("/login", data=form).status_code == 302
    return Browser(client, start)


@pytest.fixture
def aoki(app: Flask, house: House) -> Browser:
    return browser(app, house, "aoki", "/queue")


def test_one_click_books_the_best_seat_and_says_why(aoki: Browser) -> None:
    assert "A seat now" in aoki.client.get("/bookings").text
    shown = aoki.post("/now/desk").text
    assert "bare is yours, 09:00–17:15. Why this one: the first that is free." in shown


def test_a_booth_is_a_booth_whatever_else_is_free(app: Flask, aoki: Browser, house: House) -> None:
    with transaction(house.engine) as session:
        zone_id = session.get_one(Space, house.spaces["booth"]).zone_id
        session.add(Space(zone_id=zone_id, code="aa-open", kind=Kind.OPEN_MEETING, capacity=8))
    shown = aoki.client.get(f"/floors/{house.floor_id}").text
    form = {name: value for name, value in form_of(shown, "/now/room").items() if name != "csrf_token"}
    assert (form["kind"], form["floor_id"]) == ("booth", str(house.floor_id))
    assert "booth is yours" in aoki.post("/now/room", **form).text
    assert "You hold booth already" in (again := aoki.post("/now/room", **form).text)
    assert form_of(again, "/now/room")["kind"] == "booth"
    house.break_("booth")
    queue_form = form_of(browser(app, house, "baba", "/queue").post("/now/room", **form).text, "/queue")
    assert (queue_form["kind"], queue_form["where"]) == ("booth", "1/")


def test_a_clash_with_ones_own_is_shown_and_replaced_with_one_click(aoki: Browser, house: House) -> None:
    own = house.book("aoki", "focus", "08:00", "12:00")
    shown = aoki.post("/now/desk").text
    assert "You hold focus already" in shown
    assert house.get(own).status is Status.BOOKED
    aoki.post("/now/desk", replace="1")
    assert house.get(own).status is Status.ENDED_EARLY


def test_where_nothing_is_free_the_next_time_and_a_place_in_line_are_one_click_each(
    aoki: Browser, house: House
) -> None:
    house.book("baba", "booth", "09:00", "10:00")
    shown = aoki.post("/now/room", minutes="30").text
    assert "The next: booth, 10:00–10:30." in shown
    waiting = aoki.post("/queue", **fields(shown, "/queue")).text
    assert "You stand in line." in waiting
    assert "Place 1 in line" in waiting
    assert "Booked." in aoki.post("/bookings", **fields(shown, "/bookings")).text


def fields(page: str, action: str) -> dict[str, str]:
    return {name: value for name, value in form_of(page, action).items() if name != "csrf_token"}


def test_whoever_waits_for_a_booth_now_is_offered_all_of_the_time_whenever_it_is_their_turn(
    aoki: Browser, house: House
) -> None:
    house.book("baba", "booth", "09:00", "09:25", now="08:50")
    house.book("chiba", "booth", "09:25", "10:10", now="08:50")
    shown = aoki.post("/now/room", kind="booth", minutes="30").text
    assert "As soon as one is free for 30 minutes, until 17:15 at the latest, it is your turn." in shown
    waiting = aoki.post("/queue", **fields(shown, "/queue")).text
    assert "09:00–17:15 · 30 minutes, as soon as it is your turn" in waiting
    house.sweep("09:25")
    assert offered(house) is None
    house.sweep("10:10")
    assert offered(house) == span("10:10", "10:40")


def offered(house: House) -> TimeSpan | None:
    with reading(house.engine) as session:
        entry = session.scalars(select(Entry)).one()
        return session.get_one(Booking, entry.booking_id).span if entry.booking_id else None


@pytest.mark.parametrize(
    ("clock_at", "lane", "minutes", "until"),
    [
        ("09:00", "desk", "", "17:15"),
        ("09:00", "desk", "60", "17:15"),
        ("16:44", "room", "30", "17:15"),
        ("16:45", "room", "30", "24:00"),
        ("18:00", "room", "30", "24:00"),
    ],
)
def test_from_now_one_waits_until_the_office_closes_in_the_evening_until_midnight(
    aoki: Browser, house: House, clock: SteppingClock, clock_at: str, lane: str, minutes: str, until: str
) -> None:
    for code in house.spaces:
        house.break_(code)
    clock.at = at(clock_at)
    asked = fields(aoki.post(f"/now/{lane}", minutes=minutes).text, "/queue")
    end = at("00:00", day=1) if until == "24:00" else at(until)
    assert (asked.get("minutes", ""), datetime.fromisoformat(asked["until"])) == (minutes, end)
    assert f"{clock_at}–{until}" in aoki.post("/queue", **asked).text


@pytest.mark.parametrize(
    ("minutes", "kept"), [("", None), ("30", 30), ("90", 90), ("120", None), ("240", None)]
)
def test_in_the_queue_one_may_say_for_how_long(
    aoki: Browser, house: House, minutes: str, kept: int | None
) -> None:
    page = aoki.client.get("/queue").text
    assert f'<option value="{minutes}">' in page
    wanted = {"date": "2026-11-24", "from": "10:00", "to": "12:00", "minutes": minutes}
    aoki.post("/queue", kind="desk", where="", code="", **wanted)
    with reading(house.engine) as session:
        entry = session.scalars(select(Entry)).one()
        assert (entry.start_at, entry.end_at, entry.minutes) == (at("10:00"), at("12:00"), kept)


@pytest.mark.parametrize("until", ["", "x", "2026-11-24T12:00:00", "2026-11-23T12:00:00+09:00"])
def test_an_end_that_is_none_is_told(aoki: Browser, until: str) -> None:
    assert "You stand in no line." in aoki.post("/queue", lane="room", where="", until=until).text


def test_an_offer_is_taken_or_declined_on_the_page(aoki: Browser, house: House) -> None:
    queue = Queue(house)
    for verb, state in (("accept", State.ACCEPTED), ("decline", State.DECLINED)):
        begins, ends = ("10:00", "12:00") if verb == "accept" else ("11:00", "12:30")
        entry = queue.wait("aoki", "booth", begins, ends, now="09:00")
        if verb == "decline":
            assert queue.state(entry) == [State.WAITING]
            aoki.post(f"/queue/{entry.id}/leave")
            assert queue.state(entry) == [State.LEFT]
            continue
        shown = aoki.client.get("/queue").text
        assert "held for you until" in shown
        aoki.post(f"/queue/{entry.id}/{verb}")
        assert queue.state(entry) == [state]


def test_a_form_that_is_filled_in_wrongly_is_told(aoki: Browser) -> None:
    shown = aoki.post("/queue", kind="booth", date="2026-11-24", to="09:00", **{"from": "10:00"}).text
    assert 'role="alert"' in shown
    assert "You stand in no line." in shown


def test_at_a_kiosk_a_number_is_drawn_called_and_let_in(app: Flask, house: House) -> None:
    with transaction(house.engine) as session:
        session.execute(update(User).where(User.email == "baba@example.jp").values(role=Role.KIOSK))
    kiosk = browser(app, house, "baba", "/queue/numbers")
    first = kiosk.post("/queue/numbers", zone_id=1).text
    assert "Your number is 1. It is your turn now." in first
    second = kiosk.post("/queue/numbers", zone_id=1).text
    assert "Your number is 2. Please wait until it is called." in second
    assert "about 09:30" in second
    let_in = kiosk.post("/queue/1/accept", zone_id=1).text
    assert "It is yours." in let_in
    assert "No number is called at the moment." in let_in


def test_a_zone_is_waited_for_and_one_space_by_its_code(aoki: Browser, house: House) -> None:
    with reading(house.engine) as session:
        zone_of = {
            code: session.get_one(Space, house.spaces[code]).zone_id for code in ("seat", "taxes", "free")
        }
    page = aoki.client.get("/queue").text
    assert f'<option value="1/{zone_of["seat"]}">A</option>' in page
    assert f'<option value="1/{zone_of["free"]}">' not in page, "for free seating nobody waits"
    for where in ("seat", "window", "bare"):
        house.book("fujii", where, "10:00", "11:00") if where == "seat" else house.break_(where)
    house.break_("focus")
    span = {"date": "2026-11-24", "from": "10:00", "to": "11:00"}
    waiting = aoki.post("/queue", kind="desk", where=f"1/{zone_of['seat']}", code="", **span).text
    assert "Place 1 in line" in waiting
    with reading(house.engine) as session:
        entry = session.scalars(select(Entry)).one()
        assert (entry.lane, entry.kind, entry.zone_id) == (Lane.DESK, None, zone_of["seat"])
    aoki.post(f"/queue/{entry.id}/leave")
    aoki.post("/queue", kind="booth", where=f"1/{zone_of['taxes']}", code=" SEAT ", **span)
    with reading(house.engine) as session:
        entry = session.scalars(select(Entry).where(Entry.id != entry.id)).one()
        assert (entry.space_id, entry.kind, entry.zone_id) == (house.spaces["seat"], None, None)
    refused = aoki.post("/queue", kind="seat", where="", code="nowhere", **span).text
    assert "There is no such space." in refused
    hopeless = aoki.post("/queue", kind="seat", where=f"1/{zone_of['taxes']}", code="", **span).text
    assert "Nobody may book this for that time" in hopeless


def test_an_offer_by_night_says_on_which_day_it_is_held_no_more(
    app: Flask, house: House, clock: SteppingClock
) -> None:
    tomorrow = span("10:00", "11:00", day=1)
    clock.at = at("22:00")
    aoki = browser(app, house, "aoki", "/queue")
    with transaction(house.engine) as session:
        wish = Wish(Target(Lane.DESK, space_id=house.spaces["seat"]), tomorrow)
        pipeline.wait(session, wish, actor=house.people["aoki"], now=at("22:00"), office=OFFICE)
    assert "held for you until Wed, Nov 25 08:40" in aoki.client.get("/queue").text
    clock.at = at("08:31", day=1)
    aoki = browser(app, house, "aoki", "/queue")
    assert "held for you until 08:40" in aoki.client.get("/queue").text


def test_the_message_of_an_offer_names_the_day_until_which_it_is_held(app: Flask) -> None:
    data = {
        "space": "seat",
        "start": at("10:00", day=1).isoformat(),
        "end": at("11:00", day=1).isoformat(),
        "hold_until": at("08:40", day=1).isoformat(),
    }
    with app.test_request_context(headers={"Accept-Language": "en"}):
        told = headline("waitlist.offered", data)
    assert told.startswith("seat is held for you until Wed, Nov 25 08:40 (Wed, Nov 25 10:00–11:00).")
