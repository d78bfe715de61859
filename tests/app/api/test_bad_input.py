"""What cannot be is refused in the contract's words, whatever was sent; nothing is stored and nothing breaks."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, update
from werkzeug.test import TestResponse

from app.bookings.models import Booking
from app.database import reading, transaction
from app.factory import BODY_AT_MOST
from app.people.models import Role, User
from tests.fixtures.web import Api, problem
from tests.house import House, at

GOOD: dict[str, Any] = {
    "space_id": 1,
    "start": "2026-11-24T10:00:00+09:00",
    "end": "2026-11-24T11:00:00+09:00",
}
BEYOND = 10**30


def stored(house: House) -> int:
    with reading(house.engine) as session:
        return session.scalars(select(func.count()).select_from(Booking)).one()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"start": "2026-11-24T10:00:00"}, "start"),
        ({"start": "2026-11-24T11:00:00+09:00", "end": "2026-11-24T10:00:00+09:00"}, "end"),
        ({"start": "2026-11-24T11:00:00+09:00"}, "end"),
        ({"start": "10 o'clock"}, "start"),
        ({"start": 1_700_000_000}, "start"),
        ({"start": "0001-01-01T00:00:00+09:00"}, "start"),
        ({"end": "9999-12-31T23:59:59-09:00"}, "end"),
        ({"start": None}, "start"),
        ({"space_id": "1"}, "space_id"),
        ({"space_id": 1.5}, "space_id"),
        ({"space_id": True}, "space_id"),
        ({"space_id": None}, "space_id"),
        ({"space_id": -1}, "space_id"),
        ({"space_id": BEYOND}, "space_id"),
        ({"for_user_id": BEYOND}, "for_user_id"),
        ({"title": "x" * 121}, "title"),
        ({"title": "null \x00 character"}, "title"),
        ({"title": "half \ud800 a pair"}, "title"),
        ({"title": ["a", "list"]}, "title"),
        ({"color": "blue"}, "color"),
    ],
)
def test_a_wrong_field_is_named(api: Api, house: House, change: dict[str, Any], field: str) -> None:
    answer = api.call("aoki", "POST", "/bookings", GOOD | change)
    assert problem(answer) == (422, "request.invalid")
    assert answer.get_json()["errors"]["json"].keys() == {field}
    assert stored(house) == 0


@pytest.mark.parametrize("missing", ["space_id", "start", "end"])
def test_a_missing_field_is_named(api: Api, house: House, missing: str) -> None:
    answer = api.call("aoki", "POST", "/bookings", {k: v for k, v in GOOD.items() if k != missing})
    assert problem(answer) == (422, "request.invalid")
    assert answer.get_json()["errors"]["json"].keys() == {missing}
    assert stored(house) == 0


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"start": "2026-11-24T08:00:00+09:00"}, 422, "booking.rule"),
        ({"start": "2026-12-24T10:00:00+09:00", "end": "2026-12-24T11:00:00+09:00"}, 422, "booking.rule"),
        ({"end": "2026-11-26T10:00:00+09:00"}, 422, "booking.rule"),
        ({"space_id": 999}, 404, "space.unknown"),
        ({"space_id": 0}, 404, "space.unknown"),
        ({"for_user_id": 2}, 403, "booking.not_allowed"),
        ({"for_user_id": 999}, 404, "user.unknown"),
        ({"for_user_id": 0}, 404, "user.unknown"),
    ],
)
def test_what_the_office_does_not_allow_is_refused_with_its_rule(
    api: Api, house: House, change: dict[str, Any], status: int, code: str
) -> None:
    answer = api.call("aoki", "POST", "/bookings", GOOD | change)
    assert problem(answer) == (status, code)
    if code == "booking.rule":
        assert {"rule", "value", "allowed"} <= answer.get_json().keys()
    assert stored(house) == 0


def test_a_taken_space_and_a_second_one_at_a_time_are_conflicts(api: Api, house: House) -> None:
    house.book("baba", "seat", "10:00", "11:00")
    taken = api.call("aoki", "POST", "/bookings", GOOD | {"space_id": house.spaces["seat"]})
    assert problem(taken) == (409, "booking.overlap")
    second = api.call("baba", "POST", "/bookings", GOOD | {"space_id": house.spaces["window"]})
    assert problem(second) == (409, "booking.overlap")
    assert stored(house) == 1


def test_anothers_zone_and_a_free_seating_one_are_refused(api: Api, house: House) -> None:
    others = api.call("aoki", "POST", "/bookings", GOOD | {"space_id": house.spaces["taxes"]})
    assert problem(others) == (403, "booking.not_allowed")
    free = api.call("aoki", "POST", "/bookings", GOOD | {"space_id": house.spaces["free"]})
    assert problem(free) == (422, "zone.free_seating")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("PATCH", "", {"title": "mine now"}),
        ("DELETE", "", None),
        ("POST", "/check-in", None),
        ("POST", "/end", None),
        ("POST", "/reclaim", None),
    ],
)
def test_a_strangers_booking_is_neither_shown_nor_touched(
    api: Api, house: House, method: str, path: str, body: Any
) -> None:
    booking = house.book("baba", "seat", "10:00", "11:00")
    answer = api.call("aoki", method, f"/bookings/{booking.id}{path}", body, If_Match='"1"')
    assert problem(answer) == (403, "booking.not_allowed")
    assert house.get(booking).version == 1


@pytest.mark.parametrize(
    ("data", "kind", "status"),
    [
        (b"{not json", "application/json", 422),
        (b"", "application/json", 422),
        (b"null", "application/json", 422),
        (b"[]", "application/json", 422),
        (b'"text"', "application/json", 422),
        (b"space_id=1", "application/x-www-form-urlencoded", 422),
        (b"<a/>", "text/xml", 422),
        (b'{"space_id": 1, "title": "\xff\xfe"}', "application/json", 422),
        (b"[" * 5_000 + b"]" * 5_000, "application/json", 422),
        (b'{"space_id": 1' + b"0" * 5_000 + b"}", "application/json", 422),
        (b'{"space_id": NaN}', "application/json", 422),
        (json.dumps({"title": "x" * 70_000}).encode(), "application/json", 413),
    ],
)
def test_a_body_that_is_none_is_refused(api: Api, house: House, data: bytes, kind: str, status: int) -> None:
    answer = api.client.post("/api/v1/bookings", data=data, content_type=kind, headers=api.headers("aoki"))
    expected = "request.too_large" if status == 413 else "request.invalid"
    assert problem(answer) == (status, expected)
    assert stored(house) == 0


@pytest.mark.parametrize("data", [b"{not json", b"[" * 5_000, b'{"a": "\xff"}', b"1" + b"0" * 5_000])
def test_a_body_that_is_no_json_is_told_so_not_asked_for_fields(api: Api, data: bytes) -> None:
    answer = api.client.post(
        "/api/v1/bookings", data=data, content_type="application/json", headers=api.headers("aoki")
    )
    assert isinstance(answer.get_json()["errors"]["json"], list)


def test_a_body_that_does_not_tell_its_length_is_no_longer_than_others(api: Api, house: House) -> None:
    def send(body: bytes) -> TestResponse:
        return api.client.post(
            "/api/v1/bookings",
            input_stream=BytesIO(body),
            content_type="application/json",
            headers={**api.headers("aoki"), "Transfer-Encoding": "chunked"},
            environ_overrides={"wsgi.input_terminated": True},
        )

    good = json.dumps(GOOD).encode()
    assert problem(send(good + b" " * BODY_AT_MOST)) == (413, "request.too_large")
    assert stored(house) == 0
    assert send(good).status_code == 201


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"on": "2026-11-25T00:00:00Z"}, "on"),
        ({"on": 20261125}, "on"),
        ({"on": None}, "on"),
        ({"on": "0001-01-01"}, "on"),
        ({"half": "night"}, "half"),
        ({"half": ["am"]}, "half"),
        ({"kind": {"home": True}}, "kind"),
        ({"user_id": 2}, "user_id"),
    ],
)
def test_a_wrong_field_of_a_plan_is_named_and_nothing_is_planned(
    api: Api, change: dict[str, Any], field: str
) -> None:
    plan = {"on": "2026-11-25", "half": "am", "kind": "home"}
    answer = api.call("aoki", "PUT", "/telework/plans", plan | change)
    assert problem(answer) == (422, "request.invalid")
    assert answer.get_json()["errors"]["json"].keys() == {field}
    listed = api.call("aoki", "GET", "/telework/plans?from=2026-11-01&to=2026-12-31")
    assert listed.get_json()["items"] == []


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"space_id": None}, 422, "request.invalid"),
        ({"start": "2026-11-24T10:30:00"}, 422, "request.invalid"),
        ({"user_id": 3}, 422, "request.invalid"),
        ({"status": "released"}, 422, "request.invalid"),
        ({"space_id": 0}, 404, "space.unknown"),
        ({"space_id": 999}, 404, "space.unknown"),
        ({"start": "2026-11-24T08:00:00+09:00"}, 422, "booking.rule"),
    ],
)
def test_a_change_that_cannot_be_leaves_the_booking_as_it_was(
    api: Api, house: House, change: dict[str, Any], status: int, code: str
) -> None:
    booking = house.book("aoki", "seat", "10:00", "11:00")
    answer = api.call("aoki", "PATCH", f"/bookings/{booking.id}", change, If_Match='"1"')
    assert problem(answer) == (status, code)
    assert house.get(booking).version == 1


@pytest.mark.parametrize("user", ["everybody", "%00", "-1", "1.5", str(BEYOND), "9" * 5_000])
def test_nobody_is_meant_by_what_is_no_id(api: Api, house: House, user: str) -> None:
    """Also not for those who see all: a slip of the keyboard must not list the whole office."""
    with transaction(house.engine) as session:
        session.execute(update(User).where(User.email == "aoki@example.jp").values(role=Role.PERSONNEL))
    for path in ("/bookings?", "/telework/days?from=2026-11-24&to=2026-11-24&"):
        answer = api.call("aoki", "GET", f"{path}user={user}")
        assert problem(answer) == (422, "request.invalid")
        assert answer.get_json()["errors"]["query"].keys() == {"user"}


@pytest.mark.parametrize(
    "path",
    [
        f"/floors/{BEYOND}",
        f"/spaces/{BEYOND}",
        f"/bookings/{BEYOND}",
        "/bookings/-1",
        "/bookings/one",
        "/floors/1%00",
        "/nothing",
        "/bookings/%ff%fe",
        "/bookings/" + "9" * 5_000,
    ],
)
def test_an_address_of_nothing_is_not_found(api: Api, path: str) -> None:
    assert problem(api.call("aoki", "GET", path)) == (404, "request.unknown")


@pytest.mark.parametrize(
    "path",
    [
        f"/bookings?cursor={BEYOND}",
        "/bookings?limit=0",
        "/bookings?limit=100000",
        "/bookings?from=yesterday",
        "/bookings?from=2026-11-24T10:00:00",
        "/bookings?from=2026-11-24T10:00:00Z&to=2026-11-24T09:00:00Z",
        "/bookings?from=2026-11-24T10:00:60Z",
        "/spaces?limit=inf",
        "/spaces?cursor=%00",
        "/spaces?kind=%ff",
        "/bookings?from=0001-01-01T00:00:00%2B09:00",
        f"/spaces?floor={BEYOND}",
        "/spaces?kind=sofa",
        "/floors/1/availability",
        "/floors/1/availability?start=2026-11-24T10:00:00%2B09:00&end=2026-11-24T09:00:00%2B09:00",
        "/floors/1/availability?start=2026-11-24T10:00:00%2B09:00&end=2027-11-24T09:00:00%2B09:00",
        "/usage?from=2026-11-24T10:00:00%2B09:00&to=2026-11-24T09:00:00%2B09:00",
        "/telework/days?from=2026-11-24&to=2026-11-01",
        "/telework/days?from=9999-12-31&to=9999-12-31",
        f"/telework/days?from=2026-11-24&to=2026-11-24&section={BEYOND}",
    ],
)
def test_a_wrong_question_is_told_by_its_field(api: Api, path: str) -> None:
    answer = api.call("aoki", "GET", path)
    assert problem(answer) == (422, "request.invalid")
    assert answer.get_json()["errors"]


def test_a_method_that_an_address_does_not_take_says_which_it_does(api: Api) -> None:
    answer = api.call("aoki", "PUT", "/bookings")
    assert problem(answer) == (405, "request.method")
    assert "POST" in answer.headers["Allow"]


def test_an_end_moved_before_its_start_changes_nothing(api: Api, house: House) -> None:
    booking = house.book("aoki", "seat", "10:00", "11:00")
    answer = api.call(
        "aoki", "PATCH", f"/bookings/{booking.id}", {"end": at("09:30").isoformat()}, If_Match='"1"'
    )
    assert problem(answer) == (422, "request.invalid")
    assert house.get(booking).end_at == at("11:00")


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "space_id": anything | st.integers(0, 9),
            "start": anything | st.datetimes(timezones=st.timezones()).map(str),
            "end": anything | st.datetimes(timezones=st.timezones()).map(str),
            "for_user_id": anything,
            "title": anything | st.text(),
            "other": anything,
        },
    )
)
def test_whatever_is_sent_the_server_does_not_break(api: Api, body: dict[str, Any]) -> None:
    answer = api.client.post(
        "/api/v1/bookings",
        data=json.dumps(body),
        content_type="application/json",
        headers=api.headers("aoki"),
    )
    assert answer.status_code < 500
