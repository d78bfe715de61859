"""Every page in both languages, on a desk and on a phone: nothing cut off, everything named."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, WIDE, NewVisitor

ME = (
    "/account",
    "/people",
    "/people?q=す",
    "/bookings/others",
    "/bookings/others?q=す",
    "/bookings/others?q=A-01",
)
MESSAGES = ("/messages", "/messages/choices", "/files", "/me")
LOG = ("/telework/days", "/reports", "/reports/telework_monthly", "/reports/fairness", "/reports/caps")
OFFICE = (
    *("/office", "/office/rules", "/office/zones/1", "/office/spaces/1"),
    *("/office/desk-codes", "/office/webhooks", "/card"),
)
SENSORS = (
    "/office/sensors",
    "/office/sensors?all=1",
    "/office/sensors/new?space=1",
    "/office/sensor?id=desk-001",
)
PAGES = (
    "/",
    "/?space=1",
    "/bookings",
    "/lots",
    "/queue",
    "/queue/numbers",
    "/day",
    "/telework",
    "/telework/approvals",
    "/demo",
    "/api/docs",
    "/nowhere",
    *ME,
    *OFFICE,
    *SENSORS,
    *MESSAGES,
    *LOG,
)

CHECKS = """() => {
  const found = [];
  const visible = (one) => one.getClientRects().length > 0;
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > width)
    for (const one of document.querySelectorAll("main *, header *"))
      if (one.getBoundingClientRect().right > width && !one.closest(".map-box, .scroll"))
        found.push(`wider than the window: ${one.outerHTML.slice(0, 80)}`);
  if (document.querySelectorAll("h1").length !== 1) found.push("not one h1");
  if (!document.title) found.push("no title");
  if (document.querySelectorAll("main").length !== 1) found.push("not one main");
  let level = 0;
  for (const one of document.querySelectorAll("h1, h2, h3, h4")) {
    const now = Number(one.tagName[1]);
    if (level && now > level + 1) found.push(`heading skips to ${one.outerHTML}`);
    level = now;
  }
  for (const one of document.querySelectorAll("input:not([type=hidden]), select, textarea"))
    if (!one.labels.length && !one.ariaLabel) found.push(`no label: ${one.outerHTML}`);
  for (const one of document.querySelectorAll("a, button, summary"))
    if (visible(one) && !(one.textContent.trim() || one.ariaLabel)) found.push(`no name: ${one.outerHTML}`);
  for (const one of document.querySelectorAll("img")) if (!one.hasAttribute("alt")) found.push(`no alt: ${one.src}`);
  for (const one of document.querySelectorAll("th")) if (!one.scope) found.push(`no scope: ${one.outerHTML}`);
  const ids = [...document.querySelectorAll("[id]")].map((one) => one.id);
  for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) found.push(`id twice: ${id}`);
  for (const one of document.querySelectorAll("main button, main a.button, nav a, nav summary")) {
    const box = one.getBoundingClientRect();
    if (visible(one) && window.innerWidth < 640 && box.height < 40) found.push(`small target: ${one.textContent}`);
  }
  return found;
}"""


def faults(page: Page) -> list[str]:
    """What is wrong with the page that is open, once its styles are there."""
    page.wait_for_load_state("load")
    return [str(one) for one in page.evaluate(CHECKS)]


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("locale", ["ja-JP", "en-US"])
def test_every_page_is_whole_and_named(visitor: NewVisitor, locale: str, size: tuple[int, int]) -> None:
    me = visitor(locale, size)
    me.open("/login")
    assert faults(me.page) == []
    me.sign_in("suzuki")
    for path in PAGES:
        me.open(path)
        expect(me.page.locator("html")).to_have_attribute("lang", locale[:2])
        assert (path, faults(me.page)) == (path, [])


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["desk", "phone"])
def test_the_pages_of_accounts_are_whole_and_named(visitor: NewVisitor, size: tuple[int, int]) -> None:
    me = visitor("ja-JP", size)
    me.open("/password/new")
    assert faults(me.page) == []
    me.sign_in("takahashi")
    for path in (
        "/office/people",
        "/office/people?left=1",
        "/office/people/2",
        "/office/sections",
        "/office/sections/1",
        "/office/months",
        "/office/attendance",
    ):
        me.open(path)
        assert (path, faults(me.page)) == (path, [])


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("locale", ["ja-JP", "en-US"])
def test_the_pages_of_telework_are_whole_and_named(
    visitor: NewVisitor, locale: str, size: tuple[int, int]
) -> None:
    me = visitor(locale, size)
    for who, paths in (
        ("kobayashi", ("/telework", "/telework?on=2026-12-01")),
        ("sato", ("/telework/approvals", "/telework/approvals?week=2026-12-01")),
        ("sato", ("/rotation", "/rotation/setting?section=1", "/rotation/seats?answer=1", "/rotation/swaps")),
        ("takahashi", ("/telework/approvals", "/office/telework-rules")),
    ):
        me.page.context.clear_cookies()
        me.sign_in(who)
        for path in paths:
            me.open(path)
            assert (path, faults(me.page)) == (path, [])
    me.page.fill("#week", "２．３")
    me.page.click(".rules .primary")
    expect(me.page.locator("#week")).to_be_focused()
    assert faults(me.page) == []
    me.complaints.clear()  # that the form was refused, which is what this test made it be
