"""The queue and "now" in the browser, without JavaScript: every form does what it says and shows what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from app.bookings.rules import Status
from app.database import reading, transaction
from app.people import service as people
from app.people.models import Role, User
from app.spaces.models import Space
from app.spaces.rules import Kind, Lane
from app.waitlist.models import Entry
from app.waitlist.rules import State
from tests.app.test_pages import PASSWORD, token_in
from tests.app.test_pages_words import form_of
from tests.app.waitlist.queue import Queue
from tests.house import House


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
    span = {"date": "2026-11-24", "from": "09:00", "to": "09:30"}
    assert f'name="to" value="{span["to"]}"' in shown
    waiting = aoki.post("/queue", lane="room", **span).text
    assert "You stand in line." in waiting
    assert "Place 1 in line" in waiting
    booked = aoki.post(
        "/bookings", **{**span, "space_id": house.spaces["booth"], "from": "10:00:00", "to": "10:30:00"}
    ).text
    assert "Booked." in booked


def test_an_offer_is_taken_or_declined_on_the_page(aoki: Browser, house: House) -> None:
    queue = Queue(house)
    for verb, state in (("accept", State.ACCEPTED), ("decline", State.DECLINED)):
        entry = queue.wait("aoki", "booth", "10:00" if verb == "accept" else "11:00", "12:00", now="09:00")
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
