"""A desk for the tests: the device, the broker, the network between them, and whoever listens."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sensor_gateway.broker import GATEWAY_USER, Broker
from sensor_gateway.topics import native_topic
from tests.servers.micropython import Device
from tests.servers.mosquitto import MqttClient
from tests.servers.ntp import TimeServer
from tests.servers.proxy import Proxy
from tests.servers.waiting import wait_until

DESK = "desk-1"
READING, STATUS, CONFIG = (native_topic(DESK, leaf) for leaf in ("reading", "status", "config"))


@dataclass
class Desk:
    """Starts the parts that a test wants; all end with `parts`."""

    parts: ExitStack
    folder: Path
    broker: Broker
    proxy: Proxy
    ntp: TimeServer

    @property
    def flash(self) -> Path:
        return self.folder / "flash"

    def listener(self, topic: str = READING) -> MqttClient:
        """The gateway's user, subscribed; the broker keeps for it what comes while it is away."""
        client = MqttClient(self.broker, GATEWAY_USER, keep=True)
        self.parts.callback(client.disconnect)
        client.connect()
        client.subscribe(topic)
        return client

    def settings(self, **changes: Any) -> dict[str, Any]:
        """The device's own, quick so that a test need not wait; `changes` replace whole entries."""
        return {
            "id": DESK,
            "password": self.broker.credentials[DESK],
            "broker": {
                "host": "127.0.0.1",
                "port": self.proxy.port,
                "keepalive_s": 2,
                "retry_ms": [50, 400],
            },
            "ntp": {"host": "127.0.0.1", "port": self.ntp.port, "retry_ms": 2_500},
            "store": {"folder": str(self.flash), "segments": 32},
            "input": {"kind": "pir", "pin": 4},
            "hold_s": 0,
            "on_ms": 0,
            "heartbeat_s": 300,
        } | changes

    def device(self, **changes: Any) -> Device:
        """The desk sensor, running: it has taken its first reading."""
        device = self.parts.enter_context(Device("run_sensor.py", self.folder, self.settings(**changes)))
        wait_until(lambda: "seen 1" in device.log)
        return device

    def busy_device(self, count: int, *options: str, **changes: Any) -> Device:
        """A desk that changes `count` times as fast as it can, and ends when all is told."""
        return self.parts.enter_context(
            Device("run_flood.py", self.folder, self.settings(**changes), str(count), *options)
        )


@dataclass
class Heard:
    """Readings as they arrived, by boot and seq; `repeats` counts those that came more than once."""

    readings: dict[tuple[str, int], dict[str, Any]]
    repeats: int = 0

    @classmethod
    def until(cls, listener: MqttClient, enough: Callable[[Heard], bool], *, seconds: float = 15) -> Heard:
        """Listen until it is enough. Raises TimeoutError when nothing comes for so long."""
        heard = cls({})
        while not enough(heard):
            heard.take(listener.receive(seconds).payload)
        return heard

    def take(self, data: bytes | bytearray) -> None:
        reading = json.loads(data)
        key = (reading["boot"], reading["seq"])
        if key in self.readings:
            self.repeats += 1
            before = self.readings[key]
            assert {**before, "dropped": 0, "observed_at": 0} == {**reading, "dropped": 0, "observed_at": 0}
        else:
            self.readings[key] = reading

    @property
    def seqs(self) -> list[int]:
        return sorted(seq for _, seq in self.readings)

    def lacks(self, count: int) -> set[int]:
        """Which of the first `count` did not come."""
        return set(range(count)) - set(self.seqs)


@dataclass(frozen=True)
class Published:
    """A PUBLISH as the device sent it."""

    topic: str
    packet_id: int
    qos: int
    is_again: bool
    retain: bool
    payload: bytes


def published(heard: Iterable[bytes | bytearray]) -> Iterator[Published]:
    """What a device published on its connections, one after the other."""
    for connection in heard:
        at = 0
        while at < len(connection):
            first, at = connection[at], at + 1
            length = shift = 0
            while True:
                digit, at = connection[at], at + 1
                length |= (digit & 127) << shift
                shift += 7
                if digit < 128:
                    break
            body, at = bytes(connection[at : at + length]), at + length
            if first >> 4 == 3 and len(body) == length:
                yield _publish(first, body)


def _publish(first: int, body: bytes) -> Published:
    end = 2 + struct.unpack(">H", body[:2])[0]
    packet_id = struct.unpack(">H", body[end : end + 2])[0]
    return Published(
        body[2:end].decode(), packet_id, first >> 1 & 3, bool(first & 8), bool(first & 1), body[end + 2 :]
    )
