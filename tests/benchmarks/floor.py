"""The least that takes readings from a broker into a database: what `ingest` sets the gateway beside.

A paho client in a loop of its own that decodes the JSON and does the same unique insert, straight on the driver, in
batches as large as the gateway's. It checks nothing, knows no sensors, confirms no states. A program of its own, which
loads nothing of the house: `python -m tests.benchmarks.floor COUNT BATCH`, the rest in the environment.
"""

from __future__ import annotations

import json
import os
import select
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from urllib.parse import unquote, urlsplit

import psycopg
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

BROKER, DATABASE = "FLOOR_BROKER", "FLOOR_DATABASE"
Row = tuple[object, ...]
Insert = Callable[[list[Row]], None]

_COLUMNS = "sensor_id, boot, seq, observed_at, received_at, occupied, battery_pct, rssi, history"


def is_sqlite(url: str) -> bool:
    return url.startswith("sqlite:")


@contextmanager
def inserting(url: str) -> Iterator[Insert]:
    """A function that inserts rows and commits, on one connection of the driver, as durable as the product's."""
    if is_sqlite(url):
        statement = f"INSERT INTO readings ({_COLUMNS}) VALUES (?,?,?,?,?,?,?,?,0) ON CONFLICT DO NOTHING"  # noqa: S608
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as lite:
            lite.execute("PRAGMA journal_mode=WAL")
            lite.execute("PRAGMA synchronous=FULL")
            lite.execute("PRAGMA foreign_keys=ON")

            def insert(rows: list[Row]) -> None:
                lite.execute("BEGIN IMMEDIATE")
                lite.executemany(statement, rows)
                lite.execute("COMMIT")

            yield insert
        return
    values = ", ".join(["%s"] * 8)
    statement = f"INSERT INTO readings ({_COLUMNS}) VALUES ({values}, false) ON CONFLICT DO NOTHING"  # noqa: S608
    with psycopg.connect(url.replace("+psycopg", "")) as connection:

        def insert(rows: list[Row]) -> None:
            with connection.cursor() as cursor:
                cursor.executemany(statement, rows)
            connection.commit()

        yield insert


def drain(broker_url: str, database_url: str, *, count: int, batch: int) -> None:
    """Take in and acknowledge so many messages of the session that waits for us."""
    where = urlsplit(broker_url)
    rows: list[Row] = []
    receipts: list[tuple[int, int]] = []
    sqlite = is_sqlite(database_url)

    def on_message(_client: Client, _data: object, message: MQTTMessage) -> None:
        receipts.append((message.mid, message.qos))
        if not message.topic.endswith("/reading"):
            return  # a gateway's word to itself, from when the session was made
        said = json.loads(message.payload)
        observed_at = datetime.fromisoformat(said["observed_at"])
        received_at = datetime.now(UTC)  # noqa: TID251 - the least has no clock of the house
        rows.append(
            (
                message.topic.split("/")[2],
                said["boot"],
                said["seq"],
                _text(observed_at) if sqlite else observed_at,
                _text(received_at) if sqlite else received_at,
                said["occupied"],
                said["battery_pct"],
                said["rssi"],
            )
        )

    client = Client(
        CallbackAPIVersion.VERSION2,
        client_id="gateway",
        protocol=MQTTProtocolVersion.MQTTv5,
        manual_ack=True,
    )
    client.username_pw_set(unquote(where.username or ""), unquote(where.password or ""))
    client.on_message = on_message
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.SessionExpiryInterval = 3600
    properties.ReceiveMaximum = 2 * batch
    client.connect(where.hostname or "", where.port or 1883, clean_start=False, properties=properties)
    socket = client.socket()
    assert socket is not None
    with inserting(database_url) as insert:
        while count > 0:
            while len(rows) < min(batch, count):
                before = len(rows)
                if client.loop_read() is not MQTTErrorCode.MQTT_ERR_SUCCESS:
                    raise ConnectionError("the broker hung up")
                if len(rows) == before:
                    select.select([socket], [], [], 1.0)
            insert(rows)
            for mid, qos in receipts:
                client.ack(mid, qos)
            count -= len(rows)
            rows.clear()
            receipts.clear()
    client.disconnect()


def _text(at: datetime) -> str:
    """As SQLAlchemy stores an instant in SQLite."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


if __name__ == "__main__":
    started = time.perf_counter()
    drain(os.environ[BROKER], os.environ[DATABASE], count=int(sys.argv[1]), batch=int(sys.argv[2]))
    print(time.perf_counter() - started)
