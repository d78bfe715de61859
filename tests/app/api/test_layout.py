"""The layout, the sensors and the rules, kept over HTTP by the facility staff."""

from __future__ import annotations

from typing import Any

from app.access import SESSION_ID, USER
from app.bookings.rules import Status
from app.clock import SteppingClock
from tests.fixtures.web import Api, problem
from tests.house import House, at


def made(api: Api, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = api.call("fujii", "POST", path, body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.get_json()
    return found


def codes(api: Api, path: str) -> set[str]:
    return {one["code"] for one in api.call("aoki", "GET", f"{path}?limit=200").get_json()["items"]}


def floor(api: Api, house: House) -> dict[str, dict[str, Any]]:
    when = f"start={at('10:00').isoformat()}&end={at('11:00').isoformat()}".replace("+", "%2B")
    answer = api.call("aoki", "GET", f"/floors/{house.floor_id}/availability?{when}")
    return {one["code"]: one for one in answer.get_json()["spaces"]}


def test_a_zone_with_a_space_is_added_and_booked(api: Api, house: House) -> None:
    zone = made(api, "/zones", {"floor_id": house.floor_id, "code": "N", "name": "北側"})
    space = made(api, "/spaces", {"zone_id": zone["id"], "code": "N-01", "kind": "seat"})
    assert {"N"} < codes(api, "/zones")
    booking = {"space_id": space["id"], "start": at("10:00").isoformat(), "end": at("11:00").isoformat()}
    assert api.call("aoki", "POST", "/bookings", booking).status_code == 201
    again = {"zone_id": zone["id"], "code": "N-01", "kind": "booth"}
    assert problem(api.call("fujii", "POST", "/spaces", again)) == (409, "space.exists")
    twice = {"floor_id": house.floor_id, "code": "N", "name": "x"}
    assert problem(api.call("fujii", "POST", "/zones", twice)) == (409, "zone.exists")
    nowhere = {"zone_id": 999, "code": "N-02", "kind": "seat"}
    assert problem(api.call("fujii", "POST", "/spaces", nowhere)) == (404, "zone.unknown")


def test_a_space_changes_but_a_booked_seat_becomes_no_room(api: Api, house: House) -> None:
    house.book("aoki", "seat", "10:00", "11:00")
    path = f"/spaces/{house.spaces['seat']}"
    changed = api.call("fujii", "PATCH", path, {"capacity": 2, "x": 40, "kind": "focus_seat"})
    assert (changed.get_json()["kind"], changed.get_json()["x"]) == ("focus_seat", 40)
    assert problem(api.call("fujii", "PATCH", path, {"kind": "booth"})) == (409, "space.booked")
    assert problem(api.call("fujii", "PATCH", path, {"code": "window"})) == (409, "space.exists")
    assert problem(api.call("fujii", "PATCH", path, {"capacity": 0})) == (422, "request.invalid")


def test_a_change_tells_whose_bookings_move_and_a_dry_run_tells_only(api: Api, house: House) -> None:
    booking = house.book("aoki", "seat", "10:00", "11:00")
    path = f"/spaces/{house.spaces['seat']}"
    home, taxes = (
        api.call("aoki", "GET", f"/spaces/{house.spaces[where]}").get_json()["zone_id"]
        for where in ("seat", "taxes")
    )
    shown = api.call("fujii", "PATCH", f"{path}?dry_run=true", {"zone_id": taxes}).get_json()
    assert shown["zone_id"] == taxes
    (move,) = shown["moves"]
    assert (move["booking_id"], move["from_code"], move["to_code"]) == (booking.id, "seat", "bare")
    assert api.call("aoki", "GET", path).get_json()["zone_id"] == home
    assert api.call("fujii", "PATCH", path, {"zone_id": taxes}).get_json() == shown
    assert house.get(booking).space_id == house.spaces["bare"]
    zone = f"/zones/{home}"
    free = api.call("fujii", "PATCH", f"{zone}?dry_run=true", {"free_seating": True}).get_json()
    assert (free["free_seating"], [one["booking_id"] for one in free["moves"]]) == (True, [booking.id])
    assert api.call("fujii", "PATCH", zone, {"free_seating": True}).get_json() == free
    assert house.get(booking).status is Status.CANCELLED
    assert api.call("fujii", "PATCH", zone, {"name": "広場"}).get_json()["moves"] == []


def test_a_space_that_is_taken_away_moves_its_people_and_keeps_its_history(
    api: Api, house: House, clock: SteppingClock
) -> None:
    booking = house.book("aoki", "seat", "10:00", "11:00")
    path = f"/spaces/{house.spaces['seat']}"
    preview = api.call("fujii", "DELETE", f"{path}?dry_run=true").get_json()["moves"]
    assert [(one["booking_id"], one["to_code"]) for one in preview] == [(booking.id, "bare")]
    assert floor(api, house)["seat"]["reason"] == "yours"
    assert api.call("fujii", "DELETE", path).get_json()["moves"] == preview
    assert house.get(booking).space_id == house.spaces["bare"]
    assert "seat" not in codes(api, "/spaces")
    assert "seat" not in floor(api, house)
    wanted = {
        "space_id": house.spaces["seat"],
        "start": at("13:00").isoformat(),
        "end": at("14:00").isoformat(),
    }
    assert problem(api.call("baba", "POST", "/bookings", wanted)) == (404, "space.unknown")
    assert problem(api.call("fujii", "DELETE", path)) == (404, "space.unknown")
    sensors = api.call("fujii", "GET", "/sensors?limit=200").get_json()["items"]
    assert "sensor-seat" not in {one["id"] for one in sensors}
    told = api.call("aoki", "GET", f"/bookings/{booking.id}/history").get_json()["items"]
    assert any("seat" in change for one in told for change in one["changes"])


def test_what_was_taken_away_comes_back_under_its_code(api: Api, house: House) -> None:
    path = f"/spaces/{house.spaces['seat']}"
    zone = api.call("aoki", "GET", path).get_json()["zone_id"]
    api.call("fujii", "DELETE", path)
    back = made(api, "/spaces", {"zone_id": zone, "code": "seat", "kind": "seat"})
    assert back["id"] == house.spaces["seat"]
    assert floor(api, house)["seat"]["available"]


def test_nobody_left_to_move_to_ends_the_booking(api: Api, house: House) -> None:
    booking = house.book("aoki", "booth", "10:00", "11:00")
    api.call("fujii", "DELETE", f"/spaces/{house.spaces['booth']}")
    assert house.get(booking).status is Status.CANCELLED


def test_a_zone_leaves_when_it_is_empty(api: Api, house: House) -> None:
    zones = {one["code"]: one["id"] for one in api.call("aoki", "GET", "/zones").get_json()["items"]}
    path = f"/zones/{zones['B']}"
    assert problem(api.call("fujii", "DELETE", path)) == (409, "zone.in_use")
    for space in api.call("aoki", "GET", f"/spaces?zone={zones['B']}&limit=200").get_json()["items"]:
        assert api.call("fujii", "DELETE", f"/spaces/{space['id']}").status_code == 200
    assert api.call("fujii", "DELETE", path).status_code == 204
    assert "B" not in codes(api, "/zones")
    assert problem(api.call("fujii", "PATCH", path, {"name": "x"})) == (404, "zone.unknown")
    back = made(api, "/zones", {"floor_id": house.floor_id, "code": "B", "name": "戻った島"})
    assert back["id"] == zones["B"]


def test_a_spare_sensor_takes_the_place_of_another(api: Api, house: House) -> None:
    seat = house.spaces["seat"]
    made(api, "/sensors", {"id": "spare", "heartbeat_s": 300})
    made(api, "/sensors", {"id": "table/zones 1-2", "space_ids": [seat, house.spaces["window"]]})

    def watched() -> dict[str, list[str]]:
        found = api.call("fujii", "GET", "/sensors?limit=200").get_json()["items"]
        return {one["id"]: one["space_codes"] for one in found}

    assert watched()["table/zones 1-2"] == ["seat", "window"]
    assert api.call("fujii", "DELETE", "/sensors/table/zones 1-2").status_code == 204
    swapped = api.call("fujii", "POST", "/sensors/sensor-seat/swap", {"spare_id": "spare"})
    assert (swapped.status_code, swapped.get_json()["id"]) == (200, "spare")
    assert watched()["spare"] == ["seat"]
    assert "sensor-seat" not in watched()
    for busy in ("sensor-window", "spare"):
        taken = api.call("fujii", "POST", "/sensors/spare/swap", {"spare_id": busy})
        assert problem(taken) == (422, "sensor.swap")
    ghost = api.call("fujii", "POST", "/sensors/spare/swap", {"spare_id": "ghost"})
    assert problem(ghost) == (404, "sensor.unknown")
    assert problem(api.call("fujii", "POST", "/sensors", {"id": "spare"})) == (409, "sensor.exists")
    assert problem(api.call("fujii", "POST", "/sensors", {"id": "a#b"})) == (422, "request.invalid")
    assert problem(api.call("fujii", "PATCH", "/sensors/ghost", {"model": "x"})) == (404, "sensor.unknown")


def test_rules_are_set_for_a_kind_and_for_a_zone_and_reset(api: Api, house: House) -> None:
    zone = api.call("aoki", "GET", f"/spaces/{house.spaces['booth']}").get_json()["zone_id"]

    def grace() -> dict[tuple[str, int | None], str]:
        listed = api.call("aoki", "GET", "/policies?limit=200").get_json()["items"]
        return {(one["kind"], one["zone_id"]): one["values"]["no_show_grace"] for one in listed}

    before = grace()
    assert before["booth", None] == "10m"
    body = {"kind": "booth", "zone_id": zone, "values": {"no_show_grace": "20m"}}
    assert made(api, "/policies", body)["values"]["no_show_grace"] == "20m"
    api.call("fujii", "PATCH", "/policies/booth", {"values": {"no_show_grace": "15m"}})
    assert (grace()["booth", None], grace()["booth", zone]) == ("15m", "20m")
    null: dict[str, Any] = {"values": {"no_show_grace": None}}
    assert api.call("fujii", "PATCH", f"/policies/booth?zone={zone}", null).status_code == 200
    assert api.call("fujii", "DELETE", "/policies/booth").status_code == 204
    assert grace() == before
    wrong = api.call("fujii", "PATCH", "/policies/booth", {"values": {"no_show_grace": "soon"}})
    assert problem(wrong) == (422, "policy.invalid")
    unknown = {"values": {"colour": None}}
    assert problem(api.call("fujii", "PATCH", "/policies/booth", unknown)) == (422, "policy.invalid")
    assert problem(api.call("fujii", "PATCH", "/policies/sofa", {"values": {"walk_in": "on"}})) == (
        404,
        "policy.unknown",
    )


def test_a_sensor_that_is_stuck_is_told_and_not_believed(
    api: Api, house: House, clock: SteppingClock
) -> None:
    house.hear("seat", ("03:50", True), ("03:51", True))
    house.hear_beats("seat", "04:00", "16:20", occupied=True)
    clock.at = at("16:20")
    listed = api.call("fujii", "GET", "/sensors?limit=200").get_json()["items"]
    assert [one["id"] for one in listed if one["suspect"]] == ["sensor-seat"]
    with api.client.session_transaction() as session:
        session[USER] = house.people["aoki"].id
        session[SESSION_ID] = "one"
    page = api.client.get(f"/floors/{house.floor_id}/spaces/{house.spaces['seat']}").text
    assert "12時間以上" in page


def test_a_new_sensor_has_the_times_of_its_model_unless_they_are_said(api: Api) -> None:
    assert made(api, "/sensors", {"id": "one", "model": "VS340"})["heartbeat_s"] == 3600
    assert made(api, "/sensors", {"id": "two", "model": "VS340", "heartbeat_s": 60})["heartbeat_s"] == 60
    assert made(api, "/sensors", {"id": "three", "model": "another"})["heartbeat_s"] == 600
