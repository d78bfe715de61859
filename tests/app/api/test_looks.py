"""Whoever is answered another person's bookings or days is noted, by whichever request (RULES 20)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from app.clock import SteppingClock
from app.database import reading
from app.events import Event
from app.people.lookup import LISTED
from app.people.models import Role
from app.telework.rules import Half
from tests.app.telework.days import become, planned
from tests.app.test_others_pages import sign_in
from tests.fixtures.web import Api
from tests.house import DAY, House, at

DAYS = {"from": at("00:00").isoformat(), "to": at("23:00").isoformat()}


def lookers(api: Api) -> list[str]:
    """Who looked aoki up, the first one first."""
    return [one["name"] for one in reversed(api.call("aoki", "GET", "/me/looks").get_json()["items"])]


def _rehearsed(api: Api, aoki: int, _booking: int) -> Any:
    return api.call("chiba", "POST", "/bookings/cancel", {"user_id": aoki, "dry_run": True, **DAYS})


def _changed_in_nothing(api: Api, _aoki: int, booking: int) -> Any:
    return api.call("chiba", "PATCH", f"/bookings/{booking}", {}, If_Match="*")


def _checked_in_again(api: Api, _aoki: int, booking: int) -> Any:
    assert api.call("aoki", "POST", f"/bookings/{booking}/check-in").status_code == 200
    return api.call("chiba", "POST", f"/bookings/{booking}/check-in")


def _left_in_rehearsal(api: Api, aoki: int, _booking: int) -> Any:
    return api.call("chiba", "POST", f"/people/{aoki}/leave", {"dry_run": True})


def _series_in_rehearsal(api: Api, aoki: int, _booking: int) -> Any:
    body = {
        "space_id": 1,
        "start": at("10:00", day=1).isoformat(),
        "end": at("11:00", day=1).isoformat(),
        "for_user_id": aoki,
        "repeat": {"every": "week", "until": "2026-12-09", "dry_run": True},
    }
    return api.call("chiba", "POST", "/bookings", body)


def _caps(api: Api, aoki: int, _booking: int) -> Any:
    return api.call("chiba", "GET", f"/telework/caps?user={aoki}")


def _account(api: Api, aoki: int, _booking: int) -> Any:
    return api.call("chiba", "GET", f"/people/{aoki}")


@pytest.mark.parametrize(
    ("asked", "role"),
    [
        (_rehearsed, Role.CHIEF),
        (_changed_in_nothing, Role.CHIEF),
        (_checked_in_again, Role.CHIEF),
        (_left_in_rehearsal, Role.IT),
        (_series_in_rehearsal, Role.CHIEF),
        (_caps, Role.CHIEF),
        (_account, Role.AUDITOR),
    ],
)
def test_what_changes_nothing_of_anothers_is_a_look(
    api: Api, house: House, asked: Callable[[Api, int, int], Any], role: Role
) -> None:
    become(house, "chiba", role)
    booking = house.book("aoki", "seat", "09:00", "11:00").id
    answer = asked(api, house.people["aoki"].id, booking)
    assert answer.status_code == 200, answer.text
    assert lookers(api) == ["chiba"]


def test_ones_own_and_what_tells_the_person_by_itself_are_no_looks(api: Api, house: House) -> None:
    booking = house.book("aoki", "seat", "09:00", "11:00").id
    aoki = house.people["aoki"].id
    for path, body in (
        ("/bookings/cancel", {"dry_run": True, **DAYS}),
        (f"/bookings/{booking}/check-in", {}),
    ):
        assert api.call("aoki", "POST", path, body).status_code == 200
    assert api.call("aoki", "GET", f"/telework/caps?user={aoki}").status_code == 200
    assert api.call("chiba", "POST", f"/bookings/{booking}/end").status_code == 200
    assert lookers(api) == []


def test_a_rehearsal_under_a_key_is_noted_too(api: Api, house: House) -> None:
    house.book("aoki", "seat", "09:00", "11:00")
    body = {"user_id": house.people["aoki"].id, "dry_run": True, **DAYS}
    api.call("chiba", "POST", "/bookings/cancel", body, Idempotency_Key="one")
    assert lookers(api) == ["chiba"]


def test_a_plan_that_is_seen_is_noted_and_one_that_is_decided_on_is_not(api: Api, house: House) -> None:
    plan = planned(house, "aoki", Half.AM, approved=False)
    tag = api.call("chiba", "GET", f"/telework/plans/{plan}").headers["ETag"]
    assert lookers(api) == ["chiba"]
    assert api.call("chiba", "POST", f"/telework/plans/{plan}/approve", If_Match=tag).status_code == 200
    assert lookers(api) == ["chiba"]


def test_personnel_are_told_how_many_bookings_a_leaver_has_and_not_which(api: Api, house: House) -> None:
    become(house, "chiba", Role.PERSONNEL)
    house.book("aoki", "seat", "09:00", "11:00")
    path = f"/people/{house.people['aoki'].id}/leave"
    for body in ({"dry_run": True}, {}):
        answer = api.call("chiba", "POST", path, body, If_Match="*").get_json()
        assert (answer["freed"], answer["bookings"]) == (1, [])


def test_pages_that_show_anothers_booking_or_account_note_it(
    app: Any, api: Api, house: House, clock: SteppingClock
) -> None:
    booking = house.book("aoki", "seat", "10:00", "11:00").id
    chief = sign_in(app, house, "chiba")
    stale = chief.post(f"/bookings/{booking}/change", version="99", date=DAY.isoformat())
    assert (stale.status_code, lookers(api)) == (409, ["chiba"])
    become(house, "endo", Role.AUDITOR)
    sign_in(app, house, "endo").get(f"/office/people/{house.people['aoki'].id}")
    assert lookers(api) == ["chiba", "endo"]


@pytest.mark.parametrize("role", [Role.PERSONNEL, Role.IT, Role.AUDITOR])
def test_whoever_keeps_the_accounts_is_noted_too_where_they_look_at_one(
    app: Any, api: Api, house: House, role: Role
) -> None:
    become(house, "chiba", role)
    aoki, chiba = house.people["aoki"].id, house.people["chiba"].id
    browser = sign_in(app, house, "chiba")
    assert api.call("chiba", "GET", f"/people/{aoki}").status_code == 200
    assert lookers(api) == ["chiba"]
    browser.get(f"/office/people/{aoki}")
    assert lookers(api) == ["chiba", "chiba"]
    assert "chiba" in sign_in(app, house, "aoki").get("/account")
    browser.get(f"/office/people/{chiba}")
    assert api.call("chiba", "GET", "/me/looks").get_json()["items"] == []


def test_a_list_or_a_file_of_people_leaves_one_trace_however_long_it_is(
    app: Any, api: Api, house: House
) -> None:
    become(house, "chiba", Role.PERSONNEL)
    browser = sign_in(app, house, "chiba")
    section = next(iter(house.people["aoki"].section_ids))
    assert len(api.call("chiba", "GET", f"/people?section={section}&limit=1").get_json()["items"]) == 1
    everybody = len(house.people)
    browser.get("/office/people")
    assert api.call("chiba", "GET", "/exports/people").status_code == 200
    browser.get("/files/people")
    assert api.call("chiba", "GET", "/exports/sections").status_code == 200
    with reading(house.engine) as session:
        found = session.scalars(select(Event).where(Event.kind == LISTED).order_by(Event.id)).all()
    assert {(one.subject, one.actor_id) for one in found} == {("people", house.people["chiba"].id)}
    assert [one.data for one in found] == [
        {"count": 1, "section_id": section},
        {"count": everybody, "section_id": None, "has_left": False},
        {"count": everybody, "file": True},
        {"count": everybody, "file": True},
    ]
    assert lookers(api) == []
