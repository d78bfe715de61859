"""kill -9 of the jobs and of their database: each due release happens, and happens once."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import Engine, func, select

from app.bookings.models import Booking
from app.bookings.rules import Status
from app.clock import ShownClock, SteppingClock, system_clock
from app.database import reading, transaction
from app.events import Event
from app.migrate import upgrade
from sensor_gateway.handler import Handler
from sensor_gateway.messages import Envelope
from tests.faults import stage
from tests.office import furnish, sensor_ids
from tests.servers.postgres import PostgresServer
from tests.servers.processes import Program
from tests.servers.waiting import wait_until
from tests.staff import book, hire

MORNING = datetime(2026, 4, 1, 0, 0, tzinfo=UTC)
BOOKED = 30
GRACE = timedelta(hours=1)  # the default of seats
HEARTBEAT = timedelta(minutes=10)
SECONDS = 60.0


def office_that_nobody_comes_to(engine: Engine) -> None:
    """Seats booked from nine on, a minute apart, whose sensors will say all day that nobody is there."""
    sensors = sensor_ids(BOOKED)
    with transaction(engine) as session:
        spaces = furnish(session, sensors)
        for number, person in enumerate(hire(session, BOOKED, now=MORNING)):
            start = MORNING + timedelta(minutes=number)
            book(session, person, spaces[number], start, timedelta(hours=20), now=MORNING)
    envelopes = []
    for beat in range(-3, 6 * 20):
        at = MORNING + beat * HEARTBEAT
        for sensor in sensors:
            payload = b'{"boot":"b","seq":%d,"observed_at":"%s","occupied":false}' % (
                beat + 3,
                at.isoformat().encode(),
            )
            envelopes.append(Envelope(f"akiseki/v1/{sensor}/reading", payload, at))
    # What is dated later than the shown clock has not been said yet: the sweep does not look at it.
    Handler(engine, SteppingClock(MORNING)).handle(envelopes)


def jobs(folder: Path, name: str, url: str, clock: ShownClock) -> Program:
    own = folder / name
    own.mkdir()
    # The lock of the leader lies in the data folder, which the two have in common.
    settings = {"DATABASE_URL": url, "CLOCK": str(clock), "DATA_DIR": str(folder)}
    return Program("jobs", own, settings)


def clock_for(long: bool) -> ShownClock:
    """The morning passes in seconds, in the long form slowly enough for many kills."""
    return ShownClock(system_clock() + timedelta(seconds=1), MORNING, 300 if long else 1_200)


def released(engine: Engine) -> int:
    with reading(engine) as session:
        return session.scalar(select(func.count()).where(Booking.status == Status.RELEASED)) or 0


def releases(engine: Engine) -> dict[str, int]:
    """How often each booking was released."""
    with reading(engine) as session:
        rows = session.execute(
            select(Event.subject, func.count())
            .where(Event.kind == "booking.released")
            .group_by(Event.subject)
        )
        return {subject: count for subject, count in rows}  # noqa: C416 - rows are tuples, not items


def kill_until_all_are_released(
    kill: Callable[[], None], random: Random, count: Callable[[], int], *, longest: float
) -> None:
    deadline = time.monotonic() + SECONDS * 3
    while count() < BOOKED:
        assert time.monotonic() < deadline, f"{count()} of {BOOKED} released"
        time.sleep(random.uniform(0.5, longest))
        kill()


@pytest.mark.timeout(600)
def test_jobs_killed_again_and_again_release_each_booking_once(
    database_url: str, tmp_path: Path, long: bool
) -> None:
    random = stage.randomness()
    with stage.opened(database_url) as engine:
        office_that_nobody_comes_to(engine)
        clock = clock_for(long)
        killed = 0
        with (
            jobs(tmp_path, "one", database_url, clock) as one,
            jobs(tmp_path, "other", database_url, clock) as other,
        ):

            def kill() -> None:
                nonlocal killed
                victim = random.choice([one, other])
                victim.kill9()
                victim.start()
                killed += 1

            kill_until_all_are_released(kill, random, lambda: released(engine), longest=2.5)
            wait_until(lambda: released(engine) == BOOKED, seconds=SECONDS)
            time.sleep(1)  # for whoever would release a second time
        assert killed
        assert set(releases(engine).values()) == {1}
        assert len(releases(engine)) == BOOKED


@pytest.mark.timeout(600)
def test_a_database_killed_under_the_jobs_has_each_booking_released_once(tmp_path: Path, long: bool) -> None:
    random = stage.randomness()
    with PostgresServer(durable=True) as server:
        url = server.create_database()
        upgrade(url)
        with stage.opened(url) as engine:
            office_that_nobody_comes_to(engine)

        def count() -> int:
            with stage.opened(url) as engine:
                return released(engine)

        def kill() -> None:
            server.kill9()
            time.sleep(random.uniform(0, 0.3))
            server.start()

        with jobs(tmp_path, "only", url, clock_for(long)) as only:
            kill_until_all_are_released(kill, random, count, longest=2)
            time.sleep(1)
            assert only.running
        with stage.opened(url) as engine:
            assert set(releases(engine).values()) == {1}
            assert len(releases(engine)) == BOOKED
        assert "did not answer" in only.log
