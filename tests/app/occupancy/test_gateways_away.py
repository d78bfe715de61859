"""When no gateway heard the broker: kept, told once, shown."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NoReturn

import pytest
from flask import Flask
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app import pipeline
from app.clock import SteppingClock
from app.database import reading, transaction
from app.occupancy import gateways
from app.occupancy.gateways import Figures
from sensor_gateway.lease import BEAT_EVERY, Lease
from tests.app.bookings.test_walk_in import signed_in
from tests.app.notifications.desk import telling
from tests.house import House, at

AT_ONCE = timedelta(0)


def gone(_engine: Engine) -> NoReturn:
    """A database that does not answer."""
    raise OperationalError("", None, Exception("gone"))


class Beating:
    """A gateway whose watch and clock are stepped before each beat."""

    def __init__(self, house: House, monkeypatch: pytest.MonkeyPatch, *, speed: int = 1) -> None:
        self.clock, self._watch, self._patch = SteppingClock(at("08:00")), 1_000.0, monkeypatch
        monkeypatch.setattr("sensor_gateway.lease.time.monotonic", lambda: self._watch)
        self._speed = speed
        self._lease = Lease(house.engine, "gateway", self.clock, speed=speed)
        assert self._lease.acquire(lambda _seconds: True)

    def beat(
        self, silence: timedelta | None, *, after: timedelta = BEAT_EVERY, is_stored: bool = True
    ) -> None:
        self._watch += after.total_seconds()
        self.clock.advance(after * self._speed)
        with self._patch.context() as patched:
            if not is_stored:
                patched.setattr("sensor_gateway.lease.transaction", gone)
            self._lease.tend(Figures, lambda: silence)


@pytest.fixture
def beating(house: House, monkeypatch: pytest.MonkeyPatch) -> Beating:
    return Beating(house, monkeypatch)


def absences(house: House) -> list[tuple[str, datetime, datetime]]:
    with reading(house.engine) as session:
        return [(one.name, one.from_at, one.until_at) for one in gateways.newest_absences(session)]


def heard(session: Session, now: str, *, deaf: bool = False, is_back: bool = False) -> None:
    said = None if deaf else at(now)
    assert gateways.beat(session, "gateway", "here", Figures(), heard=said, is_back=is_back, now=at(now))


def begin(session: Session, now: str) -> None:
    assert gateways.take(session, "gateway", "here", gateways.seen(session, "gateway"), now=at(now))


def test_a_time_in_which_nobody_heard_the_broker_is_kept_once_somebody_does(house: House) -> None:
    with transaction(house.engine) as session:
        begin(session, "08:00:30")
        heard(session, "08:01", is_back=True)
        heard(session, "08:02")
        begin(session, "09:00")
        heard(session, "09:01", deaf=True)
        heard(session, "09:02", is_back=True)
        heard(session, "09:03")
        begin(session, "09:03:10")
        heard(session, "09:03:15", is_back=True)
    assert absences(house) == [("gateway", at("08:02"), at("09:02"))]


def test_a_gateway_that_hears_knows_by_its_own_watch_that_it_was_not_away(
    house: House, beating: Beating
) -> None:
    """Somebody sets the machine's clock on by an hour."""
    beating.beat(AT_ONCE)
    beating.clock.advance(timedelta(hours=1))
    beating.beat(AT_ONCE)
    assert absences(house) == []
    # A cable is out, which is noticed late; then there is no connection.
    for silent in range(1, 10):
        beating.beat(silent * BEAT_EVERY)
    for _ in range(20):
        beating.beat(None)
    beating.beat(AT_ONCE)
    ((_name, from_at, until_at),) = absences(house)
    assert until_at - from_at == 30 * BEAT_EVERY


def test_the_clock_of_the_demo_goes_faster_and_nobody_is_away(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    beating = Beating(house, monkeypatch, speed=60)
    for _ in range(3):
        beating.beat(AT_ONCE)
    assert absences(house) == []
    for _ in range(25):
        beating.beat(None)
    beating.beat(AT_ONCE)
    assert len(absences(house)) == 1


def test_a_database_that_is_away_takes_nothing_from_what_is_heard(house: House, beating: Beating) -> None:
    def beat(*silences: timedelta | None, is_stored: bool = True) -> None:
        for silence in silences:
            beating.beat(silence, after=timedelta(seconds=30), is_stored=is_stored)

    beat(AT_ONCE)
    beat(*[AT_ONCE] * 4, is_stored=False)
    beat(AT_ONCE)
    assert absences(house) == []
    beat(None, None)
    beat(AT_ONCE, is_stored=False)
    beat(AT_ONCE)
    assert absences(house) == [("gateway", at("08:03"), at("08:05"))]


def test_one_that_hears_nothing_for_long_is_told_of_once_and_again_the_next_time(
    app: Flask, house: House, clock: object
) -> None:
    def note(now: str) -> int:
        with transaction(house.engine) as session:
            return pipeline.note_sensor_troubles(session, at(now))

    with transaction(house.engine) as session:
        begin(session, "08:00:30")
        heard(session, "08:01", is_back=True)
    assert [note(now) for now in ("08:09", "08:12", "08:22")] == [0, 1, 0]
    telling(app, house, clock).tell()  # type: ignore[arg-type]
    page = signed_in(app.test_client(), house, "fujii").get("/messages").text
    assert "ゲートウェイ「gateway」が" in page
    assert "8:01" in page
    with transaction(house.engine) as session:
        heard(session, "08:30", is_back=True)
    assert [note(now) for now in ("08:32", "08:42")] == [0, 1]


def test_one_that_never_heard_anything_is_told_of_too(house: House) -> None:
    with transaction(house.engine) as session:
        begin(session, "08:00")
        heard(session, "08:05", deaf=True)
        begin(session, "08:06")  # somebody starts it again and again
        assert pipeline.note_sensor_troubles(session, at("08:11")) == 1


@pytest.mark.parametrize(
    ("language", "said"), [("ja", "受信できなかった時間"), ("en", "When no gateway heard")]
)
def test_the_page_of_sensors_shows_when_it_was(app: Flask, house: House, language: str, said: str) -> None:
    client = signed_in(app.test_client(), house, "fujii")
    with transaction(house.engine) as session:
        begin(session, "08:00:30")
        heard(session, "08:01", is_back=True)
    asked = {"Accept-Language": language}
    assert said not in client.get("/office/sensors", headers=asked).text
    with transaction(house.engine) as session:
        heard(session, "08:47", is_back=True)
    page = client.get("/office/sensors", headers=asked).text
    assert said in page
    assert "8:47" in page
