"""Limits of keeping and what remains of a fact, without a database."""

from __future__ import annotations

import ast
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.records.rules import THINGS, limits, subject_without_person, without_people
from app.settings import TOKYO
from app.working_days import fiscal_year

APP = Path(__file__).parents[3] / "app"
PLAIN = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=8))
DATA = st.dictionaries(
    st.sampled_from(
        ["space_id", "user_id", "guest_name", "title", "label", "note", "changes", "status", "by"]
    ),
    st.one_of(
        PLAIN,
        st.dictionaries(
            st.sampled_from(["user_id", "status", "title", "end_at"]), st.lists(PLAIN, max_size=2)
        ),
    ),
)


@pytest.mark.parametrize(
    ("today", "kept_from"),
    [
        (date(2026, 3, 31), date(2022, 4, 1)),
        (date(2026, 4, 1), date(2023, 4, 1)),
        (date(2026, 11, 24), date(2023, 4, 1)),
    ],
)
def test_telework_is_kept_for_three_whole_fiscal_years_after_its_own(today: date, kept_from: date) -> None:
    now = datetime(today.year, today.month, today.day, tzinfo=UTC)
    of = limits(
        now,
        today,
        readings=timedelta(30),
        presence=timedelta(180),
        lookups=timedelta(180),
        telework_years=3,
        timezone=TOKYO,
    )
    assert of.telework == kept_from
    assert (of.readings, of.presence) == (now - timedelta(30), now - timedelta(180))


@given(on=st.dates(date(2000, 1, 1), date(2199, 12, 31)))
def test_a_day_lies_in_its_fiscal_year(on: date) -> None:
    year = fiscal_year(on)
    assert date(year, 4, 1) <= on < date(year + 1, 4, 1)


@given(data=DATA)
def test_nothing_of_a_person_remains_and_once_is_as_good_as_twice(data: dict[str, object]) -> None:
    left = without_people(data)
    assert left.keys() <= {"space_id", "status", "changes"}
    assert set(left.get("changes", {})) <= {"status", "end_at"}
    assert without_people(left) == left
    assert all(left[name] == data[name] for name in left if name != "changes")


def test_a_person_loses_the_number_and_a_booking_keeps_it() -> None:
    assert subject_without_person("user:17") == "user"
    assert subject_without_person("sign_in:0123abcd") == "sign_in"
    assert subject_without_person("booking:17") == "booking:17"


def test_of_all_that_events_are_about_people_alone_lose_their_number() -> None:
    """Of every text of the code that begins as a subject does; those of the layout are put together from their kind."""
    begins = [
        str(text.values[0].value)
        for file in APP.rglob("*.py")
        for text in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(text, ast.JoinedStr) and isinstance(text.values[0], ast.Constant)
    ]
    written = {one.removesuffix(":") for one in begins if re.fullmatch("[a-z_]+:", one)}
    assert written - {"mailto"} | {"floor"} == THINGS | {"user", "sign_in"}
