"""What a person does with a seat, in the browser."""

from playwright.sync_api import expect

from tests.browser.conftest import NewVisitor


def test_a_wrong_password_is_told_in_words_and_the_address_stays(visitor: NewVisitor) -> None:
    page = visitor().sign_in("kobayashi", "wrong")
    expect(page.get_by_role("alert")).to_have_text("メールアドレスまたはパスワードが違います。")
    expect(page.locator("#email")).to_have_value("kobayashi@demo.example")


def test_a_seat_is_booked_changed_and_cancelled(visitor: NewVisitor) -> None:
    me = visitor()
    page = me.sign_in("kobayashi")
    me.open_space("A-01")
    page.fill("#book-from", "14:00")
    page.fill("#book-to", "16:00")
    page.fill("#book-title", "<b>資料づくり</b>")
    page.get_by_role("button", name="A-01 を予約する").click()
    expect(page.get_by_role("status")).to_contain_text("予約しました。")

    me.open("/bookings")
    booking = page.locator(".booking", has_text="A-01")
    expect(booking).to_contain_text("14:00–16:00")
    expect(booking.locator(".title")).to_have_text("<b>資料づくり</b>")
    booking.get_by_text("変更", exact=True).first.click()
    booking.get_by_label("終了").fill("17:00")
    booking.get_by_role("button", name="変更").click()
    expect(page.get_by_role("status")).to_contain_text("変更しました。")
    expect(booking).to_contain_text("14:00–17:00")

    booking.get_by_role("button", name="取り消す").click()
    expect(page.get_by_role("status")).to_contain_text("取り消しました。")
    expect(page.locator("table")).to_contain_text("A-01")


def test_whoever_is_invited_says_that_they_do_not_come_and_the_host_cancels_with_a_reason(
    visitor: NewVisitor,
) -> None:
    host, guest = visitor(), visitor()
    page = host.sign_in("kobayashi")
    host.open_space("M-01")
    page.fill("#book-from", "15:00")
    page.fill("#book-to", "16:00")
    page.fill("#book-attendees", "watanabe@demo.example")
    page.get_by_role("button", name="M-01 を予約する").click()
    expect(page.get_by_role("status")).to_contain_text("予約しました。")

    other = guest.sign_in("watanabe")
    guest.open("/bookings")
    invited = other.locator(".booking", has_text="M-01")
    invited.get_by_text("欠席する", exact=True).click()
    invited.get_by_label("理由(任意、関係する方に伝わります)").fill("出張のため")
    invited.get_by_role("button", name="欠席を知らせる").click()
    expect(other.get_by_role("status")).to_contain_text("欠席を主催者に知らせました。")
    expect(invited).to_have_count(0)

    host.open("/bookings")
    booking = page.locator(".booking", has_text="M-01")
    booking.get_by_text("理由を添える", exact=True).click()
    booking.get_by_label("理由(任意、関係する方に伝わります)").first.fill("会議が延期になったため")
    booking.get_by_role("button", name="取り消す").last.click()
    expect(page.get_by_role("status")).to_contain_text("取り消しました。")
    page.get_by_role("row", name="M-01").get_by_role("link", name="履歴").click()
    expect(page.locator("table")).to_contain_text("さんが欠席になりました")
    expect(page.locator("table")).to_contain_text("理由: 会議が延期になったため")


def test_a_booking_that_begins_now_is_checked_in_and_given_back(visitor: NewVisitor) -> None:
    me = visitor("en-US")
    page = me.sign_in("ito")
    me.open_space("H-01")
    page.fill("#book-to", "10:30")
    page.get_by_role("button", name="Book H-01").click()
    me.open("/bookings")
    booking = page.locator(".booking", has_text="H-01")
    booking.get_by_role("button", name="Check in").click()
    expect(booking.locator(".badge")).to_have_text("Checked in")
    booking.get_by_role("button", name="Give back").click()
    expect(page.get_by_role("status")).to_contain_text("Given back. Thank you.")


def test_sitting_down_without_a_booking_is_one_click(visitor: NewVisitor) -> None:
    me = visitor()
    page = me.sign_in("watanabe")
    me.open_space("F-01")
    page.get_by_role("button", name="ここに座っています").click()
    expect(page.get_by_role("status")).to_contain_text("この席はあなたのものです。")
    expect(me.row("F-01").locator(".badge")).to_contain_text("あなたの席")


def test_a_booth_for_a_call_now_is_two_clicks_and_the_next_is_offered_what_is_left(
    visitor: NewVisitor,
) -> None:
    one, other = visitor(), visitor("en-US")
    page = one.sign_in("endo")
    one.open_space("H-04")
    page.get_by_role("button", name="H-04 を予約する").click()
    expect(page.get_by_role("status")).to_contain_text("予約しました。")
    other.sign_in("aoki")
    expect(other.row("H-04").locator(".badge")).to_contain_text("Partly free")
    other.open_space("H-04")
    expect(other.page.locator("#panel .why")).to_contain_text("Part of this time is booked.")
    starts = other.page.input_value("#book-from")
    assert page.locator("#list tr", has_text="H-04").locator("td.nowrap").inner_text().endswith(f"–{starts}")
    other.page.get_by_role("button", name="Book H-04").click()
    expect(other.page.get_by_role("status")).to_contain_text("Booked.")


def test_what_cannot_be_booked_says_why_and_what_to_do(visitor: NewVisitor) -> None:
    me = visitor()
    page = me.sign_in("yamamoto")
    me.open_space("A-03")
    page.fill("#book-to", page.input_value("#book-from"))
    page.get_by_role("button", name="A-03 を予約する").click()
    expect(page.get_by_role("alert")).to_contain_text("直してからもう一度送ってください。")
    me.open_space("B-01")
    expect(page.locator("#panel .why")).to_have_text("ほかの課のゾーンにあります。")
    expect(page.get_by_role("button", name="予約する")).to_have_count(0)


def test_all_of_it_works_without_javascript(visitor: NewVisitor) -> None:
    me = visitor(script=False)
    page = me.sign_in("kato")
    me.row("A-05").locator("a").click()
    page.fill("#book-from", "13:00")
    page.get_by_role("button", name="A-05 を予約する").click()
    expect(page.get_by_role("status")).to_contain_text("予約しました。")
    me.open("/bookings")
    page.get_by_role("button", name="取り消す").click()
    expect(page.get_by_role("status")).to_contain_text("取り消しました。")


def test_another_language_is_one_click_and_stays(visitor: NewVisitor) -> None:
    page = visitor().sign_in("nakamura")
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("City Hall, 3rd floor")
    page.get_by_role("link", name="My bookings").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
