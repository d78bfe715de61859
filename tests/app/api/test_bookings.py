"""The life of a booking over HTTP."""

from __future__ import annotations

from typing import Any

from sqlalchemy import update

from app.clock import SteppingClock
from app.database import transaction
from app.people.models import Role, User
from tests.fixtures.web import Api, problem
from tests.house import House, at


def book(api: Api, who: str, space_id: int, start: str, end: str, **more: Any) -> dict[str, Any]:
    body = {"space_id": space_id, "start": at(start).isoformat(), "end": at(end).isoformat(), **more}
    answer = api.call(who, "POST", "/bookings", body)
    assert answer.status_code == 201, answer.text
    booking: dict[str, Any] = answer.get_json()
    assert answer.headers["Location"] == f"/api/v1/bookings/{booking['id']}"
    assert answer.headers["ETag"] == '"1"'
    return booking


def test_a_booking_is_made_seen_changed_and_cancelled_with_its_history(api: Api, house: House) -> None:
    made = book(api, "aoki", house.spaces["seat"], "10:00", "11:00", title="資料づくり")
    assert made["status"] == "booked"
    assert made["user_id"] == house.people["aoki"].id
    assert made["title"] == "資料づくり"
    path = f"/bookings/{made['id']}"

    moved = api.call("aoki", "PATCH", path, {"end": at("12:00").isoformat()}, If_Match='"1"')
    assert moved.get_json()["end"] == at("12:00").isoformat()
    assert moved.headers["ETag"] == '"2"'

    assert api.call("aoki", "DELETE", path, If_Match='"2"').status_code == 204
    shown = api.call("aoki", "GET", path)
    assert shown.get_json()["status"] == "cancelled"
    assert shown.get_json()["start"] == at("10:00").isoformat()
    history = shown.get_json()["history"]
    assert [event["kind"] for event in history] == ["booking.made", "booking.changed", "booking.cancelled"]
    assert history[1]["data"]["changes"]["end_at"] == [at("11:00").isoformat(), at("12:00").isoformat()]
    assert {event["actor_id"] for event in history} == {house.people["aoki"].id}


def test_a_booking_has_the_contracts_shape_everywhere(api: Api, house: House) -> None:
    made = book(api, "aoki", house.spaces["seat"], "10:00", "11:00")
    assert made == {
        "id": made["id"],
        "space_id": house.spaces["seat"],
        "user_id": house.people["aoki"].id,
        "start": at("10:00").isoformat(),
        "end": at("11:00").isoformat(),
        "status": "booked",
        "reason": "",
        "title": "",
        "series_id": None,
        "guest_name": "",
        "origin": "booked",
        "checked_in_at": None,
        "checked_in_by": None,
        "ended_at": None,
        "version": 1,
    }
    shown = api.call("aoki", "GET", f"/bookings/{made['id']}")
    assert shown.headers["ETag"] == '"1"'
    assert {name: shown.get_json()[name] for name in made} == made
    assert shown.get_json().keys() - made.keys() == {"attendees", "history"}
    assert api.call("aoki", "GET", "/bookings").get_json() == {"items": [made], "next_cursor": None}
    changed = api.call("aoki", "PATCH", f"/bookings/{made['id']}", {"title": "t"}, If_Match='"1"')
    assert changed.get_json() == made | {"title": "t", "version": 2}


def test_a_booking_moves_to_where_it_is_free_and_stays_where_it_is_not(api: Api, house: House) -> None:
    house.book("baba", "window", "10:00", "11:00")
    made = book(api, "aoki", house.spaces["seat"], "10:00", "11:00")
    path = f"/bookings/{made['id']}"
    taken = api.call("aoki", "PATCH", path, {"space_id": house.spaces["window"]}, If_Match='"1"')
    assert problem(taken) == (409, "booking.overlap")
    assert api.call("aoki", "GET", path).headers["ETag"] == '"1"'
    moved = api.call("aoki", "PATCH", path, {"space_id": house.spaces["bare"]}, If_Match='"1"')
    assert moved.get_json()["space_id"] == house.spaces["bare"]
    book(api, "chiba", house.spaces["seat"], "10:00", "11:00")


def test_what_has_not_begun_is_cancelled_and_what_is_in_use_is_ended(
    api: Api, house: House, clock: SteppingClock
) -> None:
    later = book(api, "aoki", house.spaces["seat"], "15:00", "16:00")
    ended = api.call("aoki", "POST", f"/bookings/{later['id']}/end").get_json()
    assert (ended["status"], ended["ended_at"]) == ("cancelled", None)
    soon = book(api, "aoki", house.spaces["seat"], "09:00", "11:00")
    api.call("aoki", "POST", f"/bookings/{soon['id']}/check-in")
    clock.at = at("10:00")
    assert api.call("aoki", "DELETE", f"/bookings/{soon['id']}", If_Match='"2"').status_code == 204
    found = api.call("aoki", "GET", f"/bookings/{soon['id']}").get_json()
    assert (found["status"], found["reason"], found["ended_at"]) == (
        "ended_early",
        "gave_back",
        at("10:00").isoformat(),
    )


def test_what_others_took_in_the_meantime_is_not_reclaimed(
    api: Api, house: House, clock: SteppingClock
) -> None:
    made = book(api, "aoki", house.spaces["seat"], "09:00", "17:00")
    path = f"/bookings/{made['id']}/reclaim"
    assert problem(api.call("aoki", "POST", path)) == (409, "booking.state")
    house.hear_beats("seat", "08:30", "10:10", occupied=False)
    house.sweep("10:11")
    clock.at = at("10:12")
    book(api, "baba", house.spaces["seat"], "10:30", "12:00")
    assert problem(api.call("aoki", "POST", path)) == (409, "booking.overlap")


def test_a_claim_lasts_until_the_next_booking(api: Api, house: House) -> None:
    book(api, "baba", house.spaces["seat"], "13:00", "15:00")
    claim = api.call("aoki", "POST", f"/spaces/{house.spaces['seat']}/claim")
    assert claim.headers["Location"] == f"/api/v1/bookings/{claim.get_json()['id']}"
    assert claim.headers["ETag"] == '"1"'
    assert (claim.get_json()["start"], claim.get_json()["end"]) == (
        at("09:00").isoformat(),
        at("13:00").isoformat(),
    )


def test_a_change_names_the_version_it_was_made_from(api: Api, house: House) -> None:
    made = book(api, "aoki", house.spaces["seat"], "10:00", "11:00")
    path = f"/bookings/{made['id']}"
    change = {"title": "new"}
    assert problem(api.call("aoki", "PATCH", path, change)) == (428, "request.version_required")
    assert problem(api.call("aoki", "PATCH", path, change, If_Match='"7"')) == (412, "request.stale")
    assert problem(api.call("aoki", "DELETE", path)) == (428, "request.version_required")
    assert api.call("aoki", "PATCH", path, change, If_Match='"1"').status_code == 200
    assert problem(api.call("aoki", "PATCH", path, change, If_Match='"1"')) == (412, "request.stale")
    assert problem(api.call("aoki", "PATCH", path, change, If_Match='W/"2"')) == (412, "request.stale")
    assert api.call("aoki", "PATCH", path, {"title": "newer"}, If_Match="*").status_code == 200
    assert api.call("aoki", "PATCH", path, change, If_Match='"1", "3"').status_code == 200
    # What changes nothing makes no new version.
    assert api.call("aoki", "PATCH", path, {}, If_Match='"4"').headers["ETag"] == '"4"'
    assert api.call("aoki", "PATCH", path, change, If_Match='"4"').headers["ETag"] == '"4"'


def test_checking_in_by_hand_and_giving_back(api: Api, house: House, clock: SteppingClock) -> None:
    made = book(api, "aoki", house.spaces["seat"], "10:00", "17:00")
    path = f"/bookings/{made['id']}"
    assert problem(api.call("aoki", "POST", f"{path}/check-in")) == (422, "booking.rule")
    clock.at = at("09:50")
    checked_in = api.call("aoki", "POST", f"{path}/check-in").get_json()
    assert (checked_in["status"], checked_in["checked_in_by"]) == ("checked_in", "hand")
    clock.at = at("15:00")
    ended = api.call("aoki", "POST", f"{path}/end").get_json()
    assert (ended["status"], ended["ended_at"]) == ("ended_early", at("15:00").isoformat())
    assert problem(api.call("aoki", "POST", f"{path}/end")) == (409, "booking.state")
    book(api, "baba", house.spaces["seat"], "15:00", "17:00")


def test_what_nobody_came_for_is_released_and_may_be_reclaimed(
    api: Api, house: House, clock: SteppingClock
) -> None:
    made = book(api, "aoki", house.spaces["seat"], "09:00", "17:00")
    house.hear_beats("seat", "08:30", "10:10", occupied=False)
    house.sweep("10:11")
    clock.at = at("10:12")
    path = f"/bookings/{made['id']}"
    released = api.call("aoki", "GET", path).get_json()
    assert (released["status"], released["reason"]) == ("released", "no_show")
    reclaimed = api.call("aoki", "POST", f"{path}/reclaim")
    assert reclaimed.status_code == 200, reclaimed.text
    assert reclaimed.get_json()["status"] in {"booked", "checked_in"}


def test_sitting_down_is_a_booking_born_checked_in(api: Api, house: House) -> None:
    answer = api.call("aoki", "POST", f"/spaces/{house.spaces['free']}/claim")
    assert answer.status_code == 201
    claim = answer.get_json()
    assert (claim["status"], claim["origin"], claim["checked_in_by"]) == ("checked_in", "claim", "hand")
    assert problem(api.call("baba", "POST", f"/spaces/{house.spaces['free']}/claim")) == (
        409,
        "booking.overlap",
    )
    assert problem(api.call("aoki", "POST", "/spaces/999/claim")) == (404, "space.unknown")


def test_ones_bookings_come_in_pages(api: Api, house: House) -> None:
    made = [
        book(api, "aoki", house.spaces["seat"], f"{hour}:00", f"{hour}:30")["id"] for hour in range(10, 15)
    ]
    found: list[int] = []
    cursor: int | None = 0
    while cursor is not None:
        page = api.call("aoki", "GET", f"/bookings?user=me&limit=2&cursor={cursor}").get_json()
        assert len(page["items"]) <= 2
        found += [booking["id"] for booking in page["items"]]
        cursor = page["next_cursor"]
    assert found == made
    later = at("13:00").isoformat().replace("+", "%2B")
    assert [
        one["id"] for one in api.call("aoki", "GET", f"/bookings?from={later}").get_json()["items"]
    ] == made[3:]


def test_who_acts_for_whom(api: Api, house: House) -> None:
    aoki = house.people["aoki"].id
    booked = book(api, "chiba", house.spaces["seat"], "10:00", "11:00", for_user_id=aoki)
    assert booked["user_id"] == aoki
    for who, status in (("aoki", 200), ("chiba", 200), ("fujii", 200), ("baba", 403), ("endo", 403)):
        assert api.call(who, "GET", f"/bookings/{booked['id']}").status_code == status, who
        assert api.call(who, "GET", f"/bookings?user={aoki}").status_code == status, who
    assert problem(api.call("fujii", "GET", "/bookings?user=999")) == (404, "user.unknown")
    looked = [one["name"] for one in api.call("aoki", "GET", "/me/looks").get_json()["items"]]
    assert looked == ["fujii", "fujii", "chiba"]  # chiba saw first what chiba had booked for aoki


def test_a_hosts_guests_are_listed_with_the_hosts_own(api: Api, house: House) -> None:
    own = book(api, "chiba", house.spaces["seat"], "10:00", "11:00")
    guest = book(api, "chiba", house.spaces["booth"], "10:00", "11:00", guest_name="北九州 花子")
    chiba = house.people["chiba"].id
    for who, path in (("chiba", "/bookings"), ("fujii", f"/bookings?user={chiba}")):
        listed = api.call(who, "GET", path).get_json()
        assert [(one["id"], one["guest_name"]) for one in listed["items"]] == [
            (own["id"], ""),
            (guest["id"], "北九州 花子"),
        ]
        for one in listed["items"]:
            assert api.call(who, "GET", f"/bookings/{one['id']}").status_code == 200
    page = api.call("chiba", "GET", "/bookings?limit=1").get_json()
    rest = api.call("chiba", "GET", f"/bookings?cursor={page['next_cursor']}").get_json()
    assert [one["id"] for one in rest["items"]] == [guest["id"]]
    assert api.call("fujii", "GET", "/bookings").get_json()["items"] == []


def test_whose_booking_or_days_are_seen_can_read_by_whom(api: Api, house: House) -> None:
    booking = house.book("aoki", "seat", "10:00", "12:00").id
    aoki = house.people["aoki"].id

    def lookers() -> list[str]:
        return [one["name"] for one in api.call("aoki", "GET", "/me/looks").get_json()["items"]]

    api.call("aoki", "GET", f"/bookings/{booking}")
    api.call("aoki", "GET", f"/bookings/{booking}/history")
    assert lookers() == []
    api.call("fujii", "GET", f"/bookings/{booking}")
    api.call("chiba", "GET", f"/bookings/{booking}/history")
    assert lookers() == ["chiba", "fujii"]
    with transaction(house.engine) as session:
        session.execute(update(User).where(User.email == "endo@example.jp").values(role=Role.AUDITOR))
    days = "/telework/days?from=2026-11-24&to=2026-11-24&user="
    assert api.call("endo", "GET", f"{days}{aoki}").status_code == 200
    assert lookers() == ["endo", "chiba", "fujii"]
    assert problem(api.call("endo", "GET", f"{days}999")) == (404, "user.unknown")
