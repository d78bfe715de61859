"""How people are employed in time, stored and asked for; on both databases."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.access import SESSION_ID, USER
from app.database import reading, transaction
from app.errors import Conflict
from app.events import history
from app.people import staffing
from app.people.employing import earlier, employed, employment_on
from app.people.models import Membership, Role
from app.people.rules import Employed, Employment
from app.telework.caps.service import governed
from tests.app.people.test_staffing import account, become
from tests.app.records.test_sheets import diff, exported, take
from tests.fixtures.web import Api
from tests.house import DAY, House, at

REGULAR, FISCAL, OTHER = Employment.REGULAR, Employment.FISCAL_YEAR, Employment.OTHER
EVE, APRIL = DAY - timedelta(days=1), date(2027, 4, 1)


def employ(
    house: House, who: str, to: Employment, from_on: date | None = None, *, corrects_past: bool = False
) -> None:
    """Personnel enters another employment; without a day it holds from today."""
    personnel = become(house, "chiba", Role.PERSONNEL)
    with transaction(house.engine) as session:
        staffing.change(
            session,
            account(session, house, who),
            {"employment": to, "employment_from": from_on, "corrects_past": corrects_past},
            on=DAY,
            actor=personnel,
            now=at("09:00"),
        )


def terms(house: House, who: str) -> Employed:
    with reading(house.engine) as session:
        return employed(session, account(session, house, who))


def test_another_employment_holds_from_today_or_the_day_named_and_is_an_event(house: House) -> None:
    employ(house, "aoki", FISCAL)
    employ(house, "aoki", FISCAL)
    employ(house, "aoki", OTHER, APRIL)
    assert terms(house, "aoki") == Employed(OTHER, ((EVE, REGULAR), (date(2027, 3, 31), FISCAL)))
    with reading(house.engine) as session:
        told = history(session, f"user:{house.people['aoki'].id}")
        people = governed(session)
    assert [one.data for one in told if one.kind == "user.changed"] == [
        {"fields": ["employment"], "employment": pair, "employment_from": day, "fell_away": []}
        for pair, day in (
            (["regular", "fiscal_year"], "2026-11-24"),
            (["fiscal_year", "other"], "2027-04-01"),
        )
    ]
    found = people[house.people["aoki"].id].employed
    assert [found.on(on) for on in (EVE, DAY, APRIL)] == [REGULAR, FISCAL, OTHER]
    assert people[house.people["baba"].id].employed == Employed(REGULAR)


def test_a_day_named_alone_and_other_details_leave_the_employment(house: House) -> None:
    employ(house, "aoki", FISCAL, APRIL)
    before = terms(house, "aoki")
    personnel = house.people["chiba"]
    for wanted in ({"employment_from": DAY}, {"kana": "あおき"}, {"employment": REGULAR}):
        with transaction(house.engine) as session:
            user = account(session, house, "aoki")
            staffing.change(session, user, wanted, on=DAY, actor=personnel, now=at("09:00"))
    assert terms(house, "aoki") == before


def test_a_query_knows_the_employment_of_a_day(house: House) -> None:
    employ(house, "aoki", FISCAL, date(2026, 4, 1))
    employ(house, "baba", FISCAL, date(2026, 4, 2))
    with reading(house.engine) as session:
        found = dict(
            session.execute(
                select(Membership.user_id, employment_on(Membership.user_id, Membership.from_on))
            ).all()
        )
    # The house's people belong to their sections from the 1st of April.
    assert found[house.people["aoki"].id] is FISCAL
    assert found[house.people["baba"].id] is REGULAR
    assert found[house.people["endo"].id] is REGULAR


def test_a_file_says_from_when_and_taken_again_it_changes_nothing(house: House) -> None:
    text = (
        "email,name,sections,employment,employment_from\n"
        "aoki@example.jp,aoki,soumu,fiscal_year,\n"
        "baba@example.jp,baba,soumu,part_time,2027/4/1\n"
        "new@example.jp,new,soumu,other,\n"
    )
    take(house, "people", text)
    assert terms(house, "aoki") == Employed(FISCAL, ((EVE, REGULAR),))
    assert terms(house, "baba") == Employed(Employment.PART_TIME, ((date(2027, 3, 31), REGULAR),))
    assert diff(house, "people", text).is_empty
    back = exported(house, "people").decode()
    assert diff(house, "people", back).is_empty
    take(house, "people", "email,kana,employment\nbaba@example.jp,ばば,regular\n")
    assert terms(house, "baba") == Employed(Employment.PART_TIME, ((date(2027, 3, 31), REGULAR),))
    with reading(house.engine) as session:
        assert set(earlier(session)) == {house.people[who].id for who in ("aoki", "baba")}
        told = history(session, f"user:{house.people['baba'].id}")
    assert told[0].data["employment_from"] == "2027-04-01"
    assert told[0].data["changes"] == {"employment": ["regular", "part_time"]}
    take(house, "people", "email,employment,employment_from\nbaba@example.jp,regular,2027-04-01\n")
    assert terms(house, "baba") == Employed(REGULAR)


JUNE, SEPTEMBER = date(2026, 6, 1), date(2026, 9, 1)
HELD = [
    {"employment": "fiscal_year", "from": "2026-06-01", "until": "2026-08-31"},
    {"employment": "other", "from": "2026-09-01", "until": None},
]


def employ_in_turn(house: House) -> Employed:
    """Aoki is employed otherwise since June, and again since September."""
    employ(house, "aoki", FISCAL, JUNE)
    employ(house, "aoki", OTHER, SEPTEMBER)
    return terms(house, "aoki")


def test_employments_that_held_fall_away_for_nobody_who_did_not_say_so_and_the_log_keeps_them(
    house: House,
) -> None:
    before = employ_in_turn(house)
    with pytest.raises(Conflict, match=r"user\.past_employment") as refused:
        employ(house, "aoki", OTHER, date(2026, 5, 1))
    assert refused.value.facts == {"terms": HELD}
    assert terms(house, "aoki") == before
    employ(house, "aoki", OTHER, date(2026, 5, 1), corrects_past=True)
    assert terms(house, "aoki") == Employed(OTHER, ((date(2026, 4, 30), REGULAR),))
    with reading(house.engine) as session:
        told = history(session, f"user:{house.people['aoki'].id}")[-1]
    assert told.data == {
        "fields": ["employment"],
        "employment": ["regular", "other"],
        "employment_from": "2026-05-01",
        "fell_away": HELD,
    }


def test_what_was_planned_alone_falls_away_unasked(house: House) -> None:
    employ(house, "aoki", OTHER, APRIL)
    employ(house, "aoki", FISCAL, DAY)
    assert terms(house, "aoki") == Employed(FISCAL, ((EVE, REGULAR),))
    with reading(house.engine) as session:
        told = history(session, f"user:{house.people['aoki'].id}")[-1]
    assert told.data["fell_away"] == [{"employment": "other", "from": "2027-04-01", "until": None}]


def test_a_file_by_which_employments_that_held_fall_away_is_doubted_and_the_log_keeps_them(
    house: House,
) -> None:
    employ_in_turn(house)
    text = "email,employment,employment_from\naoki@example.jp,other,2026-05-01\n"
    (doubt,) = diff(house, "people", text).doubtful
    assert (doubt.code, doubt.column) == ("csv.past_employment", "employment_from")
    assert doubt.value == "aoki@example.jp: fiscal_year 2026-06-01 other 2026-09-01"
    assert diff(house, "people", text.replace("2026-05-01", "2026-12-01")).doubtful == []
    take(house, "people", text)
    with reading(house.engine) as session:
        told = history(session, f"user:{house.people['aoki'].id}")[-1]
    assert told.data["fell_away"] == HELD
    assert told.data["changes"] == {"employment": ["regular", "other"]}


def test_over_http_and_on_the_page_one_says_that_the_past_was_wrong(
    app: Flask, api: Api, house: House
) -> None:
    employ_in_turn(house)
    path = f"/people/{house.people['aoki'].id}"
    body = {"employment": "other", "employment_from": "2026-05-01"}

    def patched(said: Mapping[str, object]) -> TestResponse:
        return api.call("chiba", "PATCH", path, said, If_Match=api.call("chiba", "GET", path).headers["ETag"])

    refused = patched(body)
    assert (refused.status_code, refused.get_json()["code"]) == (409, "user.past_employment")
    assert patched(body | {"corrects_past": True}).status_code == 200
    app.config["WTF_CSRF_ENABLED"] = False
    with api.client.session_transaction() as session:
        session[USER], session[SESSION_ID] = house.people["chiba"].id, "one"
    form = {"employment": "fiscal_year", "employment_from": "2026-04-15"}
    said = "Employments that held already were entered for that day or later"
    corrected = {"corrects_past": "1"} | form
    for sent, is_refused in ((form, True), (corrected, False)):
        shown = api.client.post(
            f"/office{path}", data=sent, headers={"Accept-Language": "en"}, follow_redirects=True
        )
        assert (said in shown.text) == is_refused
    assert shown.text.count('name="corrects_past"') == 2
    assert terms(house, "aoki") == Employed(FISCAL, ((date(2026, 4, 14), REGULAR),))
