"""What the API shows of the office: floors, availability, usage, telework, people, sensors."""

from __future__ import annotations

from typing import Any

from sqlalchemy import update

from app import pipeline
from app.calendar import public_holidays
from app.clock import SteppingClock
from app.database import transaction
from app.people.models import Role, User
from tests.fixtures.web import Api, problem
from tests.house import DAY, OFFICE, House, at


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
    assert problem(api.call("aoki", "POST", path)) == (403, "telework.not_allowed")
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
        answer = api.call(who, "GET", path + more, Accept_Language="en")
        assert problem(answer) == (403, "telework.not_allowed")
        assert "shown to" in answer.get_json()["detail"], "says whose days, not who approves"


def close_day(house: House) -> None:
    """The Tuesday is over, at four on the next morning."""
    with transaction(house.engine) as session:
        pipeline.close_day(session, DAY, at("04:00", day=1), OFFICE, public_holidays(DAY.year))


def test_a_closed_day_is_told_by_class_with_its_reason(api: Api, house: House) -> None:
    plan = {"on": DAY.isoformat(), "half": "am", "kind": "home"}
    planned = api.call("aoki", "PUT", "/telework/plans", plan).get_json()
    api.call("chiba", "POST", f"/telework/plans/{planned['id']}/approve")
    close_day(house)
    path = f"/telework/days?from={DAY}&to={DAY}"
    own = items(api, "aoki", path)
    assert own[0] == {
        "id": own[0]["id"],
        "user_id": house.people["aoki"].id,
        "name": "aoki",
        "on": DAY.isoformat(),
        "half": "am",
        "class": "telework",
        "found": "telework",
        "reason": "home_unreported",
        "confidence": "likely",
        "form": "home",
        "telework_minutes": 210,
        "conflict": False,
        "frozen": False,
        "evidence": {
            "plan": {
                "kind": "home",
                "approved_at": at("09:00").isoformat(),
                "approved_by": "chiba",
                "reported_at": None,
            },
            "by_hand": [],
            "inferred": [],
            "minutes_by_hand": 0,
            "minutes_inferred": 0,
            "holiday": "",
        },
        "corrections": [],
    }
    assert [(one["half"], one["class"], one["reason"]) for one in own[1:]] == [
        ("pm", "unknown", "no_evidence")
    ]
    assert items(api, "aoki", f"{path}&user=me") == own
    (soumu,) = house.people["chiba"].section_ids
    assert {one["name"] for one in items(api, "chiba", f"{path}&section={soumu}")} == {
        "aoki",
        "baba",
        "chiba",
    }
    late = api.call("aoki", "PUT", "/telework/plans", plan | {"kind": "office"})
    assert problem(late) == (409, "telework.day_closed")


def test_personnel_sees_whom_it_asks_for(api: Api, house: House) -> None:
    with transaction(house.engine) as session:
        session.execute(update(User).where(User.email == "baba@example.jp").values(role=Role.PERSONNEL))
    close_day(house)
    path = f"/telework/days?from={DAY}&to={DAY}"
    (zei,) = house.people["endo"].section_ids
    for question, names in (
        ("", {"baba"}),
        ("&user=me", {"baba"}),
        (f"&user={house.people['aoki'].id}", {"aoki"}),
        (f"&section={zei}", {"endo", "fujii"}),
        (f"&section={zei}&user={house.people['endo'].id}", {"endo"}),
        (f"&section={zei}&user={house.people['aoki'].id}", set()),
    ):
        assert {one["name"] for one in items(api, "baba", path + question)} == names, question


def test_a_chief_approves_the_own_sections_plans_only(api: Api) -> None:
    plan = api.call("endo", "PUT", "/telework/plans", {"on": "2026-11-25", "half": "pm", "kind": "trip"})
    path = f"/telework/plans/{plan.get_json()['id']}/approve"
    assert problem(api.call("chiba", "POST", path)) == (403, "telework.not_allowed")
    (listed,) = items(api, "endo", "/telework/plans?from=2026-11-25&to=2026-11-25")
    assert listed | {"needless_bookings": [], "partly_needless": [], "breaches": []} == plan.get_json()
    assert listed["approved_at"] is None


def test_a_plan_that_changes_needs_approval_again(api: Api) -> None:
    plan = {"on": "2026-11-25", "half": "am", "kind": "home"}
    first = api.call("aoki", "PUT", "/telework/plans", plan).get_json()
    api.call("chiba", "POST", f"/telework/plans/{first['id']}/approve")
    same = api.call("aoki", "PUT", "/telework/plans", plan).get_json()
    assert (same["id"], same["approved_at"]) == (first["id"], at("09:00").isoformat())
    other = api.call("aoki", "PUT", "/telework/plans", plan | {"kind": "leave"}).get_json()
    assert (other["id"], other["approved_at"]) == (first["id"], None)


def test_a_session_without_a_booking_has_the_same_shape_as_a_booking_without_one(
    api: Api, house: House, clock: SteppingClock
) -> None:
    booking = house.book("aoki", "seat", "10:00", "12:00")
    house.hear("window", ("09:20", True), ("09:21", True), ("09:30", False))
    house.sweep("09:50")
    clock.at = at("09:50")
    path = f"/usage?{query('08:00', '18:00', ('from', 'to'))}"
    booked, walked_in = items(api, "fujii", path)
    assert booked == {
        "space_id": house.spaces["seat"],
        "space_code": "seat",
        "booking_id": booking.id,
        "status": "booked",
        "reason": "",
        "booked": {"start": at("10:00").isoformat(), "end": at("12:00").isoformat()},
        "actual": None,
        "real": None,
        "flag": "",
        "correction": None,
    }
    assert walked_in == {
        "space_id": house.spaces["window"],
        "space_code": "window",
        "booking_id": None,
        "status": None,
        "reason": None,
        "booked": None,
        "actual": {"start": at("09:20").isoformat(), "end": at("09:30").isoformat()},
        "real": {"start": at("09:20").isoformat(), "end": at("09:30").isoformat()},
        "flag": "",
        "correction": None,
    }
    assert items(api, "fujii", f"{path}&space={house.spaces['window']}") == [walked_in]


def test_people_are_listed_for_those_who_plan_with_them(api: Api, house: House) -> None:
    assert api.call("aoki", "GET", "/me").get_json()["role"] == "staff"
    assert [section["code"] for section in items(api, "aoki", "/sections")] == ["soumu", "zei"]
    (zei,) = house.people["endo"].section_ids
    assert [one["name"] for one in items(api, "chiba", f"/people?section={zei}")] == ["endo", "fujii"]
    assert problem(api.call("aoki", "GET", "/people")) == (403, "person.query")


def test_sensors_are_shown_to_those_who_look_after_them(api: Api, house: House, clock: SteppingClock) -> None:
    house.hear("seat", ("08:50", False))
    house.readings("seat", [("08:55", False)])  # numbered, but it never came
    house.hear("seat", ("08:59", False))
    sensors = {one["id"]: one for one in items(api, "fujii", "/sensors?limit=200")}
    assert len(sensors) == len(house.spaces) - 1
    assert sensors["sensor-seat"] == {
        "id": "sensor-seat",
        "model": "akiseki-pir",
        "space_ids": [house.spaces["seat"]],
        "space_codes": ["seat"],
        "state": "unknown",
        "last_seen_at": at("08:59").isoformat(),
        "battery_pct": None,
        "missing": 1,
        "restarts": 0,
        "suspect": False,
        "flapping": False,
        "low": False,
        "troubles": ["gaps"],
    }
    assert sensors["sensor-booth"]["last_seen_at"] is None
    first = api.call("fujii", "GET", "/sensors?limit=2").get_json()
    rest = items(api, "fujii", f"/sensors?cursor={first['next_cursor']}")
    assert [one["id"] for one in first["items"] + rest] == sorted(sensors)
    assert problem(api.call("aoki", "GET", "/sensors")) == (403, "access.denied")


PAGED = (
    "/floors",
    "/zones",
    "/spaces",
    "/sites",
    "/sections",
    "/people",
    "/sensors",
    f"/usage?{query('08:00', '18:00', ('from', 'to'))}",
    f"/telework/days?from={DAY}&to={DAY}",
)


def test_a_list_in_pages_is_the_list(api: Api, house: House) -> None:
    house.book("fujii", "seat", "09:00", "12:00")
    house.book("fujii", "booth", "09:00", "10:00")
    close_day(house)
    for path in PAGED:
        sign = "&" if "?" in path else "?"
        whole = items(api, "fujii", f"{path}{sign}limit=200")
        pages: list[Any] = []
        cursor: Any = ""
        while cursor is not None:
            answer = api.call(
                "fujii", "GET", f"{path}{sign}limit=1{cursor and f'&cursor={cursor}'}"
            ).get_json()
            assert len(answer["items"]) == 1
            pages += answer["items"]
            cursor = answer["next_cursor"]
        assert pages == whole, path
