"""Telework in the browser, by clicks counted: a week planned in five, approved in two; a reason, an undo, a rule."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, NewVisitor
from tests.browser.test_every_page import faults


def clicked(page: Page, *selectors: str) -> int:
    """Click these one after the other; returns how many clicks that took."""
    for selector in selectors:
        page.locator(selector).first.click()
    return len(selectors)


def test_a_week_is_planned_in_five_clicks_and_approved_in_two(visitor: NewVisitor) -> None:
    me = visitor(script=False)
    page = me.sign_in("watanabe")
    clicks = clicked(
        page,
        "nav >> text=テレワーク",
        "button[value='2026-12-08']",
        "button[value='2026-12-10']",
    )
    assert clicks <= 5
    expect(page.get_by_role("status").first).to_contain_text("申請しました。課長が判断します。")
    expect(page.locator(".figures.caps")).to_contain_text("10日中")
    expect(page.get_by_role("button", name="12月8日(火) 取り下げる")).to_be_visible()

    chief = visitor(script=False)
    page = chief.sign_in("sato")
    chief.open("/telework/approvals?week=2026-12-07")
    expect(page.locator(".asked")).to_have_count(1)
    chief.open("/")
    page.locator("nav").get_by_role("link", name="承認").click()
    page.get_by_role("button", name="まとめて承認する").click()
    expect(page.get_by_role("status").first).to_contain_text("件を承認しました。")

    chief.open("/telework/approvals?week=2026-12-07")
    page.get_by_role("button", name="まとめて承認する").click()
    expect(page.locator(".asked")).to_contain_text("承認済み")
    me.open("/telework?on=2026-12-08")
    expect(me.page.locator(".plan-approved").first).to_be_visible()


def test_a_breach_is_seen_in_a_sentence_and_refused_with_a_reason(visitor: NewVisitor) -> None:
    chief = visitor("en-US")
    page = chief.sign_in("sato")
    chief.open("/telework/approvals?week=2026-11-30")
    card = page.locator(".asked", has=page.get_by_role("heading", name="加藤 真由美"))
    expect(card).to_contain_text("More than a week allows: 3 days, at most 2 days")
    for box in card.get_by_role("checkbox").all()[:4]:
        box.uncheck()
    card.locator("summary").click()
    card.get_by_label("Why, in a few words").fill("水曜は窓口当番です")
    card.get_by_role("button", name="Refuse what is ticked").click()
    expect(page.get_by_role("status").first).to_contain_text("Refused. The person is told why.")

    me = visitor("en-US", PHONE)
    page = me.sign_in("kato")
    me.open("/telework?on=2026-12-04")
    row = page.locator(".rows li", has_text="Dec 4")
    expect(row).to_contain_text("佐藤 健一: 水曜は窓口当番です")
    assert faults(page) == []


def test_a_withdrawal_is_undone(visitor: NewVisitor) -> None:
    me = visitor("ja-JP", PHONE)
    page = me.sign_in("kimura")
    me.open("/telework?on=2026-12-02")
    page.get_by_role("button", name="12月2日(水) 取り下げる").click()
    expect(page.get_by_role("status").first).to_contain_text("取り下げました。")
    page.get_by_role("button", name="12月2日(水) 元に戻す").click()
    expect(page.get_by_role("status").first).to_contain_text("元に戻しました。")
    expect(page.locator(".plan-week.chosen .plan-requested")).to_have_count(2)
    assert faults(page) == []


def test_half_days_are_ticked_by_the_keyboard(visitor: NewVisitor) -> None:
    me = visitor()
    page = me.sign_in("hayashi")
    me.open("/telework")
    page.get_by_role("radio", name="休暇").focus()
    page.keyboard.press("Space")
    page.get_by_role("checkbox", name="12月3日(木) 午後").focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="選んだ半日を申請する").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".plan-requested", has_text="休暇").first).to_be_visible()
    expect(page.get_by_role("radio", name="休暇")).to_be_checked()


def test_what_was_done_is_told(visitor: NewVisitor) -> None:
    me = visitor()
    page = me.sign_in("kobayashi")
    me.open("/telework")
    page.get_by_label("行った業務を簡潔に").first.fill("予算要求資料の作成")
    page.get_by_role("button", name="報告する").first.click()
    expect(page.get_by_role("status").first).to_contain_text("報告を保存しました。")


def test_personnel_makes_a_rule_after_a_look_at_who_breaks_it(visitor: NewVisitor) -> None:
    me = visitor()
    page = me.sign_in("takahashi")
    me.choose("勤務", "テレワークのルール")
    page.get_by_label("所属").select_option(label="総務課")
    page.get_by_label("週の上限").fill("0.5")
    page.get_by_role("button", name="反することになる人を確認する").click()
    expect(page.get_by_text("週の上限を超えます").first).to_be_visible()
    assert faults(page) == []
    page.get_by_role("button", name="このルールを定める").click()
    expect(page.get_by_role("status").first).to_contain_text("ルールを定めました。")
    row = page.locator("tr", has_text="総務課")
    expect(row).to_contain_text("適用中")
    row.get_by_role("button", name="取り消す").click()
    expect(page.get_by_role("status").first).to_contain_text("ルールを取り消しました。")
