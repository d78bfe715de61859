"""Before a release: a warning once, "I am still coming" once, the grace once more."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import pipeline
from app.bookings import warning
from app.bookings.models import Booking
from app.bookings.rules import Booked, Status, is_warning_due, release_deadline
from app.database import transaction
from app.errors import Conflict, RuleBroken
from app.spaces.rules import DEFAULTS, Kind, Policy
from app.telework.rules import Half, PlanKind
from app.telework.service import put_plan
from app.timespan import TimeSpan
from tests.house import DAY, House, at, span

minutes = st.integers(0, 600).map(lambda n: timedelta(minutes=n))
policies = st.builds(
    Policy, no_show_grace=minutes, warn_before_release=st.sampled_from([timedelta(0), timedelta(minutes=5)])
)
booked = st.builds(
    lambda begins, length, made, coming: Booked(
        Status.BOOKED,
        TimeSpan(at("08:00") + begins, at("08:00") + begins + length + timedelta(minutes=1)),
        at("07:00") + made,
        coming_at=at("08:00") + coming if coming else None,
    ),
    minutes,
    minutes,
    minutes,
    st.none() | minutes,
)


@given(booked, policies, minutes)
def test_a_warning_is_due_only_before_a_release_that_will_come(
    one: Booked, policy: Policy, after: timedelta
) -> None:
    now = at("08:00") + after
    deadline = release_deadline(one, policy)
    if is_warning_due(one, now=now, policy=policy):
        assert now < deadline < one.span.end
        assert deadline - now <= policy.warn_before_release


@given(booked, policies)
def test_still_coming_never_brings_the_release_nearer(one: Booked, policy: Policy) -> None:
    plain = Booked(one.status, one.span, one.made_at)
    assert release_deadline(one, policy) >= release_deadline(plain, policy)


def kinds(house: House, booking: Booking) -> list[str]:
    return [event.kind for event in house.events(booking)]


def say(house: House, booking: Booking, now: str, who: str = "aoki") -> Booking:
    with transaction(house.engine) as session:
        found = session.get_one(Booking, booking.id)
        warning.still_coming(session, found, actor=house.people[who], now=at(now))
        session.expunge(found)
    return found


def test_the_person_is_warned_once_five_minutes_before(house: House) -> None:
    booking = house.book("aoki", "seat", "09:00", "17:00")
    for clock in ("09:54", "09:55", "09:56", "09:59"):
        house.sweep(clock)
    assert kinds(house, booking) == ["booking.made", "booking.release_warned"]
    assert house.get(booking).warned_at == at("09:55")


def test_a_warning_that_was_missed_is_dropped(house: House) -> None:
    booking = house.book("aoki", "seat", "09:00", "17:00")
    house.sweep("10:00")
    assert "booking.release_warned" not in kinds(house, booking)


def test_nobody_is_warned_who_came_whom_no_sensor_can_release_or_who_is_expected_later(house: House) -> None:
    came = house.book("aoki", "seat", "09:00", "17:00")
    house.hear("seat", ("09:10", True), ("09:12", True))
    unwatched = house.book("baba", "bare", "09:00", "17:00")
    short = house.book("chiba", "window", "09:00", "09:30")
    with transaction(house.engine) as session:
        put_plan(
            session, actor=house.people["endo"], on=DAY, half=Half.AM, kind=PlanKind.HOME, now=at("08:00")
        )
    later = house.book("endo", "focus", "09:00", "17:00")
    for clock in ("09:26", "09:55", "09:59"):
        house.sweep(clock)
    for one in (came, unwatched, short, later):
        assert "booking.release_warned" not in kinds(house, one)
    assert house.get(later).release_check_at == at("14:00")
    house.sweep("13:55")
    assert kinds(house, later)[-1] == "booking.release_warned"


def test_still_coming_keeps_the_seat_for_one_grace_more_and_can_be_said_once(house: House) -> None:
    booking = house.book("aoki", "seat", "09:00", "17:00")
    house.hear_beats("seat", "08:30", "11:30", occupied=False)
    house.sweep("09:55")
    said = say(house, booking, "09:56")
    assert (said.coming_at, said.release_check_at) == (at("09:56"), at("10:56"))
    with pytest.raises(Conflict, match=r"booking\.said_already"):
        say(house, booking, "10:10")
    house.sweep("10:30")
    assert house.get(booking).status is Status.BOOKED
    house.sweep("11:10")
    assert house.get(booking).status is Status.RELEASED


def test_it_cannot_be_said_before_check_in_opens_nor_after_the_release(house: House) -> None:
    booking = house.book("aoki", "seat", "09:00", "17:00")
    with pytest.raises(RuleBroken):
        say(house, booking, "08:40")
    house.hear_beats("seat", "08:30", "10:30", occupied=False)
    house.sweep("10:30")
    assert house.get(booking).status is Status.RELEASED
    with pytest.raises(Conflict, match=r"booking\.state"):
        say(house, booking, "10:31")


def test_without_a_warning_policy_nobody_is_warned(house: House) -> None:
    assert DEFAULTS[Kind.SEAT].warn_before_release == timedelta(minutes=5)
    never = Policy(warn_before_release=timedelta(0))
    one = Booked(Status.BOOKED, span("09:00", "17:00"), at("08:00"))
    assert not is_warning_due(one, now=at("09:56"), policy=never)


def test_who_is_moved_by_a_repair_is_warned_again_and_may_answer_again(house: House) -> None:
    house.break_("bare")
    booking = house.book("aoki", "seat", "09:00", "17:00")
    for where in ("seat", "window"):
        house.hear_beats(where, "08:00", "09:50", occupied=False)
    house.sweep("09:55")
    say(house, booking, "09:56")
    outage = pipeline.Outage(house.spaces["seat"], at("09:57"), None, "")
    with transaction(house.engine) as session:
        pipeline.take_out_of_order(session, outage, actor=house.people["fujii"], now=at("09:57"))
    moved = house.get(booking)
    assert (moved.space_id, moved.start_at) == (house.spaces["window"], at("09:57"))
    assert (moved.warned_at, moved.coming_at, moved.release_check_at) == (None, None, at("10:57"))
    house.sweep("10:53")
    assert kinds(house, booking)[-1] == "booking.release_warned"
    assert say(house, booking, "10:54").coming_at == at("10:54")
