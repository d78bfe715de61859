"""Draws by lot over HTTP: what is asked, what is shown to whom, and that anybody can check."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from app.access import Role
from app.clock import SteppingClock
from app.database import transaction
from app.lots.models import LotDraw
from app.people.models import User
from app.people.service import set_password
from tests.app.lots.conftest import Lots
from tests.app.test_cli import Run, refused, run
from tests.app.test_pages import PASSWORD, token_in
from tests.fixtures.web import Api, problem
from tests.house import House, at, span

__all__ = ["run"]
RULE = {"at": "16:00", "no_repeat_days": 2, "together": True}


def draw_of(api: Api, who: str = "endo") -> dict[str, Any]:
    items = api.call(who, "GET", "/lots").get_json()["items"]
    return dict(items[-1])


def test_a_zones_rule_is_set_by_the_facility_staff_and_shown_to_all(api: Api, lots: Lots) -> None:
    path = f"/zones/{lots.zone_id}/lots"
    assert api.call("aoki", "GET", path).get_json() == {"at": None, "no_repeat_days": 0, "together": True}
    assert problem(api.call("chiba", "PUT", path, RULE)) == (403, "access.denied")
    assert api.call("fujii", "PUT", path, RULE).get_json() == RULE
    assert api.call("aoki", "GET", path).get_json() == RULE
    assert draw_of(api)["state"] == "open"
    assert api.call("fujii", "PUT", path, {"at": None}).status_code == 200
    assert draw_of(api)["state"] == "cancelled"
    assert problem(api.call("fujii", "PUT", "/zones/999/lots", RULE)) == (404, "zone.unknown")


@pytest.mark.parametrize(
    "body",
    [{}, {"at": "25:00"}, RULE | {"no_repeat_days": 21}, RULE | {"no_repeat_days": -1}, RULE | {"x": 1}],
)
def test_a_rule_that_is_none_is_refused(api: Api, lots: Lots, body: dict[str, Any]) -> None:
    answer = api.call("fujii", "PUT", f"/zones/{lots.zone_id}/lots", body)
    assert problem(answer) == (422, "request.invalid")


def test_the_promise_is_public_and_the_seed_is_not_until_the_draw(api: Api, lots: Lots) -> None:
    lots.put()
    before = draw_of(api, "aoki")
    assert (before["seed"], before["nonce"]) == (None, None)
    for path in ("record", "check"):
        answer = api.call("aoki", "GET", f"/lots/{before['id']}/{path}")
        assert problem(answer) == (409, "lots.not_drawn")
    lots.wish("endo", "B-2")
    lots.draw()
    after = api.call("aoki", "GET", f"/lots/{before['id']}").get_json()
    text = "|".join(["akiseki-lots-1", "B", "2026-11-25", after["seed"], after["nonce"]])
    assert hashlib.sha256(text.encode()).hexdigest() == before["commitment"] == after["commitment"]
    checked = api.call("aoki", "GET", f"/lots/{before['id']}/check").get_json()
    assert checked == {"seed_holds": True, "result_holds": True, "holds": True}
    # Open again: the next one's seed is a secret once more.
    assert draw_of(api)["seed"] is None


def test_a_wish_is_ones_own_to_make_see_change_and_withdraw(api: Api, lots: Lots, house: House) -> None:
    lots.put()
    path = f"/lots/{lots.open_id}/wish"
    assert problem(api.call("endo", "GET", path)) == (404, "lots.no_wish")
    made = api.call("endo", "PUT", path, {"prefers": [house.spaces["B-1"]]})
    assert made.status_code == 200, made.text
    number = made.get_json()["number"]
    changed = api.call("endo", "PUT", path, {"prefers": [], "beside": [house.people["fujii"].id]}).get_json()
    assert (changed["number"], changed["prefers"], changed["outcome"]) == (number, [], "waiting")
    assert problem(api.call("fujii", "GET", path)) == (404, "lots.no_wish")
    assert problem(api.call("aoki", "PUT", path, {})) == (403, "lots.not_yours")
    assert problem(api.call("endo", "PUT", path, {"prefers": [house.spaces["seat"]]})) == (422, "lots.seat")
    assert api.call("endo", "DELETE", path).status_code == 204
    assert problem(api.call("endo", "DELETE", path)) == (404, "lots.no_wish")


def test_the_record_names_nobody_and_is_checked_by_the_command_from_the_file_alone(
    api: Api, lots: Lots, house: House, run: Run, tmp_path: Any
) -> None:
    lots.hire("goda")
    lots.put()
    lots.wish("endo", "B-2", beside=["goda"])
    lots.wish("goda", beside=["endo"])
    draw = lots.draw()
    assert draw is not None
    answer = api.call("aoki", "GET", f"/lots/{draw.id}/record")
    record = answer.get_json()
    numbers = {one.number for one in lots.outcomes(draw.id).values()}
    assert {one["number"] for one in record["inputs"]["wishes"]} == numbers
    assert "goda" not in answer.text
    assert record["inputs"]["wishes"][0].keys() == {
        "number",
        "prefers",
        "avoids",
        "barred",
        "group",
        "missed",
    }
    file = tmp_path / "lots.json"
    file.write_text(answer.text, "utf-8")
    assert "2 wishes, 2 seated" in run("lots", "verify", str(file)).out
    record["result"][0]["seat"], record["result"][1]["seat"] = (
        record["result"][1]["seat"],
        record["result"][0]["seat"],
    )
    file.write_text(json.dumps(record), "utf-8")
    assert "other seats" in refused(run("lots", "verify", str(file)))
    file.write_text(json.dumps(record | {"seed": "0" * 64}), "utf-8")
    assert "not the one that was committed to" in refused(run("lots", "verify", str(file)))
    file.write_bytes(b"\xff")
    assert "cannot be checked" in refused(run("lots", "verify", str(file)))
    file.write_text("[" * 100_000, "utf-8")
    assert "cannot be checked" in refused(run("lots", "verify", str(file)))


def test_a_seat_to_be_drawn_is_not_shown_as_free_and_its_booking_is_refused_with_the_hour(
    api: Api, lots: Lots, house: House
) -> None:
    lots.put()
    start, end = at("10:00", day=1).isoformat(), at("11:00", day=1).isoformat()
    answer = api.client.get(
        f"/api/v1/floors/{house.floor_id}/availability",
        query_string={"start": start, "end": end},
        headers=api.headers("endo"),
    )
    found = {one["code"]: one["reason"] for one in answer.get_json()["spaces"]}
    assert (found["taxes"], found["B-booth"], found["seat"]) == ("lots", None, None)
    asked = {"space_id": house.spaces["taxes"], "start": start, "end": end}
    refusal = api.call("endo", "POST", "/bookings", asked)
    assert problem(refusal) == (422, "booking.rule")
    assert refusal.get_json()["rule"] == "lots"
    assert refusal.get_json()["allowed"] == f">= {at('16:00').isoformat()}"
    assert "16:00" in refusal.get_json()["detail"]


@pytest.fixture
def client(app: Flask, lots: Lots, house: House) -> FlaskClient:
    """Endo's browser."""
    with transaction(house.engine) as session:
        set_password(session.get_one(User, house.people["endo"].id), PASSWORD)
    client = app.test_client()
    form = {
        "csrf_token": token_in(client.get("/login").text),
        "email": "endo@example.jp",
        "password": PASSWORD,
    }
    assert client.post("/login", data=form).status_code == 302
    return client


def post(client: FlaskClient, path: str, **form: Any) -> str:
    token = token_in(client.get("/bookings").text)
    return client.post(path, data={"csrf_token": token, **form}, follow_redirects=True).text


def test_a_person_wishes_is_drawn_and_checks_the_draw_in_the_browser(
    client: FlaskClient, lots: Lots, house: House, clock: SteppingClock
) -> None:
    assert "明日の席" not in client.get("/bookings").text, "nothing is drawn yet"
    assert "参加できる抽選はありません" in client.get("/lots").text
    lots.hire("goda")
    lots.put()
    lots.wish("goda", beside=["endo"])
    page = client.get("/lots").text
    assert 'href="/lots"' in client.get("/bookings").text
    assert "godaさんが、あなたと並んで座ることを希望しています。" in page
    assert "5席に1人が希望しています" in page
    path = f"/lots/{lots.open_id}"
    second = str(house.spaces["B-2"])
    page = post(
        client, f"{path}/wish", prefers=["", second, second], beside=[str(lots.people["goda"].id), ""]
    )
    assert "希望を受け付けました。" in page
    assert f'<option value="{second}" selected>B-2</option>' in page
    assert lots.outcomes(lots.open_id)["endo"].prefers == [house.spaces["B-2"]]
    assert "席を5つまで選べます" in post(client, f"{path}/wish", prefers=[str(house.spaces["seat"])])
    assert "席を5つまで" not in client.get("/lots").text
    assert "決め方は次の順です" in client.get(path).text
    assert client.get(f"{path}?check=1").status_code == 409
    clock.advance(at("16:01") - clock())
    lots.draw()
    page = client.get("/lots").text
    assert "第1希望どおり" in page
    page = client.get(f"{path}?check=1").text
    assert "いま検証しました。" in page
    assert "（あなた）" in page
    assert "goda" not in page
    record = client.get(f"{path}/record.json")
    assert record.get_json()["format"] == "akiseki-lots-1"
    assert "B-2" in client.get("/bookings").text


def test_a_draw_that_was_tampered_with_says_so_on_its_page(
    client: FlaskClient, lots: Lots, house: House
) -> None:
    lots.put()
    lots.wish("endo")
    draw = lots.draw()
    assert draw is not None
    with transaction(house.engine) as session:
        session.execute(update(LotDraw).where(LotDraw.id == draw.id).values(seed="0" * 64))
    page = client.get(f"/lots/{draw.id}?check=1").text
    assert "シードが予告したものと違います。" in page
    assert "いま検証しました。" not in page


def test_a_wish_is_withdrawn_in_the_browser_and_a_late_one_is_refused_in_words(
    client: FlaskClient, lots: Lots, clock: SteppingClock
) -> None:
    lots.put()
    path = f"/lots/{lots.open_id}"
    assert "希望を受け付けました。" in post(client, f"{path}/wish")
    assert "希望を取り下げました。" in post(client, f"{path}/withdraw")
    clock.advance(at("16:00") - clock())
    assert "この抽選の受付は終わりました。" in post(client, f"{path}/wish")


def test_whoever_was_refused_reads_the_rule_and_whoever_was_left_out_that_they_come_first(
    client: FlaskClient, lots: Lots
) -> None:
    lots.put()
    lots.wish("endo")
    lots.book("endo", "bare", span("09:00", "10:00", day=1), now=at("10:00"))
    lots.draw()
    assert "その日はすでに別の席を取っています。" in client.get("/lots").text


def test_the_facility_staff_set_the_draw_on_the_zones_page(
    client: FlaskClient, lots: Lots, house: House
) -> None:
    path = f"/office/zones/{lots.zone_id}/lots"
    post(client, path, at="16:00", no_repeat_days="1")
    assert lots.draws() == [], "not for staff"
    with transaction(house.engine) as session:
        session.execute(update(User).where(User.id == house.people["endo"].id).values(role=Role.FACILITY))
    page = post(client, path, at="15:30", no_repeat_days="3")
    assert "保存しました。" in page
    assert 'value="15:30"' in page
    (draw,) = lots.draws()
    assert draw.draw_at == at("15:30")
    for wrong in (
        {"at": "x", "no_repeat_days": "1"},
        {"at": "16:00", "no_repeat_days": "99"},
        {"at": "16:00"},
    ):
        assert "保存しました。" not in post(client, path, **wrong)
    assert post(client, path, at="", no_repeat_days="0").count("保存しました。") == 1
    assert lots.draws()[0].state == "cancelled"
