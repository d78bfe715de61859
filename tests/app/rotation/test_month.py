"""The month's page: what is so by now, why somebody is where they are, and where one is led after a refusal."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from app.calendar import CalendarDay
from app.database import transaction
from app.people.models import Role
from app.rotation.models import Rotation
from app.spaces.models import Zone
from app.telework.caps.rules import OverCap
from app.telework.rules import PlanKind
from tests.app.rotation import months
from tests.app.rotation.months import FIRST, planned, publish, search
from tests.app.rotation.test_pages import found, house, post
from tests.app.telework.desk import approve, ask, become, hire, make_rule, move, plan_ids, section_id, whole
from tests.app.test_pages import client, sign_in, token_in
from tests.house import DAY, House
from tests.statements import counted

__all__ = ["client", "house"]
MONTH = "/rotation?on=2026-11-01"


def page_of(client: FlaskClient, path: str = MONTH) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", unescape(answer.text))


def go_on_leave(house: House, who: str) -> None:
    approve(house, *plan_ids(ask(house, who, whole(FIRST, kind=PlanKind.LEAVE), now="08:10")), now="08:10")


def counter(house: House, least: int) -> None:
    minded = [house.people[who].id for who in ("aoki", "baba")]
    months.setting(house, covers=[{"name": "窓口", "least": least, "people": minded}])


def test_what_does_not_hold_is_listed_before_publishing_and_seen_without_colour_after(
    client: FlaskClient, house: House
) -> None:
    counter(house, 2)
    rotation_id = found(house)
    sign_in(client)
    assert '<span aria-hidden="true">▲</span>' not in page_of(client)
    assert "守れなくなる" not in page_of(client, f"/rotation/{rotation_id}/publish")
    go_on_leave(house, "baba")
    preview = page_of(client, f"/rotation/{rotation_id}/publish")
    assert "守れなくなる所属の条件" in preview
    assert "窓口: 出勤は2人以上とします。" in preview
    assert "11月30日(月) 午前 1人 · 11月30日(月) 午後 1人" in preview
    assert "承知のうえで公開し、席を予約する" in preview
    assert "公開しました" in post(client, f"/rotation/{rotation_id}/publish")
    assert page_of(client).count('<span aria-hidden="true">▲</span>') == 2


def test_why_somebody_is_where_they_are_is_said_in_words(client: FlaskClient, house: House) -> None:
    aoki, baba = house.people["aoki"].id, house.people["baba"].id
    meeting = {"on": FIRST.isoformat(), "half": "am", "people": [aoki], "why": ""}
    pattern = {"user_id": baba, "away": ["tue-am"]}
    months.setting(house, people=[pattern], meetings=[meeting])
    found(house)
    go_on_leave(house, "baba")
    sign_in(client)
    page = page_of(client)
    assert 'aria-label="aoki 11月30日(月) 午前 出勤 出勤の指定"' in page
    assert "<sup>指</sup>" in page
    assert '<span aria-hidden="true">休</span><span class="visually-hidden">不在 休暇</span>' in page
    assert '<span aria-hidden="true">非</span><span class="visually-hidden">不在 勤務日でない</span>' in page
    assert 'title="休暇"' in page
    for sign, said in (("休", "休暇"), ("非", "勤務日でない"), ("指", "出勤の指定")):
        assert f"<li><b>{sign}</b> {said}</li>" in page
    assert "<b>張</b>" not in page


def test_a_lock_is_marked_at_once_and_says_as_what(client: FlaskClient, house: House) -> None:
    rotation_id = found(house)
    sign_in(client)
    baba = house.people["baba"].id
    cells = [f"{baba}/{FIRST.isoformat()}/{half}" for half in ("am", "pm")]
    assert "<sup>●" not in page_of(client)
    post(client, f"/rotation/{rotation_id}/lock", cell=cells[:1], verb="keep")
    page = unescape(post(client, f"/rotation/{rotation_id}/lock", cell=cells[1:], verb="turn"))
    assert page.count("<sup>●</sup>") == 1
    assert page.count("<sup>●宅</sup>") == 1
    assert "baba 11月30日(月) 午後 出勤 次の作成では在宅に固定" in page
    assert "<sup>●" not in post(client, f"/rotation/{rotation_id}/lock", cell=cells, verb="open")


def test_what_is_locked_is_what_is_shown(client: FlaskClient, house: House) -> None:
    rotation_id = found(house)
    approve(house, *plan_ids(ask(house, "baba", whole(FIRST), now="08:10")), now="08:20")
    sign_in(client)
    cell = f"{house.people['baba'].id}/{FIRST.isoformat()}/am"
    assert "baba 11月30日(月) 午前 在宅勤務 個別に承認済み" in page_of(client)
    post(client, f"/rotation/{rotation_id}/lock", cell=[cell], verb="keep")
    assert "baba 11月30日(月) 午前 在宅勤務 個別に承認済み、固定" in page_of(client)


def test_a_month_whose_people_are_erased_says_so(client: FlaskClient, house: House) -> None:
    rotation_id = found(house)
    publish(house, rotation_id)
    with transaction(house.engine) as session:
        session.execute(update(Rotation).values(problem={}, plan={}, conflict=None, made_by=None))
    sign_in(client)
    page = page_of(client)
    assert "個人の記録は消去されています" in page
    assert "取り下げる" not in page
    absent = f"{MONTH}&absent={house.people['aoki'].id}&absent_on={FIRST}"
    assert "個人の記録は消去されています" in page_of(client, absent)


def test_those_for_whom_there_is_no_seat_are_named_with_the_day_in_words(
    client: FlaskClient, house: House
) -> None:
    rotation_id = found(house)
    house.break_("seat")
    house.break_("window")
    house.break_("bare")
    sign_in(client)
    preview = page_of(client, f"/rotation/{rotation_id}/publish")
    assert re.search(r"席が見つからない人: [^<]*aoki \(11月30日\(月\)\), ", preview)


def test_those_expected_without_a_desk_are_counted_on_the_page(client: FlaskClient, house: House) -> None:
    with transaction(house.engine) as session:
        own = section_id(house, "soumu")
        session.execute(update(Zone).where(Zone.code == "F").values(section_id=own))
    hire(house, "kato")
    publish(house, found(house))
    sign_in(client)
    page = page_of(client)
    assert "予約不要席の人数 <small>1席まで</small>" in page
    assert 'title="1人に対して1席"' in page


REFUSALS = ("publish", "withdraw", "lock", "swaps", "cancel")


@pytest.mark.parametrize("what", REFUSALS)
def test_after_a_refusal_one_is_led_back_to_the_month(client: FlaskClient, house: House, what: str) -> None:
    make_rule(house, section_id=section_id(house, "soumu"), week=2, over_cap=OverCap.ASK)
    rotation_id = found(house)
    months.send_home(house, rotation_id, "baba", FIRST, months.LAST)
    sign_in(client)
    form = {"csrf_token": token_in(client.get("/rotation").text), "cell": "x", "absent": "x"}
    answer = client.post(f"/rotation/{rotation_id}/{what}", data=form)
    own = section_id(house, "soumu")
    assert answer.location == f"/rotation?section={own}&on={FIRST}&rotation={rotation_id}"


def test_a_preview_that_is_refused_leads_back_to_the_month(client: FlaskClient, house: House) -> None:
    rotation_id = planned(house, to="publish")
    sign_in(client)
    answer = client.get(f"/rotation/{rotation_id}/publish")
    own = section_id(house, "soumu")
    assert answer.location == f"/rotation?section={own}&on={FIRST}&rotation={rotation_id}"


def test_tomorrows_cover_stands_on_the_first_page_of_a_chief(client: FlaskClient, house: House) -> None:
    tomorrow = DAY + timedelta(days=1)
    counter(house, 2)
    rotation_id = months.plan_month(house, first=tomorrow)
    search(house, rotation_id)
    sign_in(client)
    first_page = client.get("/").location
    assert "出勤体制" not in page_of(client, first_page)
    publish(house, rotation_id)
    page = page_of(client, first_page)
    assert "11月25日(水)の出勤体制" in page
    assert re.search(r"<b>窓口</b> <small>2人以上</small> <span class=\"enough\">午前 2</span>", page)
    leave = ask(house, "baba", whole(tomorrow, kind=PlanKind.LEAVE), now="08:10")
    approve(house, *plan_ids(leave), now="08:10")
    assert re.search(r'<span class="few">午前 .*?▲.*?不足: </span>1</span>', page_of(client, first_page))
    become(house, "aoki", role=Role.STAFF)
    assert "出勤体制" not in page_of(client, first_page)


def test_the_page_takes_as_many_queries_for_more_people(client: FlaskClient, house: House) -> None:
    sign_in(client)

    def queries() -> int:
        publish(house, planned(house))
        with counted(house.engine) as statements:
            page_of(client)
        return len(statements)

    with transaction(house.engine) as session:
        own = section_id(house, "soumu")
        session.execute(update(Zone).where(Zone.code == "F").values(section_id=own))
    before = queries()
    hire(house, "kato")
    assert queries() == before


def test_on_the_morning_of_an_absence_the_published_plan_of_today_is_at_hand(
    client: FlaskClient, house: House
) -> None:
    rotation_id = months.plan_month(house, first=DAY)
    search(house, rotation_id)
    publish(house, rotation_id)
    newer = found(house)
    sign_in(client)
    page = page_of(client, "/rotation")
    assert "<h1>ローテーション <small>2026年11月" in page
    assert f"/rotation/{rotation_id}/withdraw" in page
    assert f'<option value="{DAY}" selected>' in page
    baba = house.people["baba"].id
    for shown in ("", f"&rotation={newer}"):
        page = page_of(client, f"/rotation?on=2026-11-24{shown}&absent={baba}&absent_on={FIRST}")
        assert f"/rotation/{rotation_id}/withdraw" in page
        assert f'<option value="{FIRST}" selected>' in page


def test_a_plan_that_is_not_published_says_where_people_are_asked(client: FlaskClient, house: House) -> None:
    rotation_id = found(house)
    sign_in(client)
    assert "打診できるのは公開後です" in page_of(client)
    publish(house, rotation_id)
    assert "公開した計画から打診する" not in page_of(client)
    found(house)
    page = page_of(client)
    own = section_id(house, "soumu")
    href = f"/rotation?section={own}&on=2026-11-01&rotation={rotation_id}#absence"
    assert f'<a href="{href}">公開した計画から打診する</a>' in page
    assert "打診できるのは公開後です" not in page


def test_own_half_days_at_home_are_told_apart_before_publishing_and_seen_after(
    client: FlaskClient, house: House
) -> None:
    rotation_id = found(house)
    months.send_home(house, rotation_id, "aoki", FIRST)
    sign_in(client)
    assert "承認者の承認を待つもの: 2" in page_of(client, f"/rotation/{rotation_id}/publish")
    post(client, f"/rotation/{rotation_id}/publish")
    assert "<b>待</b> 承認待ち" in page_of(client)


def test_without_a_plan_of_today_the_next_month_is_opened(client: FlaskClient, house: House) -> None:
    publish(house, found(house))
    sign_in(client)
    assert "<h1>ローテーション <small>2026年12月" in page_of(client, "/rotation")


def test_who_has_moved_is_named_before_publishing(client: FlaskClient, house: House) -> None:
    rotation_id = found(house)
    move(house, "baba", "zei", FIRST + timedelta(days=1))
    sign_in(client)
    preview = page_of(client, f"/rotation/{rotation_id}/publish")
    assert "所属から外れるため公開しない人: baba (12月1日(火)から)" in preview


def test_days_closed_since_are_named_before_publishing_and_are_not_in_the_grid(
    client: FlaskClient, house: House
) -> None:
    rotation_id = found(house)
    sign_in(client)
    assert "12月1日" in page_of(client).split("<table", 1)[1]
    with transaction(house.engine) as session:
        session.add(CalendarDay(on_date=FIRST + timedelta(days=1), works=False, name="停電"))
    preview = page_of(client, f"/rotation/{rotation_id}/publish")
    assert "休みになったため公開しない日: 12月1日(火)" in preview
    assert "12月1日" not in page_of(client).split("<table", 1)[1]
