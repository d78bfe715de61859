"""A check-in is presence for as long as its sensor, or else an approved plan, lets it be (RULES 15, 17, 20)."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest
from sqlalchemy import delete

from app.bookings.models import Booking
from app.database import reading, transaction
from app.occupancy.models import StoredReading
from app.spaces.watching import watch_spaces
from app.telework.daylog.service import Viewer, list_log
from app.telework.rules import Half, PlanKind
from app.timespan import TimeSpan
from app.usage.correcting import correct
from app.usage.rules import Reason
from tests.app.telework.days import close, half_day, planned, sat
from tests.house import DAY, House, at
from tests.statements import counted

Halves = list[tuple[str, bool, int, int]]


def log(house: House, who: str) -> Halves:
    """Morning and afternoon: the reason, whether it is a conflict, the minutes by hand and inferred."""
    return [
        (one.reason, one.conflict, one.evidence["minutes_by_hand"], one.evidence["minutes_inferred"])
        for one in (half_day(house, who, half) for half in Half)
    ]


def sat_down(house: House, where: str = "seat", who: str = "aoki") -> Booking:
    """Somebody comes at half past eight, and claims their seat."""
    if where != "bare":
        house.hear(where, ("08:30", True))
    return house.claim(who, where, "08:31")


def beats(house: House, *told: tuple[str, str, bool], where: str = "seat") -> None:
    for start, end, occupied in told:
        house.hear_beats(where, start, end, occupied=occupied)
        house.sweep(end)


UNTIL_NOON = ("08:40", "11:30", True)
GONE = ("11:40", "17:50", False)


def test_rule_15_whose_seat_was_empty_from_noon_was_at_home_in_the_afternoon_as_approved(
    house: House,
) -> None:
    planned(house, "aoki", Half.PM)
    sat_down(house)
    beats(house, UNTIL_NOON, GONE)
    close(house)
    assert log(house, "aoki") == [
        ("check_in_by_hand", False, 189, 0),
        ("home_unreported", False, 0, 0),
    ]


def test_rule_15_whose_seat_was_empty_from_noon_without_a_plan_is_not_known(house: House) -> None:
    sat_down(house)
    beats(house, UNTIL_NOON, GONE)
    close(house)
    assert log(house, "aoki")[1] == ("no_evidence", False, 0, 0)


def test_rule_15_so_is_who_was_checked_in_by_the_sensor_alone(house: House) -> None:
    house.book("aoki", "seat", "08:30", "17:15")
    house.hear_beats("seat", "08:20", "08:30", occupied=False)
    house.hear("seat", ("08:35", True))
    beats(house, ("08:37", "11:57", True), ("12:07", "18:00", False))
    close(house)
    assert log(house, "aoki") == [("check_in_inferred", False, 0, 205), ("no_evidence", False, 0, 0)]


def test_rule_15_who_came_back_was_there_in_one_span(house: House) -> None:
    sat_down(house)
    beats(house, ("08:40", "09:00", True), ("09:10", "11:00", False), ("11:10", "17:50", True))
    close(house)
    assert half_day(house, "aoki", Half.AM).check_ins == {
        "by_hand": [[at("08:31").isoformat(), at("12:00").isoformat()]],
        "inferred": [],
    }
    assert log(house, "aoki")[1] == ("check_in_by_hand", False, 255, 0)


def test_rule_17_who_is_still_seen_where_home_is_approved_is_asked(house: House) -> None:
    planned(house, "aoki", Half.PM)
    sat_down(house)
    beats(house, ("08:40", "17:50", True))
    close(house)
    assert log(house, "aoki")[1] == ("home_and_check_in", True, 255, 0)


@pytest.mark.parametrize("kind", [PlanKind.HOME, PlanKind.SATELLITE, PlanKind.LEAVE, PlanKind.TRIP])
def test_where_no_sensor_can_say_the_approved_afternoon_ends_the_mornings_presence(
    house: House, kind: PlanKind
) -> None:
    planned(house, "aoki", Half.PM, kind)
    sat_down(house, "bare")
    close(house)
    morning, afternoon = log(house, "aoki")
    assert morning == ("check_in_by_hand", False, 209, 0)
    assert afternoon[1:] == (False, 0, 0)


def test_where_no_sensor_can_say_and_nothing_is_approved_the_booking_is_the_presence(house: House) -> None:
    planned(house, "aoki", Half.PM, approved=False)
    sat_down(house, "bare")
    close(house)
    assert log(house, "aoki")[1] == ("check_in_by_hand", False, 255, 0)


@pytest.mark.parametrize(("start", "half"), [("13:05", Half.PM), ("08:31", Half.AM)])
def test_rule_17_a_check_in_inside_the_half_day_at_home_stays_a_conflict(
    house: House, start: str, half: Half
) -> None:
    planned(house, "aoki", half)
    sat(house, "aoki", start, "17:15", "bare")
    close(house)
    assert [half_day(house, "aoki", one).conflict for one in Half] == [one is half for one in Half]


def test_rule_20_a_sensor_that_fell_silent_shortens_nothing(house: House) -> None:
    sat_down(house)
    beats(house, UNTIL_NOON, ("11:40", "14:00", False))
    house.sweep("18:00")
    close(house)
    assert log(house, "aoki")[1] == ("check_in_by_hand", False, 255, 0)


def test_rule_8_one_that_fell_silent_after_the_office_closed_was_healthy(house: House) -> None:
    sat_down(house)
    beats(house, UNTIL_NOON, ("11:40", "17:10", False))
    house.sweep("18:00")
    close(house)
    assert log(house, "aoki")[1] == ("no_evidence", False, 0, 0)


def test_rule_20_a_sensor_that_was_switched_off_shortens_nothing(house: House) -> None:
    sat_down(house)
    beats(house, UNTIL_NOON, ("11:40", "15:00", False))
    with transaction(house.engine) as session:
        watch_spaces(session, {"sensor-seat": []}, actor_id=None, now=at("15:05"))
    house.sweep("15:06")
    close(house)
    assert log(house, "aoki")[1] == ("check_in_by_hand", False, 255, 0)


def test_an_empty_seat_alone_gainsays_nobody_who_booked_the_day_and_checked_in_by_hand(house: House) -> None:
    """The afternoon was one of meetings."""
    sat(house, "aoki", "08:30", "17:15")
    beats(house, ("08:31", "11:51", True), ("12:01", "17:51", False))
    close(house)
    assert log(house, "aoki")[1] == ("check_in_by_hand", False, 255, 0)
    planned(house, "aoki", Half.PM)
    close(house, now="05:00")
    assert log(house, "aoki")[1] == ("home_unreported", False, 0, 0)


def test_what_the_facility_staff_corrected_no_sensor_shortens(house: House) -> None:
    booking = sat_down(house)
    beats(house, UNTIL_NOON, GONE)
    close(house)
    assert log(house, "aoki")[1][0] == "no_evidence"
    house.sweep("00:05", day=1)
    with transaction(house.engine) as session:
        correct(
            session,
            session.get_one(Booking, booking.id),
            TimeSpan(at("08:31"), at("17:15")),
            reason=Reason.SENSOR_MISSED,
            note="",
            actor=house.people["fujii"],
            now=at("05:00", day=1),
        )
    close(house, now="06:00")
    assert log(house, "aoki")[1] == ("check_in_by_hand", False, 255, 0)


def test_rule_19_a_day_is_written_anew_alike_once_its_readings_are_erased(house: House) -> None:
    sat_down(house)
    beats(house, UNTIL_NOON, GONE)
    close(house)
    before = log(house, "aoki")
    with transaction(house.engine) as session:
        session.execute(delete(StoredReading))
    close(house, now="05:00")
    assert log(house, "aoki") == before


def test_the_log_shows_the_times_of_the_minutes(house: House) -> None:
    sat_down(house)
    beats(house, UNTIL_NOON, GONE)
    close(house)
    with reading(house.engine) as session:
        viewer = Viewer(house.people["aoki"].id, DAY, timedelta(days=3))
        found = list_log(session, viewer, first=DAY, last=DAY, user_id=house.people["aoki"].id)
        times = [one.row.check_ins for one in found]
    assert times == [{"by_hand": [[at("08:31").isoformat(), at("11:40").isoformat()]], "inferred": []}, None]


def test_a_day_is_written_in_as_many_queries_for_one_who_came_as_for_more(house: House) -> None:
    numbers = []
    for who, where in (("aoki", "seat"), ("baba", "window"), ("chiba", "bare")):
        sat_down(house, where, who)
        planned(house, who, Half.PM)
        close(house)
        with counted(house.engine) as statements:
            close(house)
        numbers.append(len([one for one in statements if one.startswith(("SELECT", "WITH"))]))
    assert all(first == then for first, then in pairwise(numbers))
