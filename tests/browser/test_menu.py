"""The menu: one line on a desk whoever looks, its groups by hand, by keyboard and without a script."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import delete, select, update

from app.database import create_engine, transaction
from app.notifications.models import Message
from app.notifications.rules import Topic
from app.people.models import Role, User
from app.telework.models import TeleworkDeputy
from tests.browser.conftest import NINE, PHONE, WIDE, NewVisitor, Site

ONE_LINE = 50  # pixels: an entry is 44 high
WHO = "ogawa"
ROLES = (Role.STAFF, Role.CHIEF, Role.FACILITY, Role.PERSONNEL, Role.IT, Role.AUDITOR)


@contextmanager
def working_as(served: Site, role: Role) -> Iterator[None]:
    """Somebody works in another role for a while, with all that the menu can count: messages, and requests for which
    they are a chief's deputy."""
    engine = create_engine(served.settings["DATABASE_URL"])
    try:
        with transaction(engine) as session:
            user_id = session.scalars(select(User.id).where(User.email.startswith(f"{WHO}@"))).one()
            chief_id = session.scalars(select(User.id).where(User.email.startswith("sato@"))).one()
            session.execute(update(User).where(User.id == user_id).values(role=role))
            deputy = TeleworkDeputy(
                chief_id=chief_id, deputy_id=user_id, from_on=NINE.date(), until_on=None, when_away=False
            )
            session.add(deputy)
            session.add_all(
                Message(
                    user_id=user_id,
                    event_id=1_000_000 + number,
                    kind="telework.approved",
                    topic=Topic.TELEWORK,
                    data={},
                    made_at=NINE - timedelta(minutes=1),
                )
                for number in range(12)
            )
        yield
    finally:
        with transaction(engine) as session:
            session.execute(delete(Message).where(Message.event_id >= 1_000_000))
            session.execute(delete(TeleworkDeputy).where(TeleworkDeputy.deputy_id == user_id))
            session.execute(update(User).where(User.id == user_id).values(role=Role.STAFF))
        engine.dispose()


def height(page: Page, selector: str) -> float:
    page.wait_for_load_state("load")
    box = page.locator(selector).bounding_box()
    assert box is not None
    return box["height"]


@pytest.mark.parametrize("role", ROLES)
def test_the_menu_stands_in_one_line_on_a_desk_in_both_languages(
    visitor: NewVisitor, served: Site, role: Role
) -> None:
    with working_as(served, role):
        for locale in ("ja-JP", "en-US"):
            me = visitor(locale, WIDE)
            page = me.sign_in(WHO)
            expect(page.locator("nav .count-badge")).to_have_count(1 if role is Role.AUDITOR else 2)
            assert height(page, ".top nav") < ONE_LINE
            assert height(page, ".top") < ONE_LINE + 20
            assert page.evaluate("document.documentElement.scrollWidth") == WIDE[0]


@pytest.mark.parametrize("locale", ["ja-JP", "en-US"])
def test_on_a_phone_the_menu_takes_three_lines_at_most_and_its_groups_the_whole_width(
    visitor: NewVisitor, served: Site, locale: str
) -> None:
    with working_as(served, Role.PERSONNEL):
        me = visitor(locale, PHONE, script=False)
        page = me.sign_in(WHO)
        expect(page.locator("nav .count-badge")).to_have_count(2)
        assert height(page, ".top nav") <= 3 * ONE_LINE
        for number in range(2):
            page.locator("nav summary").nth(number).click()
            links = page.locator("nav details[open] a")
            assert links.count() >= 3
            for link in links.all():
                box = link.bounding_box()
                assert box is not None
                assert box["x"] >= 0
                assert box["x"] + box["width"] <= PHONE[0]
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE[0]


def test_a_group_is_opened_by_the_keyboard_and_closes_when_one_goes_elsewhere(visitor: NewVisitor) -> None:
    me = visitor()
    page = me.sign_in("sato")
    expect(page.locator("nav a", has_text="承認")).to_contain_text("件の承認待ち")
    work, seats = page.locator("nav summary").all()
    work.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="ローテーション")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="ローテーション")).to_be_hidden()
    expect(work).to_be_focused()
    work.click()
    seats.click()
    expect(page.get_by_role("link", name="ローテーション")).to_be_hidden()
    page.get_by_role("link", name="職員", exact=True).click()
    expect(page.locator("nav summary.current")).to_have_text("席・職員")
