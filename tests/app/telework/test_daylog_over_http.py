"""The day log and its months over HTTP."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.clock import SteppingClock
from app.database import transaction
from app.people.models import Membership, Role, Section
from app.telework.closing.rules import DEFAULT
from app.telework.rules import Half
from tests.app.telework.days import become, close_days, half_day, planned, sat
from tests.fixtures.web import Api, problem
from tests.house import DAY, House, at

LAST = date(2026, 11, 30)
PATH = f"/telework/days?from={DAY}&to={DAY}"


@pytest.fixture
def month(house: House, clock: SteppingClock) -> House:
    """The last week of November, in which aoki was at home by plan and at a seat by hand; it is the next morning."""
    become(house, "fujii", Role.PERSONNEL)
    planned(house, "aoki", Half.AM, reported=True)
    sat(house, "aoki", "09:00", "12:00")
    close_days(house, DAY, LAST)
    clock.at = at("09:00", day=1)
    return house


def morning(api: Api, who: str, path: str = PATH) -> dict[str, Any]:
    answer = api.call(who, "GET", path)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.get_json()["items"][0]
    return found


def test_a_conflict_and_its_check_in_are_the_persons_until_they_answer_or_days_pass(
    api: Api, month: House, clock: SteppingClock
) -> None:
    (section,) = month.people["chiba"].section_ids
    of_section = f"{PATH}&section={section}"
    mine = morning(api, "aoki")
    assert (mine["conflict"], mine["reason"], mine["evidence"]["minutes_by_hand"]) == (
        True,
        "home_and_check_in",
        180,
    )
    assert [one["start"] for one in mine["evidence"]["by_hand"]] == [at("09:00").isoformat()]
    seen = morning(api, "chiba", of_section)
    assert (seen["conflict"], seen["reason"]) == (False, "home_reported")
    assert (seen["evidence"]["by_hand"], seen["evidence"]["minutes_by_hand"]) == ([], 0)
    answered = api.call("aoki", "POST", f"/telework/days/{mine['id']}/correct", {"class": "office"})
    assert (answered.get_json()["class"], answered.get_json()["confidence"]) == ("office", "likely")
    seen = morning(api, "chiba", of_section)
    assert (seen["reason"], seen["class"], seen["found"]) == ("home_and_check_in", "office", "telework")
    assert [(one["by"], one["voice"], one["from"], one["to"]) for one in seen["corrections"]] == [
        ("aoki", "own", "telework", "office")
    ]
    confirmed = api.call("chiba", "POST", f"/telework/days/{mine['id']}/correct", {"class": "office"})
    assert confirmed.get_json()["confidence"] == "certain"


def test_an_unanswered_conflict_is_shown_to_the_chief_after_three_days(
    api: Api, month: House, clock: SteppingClock
) -> None:
    (section,) = month.people["chiba"].section_ids
    for days, shown in ((3, False), (4, True)):
        clock.at = at("09:00", day=days)
        assert morning(api, "chiba", f"{PATH}&section={section}")["conflict"] is shown


def test_personnel_who_look_at_somebodys_days_are_noted(api: Api, month: House) -> None:
    morning(api, "fujii", f"{PATH}&user={month.people['aoki'].id}")
    looks = api.call("aoki", "GET", "/me/looks").get_json()["items"]
    assert [one["name"] for one in looks] == ["fujii"]


def test_what_cannot_be_said_is_refused(api: Api, month: House) -> None:
    row = half_day(month, "aoki", Half.AM)
    path = f"/telework/days/{row.id}/correct"
    for who, body, refusal in (
        ("aoki", {"class": "closed"}, (422, "request.invalid")),
        ("aoki", {"class": "office", "why": "x" * 201}, (422, "request.invalid")),
        ("aoki", {"class": "office", "why": "\x00"}, (422, "request.invalid")),
        ("chiba", {"class": "office"}, (422, "telework.why")),
        ("endo", {"class": "office"}, (403, "telework.not_allowed")),
    ):
        assert problem(api.call(who, "POST", path, body)) == refusal
    assert problem(api.call("aoki", "POST", "/telework/days/999/correct", {"class": "office"})) == (
        404,
        "telework.day_unknown",
    )


def test_personnel_read_the_half_days_of_all_page_by_page_each_once(api: Api, month: House) -> None:
    with transaction(month.engine) as session:
        other = session.scalars(select(Section.id).where(Section.code == "zei")).one()
        session.add(Membership(user_id=month.people["aoki"].id, section_id=other, from_on=DAY))
    found: list[tuple[str, int, str]] = []
    cursor: str | None = ""
    while cursor is not None:
        answer = api.call(
            "fujii", "GET", f"{PATH}&user=all&limit=3{cursor and '&cursor='}{cursor}"
        ).get_json()
        found += [(one["on"], one["user_id"], one["half"]) for one in answer["items"]]
        cursor = answer["next_cursor"]
    everybody = {month.people[who].id for who in ("aoki", "baba", "chiba", "endo", "fujii")}
    assert found == [
        (DAY.isoformat(), user_id, half) for user_id in sorted(everybody) for half in ("am", "pm")
    ]
    zei = api.call("fujii", "GET", f"{PATH}&user=all&section={other}").get_json()["items"]
    assert {month.people["aoki"].id, month.people["endo"].id} <= {one["user_id"] for one in zei}
    for who in ("aoki", "chiba"):
        assert problem(api.call(who, "GET", f"{PATH}&user=all")) == (403, "telework.not_allowed")


def test_a_month_is_looked_at_closed_exported_and_reopened(
    api: Api, month: House, clock: SteppingClock
) -> None:
    clock.at = at("09:00", day=7)
    assert problem(api.call("chiba", "GET", "/telework/months")) == (403, "access.denied")
    preview = api.call("fujii", "GET", "/telework/months/2026-11").get_json()
    assert (preview["is_over"], preview["closed_at"], preview["conflicts"]) == (True, None, 1)
    assert preview["half_days"]["telework"] == 1
    assert problem(api.call("fujii", "GET", "/telework/months/2026-11/export")) == (
        409,
        "telework.month_open",
    )
    closed = api.call("fujii", "POST", "/telework/months/2026-11/close").get_json()
    assert (closed["closed_by"], closed["closed_at"]) == ("fujii", at("09:00", day=7).isoformat())
    assert problem(api.call("fujii", "POST", "/telework/months/2026-11/close")) == (
        409,
        "telework.month_closed",
    )
    answer = api.call("fujii", "GET", "/telework/months/2026-11/export")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="attendance-2026-11.csv"'
    assert answer.data.startswith(b"\xef\xbb\xbf")
    assert problem(api.call("fujii", "POST", "/telework/months/2026-11/reopen", {"why": ""})) == (
        422,
        "request.invalid",
    )
    reopened = api.call("fujii", "POST", "/telework/months/2026-11/reopen", {"why": "計上漏れ"}).get_json()
    assert reopened["closed_at"] is None
    listed = api.call("fujii", "GET", "/telework/months").get_json()["items"]
    assert [one["month"] for one in listed] == ["2026-12", "2026-11"]


@pytest.mark.parametrize("text", ["2026", "x", "2026-13", "1999-01"])
def test_what_is_no_month_is_not_found(api: Api, month: House, text: str) -> None:
    assert problem(api.call("fujii", "GET", f"/telework/months/{text}")) == (404, "telework.month_unknown")


def test_the_mapping_is_read_and_set(api: Api, month: House) -> None:
    given: dict[str, Any] = {**DEFAULT.as_stored(), "line": "month", "encoding": "cp932"}
    given["columns"] = [
        {"holds": "email", "header": "職員番号"},
        {"holds": "telework_days", "header": "在宅"},
    ]
    assert api.call("fujii", "PUT", "/telework/export-mapping", given).status_code == 200
    assert api.call("fujii", "GET", "/telework/export-mapping").get_json() == given
    given["columns"] = [{"holds": "am", "header": "x"}]
    assert problem(api.call("fujii", "PUT", "/telework/export-mapping", given)) == (422, "telework.mapping")
    given["columns"] = [{"holds": "nothing", "header": "x"}]
    assert problem(api.call("fujii", "PUT", "/telework/export-mapping", given)) == (422, "request.invalid")


def test_a_chief_sees_no_other_sections_day(api: Api, month: House) -> None:
    row = half_day(month, "endo", Half.AM, DAY + timedelta(days=1))
    answer = api.call("chiba", "POST", f"/telework/days/{row.id}/correct", {"class": "office", "why": "x"})
    assert problem(answer) == (403, "telework.not_allowed")
