"""A space now: the best that there is, booked in one call; who was faster; when one will be free."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import func, select

from app import pipeline
from app.bookings.models import Booking
from app.bookings.now.service import Ask, Taken
from app.bookings.rules import LIVE, Origin, Status
from app.database import reading, transaction
from app.errors import Conflict
from app.people.models import Membership, Role
from app.people.service import add_user, get_person
from app.spaces import fixed_seats, zones
from app.spaces.models import Space
from app.spaces.rules import GuestDay, Kind, Lane, Target
from app.spaces.service import set_policy
from tests.fixtures.web import Api, problem
from tests.house import DAY, OFFICE, House, at


def take(house: House, who: str, target: Target, now: str = "09:00", *, replace: bool = False) -> Taken:
    with transaction(house.engine) as session:
        ask = Ask(target, None, at("17:15"), at("00:00", day=1), replace)
        taken = pipeline.book_now(session, ask, actor=house.people[who], now=at(now), office=OFFICE)
        session.expunge_all()
    return taken


SEAT = Target(Lane.DESK, Kind.SEAT)
ROOM = Target(Lane.ROOM)


def test_a_seat_is_booked_until_the_office_closes_and_a_room_for_a_call(house: House) -> None:
    taken = take(house, "aoki", SEAT)
    assert (taken.proposal.option.code, taken.proposal.ground.reason) == ("bare", "free")
    assert (taken.booking.start_at, taken.booking.end_at) == (at("09:00"), at("17:15"))
    assert take(house, "aoki", ROOM).booking.end_at == at("09:30")


def test_near_ones_group_ones_usual_and_ones_fixed_seat_come_first(house: House) -> None:
    with transaction(house.engine) as session:
        for name, x in (("seat", 0), ("window", 500), ("bare", 900)):
            session.get_one(Space, house.spaces[name]).x = x
    house.book("baba", "seat", "09:00", "17:15")
    near = take(house, "aoki", SEAT)
    assert (near.proposal.option.code, near.proposal.ground.reason) == ("window", "near_group")
    with transaction(house.engine) as session:
        fixed_seats.keep_for(
            session,
            house.spaces["taxes"],
            house.people["chiba"].id,
            first=DAY,
            last=None,
            actor_id=None,
            now=at("08:00"),
        )
    kept = take(house, "chiba", SEAT)
    assert (kept.proposal.option.code, kept.proposal.ground.reason) == ("taxes", "fixed_seat")


def test_who_joined_the_section_today_is_of_the_group_also_before_nine(house: House) -> None:
    # Until 09:00 in Tokyo it is still yesterday in Greenwich.
    with transaction(house.engine) as session:
        section_id = session.scalars(
            select(Membership.section_id).where(Membership.user_id == house.people["aoki"].id)
        ).one()
        session.add(Membership(user_id=house.people["endo"].id, section_id=section_id, from_on=DAY))
    house.book("endo", "window", "08:30", "17:15")
    assert take(house, "aoki", SEAT, "08:30").proposal.ground.reason == "near_group"


def test_a_zone_that_takes_in_guests_today_alone_is_not_proposed_into_tomorrow(house: House) -> None:
    zone_id = house_zone(house, "taxes")
    with transaction(house.engine) as session:
        zones.set_guests(session, zone_id, [GuestDay(None, None, DAY)], actor_id=None, now=at("08:00"))
    target = Target(Lane.DESK, Kind.SEAT, zone_id)
    with transaction(house.engine) as session:
        over_night = Ask(target, timedelta(hours=8), at("20:00"), at("00:00", day=1))
        with pytest.raises(Conflict, match=r"booking\.none_free"):
            pipeline.book_now(session, over_night, actor=house.people["aoki"], now=at("20:00"), office=OFFICE)
    with transaction(house.engine) as session:
        today = Ask(target, timedelta(hours=4), at("20:00"), at("00:00", day=1))
        taken = pipeline.book_now(session, today, actor=house.people["aoki"], now=at("20:00"), office=OFFICE)
        assert taken.proposal.option.code == "taxes"


def house_zone(house: House, where: str) -> int:
    with reading(house.engine) as session:
        return session.get_one(Space, house.spaces[where]).zone_id


def test_ones_usual_is_proposed_unless_the_zone_wants_change(house: House) -> None:
    booking = house.book("aoki", "window", "09:00", "10:00")
    with transaction(house.engine) as session:
        stored = session.get_one(Booking, booking.id)
        pipeline.give_back(session, stored, actor=house.people["aoki"], now=at("09:30"), office=OFFICE)
    with transaction(house.engine) as session:
        usual = pipeline.book_now(
            session,
            Ask(SEAT, None, at("17:15", day=1), at("00:00", day=2)),
            actor=house.people["aoki"],
            now=at("09:00", day=1),
            office=OFFICE,
        )
        assert (usual.proposal.option.code, usual.proposal.ground.reason) == ("window", "usual")
        session.rollback()
    with transaction(house.engine) as session:
        set_policy(session, Kind.SEAT, "change_seats", "on", now=at("08:00"), actor_id=None)
    with transaction(house.engine) as session:
        other = pipeline.book_now(
            session,
            Ask(SEAT, None, at("17:15", day=1), at("00:00", day=2)),
            actor=house.people["aoki"],
            now=at("09:00", day=1),
            office=OFFICE,
        )
        assert (other.proposal.option.code, other.proposal.ground.reason) == ("bare", "free")


def test_a_seat_of_free_seating_near_ones_group_is_claimed(house: House) -> None:
    house.claim("baba", "free", "08:50")
    with transaction(house.engine) as session:
        zone_id = session.get_one(Space, house.spaces["free"]).zone_id
        session.add(Space(zone_id=zone_id, code="free-2", kind=Kind.SEAT))
    taken = take(house, "aoki", SEAT)
    assert (taken.proposal.option.code, taken.proposal.ground.reason) == ("free-2", "near_group")
    booking = house.get(taken.booking)
    assert (booking.origin, booking.status) == (Origin.CLAIM, Status.CHECKED_IN)
    assert (booking.start_at, booking.end_at) == (at("09:00"), at("17:15"))
    with pytest.raises(Conflict, match=r"booking\.own_clash"):
        take(house, "aoki", SEAT)
    with pytest.raises(Conflict, match=r"booking\.none_free") as caught:
        take(house, "chiba", Target(Lane.DESK, Kind.SEAT, zone_id))
    assert caught.value.facts == {}


def test_where_somebody_sits_or_what_is_broken_or_anothers_is_not_proposed(house: House) -> None:
    house.hear("seat", ("08:55", True), ("08:57", True))
    house.break_("window")
    house.break_("free")
    assert take(house, "aoki", SEAT).proposal.option.code == "bare"
    with pytest.raises(Conflict) as caught:
        take(house, "baba", SEAT)
    assert caught.value.code == "booking.none_free"


def test_where_nothing_is_free_it_says_when_and_where_it_will_be(house: House) -> None:
    house.book("baba", "booth", "09:00", "10:00")
    with pytest.raises(Conflict) as caught:
        take(house, "aoki", ROOM)
    assert caught.value.code == "booking.none_free"
    assert caught.value.facts == {
        "next_space_id": house.spaces["booth"],
        "next_space": "booth",
        "next_start": at("10:00").isoformat(),
        "next_end": at("10:30").isoformat(),
    }


def test_a_clash_with_ones_own_is_told_then_replaced_in_the_same_step(house: House) -> None:
    own = house.book("aoki", "focus", "08:00", "12:00")
    with pytest.raises(Conflict) as caught:
        take(house, "aoki", SEAT)
    assert caught.value.code == "booking.own_clash"
    assert caught.value.facts["space"] == "focus"
    taken = take(house, "aoki", SEAT, replace=True)
    assert [one.id for one in taken.ended] == [own.id]
    assert (house.get(own).status, house.get(own).ended_at) == (Status.ENDED_EARLY, at("09:00"))


def test_many_who_want_one_now_get_one_each_and_the_last_are_told(house: House) -> None:
    house.break_("free")
    gate = Barrier(4)

    def one(who: str) -> str:
        gate.wait(10)
        try:
            return take(house, who, SEAT).proposal.option.code
        except Conflict as refused:
            return refused.code

    with ThreadPoolExecutor(4) as threads:
        said = list(threads.map(one, ("aoki", "baba", "chiba", "chiba"), timeout=60))
    with reading(house.engine) as session:
        live = session.scalar(select(func.count()).select_from(Booking).where(Booking.status.in_(LIVE)))
    assert live == len([code for code in said if code in house.spaces]) == 3
    assert len({code for code in said if code in house.spaces}) == 3


def test_whoever_lost_every_seat_of_the_first_look_is_given_another_while_there_is_one(house: House) -> None:
    many = 12
    with transaction(house.engine) as session:
        zone_id = session.get_one(Space, house.spaces["seat"]).zone_id
        session.add_all(Space(zone_id=zone_id, code=f"Z-{n:02d}", kind=Kind.SEAT) for n in range(many))
        for n in range(many):
            user = add_user(
                session,
                f"g{n}@example.jp",
                name=f"g{n}",
                section_code="soumu",
                role=Role.STAFF,
                now=at("08:00"),
                on=DAY,
            )
            house.people[f"g{n}"] = get_person(session, user.id, DAY)
    gate = Barrier(many)

    def one(number: int) -> str:
        gate.wait(10)
        return take(house, f"g{number}", SEAT).proposal.option.code

    with ThreadPoolExecutor(many) as threads:
        given = list(threads.map(one, range(many), timeout=60))
    assert len(set(given)) == many


# Over HTTP


def test_a_dry_run_proposes_and_books_nothing(api: Api, house: House) -> None:
    wanted: dict[str, Any] = {"lane": "desk", "kind": "seat", "minutes": 60}
    proposed = api.call("aoki", "POST", "/bookings/now", {**wanted, "dry_run": True})
    assert proposed.status_code == 200
    body = proposed.get_json()
    assert (body["space"], body["reason"], body["booking"]) == ("bare", "free", None)
    made = api.call("aoki", "POST", "/bookings/now", wanted)
    assert made.status_code == 201
    assert made.get_json()["booking"]["end"] == "2026-11-24T01:00:00+00:00"
    again = api.call("aoki", "POST", "/bookings/now", wanted)
    assert problem(again) == (409, "booking.own_clash")
    replaced = api.call("aoki", "POST", "/bookings/now", {**wanted, "replace": True}).get_json()
    assert replaced["replaced"] == [made.get_json()["booking"]["id"]]


def test_a_zone_that_is_none_is_named(api: Api) -> None:
    answer = api.call("aoki", "POST", "/bookings/now", {"lane": "desk", "zone_id": 999})
    assert problem(answer) == (404, "zone.unknown")


@pytest.mark.parametrize(
    ("wanted", "field"),
    [({}, "kind"), ({"kind": "booth", "lane": "desk"}, "lane"), ({"lane": "room", "minutes": 0}, "minutes")],
)
def test_a_wrong_wish_is_named(api: Api, wanted: dict[str, Any], field: str) -> None:
    answer = api.call("aoki", "POST", "/bookings/now", wanted)
    assert problem(answer) == (422, "request.invalid")
    assert field in answer.get_json()["errors"]["json"]
