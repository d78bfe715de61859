"""Series, outages and absences over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from tests.app.api.test_bookings import book
from tests.fixtures.web import Api, problem
from tests.house import DAY, House, at

DAILY = {"every": "day", "count": 3}


def asked(house: House, repeat: dict[str, Any], where: str = "seat") -> dict[str, Any]:
    return {
        "space_id": house.spaces[where],
        "start": at("10:00").isoformat(),
        "end": at("12:00").isoformat(),
        "repeat": repeat,
    }


def statuses(api: Api, who: str = "aoki") -> list[str]:
    items = api.call(who, "GET", "/bookings").get_json()["items"]
    return [one["status"] for one in items]


def test_a_series_is_made_changed_and_cancelled(api: Api, house: House) -> None:
    made = api.call("aoki", "POST", "/bookings", asked(house, DAILY))
    assert made.status_code == 201, made.text
    series = made.get_json()["series"]
    assert [one["start"] for one in series["bookings"]] == [at("10:00", day=n).isoformat() for n in range(3)]
    assert series["refused"] == []
    assert made.get_json()["id"] == series["bookings"][0]["id"]
    path = f"/bookings/{series['bookings'][1]['id']}"
    version = api.call("aoki", "GET", path).headers["ETag"]
    body = {
        "start": at("13:00", day=1).isoformat(),
        "end": at("14:00", day=1).isoformat(),
        "scope": "following",
    }
    assert api.call("aoki", "PATCH", path, body, If_Match=version).status_code == 200
    items = api.call("aoki", "GET", "/bookings").get_json()["items"]
    assert [one["start"] for one in items] == [
        at("10:00").isoformat(),
        at("13:00", day=1).isoformat(),
        at("13:00", day=2).isoformat(),
    ]
    version = api.call("aoki", "GET", path).headers["ETag"]
    assert api.call("aoki", "DELETE", f"{path}?scope=all", If_Match=version).status_code == 204
    assert statuses(api) == ["cancelled"] * 3


def test_a_series_that_goes_to_other_days_tells_which_it_left_out(api: Api, house: House) -> None:
    made = api.call("aoki", "POST", "/bookings", asked(house, DAILY | {"count": 4})).get_json()["series"]
    path = f"/bookings/{made['bookings'][0]['id']}"
    body = {
        "start": at("10:00", day=1).isoformat(),
        "end": at("12:00", day=1).isoformat(),
        "scope": "all",
    }
    version = api.call("aoki", "GET", path).headers["ETag"]
    changed = api.call("aoki", "PATCH", path, body, If_Match=version)
    assert changed.status_code == 200
    assert changed.get_json()["start"] == at("10:00", day=1).isoformat()
    assert changed.get_json()["left_out"] == [
        {
            "booking_id": made["bookings"][3]["id"],
            "start": at("10:00", day=4).isoformat(),
            "end": at("12:00", day=4).isoformat(),
        }
    ]
    assert sorted(statuses(api)) == ["booked"] * 3 + ["cancelled"]
    one = api.call("aoki", "PATCH", path, {"title": "x"}, If_Match=changed.headers["ETag"])
    assert "left_out" not in one.get_json()
    saturday = {"start": at("10:00", day=4).isoformat(), "end": at("12:00", day=4).isoformat()}
    last = f"/bookings/{made['bookings'][2]['id']}"
    version = api.call("aoki", "GET", last).headers["ETag"]
    none_left = api.call("aoki", "PATCH", last, saturday | {"scope": "following"}, If_Match=version)
    assert problem(none_left) == (422, "series.empty")


def test_a_dry_run_tells_and_books_nothing(api: Api, house: House) -> None:
    house.book("baba", "seat", "10:00", "12:00", day=1)
    told = api.call("aoki", "POST", "/bookings", asked(house, DAILY | {"dry_run": True}))
    assert told.status_code == 200
    series = told.get_json()["series"]
    assert (series["id"], len(series["bookings"])) == (None, 2)
    (refused,) = series["refused"]
    assert (refused["code"], refused["nearest_start"]) == ("booking.overlap", at("12:00", day=1).isoformat())
    assert refused["nearest_space_id"] in {house.spaces["window"], house.spaces["bare"]}
    assert statuses(api) == []


def test_all_or_nothing_unless_the_possible_ones_are_asked_for(api: Api, house: House) -> None:
    house.book("baba", "seat", "10:00", "12:00", day=1)
    refused = api.call("aoki", "POST", "/bookings", asked(house, DAILY))
    assert problem(refused) == (409, "series.refused")
    assert statuses(api) == []
    made = api.call("aoki", "POST", "/bookings", asked(house, DAILY | {"possible_ones": True}))
    assert made.status_code == 201
    assert statuses(api) == ["booked", "booked"]


@pytest.mark.parametrize(
    ("possible_ones", "taken", "english", "japanese"),
    [(False, [1, 2], "Wed, Nov 25", "11月25日(水)"), (True, [0, 1, 2], "Tue, Nov 24", "11月24日(火)")],
)
def test_a_series_refused_as_a_whole_names_its_first_day_and_the_rule(
    api: Api, house: House, possible_ones: bool, taken: list[int], english: str, japanese: str
) -> None:
    for day in taken:
        house.book("baba", "seat", "10:00", "12:00", day=day)
    body = asked(house, DAILY | {"possible_ones": possible_ones})
    answer = api.call("aoki", "POST", "/bookings", body, Accept_Language="en")
    assert problem(answer) == (409, "series.refused")
    said = answer.get_json()
    start, end = at("10:00", day=taken[0]).isoformat(), at("12:00", day=taken[0]).isoformat()
    assert (said["rule"], said["value"]) == ("space", f"{start}/{end}")
    assert said["allowed"] == "another time or space"
    facts = said["facts"]
    assert (facts["start"], facts["because"]) == (start, "booking.overlap")
    assert (facts["refused"], facts["of"]) == (len(taken), 3)
    assert said["detail"] == (
        f"Not every day can be had. Nothing was booked. {english} 10:00: The space is already taken for part of that"
        " time. Choose another one."
    )
    assert f"{japanese} 10:00：" in api.call("aoki", "POST", "/bookings", body).get_json()["detail"]
    assert statuses(api) == []


def test_a_series_refused_as_a_whole_names_the_limit(api: Api, house: House) -> None:
    body = asked(house, {"every": "week", "count": 14, "working_days_only": False})
    answer = api.call("aoki", "POST", "/bookings", body, Accept_Language="en")
    said = answer.get_json()
    assert (problem(answer), said["rule"]) == ((409, "series.refused"), "horizon")
    assert said["facts"]["start"] == at("10:00", day=7 * 12).isoformat()
    assert said["allowed"].startswith("<= 2027-02-16")
    assert said["detail"].endswith("The latest start is Tue, Feb 16 09:00.")


def test_the_days_that_a_series_leaves_out_are_told_with_the_reason(api: Api, house: House) -> None:
    chosen = ["2026-11-20", "2026-11-25", "2026-11-28", "2027-12-01"]
    for dry_run, status in ((True, 200), (False, 201)):
        answer = api.call("aoki", "POST", "/bookings", asked(house, {"dates": chosen, "dry_run": dry_run}))
        assert answer.status_code == status
        series = answer.get_json()["series"]
        assert [one["start"] for one in series["bookings"]] == [at("10:00", day=1).isoformat()]
        assert series["left_out"] == [
            {"on": "2026-11-20", "why": "earlier", "and_later": False},
            {"on": "2026-11-28", "why": "closed", "and_later": False},
            {"on": "2027-12-01", "why": "far", "and_later": False},
        ]


@pytest.mark.parametrize(
    ("chosen", "rule", "value", "allowed", "detail"),
    [
        (
            "2026-11-28",
            "closed",
            "2026-11-28",
            "a working day, or working_days_only: false",
            "All of these days are closed. Choose others, or book closed days too.",
        ),
        (
            "2026-11-20",
            "earlier",
            "2026-11-20",
            ">= 2026-11-24",
            "The chosen days all come before the first day.",
        ),
        (
            "2028-11-20",
            "far",
            "2028-11-20",
            "< 2027-11-25",
            "The chosen days are all a year away, or more.",
        ),
    ],
)
def test_where_no_day_is_left_the_rule_is_named_that_leaves_none(
    api: Api, house: House, chosen: str, rule: str, value: str, allowed: str, detail: str
) -> None:
    body = asked(house, {"dates": [chosen]})
    answer = api.call("aoki", "POST", "/bookings", body, Accept_Language="en")
    assert problem(answer) == (422, "series.empty")
    said = answer.get_json()
    assert (said["rule"], said["value"], said["allowed"]) == (rule, value, allowed)
    assert said["detail"] == detail


def test_the_nearest_time_of_a_series_day_lies_within_the_offices_hours(api: Api, house: House) -> None:
    house.book("baba", "seat", "08:30", "17:15", day=1)
    body = asked(house, DAILY | {"dry_run": True})
    (refused,) = api.call("aoki", "POST", "/bookings", body).get_json()["series"]["refused"]
    assert refused["nearest_start"] is None
    assert refused["nearest_space_id"] is not None


@pytest.mark.parametrize(
    "repeat",
    [
        {},
        {"every": "month", "count": 2},
        {"every": "day"},
        {"every": "day", "count": 0},
        {"every": "day", "count": 1000},
        {"every": "week", "weekdays": [7], "count": 2},
        {"every": "day", "count": 2, "until": DAY.isoformat()},
        {"dates": []},
        {"dates": ["yesterday"]},
    ],
)
def test_a_recurrence_that_is_none_is_refused(api: Api, house: House, repeat: dict[str, Any]) -> None:
    assert problem(api.call("aoki", "POST", "/bookings", asked(house, repeat))) == (422, "request.invalid")
    assert statuses(api) == []


def test_a_seat_breaks_and_its_people_go_elsewhere_after_a_look(api: Api, house: House) -> None:
    booking = book(api, "aoki", house.spaces["seat"], "10:00", "12:00")
    path = f"/spaces/{house.spaces['seat']}/outage"
    told = api.call("fujii", "POST", path, {"dry_run": True})
    assert told.status_code == 200
    (move,) = told.get_json()["moves"]
    assert (move["booking_id"], move["to_code"]) == (booking["id"], "bare")
    assert (
        api.call("aoki", "GET", f"/bookings/{booking['id']}").get_json()["space_id"] == house.spaces["seat"]
    )
    done = api.call("fujii", "POST", path, {"reason": "壊れた"})
    assert (done.status_code, done.get_json()) == (201, told.get_json())
    assert api.call("aoki", "GET", f"/spaces/{house.spaces['seat']}").get_json()["out_of_order"]
    assert (
        api.call("aoki", "GET", f"/bookings/{booking['id']}").get_json()["space_id"] == house.spaces["bare"]
    )
    assert api.call("fujii", "DELETE", path).status_code == 204
    assert not api.call("aoki", "GET", f"/spaces/{house.spaces['seat']}").get_json()["out_of_order"]
    assert problem(api.call("aoki", "POST", path, {})) == (403, "access.denied")
    past = {"end": at("08:00").isoformat()}
    assert problem(api.call("fujii", "POST", path, past)) == (422, "request.invalid")


def test_an_absence_offers_what_it_makes_needless_and_one_call_gives_it_up(api: Api, house: House) -> None:
    booking = book(api, "aoki", house.spaces["seat"], "13:00", "17:00")
    body = {"on": DAY.isoformat(), "half": "pm", "kind": "home"}
    planned = api.call("aoki", "PUT", "/telework/plans", body).get_json()
    assert [one["id"] for one in planned["needless_bookings"]] == [booking["id"]]
    span = {"from": at("12:00").isoformat(), "to": at("18:00").isoformat()}
    told = api.call("aoki", "POST", "/bookings/cancel", span | {"dry_run": True}).get_json()
    assert [(one["id"], one["status"]) for one in told["cancelled"]] == [(booking["id"], "cancelled")]
    assert statuses(api) == ["booked"]
    done = api.call("aoki", "POST", "/bookings/cancel", span).get_json()
    assert [one["status"] for one in done["cancelled"]] == ["cancelled"]
    assert statuses(api) == ["cancelled"]
    others = span | {"user_id": house.people["baba"].id}
    assert problem(api.call("aoki", "POST", "/bookings/cancel", others)) == (403, "booking.not_allowed")


def test_a_series_of_nobody_cannot_be_confirmed(api: Api) -> None:
    assert problem(api.call("aoki", "POST", "/series/10000/confirm")) == (404, "series.unknown")
