"""People over the API: kept by personnel and IT with versions, looked up by everybody, left in one step."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select, update

from app.database import reading, transaction
from app.idempotency import IdempotencyKey
from app.people.models import ApiToken, Identity, Role, User
from tests.fixtures.web import Api, problem
from tests.house import DAY, House, at

NEW = {"name": "新人", "email": "new@example.jp", "section": "zei"}


@pytest.fixture
def staffed(house: House, api: Api) -> House:
    """Chiba is personnel, Fujii is IT, Endo is a kiosk."""
    with transaction(house.engine) as session:
        for who, role in (("chiba", Role.PERSONNEL), ("fujii", Role.IT), ("endo", Role.KIOSK)):
            session.execute(update(User).where(User.id == house.people[who].id).values(role=role))
    return house


def test_an_account_is_added_changed_and_moved_with_its_version(staffed: House, api: Api) -> None:
    made = api.call("chiba", "POST", "/people", NEW)
    assert made.status_code == 201
    path = made.headers["Location"].removeprefix("/api/v1")
    assert made.get_json()["sections"][0]["from"] == DAY.isoformat()
    assert problem(api.call("chiba", "PATCH", path, {"kana": "しんじん"})) == (
        428,
        "request.version_required",
    )
    tag = made.headers["ETag"]
    changed = api.call("chiba", "PATCH", path, {"kana": "しんじん"}, If_Match=tag)
    assert changed.get_json()["kana"] == "しんじん"
    stale = api.call(
        "chiba", "PUT", f"{path}/sections", {"from": "2026-12-01", "section_ids": [1]}, If_Match=tag
    )
    assert problem(stale) == (412, "request.stale")
    moved = api.call(
        "chiba",
        "PUT",
        f"{path}/sections",
        {"from": "2026-12-01", "section_ids": [1, 2]},
        If_Match=changed.headers["ETag"],
    )
    assert [(one["section"]["code"], one["from"], one["until"]) for one in moved.get_json()["sections"]] == [
        ("zei", DAY.isoformat(), None),
        ("soumu", "2026-12-01", None),
    ]
    assert api.call("chiba", "GET", path).headers["ETag"] == moved.headers["ETag"]


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        ({"email": "aoki@example.jp"}, (409, "user.exists")),
        ({"section": "none"}, (404, "section.unknown")),
        ({"role": "it"}, (403, "user.not_allowed")),
        ({"role": "king"}, (422, "request.invalid")),
        ({"email": "no address"}, (422, "request.invalid")),
        ({"email": "山田@example.jp"}, (422, "request.invalid")),
        ({"name": ""}, (422, "request.invalid")),
        ({"name": "two\nlines"}, (422, "request.invalid")),
    ],
)
def test_what_cannot_be_added_is_refused_by_name(
    staffed: House, api: Api, body: dict[str, str], refusal: tuple[int, str]
) -> None:
    assert problem(api.call("chiba", "POST", "/people", {**NEW, **body})) == refusal


def test_a_name_may_have_the_space_that_japanese_names_have(staffed: House, api: Api) -> None:
    made = api.call("chiba", "POST", "/people", {**NEW, "name": "青木　花子", "kana": "アオキ　ハナコ"})
    assert (made.status_code, made.get_json()["name"]) == (201, "青木　花子")


def test_a_language_is_chosen_by_oneself_or_kept_by_personnel(staffed: House, api: Api) -> None:
    me = api.call("aoki", "GET", "/me")
    assert (me.get_json()["role"], me.get_json()["locale"]) == ("staff", "")
    chosen = api.call("aoki", "PATCH", "/me", {"locale": "en"}, If_Match=me.headers["ETag"])
    assert chosen.get_json() == me.get_json() | {"locale": "en"}
    path = f"/people/{staffed.people['aoki'].id}"
    account = api.call("chiba", "GET", path)
    assert account.get_json()["locale"] == "en"
    api.call("chiba", "PATCH", path, {"locale": ""}, If_Match=account.headers["ETag"])
    assert api.call("aoki", "GET", "/me").get_json() == me.get_json()
    assert problem(api.call("aoki", "PATCH", "/me", {"locale": "fr"})) == (422, "request.invalid")
    assert problem(api.call("endo", "PATCH", "/me", {"locale": "en"})) == (403, "access.denied")
    made = api.call("chiba", "POST", "/people", NEW | {"locale": "en"})
    assert made.get_json()["locale"] == "en"


def test_the_directory_is_unbound_by_it_alone(staffed: House, api: Api) -> None:
    user_id = staffed.people["aoki"].id
    with transaction(staffed.engine) as session:
        session.add(Identity(user_id=user_id, issuer="https://x", subject="one", bound_at=at("08:00")))
    path = f"/people/{user_id}/identity"
    assert problem(api.call("chiba", "DELETE", path)) == (403, "access.denied")
    assert problem(api.call("fujii", "DELETE", path, If_Match='"0"')) == (412, "request.stale")
    assert api.call("fujii", "DELETE", path).status_code == 204
    with reading(staffed.engine) as session:
        assert session.scalars(select(Identity.id)).all() == []
    assert problem(api.call("fujii", "DELETE", "/people/987654/identity")) == (404, "user.unknown")


def test_a_leaving_is_foreseen_done_and_taken_back(staffed: House, api: Api) -> None:
    booking = staffed.book("aoki", "seat", "10:00", "11:00")
    path = f"/people/{staffed.people['aoki'].id}/leave"
    foreseen = api.call("fujii", "POST", path, {"dry_run": True}).get_json()
    assert [one["id"] for one in foreseen["bookings"]] == [booking.id]
    assert api.call("aoki", "GET", "/me").status_code == 200
    assert staffed.get(booking).is_live
    tag = api.call("chiba", "GET", path.removesuffix("/leave")).headers["ETag"]
    assert problem(api.call("chiba", "POST", path, {})) == (428, "request.version_required")
    assert problem(api.call("chiba", "POST", path, {}, If_Match='"0"')) == (412, "request.stale")
    assert problem(api.call("chiba", "POST", path, {"dry_run": True}, If_Match='"0"')) == (
        412,
        "request.stale",
    )
    assert staffed.get(booking).is_live
    done = api.call("fujii", "POST", path, {}, If_Match=tag).get_json()
    assert done["bookings"] == foreseen["bookings"]
    assert done["bookings"][0]["reason"] == "left"
    assert problem(api.call("aoki", "GET", "/me")) == (401, "access.unauthenticated")
    assert problem(api.call("chiba", "POST", path, {}, If_Match="*")) == (409, "user.left")
    assert api.call("chiba", "DELETE", path).status_code == 204
    assert problem(api.call("aoki", "GET", "/me")) == (401, "access.unauthenticated")
    planned = api.call("chiba", "POST", path, {"at": at("17:15").isoformat()}, If_Match="*").get_json()
    assert (planned["left_at"], planned["bookings"]) == (None, [])
    assert api.call("chiba", "DELETE", path).status_code == 204


def test_everybody_looks_up_a_colleague_and_the_colleague_is_told(staffed: House, api: Api) -> None:
    with transaction(staffed.engine) as session:
        session.execute(
            update(User).where(User.id == staffed.people["baba"].id).values(kana="がくとう", extension="3177")
        )
    (found,) = api.call("aoki", "GET", "/people?q=かく").get_json()["items"]
    assert found == {
        "id": staffed.people["baba"].id,
        "name": "baba",
        "kana": "がくとう",
        "extension": "3177",
        "sections": [{"id": 1, "code": "soumu", "name": "総務課", "name_en": ""}],
    }
    assert [one["name"] for one in api.call("baba", "GET", "/me/looks").get_json()["items"]] == ["aoki"]
    assert api.call("aoki", "GET", "/me/looks").get_json()["items"] == []
    assert problem(api.call("aoki", "GET", "/people?q=")) == (422, "request.invalid")


def test_people_are_listed_in_pages(staffed: House, api: Api) -> None:
    names: list[list[str]] = []
    cursor: str | None = "0"
    while cursor is not None:
        page = api.call("fujii", "GET", f"/people?limit=2&cursor={cursor}").get_json()
        names.append([one["name"] for one in page["items"]])
        cursor = page["next_cursor"]
    assert names == [["aoki", "baba"], ["chiba", "endo"], ["fujii"]]


def test_tokens_are_ones_own_and_machines_are_its(staffed: House, api: Api) -> None:
    own = api.call("aoki", "POST", "/tokens", {"label": "script", "expires_on": "2026-12-31"})
    assert own.status_code == 201
    api.tokens["script"] = own.get_json()["token"]
    assert api.call("script", "GET", "/me").get_json()["name"] == "aoki"
    listed = api.call("aoki", "GET", "/tokens").get_json()["items"]
    assert [one["label"] for one in listed] == ["script", ""]
    assert "token" not in listed[0]
    aoki, kiosk = staffed.people["aoki"].id, staffed.people["endo"].id
    assert problem(api.call("aoki", "GET", f"/tokens?user={kiosk}")) == (403, "token.not_allowed")
    for_kiosk = {"label": "at the door", "user_id": kiosk}
    assert problem(api.call("chiba", "POST", "/tokens", for_kiosk)) == (403, "token.not_allowed")
    assert api.call("fujii", "POST", "/tokens", for_kiosk).status_code == 201
    for_aoki = {"label": "x", "user_id": aoki}
    assert problem(api.call("fujii", "POST", "/tokens", for_aoki)) == (403, "token.not_allowed")
    number = own.get_json()["id"]
    assert problem(api.call("baba", "DELETE", f"/tokens/{number}")) == (404, "token.unknown")
    assert api.call("fujii", "DELETE", f"/tokens/{number}").status_code == 204
    assert problem(api.call("script", "GET", "/me")) == (401, "access.unauthenticated")


def test_a_secret_is_not_kept_for_whoever_asks_again_under_its_key(staffed: House, api: Api) -> None:
    first = api.call("aoki", "POST", "/tokens", {"label": "x"}, Idempotency_Key="one")
    assert first.status_code == 201
    again = api.call("aoki", "POST", "/tokens", {"label": "x"}, Idempotency_Key="one")
    assert problem(again) == (409, "idempotency.unknown")
    with reading(staffed.engine) as session:
        assert session.scalars(select(IdempotencyKey.answer)).all() == [""]
        query = select(func.count()).where(ApiToken.user_id == staffed.people["aoki"].id)
        assert session.scalar(query) == 2
