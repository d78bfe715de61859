"""The pages as HTTP: who may open them, what they refuse, what they escape."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from app.access import declared
from app.bookings.models import Booking
from app.database import reading, transaction
from app.extensions import db
from app.factory import create_app
from app.people import service as people
from app.people.models import Role, User
from app.settings import Settings
from app.spaces.models import Site
from tests.house import House, at

PASSWORD = "a password of nobody"


@pytest.fixture
def client(app: Flask, house: House) -> FlaskClient:
    with transaction(house.engine) as session:
        user = session.scalars(select(User).where(User.email == "aoki@example.jp")).one()
        people.set_password(user, PASSWORD)
    return app.test_client()


def token_in(page: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found
    return found[1]


def sign_in(client: FlaskClient, next_page: str = "") -> str:
    """Sign in; returns where that leads."""
    token = token_in(client.get("/login").text)
    form = {"csrf_token": token, "email": "aoki@example.jp", "password": PASSWORD, "next": next_page}
    answer = client.post("/login", data=form)
    assert answer.status_code == 302
    return answer.location


def bookings(house: House) -> int:
    with reading(house.engine) as session:
        return session.scalars(select(func.count()).select_from(Booking)).one()


PAGES = ("/floors/1", "/floors/1/live", "/floors/1/spaces/1", "/bookings", "/day", "/lots")


@pytest.mark.parametrize("path", PAGES)
def test_a_stranger_is_led_to_the_door_and_back(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 302
    assert answer.location.startswith("/login?next=")
    assert sign_in(client, path) == path
    assert client.get(path).status_code == 200


@pytest.mark.parametrize("path", PAGES)
def test_a_page_opens_for_the_roles_it_declares_and_for_no_other(
    app: Flask, client: FlaskClient, house: House, path: str
) -> None:
    sign_in(client)
    endpoint, _ = app.url_map.bind("").match(path)
    roles = declared(app, endpoint)
    assert roles
    for role in Role:
        with transaction(house.engine) as session:
            session.execute(update(User).where(User.email == "aoki@example.jp").values(role=role))
        assert client.get(path).status_code == (200 if role in roles else 403), role


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "floor"],
)
def test_signing_in_never_leads_to_another_site(client: FlaskClient, elsewhere: str) -> None:
    assert sign_in(client, elsewhere) == "/"


def test_a_form_without_its_token_changes_nothing(client: FlaskClient, house: House) -> None:
    sign_in(client)
    form = {"space_id": house.spaces["seat"], "date": "2026-11-24", "from": "10:00", "to": "11:00"}
    assert client.post("/bookings", data=form).status_code == 422
    assert bookings(house) == 0
    token = token_in(client.get("/bookings").text)
    assert client.post("/bookings", data={**form, "csrf_token": token}).status_code == 302
    assert bookings(house) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"date": "yesterday"},
        {"date": "9999-12-31"},
        {"from": "25:00"},
        {"to": "09:00"},
        {"space_id": "none"},
        {"space_id": "9" * 30},
        {"date": ""},
    ],
)
def test_a_form_that_is_filled_in_wrongly_is_told_and_stores_nothing(
    client: FlaskClient, house: House, wrong: dict[str, str]
) -> None:
    sign_in(client)
    form = {
        "csrf_token": token_in(client.get("/bookings").text),
        "space_id": house.spaces["seat"],
        "date": "2026-11-24",
        "from": "10:00",
        "to": "11:00",
    }
    answer = client.post("/bookings", data=form | wrong, follow_redirects=True)
    assert answer.status_code == 200
    assert 'role="alert"' in answer.text
    assert bookings(house) == 0


def test_what_a_person_wrote_is_shown_as_text(client: FlaskClient, house: House) -> None:
    sign_in(client)
    form = {
        "csrf_token": token_in(client.get("/bookings").text),
        "space_id": house.spaces["seat"],
        "date": "2026-11-24",
        "from": "10:00",
        "to": "11:00",
        "title": "<script>alert(1)</script>",
    }
    client.post("/bookings", data=form)
    page = client.get("/bookings").text
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page


def test_an_unchanged_floor_answers_the_poll_with_nothing(client: FlaskClient, house: House) -> None:
    sign_in(client)
    page = client.get("/floors/1").text
    poll = re.search(r'hx-get="(/floors/1/live\?v=\w+)"', page)
    assert poll
    assert client.get(poll[1]).status_code == 204
    house.book("baba", "seat", "10:00", "11:00")
    moved = client.get(poll[1])
    assert moved.status_code == 200
    assert 'id="map" hx-swap-oob' in moved.text


def test_the_demos_page_exists_in_the_demo_only(client: FlaskClient) -> None:
    assert client.get("/demo").status_code == 404


def test_a_session_ends_with_its_owners_leaving(client: FlaskClient, house: House) -> None:
    sign_in(client)
    assert client.get("/bookings").status_code == 200
    with transaction(house.engine) as session:
        session.execute(update(User).where(User.email == "aoki@example.jp").values(left_at=at("08:00")))
    assert client.get("/bookings").status_code == 302


def test_the_office_speaks_japanese_unless_the_reader_asks_otherwise(app: Flask) -> None:
    client = app.test_client()
    assert '<html lang="ja">' in client.get("/login").text
    assert '<html lang="ja">' in client.get("/login", headers={"Accept-Language": "fr"}).text
    assert '<html lang="en">' in client.get("/login", headers={"Accept-Language": "en-GB"}).text
    token = token_in(client.get("/login").text)
    client.post("/language", data={"csrf_token": token, "locale": "en", "next": "/login"})
    assert '<html lang="en">' in client.get("/login", headers={"Accept-Language": "ja"}).text


def test_a_day_that_is_none_shows_today(client: FlaskClient) -> None:
    sign_in(client)
    for on in ("tomorrow", "0001-01-01", "9999-12-31", "2026-02-30"):
        answer = client.get("/day", query_string={"on": on})
        assert answer.status_code == 200
        assert "11月24日" in answer.text


def test_the_cookie_is_closed_to_scripts_and_other_sites(app: Flask, client: FlaskClient) -> None:
    settings: Settings = app.extensions["akiseki"]
    public = create_app(replace(settings, public_url="https://seats.example.jp"))
    visitor = public.test_client()
    token = token_in(visitor.get("/login", base_url="https://seats.example.jp").text)
    answer = visitor.post(
        "/login",
        base_url="https://seats.example.jp",
        headers={"Referer": "https://seats.example.jp/login"},
        data={"csrf_token": token, "email": "aoki@example.jp", "password": PASSWORD},
    )
    with public.app_context():
        db.engine.dispose()
    cookie = answer.headers["Set-Cookie"]
    assert {"Secure", "HttpOnly", "SameSite=Lax"} <= {part.strip() for part in cookie.split(";")}


@pytest.mark.parametrize("on", ["tomorrow", "0001-01-01", "9999-12-31"])
def test_a_floor_on_a_day_that_cannot_be_is_told_and_shown_as_suggested(
    client: FlaskClient, house: House, on: str
) -> None:
    sign_in(client)
    answer = client.get(f"/floors/{house.floor_id}?date={on}")
    assert answer.status_code == 200
    assert "日付と、開始より後の終了時刻を選んでください" in answer.text


def test_times_of_a_floor_elsewhere_are_read_as_they_are_shown(client: FlaskClient, house: House) -> None:
    with transaction(house.engine) as session:
        session.execute(update(Site).values(timezone="Europe/London"))
    sign_in(client)
    shown = client.get("/floors/1?date=2026-11-25&from=10:00&to=12:00").text
    assert 'id="when-from" type="time" name="from" value="10:00"' in shown
    house.book("baba", "seat", "10:00", "12:00", day=1)
    panel = client.get(f"/floors/1/spaces/{house.spaces['seat']}?date=2026-11-25&from=10:00&to=12:00").text
    assert "10:00–12:00" in panel
