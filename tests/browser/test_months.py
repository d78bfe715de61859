"""A month of the day log in the browser: a conflict answered and confirmed, the month closed, corrected, exported."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import Engine, select

from app import pipeline
from app.bookings.models import Booking
from app.bookings.rules import By, Origin, Status
from app.calendar import working_days
from app.clock import ShownClock, system_clock
from app.database import transaction
from app.demo import stage
from app.people.models import User
from app.settings import PREFIX, TOKYO, Settings
from app.spaces.models import Space
from app.spaces.rules import Lane
from app.telework.models import TeleworkPlan
from app.telework.rules import Half, PlanKind, PlanState
from app.telework.service import Office
from tests.browser.conftest import PHONE, WIDE, Visitor
from tests.browser.test_every_page import faults
from tests.servers.web import web_processes

TUESDAY, LAST = date(2026, 11, 24), date(2026, 11, 30)
FIRST_OF_DECEMBER = datetime(2026, 12, 1, 9, tzinfo=TOKYO)
PAGES = (
    "/telework/days?month=2026-11",
    "/telework/days?month=2026-11&section=1",
    "/telework/days?month=2026-10",
    "/telework/days/1",
    "/office/months",
    "/office/months/2026-11",
    "/office/attendance",
    "/reports",
    "/reports/telework_monthly",
    "/reports/telework_yearly",
    "/reports/fairness",
    "/reports/caps",
    "/reports/caps?from=2026-11-01&to=2026-11-30&fiscal_year=1",
)


def a_week(engine: Engine, office: Office) -> None:
    """Kobayashi was to work at home on Tuesday and came; Kimura was at home. Then every day is closed."""
    with transaction(engine) as session:
        people = {user.email.partition("@")[0]: user.id for user in session.scalars(select(User))}
        seat = session.scalars(select(Space.id).order_by(Space.id).limit(1)).one()
        morning = datetime.combine(TUESDAY, time(8, 30), TOKYO)
        for who in ("kobayashi", "kimura"):
            session.add(
                TeleworkPlan(
                    user_id=people[who],
                    on_date=TUESDAY,
                    half=Half.AM,
                    kind=PlanKind.HOME,
                    state=PlanState.APPROVED,
                    requested_at=morning,
                    approved_at=morning,
                    approved_by=people["sato"],
                    reported_at=morning + timedelta(hours=4),
                )
            )
        session.add(
            Booking(
                space_id=seat,
                user_id=people["kobayashi"],
                made_by=people["kobayashi"],
                lane=Lane.DESK,
                start_at=morning,
                end_at=morning + timedelta(hours=3, minutes=30),
                status=Status.COMPLETED,
                origin=Origin.BOOKED,
                made_at=morning,
                checked_in_at=morning,
                checked_in_by=By.HAND,
            )
        )
    for n in range((LAST - TUESDAY).days + 1):
        on = TUESDAY + timedelta(days=n)
        with transaction(engine) as session:
            pipeline.close_day(session, on, office.closes_at(on), office, working_days(session, on.year))


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an office with a week in its log, to be copied."""
    folder = tmp_path_factory.mktemp("lived")
    settings = Settings.from_env({PREFIX + "DATA_DIR": str(folder)})
    made = stage.set_up(settings, datetime.combine(TUESDAY, time(9), TOKYO))
    a_week(made.engine, Office.of(settings))
    with made.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    made.engine.dispose()
    return folder


@pytest.fixture
def over(lived: Path, tmp_path: Path) -> Iterator[str]:
    """The address of an office on the first of December, with a week in its log."""
    shutil.copytree(lived, tmp_path, dirs_exist_ok=True)
    settings = Settings.from_env({PREFIX + "DATA_DIR": str(tmp_path)})
    clock = ShownClock(system_clock(), FIRST_OF_DECEMBER, 1.0)
    with web_processes(1, settings.database_url, tmp_path, {"CLOCK": str(clock)}) as ports:
        yield f"http://127.0.0.1:{ports[0]}"


@pytest.fixture
def someone(browser: Browser, over: str) -> Iterator[Callable[..., Visitor]]:
    """Makes visitors, signed in; none of their browsers may complain of a page."""
    visitors: list[Visitor] = []
    with ExitStack() as contexts:

        def new(
            who: str, locale: str = "ja-JP", size: tuple[int, int] = WIDE, *, script: bool = True
        ) -> Visitor:
            context = browser.new_context(
                locale=locale,
                timezone_id="Asia/Tokyo",
                viewport={"width": size[0], "height": size[1]},
                java_script_enabled=script,
                accept_downloads=True,
            )
            contexts.callback(context.close)
            one = Visitor(context.new_page(), over)
            one.page.set_default_timeout(10_000)
            one.page.on("pageerror", lambda error: one.complaints.append(str(error)))
            one.sign_in(who)
            visitors.append(one)
            return one

        yield new
    assert [one.complaints for one in visitors if one.complaints] == []


def downloaded(page: Page, name: str) -> list[list[str]]:
    """The lines of the file behind a link."""
    with page.expect_download() as started:
        page.get_by_role("link", name=name).click()
    content = Path(started.value.path()).read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def line_of(lines: list[list[str]], name: str, day: str) -> list[str]:
    return next(line for line in lines if name in line and day in line)


def test_a_month_is_answered_confirmed_closed_corrected_and_exported(someone: Callable[..., Visitor]) -> None:
    me = someone("kobayashi", "ja-JP", PHONE, script=False)
    page = me.page
    me.choose("勤務", "勤務場所")
    me.open("/telework/days?month=2026-11")
    expect(page.get_by_role("heading", name="どこで勤務しましたか")).to_be_visible()
    expect(page.get_by_text("本人がチェックイン: 08:30–12:00")).to_be_visible()
    page.get_by_role("button", name="出勤した").click()
    expect(page.get_by_role("status")).to_contain_text("記録しました。")
    expect(page.get_by_role("heading", name="どこで勤務しましたか")).to_have_count(0)

    chief = someone("sato")
    page = chief.open("/telework/days?month=2026-11&section=1")
    row = page.locator("li", has_text="小林 誠")
    expect(row).to_contain_text("出勤")
    row.get_by_role("button", name="確認する").click()
    expect(page.locator("li", has_text="小林 誠")).to_have_count(0)

    personnel = someone("takahashi")
    page = personnel.page
    personnel.choose("勤務", "月締め")
    page.get_by_role("link", name="2026年11月").click()
    expect(page.get_by_text("すべての日が確定しています。")).to_be_visible()
    page.get_by_role("button", name="2026年11月を締める").click()
    expect(page.get_by_role("status")).to_contain_text("月を締めました。")
    lines = downloaded(page, "勤怠システム用にダウンロード")
    assert line_of(lines, "小林 誠", "2026/11/24")[-2:] == ["出勤", "不明"]
    assert line_of(lines, "木村 由美", "2026/11/24")[-2:] == ["在宅", "不明"]

    personnel.open("/telework/days?month=2026-11&section=2")
    page.get_by_role("link", name="木村 由美").click()
    page.get_by_role("link", name="根拠: 11月24日(火) 午前").click()
    expect(page.get_by_text("締め済み(訂正は人事担当のみ)")).to_be_visible()
    page.get_by_label("休暇").check()
    page.get_by_role("button", name="この区分にする").click()
    expect(page.get_by_role("alert")).to_contain_text("理由を書いてください。")
    page.get_by_label("休暇").check()
    page.get_by_label("理由").fill("年休に振替")
    page.get_by_role("button", name="この区分にする").click()
    expect(page.get_by_role("row", name="年休に振替")).to_contain_text("テレワーク → 休暇")

    personnel.open("/office/months/2026-11")
    lines = downloaded(page, "勤怠システム用にダウンロード")
    assert line_of(lines, "木村 由美", "2026/11/24")[-2:] == ["休暇", "不明"]
    me.open("/telework/days?month=2026-11")
    me.page.get_by_role("link", name="根拠: 11月24日(火) 午前").click()
    expect(me.page.get_by_role("button", name="この区分にする")).to_have_count(0)

    page.get_by_text("締めを取り消す").click()
    page.get_by_label("理由").fill("計上漏れ")
    page.get_by_role("button", name="取り消す").click()
    expect(page.get_by_role("status")).to_contain_text("月の締めを取り消しました。")
    expect(page.get_by_role("row", name="計上漏れ")).to_contain_text("高橋 直樹")


def test_the_attendance_systems_file_is_laid_out_with_a_look_at_its_first_lines(
    someone: Callable[..., Visitor],
) -> None:
    me = someone("takahashi", script=False)
    page = me.open("/office/attendance")
    page.get_by_label("1行の単位").select_option(label="職員の1か月ごと")
    page.get_by_role("button", name="先頭行を表示").click()
    expect(page.get_by_role("alert")).to_contain_text("この設定は使えません。")
    page.get_by_label("列4", exact=True).select_option(label="テレワーク日数")
    page.get_by_label("列4の見出し").fill("在宅日数")
    for number in (5, 6):
        page.get_by_label(f"列{number}", exact=True).select_option(label="–")
    page.get_by_role("button", name="先頭行を表示").click()
    expect(page.get_by_role("columnheader", name="在宅日数")).to_be_visible()
    expect(page.get_by_text("全45行のうち先頭の5行:")).to_be_visible()
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_role("status")).to_contain_text("保存しました。")
    expect(page.get_by_label("列4の見出し")).to_have_value("在宅日数")


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("locale", ["ja-JP", "en-US"])
def test_the_pages_of_the_log_are_whole_and_named(
    someone: Callable[..., Visitor], locale: str, size: tuple[int, int]
) -> None:
    me = someone("takahashi", locale, size)
    for path in PAGES:
        me.open(path)
        expect(me.page.locator("html")).to_have_attribute("lang", locale[:2])
        assert (path, faults(me.page)) == (path, [])
