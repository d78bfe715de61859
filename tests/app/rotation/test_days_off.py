"""Half-days in which somebody never works, in the day log, the month, its file and the reports."""

from __future__ import annotations

from datetime import date, time, timedelta

import pytest

from app import pipeline
from app.bookings import presence
from app.bookings.models import Booking
from app.clock import SteppingClock
from app.database import reading, transaction
from app.people.models import Role
from app.telework.closing import export, service
from app.telework.closing.rules import Month
from app.telework.rules import DayClass, Half
from tests.app.rotation.months import setting
from tests.app.telework.days import become, close, close_days, half_day, planned
from tests.app.telework.desk import put_below
from tests.fixtures.web import Api
from tests.house import DAY, OFFICE, House, at
from tests.statements import counted

WEDNESDAY, LAST = DAY + timedelta(days=1), date(2026, 11, 30)


@pytest.fixture
def part_time(house: House) -> House:
    """Aoki never works on Wednesdays and in the morning of Fridays."""
    setting(house, people=[{"user_id": house.people["aoki"].id, "away": ["wed-am", "wed-pm", "fri-am"]}])
    return house


def log(house: House, who: str, on: date) -> list[tuple[DayClass, str]]:
    return [(one.day_class, one.reason) for one in (half_day(house, who, half, on) for half in Half)]


OFF, UNKNOWN = (DayClass.CLOSED, "never_works"), (DayClass.UNKNOWN, "no_evidence")


def test_a_half_day_off_is_no_working_time(part_time: House) -> None:
    close_days(part_time, DAY, LAST)
    aoki = [log(part_time, "aoki", DAY + timedelta(days=n)) for n in (0, 1, 3)]
    assert aoki == [[UNKNOWN, UNKNOWN], [OFF, OFF], [OFF, UNKNOWN]]
    assert log(part_time, "baba", WEDNESDAY) == [UNKNOWN, UNKNOWN]


def test_the_rotation_of_a_section_above_knows_it_too(part_time: House) -> None:
    put_below(part_time, "zei", "soumu")
    endo = part_time.people["endo"].id
    setting(part_time, people=[{"user_id": endo, "away": ["wed-pm"]}])
    close(part_time, WEDNESDAY, day=2)
    assert log(part_time, "endo", WEDNESDAY) == [UNKNOWN, OFF]


def test_who_came_in_or_had_hours_at_home_approved_worked_all_the_same(part_time: House) -> None:
    planned(part_time, "aoki", Half.PM, on=WEDNESDAY, part=(time(13), time(14)))
    booking = part_time.book("aoki", "seat", "09:00", "12:00", day=1)
    with transaction(part_time.engine) as session:
        made = session.get_one(Booking, booking.id)
        presence.check_in(session, made, actor=part_time.people["aoki"], now=at("09:00", day=1))
    part_time.sweep("12:00", day=1)
    close(part_time, WEDNESDAY, day=2)
    assert log(part_time, "aoki", WEDNESDAY) == [(DayClass.OFFICE, "check_in_by_hand"), UNKNOWN]
    assert half_day(part_time, "aoki", Half.PM, WEDNESDAY).telework_minutes == 60


def test_closing_the_month_keeps_it_and_its_file_says_so(part_time: House) -> None:
    become(part_time, "fujii", Role.PERSONNEL)
    close_days(part_time, DAY, LAST)
    month = Month.of(DAY)
    with transaction(part_time.engine) as session:
        service.close_month(
            session,
            month,
            actor=part_time.people["fujii"],
            now=at("09:00", day=7),
            office=OFFICE,
            off_on=pipeline.off_on,
        )
    assert log(part_time, "aoki", WEDNESDAY) == [OFF, OFF]
    with reading(part_time.engine) as session:
        lines = export.export(session, month, OFFICE).content.decode("utf-8-sig").split("\r\n")
    mine = [line.split(",", 3)[3] for line in lines if line.split(",")[1:2] == ["aoki"]]
    assert {"2026/11/25,勤務なし,勤務なし", "2026/11/27,勤務なし,不明"} <= set(mine)


def test_a_share_of_telework_is_of_the_half_days_in_which_somebody_works(
    api: Api, part_time: House, clock: SteppingClock
) -> None:
    clock.at = at("09:00", day=7)
    for half in Half:
        planned(part_time, "aoki", half)
    close_days(part_time, DAY, LAST)
    query = "from=2026-11-24&to=2026-11-30"
    (row,) = api.call("aoki", "GET", f"/reports/telework_monthly?{query}").get_json()["rows"]
    assert (row["working_half_days"], row["eligible_half_days"], row["unknown_half_days"]) == (7, 7, 5)


def test_a_day_is_closed_in_as_many_queries_however_many_are_off(part_time: House) -> None:
    with counted(part_time.engine) as few:
        close(part_time, WEDNESDAY, day=2)
    people = [{"user_id": one.id, "away": ["wed-am"]} for one in part_time.people.values()]
    setting(part_time, people=people)
    with counted(part_time.engine) as many:
        close(part_time, WEDNESDAY, now="05:00", day=2)
    assert len(many) <= len(few) + 1
