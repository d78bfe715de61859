"""The pages of the day log, months and reports, as HTTP: what they show to whom, and what they refuse."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.access import SESSION_ID, USER
from app.clock import SteppingClock
from app.database import reading
from app.events import Event
from app.people.models import Role
from app.telework.closing.rules import DEFAULT
from app.telework.rules import DayClass, Half
from tests.app.telework.days import become, close_days, half_day, planned, sat, say
from tests.house import DAY, House, at

LAST = date(2026, 11, 30)
Opened = Callable[[str], FlaskClient]


@pytest.fixture
def week(sqlite_house: House, clock: SteppingClock) -> House:
    become(sqlite_house, "fujii", Role.PERSONNEL)
    planned(sqlite_house, "aoki", Half.AM, reported=True)
    sat(sqlite_house, "aoki", "09:00", "12:00")
    close_days(sqlite_house, DAY, LAST)
    clock.at = at("09:00", day=1)
    return sqlite_house


@pytest.fixture
def house(sqlite_house: House) -> House:
    return sqlite_house


@pytest.fixture
def browse(app: Flask, week: House) -> Opened:
    """A browser in which somebody is signed in, in English."""
    app.config["WTF_CSRF_ENABLED"] = False

    def signed_in(who: str) -> FlaskClient:
        client = app.test_client()
        client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
        with client.session_transaction() as session:
            session[USER] = week.people[who].id
            session[SESSION_ID] = "one"
        return client

    return signed_in


def test_a_conflict_is_asked_of_its_person_and_counted_in_the_navigation(browse: Opened) -> None:
    mine = browse("aoki").get("/telework/days").text
    assert "Where did you work?" in mine
    assert '<span class="count-badge">1' in mine
    chiefs = browse("chiba").get("/telework/days?section=1").text
    assert "Where did you work?" not in chiefs
    assert "Nothing awaits your word in this month." in chiefs


def test_personnel_alone_may_say_that_there_was_no_working_time(browse: Opened, week: House) -> None:
    address = f"/telework/days/{half_day(week, 'aoki', Half.PM).id}"
    offered = {who: 'value="closed"' in browse(who).get(address).text for who in ("aoki", "chiba", "fujii")}
    assert offered == {"aoki": False, "chiba": False, "fujii": True}
    browse("fujii").post(address, data={"class": "closed", "why": "退職"})
    assert "No working time" in browse("aoki").get("/telework/days").text


def test_a_section_is_shown_to_its_chief_and_personnel_alone(browse: Opened) -> None:
    for who, section, status in (
        ("chiba", 1, 200),
        ("chiba", 2, 403),
        ("fujii", 2, 200),
        ("aoki", 1, 403),
    ):
        assert browse(who).get(f"/telework/days?section={section}").status_code == status, who


def test_a_chief_sees_somebody_of_another_section_nowhere(browse: Opened, week: House) -> None:
    endo = week.people["endo"].id
    chief = browse("chiba")
    assert chief.get(f"/telework/days?user={endo}").status_code == 403
    assert (
        "No day of this month is in the log yet." in chief.get(f"/telework/days?section=1&user={endo}").text
    )
    assert chief.get(f"/telework/days/{half_day(week, 'endo', Half.AM).id}").status_code == 403


def test_looking_at_a_persons_days_is_noted_for_them(browse: Opened, week: House) -> None:
    row = half_day(week, "aoki", Half.AM)
    browse("chiba").get(f"/telework/days/{row.id}")
    browse("aoki").get(f"/telework/days/{row.id}")
    with reading(week.engine) as session:
        looks = session.scalars(select(Event).where(Event.kind == "person.looked_up")).all()
    assert [(one.subject, one.actor_id) for one in looks] == [
        (f"user:{row.user_id}", week.people["chiba"].id)
    ]


def test_a_hidden_conflict_shows_the_chief_no_check_in(browse: Opened, week: House) -> None:
    row = half_day(week, "aoki", Half.AM)
    assert "checked in by hand: 09:00" in browse("aoki").get(f"/telework/days/{row.id}").text
    shown = browse("chiba").get(f"/telework/days/{row.id}").text
    assert "checked in by hand" not in shown
    assert "approved and reported" in shown


@pytest.mark.parametrize("form", [{}, {"class": "x"}, {"class": "office", "why": "x" * 201}])
def test_what_is_no_correction_is_refused_and_nothing_is_stored(
    browse: Opened, week: House, form: dict[str, str]
) -> None:
    row = half_day(week, "aoki", Half.AM)
    answer = browse("aoki").post(f"/telework/days/{row.id}", data=form, follow_redirects=True)
    assert "Something in the request is wrong" in answer.text
    assert "Nobody has said anything of it." in answer.text


def test_a_word_that_awaits_the_chief_is_confirmed_from_the_list(browse: Opened, week: House) -> None:
    row = half_day(week, "aoki", Half.AM)
    say(week, "aoki", row, DayClass.OFFICE)
    chief = browse("chiba")
    assert 'aria-label="Confirm: aoki' in chief.get("/telework/days?section=1").text
    answer = chief.post(
        f"/telework/days/{row.id}", data={"class": "office", "section": "1"}, follow_redirects=True
    )
    assert "Nothing awaits your word in this month." in answer.text


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/telework/days?month=x", "That is not a month."),
        ("/reports/telework_monthly?from=2026-11-02&to=2026-11-01", "Choose a first day"),
        ("/reports/caps?from=x&to=y", "Choose a first day"),
        ("/reports/caps?week=99", "Choose a first day"),
    ],
)
def test_an_address_that_names_nothing_shows_the_usual_and_says_so(
    browse: Opened, path: str, says: str
) -> None:
    answer = browse("fujii").get(path)
    assert answer.status_code == 200
    assert says in answer.text


def test_a_month_that_is_none_is_not_found_and_a_running_one_is_not_closed(browse: Opened) -> None:
    personnel = browse("fujii")
    assert personnel.get("/office/months/2026-13").status_code == 404
    answer = personnel.post("/office/months/2026-10/close", follow_redirects=True)
    assert "This month has days that are not closed yet." in answer.text
    assert personnel.get("/office/months/2026-11/export").status_code == 409


def test_a_report_is_downloaded_as_it_is_shown(browse: Opened) -> None:
    personnel = browse("fujii")
    span = f"from={DAY}&to={LAST}"
    assert "/reports/telework_monthly/csv?from=2026-11-24&amp;to=2026-11-30" in (
        personnel.get(f"/reports/telework_monthly?{span}").text
    )
    answer = personnel.get(f"/reports/telework_monthly/csv?{span}&encoding=cp932")
    assert answer.content_type == "text/csv; charset=windows-31j"
    assert answer.data.decode("cp932").startswith("Of,Section,Name,Person-days")
    assert personnel.get(f"/reports/caps/csv?{span}&encoding=utf-16").status_code == 422
    assert personnel.get("/reports/nothing").status_code == 404


def test_the_ministrys_sheet_is_not_offered_to_who_may_not_see_it(browse: Opened) -> None:
    assert "yearly sheet" not in browse("aoki").get("/reports").text
    assert browse("aoki").get("/reports/telework_yearly").status_code == 403
    assert "yearly sheet" in browse("chiba").get("/reports").text


def test_a_mapping_that_is_none_is_shown_again_as_it_was_typed(browse: Opened) -> None:
    form = {f"word-{name}": word for name, word in DEFAULT.words.items()}
    form |= {"line": "month", "dates": "iso", "encoding": "utf-8", "holds": "am", "header": "朝"}
    answer = browse("fujii").post("/office/attendance", data=form)
    assert "This layout cannot be used." in answer.text
    assert 'value="朝"' in answer.text
