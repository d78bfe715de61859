"""How many seats a section needs: by the rules, as planned, as it was; on both databases."""

from __future__ import annotations

from datetime import date, timedelta
from time import monotonic

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.database import reading, transaction
from app.rotation.attendance import Attendance, Beyond, days_a_week, seat_counts
from app.rotation.needs import Needs, needs_of, seat_table, what_if
from app.rotation.rules import Cell, Cover, Fixed, Member, Problem, State
from app.telework.daylog.models import HalfDayCorrection
from app.telework.daylog.rules import Voice
from app.telework.rules import DayClass, Half, PlanKind
from tests.app.rotation.months import FIRST, LAST, furnish, log, setting
from tests.app.rotation.problems import office as an_office
from tests.app.telework.desk import (
    approve,
    ask,
    hire,
    make_rule,
    morning,
    move,
    plan_ids,
    section_id,
    whole,
)
from tests.house import OFFICE, House, at
from tests.statements import counted

SECOND = FIRST + timedelta(days=1)


@pytest.fixture
def office(house: House) -> House:
    return furnish(house)


def asked(house: House, first: date = FIRST, last: date = LAST) -> Needs:
    with reading(house.engine) as session:
        return needs_of(session, section_id(house, "soumu"), first, last, OFFICE)


counts = st.dictionaries(
    st.tuples(st.dates(date(2026, 4, 1), date(2026, 4, 30)), st.sampled_from(["am", "pm"])),
    st.integers(0, 40),
)


@given(counts, st.integers(0, 100), st.integers(0, 50))
def test_fewer_seats_never_ask_for_less_and_enough_ask_for_nothing_more(
    found: dict[tuple[date, str], int], home: int, seats: int
) -> None:
    was = Attendance(found, home)
    less, more = was.beyond(seats), was.beyond(seats + 1)
    assert less.home - more.home == less.half_days >= more.half_days
    assert was.beyond(was.most) == Beyond(0, home)


def test_a_weeks_days_are_told_for_one_person() -> None:
    # Seven seats for ten people all week: three are at home at any time, a day and a half of five days each.
    assert days_a_week(3 * 10, 10, 10) == 1.5
    assert days_a_week(3, 0, 10) is days_a_week(3, 10, 0) is None


def test_what_is_named_is_looked_at_beside_half_a_seat_to_a_whole_one() -> None:
    assert seat_counts(10, [12, None, 3]) == [12, 10, 9, 8, 7, 6, 5, 3]
    assert seat_counts(3, [2, 2]) == [3, 2]


def test_plans_and_leave_are_seen_as_planned(office: House) -> None:
    everybody = asked(office).planned
    assert set(everybody.counts.values()) == {6}
    assert (everybody.most, everybody.home) == (6, 0)
    approve(office, *plan_ids(ask(office, "aoki", whole(FIRST))))
    ask(office, "baba", [morning(FIRST), morning(SECOND, PlanKind.LEAVE)])
    setting(office, people=[{"user_id": office.people["kato"].id, "away": ["mon-pm"]}])
    planned = asked(office).planned
    assert planned.home == 3
    assert [planned.counts[on, half] for on in (FIRST, SECOND) for half in ("am", "pm")] == [4, 4, 5, 6]
    assert planned.beyond(5) == Beyond(7, 3 + 7)


def test_the_log_is_seen_as_it_was_corrected_and_by_the_section_of_the_day(office: House) -> None:
    assert asked(office).seen is None
    for who in ("aoki", "baba", "kato"):
        log(office, who, FIRST, DayClass.OFFICE_PRESUMED)
    log(office, "kimura", FIRST, DayClass.TELEWORK)
    log(office, "kondo", FIRST, DayClass.UNKNOWN)
    log(office, "endo", FIRST, DayClass.OFFICE)
    log(office, "aoki", SECOND, DayClass.CLOSED)
    found = asked(office)
    assert found.seen is not None
    assert found.seen.counts == {(FIRST, "am"): 3, (FIRST, "pm"): 3}
    assert (found.seen.home, found.unknown) == (2, 2)
    (one,) = log(office, "chiba", FIRST, DayClass.OFFICE, Half.AM)
    move(office, "kato", "zei", FIRST + timedelta(days=1))
    with transaction(office.engine) as session:
        session.add(
            HalfDayCorrection(
                half_day_id=one,
                user_id=office.people["chiba"].id,
                from_class=DayClass.OFFICE,
                to_class=DayClass.TELEWORK,
                voice=Voice.OWN,
                made_at=at("10:00"),
                made_by=office.people["chiba"].id,
            )
        )
    seen = asked(office).seen
    assert seen is not None
    assert (seen.most, seen.home) == (3, 3)
    assert seen.beyond(2) == Beyond(2, 3 + 2)


def test_of_fewer_than_five_people_nothing_is_shown_that_sensors_found(house: House) -> None:
    make_rule(house, week=2)
    log(house, "aoki", FIRST, DayClass.OFFICE_PRESUMED)
    found = asked(house)
    assert found.is_small
    assert found.seen is None
    assert what_if(found, 2).most_seen is None


def test_by_the_rules_fewer_seats_ask_for_more_at_home_until_nothing_is_possible(office: House) -> None:
    setting(office, covers=[{"name": "窓口", "least": 2}])
    needs = asked(office)
    found = seat_table(needs, 1)
    # Six people, each at home for two half-days of ten at most: in one of ten half-days all six cannot be avoided …
    assert found.seats.is_proven
    assert found.seats.value == 5
    by_seats = {row.seats: row.home for row in found.rows}
    assert (by_seats[6].value, by_seats[5].value) == (0, 10)
    assert by_seats[5].is_proven
    # … and each of ten half-days asks for one of them at home; the rules allow no more than twelve.
    assert by_seats[4].is_impossible
    assert by_seats[1].is_impossible
    assert found.conflict is None
    brief = what_if(needs, 5)
    assert (brief.least_seats, brief.least_home, brief.least_home_bound) == (5, 10, 10)
    assert (brief.most_planned, brief.most_seen) == (6, None)


def test_where_no_plan_holds_the_rules_why_is_told() -> None:
    day = date(2026, 12, 1)
    away = {Cell("aoki", day, half): Fixed(State.AWAY, "leave") for half in ("am", "pm")}
    problem = Problem(
        [day], [Member("aoki", "Aoki")], fixed=away, covers=[Cover("counter", frozenset({"aoki"}), 1)]
    )
    found = seat_table(Needs(problem, Attendance()), None)
    assert found.seats.is_impossible
    assert found.rows == []
    assert found.conflict is not None
    assert [rule.about for rule in found.conflict.rules] == ["counter"]


def test_the_answer_comes_about_when_its_time_is_over() -> None:
    begun = monotonic()
    found = seat_table(Needs(an_office(1, people=45, days=22), Attendance()), 33, seconds=1.0)
    assert monotonic() - begun < 5
    assert [row.seats for row in found.rows] == sorted({row.seats for row in found.rows}, reverse=True)


def test_more_people_take_no_more_queries(office: House) -> None:
    def queries() -> int:
        with counted(office.engine) as sent:
            asked(office)
        return len(sent)

    few = queries()
    hire(office, *(f"person{number}" for number in range(10)))
    assert queries() == few
