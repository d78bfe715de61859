"""What a change may and may not do, and whose word a check-in is: each was wrong once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from app import pipeline
from app.bookings import presence, release, reserve
from app.bookings.models import Booking
from app.bookings.rules import Booked, By, Change, Refusal, Status, change_of
from app.calendar import public_holidays
from app.database import reading, transaction
from app.errors import Conflict, RuleBroken
from app.spaces.rules import Kind
from app.spaces.service import set_policy
from app.telework.models import HalfDay
from app.timespan import TimeSpan
from tests.fixtures.web import Api, problem
from tests.house import DAY, OFFICE, House, at, span


def move(
    house: House, booking: Booking, start: str, end: str, *, now: str, who: str = "aoki", day: int = 0
) -> Booking:
    with transaction(house.engine) as session:
        found = session.get_one(Booking, booking.id)
        reserve.move(session, found, actor=house.people[who], now=at(now), span=span(start, end, day=day))
        session.expunge(found)
    return found


def check_in(house: House, booking: Booking, now: str, *, who: str = "aoki") -> Booking:
    with transaction(house.engine) as session:
        found = session.get_one(Booking, booking.id)
        presence.check_in(session, found, actor=house.people[who], now=at(now))
        session.expunge(found)
    return found


def day_of(house: House, who: str) -> list[str]:
    """The classes of a person's half-days, morning first."""
    with transaction(house.engine) as session:
        pipeline.close_day(session, DAY, at("04:00", day=1), OFFICE, public_holidays(2026))
    with reading(house.engine) as session:
        query = select(HalfDay).where(HalfDay.user_id == house.people[who].id).order_by(HalfDay.half)
        return [one.day_class.value for one in session.scalars(query)]


minutes = st.integers(-300, 300).map(lambda n: timedelta(minutes=n))
lengths = st.integers(1, 300).map(lambda n: timedelta(minutes=n))
spans = st.builds(
    lambda start, length: TimeSpan(at("12:00") + start, at("12:00") + start + length), minutes, lengths
)
booked = st.builds(Booked, st.sampled_from([Status.BOOKED, Status.CHECKED_IN]), spans, st.just(at("06:00")))


@given(booked, spans, st.booleans(), minutes)
def test_a_change_never_moves_what_somebody_sits_at_nor_pushes_a_begun_start_on(
    booking: Booked, wanted: TimeSpan, elsewhere: bool, after: timedelta
) -> None:
    now = at("12:00") + after
    asked = change_of(booking, wanted, elsewhere=elsewhere, now=now)
    if isinstance(asked, Change):
        if booking.status is Status.CHECKED_IN:
            assert not elsewhere
            assert asked.span.start == booking.span.start
        if booking.span.start <= now and not elsewhere:
            assert asked.span.start == booking.span.start
        if not asked.is_new:
            assert booking.span.start <= asked.span.start < asked.span.end <= booking.span.end
    else:
        assert asked is None or isinstance(asked, Refusal)


@st.composite
def parted(draw: st.DrawFn) -> tuple[TimeSpan, TimeSpan]:
    """A span, and a part of it or the whole."""
    whole = draw(spans)
    length = int(whole.length / timedelta(minutes=1))
    begins = draw(st.integers(0, length - 1))
    ends = draw(st.integers(begins + 1, length))
    return whole, TimeSpan(whole.start + timedelta(minutes=begins), whole.start + timedelta(minutes=ends))


@given(parted(), lengths)
def test_giving_up_a_part_of_what_is_to_come_is_always_allowed(
    spans: tuple[TimeSpan, TimeSpan], before: timedelta
) -> None:
    whole, part = spans
    booking = Booked(Status.BOOKED, whole, at("06:00"))
    asked = change_of(booking, part, elsewhere=False, now=whole.start - before)
    assert isinstance(asked, Change)
    assert not asked.is_new


def test_who_sits_there_is_not_moved_to_another_day(house: House) -> None:
    claimed = house.claim("aoki", "seat", "09:00")
    with pytest.raises(RuleBroken, match=r"booking\.rule"):
        move(house, claimed, "08:30", "17:15", now="09:05", day=3)


def test_a_start_that_has_passed_cannot_be_pushed_on_before_the_release(house: House) -> None:
    booking = house.book("aoki", "seat", "09:00", "17:00")
    house.hear_beats("seat", "08:30", "11:00", occupied=False)
    with pytest.raises(RuleBroken) as caught:
        move(house, booking, "09:55", "17:00", now="09:55")
    assert caught.value.facts["rule"] == "begun"
    house.sweep("10:30")
    assert house.get(booking).status is Status.RELEASED


def test_the_front_may_be_given_up_whatever_the_rules_are_by_now(house: House) -> None:
    booking = house.book("aoki", "seat", "09:00", "12:00")
    with transaction(house.engine) as session:
        set_policy(session, Kind.SEAT, "concurrent_quota", "1", now=at("08:00"), actor_id=None)
        set_policy(session, Kind.SEAT, "horizon", "0m", now=at("08:00"), actor_id=None)
    house.book("aoki", "focus", "13:00", "14:00")
    assert move(house, booking, "10:00", "12:00", now="08:05").span == span("10:00", "12:00")


def test_who_was_warned_is_warned_again_of_another_time(house: House) -> None:
    booking = house.book("aoki", "seat", "10:00", "17:00", now="09:00")
    with transaction(house.engine) as session:
        session.get_one(Booking, booking.id).warned_at = at("09:50")
    assert move(house, booking, "14:00", "17:00", now="09:55").warned_at is None
    house.sweep("14:56")
    assert house.get(booking).warned_at == at("14:56")


def test_what_the_sensor_saw_stays_beside_ones_own_check_in(house: House) -> None:
    booking = house.book("aoki", "seat", "08:30", "17:15", now="08:00")
    house.hear("seat", ("08:31", True), ("08:33", True))
    house.hear_beats("seat", "08:40", "17:10", occupied=True)
    checked = check_in(house, booking, "16:30")
    assert (checked.checked_in_by, checked.seen_at) == (By.HAND, at("08:31"))
    house.sweep("17:20")
    assert day_of(house, "aoki") == ["office_presumed", "office_presumed"]


def test_somebody_elses_hand_is_not_ones_own_word(house: House) -> None:
    booking = house.book("aoki", "seat", "08:30", "17:15", now="08:00")
    checked = check_in(house, booking, "08:30", who="fujii")
    assert checked.checked_in_by is By.OTHER
    house.sweep("17:20")
    assert day_of(house, "aoki") == ["office_presumed", "office_presumed"]


def test_ones_own_hand_after_anothers_is_ones_own_word(house: House) -> None:
    booking = house.book("aoki", "seat", "08:30", "17:15", now="08:00")
    check_in(house, booking, "08:30", who="fujii")
    assert check_in(house, booking, "13:00").checked_in_by is By.HAND
    house.sweep("17:20")
    assert day_of(house, "aoki") == ["office_presumed", "office"]


def test_history_alone_releases_nobody(house: House) -> None:
    booking = house.book("aoki", "seat", "09:00", "17:00")
    house.hear_beats("seat", "08:30", "10:20", occupied=None)
    house.process(house.readings("seat", [("10:05", False)], history=True), at("10:06"))
    house.sweep("10:25")
    assert house.get(booking).status is Status.BOOKED


def test_a_sensor_stuck_for_hours_is_no_evidence_against_a_release(house: House) -> None:
    house.hear("seat", ("00:00", True), ("00:02", True))
    house.hear_beats("seat", "00:10", "13:50", occupied=True)
    booking = house.book("aoki", "seat", "13:00", "17:00", now="12:00")
    house.hear_beats("seat", "14:00", "14:40", occupied=False)
    house.sweep("14:45")
    assert (house.get(booking).status, house.get(booking).reason) == (Status.RELEASED, "no_show")


def test_a_claim_that_nobody_ever_sat_at_is_the_next_ones(house: House) -> None:
    house.hear_beats("seat", "07:00", "09:00", occupied=False)
    house.sweep("09:00")
    house.claim("aoki", "seat", "09:00")
    house.hear_beats("seat", "09:05", "09:05", occupied=False)
    with pytest.raises(Exception, match=r"booking\.overlap"):
        house.claim("baba", "seat", "09:06")
    house.hear_beats("seat", "09:15", "09:15", occupied=False)
    assert house.claim("baba", "seat", "09:16").user_id == house.people["baba"].id


def test_what_is_out_of_order_is_not_reclaimed(house: House) -> None:
    booking = house.book("aoki", "seat", "09:00", "17:00")
    house.hear_beats("seat", "08:30", "10:30", occupied=False)
    house.sweep("10:30")
    house.break_("seat", "10:31")
    with pytest.raises(RuleBroken) as caught, transaction(house.engine) as session:
        release.reclaim(
            session, session.get_one(Booking, booking.id), actor=house.people["aoki"], now=at("10:35")
        )
    assert caught.value.facts["rule"] == "out_of_order"


def test_what_is_past_its_end_cannot_be_given_back(house: House) -> None:
    booking = house.claim("aoki", "seat", "09:00")
    late = house.get(booking).end_at + timedelta(seconds=10)
    with transaction(house.engine) as session:
        found = session.get_one(Booking, booking.id)
        with pytest.raises(Conflict, match=r"booking\.state"):
            release.give_back(session, found, actor=house.people["aoki"], now=late)
    house.sweep("00:10", day=1)
    ended = house.get(booking)
    assert (ended.status, ended.ended_at) == (Status.COMPLETED, ended.end_at)


def test_a_verb_refuses_an_old_version_where_one_is_named(api: Api, house: House) -> None:
    booking = house.book("aoki", "seat", "10:00", "11:00")
    path = f"/bookings/{booking.id}/end"
    assert problem(api.call("aoki", "POST", path, If_Match='"999"')) == (412, "request.stale")
    assert api.call("aoki", "POST", path, If_Match='"1"').status_code == 200
