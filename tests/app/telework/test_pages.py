"""The forms of telework: what they do, and what they say to what cannot be."""

from __future__ import annotations

import re
from datetime import date, timedelta
from html import unescape

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.bookings.rules import Status
from app.clock import SteppingClock
from app.database import reading, transaction
from app.notifications.service import Ways, tell
from app.people.models import Role
from app.telework import requesting
from app.telework.approval import deputies
from app.telework.approval.rules import Deputy
from app.telework.approval.service import approve_many
from app.telework.caps.rules import OverCap, Unit
from app.telework.daylog.models import ClosedMonth
from app.telework.models import TeleworkDeputy, TeleworkPlan
from app.telework.rules import PlanKind, PlanState
from app.telework.views import own_page
from tests.app.telework.desk import (
    WEDNESDAY,
    approve,
    ask,
    become,
    make_rule,
    morning,
    plan_ids,
    stored,
    whole,
)
from tests.app.test_pages import client, sign_in, token_in
from tests.house import DAY, OFFICE, House, at, span
from tests.statements import counted

__all__ = ["client"]
WRONG = "入力に誤りか不足があります。"


@pytest.fixture
def house(sqlite_house: House) -> House:
    """On one database: what the forms do is tried on both elsewhere."""
    return sqlite_house


def post(client: FlaskClient, path: str, **form: str | list[str]) -> str:
    """Send a form; returns the page that it leads to."""
    token = token_in(client.get("/telework").text)
    answer = client.post(path, data={"csrf_token": token, **form}, follow_redirects=True)
    assert answer.status_code == 200, answer.text
    return unescape(answer.text)


def plan_ids_of(house: House) -> list[int]:
    with reading(house.engine) as session:
        return list(session.scalars(select(TeleworkPlan.id)))


def plans(house: House) -> list[tuple[str, str, str]]:
    with reading(house.engine) as session:
        rows = session.scalars(select(TeleworkPlan).order_by(TeleworkPlan.on_date, TeleworkPlan.half))
        return [(one.on_date.isoformat(), one.half.value, one.kind.value) for one in rows]


def test_half_days_are_ticked_and_whole_days_pressed(client: FlaskClient, house: House) -> None:
    sign_in(client)
    said = post(client, "/telework", cell=["2026-11-25/am", "2026-11-26/pm"], kind="satellite")
    assert "申請しました。課長が判断します。" in said
    post(client, "/telework", day="2026-11-27", kind="leave")
    assert plans(house) == [
        ("2026-11-25", "am", "satellite"),
        ("2026-11-26", "pm", "satellite"),
        ("2026-11-27", "am", "leave"),
        ("2026-11-27", "pm", "leave"),
    ]
    said = post(client, "/telework", day="2026-11-27", kind="office")
    assert "出勤に承認はいりません。" in said


def test_bookings_that_are_not_needed_any_more_are_told(client: FlaskClient, house: House) -> None:
    house.book("aoki", "seat", "09:00", "12:00", day=1)
    sign_in(client)
    assert "予約や順番待ち、席の希望のうち1件が不要になりました。" in post(
        client, "/telework", day="2026-11-25"
    )


def test_they_are_given_up_or_shortened_with_one_button(client: FlaskClient, house: House) -> None:
    desk = house.book("aoki", "seat", "08:30", "17:15", day=1)
    call = house.book("aoki", "booth", "14:00", "15:00", day=1)
    sign_in(client)
    assert 'id="needless"' not in client.get("/telework").text
    page = post(client, "/telework", cell="2026-11-25/pm", kind="leave")
    assert "08:30–12:00に短縮" in page
    assert page.count('name="booking"') == page.count("checked>\n        <span><strong>") == 2
    assert "手放すものを1件以上選んでください。" in post(client, "/telework/free")
    page = post(client, "/telework/free", booking=[str(desk.id)])
    assert "1件を手放すか短縮しました。ありがとうございます。" in page
    assert house.get(desk).span == span("08:30", "12:00", day=1)
    assert house.get(call).status is Status.BOOKED
    assert 'id="needless"' in page
    with transaction(house.engine) as session:
        chief = house.people["chiba"]
        approve_many(session, plan_ids_of(house), actor=chief, now=at("08:00"), office=OFFICE)
        tell(session, at("08:00"), Ways(mail=False, zone=OFFICE.timezone))
    told = client.get("/messages").text
    assert "不要になった予約が1件あります。" in told
    assert 'href="/telework#needless"' in told
    page = client.get("/telework").text
    assert page.count('name="booking"') == 1
    post(client, "/telework/free", booking=[str(call.id)])
    assert 'id="needless"' not in client.get("/telework").text


def test_what_a_rule_does_not_allow_is_said_in_a_sentence(client: FlaskClient, house: House) -> None:
    make_rule(house, week=1)
    sign_in(client)
    page = post(client, "/telework", day="2026-11-25")
    assert "週の上限を超えます: 合計1日(上限0.5日" in page
    assert plans(house) == []
    assert "残り0.5日" in page
    make_rule(house, week=1, over_cap=OverCap.ASK, employment=None, section_id=1)
    assert "課長には次のことが申請と一緒に示されます: 週の上限を超えます" in post(
        client, "/telework", day="2026-11-25"
    )


IMPOSSIBLE: list[tuple[str, dict[str, str | list[str]], str]] = [
    ("/telework", {}, "半日を1つ以上選んでください。"),
    ("/telework", {"cell": "2026-11-25/night"}, WRONG),
    ("/telework", {"cell": "never/am"}, WRONG),
    ("/telework", {"day": "2026-11-28"}, "閉庁日"),
    ("/telework", {"cell": ["2026-11-25/am"] * 125}, WRONG),
    ("/telework/hours", {"date": "2026-11-25", "from": "x", "until": "10:00"}, WRONG),
    ("/telework/hours", {"date": "2026-11-25", "from": "10:00Z", "until": "11:00"}, WRONG),
    ("/telework/hours", {"date": "2026-11-25", "from": "12:10", "until": "12:50"}, "勤務時間内"),
    ("/telework/withdraw", {}, "半日を1つ以上"),
    ("/telework/withdraw", {"plan": "x"}, WRONG),
    ("/telework/withdraw", {"plan": "999"}, "ありません"),
    ("/telework/report", {"plan": "1", "text": "x" * 501}, WRONG),
    ("/telework/approvals/decide", {"verb": "approve", "plan": "1", "seen_at": "x"}, WRONG),
    ("/telework/approvals/decide", {"verb": "approve", "plan": "1", "seen_at": "2026-11-24"}, WRONG),
    ("/telework/approvals/decide", {"verb": "reject", "plan": "1"}, "理由をひとこと"),
    ("/telework/approvals/decide", {"verb": "reject", "plan": "1", "reason": "x" * 201}, WRONG),
    ("/telework/approvals/decide", {"verb": "dance"}, WRONG),
    ("/telework/approvals/week", {"week": "never"}, WRONG),
    ("/telework/approvals/week", {"week": "2026-11-25"}, WRONG),
]


def test_what_cannot_be_is_said_and_changes_nothing(client: FlaskClient, house: House) -> None:
    sign_in(client)
    for path, form, said in IMPOSSIBLE:
        page = post(client, path, **form)
        assert 'role="alert"' in page, (path, form)
        assert said in page, (path, form)
    assert plans(house) == []


def test_hours_are_offered_where_the_rule_goes_by_hours(client: FlaskClient, house: House) -> None:
    sign_in(client)
    assert "時間を指定する" not in client.get("/telework").text
    make_rule(house, unit=Unit.HOUR)
    assert "時間を指定する" in client.get("/telework").text
    page = post(client, "/telework/hours", **{"date": "2026-11-25", "from": "08:30", "until": "10:30"})
    assert "08:30–10:30" in page


def test_where_whole_days_are_the_rule_no_half_can_be_ticked(client: FlaskClient, house: House) -> None:
    make_rule(house, unit=Unit.DAY, eligible=False)
    sign_in(client)
    page = client.get("/telework").text
    assert 'name="cell"' not in page
    assert "あなたはテレワークの対象ではありません" in page


def test_a_month_that_is_no_date_is_this_one(client: FlaskClient) -> None:
    sign_in(client)
    for on in ("", "never", "9999-99-99"):
        assert "2026年11月" in client.get(f"/telework?on={on}&kind=x").text
    assert "2027年1月" in client.get("/telework?on=2027-01-31").text


def test_taking_back_and_undoing(client: FlaskClient, house: House, clock: SteppingClock) -> None:
    sign_in(client)
    post(client, "/telework", day="2026-11-25")
    both = ["1", "2"]
    assert "元に戻す" in post(client, "/telework/withdraw", plan=both)
    assert stored(house, 1).state is PlanState.WITHDRAWN
    assert "元に戻しました。" in post(client, "/telework/restore", plan=both)
    assert stored(house, 2).state is PlanState.REQUESTED
    post(client, "/telework/withdraw", plan=both)
    clock.at = at("09:16")
    assert "元に戻す</button>" not in client.get("/telework").text


def test_a_report_is_written_and_corrected_from_the_page_of_its_month(
    client: FlaskClient, house: House, clock: SteppingClock
) -> None:
    (plan_id,) = plan_ids(ask(house, "aoki", [morning(WEDNESDAY)]))
    approve(house, plan_id)
    clock.at = at("09:00", day=42)  # 5 January
    sign_in(client)
    form = f'id="report-{plan_id}"'
    assert form not in client.get("/telework").text
    assert "この月とこの2週間に報告するものはありません。" in client.get("/telework?on=2027-01-31").text
    november = client.get("/telework?on=2026-11-01").text
    assert form in november
    assert "締め済みの月" not in november
    for text in ("窓口の手引き", "窓口の手引きの改訂"):
        assert text in post(client, "/telework/report", plan=[str(plan_id)], text=text, on="2026-11-01")
    with transaction(house.engine) as session:
        days = {"first_on": date(2026, 11, 1), "last_on": date(2026, 11, 30)}
        session.add(ClosedMonth(**days, closed_at=at("08:00", day=42), closed_by=house.people["fujii"].id))
    november = client.get("/telework?on=2026-11-01").text
    assert form not in november
    assert "締め済みの月の日は表示しません。" in november


def test_the_page_asks_as_often_whatever_month_is_shown(house: House) -> None:
    def statements(on: date, day: int) -> int:
        with counted(house.engine) as found, reading(house.engine) as session:
            aoki = house.people["aoki"].as_of(DAY + timedelta(days=day))
            own_page(session, person=aoki, on=on, now=at("09:00", day=day), office=OFFICE)
        return len(found)

    before = statements(DAY, 0)
    for number in (1, 2, 8):
        approve(house, *plan_ids(ask(house, "aoki", whole(DAY + timedelta(days=number)))))
    assert statements(DAY, 42) == before


# Approvals


def test_a_chief_decides_on_what_is_ticked(client: FlaskClient, house: House) -> None:
    become(house, "aoki", role=Role.CHIEF)
    first, second = plan_ids(ask(house, "baba", whole(WEDNESDAY)))
    sign_in(client)
    page = client.get("/telework/approvals").text
    assert "まとめて承認する(半日単位で2件)" in page
    seen = at("09:00").isoformat()
    said = post(client, "/telework/approvals/decide", verb="approve", plan=[str(first)], seen_at=seen)
    assert "半日単位で1件を承認しました。" in said
    said = post(client, "/telework/approvals/decide", verb="reject", plan=[str(second)], reason="窓口")
    assert "不承認にしました。" in said
    said = post(client, "/telework/approvals/decide", verb="revoke", approved=[str(first)], reason="議会")
    assert "承認を取り消しました。" in said
    assert [stored(house, one).state for one in (first, second)] == [PlanState.REVOKED, PlanState.REJECTED]


def test_a_chief_approves_of_a_week_what_was_on_the_page(
    client: FlaskClient, house: House, clock: SteppingClock
) -> None:
    become(house, "aoki", role=Role.CHIEF)
    seen = plan_ids(ask(house, "baba", whole(WEDNESDAY)))
    sign_in(client)
    page = client.get("/telework/approvals").text
    form = dict(
        re.findall(
            r'type="hidden" name="(week|seen_at)" value="([^"]+)"',
            page.split("approve-week")[1].split("<button")[0],
        )
    )
    assert form.keys() == {"week", "seen_at"}
    clock.at = at("09:20")
    ask(house, "baba", [morning(WEDNESDAY, PlanKind.LEAVE)], now="09:10")
    said = post(client, "/telework/approvals/week", **form)
    assert "半日単位で1件を承認しました。 1件が残っています。下で確認してください。" in said
    assert [stored(house, one).state for one in seen] == [PlanState.REQUESTED, PlanState.APPROVED]
    again = post(client, "/telework/approvals/decide", verb="approve", plan=[str(seen[1])], **form)
    assert "すでに決定されたか、取り下げられています。" in again
    assert "件が残っています" not in again


def test_a_chief_reads_what_was_done(client: FlaskClient, house: House) -> None:
    become(house, "aoki", role=Role.CHIEF)
    (plan_id,) = plan_ids(ask(house, "baba", [morning(DAY)]))
    approve(house, plan_id, who="chiba")
    with transaction(house.engine) as session:
        baba = house.people["baba"]
        requesting.report(session, plan_id, "議事録の作成", actor=baba, now=at("09:00"), office=OFFICE)
    sign_in(client)
    assert "議事録の作成" in client.get("/telework/approvals?week=2026-11-24").text


def test_who_decides_for_nobody_is_not_led_to_the_approvals(client: FlaskClient, house: House) -> None:
    sign_in(client)
    link = 'href="/telework/approvals"'
    assert link not in client.get("/telework").text
    wanted = Deputy(house.people["chiba"].id, house.people["aoki"].id, DAY, None, when_away=False)
    with transaction(house.engine) as session:
        deputies.name_deputy(session, wanted, actor=house.people["chiba"], now=at("08:00"))
    assert link in client.get("/telework").text
    page = client.get("/telework/approvals").text
    assert "代行者を指定する" not in page, "a deputy names no deputies"


def test_deputies_are_named_and_ended(client: FlaskClient, house: House) -> None:
    become(house, "aoki", role=Role.CHIEF)
    sign_in(client)
    path, baba = "/telework/approvals/deputies", str(house.people["baba"].id)
    assert "保存しました。代行者に通知されます。" in post(
        client, path, deputy=baba, until="2026-11-30", when_away="1"
    )
    for form in (
        {},
        {"deputy": "x"},
        {"deputy": baba, "from": "never"},
        {"deputy": baba, "until": "2026-11-01"},
    ):
        assert 'role="alert"' in post(client, path, **form)
    with reading(house.engine) as session:
        (row,) = session.scalars(select(TeleworkDeputy))
        assert (row.until_on, row.when_away) == (DAY + timedelta(days=6), True)
    assert "代行を終わりにしました。" in post(client, f"{path}/{row.id}/end")
