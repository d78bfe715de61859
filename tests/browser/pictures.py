"""The README's pictures: `python -m tests.browser.pictures`, from a running demo late in its morning."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page

from app.demo.office import DOMAIN, PASSWORD
from sensor_gateway.servers import can_listen, free_port
from tests.servers.chromium import running_chromium
from tests.servers.waiting import wait_until

FOLDER = Path(__file__).parents[2] / ".github/pictures"
# Lively: people are in, some were released, some came without a booking.
AT = "10:50"
SPEED = "240"


@contextmanager
def running_demo() -> Iterator[str]:
    """A live demo; yields its address when it answers."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        demo = subprocess.Popen(
            [sys.executable, "-m", "app", "demo", "--port", str(port), "--speed", SPEED, "--data", folder],
            stdout=subprocess.DEVNULL,
        )
        try:
            wait_until(lambda: not can_listen(port), seconds=60)
            yield f"http://127.0.0.1:{port}"
        finally:
            demo.terminate()
            demo.wait(30)


def sign_in(page: Page, site: str, who: str) -> None:
    page.goto(f"{site}/login")
    page.fill("#email", f"{who}@{DOMAIN}")
    page.fill("#password", PASSWORD)
    page.click("main button.primary")


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with running_demo() as site, running_chromium() as browser:
        japanese = browser.new_context(locale="ja-JP", viewport={"width": 1280, "height": 860}).new_page()
        phone = browser.new_context(locale="en-US", viewport={"width": 360, "height": 780}).new_page()
        clerk = browser.new_context(locale="ja-JP", viewport={"width": 1280, "height": 860}).new_page()
        sign_in(japanese, site, "kobayashi")
        sign_in(phone, site, "kobayashi")
        sign_in(clerk, site, "suzuki")
        wait_until(lambda: japanese.locator("#clock").inner_text() >= AT, seconds=180)
        japanese.locator("#list a.action", has_text="予約").first.click()
        japanese.wait_for_selector("#panel form")
        japanese.evaluate("window.scrollTo(0, 0)")
        japanese.screenshot(path=FOLDER / "floor-ja.png")
        phone.screenshot(path=FOLDER / "floor-en-phone.png")
        clerk.goto(f"{site}/day")
        clerk.screenshot(path=FOLDER / "day-ja.png")


if __name__ == "__main__":
    main()
