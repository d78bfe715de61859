"""A terminal is lent to whoever is at home without one of their own: asking, approving and planning count the same."""

from __future__ import annotations

from typing import Any

import pytest

from app.access import SESSION_ID, USER
from app.rotation.form import ProblemForm, problem_of
from app.rotation.milp import Limits
from app.rotation.rules import HALVES, Cell, State, check
from app.rotation.search import Found, search
from app.telework.caps.rules import OverCap
from app.telework.rules import PlanKind
from tests.app.rotation.months import FIRST, LAST, plans, setting
from tests.app.rotation.test_gathering import form
from tests.app.telework.desk import WEDNESDAY, approve, ask, make_rule, morning, plan_ids, whole
from tests.app.test_pages import token_in
from tests.fixtures.web import Api, problem
from tests.house import House, at

DAYS = f"from={WEDNESDAY}&to={WEDNESDAY}"


@pytest.fixture
def owner(house: House) -> int:
    """Aoki has a terminal of their own. Their id."""
    aoki = house.people["aoki"].id
    setting(house, people=[{"user_id": aoki, "own_terminal": True}])
    return aoki


def put(api: Api, who: str) -> Any:
    body = {"on": WEDNESDAY.isoformat(), "half": "am", "kind": "home"}
    tag = api.call(who, "GET", f"/telework/plans?{DAYS}").headers["ETag"]
    return api.call(who, "PUT", f"/telework/plans?{DAYS}", body, If_Match=tag)


def test_whoever_has_one_may_ask_for_a_day_at_home_and_leaves_the_lent_one_to_the_others(
    api: Api, house: House, owner: int
) -> None:
    make_rule(house, terminals=1)
    assert [put(api, who).status_code for who in ("aoki", "baba")] == [200, 200]
    assert problem(put(api, "chiba")) == (422, "telework.cap")
    assert owner in {user_id for user_id, _on, _half in plans(house)}


def submit(api: Api, person: int, path: str, **form: str) -> None:
    """Somebody sends a form of the pages."""
    with api.client.session_transaction() as session:
        session[USER] = person
        session[SESSION_ID] = "one"
    token = token_in(api.client.get("/telework").text)
    assert api.client.post(path, data={"csrf_token": token, **form}).status_code == 302


def test_so_they_may_on_the_page_and_take_it_back_and_back_again(api: Api, house: House, owner: int) -> None:
    make_rule(house, terminals=0)
    submit(api, owner, "/telework", cell=f"{WEDNESDAY}/am", kind="home")
    (plan,) = plans(house).values()
    submit(api, owner, "/telework/withdraw", plan=str(plan.id))
    assert not plans(house)[owner, WEDNESDAY, "am"].stands
    submit(api, owner, "/telework/restore", plan=str(plan.id))
    assert plans(house)[owner, WEDNESDAY, "am"].stands


def test_who_approves_sees_nothing_broken_and_approves_the_week(api: Api, house: House, owner: int) -> None:
    make_rule(house, terminals=0, over_cap=OverCap.ASK)
    for who in ("aoki", "baba"):
        ask(house, who, [morning(WEDNESDAY)])
    waiting = api.call("chiba", "GET", "/telework/approvals").get_json()["items"]
    broken = {one["name"]: [breach["rule"] for breach in one["breaches"]] for one in waiting}
    assert broken == {"aoki": [], "baba": ["terminals"]}
    submit(
        api,
        house.people["chiba"].id,
        "/telework/approvals/week",
        week=WEDNESDAY.isoformat(),
        seen_at=at("09:00").isoformat(),
    )
    assert api.client.get("/telework/approvals").text.count("貸出端末が足りません") == 1
    states = {user_id: plan.state.value for (user_id, _on, _half), plan in plans(house).items()}
    assert states == {owner: "approved", house.people["baba"].id: "requested"}


def test_a_rotation_knows_it_of_whomever_it_plans_and_of_the_others(house: House, owner: int) -> None:
    make_rule(house, terminals=2)
    ask(house, "aoki", [morning(FIRST)])
    of_zei = form(house, section="zei")
    assert [one["most_on"] for one in of_zei["pools"]] == [[]]
    ask(house, "baba", [morning(FIRST)])
    of_zei = form(house, section="zei")
    assert [[one["most"] for one in pool["most_on"]] for pool in of_zei["pools"]] == [[1]]
    owners = [one["name"] for one in form(house)["members"] if one["own_terminal"]]
    assert owners == ["aoki"]


def test_at_a_satellite_office_no_terminal_is_lent_in_a_rotation_either(house: House) -> None:
    make_rule(house, terminals=1)
    approve(house, *plan_ids(ask(house, "aoki", whole(FIRST, kind=PlanKind.SATELLITE))))
    baba, aoki = (str(house.people[who].id) for who in ("baba", "aoki"))
    setting(house, people=[{"user_id": int(baba), "target": 10}])
    said = form(house)
    assert {(one["person"], one["day"]) for one in said["satellites"]} == {(aoki, FIRST.isoformat())}
    asked = problem_of(ProblemForm().load(said))
    found = search(asked, Limits(work=100))
    assert isinstance(found, Found)
    assert [found.plan[Cell(one, FIRST, half)] for one in (aoki, baba) for half in HALVES] == [State.HOME] * 4
    assert check(asked, found.plan) == []
    both = {**found.plan, **{Cell(one, LAST, "am"): State.HOME for one in (aoki, baba)}}
    assert {one.rule.kind for one in check(asked, both)} == {"terminals"}
