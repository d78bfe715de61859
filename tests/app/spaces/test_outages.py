"""Outages of one space beside each other: what is mended ends, what is planned stays until it is taken back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app import migrate
from app.database import reading, transaction
from app.errors import Conflict
from app.events import history
from app.spaces import outages
from app.spaces.models import SpaceOutage
from tests.app.bookings.test_walk_in import post, signed_in
from tests.fixtures.web import Api, problem
from tests.house import DAY, House, at
from tests.statements import counted

PLANNED = {"start": at("00:00", day=7).isoformat(), "end": at("18:00", day=7).isoformat(), "reason": "床工事"}


def seat(house: House) -> str:
    return f"/spaces/{house.spaces['seat']}"


def listed(api: Api) -> list[tuple[str, str | None]]:
    found = api.call("aoki", "GET", "/outages").get_json()["items"]
    return [(one["reason"], one["end"]) for one in found]


def booked_on_the_planned_day(api: Api, house: House) -> Any:
    wanted = {"start": at("10:00", day=7).isoformat(), "end": at("11:00", day=7).isoformat()}
    return api.call("aoki", "POST", "/bookings", {"space_id": house.spaces["seat"], **wanted})


def test_mending_leaves_a_planned_outage_which_is_taken_back_by_its_id(api: Api, house: House) -> None:
    for body in (PLANNED, {"reason": "椅子"}):
        assert api.call("fujii", "POST", f"{seat(house)}/outage", body).status_code == 201
    assert listed(api) == [("椅子", None), ("床工事", PLANNED["end"])]
    assert api.call("fujii", "DELETE", f"{seat(house)}/outage").status_code == 204
    assert listed(api) == [("床工事", PLANNED["end"])]
    assert not api.call("aoki", "GET", seat(house)).get_json()["out_of_order"]
    assert booked_on_the_planned_day(api, house).get_json()["rule"] == "out_of_order"
    (planned,) = api.call("fujii", "GET", "/outages").get_json()["items"]
    path = f"/outages/{planned['id']}"
    assert api.call("aoki", "GET", path).get_json() == planned
    assert problem(api.call("aoki", "DELETE", path)) == (403, "access.denied")
    assert api.call("fujii", "DELETE", path).status_code == 204
    assert booked_on_the_planned_day(api, house).status_code == 201
    assert problem(api.call("aoki", "GET", path)) == (404, "outage.unknown")
    assert problem(api.call("fujii", "DELETE", path)) == (409, "outage.over")
    assert problem(api.call("fujii", "DELETE", "/outages/999")) == (404, "outage.unknown")


def test_an_outage_that_was_lifted_stays_in_the_records_and_the_log_names_it(house: House) -> None:
    house.break_("seat", "08:00", "18:00")
    house.break_("seat", "15:00")
    space_id = house.spaces["seat"]
    with transaction(house.engine) as session:
        assert outages.mend(session, [space_id], actor_id=None, now=at("09:00")) == 1
    with transaction(house.engine) as session:
        (planned,) = outages.list_outages(session, now=at("09:00"))
        outages.lift(session, planned.outage.id, actor_id=None, now=at("09:30"))
    with reading(house.engine) as session:
        kept = session.scalars(select(SpaceOutage).order_by(SpaceOutage.id)).all()
        assert [(one.end_at, one.lifted_at) for one in kept] == [
            (at("18:00"), at("09:00")),
            (None, at("09:30")),
        ]
        told = [(one.kind, one.data) for one in history(session, f"space:{space_id}")][-3:]
        assert told == [
            (
                "space.outage_ended",
                {"outage_id": kept[0].id, "start": at("08:00").isoformat(), "end": at("18:00").isoformat()},
            ),
            ("space.in_order", {}),
            (
                "space.outage_withdrawn",
                {"outage_id": kept[1].id, "start": at("15:00").isoformat(), "end": None},
            ),
        ]


def kinds_told(house: House, where: str = "seat") -> list[str]:
    """What was told of a space, but that it went out of order."""
    with reading(house.engine) as session:
        told = [one.kind for one in history(session, f"space:{house.spaces[where]}")]
    return [one for one in told if one != "space.out_of_order"]


def test_a_space_is_in_order_when_the_last_outage_of_now_has_ended(house: House) -> None:
    house.break_("seat", "08:00", "18:00")
    house.break_("seat", "08:30")
    house.break_("seat", "15:00")
    with reading(house.engine) as session:
        first, second, planned = (one.outage.id for one in outages.list_outages(session, now=at("09:00")))
    told = []
    for one in (first, planned, second):
        with transaction(house.engine) as session:
            outages.lift(session, one, actor_id=None, now=at("09:00"))
        told.append(kinds_told(house))
    ended, withdrawn = "space.outage_ended", "space.outage_withdrawn"
    assert told == [
        [ended],
        [ended, withdrawn],
        [ended, withdrawn, ended, "space.in_order"],
    ]


def test_mending_tells_once_for_each_space_that_it_is_in_order(house: House) -> None:
    statements = []
    for wheres, outages_each in ((["seat"], 1), (["focus", "booth"], 2)):
        for where in wheres * outages_each:
            house.break_(where, "08:00")
        with transaction(house.engine) as session, counted(house.engine) as ran:
            mended = [house.spaces[where] for where in wheres]
            outages.mend(session, mended, actor_id=None, now=at("09:00"))
        statements.append(len(ran))
        for where in wheres:
            assert kinds_told(house, where) == [*["space.outage_ended"] * outages_each, "space.in_order"]
    assert statements[0] == statements[1]


def test_one_outage_is_ended_once_by_however_many_end_it_at_this_moment(house: House) -> None:
    house.break_("seat", "08:30")
    with reading(house.engine) as session:
        (outage,) = (one.outage.id for one in outages.list_outages(session, now=at("09:00")))

    def lift() -> None:
        with transaction(house.engine) as session:
            outages.lift(session, outage, actor_id=None, now=at("09:00"))

    def mend() -> int:
        with transaction(house.engine) as session:
            return outages.mend(session, [house.spaces["seat"]], actor_id=None, now=at("09:00"))

    with ThreadPoolExecutor(2) as pool:
        with transaction(house.engine) as session:
            outages.lift(session, outage, actor_id=None, now=at("09:00"))
            waiting = pool.submit(lift), pool.submit(mend)
            with pytest.raises(TimeoutError):
                waiting[0].result(0.5)
        with pytest.raises(Conflict, match=r"outage\.over"):
            waiting[0].result(10)
        assert waiting[1].result(10) == 0
    assert kinds_told(house) == ["space.outage_ended", "space.in_order"]


def test_an_outage_that_has_ended_by_itself_is_over_and_not_listed(house: House) -> None:
    house.break_("seat", "08:00", "09:00")
    with reading(house.engine) as session:
        assert outages.list_outages(session, now=at("09:00")) == []


def test_the_office_lists_outages_and_takes_back_the_one_that_is_named(app: Flask, house: House) -> None:
    staff = signed_in(app.test_client(), house, "fujii")
    english = {"Accept-Language": "en"}
    for form in ({"reason": "floor work", "first": "2026-12-01", "last": "2026-12-01"}, {"reason": "chair"}):
        post(staff, "/office", f"/office{seat(house)}/outage", **form, confirmed="1")
    page = staff.get("/office", headers=english).text
    assert page.index("chair") < page.index("floor work")
    panel = f"/floors/{house.floor_id}?from=09:00&to=17:00&space={house.spaces['seat']}&date="
    today = staff.get(f"{panel}{DAY}", headers=english).text
    assert "until it is mended" in today
    assert "In order again" in today
    post(staff, "/office", f"/office{seat(house)}/mend")
    later = staff.get(f"{panel}2026-12-01", headers=english).text
    assert "Dec 1 00:00 – Wed, Dec 2 00:00" in later
    assert "/office#outages" in later
    assert "In order again" not in later
    page = staff.get("/office", headers=english).text
    assert ("chair" in page, "floor work" in page) == (False, True)
    with reading(house.engine) as session:
        (planned,) = outages.list_outages(session, now=at("09:00"))
    post(staff, "/office", f"/office/outages/{planned.outage.id}/lift")
    assert "Nothing is out of order." in staff.get("/office", headers=english).text


def test_what_has_left_the_layout_is_out_of_order_for_good(app: Flask, api: Api, house: House) -> None:
    house.break_("seat")
    assert api.call("fujii", "DELETE", seat(house)).status_code in {200, 204}
    assert listed(api) == []
    with reading(house.engine) as session:
        ids = session.scalars(select(SpaceOutage.id)).all()
    for one in ids:
        assert problem(api.call("fujii", "DELETE", f"/outages/{one}")) == (404, "outage.unknown")
    post(signed_in(app.test_client(), house, "fujii"), "/office", f"/office{seat(house)}/mend")
    with reading(house.engine) as session:
        assert set(session.scalars(select(SpaceOutage.lifted_at))) == {None}


def test_what_was_lifted_stands_in_nobodys_way_when_the_schema_goes_back(house: House) -> None:
    for start in ("08:00", "15:00"):
        house.break_("seat", start)
    with transaction(house.engine) as session:
        for one in session.scalars(select(SpaceOutage)):
            one.lifted_at = at("09:00")
    house.engine.dispose()
    url = house.engine.url.render_as_string(hide_password=False)
    migrate.downgrade(url, "0038")
    migrate.upgrade(url)
    with reading(house.engine) as session:
        (kept,) = session.scalars(select(SpaceOutage)).all()
        assert (kept.start_at, kept.end_at, kept.lifted_at) == (at("08:00"), at("09:00"), None)
