"""Acting for others in the browser: found by name or space, changed, checked in, given back; each look is told."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from app.bookings import reserve
from app.bookings.models import Booking
from app.bookings.rules import By, Status
from app.database import reading, transaction
from app.events import Event
from app.people import service as people
from app.people.lookup import LOOKED_UP
from app.people.models import Role, Section, User
from tests.app.test_pages import PASSWORD, token_in
from tests.app.test_pages_words import form_of
from tests.house import House, at, span


@dataclass
class Browser:
    client: FlaskClient

    def get(self, path: str) -> str:
        answer = self.client.get(path)
        assert answer.status_code == 200, answer.text
        return answer.text

    def post(self, path: str, **form: Any) -> TestResponse:
        token = token_in(self.get("/bookings"))
        return self.client.post(path, data={"csrf_token": token, **form}, follow_redirects=True)


def sign_in(app: Flask, house: House, who: str) -> Browser:
    with transaction(house.engine) as session:
        user = session.scalars(select(User).where(User.email == f"{who}@example.jp")).one()
        people.set_password(user, PASSWORD)
    client = app.test_client()
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    form = {
        "csrf_token": token_in(client.get("/login").text),
        "email": f"{who}@example.jp",
        "password": PASSWORD,
    }
    assert client.post("/login", data=form).status_code == 302
    return Browser(client)


@pytest.fixture
def chief(app: Flask, house: House) -> Browser:
    return sign_in(app, house, "chiba")


@pytest.fixture
def facility(app: Flask, house: House) -> Browser:
    return sign_in(app, house, "fujii")


def looks(house: House) -> list[tuple[int, int]]:
    """(who looked, at whom) as the log has it."""
    with reading(house.engine) as session:
        rows = session.scalars(select(Event).where(Event.kind == LOOKED_UP).order_by(Event.id))
        return [(one.actor_id or 0, int(one.subject.removeprefix("user:"))) for one in rows]


def listed(page: str) -> list[int]:
    """The bookings that a page shows as cards."""
    return [int(one) for one in re.findall(r'<li id="b-(\d+)"', page)]


def test_a_chief_finds_the_own_sections_people_by_name_and_day_and_each_look_is_told(
    chief: Browser, house: House
) -> None:
    mine, later = (
        house.book("aoki", "seat", "10:00", "11:00"),
        house.book("aoki", "seat", "10:00", "11:00", day=3),
    )
    house.book("endo", "taxes", "10:00", "11:00")
    assert looks(house) == []
    assert listed(chief.get("/bookings/others?q=aok")) == [mine.id]
    assert looks(house) == [(house.people["chiba"].id, house.people["aoki"].id)]
    assert listed(chief.get("/bookings/others?q=aoki&on=2026-11-27")) == [later.id]
    assert listed(chief.get("/bookings/others?q=aoki&days=7")) == [mine.id, later.id]
    assert "name in your section begins so" in chief.get("/bookings/others?q=endo")
    assert (house.people["chiba"].id, house.people["endo"].id) not in looks(house)
    stranger = chief.client.get(f"/bookings/others?person={house.people['endo'].id}")
    assert (stranger.status_code, "belongs to somebody else" in stranger.text) == (403, True)


def test_of_a_space_a_chief_sees_the_own_sections_bookings_and_the_facility_staff_all(
    app: Flask, house: House
) -> None:
    ours, theirs = house.book("aoki", "seat", "10:00", "11:00"), house.book("endo", "seat", "12:00", "13:00")
    with transaction(house.engine) as session:
        guest = reserve.reserve(
            session,
            actor=house.people["fujii"],
            space_id=house.spaces["seat"],
            span=span("14:00", "15:00"),
            now=at("08:00"),
            guest_name="視察の方",
        ).id
    assert listed(sign_in(app, house, "chiba").get("/bookings/others?q=SEAT")) == [ours.id]
    page = sign_in(app, house, "fujii").get("/bookings/others?q=seat")
    assert listed(page) == [ours.id, theirs.id, guest]
    assert "視察の方" in page
    chiba, fujii = house.people["chiba"].id, house.people["fujii"].id
    aoki, endo = house.people["aoki"].id, house.people["endo"].id
    assert looks(house) == [(chiba, aoki), (fujii, aoki), (fujii, endo)]


def test_the_facility_staff_find_everybody_and_an_auditor_reads(app: Flask, house: House) -> None:
    booking = house.book("aoki", "seat", "10:00", "11:00")
    facility = sign_in(app, house, "fujii")
    page = facility.get("/bookings/others?q=aoki")
    assert listed(page) == [booking.id]
    assert "You find everybody." in page
    assert f"/bookings/others?person={house.people['aoki'].id}" in facility.get("/people?q=aoki")
    with transaction(house.engine) as session:
        session.execute(update(User).where(User.id == house.people["endo"].id).values(role=Role.AUDITOR))
    auditor = sign_in(app, house, "endo")
    for query in ("aoki", "seat"):
        page = auditor.get(f"/bookings/others?q={query}")
        assert listed(page) == [booking.id]
        assert f"/bookings/{booking.id}/cancel" not in page
        assert f"/bookings/{booking.id}/history" in page


def test_a_chief_finds_whoever_is_of_a_section_below(app: Flask, house: House) -> None:
    booking = house.book("endo", "taxes", "10:00", "11:00")
    with transaction(house.engine) as session:
        above, below = (next(iter(house.people[who].section_ids)) for who in ("chiba", "endo"))
        session.get_one(Section, below).parent_id = above
    chief = sign_in(app, house, "chiba")
    assert listed(chief.get("/bookings/others?q=endo")) == [booking.id]
    assert listed(chief.get("/bookings/others?q=taxes")) == [booking.id]
    assert f"/bookings/others?person={house.people['endo'].id}" in chief.get("/people?q=endo")


def test_a_colleague_is_checked_in_and_their_seat_given_back_with_a_word_why(
    chief: Browser, house: House
) -> None:
    booking = house.book("aoki", "seat", "09:00", "11:00")
    then = f"/bookings/others?person={house.people['aoki'].id}&on=2026-11-24&days=1"
    form = form_of(chief.get(then), f"/bookings/{booking.id}/check-in")
    assert unescape(form["then"]).endswith(f"&person={house.people['aoki'].id}")
    answer = chief.post(f"/bookings/{booking.id}/check-in", then=then)
    assert answer.request.full_path == then
    assert (house.get(booking).status, house.get(booking).checked_in_by) == (Status.CHECKED_IN, By.OTHER)
    chief.post(f"/bookings/{booking.id}/end", then=then, why="体調不良で早退")
    assert not house.get(booking).is_live
    assert "体調不良で早退" in chief.get(f"/bookings/{booking.id}/history")


def test_what_is_not_begun_is_cancelled_with_a_word_why(facility: Browser, house: House) -> None:
    booking = house.book("endo", "taxes", "14:00", "15:00")
    page = facility.get("/bookings/others?q=endo")
    assert f'id="b{booking.id}-cancel-why"' in page
    facility.post(f"/bookings/{booking.id}/cancel", why="会議が延びたため")
    assert (house.get(booking).status, house.get(booking).reason) == (Status.CANCELLED, "cancelled")
    assert [one.data["why"] for one in house.events(booking) if one.data.get("why")] == ["会議が延びたため"]


def test_a_change_that_clashes_says_with_what_and_what_could_be_had_instead(
    chief: Browser, house: House
) -> None:
    booking = house.book("aoki", "seat", "10:00", "11:00")
    house.book("endo", "seat", "13:00", "14:30")
    house.book("endo", "focus", "15:00", "16:00")
    path, then = f"/bookings/{booking.id}/change", "/bookings/others?q=aoki"
    form = form_of(chief.get(f"{path}?then=/bookings/others?q=aoki"), path)
    assert form["then"] == then
    refused = chief.post(path, **form | {"from": "13:30", "to": "14:30", "title": "面談"})
    assert refused.status_code == 409
    assert "The space is already taken for part of that time." in refused.text
    assert "seat is taken: Tue, Nov 24 13:00–14:30." in refused.text or "seat is taken" in refused.text
    assert 'value="面談"' in refused.text, "what was typed stays"
    assert "bare at the same time" in refused.text
    assert house.get(booking).span == span("10:00", "11:00")
    instead = form_of(refused.text, path)
    assert (instead["code"], instead["from"], instead["title"]) == ("bare", "13:30", "面談")
    done = chief.post(path, **instead)
    assert "Changed." in done.text
    assert (house.get(booking).space_id, house.get(booking).span) == (
        house.spaces["bare"],
        span("13:30", "14:30"),
    )


def test_a_persons_own_clash_is_told_by_name_to_whoever_acts_for_them(chief: Browser, house: House) -> None:
    booking, other = (
        house.book("aoki", "seat", "10:00", "11:00"),
        house.book("aoki", "window", "13:00", "14:00"),
    )
    path = f"/bookings/{booking.id}/change"
    form = form_of(chief.get(path), path)
    refused = chief.post(path, **form | {"from": "13:00", "to": "13:30"}).text
    assert "aoki already holds a space of this kind for part of that time." in refused
    assert "window" in refused
    assert house.get(other).status is Status.BOOKED


def test_one_sees_ones_own_clash_and_takes_another_time_with_a_click(app: Flask, house: House) -> None:
    me = sign_in(app, house, "aoki")
    booking = house.book("aoki", "seat", "10:00", "11:00")
    house.book("baba", "seat", "11:00", "12:00")
    for where in ("window", "bare", "focus"):
        house.break_(where)
    path = f"/bookings/{booking.id}/change"
    form = form_of(me.get("/bookings"), path)
    refused = me.post(path, **form | {"to": "11:30"})
    assert refused.status_code == 409
    assert "seat is taken" in refused.text
    instead = form_of(refused.text, path)
    assert (instead["from"], instead["to"]) == ("09:30", "11:00")
    me.post(path, **instead)
    assert house.get(booking).span == span("09:30", "11:00")


def test_the_history_of_a_live_booking_has_what_the_reader_may_do(
    app: Flask, chief: Browser, house: House
) -> None:
    booking = house.book("aoki", "seat", "14:00", "15:00")
    path = f"/bookings/{booking.id}/history"
    page = chief.get(path)
    assert form_of(page, f"/bookings/{booking.id}/cancel")["then"] == path
    assert f'href="/bookings/{booking.id}/change?then={path}"' in page
    with transaction(house.engine) as session:
        session.execute(update(User).where(User.id == house.people["endo"].id).values(role=Role.AUDITOR))
    assert f"/bookings/{booking.id}/cancel" not in sign_in(app, house, "endo").client.get(path).text
    assert f"/bookings/{booking.id}/cancel" in sign_in(app, house, "aoki").get(path)
    chief.post(f"/bookings/{booking.id}/cancel", then=path)
    assert f"/bookings/{booking.id}/cancel" not in chief.get(path)


def test_an_absent_colleagues_bookings_are_cancelled_in_one_step_after_a_look(
    chief: Browser, house: House
) -> None:
    first, second = (
        house.book("aoki", "seat", "10:00", "11:00"),
        house.book("aoki", "seat", "10:00", "11:00", day=1),
    )
    other = house.book("baba", "window", "10:00", "11:00")
    aoki = house.people["aoki"].id
    form = form_of(chief.get(f"/bookings/others?person={aoki}"), "/bookings/absence")
    shown = chief.post("/bookings/absence", **form | {"last": "2026-11-25"})
    assert "seat" in shown.text
    assert house.get(first).status is Status.BOOKED
    done = chief.post("/bookings/absence", **form_of(shown.text, "/bookings/absence"))
    assert done.request.path == "/bookings/others"
    assert {house.get(one).status for one in (first, second)} == {Status.CANCELLED}
    assert house.get(other).status is Status.BOOKED
    stranger = chief.post(
        "/bookings/absence", user_id=house.people["endo"].id, first="2026-11-24", last="2026-11-24"
    )
    assert stranger.status_code == 403


def test_the_page_is_reached_from_the_floor_and_the_people_by_who_acts_for_others_alone(
    app: Flask, chief: Browser, house: House
) -> None:
    panel = f"/floors/{house.floor_id}/spaces/{house.spaces['seat']}"
    assert "/bookings/others?q=seat" in chief.get(panel)
    assert f"/bookings/others?person={house.people['aoki'].id}" in chief.get("/people?q=aoki")
    assert "/bookings/others?person=" not in chief.get("/people?q=endo")
    assert 'href="/bookings/others"' in chief.get("/bookings")
    aoki = sign_in(app, house, "aoki")
    assert "/bookings/others" not in aoki.get(panel) + aoki.get("/people?q=aoki") + aoki.get("/bookings")


def test_no_form_leads_off_the_site(chief: Browser, house: House) -> None:
    booking = house.book("aoki", "seat", "14:00", "15:00")
    for elsewhere in ("https://example.com/", "//example.com", "/\\example.com"):
        token = token_in(chief.get("/bookings"))
        answer = chief.client.post(
            f"/bookings/{booking.id}/check-in", data={"csrf_token": token, "then": elsewhere}
        )
        assert "example.com" not in answer.headers["Location"]
        page = chief.client.get(f"/bookings/{booking.id}/change", query_string={"then": elsewhere}).text
        assert form_of(page, f"/bookings/{booking.id}/change")["then"] == "/bookings"


def test_a_strange_day_and_an_empty_search_are_met_with_words(chief: Browser) -> None:
    assert "That is not a day. Showing today." in chief.get("/bookings/others?q=a&on=x")
    assert "You find whoever belongs to your section." in chief.get("/bookings/others?days=9999")


def test_released_and_over_bookings_are_listed_below(chief: Browser, house: House) -> None:
    released = house.book("aoki", "seat", "08:30", "12:00")
    over = house.book("baba", "window", "08:30", "08:45")
    with transaction(house.engine) as session:
        session.execute(
            update(Booking).where(Booking.id == released.id).values(status=Status.RELEASED, reason="no_show")
        )
        session.execute(
            update(Booking).where(Booking.id == over.id).values(status=Status.COMPLETED, reason="unverified")
        )
    assert listed(chief.get("/bookings/others?q=aoki")) == [released.id]
    page = chief.get("/bookings/others?q=baba")
    assert listed(page) == []
    assert f"/bookings/{over.id}/history" in page
    chief.post(f"/bookings/{released.id}/reclaim")
    assert house.get(released).status is Status.BOOKED
