"""The forms of rotations: what they do, and what they say to what cannot be."""

from __future__ import annotations

from html import unescape

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from app.access import SESSION_ID, USER
from app.database import reading, transaction
from app.people.models import Role
from app.rotation import service
from app.rotation.models import Rotation, RotationLock, RotationSwap, State
from app.spaces.models import Zone
from app.spaces.rules import Kind
from app.spaces.service import set_policy
from app.telework.caps.rules import OverCap
from app.telework.rules import PlanKind
from tests.app.rotation import months
from tests.app.telework.desk import approve, ask, become, make_rule, morning, plan_ids, section_id
from tests.app.test_pages import client, sign_in, token_in
from tests.house import House, at

__all__ = ["client"]


@pytest.fixture
def house(sqlite_house: House) -> House:
    """On one database, with a zone of the section's own."""
    make_rule(sqlite_house, week=2)
    with transaction(sqlite_house.engine) as session:
        session.execute(
            update(Zone).where(Zone.code == "A").values(section_id=section_id(sqlite_house, "soumu"))
        )
    become(sqlite_house, "aoki", role=Role.CHIEF)
    return sqlite_house


def post(client: FlaskClient, path: str, **form: str | list[str]) -> str:
    token = token_in(client.get("/rotation").text)
    answer = client.post(path, data={"csrf_token": token, **form}, follow_redirects=True)
    assert answer.status_code == 200, answer.text
    return unescape(answer.text)


def found(house: House) -> int:
    rotation_id = months.plan_month(house)
    months.search(house, rotation_id)
    return rotation_id


def test_a_month_without_a_plan_says_how_to_get_one_and_the_button_asks_for_it(
    client: FlaskClient, house: House
) -> None:
    sign_in(client)
    assert "この月の計画はまだありません" in client.get("/rotation?on=2026-12-01").text
    page = post(client, "/rotation", on="2026-12-01", section=str(section_id(house, "soumu")))
    assert "作成を始めました" in page
    assert "作成待ち" in page
    assert "計画を作成中です" in post(
        client, "/rotation", on="2026-12-01", section=str(section_id(house, "soumu"))
    )


def test_from_when_days_far_ahead_can_be_published_is_said_when_they_are_planned_and_published(
    client: FlaskClient, house: House
) -> None:
    with transaction(house.engine) as session:
        set_policy(session, Kind.SEAT, "horizon_facility", "5d", now=at("00:00"), actor_id=None)
    sign_in(client)
    section = str(section_id(house, "soumu"))
    assert "12月23日(水) 08:30から公開できます" in post(client, "/rotation", on="2026-12-01", section=section)
    months.end_searches(house)
    rotation_id = found(house)
    page = client.get(f"/rotation/{rotation_id}/publish", follow_redirects=True).text
    assert "11月29日(日) 08:30から公開できます" in page


def test_the_grid_shows_who_is_where_and_locks_what_is_ticked(client: FlaskClient, house: House) -> None:
    rotation_id = found(house)
    sign_in(client)
    page = client.get("/rotation?on=2026-12-01").text
    aoki = house.people["aoki"].id
    cell = f"{aoki}/{months.FIRST.isoformat()}/am"
    assert f'value="{cell}"' in page
    assert "次の作成から守ります" in post(client, f"/rotation/{rotation_id}/lock", cell=[cell], verb="turn")
    with reading(house.engine) as session:
        lock = session.scalars(select(RotationLock)).one()
        was = months.cell(session.get_one(Rotation, rotation_id), house, "aoki", months.FIRST, "am")
        assert {lock.kind.value, was} == {"home", "office"}
    post(client, f"/rotation/{rotation_id}/lock", cell=[cell], verb="open")
    with reading(house.engine) as session:
        assert session.scalars(select(RotationLock)).all() == []
    assert "入力に誤り" in post(client, f"/rotation/{rotation_id}/lock", cell=["x"], verb="keep")


def test_publishing_is_shown_first_then_done_and_withdrawn(client: FlaskClient, house: House) -> None:
    rotation_id = found(house)
    sign_in(client)
    preview = client.get(f"/rotation/{rotation_id}/publish").text
    assert "まだ何も行われていません" in preview
    assert months.stored(house, rotation_id).state is State.FOUND
    assert months.seats(house) == []
    assert "公開しました" in post(client, f"/rotation/{rotation_id}/publish")
    assert months.seats(house)
    assert "取り下げました" in post(client, f"/rotation/{rotation_id}/withdraw")
    assert months.seats(house) == []
    assert "読み込み直してください" in post(client, f"/rotation/{rotation_id}/withdraw")


def test_that_a_search_took_too_long_is_said(client: FlaskClient, house: House) -> None:
    rotation_id = found(house)
    with transaction(house.engine) as session:
        session.get_one(Rotation, rotation_id).progress = {"ended_after": 660}
    sign_in(client)
    assert "上限の11分で打ち切りました" in unescape(client.get("/rotation?on=2026-12-01").text)


def test_why_there_is_no_plan_is_said_in_sentences(client: FlaskClient, house: House) -> None:
    months.setting(house, covers=[{"name": "全員", "least": 99}])
    found(house)
    sign_in(client)
    page = unescape(client.get("/rotation?on=2026-12-01").text)
    assert "全員: 出勤は99人以上とします。" in page
    assert "これだけを緩めれば計画できます" in page


def test_when_the_rules_fail_and_how_many_are_away_then_is_said_without_why(
    client: FlaskClient, house: House
) -> None:
    leave = ask(house, "baba", [morning(months.FIRST, PlanKind.LEAVE)])
    approve(house, *plan_ids(leave))
    everybody = len(
        [one for one in house.people.values() if one.section_ids == house.people["aoki"].section_ids]
    )
    months.setting(house, covers=[{"name": "全員", "least": everybody}])
    found(house)
    sign_in(client)
    page = unescape(client.get("/rotation?on=2026-12-01").text)
    assert "次の各日は、その日だけでも両立しません。" in page
    assert f"11月30日(月): {everybody}人中、午前1人・午後0人が不在" in page
    assert "休暇" not in page[page.index("次の各日は") : page.index("が不在")]


def test_what_must_hold_is_kept_as_it_stands_in_the_form(client: FlaskClient, house: House) -> None:
    section, aoki, baba = section_id(house, "soumu"), house.people["aoki"].id, house.people["baba"].id
    sign_in(client)
    form: dict[str, str | list[str]] = {
        "section": str(section),
        "person": [str(aoki), str(baba)],
        f"target-{aoki}": "6",
        f"skills-{aoki}": "窓口、英語",
        f"care-{aoki}": "on",
        f"away-{baba}": ["wed-am", "wed-pm"],
        "cover-0-name": "窓口",
        "cover-0-least": "2",
        "cover-0-skill": "窓口",
        "duty-0-name": "会計",
        "duty-0-main": str(aoki),
        "duty-0-deputy": str(baba),
        "meeting-0-on": "2026-12-01",
        "meeting-0-half": "am",
    }
    page = post(client, "/rotation/setting", **form)
    assert "保存しました" in page
    with reading(house.engine) as session:
        kept = service.get_setting(session, section)
    assert [one["user_id"] for one in kept["people"]] == [aoki, baba]
    assert kept["people"][0]["skills"] == ["窓口", "英語"]
    assert kept["covers"][0]["least"] == 2
    assert kept["duties"][0]["deputy"] == baba


def test_what_would_break_a_rule_is_named_before_and_published_once_confirmed(
    client: FlaskClient, house: House
) -> None:
    make_rule(house, section_id=section_id(house, "soumu"), week=2, over_cap=OverCap.ASK)
    rotation_id = found(house)
    months.send_home(house, rotation_id, "baba", months.FIRST, months.LAST)
    sign_in(client)
    preview = unescape(client.get(f"/rotation/{rotation_id}/publish").text)
    assert "baba: 週の上限を超えます: 合計" in preview
    assert "承知のうえで公開し、席を予約する" in preview
    assert "在宅勤務の規則が守られません" in post(client, f"/rotation/{rotation_id}/publish")
    assert "公開しました" in post(client, f"/rotation/{rotation_id}/publish", confirmed="1")


def test_what_a_rule_refuses_cannot_be_published(client: FlaskClient, house: House) -> None:
    rotation_id = found(house)
    months.send_home(house, rotation_id, "baba", months.FIRST, months.LAST)
    sign_in(client)
    assert "このままでは公開できません" in unescape(client.get(f"/rotation/{rotation_id}/publish").text)
    assert "規則が守られません" in post(client, f"/rotation/{rotation_id}/publish", confirmed="1")


def test_who_could_step_in_is_told_asked_and_answers(client: FlaskClient, house: House) -> None:
    path, _query, body = months.to_swap(house)
    sign_in(client)
    absent, person = str(body["user_id"]), str(body["person_id"])
    page = client.get(f"/rotation?on={months.FIRST}&absent={absent}&absent_on={body['on']}").text
    assert "さんが在宅をやめて出勤" in unescape(page)
    form = {"absent": absent, "absent_on": body["on"], "absent_half": "", "person": person}
    assert "打診しました" in post(client, f"/rotation/{path['rotation_id']}/swaps", **form)
    with client.session_transaction() as session:
        session.clear()
        session[USER] = int(person)
        session[SESSION_ID] = "one"
    with reading(house.engine) as session:
        swap_id = session.scalars(select(RotationSwap.id)).one()
    assert "出勤を打診されています" in client.get("/rotation/swaps", headers={"Accept-Language": "ja"}).text
    assert "予定と席を変更しました" in post(client, f"/rotation/swaps/{swap_id}", verb="accept")
    assert months.plans(house)[int(person), months.FIRST, "am"].kind is PlanKind.OFFICE


def test_whether_a_rule_breaks_or_nobody_can_step_in_is_told_apart(client: FlaskClient, house: House) -> None:
    path, _query, body = months.to_swap(house)
    sign_in(client)

    def asked(absent: int, half: str = "") -> str:
        query = f"rotation={path['rotation_id']}&absent={absent}&absent_on={months.FIRST}&absent_half={half}"
        return unescape(client.get(f"/rotation?on={months.FIRST}&{query}").text)

    assert "代わりは要りません" in asked(house.people["chiba"].id)
    page = asked(body["user_id"], "pm")
    assert "窓口: 出勤は1人以上とします。（午後）" in page
    assert "さんが在宅をやめて出勤(半日1回)" in page
    assert '<option value="pm" selected>' in page
    leave = ask(house, "baba", [morning(months.FIRST, PlanKind.LEAVE)], now="08:05")
    approve(house, *plan_ids(leave), now="08:05")
    page = asked(body["user_id"], "am")
    assert "窓口: 出勤は1人以上とします。（午前）" in page
    assert "規則が守られるように代われる人がいません" in page
    assert "入力に誤り" in asked(body["user_id"], "x")


def test_who_comes_in_without_a_seat_is_told_so(client: FlaskClient, house: House) -> None:
    swap_id = months.swap(house)
    for where in ("seat", "window", "bare"):
        house.break_(where)
    sign_in(client)
    with client.session_transaction() as session:
        session.clear()
        session[USER] = house.people["baba"].id
        session[SESSION_ID] = "one"
    assert "席は取れませんでした" in post(client, f"/rotation/swaps/{swap_id}", verb="accept")


def test_the_published_plan_is_found_beside_one_that_is_searched(client: FlaskClient, house: House) -> None:
    published = found(house)
    months.publish(house, published)
    months.plan_month(house, now="08:40")
    sign_in(client)
    page = unescape(client.get(f"/rotation?on={months.FIRST}").text)
    assert "作成待ち" in page
    assert f"rotation={published}" in page
    assert (
        "このローテーションを取り下げる"
        in client.get(f"/rotation?on={months.FIRST}&rotation={published}").text
    )
