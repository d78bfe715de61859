"""Giving spaces back; the numbers are those of RULES."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from app.bookings import presence, release
from app.bookings.models import Booking
from app.bookings.rules import Status
from app.database import transaction
from app.errors import Conflict, RuleBroken
from app.people.service import Person
from app.spaces.models import Space, Zone
from app.spaces.rules import Kind
from app.spaces.service import set_policy
from app.telework import service as telework
from app.telework.rules import Half, PlanKind
from tests.house import DAY, House, at


def act(
    house: House, do: Callable[..., Booking], booking: Booking, now: str, *, who: str = "aoki"
) -> Booking:
    with transaction(house.engine) as session:
        found = session.get_one(Booking, booking.id)
        actor: Person = house.people[who]
        do(session, found, actor=actor, now=at(now))
        session.expunge(found)
    return found


def told(house: House, booking: Booking) -> tuple[Status, str]:
    stored = house.get(booking)
    return stored.status, stored.reason


# No-shows


def test_rule_7_8_a_seat_that_a_healthy_sensor_calls_vacant_is_released_after_an_hour(house: House) -> None:
    booking = house.book("aoki", "seat", "09:00", "17:00")
    house.hear_beats("seat", "08:00", "10:00", occupied=False)
    assert house.sweep("09:59").released == []
    assert [one.id for one in house.sweep("10:00").released] == [booking.id]
    assert told(house, booking) == (Status.RELEASED, "no_show")
    stored = house.get(booking)
    assert (stored.ended_at, stored.release_check_at) == (at("10:00"), None)
    assert house.book("baba", "seat", "10:00", "17:00", now="10:00").status is Status.BOOKED


def test_rule_7_a_booth_is_released_after_ten_minutes(house: House) -> None:
    booking = house.book("aoki", "booth", "09:00", "11:00")
    house.hear_beats("booth", "08:00", "09:10", occupied=False)
    house.sweep("09:10")
    assert told(house, booking) == (Status.RELEASED, "no_show")


def test_rule_7_a_booking_made_late_has_its_whole_grace(house: House) -> None:
    booking = house.book("aoki", "seat", "09:00", "17:00", now="09:00")
    late = house.book("baba", "window", "09:30", "17:00", now="09:34")
    for seat in ("seat", "window"):
        house.hear_beats(seat, "08:00", "10:40", occupied=False)
    assert [one.id for one in house.sweep("10:33").released] == [booking.id]
    assert house.sweep("10:34").released == [], (
        "its grace is over, but nobody has said since that it is empty"
    )
    assert [one.id for one in house.sweep("10:40").released] == [late.id]


def test_rule_7_who_is_at_home_in_the_morning_is_awaited_from_noons_end_on(house: House) -> None:
    booking = house.book("aoki", "seat", "09:00", "17:00")
    with transaction(house.engine) as session:
        telework.put_plan(
            session,
            actor=house.people["aoki"],
            on=DAY,
            half=Half.AM,
            kind=PlanKind.HOME,
            now=at("08:00"),
        )
    house.hear_beats("seat", "08:00", "14:00", occupied=False)
    house.sweep("10:00")
    assert told(house, booking) == (Status.BOOKED, "grace")
    assert house.get(booking).release_check_at == at("14:00")
    assert [one.id for one in house.sweep("14:00").released] == [booking.id]


def test_rule_8_a_silent_sensor_keeps_the_booking_and_at_its_end_it_is_unverified(house: House) -> None:
    booking = house.book("aoki", "seat", "09:00", "12:00")
    house.hear_beats("seat", "08:00", "09:20", occupied=False)
    house.sweep("10:00")
    assert told(house, booking) == (Status.BOOKED, "sensor_silent")
    house.sweep("12:00")
    assert told(house, booking) == (Status.COMPLETED, "unverified")


def test_rule_8_a_silent_sensor_that_speaks_again_releases_nothing(house: House) -> None:
    """Nobody knows what happened while it was silent."""
    booking = house.book("aoki", "seat", "09:00", "12:00")
    house.hear_beats("seat", "08:00", "09:00", occupied=False)
    house.sweep("10:00")
    house.hear_beats("seat", "10:10", "11:00", occupied=False)
    house.sweep("11:00")
    assert told(house, booking) == (Status.BOOKED, "sensor_silent")


def test_rule_8_a_vacant_message_from_before_the_grace_ended_releases_nothing(house: House) -> None:
    booking = house.book("aoki", "seat", "09:00", "12:00")
    house.hear_beats("seat", "08:05", "09:55", occupied=False)
    house.sweep("10:01")
    assert told(house, booking) == (Status.BOOKED, "awaiting_sensor")
    house.hear("seat", ("10:05", False))
    house.sweep("10:05")
    assert told(house, booking) == (Status.RELEASED, "no_show")


def test_rule_8_a_sensor_that_lives_but_says_nothing_clear_keeps_the_booking(house: House) -> None:
    booking = house.book("aoki", "seat", "09:00", "12:00")
    house.hear_beats("seat", "08:00", "10:30", occupied=None)
    house.sweep("10:30")
    assert told(house, booking) == (Status.BOOKED, "sensor_silent")


def test_rule_8_a_signal_in_the_window_keeps_the_booking(house: House) -> None:
    """One hit is too little for a check-in, and enough for a doubt."""
    booking = house.book("aoki", "seat", "09:00", "12:00")
    house.hear_beats("seat", "08:00", "09:20", occupied=False)
    house.hear("seat", ("09:25", True), ("09:25:30", False))
    house.hear_beats("seat", "09:35", "10:05", occupied=False)
    house.sweep("10:05")
    assert told(house, booking) == (Status.BOOKED, "seen")
    house.sweep("12:00")
    assert told(house, booking) == (Status.COMPLETED, "seen")


def test_rule_5_somebody_overstaying_neither_checks_in_nor_keeps_the_next_booking(house: House) -> None:
    house.book("baba", "seat", "08:00", "09:00", now="08:00")
    booking = house.book("aoki", "seat", "09:00", "12:00")
    house.hear_beats("seat", "08:05", "08:55", occupied=True)
    house.hear_beats("seat", "09:05", "10:05", occupied=False)
    house.sweep("09:00")
    house.sweep("10:05")
    assert told(house, booking) == (Status.RELEASED, "no_show")


def test_rule_9_without_a_sensor_nothing_is_released_unless_the_policy_says_so(house: House) -> None:
    booking = house.book("aoki", "bare", "09:00", "12:00")
    house.sweep("10:00")
    assert told(house, booking) == (Status.BOOKED, "no_sensor")
    house.sweep("12:00")
    assert told(house, booking) == (Status.COMPLETED, "no_sensor")


def test_rule_9_where_check_in_by_hand_is_demanded_a_space_without_a_sensor_is_released(house: House) -> None:
    with transaction(house.engine) as session:
        set_policy(session, Kind.SEAT, "check_in_by_hand", "on", now=at("08:00"), actor_id=None)
    booking = house.book("aoki", "bare", "09:00", "12:00")
    house.sweep("10:00")
    assert told(house, booking) == (Status.RELEASED, "no_check_in")


def test_a_claim_is_not_a_no_show(house: House) -> None:
    claimed = house.claim("aoki", "free", "09:00")
    house.hear_beats("free", "08:00", "11:00", occupied=False)
    house.sweep("11:00")
    assert house.get(claimed).status is Status.CHECKED_IN


def test_sweeping_twice_changes_nothing(house: House) -> None:
    house.book("aoki", "seat", "09:00", "17:00")
    kept = house.book("baba", "window", "09:00", "17:00")
    house.hear_beats("seat", "08:00", "10:00", occupied=False)
    first = house.sweep("10:00")
    again = house.sweep("10:00")
    assert len(first.released) == 1
    assert (again.released, again.completed, again.left_early, again.checked_in) == ([], [], [], [])
    assert again.observed.changes == ()
    assert house.get(kept).version == 2  # told once that the sensor is silent


# Reclaiming


def released(house: House) -> Booking:
    booking = house.book("aoki", "seat", "09:00", "17:00")
    house.hear_beats("seat", "08:00", "10:00", occupied=False)
    house.sweep("10:00")
    return booking


def test_rule_10_a_released_booking_is_reclaimed_and_not_released_again(house: House) -> None:
    booking = released(house)
    act(house, release.reclaim, booking, "10:30")
    assert told(house, booking) == (Status.BOOKED, "reclaimed")
    house.hear_beats("seat", "10:10", "12:00", occupied=False)
    house.sweep("12:00")
    assert told(house, booking) == (Status.BOOKED, "reclaimed")


def test_rule_10_a_seat_that_somebody_else_holds_is_not_reclaimed(house: House) -> None:
    booking = released(house)
    house.book("baba", "seat", "10:30", "12:00", now="10:10")
    with pytest.raises(Conflict) as caught:
        act(house, release.reclaim, booking, "10:30")
    assert caught.value.code == "booking.overlap"
    assert told(house, booking) == (Status.RELEASED, "no_show")


def test_rule_10_who_took_another_desk_meanwhile_does_not_reclaim(house: House) -> None:
    booking = released(house)
    house.claim("aoki", "window", "10:10")
    with pytest.raises(Conflict) as caught:
        act(house, release.reclaim, booking, "10:30")
    assert (caught.value.code, caught.value.facts["clash"]) == ("booking.overlap", "person")


def test_rule_10_only_what_was_released_and_is_not_over_is_reclaimed(house: House) -> None:
    booking = released(house)
    with pytest.raises(Conflict):
        act(house, release.reclaim, booking, "17:00")
    live = house.book("baba", "window", "09:00", "17:00")
    with pytest.raises(Conflict):
        act(house, release.reclaim, live, "10:00", who="baba")


def test_rule_10_what_the_office_closed_or_took_out_of_order_meanwhile_is_not_reclaimed(house: House) -> None:
    booking = released(house)
    house.break_("seat", "12:00")
    with pytest.raises(RuleBroken) as caught:
        act(house, release.reclaim, booking, "10:30")
    assert caught.value.facts["rule"] == "out_of_order"


def test_rule_10_who_booked_up_to_a_quota_meanwhile_does_not_reclaim(house: House) -> None:
    with transaction(house.engine) as session:
        set_policy(session, Kind.SEAT, "concurrent_quota", "1", now=at("07:00"), actor_id=None)
    booking = released(house)
    other = house.book("aoki", "window", "09:00", "12:00", day=1, now="10:05")
    with pytest.raises(RuleBroken) as caught:
        act(house, release.reclaim, booking, "10:30")
    assert (caught.value.facts["rule"], caught.value.facts["allowed"]) == ("concurrent_quota", "<= 1")
    act(house, release.cancel, other, "10:35")
    act(house, release.reclaim, booking, "10:40")
    assert told(house, booking) == (Status.BOOKED, "reclaimed")


def test_rule_10_a_seat_that_became_free_seating_meanwhile_is_not_reclaimed(house: House) -> None:
    booking = released(house)
    with transaction(house.engine) as session:
        space = session.get_one(Space, house.spaces["seat"])
        session.get_one(Zone, space.zone_id).free_seating = True
    with pytest.raises(RuleBroken, match=r"zone\.free_seating"):
        act(house, release.reclaim, booking, "10:30")


# Giving back and cancelling


def test_rule_10_what_has_begun_ends_early_and_frees_the_seat(house: House) -> None:
    booking = house.book("aoki", "seat", "09:00", "17:00")
    act(house, release.give_back, booking, "11:00")
    assert told(house, booking) == (Status.ENDED_EARLY, "gave_back")
    assert house.get(booking).ended_at == at("11:00")
    assert house.book("baba", "seat", "11:00", "17:00", now="11:00").status is Status.BOOKED


@pytest.mark.parametrize("now", ["08:30", "09:00"])
def test_rule_10_what_has_not_begun_is_cancelled(house: House, now: str) -> None:
    booking = house.book("aoki", "seat", "09:00", "17:00")
    act(house, release.give_back, booking, now)
    assert house.get(booking).status is Status.CANCELLED
    assert house.get(booking).ended_at is None


def test_cancelling_what_is_checked_in_gives_it_back(house: House) -> None:
    claimed = house.claim("aoki", "free", "09:00")
    act(house, release.cancel, claimed, "10:00")
    assert told(house, claimed) == (Status.ENDED_EARLY, "gave_back")


def test_cancelling_frees_the_space_and_the_person(house: House) -> None:
    booking = house.book("aoki", "seat", "09:00", "17:00")
    act(house, release.cancel, booking, "08:30")
    assert told(house, booking) == (Status.CANCELLED, "cancelled")
    house.book("baba", "seat", "09:00", "17:00")
    house.book("aoki", "window", "09:00", "17:00")


@pytest.mark.parametrize("do", [release.give_back, release.cancel])
def test_what_is_over_is_not_given_up_again(house: House, do: Callable[..., Booking]) -> None:
    booking = house.book("aoki", "seat", "09:00", "17:00")
    act(house, release.give_back, booking, "10:00")
    with pytest.raises(Conflict) as caught:
        act(house, do, booking, "10:01")
    assert caught.value.code == "booking.state"


@pytest.mark.parametrize("do", [release.give_back, release.cancel])
def test_what_ran_out_is_not_given_up_even_before_the_sweep_says_so(
    house: House, do: Callable[..., Booking]
) -> None:
    booking = house.book("aoki", "seat", "09:00", "10:00")
    with pytest.raises(Conflict) as caught:
        act(house, do, booking, "10:00")
    assert caught.value.code == "booking.state"


def test_a_change_from_an_older_copy_is_refused(house: House) -> None:
    booking = house.book("aoki", "seat", "09:00", "17:00")
    act(house, release.give_back, booking, "10:00")
    with pytest.raises(Conflict) as caught, transaction(house.engine) as session:
        release.give_back(session, booking, actor=house.people["aoki"], now=at("10:01"))
    assert caught.value.code == "booking.changed"


# Leaving early and running out


def test_a_booth_that_was_left_is_free_ten_minutes_after_the_last_signal(house: House) -> None:
    booking = house.book("aoki", "booth", "09:00", "11:00")
    house.hear("booth", ("09:01", True), ("09:02", True), ("09:30", False), ("09:40", False))
    assert [one.id for one in house.sweep("09:40").left_early] == [booking.id]
    stored = house.get(booking)
    assert (stored.status, stored.reason, stored.ended_at) == (
        Status.ENDED_EARLY,
        "left_early",
        at("09:30"),
    )


def test_a_seat_that_was_left_for_lunch_stays_the_persons(house: House) -> None:
    booking = house.book("aoki", "seat", "09:00", "17:00")
    house.hear("seat", ("09:01", True), ("09:02", True), ("12:00", False), ("12:11", False))
    house.sweep("12:50")
    assert house.get(booking).status is Status.CHECKED_IN


def test_who_checks_in_by_hand_after_the_seat_fell_quiet_has_not_left(house: House) -> None:
    booking = house.book("aoki", "booth", "09:00", "11:00")
    house.hear("booth", ("09:01", True), ("09:02", True), ("09:05", False))
    act(house, presence.check_in, booking, "09:12")
    house.hear("booth", ("09:15", False))
    assert house.sweep("09:16").left_early == []
    assert house.get(booking).status is Status.CHECKED_IN


def test_whom_the_sensor_never_saw_is_not_held_to_have_left(house: House) -> None:
    house.hear_beats("booth", "08:00", "09:00", occupied=False)
    claimed = house.claim("aoki", "booth", "09:00")
    house.hear_beats("booth", "09:10", "09:40", occupied=False)
    house.sweep("09:40")
    assert house.get(claimed).status is Status.CHECKED_IN


def test_what_ran_out_is_completed_at_its_end_however_late_the_sweep(house: House) -> None:
    booking = house.book("aoki", "seat", "09:00", "12:00")
    house.hear("seat", ("09:01", True), ("09:02", True))
    house.sweep("15:00")
    assert told(house, booking) == (Status.COMPLETED, "ended")
    assert house.get(booking).ended_at == at("12:00")
    assert house.events(booking)[-1].at == at("15:00")


def test_a_restart_makes_due_what_became_due_in_between(house: House) -> None:
    over = house.book("aoki", "seat", "09:00", "10:00")
    nobody = house.book("baba", "window", "09:00", "17:00")
    house.hear_beats("window", "08:00", "12:00", occupied=False)
    swept = house.sweep("12:00")  # the first since eight
    assert [one.id for one in swept.released] == [nobody.id]
    assert [one.id for one in swept.completed] == [over.id]


def test_the_version_counts_every_change(house: House) -> None:
    booking = released(house)
    act(house, release.reclaim, booking, "10:30")
    assert house.get(booking).version == 3
    assert [one.kind for one in house.events(booking)] == [
        "booking.made",
        "booking.released",
        "booking.reclaimed",
    ]
    assert house.events(booking)[-1].at - house.events(booking)[0].at == timedelta(hours=2, minutes=30)
