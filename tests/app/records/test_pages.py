"""Files in and out, and one's own data, over HTTP and on pages."""

from __future__ import annotations

import csv
import io
import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from app.access import SESSION_ID, USER
from app.bookings.rules import Status
from app.database import reading, transaction
from app.people.models import Role, User
from app.records import own
from app.records.links import columns_to_people
from tests.fixtures.web import Api, problem
from tests.house import House, at


def become(house: House, who: str, role: Role) -> None:
    with transaction(house.engine) as session:
        session.execute(update(User).where(User.id == house.people[who].id).values(role=role))


@pytest.fixture
def it(app: Flask, api: Api, house: House) -> FlaskClient:
    """A browser in which somebody of IT is signed in."""
    app.config["WTF_CSRF_ENABLED"] = False
    become(house, "endo", Role.IT)
    with api.client.session_transaction() as session:
        session[USER] = house.people["endo"].id
        session[SESSION_ID] = "one"
    return api.client


def post(api: Api, who: str, path: str, text: str, **headers: str) -> tuple[int, dict[str, object]]:
    answer = api.client.post(
        f"/api/v1{path}",
        data=text.encode(),
        headers={**api.headers(who), "Content-Type": "text/csv", **headers},
    )
    found = dict(answer.get_json())
    if "dry_run" in path and answer.status_code == 200:
        assert answer.headers["ETag"] == f'"{found["version"]}"'
    return answer.status_code, found


def hidden(page: str) -> dict[str, str]:
    """What the form that takes a file sends."""
    found = re.findall(r'name="(content|version)" value="([^"]+)"', page)
    assert len(found) == 2
    return {**dict(found), "confirmed": "1"}


def test_a_file_goes_out_and_in_over_the_api_with_a_dry_run(api: Api, house: House) -> None:
    become(house, "endo", Role.IT)
    out = api.call("endo", "GET", "/exports/people")
    assert out.content_type.startswith("text/csv")
    status, found = post(api, "endo", "/imports/people", out.text)
    assert (status, found.pop("version") != "") == (200, True)
    assert found == {"added": [], "changed": [], "unchanged": 5, "refused": [], "doubtful": [], "moves": []}
    text = "email,name\naoki@example.jp,青木\n"
    for _twice in range(2):
        status, found = post(api, "endo", "/imports/people?dry_run=true", text)
        assert (status, found["unchanged"]) == (200, 0)
    assert post(api, "endo", "/imports/people", text)[0] == 200
    assert "青木" in api.call("endo", "GET", "/exports/people").text
    status, refused = post(api, "endo", "/imports/people", "email\nnobody\n")
    assert (status, refused["code"]) == (422, "csv.refused")


def test_each_file_is_for_its_keepers(api: Api) -> None:
    assert api.call("fujii", "GET", "/exports/spaces").status_code == 200
    assert problem(api.call("fujii", "GET", "/exports/people")) == (403, "csv.not_allowed")
    assert problem(api.call("fujii", "GET", "/exports/shoes")) == (404, "request.unknown")
    assert problem(api.call("aoki", "GET", "/exports/people")) == (403, "access.denied")


def test_a_file_larger_than_the_limit_is_refused_and_a_large_one_is_not(api: Api, house: House) -> None:
    become(house, "endo", Role.IT)
    rows = "".join(f"user-{number}@example.jp,{'名' * 20}\n" for number in range(2_000))
    status, found = post(api, "endo", "/imports/people?dry_run=true", f"email,name\n{rows}")
    assert (status, len(str(found["added"])) > 64 * 1024) == (200, True)
    status, found = post(api, "endo", "/imports/people", "x" * (4 * 1024 * 1024 + 1))
    assert (status, found["code"]) == (413, "request.too_large")


def test_the_page_shows_the_diff_first_and_takes_the_file_when_confirmed(it: FlaskClient, api: Api) -> None:
    assert "CP932" in it.get("/files").text
    file = (io.BytesIO("email,name\r\naoki@example.jp,青木\r\n".encode("cp932")), "people.csv")
    shown = it.post("/files/people", data={"file": file}, headers={"Accept-Language": "en"}).text
    assert "<del>aoki</del> → 青木" in shown
    assert "青木" not in it.get("/files/people").text
    done = it.post("/files/people", data=hidden(shown))
    assert done.status_code == 302
    assert "青木" in it.get("/files/people").text
    wrong = (io.BytesIO(b"email,shoe\r\nx,1\r\n"), "people.csv")
    refused = it.post("/files/people", data={"file": wrong}, headers={"Accept-Language": "en"}).text
    assert "This column is not known" in refused
    assert 'name="confirmed"' not in refused


def edit(house: House, who: str, **values: str) -> None:
    """A colleague changes an account."""
    with transaction(house.engine) as session:
        session.execute(update(User).where(User.id == house.people[who].id).values(**values))


def test_what_a_colleague_changed_after_the_dry_run_is_not_taken_back(api: Api, house: House) -> None:
    become(house, "endo", Role.IT)
    text = "email,name,extension\naoki@example.jp,青木,\nmori@example.jp,森,\n"
    told = post(api, "endo", "/imports/people?dry_run=true", text)[1]
    match = {"If-Match": f'"{told["version"]}"'}
    edit(house, "aoki", extension="4321")
    status, refused = post(api, "endo", "/imports/people", text, **match)
    assert (status, refused["code"]) == (412, "request.stale")
    out = api.call("endo", "GET", "/exports/people").text
    assert ("4321" in out, "mori" in out) == (True, False)
    # What no line speaks of is nobody's business.
    edit(house, "aoki", extension="", kana="アオキ")
    edit(house, "baba", extension="77")
    assert post(api, "endo", "/imports/people", text, **match)[1] == told
    assert post(api, "endo", "/imports/people", text)[0] == 200


def test_another_file_than_that_of_the_dry_run_is_not_taken(api: Api, house: House) -> None:
    become(house, "endo", Role.IT)
    text = "email,name\naoki@example.jp,青木\n"
    match = {"If-Match": f'"{post(api, "endo", "/imports/people?dry_run=true", text)[1]["version"]}"'}
    for other in (text.replace("青木", "蒼木"), "email,nome\n", "email,name\n"):
        assert post(api, "endo", "/imports/people", other, **match)[0] == 412


def test_the_page_shows_the_diff_anew_where_somebody_changed_something(it: FlaskClient, house: House) -> None:
    file = (io.BytesIO("email,name,extension\naoki@example.jp,青木,\n".encode()), "people.csv")
    form = hidden(it.post("/files/people", data={"file": file}).text)
    edit(house, "aoki", extension="4321")
    for sent in (form, {**form, "version": ""}):
        again = it.post("/files/people", data=sent).text
        assert "表示した後に" in again
        assert "<del>4321</del>" in again
        assert "4321" in it.get("/files/people").text
    assert it.post("/files/people", data=hidden(again)).status_code == 302
    assert "4321" not in it.get("/files/people").text


def test_a_booking_that_would_move_too_is_shown_before_it_does(api: Api, house: House) -> None:
    become(house, "fujii", Role.FACILITY)
    text = sheet_with(api, "A", section="zei")
    match = {"If-Match": f'"{post(api, "fujii", "/imports/spaces?dry_run=true", text)[1]["version"]}"'}
    made = house.book("aoki", "seat", "10:00", "11:00")
    assert post(api, "fujii", "/imports/spaces", text, **match)[0] == 412
    assert house.get(made).status is Status.BOOKED
    told = post(api, "fujii", "/imports/spaces?dry_run=true", text)[1]
    assert told["moves"]
    assert post(api, "fujii", "/imports/spaces", text, **{"If-Match": f'"{told["version"]}"'})[1] == told


def test_the_page_tells_of_whom_it_passes_over_also_where_nothing_changes(
    it: FlaskClient, house: House
) -> None:
    with transaction(house.engine) as session:
        session.execute(update(User).where(User.id == house.people["aoki"].id).values(left_at=at("08:00")))
    file = (io.BytesIO(b"email,name\r\naoki@example.jp,aoki\r\n"), "people.csv")
    shown = it.post("/files/people", data={"file": file}).text
    assert "2行目、aoki@example.jp:" in shown
    assert "この行は読み飛ばします。" in shown
    assert 'name="confirmed"' not in shown
    assert "leaves_onは、" in it.get("/files").text


def test_a_model_that_no_profile_knows_is_told_and_taken(it: FlaskClient, api: Api) -> None:
    text = "id,model\nnew-1,VS341\nnew-2,RB11F\nnew-3,akiseki-pir\nnew-4,RB11F\n"
    told = {"line": 3, "code": "sensor.model_unknown", "column": "model", "value": "RB11F"}
    status, found = post(api, "fujii", "/imports/sensors?dry_run=true", text)
    assert (status, found["doubtful"], found["refused"]) == (200, [told], [])
    file = (io.BytesIO(text.encode()), "sensors.csv")
    shown = it.post("/files/sensors", data={"file": file}).text
    assert shown.count("この機種のプロファイルはありません") == 1
    assert "3行目、RB11F:" in shown
    assert 'name="confirmed"' in shown
    assert post(api, "fujii", "/imports/sensors", text)[0] == 200
    assert post(api, "fujii", "/imports/sensors?dry_run=true", text)[1]["doubtful"] == []


def test_a_word_that_may_not_stand_there_is_shown_with_those_that_may(it: FlaskClient) -> None:
    file = (io.BytesIO(b"email,name,role\nx@x.jp,x,boss\n"), "people.csv")
    assert "<small>staff, " in it.post("/files/people", data={"file": file}).text


def sheet_with(api: Api, zone: str, **values: str) -> str:
    """The file of spaces as it is, but for a zone."""
    rows = list(
        csv.DictReader(io.StringIO(api.call("fujii", "GET", "/exports/spaces").text.removeprefix("\ufeff")))
    )
    for row in rows:
        if row["zone"] == zone:
            row.update(values)
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def test_a_file_of_spaces_moves_whoever_may_not_be_there_any_more_and_shows_it_first(
    app: Flask, api: Api, house: House
) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    gone, stays = house.book("aoki", "seat", "10:00", "11:00"), house.book("endo", "window", "10:00", "11:00")
    text = sheet_with(api, "A", section="zei")
    status, shown = post(api, "fujii", "/imports/spaces?dry_run=true", text)
    assert (status, shown["moves"]) == (
        200,
        [
            {
                "booking_id": gone.id,
                "start": "2026-11-24T01:00:00+00:00",
                "end": "2026-11-24T02:00:00+00:00",
                "from_code": "seat",
                "to_code": "",
            }
        ],
    )
    assert house.get(gone).status is Status.BOOKED
    with api.client.session_transaction() as session:
        session[USER] = house.people["fujii"].id
        session[SESSION_ID] = "one"
    page = api.client.post(
        "/files/spaces",
        data={"file": (io.BytesIO(text.encode()), "spaces.csv")},
        headers={"Accept-Language": "en"},
    ).text
    assert "Bookings whose people may not be there any more" in page
    assert house.get(gone).status is Status.BOOKED
    assert post(api, "fujii", "/imports/spaces", text)[1]["moves"] == shown["moves"]
    assert (house.get(gone).status, house.get(gone).reason) == (Status.CANCELLED, "layout")
    assert house.get(stays).status is Status.BOOKED
    named = sheet_with(api, "A", zone_name="名前だけ")
    assert post(api, "fujii", "/imports/spaces?dry_run=true", named)[1]["moves"] == []


def test_one_takes_home_all_that_is_linked_to_oneself_and_no_secret(api: Api, house: House) -> None:
    made = house.book("aoki", "seat", "10:00", "11:00")
    answer = api.call("aoki", "GET", "/me/export")
    data = answer.get_json()["data"]
    assert data["users"][0]["email"] == "aoki@example.jp"
    assert [row["id"] for row in data["bookings"]] == [made.id]
    assert ("booking.made", True) in [(one["kind"], one["by_you"]) for one in data["events"]]
    assert data["memberships"]
    assert not re.search(r"hash|digest|argon2", answer.text)


def test_nobody_takes_home_what_is_of_others(api: Api, house: House) -> None:
    house.book("baba", "window", "10:00", "11:00")
    assert "bookings" not in api.call("aoki", "GET", "/me/export").get_json()["data"]
    assert "baba" not in api.call("aoki", "GET", "/me/export").text


def test_every_table_that_leads_to_people_is_looked_into(sqlite_house: House) -> None:
    with transaction(sqlite_house.engine) as session:
        user_id = session.scalars(select(User.id).where(User.email == "aoki@example.jp")).one()
    with reading(sqlite_house.engine) as session:
        found = own.own_data(session, user_id)
    assert found.keys() - {"users", "events"} <= {table for table, _column in columns_to_people()}


def test_the_page_of_own_data_says_how_long_and_gives_the_file(it: FlaskClient) -> None:
    shown = it.get("/me", headers={"Accept-Language": "en"}).text
    assert "180 days" in shown
    assert "3 fiscal years" in shown
    assert it.get("/me/export").headers["Content-Disposition"].endswith('"akiseki-my-data.json"')
