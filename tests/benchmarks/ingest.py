"""Draining readings queued in a real broker, beside the least that could do it.

    python -m tests.benchmarks.ingest [--sensors N] [--database URL] [--quick]

100,000 readings of N sensors, a tenth of them changes, wait in Mosquitto in the gateway's own session. The gateway
process's code drains them; so does, beside it, a floor: a paho client in the same loop that decodes the JSON and
does the same unique insert with the same statement in batches of the same size, and nothing else. Both run in a
process of their own, in turns, each on an empty database; the median of five is told as one JSON line:

    {"per_s": …, "floor_per_s": …, "ratio": …, "lost": …, "duplicated": …}
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

from sqlalchemy import create_engine as plain_engine
from sqlalchemy import make_url, text

from app import migrate
from app.clock import system_clock
from app.database import create_engine, reading, transaction
from app.occupancy.readings import Reading
from app.occupancy.service import store
from app.settings import Settings
from sensor_gateway.broker import GATEWAY_GRANTS, GATEWAY_USER, Broker, Grant, new_password
from sensor_gateway.decoders import FILTERS
from sensor_gateway.handler import Counts, Handler
from sensor_gateway.mqtt import Link, Wanted
from sensor_gateway.run import Gateway, Stop
from sensor_gateway.topics import native_topic, parse_native
from tests.office import furnish_database, sensor_ids
from tests.servers.flood import publish_all

READINGS, RUNS = 100_000, 5
QUICK_READINGS, QUICK_RUNS = 20_000, 3
CHANGES = 10  # one reading in ten changes the level
PUBLISHER = "flood"
PATIENCE = 600.0


def stream(sensors: list[str], count: int, until: datetime) -> Iterator[tuple[str, bytes]]:
    """Readings in the order of time, each sensor in turn; every tenth of a sensor's readings turns its level."""
    rounds = -(-count // len(sensors))
    first = until - timedelta(minutes=rounds)
    for number in range(count):
        seq, place = divmod(number, len(sensors))
        at = first + timedelta(minutes=seq, milliseconds=place)
        fields = {
            "boot": "9c41e0d2a77b3f16",
            "seq": seq,
            "observed_at": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "occupied": (seq + place) // CHANGES % 2 == 1,
            "battery_pct": 87,
            "rssi": -61,
        }
        yield native_topic(sensors[place], "reading"), json.dumps(fields, separators=(",", ":")).encode()


class FloorHandler(Handler):
    """The least: read the JSON, insert what is not there yet."""

    def handle(self, envelopes: Sequence[Envelope]) -> Counts:
        readings = []
        for envelope in envelopes:
            fields = json.loads(envelope.payload)
            readings.append(
                Reading(
                    parse_native(envelope.topic).sensor_id,
                    datetime.fromisoformat(fields["observed_at"]),
                    envelope.received_at,
                    fields["occupied"],
                    fields["boot"],
                    fields["seq"],
                    fields["battery_pct"],
                    fields["rssi"],
                )
            )
        with transaction(self._engine) as session:
            stored = store(session, readings)
        return Counts(messages=len(envelopes), stored=len(stored))
