"""The page of the seats needed: what is known at once, the answer beside it, and what cannot be asked."""

from __future__ import annotations

from datetime import timedelta
from html import unescape

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from app.database import transaction
from app.people.models import Membership, Role
from app.spaces.models import Zone
from app.telework.rules import DayClass
from tests.app.rotation.months import FIRST, LAST, furnish, log, setting
from tests.app.telework.desk import become, section_id
from tests.app.test_pages import client, sign_in
from tests.house import DAY, House

__all__ = ["client"]


@pytest.fixture
def house(sqlite_house: House) -> House:
    become(furnish(sqlite_house), "aoki", role=Role.CHIEF)
    return sqlite_house


WEEK = f"from={FIRST}&to={LAST}"


def test_the_page_tells_at_once_what_is_known_and_loads_the_answer(client: FlaskClient, house: House) -> None:
    sign_in(client)
    page = unescape(client.get(f"/rotation/seats?{WEEK}&seats=4").text)
    assert "必要席数の試算" in page
    assert "試算しています" in page
    section = section_id(house, "soumu")
    assert f'hx-get="/rotation/seats/answer?section={section}&{WEEK}&seats=4"' in page
    assert "この期間の勤務記録はまだありません" in page
    answer = unescape(client.get(f"/rotation/seats/answer?section={section}&{WEEK}&seats=4").text)
    assert "ルール上は5席で足ります" in answer
    assert "不可能" in answer
    assert "実績では" not in answer
    waited = unescape(client.get(f"/rotation/seats?{WEEK}&seats=4&answer=1").text)
    assert "ルール上は5席で足ります" in waited


def test_the_page_tells_what_happened_and_how_much_of_it_is_not_known(
    client: FlaskClient, house: House
) -> None:
    for who in ("aoki", "baba", "kato"):
        log(house, who, FIRST, DayClass.OFFICE)
    log(house, "kondo", FIRST, DayClass.UNKNOWN)
    sign_in(client)
    page = unescape(client.get(f"/rotation/seats?{WEEK}&seats=2&answer=1").text)
    assert "勤務記録2半日分" in page
    assert "実績では" in page
    assert "延べ2半日は不明" in page


def test_rules_that_cannot_hold_are_told_on_the_page(client: FlaskClient, house: House) -> None:
    setting(house, covers=[{"name": "全員", "least": 99}])
    sign_in(client)
    page = unescape(client.get(f"/rotation/seats?{WEEK}&answer=1").text)
    assert "席数にかかわらず" in page
    assert "全員: 出勤は99人以上とします。" in page


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("from=2026-12-04&to=2026-12-01", "開始日と、それ以降の終了日"),
        ("from=2026-12-01", "開始日と、それ以降の終了日"),
        (f"{WEEK}&seats=-1", "開始日と、それ以降の終了日"),
        (f"{WEEK}&seats=many", "開始日と、それ以降の終了日"),
        (f"{WEEK}&section=x", "開始日と、それ以降の終了日"),
        ("from=2026-01-01&to=2026-12-31", "1日から3か月分までの開庁日を選んでください"),
        ("from=2026-12-05&to=2026-12-06", "1日から3か月分までの開庁日を選んでください"),
    ],
)
def test_what_cannot_be_asked_is_said_and_the_page_stands(
    client: FlaskClient, house: House, query: str, said: str
) -> None:
    sign_in(client)
    answer = client.get(f"/rotation/seats?{query}")
    assert answer.status_code == 200
    assert said in answer.text


def test_a_chief_without_a_section_is_told_so_and_of_others_nothing_is_answered(
    client: FlaskClient, house: House
) -> None:
    sign_in(client)
    other = section_id(house, "zei")
    assert client.get(f"/rotation/seats/answer?section={other}&{WEEK}").status_code == 403
    assert client.get(f"/rotation/seats/answer?section=99999&{WEEK}").status_code == 404
    with transaction(house.engine) as session:
        session.execute(update(Zone).values(section_id=None))
    assert "自所属のゾーンはありません" in client.get(f"/rotation/seats?{WEEK}").text
    with transaction(house.engine) as session:
        session.execute(update(Membership).values(until_on=DAY - timedelta(days=1)))
    assert "計画する課がありません" in client.get(f"/rotation/seats?{WEEK}").text
