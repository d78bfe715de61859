"""Who is employed otherwise, or belongs elsewhere, changes no closed month: its sums, its file, the year's sheet."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from app.access import SESSION_ID, USER
from app.clock import SteppingClock
from app.database import reading, transaction
from app.errors import Conflict
from app.people.models import Role
from app.people.rules import Employment
from app.records.sheets.service import SHEETS, import_file
from app.reports.listing import get_report, made
from app.reports.service import Ask, Scope
from app.telework.closing import export, service
from app.telework.closing.rules import Month
from app.telework.guards import require_open
from app.telework.rules import Half
from tests.app.records.test_sheets import ASKED, diff, take
from tests.app.telework.days import become, close_days, planned
from tests.app.telework.desk import make_rule
from tests.fixtures.web import Api
from tests.house import DAY, OFFICE, House, at

NOVEMBER, LAST = Month.of(DAY), date(2026, 11, 30)
LATER = replace(ASKED, now=at("10:00", day=8), on=date(2026, 12, 2))
YEAR = date(2026, 4, 1), date(2027, 3, 31)


@pytest.fixture
def closed(house: House, clock: SteppingClock) -> House:
    """On the 2nd of December: November is closed. Of a kind that Aoki is not of, nobody may telework."""
    become(house, "fujii", Role.PERSONNEL)
    make_rule(house, employment=Employment.FISCAL_YEAR, eligible=False)
    for half in Half:
        planned(house, "aoki", half, reported=True)
    close_days(house, DAY, LAST)
    close_november(house)
    clock.at = LATER.now
    return house


def told(house: House) -> list[Any]:
    """The closed month's sums and file, the year's sheet, and who telework how often."""
    asks = (
        ("telework_monthly", (DAY, LAST)),
        ("telework_yearly", (YEAR[0], LAST)),
        ("fairness", (YEAR[0], LAST)),
    )
    with reading(house.engine) as session:
        return [
            *(
                [dict(row) for row in made(session, get_report(name), Ask(*days, Scope(), OFFICE), []).rows]
                for name, days in asks
            ),
            export.export(session, NOVEMBER, OFFICE).content,
        ]


def tag(api: Api, path: str) -> dict[str, str]:
    return {"If_Match": api.call("fujii", "GET", path).headers["ETag"]}


def test_who_is_employed_otherwise_from_today_was_not_so_before(api: Api, closed: House) -> None:
    before, path = told(closed), f"/people/{closed.people['aoki'].id}"
    changed = api.call("fujii", "PATCH", path, {"employment": "fiscal_year"}, **tag(api, path))
    assert changed.get_json()["employment"] == "fiscal_year"
    assert changed.get_json()["employments"] == [
        {"employment": "regular", "from": None, "until": "2026-12-01"},
        {"employment": "fiscal_year", "from": "2026-12-02", "until": None},
    ]
    assert told(closed) == before


def test_by_a_file_too(closed: House) -> None:
    before = told(closed)
    take(closed, "people", "email,employment\naoki@example.jp,fiscal_year\n", LATER)
    assert told(closed) == before


def test_a_day_in_a_closed_month_is_refused_and_the_first_open_one_is_taken(api: Api, closed: House) -> None:
    before, path = told(closed), f"/people/{closed.people['aoki'].id}"
    elsewhere = sorted(closed.people["endo"].section_ids)
    new = {"email": "new@example.jp", "name": "新", "section": "zei"}
    for day in ("2026-11-30", "2026-10-01"):
        for call in (
            ("PUT", f"{path}/sections", {"section_ids": elsewhere, "from": day}),
            ("PATCH", path, {"employment": "fiscal_year", "employment_from": day}),
            ("POST", "/people", new | {"from": day}),
        ):
            refused = api.call("fujii", *call, **tag(api, path))
            assert (refused.status_code, refused.get_json()["code"]) == (409, "telework.month_closed")
            assert "2026-12-01" in refused.text
    assert told(closed) == before
    assert api.call("fujii", "POST", "/people", new | {"from": "2026-12-01"}).status_code == 201
    body = {"section_ids": elsewhere, "from": "2026-12-01"}
    assert api.call("fujii", "PUT", f"{path}/sections", body, **tag(api, path)).status_code == 200
    body = {"employment": "fiscal_year", "employment_from": "2026-12-01"}
    assert api.call("fujii", "PATCH", path, body, **tag(api, path)).status_code == 200
    assert told(closed)[0] == before[0]
    assert told(closed)[3] == before[3]


def test_a_line_of_a_file_that_would_change_a_closed_month_is_refused(closed: House) -> None:
    text = (
        "email,name,sections,from_on,employment,employment_from\n"
        "aoki@example.jp,aoki,zei,2026-11-30,regular,\n"
        "baba@example.jp,baba,soumu,2026-11-30,fiscal_year,2026-11-30\n"
        "new@example.jp,new,zei,2026-11-30,regular,\n"
    )
    assert [
        (one.line, one.code, one.column, one.value) for one in diff(closed, "people", text, LATER).refused
    ] == [
        (2, "csv.month_closed", "from_on", "2026-11-30"),
        (3, "csv.month_closed", "employment_from", "2026-11-30"),
        (4, "csv.month_closed", "from_on", "2026-11-30"),
    ]
    assert not diff(closed, "people", text.replace("2026-11-30", "2026-12-01"), LATER).refused


def test_the_page_says_what_to_do_and_shows_the_employment_in_time(
    app: Flask, api: Api, closed: House
) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    with api.client.session_transaction() as session:
        session[USER], session[SESSION_ID] = closed.people["fujii"].id, "one"
    path = f"/office/people/{closed.people['aoki'].id}"
    elsewhere = next(iter(closed.people["endo"].section_ids))

    def post(where: str, **form: object) -> str:
        answer = api.client.post(where, data=form, headers={"Accept-Language": "en"}, follow_redirects=True)
        return answer.text

    said = "Reopen it first, or name a day from 2026-12-01 on."
    assert said in post(f"{path}/sections", section=elsewhere, from_on="2026-11-30")
    assert said in post(path, employment="fiscal_year", employment_from="2026-11-30")
    new = {
        "name": "新",
        "email": "new@example.jp",
        "section": "zei",
        "role": "staff",
        "employment": "regular",
    }
    assert said in post("/office/people", **new, from_on="2026-11-30")
    shown = post(path, employment="fiscal_year", employment_from="2027-04-01")
    assert "– 2027-03-31" in shown
    # Another detail saved on the same form leaves what is planned.
    shown = post(path, kana="あおき", employment="regular", employment_from="")
    assert "あおき" in shown
    assert "2027-04-01 –" in shown


def close_november(house: House) -> None:
    with transaction(house.engine) as session:
        service.close_month(
            session, NOVEMBER, actor=house.people["fujii"], now=at("09:00", day=7), office=OFFICE
        )


@pytest.fixture
def over(postgresql_house: House) -> House:
    """November is over and not yet closed."""
    become(postgresql_house, "fujii", Role.PERSONNEL)
    close_days(postgresql_house, DAY, LAST)
    return postgresql_house


BESIDE = "email,sections,from_on\naoki@example.jp,zei,2026-11-25\n"


def by_hand(session: Session) -> None:
    require_open(session, date(2026, 11, 25))


def by_a_file(session: Session) -> None:
    import_file(session, SHEETS["people"], BESIDE.encode(), LATER)


@pytest.mark.parametrize("change", [by_hand, by_a_file])
def test_whoever_closes_a_month_waits_for_what_is_changed_of_its_people(
    over: House, change: Callable[[Session], None]
) -> None:
    with ThreadPoolExecutor(1) as pool:
        with transaction(over.engine) as session:
            change(session)
            closing = pool.submit(close_november, over)
            with pytest.raises(TimeoutError):
                closing.result(0.5)
        closing.result(10)
    with pytest.raises(Conflict, match=r"telework\.month_closed"), transaction(over.engine) as session:
        by_hand(session)


def test_what_is_changed_of_its_people_waits_for_whoever_closes_a_month_and_is_refused(over: House) -> None:
    def changed() -> None:
        with transaction(over.engine) as session:
            by_hand(session)

    with ThreadPoolExecutor(1) as pool:
        with transaction(over.engine) as session:
            service.close_month(
                session, NOVEMBER, actor=over.people["fujii"], now=at("09:00", day=7), office=OFFICE
            )
            waiting = pool.submit(changed)
            with pytest.raises(TimeoutError):
                waiting.result(0.5)
        with pytest.raises(Conflict, match=r"telework\.month_closed"):
            waiting.result(10)
