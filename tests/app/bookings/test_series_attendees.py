"""Who comes to a series: set for all of it at once, told in one message; and the list of somebody's series."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from app.bookings.models import Attendee, Booking
from app.bookings.rules import Status
from app.clock import SteppingClock
from app.database import reading, transaction
from app.spaces.models import Space
from app.spaces.rules import Kind
from tests.app.bookings.test_series import nobody_comes
from tests.app.bookings.test_walk_in import post, signed_in
from tests.app.notifications.desk import messages, telling
from tests.fixtures.web import Api, problem
from tests.house import DAY, House, at
from tests.statements import counted


@pytest.fixture
def room(house: House) -> House:
    """The booth holds three."""
    with transaction(house.engine) as session:
        session.execute(update(Space).where(Space.code == "booth").values(capacity=3))
    return house


def make(api: Api, house: House, who: str = "aoki", where: str = "booth", **more: Any) -> list[int]:
    """A series of three days; the ids of its bookings."""
    body = {
        "space_id": house.spaces[where],
        "start": at("10:00").isoformat(),
        "end": at("11:00").isoformat(),
        "repeat": {"every": "day", "count": 3},
        **more,
    }
    made = api.call(who, "POST", "/bookings", body)
    assert made.status_code == 201, made.text
    return [one["id"] for one in made.get_json()["series"]["bookings"]]


def coming(house: House) -> dict[int, list[int]]:
    with reading(house.engine) as session:
        found: dict[int, list[int]] = {}
        for one in session.scalars(select(Attendee).order_by(Attendee.booking_id, Attendee.user_id)):
            found.setdefault(one.booking_id, []).append(one.user_id)
    return found


def patch(api: Api, booking_id: int, who: str = "aoki", **body: Any) -> Any:
    path = f"/bookings/{booking_id}"
    return api.call(who, "PATCH", path, body, If_Match=api.call(who, "GET", path).headers["ETag"])


@pytest.mark.parametrize(("scope", "reached"), [("one", [1]), ("following", [1, 2]), ("all", [0, 1, 2])])
def test_attendees_are_of_as_many_as_the_scope_says(
    api: Api, room: House, scope: str, reached: list[int]
) -> None:
    ids = make(api, room)
    baba, chiba = room.people["baba"].id, room.people["chiba"].id
    assert patch(api, ids[1], scope=scope, attendees=[baba, chiba]).status_code == 200
    assert coming(room) == {ids[n]: [baba, chiba] for n in reached}
    assert patch(api, ids[1], scope=scope, attendees=[chiba]).status_code == 200
    assert coming(room) == {ids[n]: [chiba] for n in reached}


def test_all_of_a_series_go_to_a_smaller_room_with_fewer_people_in_one_step(api: Api, room: House) -> None:
    with transaction(room.engine) as session:
        zone_id = session.get_one(Space, room.spaces["booth"]).zone_id
        small = Space(zone_id=zone_id, code="small", kind=Kind.BOOTH, capacity=2)
        session.add(small)
        session.flush()
        small_id = small.id
    ids = make(api, room)
    baba, chiba = room.people["baba"].id, room.people["chiba"].id
    patch(api, ids[0], scope="all", attendees=[baba, chiba])
    refused = patch(api, ids[0], scope="all", space_id=small_id)
    assert refused.get_json()["rule"] == "capacity"
    assert patch(api, ids[0], scope="all", space_id=small_id, attendees=[chiba]).status_code == 200
    assert coming(room) == {one: [chiba] for one in ids}


@pytest.mark.parametrize("days", [2, 8])
def test_who_comes_to_a_series_is_set_by_as_many_statements_however_long(
    api: Api, room: House, days: int
) -> None:
    first, *_others = make(api, room, repeat={"every": "day", "count": days})
    baba = room.people["baba"].id
    with counted(room.engine) as statements:
        patch(api, first, scope="all", attendees=[baba])
    assert len(statements) <= 30


def test_more_than_a_room_holds_on_one_of_the_days_changes_none_and_names_it(api: Api, room: House) -> None:
    ids = make(api, room)
    people = [room.people[who].id for who in ("baba", "chiba", "endo")]
    refused = patch(api, ids[0], scope="all", attendees=people, title="x")
    assert problem(refused) == (422, "booking.rule")
    body = refused.get_json()
    assert (body["rule"], body["facts"]["start"]) == ("capacity", at("10:00").isoformat())
    assert body["detail"].startswith("11月24日(火) 10:00：")
    assert coming(room) == {}


def test_who_is_invited_to_a_series_is_told_once_and_so_is_who_need_not_come(
    app: Flask, api: Api, room: House, clock: SteppingClock
) -> None:
    ids = make(api, room)
    baba = room.people["baba"].id
    job = telling(app, room, clock)
    patch(api, ids[0], scope="all", attendees=[baba])
    job.tell()
    patch(api, ids[0], scope="all", attendees=[])
    job.tell()
    told = [one for one in messages(room, "baba") if one.kind.endswith("invited")]
    assert [(one.kind, one.data["bookings"]) for one in told] == [
        ("booking.invited", ids),
        ("booking.uninvited", ids),
    ]
    shown = signed_in(app.test_client(), room, "baba").get("/messages").text
    assert "繰り返しの予約に招待されました" in shown
    assert "出席が不要になりました" in shown


def test_the_page_sets_the_attendees_of_all_only_where_they_were_changed(
    app: Flask, api: Api, room: House
) -> None:
    ids = make(api, room)
    baba, chiba = room.people["baba"].id, room.people["chiba"].id
    patch(api, ids[0], attendees=[baba])
    patch(api, ids[2], attendees=[chiba])
    client = signed_in(app.test_client(), room, "aoki")

    def change(attendees: str) -> None:
        with reading(room.engine) as session:
            version = session.get_one(Booking, ids[0]).version
        form = {"version": str(version), "date": DAY.isoformat(), "from": "10:00", "to": "11:00"}
        done = post(
            client,
            "/bookings",
            f"/bookings/{ids[0]}/change",
            **form,
            title="x",
            scope="all",
            attendees=attendees,
        )
        assert 'class="notice done"' in done.text

    change("baba@example.jp")
    assert coming(room) == {ids[0]: [baba], ids[2]: [chiba]}
    change("baba@example.jp, chiba@example.jp")
    assert coming(room) == {one: [baba, chiba] for one in ids}


def test_a_series_is_made_with_who_comes_who_are_told_once(
    app: Flask, api: Api, room: House, clock: SteppingClock
) -> None:
    baba, aoki = room.people["baba"].id, room.people["aoki"].id
    people = [room.people[who].id for who in ("baba", "chiba", "endo")]
    body = {
        "space_id": room.spaces["booth"],
        "start": at("10:00").isoformat(),
        "end": at("11:00").isoformat(),
        "repeat": {"every": "day", "count": 3},
    }
    refused = api.call("aoki", "POST", "/bookings", body | {"attendees": people})
    assert (problem(refused), refused.get_json()["rule"]) == ((422, "booking.rule"), "capacity")
    dry = body | {"attendees": [baba], "repeat": {"every": "day", "count": 3, "dry_run": True}}
    assert api.call("aoki", "POST", "/bookings", dry).status_code == 200
    assert coming(room) == {}
    ids = make(api, room, attendees=[baba, aoki])
    assert coming(room) == {one: [baba] for one in ids}
    telling(app, room, clock).tell()
    (told,) = [one for one in messages(room, "baba") if one.kind == "booking.invited"]
    assert told.data["bookings"] == ids


def test_a_guests_series_is_of_whoever_receives_them(api: Api, room: House) -> None:
    ids = make(api, room, "chiba", guest_name="北さん")
    with reading(room.engine) as session:
        found = [session.get_one(Booking, one) for one in ids]
        assert {(one.user_id, one.guest_name, one.host_id) for one in found} == {
            (None, "北さん", room.people["chiba"].id)
        }
    assert [row["left"] for row in listed(api, "chiba")] == [3]
    moved = {"start": at("13:00").isoformat(), "end": at("14:00").isoformat()}
    assert patch(api, ids[0], "chiba", scope="all", **moved).status_code == 200
    body = {
        "space_id": room.spaces["booth"],
        "start": at("15:00").isoformat(),
        "end": at("16:00").isoformat(),
        "guest_name": "南さん",
        "repeat": {"every": "day", "count": 3},
    }
    assert problem(api.call("aoki", "POST", "/bookings", body)) == (403, "booking.not_allowed")


# The list of somebody's series


def listed(api: Api, who: str, query: str = "") -> list[dict[str, Any]]:
    answer = api.call(who, "GET", f"/series{query}")
    assert answer.status_code == 200, answer.text
    return list(answer.get_json()["items"])


def test_a_persons_series_are_listed_with_what_is_left_of_them(api: Api, house: House) -> None:
    first = make(api, house, where="seat")
    make(api, house, where="booth", start=at("13:00").isoformat(), end=at("14:00").isoformat())
    one, other = listed(api, "aoki")
    assert one == {
        "id": one["id"],
        "user_id": house.people["aoki"].id,
        "made_by": house.people["aoki"].id,
        "made_at": at("09:00").isoformat(),
        "repeat": one["repeat"],
        "left": 3,
        "next_start": at("10:00").isoformat(),
        "answer_until": None,
        "confirmed_at": None,
        "ended_at": None,
    }
    assert (one["repeat"]["every"], one["repeat"]["count"]) == ("day", 3)
    with transaction(house.engine) as session:
        session.execute(update(Booking).where(Booking.id == first[0]).values(status=Status.CANCELLED))
    assert [(row["left"], row["next_start"]) for row in listed(api, "aoki")] == [
        (2, at("10:00", day=1).isoformat()),
        (3, at("13:00").isoformat()),
    ]
    page = api.call("aoki", "GET", "/series?limit=1").get_json()
    assert [row["id"] for row in page["items"]] == [one["id"]]
    assert [row["id"] for row in listed(api, "aoki", f"?cursor={page['next_cursor']}")] == [other["id"]]
    assert listed(api, "baba") == []


def test_a_series_that_nobody_uses_says_by_when_an_answer_is_awaited(
    api: Api, house: House, clock: SteppingClock
) -> None:
    morning = {"start": at("09:00").isoformat(), "end": at("12:00").isoformat()}
    make(api, house, where="seat", repeat={"every": "day", "count": 9}, **morning)
    for day in range(3):
        nobody_comes(house, day)
    clock.at = at("13:00", day=2)
    (asked,) = listed(api, "aoki")
    assert asked["answer_until"] is not None
    assert api.call("aoki", "POST", f"/series/{asked['id']}/confirm").status_code == 204
    (confirmed,) = listed(api, "aoki")
    assert (confirmed["answer_until"], confirmed["confirmed_at"]) == (None, clock().isoformat())


def test_who_made_a_series_for_somebody_lists_it_too_and_looking_leaves_a_trace(
    api: Api, house: House
) -> None:
    aoki = house.people["aoki"].id
    make(api, house, "chiba", "seat", for_user_id=aoki)
    (mine,) = listed(api, "chiba")
    assert mine["user_id"] == aoki
    assert listed(api, "aoki") == listed(api, "fujii", f"?user={aoki}") == [mine]
    assert listed(api, "fujii", f"?user={house.people['chiba'].id}") == []
    looked = [one["name"] for one in api.call("aoki", "GET", "/me/looks").get_json()["items"]]
    assert looked == ["fujii"]
    assert problem(api.call("baba", "GET", f"/series?user={aoki}")) == (403, "booking.not_allowed")
    assert problem(api.call("fujii", "GET", "/series?user=999")) == (404, "user.unknown")


@pytest.mark.parametrize("count", [1, 8])
def test_the_list_takes_as_many_queries_however_many_there_are(api: Api, house: House, count: int) -> None:
    for number in range(count):
        start, end = at(f"{10 + number}:00"), at(f"{10 + number}:30")
        make(api, house, where="seat", start=start.isoformat(), end=end.isoformat())
    listed(api, "aoki")
    with counted(house.engine) as statements:
        assert len(listed(api, "aoki")) == count
    assert len([one for one in statements if one != "BEGIN"]) <= 3
