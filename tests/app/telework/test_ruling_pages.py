"""The form of the rules of telework: a look before a rule is made, and what cannot be, shown as it was typed."""

from __future__ import annotations

import re
from html import unescape

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.database import reading
from app.people.models import Role
from app.telework.models import TeleworkRule
from tests.app.telework.desk import WEDNESDAY, ask, become, make_rule, whole
from tests.app.telework.test_pages import post
from tests.app.test_pages import client, sign_in, token_in
from tests.house import House

__all__ = ["client"]
RULE = {"from": "2026-11-24", "unit": "half_day", "over_cap": "refuse", "eligible": "yes"}


@pytest.fixture
def house(sqlite_house: House) -> House:
    """On one database: what the form does is tried on both elsewhere."""
    return sqlite_house


def rules(house: House) -> list[TeleworkRule]:
    with reading(house.engine) as session:
        found = list(session.scalars(select(TeleworkRule).order_by(TeleworkRule.id)))
        session.expunge_all()
    return found


def test_a_rule_is_shown_with_who_would_break_it_before_it_is_made(client: FlaskClient, house: House) -> None:
    become(house, "aoki", role=Role.PERSONNEL)
    ask(house, "baba", whole(WEDNESDAY))
    sign_in(client)
    form = RULE | {"week": "0.5", "fiscal_year": "10", "deadline_days": "1", "deadline_at": "17:00"}
    page = post(client, "/office/telework-rules", **form)
    assert "baba" in page
    assert "週の上限を超えます: 合計1日(上限0.5日" in page
    assert rules(house) == []
    assert "ルールを定めました。" in post(client, "/office/telework-rules", **form, confirmed="1")
    (rule,) = rules(house)
    assert (rule.week, rule.fiscal_year, rule.in_a_row, rule.deadline_days) == (1, 20, None, 1)
    assert "適用中" in client.get("/office/telework-rules").text
    assert "取り消しました" in post(client, f"/office/telework-rules/{rule.id}/end")
    assert rules(house) == []


def test_caps_of_hours_are_typed_as_hours(client: FlaskClient, house: House) -> None:
    become(house, "aoki", role=Role.PERSONNEL)
    sign_in(client)
    form = RULE | {"unit": "hour", "month": "7.75", "employment": "part_time", "section": "1"}
    post(client, "/office/telework-rules", **form, until="2027-03-31", confirmed="1")
    (rule,) = rules(house)
    assert (rule.month, rule.section_id, rule.employment) == (465, 1, "part_time")
    page = client.get("/office/telework-rules").text
    assert "上限7時間45分" in page
    assert "総務課: 短時間勤務職員" in page


NO_RULE: list[tuple[dict[str, str], list[str], str]] = [
    ({"unit": "year"}, ["unit"], "計画の単位"),
    ({"from": "never"}, ["from"], "開始"),
    ({"from": "2026-11-23"}, ["from", "until"], "ルールの開始日は今日以降"),
    ({"week": "2.3"}, ["week"], "週の上限(日数。時間・分単位なら時間数)"),
    ({"week": "-1"}, ["week"], "週の上限"),
    ({"week": "inf"}, ["week"], "週の上限"),
    ({"week": "many", "terminals": "x"}, ["week", "terminals"], "在宅者への貸出端末(台)"),
    ({"in_a_row": "1.5"}, ["in_a_row"], "連続の上限(開庁日)"),
    ({"deadline_days": "61"}, ["deadline_days"], "申請期限(何開庁日前)"),
    ({"deadline_at": "17:00Z"}, ["deadline_at"], "その日の何時まで"),
    ({"employment": "lifelong"}, ["employment"], "任用形態"),
    ({"section": "x"}, ["section"], "所属"),
    ({"section": "999"}, ["section"], ""),
    ({"over_cap": "maybe"}, ["over_cap"], "上限・期限を超える申請は"),
    ({"until": "2026-11-23"}, ["from", "until"], "ルールの開始日は今日以降"),
]


@pytest.mark.parametrize("confirmed", [{}, {"confirmed": "1"}])
def test_a_rule_that_cannot_be_is_shown_as_typed_with_the_field_that_is_wrong(
    client: FlaskClient, house: House, confirmed: dict[str, str]
) -> None:
    become(house, "aoki", role=Role.PERSONNEL)
    sign_in(client)
    token = {"csrf_token": token_in(client.get("/telework").text)}
    for change, wrong, said in NO_RULE:
        form = RULE | {"month": "7", "over_cap": "ask", "eligible": "no"} | change
        answer = client.post("/office/telework-rules", data=token | form | confirmed)
        page = unescape(answer.text)
        assert answer.status_code == 422, change
        alert = page.split('role="alert"')[1].split("</")[0]
        assert said in alert, change
        assert "入力した内容は下に残っています。" in alert
        assert re.findall(r'name="(\w+)" aria-invalid="true"', page) == wrong, change
        assert page.count('class="wrong"') == len(wrong)
        assert re.search(r'name="month"[^>]* value="7"', page)
        assert '<option value="no" selected>' in page
        for name in change.keys() & {"from", "until", "week", "in_a_row"}:
            assert re.search(rf'name="{name}"[^>]* value="{change[name]}"', page), change
    assert rules(house) == []
    client.post("/language", data=token | {"locale": "en", "next": "/"})
    page = client.post("/office/telework-rules", data=token | RULE | {"week": "2.3"}).text
    assert "Not understood: Week: at most" in page


def test_a_rule_that_is_there_already_is_a_conflict_and_the_form_stays(
    client: FlaskClient, house: House
) -> None:
    become(house, "aoki", role=Role.PERSONNEL)
    make_rule(house, week=4)
    sign_in(client)
    form = RULE | {"csrf_token": token_in(client.get("/telework").text), "month": "7"}
    answer = client.post("/office/telework-rules", data=form)
    assert answer.status_code == 409
    assert "入力した内容は下に残っています。" in answer.text
    assert re.search(r'name="month"[^>]* value="7"', answer.text)


def test_numbers_of_a_rule_are_read_full_width(client: FlaskClient, house: House) -> None:
    become(house, "aoki", role=Role.PERSONNEL)
    sign_in(client)
    post(client, "/office/telework-rules", **RULE, week="２．５", in_a_row="３", confirmed="1")
    (rule,) = rules(house)
    assert (rule.week, rule.in_a_row) == (5, 3)


def test_an_auditor_reads_the_rules_and_makes_none(client: FlaskClient, house: House) -> None:
    become(house, "aoki", role=Role.AUDITOR)
    make_rule(house, week=4)
    sign_in(client)
    page = client.get("/office/telework-rules").text
    assert "上限2日" in page
    assert "<form" not in page.split('id="main"')[1].split("</main>")[0]
