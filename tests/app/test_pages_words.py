"""What the pages say and keep: refusals in words, the language, sessions that end, what a role is shown."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, update

from app.database import reading, transaction
from app.people.models import Role, User
from app.spaces.models import Floor, Sensor, SensorBinding, Space, Zone
from app.spaces.rules import Kind
from app.spaces.service import set_policy
from tests.app.api.matrix import path_of
from tests.app.test_pages import bookings, client, sign_in, token_in
from tests.house import House, at

__all__ = ["client"]


def book(client: FlaskClient, house: House, where: str, **form: str) -> str:
    """Send the booking form; returns the page that it leads to."""
    sent = {
        "csrf_token": token_in(client.get("/bookings").text),
        "space_id": str(house.spaces[where]),
        "date": "2026-11-24",
        "from": "10:00",
        "to": "11:00",
    }
    return client.post("/bookings", data=sent | form, follow_redirects=True).text


def form_of(page: str, action: str) -> dict[str, str]:
    """The fields of the form with that action, as they are offered; a box that is not ticked sends nothing."""
    found = re.search(rf'<form[^>]*action="{re.escape(action)}".*?</form>', page, re.DOTALL)
    assert found
    boxes = re.compile(r'<input type="checkbox"(?![^>]* checked)[^>]*>')
    return dict(re.findall(r'name="([^"]+)"[^>]*? value="([^"]*)"', boxes.sub("", found[0])))


@pytest.mark.parametrize("where", ["seat", "booth", "focus"])
def test_what_a_panel_offers_is_booked_as_it_stands(client: FlaskClient, house: House, where: str) -> None:
    sign_in(client)
    page = client.get(f"/floors/{house.floor_id}/spaces/{house.spaces[where]}").text
    answer = client.post("/bookings", data=form_of(page, "/bookings"), follow_redirects=True)
    assert "予約しました。" in answer.text
    assert bookings(house) == 1


def test_a_claim_lasts_until_24_o_clock_and_can_be_shortened(client: FlaskClient, house: House) -> None:
    sign_in(client)
    house.claim("aoki", "seat", "09:00")
    page = client.get("/bookings").text
    assert "–<time" in page
    assert "24:00</time>" in page
    form = form_of(page, "/bookings/1/change")
    assert "変更しました。" in client.post("/bookings/1/change", data=form, follow_redirects=True).text
    shorter = form | {"to": "12:00"}
    assert "変更しました。" in client.post("/bookings/1/change", data=shorter, follow_redirects=True).text
    assert "12:00</time>" in client.get("/bookings").text


def test_a_rule_says_what_it_allows_in_the_readers_words(client: FlaskClient, house: House) -> None:
    sign_in(client)
    long = book(client, house, "booth", **{"from": "10:00", "to": "13:00"})
    assert "この種類の席を予約できる長さを超えています。最長は2時間です。" in long
    far = book(client, house, "seat", date="2026-12-24")
    assert (
        "予約を受け付けている期間より先の日時です。開始が 12月8日(火) 09:00 までの分を受け付けています。"
        in far
    )
    house.book("aoki", "seat", "10:00", "11:00")
    form = form_of(client.get("/bookings").text, "/bookings/1/cancel")
    early = client.post("/bookings/1/check-in", data=form, follow_redirects=True).text
    assert "チェックインの受付はまだ始まっていません。11月24日(火) 09:45 から受け付けます。" in early
    client.post("/language", data={**form, "locale": "en"})
    long = book(client, house, "booth", **{"from": "10:00", "to": "13:00"})
    assert "longer than this kind of space may be booked. At most 2 hours." in long


def test_a_quota_is_a_number_of_bookings_not_a_length(client: FlaskClient, house: House) -> None:
    sign_in(client)
    with transaction(house.engine) as session:
        set_policy(session, Kind.BOOTH, "concurrent_quota", "1", now=at("00:00"), actor_id=None)
    house.book("aoki", "booth", "15:00", "16:00")
    second = book(client, house, "booth", **{"from": "10:00", "to": "11:00"})
    assert "同時に持てる予約の数を超えています。上限は1件です。" in second


def test_a_span_that_is_none_is_told_once_however_often_the_page_polls(
    client: FlaskClient, house: House
) -> None:
    sign_in(client)
    wrong = f"/floors/{house.floor_id}/live?v=0&date=never"
    for _ in range(3):
        assert client.get(wrong).status_code == 200
    assert 'role="alert"' not in client.get("/bookings").text
    page = client.get(f"/floors/{house.floor_id}?from=12:00&to=11:00").text
    assert page.count('role="alert"') == 1
    assert "/live?v=" in page
    assert "from=12" not in page.split('id="poll"')[1].split(">")[0]


def test_a_live_page_whose_session_ended_is_led_to_the_door_as_a_whole_and_back(
    client: FlaskClient, house: House
) -> None:
    sign_in(client)
    shown = f"/floors/{house.floor_id}?space=1"
    poll = {"HX-Request": "true", "HX-Current-URL": f"http://localhost{shown}"}
    client.post("/logout", data={"csrf_token": token_in(client.get("/bookings").text)})
    answer = client.get(f"/floors/{house.floor_id}/live", headers=poll)
    assert answer.status_code == 200
    assert answer.text == ""
    door = urlsplit(answer.headers["HX-Redirect"])
    assert (door.path, parse_qs(door.query)) == ("/login", {"next": [shown]})
    assert sign_in(client, shown) == shown


@pytest.mark.parametrize(
    ("path", "headers"),
    [("/login?next=//[", {}), ("/bookings", {"HX-Request": "true", "HX-Current-URL": "http://["})],
)
def test_an_address_that_is_none_leads_to_the_door_all_the_same(
    client: FlaskClient, path: str, headers: dict[str, str]
) -> None:
    assert client.get(path, headers=headers).status_code == 200


def test_a_form_whose_page_is_no_address_leads_to_ones_bookings(client: FlaskClient) -> None:
    sign_in(client)
    token = token_in(client.get("/bookings").text)
    answer = client.post("/bookings/0/cancel", data={"csrf_token": token}, headers={"Referer": "http://["})
    assert (answer.status_code, answer.location) == (302, "/bookings")


def test_the_language_stays_when_somebody_signs_out_and_another_in(client: FlaskClient) -> None:
    sign_in(client)
    token = token_in(client.get("/bookings").text)
    client.post("/language", data={"csrf_token": token, "locale": "en"})
    client.post("/logout", data={"csrf_token": token})
    assert '<html lang="en">' in client.get("/login").text
    sign_in(client)
    assert '<html lang="en">' in client.get("/bookings").text


def test_a_choice_of_language_is_kept_on_the_account_and_goes_with_its_person(
    app: Flask, client: FlaskClient, house: House
) -> None:
    sign_in(client)
    client.post("/language", data={"csrf_token": token_in(client.get("/bookings").text), "locale": "en"})
    with reading(house.engine) as session:
        assert session.get_one(User, house.people["aoki"].id).locale == "en"
        assert session.get_one(User, house.people["baba"].id).locale == ""
    other = app.test_client()
    other.post("/language", data={"csrf_token": token_in(other.get("/login").text), "locale": "ja"})
    sign_in(other)
    assert '<html lang="en">' in other.get("/bookings").text
    other.post("/logout", data={"csrf_token": token_in(other.get("/bookings").text)})
    assert '<html lang="ja">' in other.get("/login").text


def test_each_kiosk_speaks_its_own_language(client: FlaskClient, house: House) -> None:
    sign_in(client)
    with transaction(house.engine) as session:
        session.execute(update(User).where(User.email == "aoki@example.jp").values(role=Role.KIOSK))
    client.post("/language", data={"csrf_token": token_in(client.get("/kiosk").text), "locale": "en"})
    assert '<html lang="en">' in client.get("/kiosk").text
    with reading(house.engine) as session:
        assert session.get_one(User, house.people["aoki"].id).locale == ""


def test_a_form_that_was_open_for_too_long_is_told_so(client: FlaskClient, house: House) -> None:
    sign_in(client)
    answer = client.post("/bookings", data={"csrf_token": "old", "space_id": house.spaces["seat"]})
    assert answer.status_code == 422
    assert "画面を長く開いていたか" in answer.text


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.KIOSK])
def test_nobody_is_shown_what_would_be_refused(client: FlaskClient, house: House, role: Role) -> None:
    sign_in(client)
    with transaction(house.engine) as session:
        session.execute(update(User).where(User.email == "aoki@example.jp").values(role=role))
    page = client.get(f"/floors/{house.floor_id}?space={house.spaces['seat']}").text
    assert 'action="/bookings' not in page
    assert "/claim" not in page
    for address in set(re.findall(r'(?:href|hx-get)="(/(?!static)[^"#]*)', page.replace("&amp;", "&"))):
        assert client.get(address, follow_redirects=True).status_code in {200, 204}, address


def test_a_page_that_only_polls_does_not_lengthen_the_session(client: FlaskClient, house: House) -> None:
    """Else an open floor on a shared terminal would keep its reader signed in for ever."""
    sign_in(client)
    client.get(f"/floors/{house.floor_id}")
    assert "Set-Cookie" not in client.get(f"/floors/{house.floor_id}/live?v=0").headers


def test_every_form_demands_its_token(app: Flask, client: FlaskClient) -> None:
    sign_in(client)
    forms = [
        path_of(rule)
        for rule in app.url_map.iter_rules()
        if "POST" in (rule.methods or set()) and not rule.rule.startswith("/api/")
    ]
    assert len(forms) >= 7
    for path in forms:
        answer = client.post(path)
        assert (path, answer.status_code, "画面を長く開いていたか" in answer.text) == (path, 422, True)


def test_an_office_without_a_floor_says_what_to_do(client: FlaskClient, house: House) -> None:
    with transaction(house.engine) as session:
        for table in (SensorBinding, Sensor, Space, Zone, Floor):
            session.execute(delete(table))
    sign_in(client)
    answer = client.get("/")
    assert answer.status_code == 200
    assert "フロアがまだありません" in answer.text
    assert "akiseki demo" in answer.text
