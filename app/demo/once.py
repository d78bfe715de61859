"""`akiseki demo --once`: one day from 08:00 to 19:00 as fast as it can, through a real broker.

It steps: publish a minute, wait until the gateway has committed it, let people act, sweep, advance the clock.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from sqlalchemy import func, select

from app.clock import SteppingClock
from app.database import reading
from app.demo import stage as stages
from app.demo.day import Day
from app.demo.figures import DayFigures, of_day
from app.demo.people import Actors, in_process
from app.demo.stage import Stage
from app.factory import create_app
from app.jobs import close_due_days, sweep_once
from app.occupancy.models import StoredReading
from app.settings import Settings
from app.stopping import Stop
from app.telework.service import Office
from app.timespan import TimeSpan
from firmware_stubs.simulator.device import Scenario
from firmware_stubs.simulator.fleet import Fleet
from sensor_gateway.connection import Wanted
from sensor_gateway.decoders import FILTERS
from sensor_gateway.handler import Handler
from sensor_gateway.mqtt import Link
from sensor_gateway.run import Gateway

STEP = timedelta(minutes=1)
PATIENCE_SECONDS = 30.0


class NotCommittedError(RuntimeError):
    """The gateway did not commit what was published in time."""


def play(
    settings: Settings, opens: datetime, *, mqtt_url: str, tell: Callable[[str], None]
) -> tuple[Day, DayFigures]:
    """Play the day that begins at `opens`, on a broker of one's own where `mqtt_url` names one; `tell` is told how
    far it is. Raises NotCommittedError, BrokerError."""
    clock = SteppingClock(opens)
    settings = replace(settings, clock=clock)
    stage = stages.set_up(settings, opens)
    day = stage.day(opens.date())
    step_until(stage, day, clock, until=day.end, tell=tell, mqtt_url=mqtt_url)
    office = Office.of(settings)
    clock.at = office.closes_at(day.on)
    sweep_once(stage.engine, clock(), office)
    close_due_days(stage.engine, clock(), office)
    with reading(stage.engine) as session:
        figures = of_day(session, day.on, TimeSpan(day.start, day.end))
    stage.engine.dispose()
    return day, figures


def step_until(
    stage: Stage,
    day: Day,
    clock: SteppingClock,
    *,
    until: datetime,
    tell: Callable[[str], None],
    mqtt_url: str = "",
) -> None:
    """Play the day from its start until an instant, with a gateway of its own; raises as `play`."""
    with stages.wire(stage, mqtt_url) as wire:
        stop = Stop()
        link = Link(Wanted(urlsplit(wire.url), FILTERS, clock))
        gateway = Gateway(link, Handler(stage.engine, clock), stop)
        thread = threading.Thread(target=gateway.run, name="gateway", daemon=True)
        thread.start()
        # A broker keeps nothing for a gateway that it has never seen.
        _wait_for(lambda: bool(link.protocol), "the gateway does not reach the broker")
        fleet = Fleet(_scenarios(stage, day), wire.accounts, host=wire.host, port=wire.port)
        try:
            _step_through(stage, day, clock, fleet, until=until, tell=tell)
        finally:
            fleet.close()
            stop.tell()
            thread.join(PATIENCE_SECONDS)
            link.close()


def _scenarios(stage: Stage, day: Day) -> dict[str, Scenario]:
    return {
        sensor_id: Scenario(sensor_id, presence=day.presence.get(code, []), dead=day.dead.get(code, []))
        for code, sensor_id in stage.sensors.items()
    }


def _step_through(
    stage: Stage,
    day: Day,
    clock: SteppingClock,
    fleet: Fleet,
    *,
    until: datetime,
    tell: Callable[[str], None],
) -> None:
    actors = Actors(in_process(create_app(stage.settings)), stage.tokens)
    office = Office.of(stage.settings)
    actions = list(reversed(day.actions))
    # The sensors were there before the day began: their last word is a heartbeat old at most.
    published = fleet.publish(day.start - timedelta(minutes=10), day.start)
    while clock.at < until:
        _wait_until_committed(stage, published)
        while actions and actions[-1].at <= clock.at:
            actors.act(actions.pop())
        sweep_once(stage.engine, clock(), office)
        if clock.at.minute == 0:
            tell(f"{clock.at:%H:%M}")
        before = clock.at
        published += fleet.publish(before, clock.advance(STEP))
    _wait_until_committed(stage, published)


def _wait_until_committed(stage: Stage, published: int) -> None:
    def is_stored() -> bool:
        with reading(stage.engine) as session:
            stored = session.scalar(
                select(func.count()).select_from(StoredReading).where(StoredReading.seq.is_not(None))
            )
        return stored == published

    _wait_for(is_stored, f"the gateway did not store {published} readings")


def _wait_for(condition: Callable[[], bool], otherwise: str) -> None:
    limit = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > limit:
            raise NotCommittedError(f"{otherwise} within {PATIENCE_SECONDS:g} s")
        time.sleep(0.002)
