"""What the API shows of the office: floors, availability, usage, telework, people, sensors."""

from __future__ import annotations

from typing import Any

from app.clock import SteppingClock
from tests.fixtures.web import Api, problem
from tests.house import House, at


def query(start: str, end: str, names: tuple[str, str] = ("start", "end")) -> str:
    return "&".join(
        f"{name}={at(clock).isoformat().replace('+', '%2B')}"
        for name, clock in zip(names, (start, end), strict=True)
    )


def items(api: Api, who: str, path: str) -> list[dict[str, Any]]:
    answer = api.call(who, "GET", path)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.get_json()["items"]
    return found


def test_the_layout(api: Api, house: House) -> None:
    assert [floor["code"] for floor in items(api, "aoki", "/floors")] == ["3F"]
    assert api.call("aoki", "GET", f"/floors/{house.floor_id}").get_json()["name"] == "3階"
    assert problem(api.call("aoki", "GET", "/floors/999")) == (404, "floor.unknown")
    assert [zone["code"] for zone in items(api, "aoki", "/zones")] == ["A", "B", "F"]
    spaces = items(api, "aoki", f"/spaces?floor={house.floor_id}")
    assert {space["code"] for space in spaces} == set(house.spaces)
    assert [one["code"] for one in items(api, "aoki", "/spaces?kind=booth")] == ["booth"]
    first = api.call("aoki", "GET", "/spaces?limit=3").get_json()
    rest = items(api, "aoki", f"/spaces?limit=200&cursor={first['next_cursor']}")
    assert first["items"] + rest == spaces
    assert api.call("aoki", "GET", f"/spaces/{house.spaces['booth']}").get_json()["kind"] == "booth"


def test_availability_says_why_not(api: Api, house: House) -> None:
    mine = house.book("aoki", "seat", "10:00", "11:00")
    taken = house.book("baba", "window", "10:00", "11:00")
    house.hear("focus", ("08:50", True), ("08:51", True))
    path = f"/floors/{house.floor_id}/availability?{query('10:00', '12:00')}"
    spaces = api.call("aoki", "GET", path).get_json()["spaces"]
    found = {space["code"]: space for space in spaces}
    assert {code: space["reason"] for code, space in found.items()} == {
        "seat": "yours",
        "window": "taken",
        "bare": None,
        "focus": None,
        "booth": None,
        "taxes": "other_section",
        "free": "free_seating",
    }
    assert all(space["available"] == (space["reason"] is None) for space in spaces)
    assert found["seat"]["booking_id"] == mine.id
    assert found["window"]["booking_id"] == taken.id
    assert found["focus"]["occupancy"] == "occupied"
    assert found["bare"]["occupancy"] == "unknown"
    assert set(found["seat"]) == {
        "id",
        "code",
        "kind",
        "zone_id",
        "available",
        "reason",
        "occupancy",
        "booking_id",
    }
    later = api.call("aoki", "GET", f"/floors/{house.floor_id}/availability?{query('11:00', '12:00')}")
    assert {s["reason"] for s in later.get_json()["spaces"] if s["code"] in {"seat", "window"}} == {None}


def test_usage_sets_what_happened_beside_what_was_booked(
    api: Api, house: House, clock: SteppingClock
) -> None:
    house.book("aoki", "seat", "09:00", "12:00")
    house.hear("seat", ("09:05", True), ("09:06", True))
    house.hear_beats("seat", "09:10", "10:00", occupied=True)
    house.hear("window", ("09:20", True), ("09:21", True))
    clock.at = at("10:00")
    path = f"/usage?{query('08:00', '18:00', ('from', 'to'))}"
    own = items(api, "aoki", path)
    assert [(row["space_code"], row["status"]) for row in own] == [("seat", "checked_in")]
    assert own[0]["actual"]["start"] == at("09:05").isoformat()
    everything = items(api, "fujii", path)
    assert {(row["space_code"], row["booking_id"] is None) for row in everything} == {
        ("seat", False),
        ("window", True),
    }
    assert items(api, "baba", path) == []


def test_a_home_day_is_planned_by_oneself_and_approved_by_the_chief(api: Api) -> None:
    plan = api.call("aoki", "PUT", "/telework/plans", {"on": "2026-11-25", "half": "am", "kind": "home"})
    assert plan.status_code == 200, plan.text
    path = f"/telework/plans/{plan.get_json()['id']}/approve"
    assert problem(api.call("aoki", "POST", path)) == (403, "access.denied")
    assert api.call("chiba", "POST", path).get_json()["approved_at"] == at("09:00").isoformat()
    listed = items(api, "aoki", "/telework/plans?from=2026-11-24&to=2026-11-30")
    assert [(one["on"], one["half"], one["kind"]) for one in listed] == [("2026-11-25", "am", "home")]
    assert problem(api.call("chiba", "POST", "/telework/plans/999/approve")) == (404, "telework.unknown")


def test_the_day_log_is_ones_own_or_the_chiefs_sections(api: Api, house: House) -> None:
    path = "/telework/days?from=2026-11-24&to=2026-11-24"
    (soumu,) = house.people["chiba"].section_ids
    assert items(api, "aoki", path) == []
    assert items(api, "chiba", f"{path}&section={soumu}") == []
    for who, more in (("aoki", f"&section={soumu}"), ("aoki", f"&user={house.people['baba'].id}")):
        assert problem(api.call(who, "GET", path + more)) == (403, "telework.not_allowed")


def test_people_are_listed_for_those_who_plan_with_them(api: Api, house: House) -> None:
    assert api.call("aoki", "GET", "/me").get_json()["role"] == "staff"
    assert [section["code"] for section in items(api, "aoki", "/sections")] == ["soumu", "zei"]
    (zei,) = house.people["endo"].section_ids
    assert [one["name"] for one in items(api, "chiba", f"/people?section={zei}")] == ["endo", "fujii"]
    assert problem(api.call("aoki", "GET", "/people")) == (403, "access.denied")


def test_sensors_are_shown_to_those_who_look_after_them(api: Api, house: House, clock: SteppingClock) -> None:
    house.hear("seat", ("08:50", False))
    house.readings("seat", [("08:55", False)])  # numbered, but it never came
    house.hear("seat", ("08:59", False))
    sensors = {one["id"]: one for one in items(api, "fujii", "/sensors?limit=200")}
    assert len(sensors) == len(house.spaces) - 1
    assert sensors["sensor-seat"] == {
        "id": "sensor-seat",
        "space_id": house.spaces["seat"],
        "space_code": "seat",
        "state": "unknown",
        "last_seen_at": at("08:59").isoformat(),
        "battery_pct": None,
        "missing": 1,
    }
    assert sensors["sensor-booth"]["last_seen_at"] is None
    first = api.call("fujii", "GET", "/sensors?limit=2").get_json()
    rest = items(api, "fujii", f"/sensors?cursor={first['next_cursor']}")
    assert [one["id"] for one in first["items"] + rest] == sorted(sensors)
    assert problem(api.call("aoki", "GET", "/sensors")) == (403, "access.denied")
