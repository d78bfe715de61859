"""What a doubting reader found: each was wrong once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, time, timedelta
from threading import Barrier

import pytest
from flask import Flask
from sqlalchemy import select, update

from app import pipeline
from app.bookings import release, reserve
from app.bookings.models import Booking
from app.bookings.now import service as at_once
from app.bookings.now.service import Ask
from app.bookings.rules import Origin, Status
from app.bookings.series import service as series
from app.bookings.series.rules import Every, Recurrence, Scope
from app.calendar import public_holidays
from app.database import reading, transaction
from app.errors import Forbidden, RuleBroken
from app.pipeline import Outage
from app.spaces import zones
from app.spaces.fixed_seats import NewFixedSeat
from app.spaces.models import Site, Space, Zone, ZoneOverflow
from app.spaces.rules import GuestDay, Kind, Lane, Target
from app.telework import service as telework
from app.telework.freeing import needless_by
from app.telework.rules import Half, PlanKind
from app.timespan import TimeSpan
from tests.fixtures.web import Api
from tests.house import DAY, OFFICE, House, at, span


def break_later(house: House, where: str, start: str, end: str, *, now: str) -> None:
    with transaction(house.engine) as session:
        outage = Outage(house.spaces[where], at(start), at(end), "")
        pipeline.take_out_of_order(session, outage, actor=house.people["fujii"], now=at(now))


def test_who_sits_where_a_repair_comes_later_stays_until_it_begins(house: House) -> None:
    claimed = house.claim("aoki", "seat", "09:00")
    break_later(house, "seat", "16:00", "17:00", now="10:00")
    after = house.get(claimed)
    assert (after.status, after.span) == (Status.CHECKED_IN, span("09:00", "16:00"))


def test_who_has_no_other_place_keeps_what_comes_before_the_repair(house: House) -> None:
    booking = house.book("aoki", "booth", "15:00", "17:00")
    break_later(house, "booth", "16:00", "17:00", now="10:00")
    assert (house.get(booking).status, house.get(booking).span) == (Status.BOOKED, span("15:00", "16:00"))


def test_who_has_booked_what_is_kept_for_another_is_moved(house: House) -> None:
    others, own = house.book("aoki", "seat", "10:00", "11:00"), house.book("baba", "seat", "13:00", "14:00")
    wanted = NewFixedSeat(house.spaces["seat"], house.people["baba"].id, DAY, None)
    with transaction(house.engine) as session:
        _kept, moves = pipeline.keep_seat(session, wanted, actor=house.people["fujii"], now=at("08:30"))
        assert [one.booking.id for one in moves] == [others.id]
    assert house.get(others).space_id != house.spaces["seat"]
    assert house.get(own).space_id == house.spaces["seat"]


def test_a_claim_ends_where_ones_own_later_booking_begins(house: House) -> None:
    claimed = house.claim("aoki", "seat", "09:00")
    house.book("aoki", "focus", "14:00", "16:00", now="09:30")
    assert house.get(claimed).end_at == at("14:00")


def test_a_held_space_that_is_let_go_is_cancelled_however_late(house: House) -> None:
    held = house.book("aoki", "seat", "10:00", "11:00")
    with transaction(house.engine) as session:
        session.execute(update(Booking).where(Booking.id == held.id).values(status=Status.HELD))
    with transaction(house.engine) as session:
        release.give_back(
            session, session.get_one(Booking, held.id), actor=house.people["aoki"], now=at("10:10")
        )
    assert (house.get(held).status, house.get(held).ended_at) == (Status.CANCELLED, None)


def overflowing(house: House) -> list[str]:
    """The general affairs' people may sit with the taxes, then in a second zone: their own zone is full."""
    with transaction(house.engine) as session:
        own = session.get_one(Space, house.spaces["seat"]).zone_id
        session.get_one(Zone, own).section_id = next(iter(house.people["aoki"].section_ids))
        taxes = session.get_one(Zone, session.get_one(Space, house.spaces["taxes"]).zone_id)
        second = Zone(floor_id=taxes.floor_id, code="A2", name="二番目", section_id=taxes.section_id)
        session.add(second)
        session.flush()
        extra = Space(zone_id=second.id, code="a-second", kind=Kind.SEAT)
        session.add(extra)
        session.add_all(
            ZoneOverflow(zone_id=own, overflow_id=zone_id, position=position)
            for position, zone_id in enumerate((taxes.id, second.id))
        )
        session.flush()
        house.spaces["a-second"] = extra.id
        return list(session.scalars(select(Space.code).where(Space.zone_id == own, Space.kind != Kind.BOOTH)))


def test_overflow_zones_fill_in_their_order(house: House) -> None:
    for number, code in enumerate(overflowing(house)):
        with transaction(house.engine) as session:
            session.add(
                Booking(
                    space_id=house.spaces[code],
                    guest_name=f"来客{number}",
                    lane=Lane.DESK,
                    start_at=at("10:00"),
                    end_at=at("11:00"),
                    status=Status.BOOKED,
                    origin=Origin.BOOKED,
                    made_at=at("08:00"),
                )
            )
    with pytest.raises(RuleBroken) as caught:
        house.book("aoki", "a-second", "10:00", "11:00")
    assert caught.value.facts["rule"] == "overflow"
    first = house.book("aoki", "taxes", "10:00", "11:00")
    assert first.status is Status.BOOKED
    assert house.book("baba", "a-second", "10:00", "11:00").status is Status.BOOKED


def guests_of_taxes(house: House, *guests: GuestDay) -> None:
    with transaction(house.engine) as session:
        zone_id = session.get_one(Space, house.spaces["taxes"]).zone_id
        zones.set_guests(session, zone_id, list(guests), actor_id=None, now=at("08:00"))


def test_a_guest_of_one_day_does_not_stay_into_the_next(house: House) -> None:
    guests_of_taxes(house, GuestDay(None, None, DAY))
    assert house.book("aoki", "taxes", "10:00", "12:00").status is Status.BOOKED
    with pytest.raises(Forbidden), transaction(house.engine) as session:
        reserve.reserve(
            session,
            actor=house.people["baba"],
            space_id=house.spaces["taxes"],
            span=TimeSpan(at("23:00"), at("09:00", day=1)),
            now=at("08:00"),
        )


def series_of(house: House, where: str, *, count: int, possible_ones: bool = True) -> series.Made:
    ask = series.Ask(
        space_id=house.spaces[where],
        first=span("10:00", "11:00"),
        recurrence=Recurrence(Every.DAY, count=count),
        rule={},
    )
    with transaction(house.engine) as session:
        made = series.make(
            session,
            ask,
            actor=house.people["aoki"],
            calendar=public_holidays(2026),
            hours=OFFICE.hours,
            now=at("08:00"),
            possible_ones=possible_ones,
        )
        session.expunge_all()
    return made


def test_the_possible_days_of_a_zone_that_takes_guests_on_some_are_booked(house: House) -> None:
    guests_of_taxes(house, *(GuestDay(None, None, DAY + timedelta(days=number)) for number in (0, 1)))
    made = series_of(house, "taxes", count=4)
    assert (len(made.bookings), len(made.refused)) == (2, 2)


def test_nothing_is_proposed_that_could_not_be_had_either(house: House) -> None:
    house.book("aoki", "window", "10:00", "11:00")
    made = series_of(house, "seat", count=1)
    assert made.refused[0].space is None
    assert made.refused[0].time is not None


def test_a_series_is_changed_around_the_one_that_is_on(house: House) -> None:
    made = series_of(house, "seat", count=3)
    with transaction(house.engine) as session:
        first, second, _third = [session.get_one(Booking, one.id) for one in made.bookings]
        first.status, first.checked_in_at = Status.CHECKED_IN, at("10:00")
        changed = series.move(
            session,
            second,
            Scope.ALL,
            span("10:30", "11:30", day=1),
            actor=house.people["aoki"],
            now=at("10:05"),
        )
        assert first not in changed.bookings
        assert len(changed.bookings) == 2


def now_for(house: House, who: str, target: Target, *, now: str, closes: str) -> at_once.Proposed:
    ask = Ask(target, None, at(closes), at("00:00", day=1))
    with reading(house.engine) as session:
        return at_once.propose(session, ask, actor=house.people[who], now=at(now))


def test_a_desk_for_a_part_of_the_day_is_better_than_none(house: House) -> None:
    house.break_("free")
    for who, where in (("baba", "seat"), ("chiba", "window"), ("aoki", "bare")):
        house.book(who, where, "15:00", "17:00")
    with transaction(house.engine) as session:
        session.execute(
            update(Booking)
            .where(Booking.user_id == house.people["aoki"].id)
            .values(user_id=None, guest_name="x")
        )
    found = now_for(house, "aoki", Target(Lane.DESK, Kind.SEAT), now="09:00", closes="17:15")
    assert found.proposals
    assert found.span == span("09:00", "15:00")


def test_shortly_before_closing_a_desk_is_had_until_then(house: House) -> None:
    with transaction(house.engine) as session:
        site = session.scalars(select(Site)).one()
        site.opens, site.closes = time(8), time(18)
    found = now_for(house, "aoki", Target(Lane.DESK, Kind.SEAT), now="17:30", closes="18:00")
    assert found.span == span("17:30", "18:00")
    assert found.proposals


def test_a_booking_over_noon_is_needless_once_both_halves_are_planned_away(house: House) -> None:
    whole, noon = house.book("aoki", "seat", "08:15", "12:00"), house.book("aoki", "seat", "12:00", "13:00")
    afternoon = house.book("aoki", "seat", "13:00", "17:15")

    def plan(half: Half) -> list[int]:
        with transaction(house.engine) as session:
            made = telework.put_plan(
                session,
                actor=house.people["aoki"],
                on=date(2026, 11, 24),
                half=half,
                kind=PlanKind.LEAVE,
                now=at("08:00"),
            )
            return [one.booking.id for one in needless_by(session, made, OFFICE, now=at("08:00"))]

    assert plan(Half.AM) == [whole.id, noon.id]
    assert plan(Half.PM) == [whole.id, noon.id, afternoon.id]


def together(calls: list[Callable[[], int]]) -> list[int]:
    gate = Barrier(len(calls))

    def one(call: Callable[[], int]) -> int:
        gate.wait(10)
        return call()

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(one, calls))


def test_the_same_thing_written_by_many_at_once_breaks_nothing(app: Flask, api: Api, house: House) -> None:
    plan = {"on": DAY.isoformat(), "half": "am", "kind": "home"}
    policy = {"kind": "seat", "values": {"buffer": "10m"}}

    def put() -> int:
        return Api(app.test_client(), api.tokens).call("aoki", "PUT", "/telework/plans", plan).status_code

    def post() -> int:
        return Api(app.test_client(), api.tokens).call("fujii", "POST", "/policies", policy).status_code

    assert set(together([put] * 6)) <= {200, 409}
    assert set(together([post] * 6)) <= {201, 409}
    assert put() == 200
    assert post() == 201
