"""Settings and problems that contradict themselves are refused, and what is stored so holds up nobody; on both
databases."""

from __future__ import annotations

from html import unescape
from typing import Any

import pytest
from sqlalchemy import select, update

from app.database import reading, transaction
from app.people.models import Role
from app.rotation import gathering, service, turns, working
from app.rotation.models import Rotation, State
from app.rotation.solving import SearchError, Solved
from tests.app.rotation.months import FIRST, LAST, LIMITS, plan_month, search, setting, stored
from tests.app.rotation.test_setting import Filled, page
from tests.app.telework.desk import hire, make_rule, section_id
from tests.fixtures.web import Api, problem
from tests.house import OFFICE, House, at

TWICE = [{"name": "窓口", "least": 1}] * 2


def put(api: Api, house: House, **said: Any) -> Any:
    path = f"/sections/{section_id(house, 'soumu')}/rotation-setting"
    tag = api.call("chiba", "GET", path).headers["ETag"]
    return api.call("chiba", "PUT", path, said, If_Match=tag)


def test_nobody_is_set_as_their_own_mentor(api: Api, house: House) -> None:
    aoki, baba = house.people["aoki"].id, house.people["baba"].id
    answer = put(api, house, people=[{"user_id": aoki, "mentor": aoki}])
    assert problem(answer) == (422, "request.invalid")
    assert f"{aoki} is their own mentor." in answer.text
    assert put(api, house, people=[{"user_id": aoki, "mentor": baba}]).status_code == 200


def test_the_page_offers_nobody_as_their_own_mentor_and_says_why_it_refuses_it(
    api: Api, house: House
) -> None:
    text = page(api, house)
    aoki, baba = house.people["aoki"].id, house.people["baba"].id
    choice = text.partition(f'name="mentor-{aoki}"')[2].partition("</select>")[0]
    assert f'value="{baba}"' in choice
    assert f'value="{aoki}"' not in choice
    typed = Filled()
    typed.feed(text)
    typed.form[f"mentor-{aoki}"] = str(aoki)
    answer = api.client.post("/rotation/setting", data=typed.form)
    assert answer.status_code == 422
    assert "を本人の指導役にはできません" in unescape(answer.text)


def test_who_is_kept_as_their_own_mentor_is_planned_without_one(api: Api, house: House) -> None:
    make_rule(house, week=10)
    aoki = house.people["aoki"].id
    setting(house, people=[{"user_id": aoki, "mentor": aoki}])
    section = section_id(house, "soumu")
    assert api.call("chiba", "GET", f"/sections/{section}/rotation-setting").status_code == 200
    with reading(house.engine) as session:
        form = gathering.problem_form(gathering.month(session, section, FIRST, LAST, OFFICE))
    assert {one["mentor"] for one in form["members"]} == {None}
    assert search(house, plan_month(house)).state is State.FOUND


def test_a_search_whose_problem_contradicts_itself_fails_says_why_and_holds_up_nobody(
    api: Api, house: House
) -> None:
    make_rule(house, week=10)
    hire(house, "zchief", section="zei", role=Role.CHIEF)
    setting(house, covers=TWICE)
    first = plan_month(house)
    with transaction(house.engine) as session:
        second = service.ask(
            session,
            actor=house.people["zchief"],
            section_id=section_id(house, "zei"),
            first=FIRST,
            last=LAST,
            limits=LIMITS,
            office=OFFICE,
            now=at("08:00"),
        ).id
    failed = search(house, first)
    assert (failed.state, failed.attempts) == (State.FAILED, 1)
    assert failed.progress == {"failed": "rotation.problem", "said": "covers: It names something twice."}
    page(api, house)  # signs in
    told = unescape(api.client.get(f"/rotation/{first}/progress").text)
    assert "矛盾があるため、計画できません。技術的な詳細: covers: " in told
    with reading(house.engine) as session:
        assert turns.next_to_search(session, at("08:02")) == second


def test_a_search_that_died_each_time_says_so(api: Api, house: House) -> None:
    make_rule(house, week=10)
    rotation_id = plan_month(house)
    with transaction(house.engine) as session:
        session.execute(update(Rotation).values(attempts=turns.ATTEMPTS))
    assert search(house, rotation_id).progress == {"failed": "rotation.died"}
    page(api, house)
    assert "毎回途中で異常終了しました" in api.client.get(f"/rotation/{rotation_id}/progress").text


def test_what_is_asked_of_a_contradiction_is_refused(api: Api, house: House) -> None:
    make_rule(house, week=10)
    setting(house, covers=TWICE)
    span = f"section={section_id(house, 'soumu')}&from={FIRST}&to={LAST}"
    answer = api.call("chiba", "GET", f"/rotations/what-if?{span}")
    assert problem(answer) == (422, "rotation.problem")
    assert "It names something twice." in answer.get_json()["detail"]
    page(api, house)
    assert "矛盾があるため" in api.client.get(f"/rotation/seats?{span}").text
    assert api.client.get(f"/rotation/seats/answer?{span}").status_code == 422


def test_a_duty_is_of_two_people(api: Api, house: House) -> None:
    aoki = house.people["aoki"].id
    answer = put(api, house, duties=[{"name": "会計", "main": aoki, "deputy": aoki}])
    assert problem(answer) == (422, "request.invalid")
    assert "the main person and the deputy are the same" in answer.get_json()["errors"]["json"]["duties"][0]
    typed = Filled()
    typed.feed(page(api, house))
    typed.form["duty-0-name"] = "会計"
    typed.form["duty-0-main"] = typed.form["duty-0-deputy"] = str(aoki)
    answer = api.client.post("/rotation/setting", data=typed.form)
    assert answer.status_code == 422
    assert "会計: 主担当と代行者には別の人を" in answer.text


def test_a_duty_of_one_that_is_kept_is_refused_by_name_before_anything_is_searched(
    api: Api, house: House
) -> None:
    make_rule(house, week=10)
    aoki = house.people["aoki"].id
    setting(house, duties=[{"name": "会計", "main": aoki, "deputy": aoki}])
    section = section_id(house, "soumu")
    asked = {"section": section, "from": FIRST.isoformat(), "to": LAST.isoformat()}
    for answer in (
        api.call("chiba", "POST", "/rotations", asked),
        api.call("chiba", "GET", f"/rotations/what-if?section={section}&from={FIRST}&to={LAST}"),
    ):
        assert problem(answer) == (422, "rotation.own_deputy")
        assert "会計: 主担当と代行者には別の人を" in answer.get_json()["detail"]
    typed = Filled()
    typed.feed(page(api, house))
    form = {"csrf_token": typed.form["csrf_token"], "on": FIRST.isoformat(), "section": str(section)}
    told = unescape(api.client.post("/rotation", data=form, follow_redirects=True).text)
    assert "会計: 主担当と代行者には別の人を" in told
    assert "the main person" not in told
    with reading(house.engine) as session:
        assert session.scalar(select(Rotation.id)) is None


def test_a_duty_of_one_who_is_elsewhere_holds_up_nobody(house: House) -> None:
    make_rule(house, week=10)
    hire(house, "zchief", section="zei", role=Role.CHIEF)
    other = house.people["zchief"].id
    setting(house, duties=[{"name": "会計", "main": other, "deputy": other}])
    assert search(house, plan_month(house)).state is State.FOUND


def test_a_search_that_gives_no_plan_to_be_shown_is_tried_again_and_then_says_so(
    api: Api, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: object) -> Solved:
        raise SearchError("the plan breaks a duty")

    monkeypatch.setattr(working, "solve", breaks)
    make_rule(house, week=10)
    rotation_id = plan_month(house)
    for minute in (1, 3):
        with pytest.raises(SearchError):
            working.search(house.engine, rotation_id, lambda: at(f"08:0{minute}"))  # noqa: B023 - at once
    assert working.search(house.engine, rotation_id, lambda: at("08:05")) is State.FAILED
    failed = stored(house, rotation_id)
    assert failed.progress == {"failed": "rotation.defect", "said": "the plan breaks a duty"}
    page(api, house)
    assert "プログラムの不具合" in api.client.get(f"/rotation/{rotation_id}/progress").text


def test_what_is_stored_is_read_though_it_contradicts_itself(house: House) -> None:
    make_rule(house, week=10)
    rotation_id = plan_month(house)
    with transaction(house.engine) as session:
        rotation = session.get_one(Rotation, rotation_id)
        rotation.problem = {**rotation.problem, "covers": TWICE}
    assert len(service.problem(stored(house, rotation_id)).covers) == 2
