"""The reports over HTTP: who sees whom, what is counted of the log, as JSON and as CSV."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.access import SESSION_ID, USER
from app.clock import SteppingClock
from app.database import transaction
from app.people.models import Membership, Role, User
from app.people.rules import Employment
from app.telework.rules import DayClass, Half, PlanKind
from tests.app.telework.days import become, close_days, half_day, planned, sat, say
from tests.app.telework.desk import make_rule, put_below
from tests.fixtures.web import Api, problem
from tests.house import DAY, House, at
from tests.statements import counted

LAST = date(2026, 11, 30)
SPAN = f"from={DAY}&to={LAST}"
YEAR = "from=2026-04-01&to=2027-03-31"


@pytest.fixture
def week(house: House, clock: SteppingClock) -> House:
    """Five working days: aoki at home on Tuesday, Friday and Monday, endo at a satellite office on Friday morning, baba
    on a trip on Wednesday morning. Chiba is the chief, fujii of personnel."""
    become(house, "fujii", Role.PERSONNEL)
    for on in (DAY, date(2026, 11, 27), LAST):
        for half in Half:
            planned(house, "aoki", half, on=on)
    planned(house, "endo", Half.AM, PlanKind.SATELLITE, on=date(2026, 11, 27))
    planned(house, "baba", Half.AM, PlanKind.TRIP, on=date(2026, 11, 25))
    sat(house, "baba", "09:00", "12:00")
    close_days(house, DAY, LAST)
    clock.at = at("09:00", day=7)
    return house


def rows(api: Api, who: str, name: str, query: str = SPAN) -> list[dict[str, Any]]:
    answer = api.call(who, "GET", f"/reports/{name}?{query}")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.get_json()["rows"]
    return found


def test_a_month_by_section_and_person(api: Api, week: House) -> None:
    found = rows(api, "fujii", "telework_monthly")
    office = found[0]
    assert (office["of"], office["person_days"], office["half_days"]) == ("office", 3.5, 7)
    assert (office["working_half_days"], office["share"]) == (50, 7 / 50)
    # Three whole days of 7 h 45 min and a morning of 3 h 30 min.
    assert office["hours"] == 3 * 7.75 + 3.5
    assert [(row["of"], row["section"], row["name"], row["half_days"]) for row in found[1:]] == [
        ("section", "総務課", "", 6),
        ("person", "総務課", "aoki", 6),
        ("person", "総務課", "baba", 0),
        ("person", "総務課", "chiba", 0),
        ("section", "税務課", "", 1),
        ("person", "税務課", "endo", 1),
        ("person", "税務課", "fujii", 0),
    ]
    baba = next(row for row in found if row["name"] == "baba")
    assert (baba["office_days"], baba["trip_days"], baba["unknown_half_days"]) == (0.5, 0.5, 8)


def test_a_section_above_others_has_a_line_with_them_for_personnel_and_its_chief(
    api: Api, week: House
) -> None:
    put_below(week, "zei", "soumu")
    expected = [
        ("with_below", "総務課", "", 7),
        ("section", "総務課", "", 6),
        ("person", "総務課", "aoki", 6),
        ("person", "総務課", "baba", 0),
        ("person", "総務課", "chiba", 0),
        ("section", "税務課", "", 1),
        ("person", "税務課", "endo", 1),
        ("person", "税務課", "fujii", 0),
    ]
    for who in ("chiba", "fujii"):
        listed = [row for row in rows(api, who, "telework_monthly") if row["of"] != "office"]
        assert [(row["of"], row["section"], row["name"], row["half_days"]) for row in listed] == expected
        sheet = [row for row in rows(api, who, "telework_yearly") if row["of"] != "office"]
        assert [(row["of"], row["section"], row["staff"], row["users"]) for row in sheet] == [
            ("with_below", "総務課", 5, 2),
            ("section", "総務課", 3, 1),
            ("section", "税務課", 2, 1),
        ]
    assert {row["of"] for row in rows(api, "aoki", "telework_monthly")} == {"person"}
    file = api.call("chiba", "GET", f"/reports/telework_monthly?{SPAN}&format=csv", Accept_Language="ja")
    assert "\r\n所属（下の所属を含む）,総務課,,3.5,7," in file.data.decode("utf-8-sig")
    with api.client.session_transaction() as session:
        session[USER] = week.people["chiba"].id
        session[SESSION_ID] = "one"
    assert "所属（下の所属を含む）" in api.client.get(f"/reports/telework_monthly?{SPAN}").text


def test_a_section_with_nobody_of_its_own_has_the_line_alone(api: Api, week: House) -> None:
    for section in ("soumu", "zei"):
        put_below(week, section, "kyoku")
    of_kyoku = [row for row in rows(api, "fujii", "telework_monthly") if row["section"] == "kyoku"]
    assert [(row["of"], row["half_days"]) for row in of_kyoku] == [("with_below", 7)]


def test_a_correction_counts_and_the_class_found_does_not(api: Api, week: House) -> None:
    say(week, "aoki", half_day(week, "aoki", Half.AM), DayClass.OFFICE, day=2)
    assert rows(api, "aoki", "telework_monthly")[0]["half_days"] == 5


def test_who_sees_whom(api: Api, week: House) -> None:
    names = {who: [row["name"] for row in rows(api, who, "telework_monthly")] for who in ("aoki", "chiba")}
    assert names == {"aoki": ["aoki"], "chiba": ["", "aoki", "baba", "chiba"]}
    assert [row["name"] for row in rows(api, "aoki", "fairness", YEAR)] == ["aoki"]
    assert problem(api.call("aoki", "GET", f"/reports/telework_yearly?{SPAN}")) == (
        403,
        "reports.not_allowed",
    )
    assert [row["section"] for row in rows(api, "chiba", "telework_yearly")] == ["総務課"]
    assert problem(api.call("fujii", "GET", f"/reports/nothing?{SPAN}")) == (404, "reports.unknown")


def test_who_changes_section_counts_in_each_for_the_days_there_and_who_leaves_until_then(
    api: Api, week: House
) -> None:
    with transaction(week.engine) as session:
        mine = session.scalars(select(Membership).where(Membership.user_id == week.people["aoki"].id)).one()
        mine.until_on = date(2026, 11, 26)
        zei = next(iter(week.people["endo"].section_ids))
        session.add(Membership(user_id=mine.user_id, section_id=zei, from_on=date(2026, 11, 27)))
        session.get_one(User, week.people["baba"].id).left_at = at("18:00", day=6)
    found = rows(api, "fujii", "telework_monthly")
    of_aoki = {row["section"]: row["half_days"] for row in found if row["name"] == "aoki"}
    assert of_aoki == {"総務課": 2, "税務課": 4}
    assert next(row for row in found if row["name"] == "baba")["working_half_days"] == 10
    fair = {row["name"]: row for row in rows(api, "fujii", "fairness", YEAR)}
    assert fair["baba"]["monday_available"] < fair["chiba"]["monday_available"] == 45


def test_the_ministrys_sheet(api: Api, week: House) -> None:
    office, soumu, zei = rows(api, "fujii", "telework_yearly")
    assert (office["staff"], office["users"], office["rate"], office["band"]) == (5, 2, 0.4, "under_50")
    assert (office["home_users"], office["satellite_users"], office["mobile_users"]) == (1, 1, 1)
    assert (office["home_days"], office["satellite_days"], office["mobile_days"]) == (3, 0.5, 0.5)
    assert (zei["section"], zei["band"], soumu["section"], soumu["band"]) == (
        "税務課",
        "under_80",
        "総務課",
        "under_50",
    )


def test_mondays_and_fridays_of_the_fiscal_year_with_what_is_approved_of_it(api: Api, week: House) -> None:
    planned(week, "aoki", Half.AM, on=date(2026, 12, 7))
    planned(week, "aoki", Half.PM, on=date(2026, 12, 7), approved=False)
    planned(week, "aoki", Half.AM, on=date(2027, 1, 11))  # a holiday
    aoki = next(row for row in rows(api, "fujii", "fairness", YEAR) if row["name"] == "aoki")
    assert (aoki["monday_granted"], aoki["monday_available"]) == (1.5, 45)
    assert (aoki["friday_granted"], aoki["friday_available"]) == (1, 51)
    assert aoki["both_share"] == pytest.approx(2.5 / 96)
    assert aoki["off"] == pytest.approx(2.5 / 96 - 2.5 / (3 * 96))


def test_caps_about_to_break_as_they_are_asked_for(api: Api, week: House) -> None:
    assert rows(api, "fujii", "caps") == []
    found = rows(api, "fujii", "caps", f"{SPAN}&week=2&in_a_row=2")
    assert [(row["name"], row["period"], row["first"], row["used"], row["state"]) for row in found] == [
        ("aoki", "week", "2026-11-23", 2, "reached"),
        ("aoki", "in_a_row", "2026-11-27", 2, "reached"),
    ]
    broken = rows(api, "aoki", "caps", f"{SPAN}&fiscal_year=2")
    assert [(row["used"], row["at_most"], row["state"]) for row in broken] == [(3, 2, "broken")]
    assert rows(api, "baba", "caps", f"{SPAN}&fiscal_year=2") == []


def test_without_any_asked_for_the_caps_are_those_of_the_rules_in_effect(api: Api, week: House) -> None:
    make_rule(week, week=2, in_a_row=1)
    broken = [row for row in rows(api, "fujii", "caps") if row["state"] == "broken"]
    assert [(row["name"], row["period"], row["used"], row["at_most"]) for row in broken] == [
        ("aoki", "week", 2, 1),
        ("aoki", "in_a_row", 2, 1),
    ]


def test_a_row_that_reaches_over_the_days_asked_for_counts_half_a_day_at_home_as_requests_are_judged(
    api: Api, week: House
) -> None:
    """Aoki is at home from Friday to Wednesday, on Tuesday beside leave; baba the mornings, and comes in after noon."""
    planned(week, "aoki", Half.AM, on=date(2026, 12, 1))
    planned(week, "aoki", Half.PM, PlanKind.LEAVE, on=date(2026, 12, 1))
    for half in Half:
        planned(week, "aoki", half, on=date(2026, 12, 2))
    for number in range(1, 4):
        planned(week, "baba", Half.AM, on=date(2026, 12, number))
    found = rows(api, "fujii", "caps", f"from={LAST}&to={date(2026, 12, 3)}&in_a_row=3")
    assert [(row["name"], row["first"], row["last"], row["used"], row["state"]) for row in found] == [
        ("aoki", "2026-11-27", "2026-12-02", 4, "broken")
    ]


def test_whoever_the_rules_leave_out_is_not_among_the_eligible(api: Api, week: House) -> None:
    become(week, "baba", Role.STAFF)
    with transaction(week.engine) as session:
        session.get_one(User, week.people["baba"].id).employment = Employment.PART_TIME
    make_rule(week, employment=Employment.PART_TIME, eligible=False)
    found = {row["name"]: row for row in rows(api, "fujii", "telework_monthly")}
    assert found["baba"]["eligible_half_days"] == 0
    assert found["aoki"]["eligible_half_days"] == found["aoki"]["working_half_days"]


def test_a_report_as_csv_in_both_encodings(api: Api, week: House) -> None:
    with transaction(week.engine) as session:
        session.get_one(User, week.people["endo"].id).name = "=𠮷田"
    path = f"/reports/telework_monthly?{SPAN}&format=csv"
    utf8 = api.call("fujii", "GET", path, Accept_Language="ja")
    assert utf8.content_type == "text/csv; charset=utf-8"
    lines = utf8.data.decode("utf-8-sig").split("\r\n")
    assert lines[0].startswith("単位,所属,氏名,人日,半日,テレワーク時間")
    assert lines[1].startswith("全体,,,3.5,7,26.75,50,14.0,50,14.0")
    assert lines[7].startswith("個人,税務課,'=𠮷田,")
    cp932 = api.call("fujii", "GET", f"{path}&encoding=cp932", Accept_Language="ja")
    assert cp932.headers["X-Lost-Characters"] == "1"
    assert "'=〓田" in cp932.data.decode("cp932")


@pytest.mark.parametrize(
    "query",
    [
        "",
        "from=2026-11-24",
        "from=2026-11-24&to=2026-11-01",
        "from=2024-01-01&to=2026-01-01",
        f"{SPAN}&week=0",
    ],
)
def test_what_is_no_question_is_refused(api: Api, week: House, query: str) -> None:
    assert problem(api.call("fujii", "GET", f"/reports/caps?{query}")) == (422, "request.invalid")


@pytest.mark.parametrize("name", ["telework_monthly", "telework_yearly", "fairness", "caps"])
def test_a_report_takes_so_many_queries_however_many_people_there_are(
    api: Api, week: House, name: str
) -> None:
    rows(api, "fujii", name)  # that a token was used is noted with its first call
    with counted(week.engine) as statements:
        rows(api, "fujii", name)
    few = len(statements)
    with transaction(week.engine) as session:
        for number in range(5):
            user = User(email=f"{number}@example.jp", name=str(number), role=Role.STAFF)
            session.add(user)
            session.flush()
            session.add(Membership(user_id=user.id, section_id=1, from_on=DAY - timedelta(days=9)))
            session.flush()
    close_days(week, DAY, DAY)
    with counted(week.engine) as statements:
        rows(api, "fujii", name)
    assert len(statements) == few <= 24
