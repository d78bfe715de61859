"""Draining readings queued in a real broker, beside the least that could do it.

    python -m tests.benchmarks.ingest [--sensors N] [--readings N] [--runs N] [--database URL] [--quick]

100,000 readings of N sensors, a tenth of them changes, wait in Mosquitto in the gateway's own session. The gateway's
own code drains them; so does, in turns with it, the floor (`floor.py`): a paho client that decodes the JSON and does
the same unique insert in batches. Each drains in a process of its own into an empty database, five times (`--quick`:
20,000 readings, three times); the medians are told as one JSON line:

    {"per_s": …, "floor_per_s": …, "ratio": …, "lost": …, "duplicated": …, "rss_mb": [after a tenth, at the end]}

`lost` and `duplicated` are counted in SQL over all of the gateway's runs. The clock runs from before the connection
until the last message is acknowledged. `rss_mb` is the memory of the gateway's process in its last run. Of more than
200,000 readings (the broker holds 500,000) the rest is published while it drains, and speed says less.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from statistics import median
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import func, select

from app.clock import system_clock
from app.database import create_engine, reading
from app.occupancy.models import StoredReading
from app.stopping import Stop
from sensor_gateway.broker import GATEWAY_GRANTS, GATEWAY_USER, Broker
from sensor_gateway.connection import BATCH, Wanted
from sensor_gateway.decoders import FILTERS
from sensor_gateway.handler import Counts, Handler
from sensor_gateway.mqtt import Link
from sensor_gateway.run import Gateway
from tests.benchmarks import floor
from tests.benchmarks.databases import fresh_database
from tests.office import furnish_database, sensor_ids
from tests.servers.flood import FLOOD_GRANTS, FLOOD_USER, publish_all, stream
from tests.servers.mosquitto import running_broker
from tests.servers.waiting import wait_until

READINGS, RUNS = 100_000, 5
QUICK_READINGS, QUICK_RUNS = 20_000, 3
SENSORS = 500
PATIENCE = 1800.0
QUEUED_AT_MOST, PORTION = 200_000, 100_000
GATEWAY = [sys.executable, "-m", "tests.benchmarks.ingest", "--drain"]


def run(readings: int, runs: int, sensors: int, server: str) -> dict[str, object]:
    """Measure; `server` is the address of a PostgreSQL database whose user may create others, empty for SQLite."""
    names = sensor_ids(sensors)
    speeds: dict[str, list[float]] = {"gateway": [], "floor": []}
    lost = duplicated = 0
    rss_mb: list[float] = []
    with (
        tempfile.TemporaryDirectory() as folder,
        running_broker(
            Path(folder) / "broker", grants={FLOOD_USER: FLOOD_GRANTS, GATEWAY_USER: GATEWAY_GRANTS}
        ) as broker,
    ):
        for number in range(runs):
            # Who goes first changes, so that a machine that warms up or tires favours neither.
            for who in sorted(speeds, reverse=number % 2 == 1):
                place = Path(folder) / f"{who}-{number}"
                place.mkdir()
                with fresh_database(server, place) as url:
                    furnish_database(url, names)
                    told = _queue_and_drain(who, broker, url, names, readings)
                    speeds[who].append(readings / told["seconds"])
                    stored, distinct = _counted(url)
                if who == "gateway":
                    rss_mb = told["rss_mb"]
                    lost += readings - distinct
                    duplicated += stored - distinct
    per_s, floor_per_s = median(speeds["gateway"]), median(speeds["floor"])
    return {
        "per_s": round(per_s),
        "floor_per_s": round(floor_per_s),
        "ratio": round(per_s / floor_per_s, 2),
        "lost": lost,
        "duplicated": duplicated,
        "rss_mb": rss_mb,
    }


def _queue_and_drain(who: str, broker: Broker, url: str, sensors: Sequence[str], readings: int) -> Any:
    """What a process of its own tells that drained what it found queued: `seconds`, of the gateway `rss_mb`."""
    address = broker.url(GATEWAY_USER)
    link = Link(Wanted(urlsplit(address), FILTERS, system_clock))
    link.connect()
    link.close()
    messages = stream(sensors, readings, system_clock())
    queued = publish_all(broker, islice(messages, QUEUED_AT_MOST))
    command = {
        "gateway": [*GATEWAY, str(readings)],
        "floor": [sys.executable, "-m", floor.__name__, str(readings), str(BATCH)],
    }[who]
    environment = dict(os.environ) | {floor.BROKER: address, floor.DATABASE: url}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as draining:
        try:
            while queued < readings:
                wait_until(lambda queued=queued: _newest(url) > queued - PORTION, seconds=PATIENCE)  # type: ignore[misc]
                queued += publish_all(broker, islice(messages, PORTION))
            said, _ = draining.communicate(timeout=PATIENCE)
        finally:
            draining.kill()
    if draining.returncode != 0:
        raise RuntimeError(f"the {who} ended with status {draining.returncode}")
    told = json.loads(said)
    return told if isinstance(told, dict) else {"seconds": told}


def _newest(url: str) -> int:
    """The number of the newest reading, which is about how many there are."""
    engine = create_engine(url)
    with reading(engine) as session:
        newest = session.scalar(select(func.max(StoredReading.id)))
    engine.dispose()
    return newest or 0


def _counted(url: str) -> tuple[int, int]:
    """How many readings are stored, and how many different ones."""
    names = select(StoredReading.sensor_id, StoredReading.boot, StoredReading.seq).distinct().subquery()
    engine = create_engine(url)
    with reading(engine) as session:
        stored = session.scalar(select(func.count()).select_from(StoredReading))
        distinct = session.scalar(select(func.count()).select_from(names))
    engine.dispose()
    return stored or 0, distinct or 0


class _Counted(Handler):
    """The gateway's handler, which tells when so many messages are through, and what memory it took by then."""

    def expect(self, messages: int, stop: Stop) -> None:
        self._all, self._left, self._stop = messages, messages, stop
        self.rss_mb: list[float] = []
        self._counting = Lock()

    def store(self, *args: object, **kwargs: object) -> Counts:
        counts = super().store(*args, **kwargs)  # type: ignore[arg-type]
        with self._counting:  # the parts of a batch are stored side by side
            self._left -= counts.messages
            if not self.rss_mb and self._all - self._left >= self._all / 10:
                self.rss_mb.append(_rss_mb())
            if self._left <= 0:
                self.rss_mb.append(_rss_mb())
                self._stop.tell()
        return counts


def _rss_mb() -> float:
    """The memory that this process has, in MB; of a system without /proc the most that it had."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        return round(int(statm.read_text().split()[1]) * resource.getpagesize() / 1e6, 1)
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 1)


def drain(broker_url: str, database_url: str, readings: int) -> dict[str, object]:
    """The seconds that the gateway takes from before the connection until the last acknowledgement, and its memory."""
    engine = create_engine(database_url)
    stop = Stop()
    handler = _Counted(engine, system_clock)
    handler.expect(readings, stop)
    started = time.perf_counter()
    link = Link(Wanted(urlsplit(broker_url), FILTERS, system_clock))
    Gateway(link, handler, stop).run()
    seconds = time.perf_counter() - started
    link.close()
    engine.dispose()
    return {"seconds": seconds, "rss_mb": handler.rss_mb}


def main() -> None:
    """Read the arguments, measure, print one line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sensors", type=int, default=SENSORS)
    parser.add_argument("--readings", type=int)
    parser.add_argument("--runs", type=int)
    parser.add_argument("--database", default="", help="a PostgreSQL database whose user may create others")
    parser.add_argument("--quick", action="store_true", help="20,000 readings, three times")
    parser.add_argument("--drain", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.drain:
        print(json.dumps(drain(os.environ[floor.BROKER], os.environ[floor.DATABASE], given.drain)))
        return
    readings, runs = (QUICK_READINGS, QUICK_RUNS) if given.quick else (READINGS, RUNS)
    print(json.dumps(run(given.readings or readings, given.runs or runs, given.sensors, given.database)))


if __name__ == "__main__":
    main()
