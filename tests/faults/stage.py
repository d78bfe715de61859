"""What the fault tests stand on: sensors, a broker, a gateway that dies, and the count of what came of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from random import Random

from sqlalchemy import Engine, func, select

from app.clock import SteppingClock
from app.database import create_engine, reading
from app.occupancy.health import sequence_gaps
from app.occupancy.models import DeadLetter, OccupancyChange, StoredReading
from sensor_gateway.broker import GATEWAY_USER, Broker
from sensor_gateway.handler import Handler
from sensor_gateway.messages import Envelope
from tests.servers.processes import Program

Row = tuple[object, ...]


def randomness() -> Random:
    """Random moments; the seed is printed, so that a failure can be looked at again."""
    seed = Random().randrange(2**32)
    print(f"seed {seed}")
    return Random(seed)


def gateway(folder: Path, database_url: str, broker: Broker, **more: str) -> Program:
    """The gateway, not yet started; with more settings."""
    settings = {"DATABASE_URL": database_url, "MQTT_URL": broker.url(GATEWAY_USER)}
    return Program("gateway", folder, settings | more)


@contextmanager
def opened(url: str) -> Iterator[Engine]:
    engine = create_engine(url)
    try:
        yield engine
    finally:
        engine.dispose()


def stored(engine: Engine) -> int:
    """How many numbered readings are stored."""
    with reading(engine) as session:
        query = select(func.count()).select_from(StoredReading).where(StoredReading.seq.is_not(None))
        return session.scalar(query) or 0


def words(engine: Engine) -> list[bool | None]:
    """What was said of the space, in the order in which it was stored."""
    with reading(engine) as session:
        return list(session.scalars(select(StoredReading.occupied).order_by(StoredReading.id)))


def names(engine: Engine) -> list[Row]:
    """(sensor, boot, seq) of everything numbered that is stored, in order."""
    with reading(engine) as session:
        query = select(StoredReading.sensor_id, StoredReading.boot, StoredReading.seq).where(
            StoredReading.seq.is_not(None)
        )
        return sorted(tuple(row) for row in session.execute(query))


def gaps(engine: Engine) -> dict[str, int]:
    with reading(engine) as session:
        return {sensor: one.missing for sensor, one in sequence_gaps(session).items() if one.missing}


def restarts(engine: Engine) -> dict[str, int]:
    with reading(engine) as session:
        return {sensor: one.restarts for sensor, one in sequence_gaps(session).items() if one.restarts}


def dead_letters(engine: Engine) -> int:
    with reading(engine) as session:
        return session.scalar(select(func.count()).select_from(DeadLetter)) or 0


def changes(engine: Engine) -> list[Row]:
    """What was confirmed, in an order that does not depend on the batches."""
    with reading(engine) as session:
        query = select(
            OccupancyChange.sensor_id, OccupancyChange.at, OccupancyChange.state, OccupancyChange.since_at
        )
        return sorted(tuple(row) for row in session.execute(query))


def in_one_go(engine: Engine, messages: list[tuple[str, bytes]], now: datetime) -> list[Row]:
    """The changes that the same messages bring when nothing fails."""
    handler = Handler(engine, SteppingClock(now))
    handler.handle([Envelope(topic, payload, now) for topic, payload in messages])
    return changes(engine)
