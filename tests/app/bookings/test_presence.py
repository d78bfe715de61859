"""Checking in by hand and by what the sensor saw; the numbers are those of RULES."""

from datetime import timedelta

import pytest

from app.bookings import presence, release, reserve
from app.bookings.models import Booking
from app.bookings.rules import By, Status
from app.bookings.service import get_booking
from app.database import transaction
from app.errors import Conflict, Forbidden, RuleBroken
from app.spaces.rules import Kind
from app.spaces.service import set_policy
from app.timespan import TimeSpan
from tests.house import House, at


def check_in(house: House, booking: Booking, now: str, *, who: str = "aoki") -> Booking:
    with transaction(house.engine) as session:
        found = get_booking(session, booking.id, actor=house.people[who], to_change=True)
        presence.check_in(session, found, actor=house.people[who], now=at(now))
        session.expunge(found)
    return found


def give_back(house: House, booking: Booking, now: str, *, who: str = "aoki") -> None:
    with transaction(house.engine) as session:
        found = session.get_one(Booking, booking.id)
        release.give_back(session, found, actor=house.people[who], now=at(now))


# By hand


@pytest.mark.parametrize("now", ["08:45", "09:00", "16:59"])
def test_check_in_is_open_from_fifteen_minutes_before_the_start_to_the_end(house: House, now: str) -> None:
    booking = house.book("aoki", "seat", "09:00", "17:00")
    checked_in = check_in(house, booking, now)
    stored = house.get(booking)
    assert (stored.status, stored.checked_in_by, stored.checked_in_at) == (
        Status.CHECKED_IN,
        By.HAND,
        at(now),
    )
    assert stored.release_check_at is None
    assert checked_in.version == stored.version == 2


def test_check_in_before_it_opens_is_refused_and_says_when(house: House) -> None:
    booking = house.book("aoki", "seat", "09:00", "17:00")
    with pytest.raises(RuleBroken) as caught:
        check_in(house, booking, "08:44:59")
    assert caught.value.facts["rule"] == "check_in_opens"
    assert caught.value.facts["allowed"] == f">= {at('08:45').isoformat()}"


def test_check_in_at_or_after_the_end_is_refused(house: House) -> None:
    booking = house.book("aoki", "seat", "09:00", "17:00")
    with pytest.raises(Conflict) as caught:
        check_in(house, booking, "17:00")
    assert caught.value.code == "booking.state"


def test_what_was_cancelled_is_not_checked_in(house: House) -> None:
    booking = house.book("aoki", "seat", "09:00", "17:00")
    give_back(house, booking, "08:30")
    with pytest.raises(Conflict):
        check_in(house, booking, "09:00")


def test_a_strangers_booking_is_not_checked_in(house: House) -> None:
    booking = house.book("aoki", "seat", "09:00", "17:00")
    with pytest.raises(Forbidden):
        check_in(house, booking, "09:00", who="baba")


def test_checking_in_twice_is_once(house: House) -> None:
    booking = house.book("aoki", "seat", "09:00", "17:00")
    check_in(house, booking, "09:00")
    check_in(house, booking, "09:30")
    assert house.get(booking).checked_in_at == at("09:00")
    assert [one.kind for one in house.events(booking)] == ["booking.made", "booking.checked_in"]


def test_rule_6_a_seat_that_the_sensor_checked_in_becomes_the_persons_own_word(house: House) -> None:
    booking = house.book("aoki", "seat", "09:00", "17:00")
    house.hear("seat", ("09:01", True), ("09:02", True))
    assert house.get(booking).checked_in_by is By.SENSOR
    check_in(house, booking, "09:30")
    stored = house.get(booking)
    assert (stored.checked_in_by, stored.checked_in_at) == (By.HAND, at("09:30"))


# By the sensor


def test_rule_5_a_confirmed_signal_in_the_window_checks_in_since_its_first_hit(house: House) -> None:
    booking = house.book("aoki", "seat", "09:00", "17:00")
    house.hear("seat", ("09:01", True))
    assert house.get(booking).status is Status.BOOKED
    house.hear("seat", ("09:03", True))
    stored = house.get(booking)
    assert (stored.status, stored.checked_in_by, stored.checked_in_at) == (
        Status.CHECKED_IN,
        By.SENSOR,
        at("09:01"),
    )
    event = house.events(booking)[-1]
    assert (event.kind, event.actor_id, event.at) == ("booking.checked_in", None, at("09:03"))


def test_rule_2_a_cleaner_who_passes_by_checks_nobody_in(house: House) -> None:
    booking = house.book("aoki", "seat", "09:00", "17:00")
    house.hear("seat", ("09:01", True), ("09:01:30", False), ("09:11", False))
    house.sweep("09:20")
    assert house.get(booking).status is Status.BOOKED


def test_rule_2_one_hit_that_lasts_checks_in_at_the_sweep_that_confirms_it(house: House) -> None:
    booking = house.book("aoki", "seat", "09:00", "17:00")
    house.hear("seat", ("09:01", True))
    swept = house.sweep("09:04")
    assert [one.id for one in swept.checked_in] == [booking.id]
    assert house.get(booking).checked_in_at == at("09:01")


def test_rule_5_signals_before_check_in_opens_are_no_evidence(house: House) -> None:
    booking = house.book("aoki", "seat", "09:00", "17:00")
    house.hear("seat", ("08:30", True), ("08:32", True), ("08:44", True))
    assert house.get(booking).status is Status.BOOKED
    house.hear("seat", ("08:45", True))
    assert house.get(booking).checked_in_at == at("08:45")


def test_rule_5_somebody_overstaying_does_not_check_in_the_next_by_the_state_alone(house: House) -> None:
    """The state is carried over from before; only a signal observed after the end is evidence."""
    first = house.book("aoki", "seat", "08:30", "09:30")
    following = house.book("baba", "seat", "09:30", "12:00")
    house.hear("seat", ("08:31", True), ("08:33", True), ("09:29", True))
    house.sweep("09:31")
    assert house.get(first).status is Status.COMPLETED
    assert house.get(following).status is Status.BOOKED
    house.hear("seat", ("09:31:30", True))
    assert house.get(following).checked_in_at == at("09:31:30")


def test_rule_5_a_seat_given_back_early_is_the_next_persons_from_then_on(house: House) -> None:
    first = house.book("aoki", "seat", "08:30", "09:30")
    following = house.book("baba", "seat", "09:30", "12:00")
    house.hear("seat", ("08:31", True), ("08:33", True))
    give_back(house, first, "09:18")
    house.hear("seat", ("09:17", True))
    assert house.get(following).status is Status.BOOKED
    house.hear("seat", ("09:19", True))
    assert house.get(following).checked_in_at == at("09:19")


def test_rule_5_of_several_bookings_before_the_last_to_end_counts(house: House) -> None:
    house.book("baba", "seat", "08:00", "08:40")
    house.book("chiba", "seat", "08:40", "08:55")
    booking = house.book("aoki", "seat", "09:00", "12:00")
    house.hear("seat", ("08:48", True), ("08:50", True), ("08:54", True))
    assert house.get(booking).status is Status.BOOKED
    house.hear("seat", ("08:55", True))
    assert house.get(booking).checked_in_at == at("08:55")


def test_rule_5_who_stays_on_after_a_booking_of_a_week_does_not_check_in_the_next(house: House) -> None:
    with transaction(house.engine) as session:
        set_policy(session, Kind.SEAT, "max_duration", "7d", now=at("00:00"), actor_id=None)
    with transaction(house.engine) as session:
        reserve.reserve(
            session,
            actor=house.people["baba"],
            space_id=house.spaces["seat"],
            span=TimeSpan(at("09:00"), at("09:00", day=7)),
            now=at("08:00"),
        )
    booking = house.book("aoki", "seat", "09:00", "12:00", day=7)
    hear_on(house, 7, ("08:46", True), ("08:48", True), ("08:59", True))
    assert house.get(booking).status is Status.BOOKED
    hear_on(house, 7, ("09:01", True))
    assert house.get(booking).checked_in_at == at("09:01", day=7)


def test_rule_5_where_check_in_opens_days_before_fridays_booking_is_no_evidence_for_mondays(
    house: House,
) -> None:
    with transaction(house.engine) as session:
        set_policy(session, Kind.SEAT, "check_in_opens", "5d", now=at("00:00"), actor_id=None)
    friday = house.book("baba", "seat", "09:00", "17:00", day=3)
    monday = house.book("aoki", "seat", "09:00", "12:00", day=6)
    check_in(house, friday, "09:00", who="baba")
    hear_on(house, 3, ("10:00", True), ("10:02", True), ("16:59", True))
    assert house.get(monday).status is Status.BOOKED
    hear_on(house, 3, ("17:01", True))
    assert house.get(monday).checked_in_at == at("17:01", day=3)


def test_rule_5_what_was_taken_back_holds_the_seat_to_its_end_though_another_began_later(
    house: House,
) -> None:
    reclaimed = house.book("aoki", "seat", "09:00", "12:00")
    with transaction(house.engine) as session:
        row = session.get_one(Booking, reclaimed.id)
        row.status, row.ended_at, row.release_check_at = Status.RELEASED, at("10:00"), None
    claimed = house.claim("baba", "seat", "10:01")
    give_back(house, claimed, "10:30", who="baba")
    with transaction(house.engine) as session:
        found = session.get_one(Booking, reclaimed.id)
        release.reclaim(session, found, actor=house.people["aoki"], now=at("10:40"))
    following = house.book("chiba", "seat", "12:00", "13:00", now="10:45")
    house.hear("seat", ("11:50", True), ("11:52", True), ("11:59", True))
    assert house.get(following).status is Status.BOOKED


def hear_on(house: House, day: int, *said: tuple[str, bool]) -> None:
    """A seat's sensor spoke on another day, each time in a batch of its own."""
    for one in house.readings("seat", said):
        shifted = one.observed_at + timedelta(days=day)
        house.process([one._replace(observed_at=shifted, received_at=shifted)], shifted)


def test_rule_3_what_comes_twice_or_late_checks_nobody_in(house: House) -> None:
    booking = house.book("aoki", "seat", "09:00", "17:00")
    house.hear("seat", ("09:30", False))
    late = house.readings("seat", [("09:01", True), ("09:03", True)])
    for now in ("09:31", "09:32"):
        house.process([one._replace(received_at=at(now)) for one in late], at(now))
    assert house.get(booking).status is Status.BOOKED


def test_rule_3_what_is_told_as_history_checks_nobody_in(house: House) -> None:
    booking = house.book("aoki", "seat", "09:00", "17:00")
    house.process(house.readings("seat", [("09:01", True), ("09:03", True)], history=True), at("09:04"))
    assert house.get(booking).status is Status.BOOKED


def test_rule_4_a_seat_that_has_been_occupied_for_over_twelve_hours_is_no_evidence(house: House) -> None:
    """A bag on the seat, or a sensor that hangs."""
    booking = house.book("aoki", "seat", "13:00", "17:00")
    house.hear_beats("seat", "00:30", "12:40", occupied=True)
    house.hear_beats("seat", "12:50", "14:00", occupied=True)
    assert house.get(booking).status is Status.BOOKED


def test_one_batch_checks_in_each_booking_by_its_own_seat(house: House) -> None:
    one = house.book("aoki", "seat", "09:00", "17:00")
    other = house.book("baba", "window", "09:00", "17:00")
    none = house.book("chiba", "focus", "09:00", "17:00")
    batch = [
        *house.readings("seat", [("09:01", True), ("09:02", True)]),
        *house.readings("window", [("09:05", True), ("09:06", True)]),
        *house.readings("focus", [("09:05", False), ("09:06", None)]),
    ]
    house.process(batch, at("09:07"))
    assert house.get(one).checked_in_at == at("09:01")
    assert house.get(other).checked_in_at == at("09:05")
    assert house.get(none).status is Status.BOOKED


def test_a_reading_of_nobodys_sensor_is_named_and_not_stored(house: House) -> None:
    stranger = [one._replace(sensor_id="nobody") for one in house.readings("seat", [("09:01", True)])]
    observed = house.process(stranger, at("09:01"))
    assert (observed.stored, observed.unknown_sensors) == (0, frozenset({"nobody"}))


def test_rule_4_a_sensor_that_was_stuck_all_night_checks_nobody_in(house: House) -> None:
    booking, later = (
        house.book("aoki", "seat", "08:30", "12:00"),
        house.book("baba", "window", "08:30", "12:00"),
    )
    for seat, since in (("seat", "00:00"), ("window", "04:10")):  # the other is somebody's early morning
        house.hear_beats(seat, since, "09:00", occupied=True)
    house.sweep("09:01")
    assert house.get(booking).status is Status.BOOKED
    assert house.get(later).checked_in_by is By.SENSOR
    house.hear("seat", ("09:05", False))
    house.sweep("09:16")
    house.hear("seat", ("09:20", True), ("09:22", True))
    assert house.get(booking).checked_in_by is By.SENSOR  # believed again after a break
