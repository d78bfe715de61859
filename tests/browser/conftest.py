"""The sample office on a Tuesday at nine, served by a real web process, and people who look at it in Chromium."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from app.clock import ShownClock, system_clock
from app.demo import stage
from app.demo.office import DOMAIN, PASSWORD
from app.settings import PREFIX, Settings
from tests.servers.web import web_processes

NINE = datetime(2026, 11, 24, 9, 0, tzinfo=ZoneInfo("Asia/Tokyo"))
WIDE, PHONE = (1280, 900), (360, 780)


@dataclass(frozen=True)
class Site:
    """Where the office is served, from which folder, and with which settings its processes agree."""

    address: str
    folder: Path
    settings: Mapping[str, str]


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The web process."""
    folder = tmp_path_factory.mktemp("site")
    settings = Settings.from_env({PREFIX + "DATA_DIR": str(folder)})
    stage.set_up(settings, NINE).engine.dispose()
    clock = {"CLOCK": str(ShownClock(system_clock(), NINE, 1.0))}
    with web_processes(1, settings.database_url, folder, clock) as ports:
        yield Site(f"http://127.0.0.1:{ports[0]}", folder, {"DATABASE_URL": settings.database_url, **clock})


@pytest.fixture(scope="session")
def site(served: Site) -> str:
    """The address of the web process."""
    return served.address


@dataclass
class Visitor:
    """Somebody with a browser of their own. `complaints`: what the browser complained of; `strangers`: other hosts."""

    page: Page
    site: str
    complaints: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)

    def open(self, path: str) -> Page:
        self.page.goto(self.site + path)
        return self.page

    def sign_in(self, who: str, password: str = PASSWORD) -> Page:
        self.open("/login")
        self.page.fill("#email", f"{who}@{DOMAIN}")
        self.page.fill("#password", password)
        self.page.click("main button.primary")
        return self.page

    def choose(self, group: str, entry: str) -> Page:
        """Open a group of the menu and go where one of its entries leads."""
        self.page.locator("nav summary", has_text=group).click()
        self.page.locator("nav details[open]").get_by_role("link", name=entry).click()
        return self.page

    def row(self, code: str) -> Locator:
        """A space in the floor's list."""
        return self.page.locator("#list tr", has=self.page.get_by_role("rowheader", name=code))

    def open_space(self, code: str) -> None:
        """Choose a space in the list and wait for its panel."""
        self.row(code).locator("a").click()
        expect(self.page.locator("#panel h2")).to_contain_text(code)


NewVisitor = Callable[..., Visitor]


@pytest.fixture
def visitor(browser: Browser, site: str) -> Iterator[NewVisitor]:
    """Makes visitors; at the end none of their browsers may have complained, or asked another host."""
    visitors: list[Visitor] = []
    with ExitStack() as contexts:

        def new(locale: str = "ja-JP", size: tuple[int, int] = WIDE, *, script: bool = True) -> Visitor:
            context = browser.new_context(
                locale=locale,
                timezone_id="Asia/Tokyo",
                viewport={"width": size[0], "height": size[1]},
                java_script_enabled=script,
            )
            contexts.callback(context.close)
            one = Visitor(context.new_page(), site)
            one.page.set_default_timeout(10_000)
            one.page.on(
                "console", lambda said: one.complaints.append(said.text) if said.type == "error" else None
            )
            one.page.on("pageerror", lambda error: one.complaints.append(str(error)))
            one.page.on(
                "request",
                lambda asked: None if asked.url.startswith(site) else one.strangers.append(asked.url),
            )
            visitors.append(one)
            return one

        yield new
    for one in visitors:
        assert not one.strangers
        # A refused sign-in and a page that does not exist are answers, not mistakes of the page.
        assert [
            said for said in one.complaints if "status of 401" not in said and "status of 404" not in said
        ] == []
