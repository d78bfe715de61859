"""Plans, approvals and the day log; the numbers are those of RULES."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from app import pipeline
from app.bookings import presence, release
from app.bookings.models import Booking
from app.calendar import public_holidays
from app.database import reading, transaction
from app.errors import Conflict, DomainError, Forbidden, NotFound
from app.people.models import Membership, Role, User
from app.telework.approval.service import approve_plan
from app.telework.models import HalfDay, TeleworkPlan
from app.telework.rules import DayClass, Half, PlanKind
from app.telework.service import (
    days_to_close,
    list_days,
    list_plans,
    planned_arrivals,
    put_plan,
)
from tests.house import DAY, OFFICE, House, at

HOLIDAY = date(2026, 11, 23)  # 勤労感謝の日


def plan(house: House, who: str, half: Half, kind: PlanKind, *, on: date = DAY) -> int:
    with transaction(house.engine) as session:
        return put_plan(session, actor=house.people[who], on=on, half=half, kind=kind, now=at("07:00")).id


def approve(house: House, plan_id: int, *, who: str = "chiba") -> None:
    with transaction(house.engine) as session:
        approve_plan(session, plan_id, actor=house.people[who], now=at("07:30"))


def close(house: House, on: date = DAY) -> None:
    with transaction(house.engine) as session:
        pipeline.close_day(session, on, at("04:00", day=1), OFFICE, public_holidays(on.year))


def log(house: House, who: str, on: date = DAY) -> list[tuple[DayClass, str]]:
    """Morning and afternoon of a person."""
    with reading(house.engine) as session:
        found = list_days(session, first=on, last=on, user_id=house.people[who].id)
        return [(half_day.day_class, half_day.reason) for half_day, *_ in found]


def do(house: House, act: Callable[..., object], booking: Booking, who: str, now: str) -> None:
    with transaction(house.engine) as session:
        act(session, session.get_one(Booking, booking.id), actor=house.people[who], now=at(now))


UNKNOWN = (DayClass.UNKNOWN, "no_evidence")


def test_rule_16_the_hours_of_the_half_days_and_the_close_of_the_day() -> None:
    assert OFFICE.window(DAY, Half.AM).start == at("08:30")
    assert OFFICE.window(DAY, Half.AM).end == at("12:00")
    assert OFFICE.window(DAY, Half.PM).start == at("13:00")
    assert OFFICE.window(DAY, Half.PM).end == at("17:15")
    assert OFFICE.closes_at(DAY) == at("04:00", day=1)


# Plans


def test_a_plan_is_made_changed_and_needs_approval_again(house: House) -> None:
    first = plan(house, "aoki", Half.AM, PlanKind.HOME)
    approve(house, first)
    assert plan(house, "aoki", Half.AM, PlanKind.HOME) == first
    with reading(house.engine) as session:
        assert session.get_one(TeleworkPlan, first).approved_at == at("07:30")
    assert plan(house, "aoki", Half.AM, PlanKind.OFFICE) == first
    with reading(house.engine) as session:
        changed = session.get_one(TeleworkPlan, first)
        assert (changed.approved_at, changed.approved_by) == (None, None)
        plans = list_plans(session, user_id=house.people["aoki"].id, first=DAY, last=DAY)
        assert [(one.half, one.kind) for one in plans] == [(Half.AM, PlanKind.OFFICE)]


@pytest.mark.parametrize(
    ("who", "person", "refusal"),
    [
        ("chiba", "aoki", None),
        ("chiba", "endo", Forbidden),
        ("aoki", "aoki", Forbidden),
        ("fujii", "aoki", Forbidden),
    ],
)
def test_a_chief_approves_for_the_own_section(
    house: House, who: str, person: str, refusal: type[DomainError] | None
) -> None:
    made = plan(house, person, Half.AM, PlanKind.HOME)
    if refusal is None:
        approve(house, made, who=who)
    else:
        with pytest.raises(refusal):
            approve(house, made, who=who)


def test_a_plan_that_does_not_exist_is_not_found(house: House) -> None:
    with pytest.raises(NotFound):
        approve(house, 10_000)


def test_rule_18_the_plan_of_a_closed_day_stands(house: House) -> None:
    close(house)
    with pytest.raises(Conflict) as caught:
        plan(house, "aoki", Half.AM, PlanKind.HOME)
    assert caught.value.code == "telework.day_closed"


@pytest.mark.parametrize(
    ("half", "kind", "awaited"),
    [
        (Half.AM, PlanKind.HOME, True),
        (Half.AM, PlanKind.LEAVE, True),
        (Half.AM, PlanKind.OFFICE, False),
        (Half.PM, PlanKind.HOME, False),
    ],
)
def test_rule_7_who_is_away_in_the_morning_is_awaited_from_noons_end_on(
    house: House, half: Half, kind: PlanKind, awaited: bool
) -> None:
    plan(house, "aoki", half, kind)
    aoki, baba = house.people["aoki"].id, house.people["baba"].id
    people = [(aoki, at("09:00")), (aoki, at("09:00", day=1)), (baba, at("09:00"))]
    with reading(house.engine) as session:
        found = planned_arrivals(session, people, OFFICE)
    assert found == ({(aoki, at("09:00")): at("13:00")} if awaited else {})


# The day log


def test_rule_17_a_day_of_each_kind(house: House) -> None:
    approve(house, plan(house, "aoki", Half.AM, PlanKind.HOME))
    do(house, presence.check_in, house.book("aoki", "seat", "13:00", "17:15"), "aoki", "13:00")
    house.book("baba", "window", "09:00", "12:00")
    house.hear_beats("window", "09:00", "11:50", occupied=True)
    approve(house, plan(house, "baba", Half.PM, PlanKind.LEAVE))
    house.sweep("18:00")
    close(house)
    assert log(house, "aoki") == [
        (DayClass.TELEWORK, "home_unreported"),
        (DayClass.OFFICE, "check_in_by_hand"),
    ]
    assert log(house, "baba") == [
        (DayClass.OFFICE_PRESUMED, "check_in_inferred"),
        (DayClass.LEAVE, "approved_leave"),
    ]
    assert log(house, "endo") == [UNKNOWN, UNKNOWN]


def test_rule_17_home_and_a_check_in_by_hand_are_shown_as_a_conflict(house: House) -> None:
    approve(house, plan(house, "aoki", Half.AM, PlanKind.HOME))
    do(house, presence.check_in, house.book("aoki", "seat", "09:00", "12:00"), "aoki", "09:00")
    house.sweep("12:00")
    close(house)
    with reading(house.engine) as session:
        morning = list_days(session, first=DAY, last=DAY, user_id=house.people["aoki"].id)[0][0]
    assert (morning.day_class, morning.conflict) == (DayClass.TELEWORK, True)


def test_rule_17_a_closed_day_wins(house: House) -> None:
    approve(house, plan(house, "aoki", Half.AM, PlanKind.LEAVE, on=HOLIDAY))
    close(house, HOLIDAY)
    assert log(house, "aoki", HOLIDAY) == [(DayClass.CLOSED, "closed_day")] * 2


def test_rule_17_a_booking_that_nobody_checked_in_to_is_no_presence(house: House) -> None:
    house.book("aoki", "seat", "09:00", "17:15")
    house.sweep("18:00")
    close(house)
    assert log(house, "aoki") == [UNKNOWN, UNKNOWN]


def test_rule_17_presence_ends_where_the_booking_was_given_back(house: House) -> None:
    booking = house.book("aoki", "seat", "09:00", "17:15")
    do(house, presence.check_in, booking, "aoki", "09:00")
    do(house, release.give_back, booking, "aoki", "12:10")
    close(house)
    assert log(house, "aoki") == [(DayClass.OFFICE, "check_in_by_hand"), UNKNOWN]


def test_rule_18_running_a_day_again_writes_it_anew_from_what_is_known_then(house: House) -> None:
    morning = plan(house, "aoki", Half.AM, PlanKind.HOME)
    close(house)
    assert log(house, "aoki") == [UNKNOWN, UNKNOWN]
    approve(house, morning)
    for _ in range(2):
        close(house)
    assert log(house, "aoki") == [(DayClass.TELEWORK, "home_unreported"), UNKNOWN]
    with reading(house.engine) as session:
        written = session.scalars(select(func.count()).select_from(HalfDay)).one()
    assert written == 2 * len(house.people)


def test_the_day_log_holds_who_belonged_to_the_office_that_day_and_no_device(house: House) -> None:
    with transaction(house.engine) as session:
        session.get_one(User, house.people["aoki"].id).left_at = at("17:15")  # the last day
        session.get_one(User, house.people["baba"].id).left_at = at("23:59", day=-1)
        session.get_one(User, house.people["endo"].id).role = Role.KIOSK
        membership = session.scalars(
            select(Membership).where(Membership.user_id == house.people["fujii"].id)
        ).one()
        membership.from_on = DAY + timedelta(days=1)
    close(house)
    assert {who: len(log(house, who)) for who in house.people} == {
        "aoki": 2,
        "baba": 0,
        "chiba": 2,
        "endo": 0,
        "fujii": 0,
    }


def test_the_log_of_a_section_is_of_those_who_belonged_to_it_that_day(house: House) -> None:
    close(house)
    section = next(iter(house.people["chiba"].section_ids))
    with reading(house.engine) as session:
        found = list_days(session, first=DAY, last=DAY, section_id=section)
    assert [name for _half, name, _kana in found] == ["aoki", "aoki", "baba", "baba", "chiba", "chiba"]


# Which days are to be closed


def test_rule_16_a_day_is_to_be_closed_from_four_in_the_next_morning_on(house: House) -> None:
    close(house, DAY - timedelta(days=1))
    with reading(house.engine) as session:
        assert days_to_close(session, at("03:59:59", day=1), OFFICE) == []
        assert days_to_close(session, at("04:00", day=1), OFFICE) == [DAY]


def test_days_that_were_missed_are_closed_in_order_and_none_twice(house: House) -> None:
    close(house, DAY - timedelta(days=3))
    with reading(house.engine) as session:
        missed = days_to_close(session, at("12:00", day=1), OFFICE)
    assert missed == [DAY + timedelta(days=late) for late in (-2, -1, 0)]


def test_an_office_that_begins_closes_yesterday_and_nothing_before(house: House) -> None:
    with reading(house.engine) as session:
        assert days_to_close(session, at("12:00"), OFFICE) == [DAY - timedelta(days=1)]


def test_after_a_long_pause_forty_days_are_made_good(house: House) -> None:
    close(house, DAY - timedelta(days=100))
    with reading(house.engine) as session:
        missed = days_to_close(session, at("12:00"), OFFICE)
    assert (missed[0], missed[-1]) == (DAY - timedelta(days=40), DAY - timedelta(days=1))
