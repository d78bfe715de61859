"""A chief plans a month: the search runs beside the pages, cells are reached by keys, publishing shows first."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import WIDE, NewVisitor, Site
from tests.servers.processes import Program

SEARCH_MS = 90_000
ANSWER_MS = 30_000


@pytest.mark.timeout(240)
def test_a_month_is_planned_published_and_taken_back(visitor: NewVisitor, served: Site) -> None:
    with Program("jobs", served.folder, served.settings) as jobs:
        plan_a_month(visitor)
        assert jobs.stop() == 0


def plan_a_month(visitor: NewVisitor) -> None:
    chief = visitor("ja-JP", WIDE)
    chief.sign_in("inoue")
    chief.open("/rotation?on=2027-02-01")  # a month that no other test looks at
    chief.page.get_by_role("button", name="この月を計画する").click()
    # It comes back by itself with the plan.
    expect(chief.page.get_by_role("heading", level=1)).to_contain_text("ローテーション")
    expect(chief.page.locator("#progress")).to_contain_text("作成済み・未公開", timeout=SEARCH_MS)
    cells = chief.page.locator("table.rotation input")
    cells.first.focus()
    chief.page.keyboard.press("ArrowRight")
    chief.page.keyboard.press("ArrowDown")
    chief.page.keyboard.press("Space")
    ticked = chief.page.locator("table.rotation input:checked")
    expect(ticked).to_have_count(1)
    chief.page.get_by_role("button", name="選んだコマをこのまま固定").click()
    expect(chief.page.get_by_role("status").first).to_contain_text("次の作成から守ります")
    chief.page.get_by_role("link", name="公開前に確認する").click()
    expect(chief.page.locator("main")).to_contain_text("まだ何も行われていません")
    chief.page.get_by_role("button", name="公開して予約する").click()
    expect(chief.page.locator("#progress")).to_contain_text("公開済み")
    chief.page.locator("summary", has_text="取り下げる").click()
    chief.page.get_by_role("button", name="このローテーションを取り下げる").click()
    expect(chief.page.locator("#progress")).to_contain_text("取り下げ")


def test_the_seats_needed_are_worked_out_beside_the_page_and_without_a_script(visitor: NewVisitor) -> None:
    chief = visitor("ja-JP", WIDE)
    page = chief.sign_in("sato")
    chief.choose("勤務", "必要席数の試算")
    page.get_by_label("席数").fill("9")
    page.get_by_role("button", name="試算する").click()
    expect(page.locator("#answer h2")).to_contain_text("席で足ります", timeout=ANSWER_MS)
    expect(page.locator("#answer tr.sum")).to_contain_text("60%")

    plain = visitor("en-US", WIDE, script=False)
    page = plain.sign_in("sato")
    plain.open("/rotation/seats")
    page.get_by_role("link", name="Show it without waiting here").click()
    expect(page.locator("#answer h2")).to_contain_text("seats are enough", timeout=ANSWER_MS)
