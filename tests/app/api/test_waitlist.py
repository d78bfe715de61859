"""The queue over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import update

from app.clock import SteppingClock
from app.database import reading, transaction
from app.people.models import Role, User
from app.spaces.models import Space
from tests.fixtures.web import Api, problem
from tests.house import House, at

SPAN = {"start": "2026-11-24T10:00:00+09:00", "end": "2026-11-24T11:00:00+09:00"}


def test_somebody_waits_is_offered_and_accepts(api: Api, house: House) -> None:
    booking = house.book("aoki", "booth", "10:00", "11:00")
    made = api.call("baba", "POST", "/waitlist", {"kind": "booth", **SPAN})
    assert made.status_code == 201
    entry = made.get_json()
    assert (entry["status"], entry["place"], entry["hold_until"]) == ("waiting", 1, None)
    api.call("chiba", "POST", "/waitlist", {"space_id": house.spaces["booth"], **SPAN})
    listed = api.call("chiba", "GET", "/waitlist").get_json()
    assert [(one["place"], one["status"]) for one in listed["items"]] == [(2, "waiting")]
    assert api.call("aoki", "DELETE", f"/bookings/{booking.id}", If_Match='"1"').status_code == 204
    (offered,) = api.call("baba", "GET", "/waitlist").get_json()["items"]
    assert (offered["status"], offered["offered_space_id"]) == ("offered", house.spaces["booth"])
    path = f"/waitlist/{entry['id']}"
    accepted = api.call("baba", "POST", f"{path}/accept")
    assert accepted.status_code == 200
    assert (accepted.get_json()["status"], accepted.headers["ETag"]) == ("booked", '"2"')
    assert problem(api.call("baba", "POST", f"{path}/accept")) == (409, "waitlist.not_offered")
    assert api.call("baba", "GET", path).get_json()["status"] == "accepted"
    assert api.call("baba", "GET", "/waitlist").get_json()["items"] == []


def test_somebody_declines_and_somebody_leaves(api: Api, house: House) -> None:
    offered = api.call("baba", "POST", "/waitlist", {"kind": "booth", **SPAN}).get_json()
    waiting = api.call("chiba", "POST", "/waitlist", {"kind": "booth", **SPAN}).get_json()
    assert (offered["status"], waiting["status"]) == ("offered", "waiting")
    assert problem(api.call("chiba", "POST", f"/waitlist/{waiting['id']}/decline"))[0] == 409
    declined = api.call("baba", "POST", f"/waitlist/{offered['id']}/decline")
    assert declined.get_json()["status"] == "declined"
    assert api.call("chiba", "GET", f"/waitlist/{waiting['id']}").get_json()["status"] == "offered"
    assert api.call("chiba", "DELETE", f"/waitlist/{waiting['id']}").status_code == 204
    house.book("aoki", "booth", "10:00", "11:00")


def test_a_reclaim_under_a_hold_is_told_so(api: Api, house: House, clock: SteppingClock) -> None:
    booking = house.book("aoki", "seat", "09:00", "17:00")
    house.hear_beats("seat", "08:00", "10:00", occupied=False)
    api.call("baba", "POST", "/waitlist", {"space_id": house.spaces["seat"], **SPAN})
    house.sweep("10:00")
    clock.advance(at("10:01") - at("09:00"))
    assert problem(api.call("aoki", "POST", f"/bookings/{booking.id}/reclaim")) == (409, "booking.held")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({}, "kind"),
        ({"kind": "sofa"}, "kind"),
        ({"space_id": 1, "zone_id": 1}, "space_id"),
        ({"kind": "seat", "lane": "room"}, "lane"),
        ({"kind": "seat", "end": SPAN["start"]}, "end"),
        ({"kind": "seat", "start": "2026-11-24T10:00:00"}, "start"),
        ({"zone_id": -1}, "zone_id"),
    ],
)
def test_a_wrong_field_is_named(api: Api, change: dict[str, Any], field: str) -> None:
    answer = api.call("aoki", "POST", "/waitlist", SPAN | change)
    assert problem(answer) == (422, "request.invalid")
    assert field in answer.get_json()["errors"]["json"]


@pytest.mark.parametrize("change", [{"space_id": 999}, {"zone_id": 999}])
def test_nobody_waits_for_what_there_is_not(api: Api, change: dict[str, Any]) -> None:
    assert problem(api.call("aoki", "POST", "/waitlist", SPAN | change))[0] == 404


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("DELETE", ""), ("POST", "/accept")])
def test_anothers_place_in_line_is_not_shown_and_not_touched(api: Api, method: str, path: str) -> None:
    entry = api.call("baba", "POST", "/waitlist", {"kind": "booth", **SPAN}).get_json()
    answer = api.call("aoki", method, f"/waitlist/{entry['id']}{path}")
    assert problem(answer) == (404, "waitlist.unknown")


def test_a_kiosk_draws_numbers_that_name_nobody_and_lets_whoever_stands_there_in(
    api: Api, house: House
) -> None:
    with transaction(house.engine) as session:
        session.execute(update(User).where(User.email == "fujii@example.jp").values(role=Role.KIOSK))
    first = api.call("fujii", "POST", "/waitlist/numbers", {"zone_id": 1}).get_json()
    assert (first["number"], first["status"], first["user_id"]) == (1, "offered", None)
    second = api.call("aoki", "POST", "/waitlist/numbers", {"zone_id": 1, "minutes": 15}).get_json()
    assert (second["number"], second["status"], second["place"]) == (2, "waiting", 1)
    assert second["expected_at"] == "2026-11-24T00:30:00+00:00"
    board = api.call("baba", "GET", "/waitlist/numbers?zone=1").get_json()["items"]
    assert [(one["number"], one["user_id"]) for one in board] == [(1, None), (2, None)]
    accepted = api.call("fujii", "POST", f"/waitlist/{first['id']}/accept").get_json()
    assert accepted["status"] == "checked_in"


def test_nobody_draws_a_number_where_no_rooms_are(api: Api, house: House) -> None:
    with reading(house.engine) as session:
        zone_id = session.get_one(Space, house.spaces["taxes"]).zone_id
    answer = api.call("aoki", "POST", "/waitlist/numbers", {"zone_id": zone_id})
    assert problem(answer) == (422, "waitlist.hopeless")
