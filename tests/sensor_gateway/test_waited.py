"""What waited for the gateway and bears no time of its own tells what is so now, and nothing of who came and went."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, select

from app.bookings.models import Booking
from app.bookings.reserve import reserve
from app.clock import SteppingClock
from app.database import create_engine, reading, transaction
from app.jobs import sweep_once
from app.occupancy.rules import Occupancy
from app.settings import TOKYO, OfficeHours
from app.telework.service import Office
from app.timespan import TimeSpan
from app.usage.models import UsageSession
from sensor_gateway.handler import Handler
from sensor_gateway.messages import Envelope
from sensor_gateway.topics import native_topic
from tests.faults import stage
from tests.office import furnish
from tests.staff import hire

MINUTE = timedelta(minutes=1)
MORNING = datetime(2026, 11, 24, 8, tzinfo=TOKYO).astimezone(UTC)
CAME = MORNING + timedelta(hours=4, minutes=50)
BOOKED = TimeSpan(MORNING + timedelta(hours=5), MORNING + timedelta(hours=9))
DESK = "desk-1"


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = create_engine(database_url)
    with transaction(engine) as session:
        (space_id,) = furnish(session, [DESK], heartbeat_s=7200)
        (person,) = hire(session, 1, now=MORNING)
        reserve(session, actor=person, space_id=space_id, span=BOOKED, now=MORNING)
    yield engine
    engine.dispose()


def switched(word: str, at: datetime = CAME, *, waited: bool = True) -> Envelope:
    came_at = at if waited else None
    return Envelope(f"tele/{DESK}/SENSOR", b'{"Switch1":"%s"}' % word.encode(), at, came_at=came_at)


def told(leaf: str, payload: bytes, received_at: datetime = CAME) -> Envelope:
    """A native message that waited."""
    return Envelope(native_topic(DESK, leaf), payload, received_at, came_at=CAME)


def numbered(seq: int, occupied: bool, **more: str) -> bytes:
    return json.dumps({"boot": "b", "seq": seq, "occupied": occupied, **more}).encode()


def status(engine: Engine) -> str:
    with reading(engine) as session:
        return session.scalars(select(Booking.status)).one()


def sessions(engine: Engine) -> int:
    with reading(engine) as session:
        return len(session.scalars(select(UsageSession)).all())


def swept(engine: Engine, at: datetime) -> None:
    sweep_once(engine, at, Office(TOKYO, OfficeHours()))


@pytest.mark.parametrize("apart", [False, True])
def test_who_came_and_went_meanwhile_is_no_evidence_and_no_session(engine: Engine, *, apart: bool) -> None:
    """`apart`: a backlog comes in as many batches as it needs."""
    handler = Handler(engine, SteppingClock(CAME))
    # Occupied before the booking's window, which is carried over.
    handler.handle(
        [switched(word, CAME - n * MINUTE, waited=False) for n, word in ((16, "ON"), (15, "OFF"), (14, "ON"))]
    )
    words = [switched(word) for word in ("ON", "OFF", "ON", "OFF")]
    for batch in [[one] for one in words] if apart else [words]:
        handler.handle(batch)
    swept(engine, CAME + 10 * MINUTE)
    assert status(engine) == "booked"


def test_nobody_is_checked_in_by_what_waited_but_by_what_is_said_next(engine: Engine) -> None:
    clock = SteppingClock(CAME)
    handler = Handler(engine, clock)
    handler.handle([switched(word) for word in ("ON", "OFF", "ON", "OFF")])
    swept(engine, CAME + 10 * MINUTE)
    assert (status(engine), sessions(engine)) == ("booked", 0)
    assert stage.words(engine) == [True, False, True, False]
    for minutes, word in ((15, "ON"), (16, "OFF"), (17, "ON")):
        clock.at = CAME + minutes * MINUTE
        handler.handle([switched(word, clock.at, waited=False)])
    assert (status(engine), sessions(engine)) == ("checked_in", 1)


def test_what_waited_and_bears_a_time_counts_as_of_then(engine: Engine) -> None:
    ago = [CAME - 3 * MINUTE, CAME - 2 * MINUTE, CAME - MINUTE]
    said = [
        {"boot": "b", "seq": seq, "occupied": seq != 1, "observed_at": at.isoformat()}
        for seq, at in enumerate(ago)
    ]
    Handler(engine, SteppingClock(CAME)).handle([told("reading", json.dumps(one).encode()) for one in said])
    assert stage.words(engine) == [True, False, True]
    assert sessions(engine) == 1


def test_a_last_will_behind_a_number_that_waited_is_the_last_word(engine: Engine) -> None:
    said = [told("reading", numbered(5, occupied=True)), told("status", b"offline")]
    Handler(engine, SteppingClock(CAME)).handle(said)
    assert [row[2] for row in stage.changes(engine)] == [Occupancy.OFFLINE]


def test_a_copy_of_what_waited_takes_nothing_from_the_word_itself(engine: Engine) -> None:
    handler = Handler(engine, SteppingClock(CAME))
    counts = handler.handle([told("reading", numbered(5, occupied=True))] * 2)
    assert (counts.stored, counts.repeated) == (1, 1)
    handler.handle(
        [told("reading", numbered(6, occupied=False)), told("reading", numbered(5, occupied=True))]
    )
    assert stage.words(engine) == [True, False]
    swept(engine, CAME + 10 * MINUTE)
    assert [row[2] for row in stage.changes(engine)] == [Occupancy.VACANT]


def test_a_clock_that_is_fast_is_judged_by_when_its_word_was_taken(engine: Engine) -> None:
    """The gateway came 90 seconds ago, and the device is four minutes ahead."""
    taken_at = CAME + timedelta(seconds=90)
    word = numbered(1, occupied=True, observed_at=(taken_at + 4 * MINUTE).isoformat())
    counts = Handler(engine, SteppingClock(taken_at)).handle([told("reading", word, taken_at)])
    assert (counts.stored, counts.dead) == (1, 0)


def test_what_comes_again_over_a_second_connection_is_no_second_hit(engine: Engine) -> None:
    """The gateway is killed in the middle of its backlog, and has the rest 20 seconds later."""
    clock = SteppingClock(CAME)
    handler, again = Handler(engine, clock), CAME + timedelta(seconds=20)
    handler.handle([switched("ON")])
    clock.at = again
    for batch in (("ON", "OFF"), ("ON",), ("OFF",)):
        handler.handle([switched(word, again) for word in batch])
    swept(engine, CAME + 10 * MINUTE)
    assert stage.changes(engine) == []
