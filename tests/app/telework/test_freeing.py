"""What an absence makes needless of what is booked: listed, shortened, given up, told again with the approval."""

from __future__ import annotations

from datetime import date, datetime, time

import pytest

from app.bookings.models import Booking
from app.bookings.rules import Status
from app.database import reading, transaction
from app.errors import Conflict
from app.spaces.rules import Lane, Target
from app.telework import freeing, requesting
from app.telework.approval.service import approve_many
from app.telework.requesting import Wanted, wanted_between
from app.telework.rules import Freed, Half, PlanKind, what_is_left
from app.timespan import TimeSpan
from app.waitlist.models import Entry
from app.waitlist.rules import State
from tests.app.telework.desk import WEDNESDAY, ask, between, morning, plan_ids, told, whole
from tests.app.waitlist.queue import Queue
from tests.fixtures.web import Api, problem
from tests.house import DAY, OFFICE, House, at, span
from tests.statements import counted


def offered(house: House, who: str = "aoki", now: str = "08:00") -> list[tuple[int, TimeSpan | None]]:
    with reading(house.engine) as session:
        found = freeing.needless_of(session, [house.people[who].id], now=at(now), office=OFFICE)
        return [(one.booking.id, one.left) for one in found.get(house.people[who].id, [])]


def free(house: House, *bookings: Booking, who: str = "aoki", now: str = "08:00") -> list[int]:
    with transaction(house.engine) as session:
        ids = [one.id for one in bookings]
        given = freeing.free(session, ids, actor=house.people[who], now=at(now), office=OFFICE)
        return [one.id for one in given.bookings]


def afternoon(on: date, kind: PlanKind = PlanKind.LEAVE) -> Wanted:
    return Wanted(on, Half.PM, kind)


DAY_LONG = span("08:30", "17:15")


@pytest.mark.parametrize(
    ("away", "now", "left"),
    [
        ([], "08:00", None),
        ([span("18:00", "19:00")], "08:00", None),
        ([span("08:00", "18:00")], "08:00", Freed(None)),
        ([span("08:00", "13:00"), span("12:00", "18:00")], "08:00", Freed(None)),
        ([span("12:00", "18:00")], "08:00", Freed(span("08:30", "12:00"))),
        ([span("08:00", "13:00")], "08:00", Freed(span("13:00", "17:15"))),
        ([span("10:00", "11:00")], "08:00", None),
        # What has begun keeps its start, and what would be over is given up.
        ([span("08:00", "13:00")], "09:00", None),
        ([span("12:00", "18:00")], "09:00", Freed(span("08:30", "12:00"))),
        ([span("12:00", "18:00")], "12:00", Freed(None)),
    ],
)
def test_what_is_left_of_a_booking(away: list[TimeSpan], now: str, left: Freed | None) -> None:
    assert what_is_left(DAY_LONG, away, now=at(now)) == left


@pytest.mark.parametrize(
    ("half", "part", "expected"),
    [
        (Half.AM, None, ("00:00", "13:00")),
        (Half.PM, None, ("12:00", "24:00")),
        (Half.AM, ("09:00", "10:00"), ("09:00", "10:00")),
        (Half.AM, ("08:30", "10:00"), ("00:00", "10:00")),
        (Half.AM, ("10:00", "12:00"), ("10:00", "13:00")),
        (Half.PM, ("13:00", "15:00"), ("12:00", "15:00")),
        (Half.PM, ("14:00", "17:15"), ("14:00", "24:00")),
    ],
)
def test_from_when_until_when_a_plan_leads_away(
    sqlite_house: House, half: Half, part: tuple[str, str] | None, expected: tuple[str, str]
) -> None:
    if part:
        wanted = wanted_between(
            WEDNESDAY, time.fromisoformat(part[0]), time.fromisoformat(part[1]), PlanKind.LEAVE, OFFICE
        )
    else:
        wanted = [Wanted(WEDNESDAY, half, PlanKind.LEAVE)]
    (plan,) = ask(sqlite_house, "aoki", wanted).plans
    assert plan.half is half
    end = at("00:00", day=2) if expected[1] == "24:00" else at(expected[1], day=1)
    assert OFFICE.away(plan) == TimeSpan(at(expected[0], day=1), end)


def test_hours_away_free_what_lies_in_them_and_a_half_day_shortens_what_is_longer(house: House) -> None:
    desk = house.book("aoki", "seat", "08:30", "17:15", day=1)
    call = house.book("aoki", "booth", "14:00", "15:00", day=1)
    early = house.book("aoki", "booth", "10:30", "11:00", day=1)
    ask(house, "aoki", between(WEDNESDAY, "13:30", "15:30"))
    assert offered(house) == [(call.id, None)], "the desk would have to be cut in two"
    ask(house, "aoki", [afternoon(WEDNESDAY)])
    assert offered(house) == [(desk.id, span("08:30", "12:00", day=1)), (call.id, None)]
    ask(house, "aoki", [morning(WEDNESDAY)])
    assert offered(house) == [(desk.id, None), (early.id, None), (call.id, None)]


def test_only_what_stands_and_leads_away_frees_and_never_what_somebody_has_come_for(house: House) -> None:
    booking = house.book("aoki", "seat", "09:00", "12:00", day=1)
    house.book("baba", "window", "09:00", "12:00", day=1)
    (plan_id,) = plan_ids(ask(house, "aoki", [morning(WEDNESDAY, PlanKind.OFFICE)]))
    assert offered(house) == []
    ask(house, "aoki", [morning(WEDNESDAY)])
    assert offered(house) == [(booking.id, None)]
    with transaction(house.engine) as session:
        requesting.withdraw(session, plan_id, actor=house.people["aoki"], now=at("08:10"))
    assert offered(house) == []
    house.claim("aoki", "seat", "08:40")
    ask(house, "aoki", whole(DAY), now="08:45")
    assert offered(house, now="08:45") == []


def test_one_step_gives_up_and_shortens_what_is_ticked_and_offers_it_on(house: House) -> None:
    desk = house.book("aoki", "seat", "08:30", "17:15", day=1)
    call, kept = (
        house.book("aoki", "booth", "14:00", "15:00", day=1),
        house.book("aoki", "booth", "16:00", "17:00", day=1),
    )
    ask(house, "aoki", [afternoon(WEDNESDAY)])
    assert free(house, desk, call) == [desk.id, call.id]
    assert house.get(desk).span == span("08:30", "12:00", day=1)
    assert (house.get(call).status, house.get(call).reason) == (Status.CANCELLED, "cancelled")
    assert house.get(kept).status is Status.BOOKED
    assert offered(house) == [(kept.id, None)]
    with pytest.raises(Conflict, match=r"booking\.changed"):
        free(house, desk)


def test_whoever_waits_is_offered_what_is_given_up(house: House) -> None:
    house.break_("window")
    house.break_("bare")
    booking = house.book("aoki", "seat", "10:00", "11:00")
    queue = Queue(house)
    entry = queue.wait("baba", Target(Lane.DESK, space_id=house.spaces["seat"]), "10:00", "11:00")
    ask(house, "aoki", [morning(DAY)], now="08:40")
    free(house, booking, now="08:45")
    with reading(house.engine) as session:
        assert session.get_one(Entry, entry.id).state is State.OFFERED


def test_a_strangers_booking_is_not_given_up(house: House) -> None:
    theirs = house.book("baba", "seat", "09:00", "12:00", day=1)
    ask(house, "baba", [morning(WEDNESDAY)])
    with pytest.raises(Conflict):
        free(house, theirs)
    assert house.get(theirs).status is Status.BOOKED


def test_the_approval_tells_how_many_are_needless_by_it(house: House) -> None:
    house.book("aoki", "seat", "08:30", "17:15", day=1)
    house.book("aoki", "booth", "14:00", "15:00", day=1)
    house.book("aoki", "seat", "09:00", "12:00", day=2)
    thursday = date.fromordinal(WEDNESDAY.toordinal() + 1)
    ids = plan_ids(ask(house, "aoki", [afternoon(WEDNESDAY), morning(thursday), morning(DAY)]))
    with transaction(house.engine) as session:
        for chosen in (ids[:1], ids[1:2], ids[2:]):
            approve_many(session, chosen, actor=house.people["chiba"], now=at("08:00"), office=OFFICE)
    counts = [one.data.get("count") for one in told(house) if one.kind == "telework.approved"]
    assert counts == [2, 1, None]


def test_the_list_is_two_queries_however_many_people(house: House) -> None:
    for who in ("aoki", "baba", "chiba"):
        ask(house, who, whole(WEDNESDAY))
    for who, where in (("aoki", "seat"), ("baba", "window"), ("chiba", "bare")):
        house.book(who, where, "09:00", "12:00", day=1)
    with reading(house.engine) as session, counted(house.engine) as statements:
        found = freeing.needless_of(
            session, [one.id for one in house.people.values()], now=at("08:00"), office=OFFICE
        )
    assert len(found) == 3
    assert sum(one.startswith("SELECT") for one in statements) == 2


def test_over_the_api_they_are_listed_and_given_up(api: Api, house: House) -> None:
    desk = house.book("aoki", "seat", "08:30", "17:15", day=1)
    body = {"on": WEDNESDAY.isoformat(), "half": "pm", "kind": "home"}
    put = api.call("aoki", "PUT", "/telework/plans", body).get_json()
    assert put["needless_bookings"] == []
    (part,) = put["partly_needless"]
    assert (part["id"], datetime.fromisoformat(part["left_end"])) == (desk.id, at("12:00", day=1))
    listed = api.call("aoki", "GET", "/telework/needless").get_json()["items"]
    assert listed == [part | {"approved": False}]
    freed = api.call("aoki", "POST", "/telework/needless", {"booking_ids": [desk.id]}).get_json()["freed"]
    assert [(one["id"], datetime.fromisoformat(one["end"])) for one in freed] == [
        (desk.id, at("12:00", day=1))
    ]
    again = api.call("aoki", "POST", "/telework/needless", {"booking_ids": [desk.id]})
    assert problem(again) == (409, "booking.changed")
    none: dict[str, list[int]] = {"booking_ids": []}
    assert problem(api.call("aoki", "POST", "/telework/needless", none)) == (422, "request.invalid")
