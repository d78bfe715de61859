"""The README's pictures: `python -m tests.browser.pictures`, of the sample office late in a Tuesday's morning.

The day is stepped until then, so that the pictures are lively and the same each time.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, time
from pathlib import Path

from playwright.sync_api import Browser, Page

from app.clock import ShownClock, SteppingClock, system_clock
from app.demo import once, stage
from app.demo.office import DOMAIN, PASSWORD
from app.settings import PREFIX, TOKYO, Settings
from tests.browser.conftest import NINE, PHONE
from tests.servers.chromium import running_chromium
from tests.servers.web import web_processes

FOLDER = Path(__file__).parents[2] / ".github/pictures"
DESK = (1280, 860)
# Lively: people are in, some bookings were released, some seats taken again, some used without a booking.
AT = datetime.combine(NINE.date(), time(10, 50), TOKYO)
LARGEST = 250_000


@contextmanager
def busy_office() -> Iterator[str]:
    """The sample office, its morning played until `AT`; yields the address of its web process."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clock = SteppingClock(datetime.combine(AT.date(), time(8), TOKYO))
        settings = replace(Settings.from_env({PREFIX + "DATA_DIR": name}), clock=clock)
        set_up = stage.set_up(settings, clock())
        once.step_until(set_up, set_up.day(AT.date()), clock, until=AT, tell=print)
        set_up.engine.dispose()
        shown = ShownClock(system_clock(), AT, 1.0)
        with web_processes(1, settings.database_url, folder, {"CLOCK": str(shown)}) as ports:
            yield f"http://127.0.0.1:{ports[0]}"


def signed_in(browser: Browser, site: str, who: str, *, locale: str, size: tuple[int, int] = DESK) -> Page:
    """The floor in a browser of their own."""
    page = browser.new_context(locale=locale, viewport={"width": size[0], "height": size[1]}).new_page()
    page.goto(f"{site}/login")
    page.fill("#email", f"{who}@{DOMAIN}")
    page.fill("#password", PASSWORD)
    page.click("main button.primary")
    return page


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with busy_office() as site, running_chromium() as browser:
        floor = signed_in(browser, site, "kobayashi", locale="ja-JP")
        floor.locator("#list a.action", has_text="予約").first.click()
        floor.wait_for_selector("#panel form")
        floor.evaluate("scrollTo(0, 0)")
        floor.screenshot(path=FOLDER / "floor-ja.png")
        day = signed_in(browser, site, "suzuki", locale="ja-JP")
        day.goto(f"{site}/day")
        day.screenshot(path=FOLDER / "day-ja.png")
        phone = signed_in(browser, site, "kobayashi", locale="en-GB", size=PHONE)
        phone.screenshot(path=FOLDER / "floor-en-phone.png")
    large = [one.name for one in FOLDER.glob("*.png") if one.stat().st_size > LARGEST]
    if large:
        sys.exit(f"larger than {LARGEST} bytes: {', '.join(large)}")


if __name__ == "__main__":
    main()
