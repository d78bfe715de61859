"""Minutes are stored and half-days derive from them (RULES 16): the log, the reports and the file count what was
approved, not the half-day that it lies in. Mondays and Fridays are counted alike by the rotation and the report."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time, timedelta
from typing import Any

import pytest

from app.access import SESSION_ID, USER
from app.clock import SteppingClock
from app.database import reading, transaction
from app.people.models import Role
from app.reports.listing import get_report, made
from app.reports.service import Ask, Scope
from app.rotation import gathering
from app.telework.caps.rules import Unit
from app.telework.closing.export import sample
from app.telework.closing.rules import DEFAULT, WORDS, FileLayout, Line, Month
from app.telework.closing.service import close_month
from app.telework.models import ClosedDay
from app.telework.requesting import wanted_between
from app.telework.rules import DayClass, Half, PlanKind
from tests.app.rotation.months import log, setting
from tests.app.telework.days import become, close, half_day, say
from tests.app.telework.desk import WEDNESDAY, approve, ask, make_rule, plan_ids, section_id, whole
from tests.fixtures.web import Api
from tests.house import DAY, OFFICE, House, at

MONDAY = date(2026, 11, 30)
LATER = date(2026, 12, 7)


@pytest.fixture
def office(house: House, clock: SteppingClock) -> House:
    """Telework is asked for by the hour, two hours a month at most; fujii is of personnel."""
    become(house, "fujii", Role.PERSONNEL)
    make_rule(house, unit=Unit.HOUR, month=120)
    return house


def at_home(house: House, who: str, start: str, end: str, on: date = WEDNESDAY) -> None:
    wanted = wanted_between(on, time.fromisoformat(start), time.fromisoformat(end), PlanKind.HOME, OFFICE)
    approve(house, *plan_ids(ask(house, who, wanted)))


def report(
    house: House, name: str, first: date = WEDNESDAY, last: date = WEDNESDAY
) -> dict[str, dict[str, Any]]:
    """The lines of people, by name."""
    with reading(house.engine) as session:
        table = made(session, get_report(name), Ask(first, last, Scope(), OFFICE), [])
    return {str(row["name"]): dict(row) for row in table.rows if row["name"]}


def test_an_hour_at_home_is_an_hour_in_the_report_and_two_of_a_morning_are_the_half_day(
    office: House,
) -> None:
    at_home(office, "aoki", "08:30", "09:30")
    at_home(office, "baba", "08:30", "10:30")
    close(office, WEDNESDAY, day=2)
    found = report(office, "telework_monthly")
    assert {who: (found[who]["half_days"], found[who]["hours"]) for who in ("aoki", "baba", "chiba")} == {
        "aoki": (0, 1),
        "baba": (1, 2),
        "chiba": (0, 0),
    }
    say(office, "baba", half_day(office, "baba", Half.AM, WEDNESDAY), DayClass.OFFICE, day=2)
    assert report(office, "telework_monthly")["baba"]["hours"] == 0
    say(office, "aoki", half_day(office, "aoki", Half.AM, WEDNESDAY), DayClass.TELEWORK, day=2)
    assert report(office, "telework_monthly")["aoki"]["hours"] == 3.5


def test_the_day_log_tells_the_minutes_of_less_than_a_half_day(api: Api, office: House) -> None:
    at_home(office, "aoki", "08:30", "09:30")
    close(office, WEDNESDAY, day=2)
    path = f"/telework/days?from={WEDNESDAY}&to={WEDNESDAY}"
    morning, afternoon = api.call("aoki", "GET", path).get_json()["items"]
    assert (morning["class"], morning["telework_minutes"], afternoon["telework_minutes"]) == (
        "unknown",
        60,
        0,
    )
    with api.client.session_transaction() as session:
        session[USER] = office.people["aoki"].id
        session[SESSION_ID] = "one"
    page = api.client.get(f"/telework/days/{morning['id']}").text
    assert "<dt>テレワーク</dt><dd>60" in page


def test_what_was_logged_before_minutes_were_stored_is_all_of_the_half_day(office: House) -> None:
    log(office, "aoki", WEDNESDAY, DayClass.TELEWORK, Half.AM)
    assert report(office, "telework_monthly")["aoki"]["hours"] == 3.5


def test_the_attendance_system_is_given_the_minutes(office: House) -> None:
    at_home(office, "aoki", "08:30", "09:30")
    at_home(office, "baba", "08:30", "10:30")
    close(office, WEDNESDAY, day=2)
    holds = ("name", "half", "class", "minutes", "telework_minutes")
    layout = FileLayout(
        Line.HALF_DAY, tuple((one, one) for one in holds), WORDS, DEFAULT.dates, DEFAULT.encoding
    )
    with reading(office.engine) as session:
        lines = sample(session, Month.of(WEDNESDAY), OFFICE, layout).lines
    assert lines[0] == ["aoki", "午前", "不明", "150", "60"]
    assert lines[2] == ["baba", "午前", "在宅", "120", "120"]


def test_an_hour_is_an_hour_of_a_cap_whether_planned_or_done(office: House) -> None:
    at_home(office, "aoki", "08:30", "09:30")
    at_home(office, "baba", "08:30", "10:30")
    near = report(office, "caps")
    assert {who: (row["used"], row["state"]) for who, row in near.items()} == {"baba": (120, "reached")}
    close(office, WEDNESDAY, day=2)
    assert report(office, "caps") == near


def test_an_hour_of_a_monday_is_no_half_day_of_it(office: House) -> None:
    at_home(office, "baba", "08:30", "09:30", MONDAY)
    assert report(office, "fairness", DAY, LATER)["baba"]["monday_granted"] == 0


def so_far(house: House, who: str) -> dict[str, int]:
    """The Mondays of somebody before those planned, as the rotation weighs them."""
    with reading(house.engine) as session:
        month = gathering.month(session, section_id(house, "soumu"), LATER, LATER, OFFICE)
        members = gathering.problem_form(month)["members"]
    found: dict[str, int] = next(one["mondays"] for one in members if one["name"] == who)
    return found


def test_mondays_are_the_same_to_the_rotation_and_to_the_report(house: House) -> None:
    ask(house, "aoki", whole(MONDAY))  # never approved
    approve(house, *plan_ids(ask(house, "baba", whole(MONDAY, kind=PlanKind.LEAVE))))
    log(house, "aoki", MONDAY - timedelta(days=14), DayClass.TELEWORK, Half.AM)
    log(house, "baba", MONDAY - timedelta(days=14), DayClass.LEAVE)
    setting(house, people=[{"user_id": house.people["chiba"].id, "away": ["mon-pm"]}])
    year = report(house, "fairness", date(2026, 4, 1), LATER - timedelta(days=1))
    for who in ("aoki", "baba", "chiba"):
        told = {"granted": 2 * year[who]["monday_granted"], "available": 2 * year[who]["monday_available"]}
        assert so_far(house, who) == told, who
    assert so_far(house, "aoki")["granted"] == 1
    mondays = so_far(house, "aoki")["available"]
    assert so_far(house, "baba")["available"] == mondays - 4
    assert so_far(house, "chiba") == {"granted": 0, "available": mondays // 2}


def test_who_may_not_telework_had_no_monday_to_be_shared_out(house: House) -> None:
    make_rule(house, from_on=MONDAY, eligible=False)
    assert so_far(house, "aoki")["available"] == 2 * 29
    assert report(house, "fairness", date(2026, 4, 1), MONDAY)["aoki"]["monday_available"] == 29


@pytest.mark.parametrize(("stored", "hours", "minutes"), [(True, 3.5, "210"), (False, 3, "180")])
def test_a_closed_month_keeps_the_minutes_that_its_half_days_had(
    office: House, *, stored: bool, hours: float, minutes: str
) -> None:
    log(office, "aoki", WEDNESDAY, DayClass.TELEWORK, Half.AM)
    month = Month.of(WEDNESDAY)
    days = [month.first + timedelta(days=number) for number in range(30)]
    with transaction(office.engine) as session:
        session.add_all(ClosedDay(on_date=on, closed_at=at("09:00", day=14)) for on in days)
        session.flush()
        done = close_month(
            session, month, actor=office.people["fujii"], now=at("09:00", day=14), office=OFFICE
        )
        if not stored:  # as it was closed before they were
            done.am_minutes = done.pm_minutes = None
    later = replace(OFFICE, hours=replace(OFFICE.hours, start=time(9)))
    layout = FileLayout(Line.HALF_DAY, (("minutes", "minutes"),), WORDS, DEFAULT.dates, DEFAULT.encoding)
    with reading(office.engine) as session:
        table = made(
            session, get_report("telework_monthly"), Ask(month.first, month.last, Scope(), later), []
        )
        assert [row["hours"] for row in table.rows if row["name"] == "aoki"] == [hours]
        assert sample(session, month, later, layout).lines == [[minutes]]
