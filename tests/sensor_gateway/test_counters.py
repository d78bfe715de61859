"""Frame counters that begin anew: by a join, by the loss of power without one (ABP), when 16 bits are through."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select

from app.clock import SteppingClock
from app.database import create_engine, reading
from app.occupancy.health import Gaps, sequence_gaps
from app.occupancy.models import StoredReading
from sensor_gateway.handler import Counts, Handler
from sensor_gateway.messages import Envelope
from tests.office import furnish_database

NOW = datetime(2026, 4, 1, 1, 0, tzinfo=UTC)
CHIRP, THINGS, ZONES = "24e124535d000001", "desk-tts", "24e124535d000002"


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    furnish_database(database_url, [CHIRP, THINGS, f"{ZONES}:region_1"])
    engine = create_engine(database_url)
    yield engine
    engine.dispose()


def chirp(
    f_cnt: int, minute: int, *, session: str = "00189440", device: str = CHIRP, **fields: Any
) -> Envelope:
    at = NOW + timedelta(minutes=minute)
    said = {
        "time": at.isoformat(),
        "deviceInfo": {"devEui": device},
        "devAddr": session,
        # What is zero is left out of JSON that is made of protobuf.
        **({"fCnt": f_cnt} if f_cnt else {}),
        "object": fields or {"occupancy": "occupied"},
    }
    topic = f"application/a/device/{device}/event/up"
    return Envelope(topic, json.dumps(said).encode(), at + timedelta(seconds=1))


def things(f_cnt: int, minute: int, *, session: str = "AXA50tHUGUucuzS/bCGMNw==") -> Envelope:
    at = NOW + timedelta(minutes=minute)
    up = {
        "session_key_id": session,
        "received_at": at.isoformat(),
        "decoded_payload": {"occupancy": "vacant"},
    }
    said = {"uplink_message": up | ({"f_cnt": f_cnt} if f_cnt else {})}
    return Envelope(f"v3/a@t/devices/{THINGS}/up", json.dumps(said).encode(), at + timedelta(seconds=1))


def handled(engine: Engine, frames: Sequence[Envelope], *, at_once: int = 100) -> Counts:
    handler = Handler(engine, SteppingClock(NOW + timedelta(hours=2)))
    batches = [frames[n : n + at_once] for n in range(0, len(frames), at_once)]
    return sum((handler.handle(batch) for batch in batches), Counts())


def runs(engine: Engine, sensor: str) -> list[tuple[str | None, int | None]]:
    with reading(engine) as session:
        rows = session.execute(
            select(StoredReading.boot, StoredReading.seq)
            .where(StoredReading.sensor_id == sensor)
            .order_by(StoredReading.observed_at)
        )
        return [(boot, seq) for boot, seq in rows]


def gaps(engine: Engine) -> dict[str, Gaps]:
    with reading(engine) as session:
        return sequence_gaps(session)


@pytest.mark.parametrize("at_once", [1, 3, 100])
@pytest.mark.parametrize("frame", [chirp, things])
def test_what_a_device_says_after_it_lost_its_power_is_stored(
    engine: Engine, frame: Any, at_once: int
) -> None:
    counters = [0, 1, 2, 3, 0, 1, 2, 0, 1, 2, 3, 4]
    frames = [frame(f_cnt, minute) for minute, f_cnt in enumerate(counters)]
    assert handled(engine, frames, at_once=at_once).stored == len(frames)
    sensor = CHIRP if frame is chirp else THINGS
    name = runs(engine, sensor)[0][0]
    assert [boot for boot, _seq in runs(engine, sensor)] == [name] * 4 + [f"{name}~1"] * 3 + [f"{name}~2"] * 5
    assert [seq for _boot, seq in runs(engine, sensor)] == counters
    assert gaps(engine) == {sensor: Gaps(restarts=2)}


def test_whatever_is_delivered_again_after_it_is_stored_once(engine: Engine) -> None:
    frames = [chirp(f_cnt, minute) for minute, f_cnt in enumerate([5, 6, 7, 0, 1, 2, 3, 0, 1])]
    again = frames * 2
    random.Random(4).shuffle(again)
    handled(engine, frames)
    assert handled(engine, again, at_once=4) == Counts(messages=18, repeated=18)
    assert len(runs(engine, CHIRP)) == len(frames)


def test_a_counter_of_sixteen_bits_that_is_through_goes_on(engine: Engine) -> None:
    counters = [65_534, 65_535, 0, 1, 65_534, 65_535, 0]
    frames = [chirp(f_cnt, minute) for minute, f_cnt in enumerate(counters)]
    assert handled(engine, frames, at_once=2).stored == len(frames)


def test_a_join_begins_a_run_by_its_name_and_lost_frames_are_counted_in_each(engine: Engine) -> None:
    before = [chirp(f_cnt, minute) for minute, f_cnt in enumerate([0, 1, 4])]
    joined = [chirp(f_cnt, 10 + f_cnt, session="01497ecc") for f_cnt in (0, 3)]
    restarted = [chirp(f_cnt, 20 + f_cnt, session="01497ecc") for f_cnt in (0, 2)]
    handled(engine, [*before, *joined, *restarted])
    assert [boot for boot, _seq in runs(engine, CHIRP)] == [
        *["00189440"] * 3,
        *["01497ecc"] * 2,
        *["01497ecc~1"] * 2,
    ]
    assert gaps(engine) == {CHIRP: Gaps(2 + 2 + 1, restarts=2)}


def test_a_frame_that_comes_late_is_of_the_run_of_its_time(engine: Engine) -> None:
    frames = [chirp(f_cnt, minute) for minute, f_cnt in enumerate([0, 1, 2, 0, 1, 2])]
    handled(engine, [*frames[:1], *frames[2:4], *frames[5:]])
    handled(engine, [frames[1], frames[4]])
    assert [boot for boot, _seq in runs(engine, CHIRP)] == ["00189440"] * 3 + ["00189440~1"] * 3
    assert gaps(engine) == {CHIRP: Gaps(restarts=1)}


def test_the_zones_of_a_device_restart_with_it(engine: Engine) -> None:
    frames = [chirp(f_cnt, minute, device=ZONES, region_1_count=1) for minute, f_cnt in enumerate([0, 1, 0])]
    handled(engine, frames)
    assert runs(engine, f"{ZONES}:region_1") == [("00189440", 0), ("00189440", 1), ("00189440~1", 0)]
