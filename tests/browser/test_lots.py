"""Tomorrow's seats in the browser: staff let a zone be drawn, its people wish, on a phone and without scripts."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import PHONE, NewVisitor
from tests.browser.test_every_page import faults


def test_a_zone_is_drawn_and_its_people_wish_for_a_seat_without_scripts_too(visitor: NewVisitor) -> None:
    staff = visitor()
    page = staff.sign_in("suzuki")
    staff.open("/office/zones/2")
    page.get_by_label("抽選の時刻").fill("16:00")
    page.get_by_label("同じ席にしない開庁日数").fill("2")
    card = page.locator("section", has=page.get_by_role("heading", name="抽選"))
    card.get_by_role("button", name="保存").click()
    expect(page.get_by_role("status")).to_contain_text("保存しました。")

    me = visitor("ja-JP", PHONE)
    page = me.sign_in("kimura")
    me.choose("席・職員", "明日の席")
    assert faults(page) == []
    page.get_by_label("第1希望").select_option(label="B-03")
    page.get_by_text("並んで座りたい人", exact=True).click()
    page.get_by_label("並んで座りたい人 1").select_option(label="林 和也")
    page.get_by_role("button", name="席を希望する").click()
    expect(page.get_by_text("希望を受け付けました。")).to_be_visible()
    expect(page.get_by_label("第1希望").locator("option:checked")).to_have_text("B-03")
    assert faults(page) == []

    friend = visitor("en-US", script=False)
    page = friend.sign_in("hayashi")
    friend.choose("Seats & people", "Tomorrow's seats")
    expect(page.get_by_text("木村 由美 would like to sit with you.")).to_be_visible()
    page.get_by_label("Colleague 1").select_option(label="木村 由美")
    page.get_by_role("button", name="I want a seat").click()
    expect(page.get_by_text("Your wish is noted.")).to_be_visible()
    expect(page.get_by_text("So far 2 wish for 10 seats.")).to_be_visible()
    page.get_by_role("link", name="How the draw can be checked").click()
    expect(page.locator(".fingerprint code")).to_have_text(re.compile("^[0-9a-f]{64}$"))


def test_the_page_of_a_draw_is_whole_in_both_languages_on_a_phone(visitor: NewVisitor) -> None:
    for locale in ("ja-JP", "en-US"):
        me = visitor(locale, PHONE)
        page = me.sign_in("suzuki")
        me.open("/lots")
        assert faults(page) == []
        me.open("/lots/1")
        page.locator("main summary").click()
        assert faults(page) == []
