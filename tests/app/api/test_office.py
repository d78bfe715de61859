"""What the facility staff decide, over HTTP: hours, guests, overflow, closures, fixed seats; and guests' bookings."""

from __future__ import annotations

from typing import Any

import pytest

from app.bookings.rules import Status
from tests.app.api.test_bookings import book
from tests.fixtures.web import Api, problem
from tests.house import DAY, House, at


def zone_of(api: Api, house: House, where: str) -> int:
    found: int = api.call("fujii", "GET", f"/spaces/{house.spaces[where]}").get_json()["zone_id"]
    return found


def site(api: Api) -> dict[str, Any]:
    (found,) = api.call("fujii", "GET", "/sites").get_json()["items"]
    return dict(found)


def test_a_sites_hours_are_set_and_shown(api: Api, house: House) -> None:
    body = {"opens": "08:00", "closes": "20:00", "working_days_only": True}
    answer = api.call("fujii", "PUT", f"/sites/{site(api)['id']}/hours", body)
    assert answer.status_code == 200
    assert body.items() <= site(api).items()
    asked = {
        "space_id": house.spaces["seat"],
        "start": at("19:00").isoformat(),
        "end": at("21:00").isoformat(),
    }
    refused = api.call("aoki", "POST", "/bookings", asked)
    assert problem(refused) == (422, "booking.rule")
    assert refused.get_json()["rule"] == "opening_hours"
    wrong = api.call("fujii", "PUT", f"/sites/{site(api)['id']}/hours", body | {"closes": "07:00"})
    assert problem(wrong) == (422, "site.hours")


def test_a_zones_guests_and_overflow_are_set_and_shown(api: Api, house: House) -> None:
    home, taxes = zone_of(api, house, "seat"), zone_of(api, house, "taxes")
    rules = {
        "guests": [
            {"section_id": None, "weekday": 1, "on": None},
            {
                "section_id": next(iter(house.people["aoki"].section_ids)),
                "weekday": None,
                "on": DAY.isoformat(),
            },
        ],
        "overflow": [home],
    }
    assert api.call("fujii", "PUT", f"/zones/{taxes}/rules", rules).get_json() == rules
    assert api.call("aoki", "GET", f"/zones/{taxes}/rules").get_json() == rules
    book(api, "aoki", house.spaces["taxes"], "10:00", "11:00")


@pytest.mark.parametrize(
    "guest",
    [{}, {"weekday": 7}, {"weekday": -1}, {"weekday": 1, "on": DAY.isoformat()}, {"weekday": "1"}],
)
def test_a_guest_day_that_is_none_is_refused(api: Api, house: House, guest: dict[str, Any]) -> None:
    body = {"guests": [guest], "overflow": []}
    answer = api.call("fujii", "PUT", f"/zones/{zone_of(api, house, 'seat')}/rules", body)
    assert problem(answer) == (422, "request.invalid")


def test_the_office_is_closed_from_now_with_a_preview(api: Api, house: House) -> None:
    made = book(api, "aoki", house.spaces["seat"], "10:00", "11:00")
    body = {"site_id": site(api)["id"], "end": at("18:00").isoformat(), "reason": "台風"}
    previewed = api.call("fujii", "POST", "/closures", body | {"dry_run": True})
    assert (previewed.status_code, previewed.get_json()["bookings_ended"]) == (200, 1)
    assert api.call("aoki", "GET", f"/bookings/{made['id']}").get_json()["status"] == Status.BOOKED
    closed = api.call("fujii", "POST", "/closures", body)
    assert (closed.status_code, closed.get_json()["bookings_ended"]) == (201, 1)
    shown = api.call("aoki", "GET", f"/bookings/{made['id']}").get_json()
    assert (shown["status"], shown["reason"]) == (Status.CANCELLED, "closed")
    (listed,) = api.call("aoki", "GET", "/closures").get_json()["items"]
    assert (listed["id"], listed["start"]) == (closed.get_json()["id"], at("09:00").isoformat())
    assert api.call("fujii", "DELETE", f"/closures/{listed['id']}").status_code == 204
    assert problem(api.call("fujii", "DELETE", f"/closures/{listed['id']}")) == (409, "closure.over")
    book(api, "aoki", house.spaces["seat"], "10:00", "11:00")


def test_a_closure_that_is_over_or_of_nowhere_is_refused(api: Api) -> None:
    body = {"site_id": site(api)["id"], "end": at("08:00").isoformat()}
    assert problem(api.call("fujii", "POST", "/closures", body)) == (422, "request.invalid")
    for rehearsed in ({}, {"dry_run": True}):
        body = {"site_id": 10_000, "end": at("18:00").isoformat(), **rehearsed}
        assert problem(api.call("fujii", "POST", "/closures", body)) == (404, "site.unknown")
        body = {"site_id": site(api)["id"], "zone_id": 10_000, "end": at("18:00").isoformat(), **rehearsed}
        assert problem(api.call("fujii", "POST", "/closures", body)) == (404, "zone.unknown")


def test_a_seat_is_kept_for_somebody_and_given_back(api: Api, house: House) -> None:
    path = f"/spaces/{house.spaces['seat']}/fixed-seat"
    body = {"user_id": house.people["aoki"].id, "from": DAY.isoformat()}
    kept = api.call("fujii", "POST", path, body)
    assert kept.status_code == 201
    assert problem(api.call("fujii", "POST", path, body)) == (409, "space.kept")
    assert [one["id"] for one in api.call("fujii", "GET", "/fixed-seats").get_json()["items"]] == [
        kept.get_json()["id"]
    ]
    assert api.call("fujii", "DELETE", f"/fixed-seats/{kept.get_json()['id']}").status_code == 204
    reversed_ = body | {"from": DAY.isoformat(), "until": "2026-11-01"}
    assert problem(api.call("fujii", "POST", path, reversed_)) == (422, "request.invalid")


@pytest.mark.parametrize("who", ["aoki", "chiba"])
def test_only_the_facility_staff_decide(api: Api, house: House, who: str) -> None:
    for method, path in (
        ("PUT", f"/sites/{site(api)['id']}/hours"),
        ("PUT", f"/zones/{zone_of(api, house, 'seat')}/rules"),
        ("POST", "/closures"),
        ("DELETE", "/closures/1"),
        ("GET", "/fixed-seats"),
        ("POST", f"/spaces/{house.spaces['seat']}/fixed-seat"),
        ("DELETE", "/fixed-seats/1"),
    ):
        assert problem(api.call(who, method, path, {})) == (403, "access.denied"), path


def test_a_guest_is_booked_for_with_colleagues_invited(api: Api, house: House) -> None:
    chief = book(api, "chiba", house.spaces["booth"], "10:00", "11:00", guest_name="来客", attendees=[])
    assert (chief["user_id"], chief["guest_name"]) == (None, "来客")
    body = {
        "space_id": house.spaces["booth"],
        "start": at("12:00").isoformat(),
        "end": at("13:00").isoformat(),
        "attendees": [house.people["baba"].id],
    }
    refused = api.call("aoki", "POST", "/bookings", body)
    assert (problem(refused), refused.get_json()["rule"]) == ((422, "booking.rule"), "capacity")
    both = {**body, "attendees": [], "guest_name": "来客", "for_user_id": house.people["aoki"].id}
    assert problem(api.call("chiba", "POST", "/bookings", both)) == (422, "request.invalid")
