"""A fleet's messages to where they are wanted: a broker, by one connection for all, or a file of readings."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import BoundedSemaphore, Event
from typing import Any
from urllib.parse import SplitResult, unquote

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from firmware_stubs.simulator.stream import Message
from firmware_stubs.simulator.wires.said import rfc_3339

CONNECT_SECONDS = 10.0
# How long the broker may take for one message while so many wait; beyond it something is wrong.
ANSWER_SECONDS = 60.0
UNDER_WAY = 1_000
PORTS = {"mqtt": 1883, "mqtts": 8883}


class CannotPublish(Exception):
    """The broker cannot be reached, refuses the account, or answers no more; says which."""


@dataclass(frozen=True, slots=True)
class Published:
    """How many messages the broker took, and how many it refused: the account may not write their topics."""

    taken: int = 0
    refused: int = 0


@dataclass(frozen=True, slots=True)
class Pace:
    """So many messages a second, or so many times as fast as it happened; as fast as can be where neither is given."""

    rate: float | None = None
    speed: float | None = None

    def waits(self, number: int, first: datetime, at: datetime) -> float:
        """After how many seconds from the start a message is due: the `number`th from 0, which came at `at`."""
        if self.rate:
            return number / self.rate
        return (at - first).total_seconds() / self.speed if self.speed else 0.0


def publish(url: SplitResult, messages: Iterable[Message], pace: Pace) -> Published:
    """Publish with QoS 1 and in order; returns once the broker has answered to all. Raises CannotPublish."""
    broker = _Broker(url)
    try:
        broker.connect()
        _at_pace(messages, pace, broker.send)
        return broker.finish()
    finally:
        broker.close()


def _at_pace(messages: Iterable[Message], pace: Pace, send: Callable[[Message], None]) -> None:
    started = time.monotonic()
    first: datetime | None = None
    for number, message in enumerate(messages):
        first = first or message.at
        due = started + pace.waits(number, first, message.at)
        time.sleep(max(0.0, due - time.monotonic()))
        send(message)


class _Broker:
    def __init__(self, url: SplitResult) -> None:
        self.host, self.port = url.hostname or "127.0.0.1", url.port or PORTS[url.scheme]
        self.under_way = BoundedSemaphore(UNDER_WAY)
        self.answered = Event()
        self.refusal = ""
        self.taken = self.refused = 0
        # In MQTT 5 a broker says that it refuses a message.
        self.client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
        self.client.max_inflight_messages_set(UNDER_WAY)
        self.client.on_connect = self._connected
        self.client.on_publish = self._answered
        if url.username:
            self.client.username_pw_set(unquote(url.username), unquote(url.password or ""))
        if url.scheme == "mqtts":
            self.client.tls_set()

    def connect(self) -> None:
        try:
            self.client.connect(self.host, self.port)
        except OSError as error:
            raise CannotPublish(f"{self.host}:{self.port} cannot be reached: {error}") from error
        self.client.loop_start()
        if not self.answered.wait(CONNECT_SECONDS):
            raise CannotPublish(f"{self.host}:{self.port} does not answer as a broker does")
        if self.refusal:
            raise CannotPublish(f"{self.host}:{self.port} refuses the account: {self.refusal}")

    def send(self, message: Message) -> None:
        if not self.under_way.acquire(timeout=ANSWER_SECONDS):
            raise CannotPublish(f"{self.host}:{self.port} answers no more")
        said = self.client.publish(message.topic, message.payload, qos=1)
        if said.rc not in {MQTTErrorCode.MQTT_ERR_SUCCESS, MQTTErrorCode.MQTT_ERR_NO_CONN}:
            raise CannotPublish(f"{self.host}:{self.port}: {said.rc.name}")

    def finish(self) -> Published:
        """Wait for the last answers."""
        for _ in range(UNDER_WAY):
            if not self.under_way.acquire(timeout=ANSWER_SECONDS):
                raise CannotPublish(f"{self.host}:{self.port} answers no more")
        return Published(self.taken, self.refused)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()

    def _connected(self, _client: Client, _data: Any, _flags: Any, answer: ReasonCode, _more: Any) -> None:
        self.refusal = str(answer) if answer.is_failure else ""
        self.answered.set()

    def _answered(self, _client: Client, _data: Any, _id: int, answer: ReasonCode, _more: Any) -> None:
        if answer.is_failure:
            self.refused += 1
        else:
            self.taken += 1
        self.under_way.release()


def write(path: Path, messages: Iterable[Message]) -> int:
    """Native messages as the lines that `akiseki replay` reads; returns how many. A reading without a time of its own
    is written with that of its arrival, as who records it would. Raises OSError."""
    written = 0
    with path.open("w", encoding="utf-8") as file:
        for message in messages:
            sensor_id = message.topic.split("/")[2]
            fields = {"sensor_id": sensor_id, "observed_at": rfc_3339(message.at)} | json.loads(
                message.payload
            )
            file.write(json.dumps(fields, separators=(",", ":")) + "\n")
            written += 1
    return written
