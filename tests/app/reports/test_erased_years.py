"""What reports tell of the office and its sections is the same before and after the people are forgotten (RULES 19)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from app.clock import SteppingClock
from app.database import reading, transaction
from app.people.models import Membership, Role, User
from app.people.rules import Employment
from app.records import erasing
from app.reports.listing import get_report, made
from app.reports.rules.table import Value
from app.reports.service import Ask, Scope
from app.settings import Keeping
from app.telework.caps.rules import OverCap, Unit
from app.telework.closing import service as closing
from app.telework.closing.rules import Month
from app.telework.daylog.models import HalfDayCorrection
from app.telework.daylog.rules import Form, Voice
from app.telework.models import HalfDay, TeleworkRule
from app.telework.rules import DayClass, Half
from tests.app.telework.days import become
from tests.app.telework.desk import section_id
from tests.fixtures.web import Api
from tests.house import OFFICE, TOKYO, House, at, copied

LATER = at("05:00", day=400)  # 29 December 2027: what is older than April 2024 goes
ERASED, KEPT = 2023, 2024
YEARS = (2021, 2022, ERASED, KEPT)
OPENED = date(2020, 4, 1)
WHO = ("aoki", "baba", "chiba", "endo", "fujii")
Row = Mapping[str, Value]
# Who, when, what was found, as which form it was planned, as what it was corrected, and the minutes of telework.
Found = tuple[str, date, Half, DayClass, Form | None, DayClass | None, int | None]

HALVES = st.lists(
    st.tuples(
        st.sampled_from(WHO),
        st.dates(date(2021, 4, 1), date(2025, 3, 31)) | st.dates(date(2023, 9, 25), date(2023, 10, 5)),
        st.sampled_from(Half),
        st.sampled_from([DayClass.TELEWORK, DayClass.TELEWORK, DayClass.TRIP, *DayClass]),
        st.sampled_from([None, Form.HOME, Form.SATELLITE]),
        st.sampled_from([None, None, DayClass.TELEWORK, DayClass.OFFICE]),
        st.sampled_from([None, 0, 60, 150]),
    ),
    max_size=25,
    unique_by=lambda one: one[:3],
)


def open_long_ago(house: House) -> None:
    """People are there since 2020; endo moved in the middle of a year, baba left, part-timers may not telework."""
    with transaction(house.engine) as session:
        session.execute(update(Membership).values(from_on=OPENED))
        mine = session.scalars(select(Membership).where(Membership.user_id == house.people["endo"].id)).one()
        mine.until_on = date(2023, 7, 31)
        session.add(Membership(user_id=mine.user_id, section_id=1, from_on=date(2023, 8, 1)))
        session.get_one(User, house.people["baba"].id).left_at = at("18:00", day=-1000)
        session.get_one(User, house.people["aoki"].id).employment = Employment.PART_TIME
        session.add(
            TeleworkRule(
                from_on=date(2023, 1, 1),
                employment=Employment.PART_TIME,
                eligible=False,
                unit=Unit.HALF_DAY,
                deadline_at=time(17, 15),
                over_cap=OverCap.REFUSE,
                made_at=at("06:00"),
            )
        )


def fill(house: House, halves: list[Found]) -> None:
    with transaction(house.engine) as session:
        for who, on, half, day_class, form, corrected, minutes in halves:
            row = HalfDay(
                user_id=house.people[who].id,
                on_date=on,
                half=half,
                day_class=day_class,
                form=form,
                telework_minutes=minutes,
                reason="no_evidence",
                classified_at=at("09:00"),
            )
            session.add(row)
            session.flush()
            if corrected is not None:
                session.add(
                    HalfDayCorrection(
                        half_day_id=row.id,
                        user_id=row.user_id,
                        from_class=day_class,
                        to_class=corrected,
                        voice=Voice.OWN,
                        made_at=at("09:00"),
                        made_by=row.user_id,
                    )
                )


def erase(house: House) -> None:
    limits = erasing.limits_of(Keeping(), LATER, LATER.date(), TOKYO)
    erasing.erase(house.engine, limits, now=LATER)


def sums(house: House, name: str, first: date, last: date, scope: Scope) -> list[Row]:
    """The lines of the office and its sections."""
    with reading(house.engine) as session:
        table = made(session, get_report(name), Ask(first, last, scope, OFFICE), [])
    return [row for row in table.rows if row["of"] != "person"]


def everything(house: House) -> list[list[Row]]:
    """Every report of the years, for personnel and for a chief of the general affairs."""
    scopes = (Scope(), Scope(section_ids=frozenset({section_id(house, "soumu")})))
    spans = [(date(year, 4, 1), date(year, 10, 1)) for year in YEARS]
    months = [(date(2023, 9, 1), date(2023, 10, 31)), (date(2023, 4, 1), date(2024, 3, 31))]
    return [
        *(sums(house, "telework_yearly", *span, scope) for span in spans for scope in scopes),
        *(sums(house, "telework_monthly", *span, scope) for span in (*spans, *months) for scope in scopes),
        # A period that reaches over what is erased and what is not.
        *(sums(house, "telework_monthly", date(2024, 1, 1), date(2024, 12, 31), scope) for scope in scopes),
    ]


@settings(max_examples=10)
@given(halves=HALVES)
def test_the_sums_and_the_sheets_are_equal_before_and_after(
    furnished_sqlite: House, halves: list[Found]
) -> None:
    with copied(furnished_sqlite) as house:
        open_long_ago(house)
        fill(house, halves)
        before = everything(house)
        erase(house)
        with reading(house.engine) as session:
            left = session.scalars(select(HalfDay.on_date).order_by(HalfDay.on_date)).all()
        assert all(on >= date(KEPT, 4, 1) for on in left)
        assert everything(house) == before


LIVED: list[Found] = [
    ("aoki", date(2023, 5, 8), Half.AM, DayClass.TELEWORK, Form.HOME, None, None),
    ("aoki", date(2023, 5, 8), Half.PM, DayClass.OFFICE, Form.HOME, DayClass.TELEWORK, 0),
    ("baba", date(2023, 5, 8), Half.AM, DayClass.TELEWORK, Form.SATELLITE, None, 120),
    # After baba had left: of no section, then as now.
    ("baba", date(2024, 3, 4), Half.AM, DayClass.TELEWORK, Form.HOME, None, None),
    ("chiba", date(2023, 5, 8), Half.AM, DayClass.TELEWORK, Form.HOME, None, 150),
    ("chiba", date(2023, 12, 4), Half.PM, DayClass.TELEWORK, Form.HOME, None, None),
    ("endo", date(2023, 5, 8), Half.AM, DayClass.TRIP, None, None, 0),
    ("endo", date(2023, 9, 4), Half.AM, DayClass.OFFICE_PRESUMED, None, None, 60),
    ("fujii", date(2024, 5, 8), Half.AM, DayClass.TELEWORK, Form.HOME, None, None),
]


@pytest.fixture
def old_house(house: House) -> House:
    open_long_ago(house)
    fill(house, LIVED)
    return house


def test_on_both_databases_a_year_that_was_lived_is_told_as_it_was(old_house: House) -> None:
    before = everything(old_house)
    office = sums(old_house, "telework_yearly", date(2023, 4, 1), date(2023, 10, 1), Scope())[0]
    assert (office["staff"], office["eligible"], office["users"]) == (5, 4, 2)
    assert (office["home_users"], office["satellite_users"], office["mobile_users"]) == (2, 1, 1)
    erase(old_house)
    assert everything(old_house) == before
    (month,) = [
        row
        for row in sums(old_house, "telework_monthly", date(2023, 5, 1), date(2023, 5, 31), Scope())
        if row["of"] == "office"
    ]
    assert (month["half_days"], month["home_days"], month["satellite_days"]) == (4, 1.5, 0.5)
    assert (month["eligible_half_days"], month["working_half_days"]) == (3, 5)
    assert month["hours"] == 3.5 + 4.25 + 2 + 2.5


def test_of_other_days_than_the_sheets_only_who_was_there_is_told(old_house: House) -> None:
    erase(old_house)
    office = sums(old_house, "telework_yearly", date(2023, 4, 1), date(2023, 12, 31), Scope())[0]
    assert (office["staff"], office["eligible"]) == (5, 4)
    assert {office[name] for name in ("users", "rate", "band", "home_users", "home_days")} == {None}


def test_who_was_forgotten_counts_in_the_months_that_personnel_looks_at(old_house: House) -> None:
    with reading(old_house.engine) as session:
        before = closing.preview(session, Month.of(date(2023, 5, 1))).counts.by_class
    erase(old_house)
    with reading(old_house.engine) as session:
        assert closing.preview(session, Month.of(date(2023, 5, 1))).counts.by_class == before
    assert before[DayClass.TELEWORK] == 4


def test_reports_say_until_when_people_are_forgotten(
    api: Api, old_house: House, clock: SteppingClock
) -> None:
    become(old_house, "fujii", Role.PERSONNEL)
    clock.at = LATER
    path = "/reports/telework_monthly?from=2023-09-01&to=2024-05-31"
    answer = api.call("fujii", "GET", path).get_json()
    assert answer["sums_until"] is None
    assert "chiba" in {row["name"] for row in answer["rows"]}
    erase(old_house)
    answer = api.call("fujii", "GET", path).get_json()
    assert answer["sums_until"] == "2024-03-04"
    assert {row["name"] for row in answer["rows"]} == {"", "fujii"}
    sheet = "/reports/telework_yearly?from=2023-04-01&to=2023-12-31&format=csv"
    line = api.call("fujii", "GET", sheet, Accept_Language="ja").data.decode("utf-8-sig").split("\r\n")[1]
    assert line.startswith("全体,,5,4,,,")
