"""A fitter at the desk: add the sensor that was just heard, wave a hand, see it, bind it; all on a phone."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from time import perf_counter

import pytest
from playwright.sync_api import expect

from app.clock import ShownClock
from app.database import create_engine
from sensor_gateway.handler import Handler
from sensor_gateway.messages import Envelope
from tests.browser.conftest import PHONE, NewVisitor, Site

SEEN_WITHIN_SECONDS = 2.0
EUI = "24e124535d00f177"


@pytest.fixture(scope="module")
def speak(served: Site) -> Callable[[str, int], None]:
    """The sensor says something at this moment of the shown day, numbered."""
    engine = create_engine(served.settings["DATABASE_URL"])
    shown = ShownClock.parse(served.settings["CLOCK"])
    handler = Handler(engine, shown)

    def say(word: str, number: int) -> None:
        said = {
            "time": shown().isoformat(),
            "deviceInfo": {"devEui": EUI, "deviceProfileName": "VS341"},
            "devAddr": "00189440",
            "fCnt": number,
            "object": {"occupancy": word, "battery": 93},
        }
        topic = f"application/7/device/{EUI}/event/up"
        handler.handle([Envelope(topic, json.dumps(said).encode(), shown())])

    return say


def test_a_sensor_is_added_waved_at_and_bound_in_under_a_minute(
    visitor: NewVisitor, speak: Callable[[str, int], None]
) -> None:
    started = perf_counter()
    speak("vacant", 1)
    me = visitor("ja-JP", PHONE)
    page = me.sign_in("suzuki")
    me.open("/office/sensors/new")
    page.get_by_role("link", name=f"これを使う {EUI}").click()
    expect(page.locator("#id")).to_have_value(EUI)
    page.fill("#model", "VS341")
    page.get_by_role("button", name="登録して、手をかざして確かめる").click()
    expect(page.locator("#says")).to_contain_text("まだ受信していません")
    speak("occupied", 2)
    expect(page.locator("#says .says")).to_contain_text("人がいます", timeout=SEEN_WITHIN_SECONDS * 1000)
    expect(page.locator("#says")).to_contain_text("93 %")
    speak("vacant", 3)
    expect(page.locator("#says .says")).to_contain_text("だれもいません")
    expect(page.locator("#says .words li")).to_have_count(2)
    page.fill("#spaces", "B-02")
    page.get_by_role("button", name="この席に割り当てる").click()
    expect(page.get_by_role("status").first).to_contain_text("保存しました")
    expect(page.locator(".rows").first).to_contain_text("B-02")
    assert perf_counter() - started < 60


def test_what_one_types_stays_while_the_sensor_speaks(
    visitor: NewVisitor, speak: Callable[[str, int], None]
) -> None:
    me = visitor("en-US")
    page = me.sign_in("suzuki")
    me.open(f"/office/sensor?id={EUI}")
    page.fill("#spaces", "B-02, B-03")
    page.focus("#spaces")
    speak("occupied", 10)
    expect(page.locator("#says .says")).to_contain_text("Somebody is there")
    expect(page.locator("#spaces")).to_have_value("B-02, B-03")
    expect(page.locator("#spaces")).to_be_focused()
    expect(page.locator(".heard")).to_contain_text(re.compile(r"\d+ s ago"))
