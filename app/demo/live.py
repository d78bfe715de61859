"""`akiseki demo`: web, gateway, jobs, broker and sensors as real processes, on a day sped up; one HTTP port."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from datetime import date, datetime, timedelta
from pathlib import Path

from app.clock import ShownClock, system_clock
from app.demo import office
from app.demo import stage as stages
from app.demo.day import Day
from app.demo.people import Actors, over_http
from app.demo.stage import Stage, Wire
from app.running import LOOK_SECONDS, Running, check, running, wait_until_ready
from app.settings import PREFIX, Settings

DAYS_WRITTEN = 5


def play(settings: Settings, *, port: int, speed: float, mqtt_url: str, tell: Callable[[str], None]) -> None:
    """Run until stopped (Ctrl-C or SIGTERM). Raises ProcessEndedError naming what ended and where its log is."""
    opens = stages.opening(system_clock(), settings.timezone)
    stage = stages.set_up(settings, opens)
    with suppress(KeyboardInterrupt), ExitStack() as stack:
        # Also where it was started in the background of a script, which ignores Ctrl-C.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.default_int_handler)
        wire = stack.enter_context(stages.wire(stage, mqtt_url))
        # The clock starts when everything stands, so that no minute of the morning is lost to starting up.
        clock = ShownClock(system_clock() + timedelta(seconds=2), opens, speed)
        values = {
            "DATABASE_URL": settings.database_url,
            "DATA_DIR": str(settings.data_dir),
            "SECRET_KEY": settings.secret_key,
            "TIMEZONE": settings.timezone.key,
            "MQTT_URL": wire.url,
            "CLOCK": str(clock),
        }
        environment = {PREFIX + key: value for key, value in values.items()}
        days = _days(stage, opens.date())
        scenario = _write_scenario(stage, days, wire, clock)

        def begin(name: str, *command: str) -> Running:
            return stack.enter_context(running(name, command, settings.data_dir, environment))

        listed = [
            begin("web", "app", "serve", "--port", str(port)),
            begin("gateway", "app", "gateway"),
            begin("jobs", "app", "jobs"),
        ]
        base = f"http://127.0.0.1:{port}"
        wait_until_ready(base, listed)
        listed.append(begin("sensors", "firmware_stubs.simulator", str(scenario)))
        _greet(base, opens, speed, tell)
        try:
            _live(Actors(over_http(base), stage.tokens), days, clock, listed, tell)
        except KeyboardInterrupt:
            tell("Stopping.")


def _live(
    actors: Actors, days: list[Day], clock: ShownClock, listed: list[Running], tell: Callable[[str], None]
) -> None:
    """Let people act when it is their time, until somebody stops the demo."""
    actions = sorted((action for day in days for action in day.actions), reverse=True)
    hour = -1
    while True:
        now = clock().astimezone(days[0].start.tzinfo)
        while actions and actions[-1].at <= now:
            actors.act(actions.pop())
        if now.hour != hour:
            hour = now.hour
            tell(f"{now:%m/%d %H:%M}")
        check(listed)
        time.sleep(LOOK_SECONDS)


def _days(stage: Stage, first: date) -> list[Day]:
    days = []
    for _ in range(DAYS_WRITTEN):
        days.append(stage.day(first))
        first = stages.next_day(first)
    return days


def _write_scenario(stage: Stage, days: list[Day], wire: Wire, clock: ShownClock) -> Path:
    """The simulator's file: it knows the truth of each seat, and each sensor's user and password."""

    def spans(which: str, code: str) -> list[list[str]]:
        return [
            [start.isoformat(), end.isoformat()]
            for day in days
            for start, end in getattr(day, which).get(code, [])
        ]

    path = stage.settings.data_dir / "scenario.json"
    path.touch(mode=0o600)
    path.write_text(
        json.dumps(
            {
                "host": wire.host,
                "port": wire.port,
                "real_start": clock.real_start.isoformat(),
                "shown_start": clock.shown_start.isoformat(),
                "speed": clock.speed,
                "accounts": dict(wire.accounts),
                "sensors": {
                    sensor: {"presence": spans("presence", code), "dead": spans("dead", code)}
                    for code, sensor in stage.sensors.items()
                },
            }
        )
    )
    return path


def _greet(base: str, opens: datetime, speed: float, tell: Callable[[str], None]) -> None:
    tell("")
    tell(f"  空き席 Akiseki  {base}/demo")
    tell("")
    tell(f"  {opens:%Y-%m-%d} 08:00 から {speed:g} 倍速で進みます / the day runs {speed:g} times as fast")
    tell(f"  パスワード / password: {office.PASSWORD}")
    for email, what in office.logins():
        tell(f"    {email:28} {what}")
    tell("  Ctrl-C で終了 / stops it")
    tell("")
