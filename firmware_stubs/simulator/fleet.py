"""A fleet on a real broker: one connection and one password per device, QoS 1, the last minute again after a loss."""

from __future__ import annotations

import secrets
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from paho.mqtt.client import Client, MQTTMessageInfo
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.reasoncodes import ReasonCode

from firmware_stubs.simulator.device import Numbered, Scenario
from firmware_stubs.simulator.wires import native

LAST_MINUTE = timedelta(minutes=1)
CONNECT_SECONDS = 10


@dataclass(slots=True)
class Device:
    """One sensor's connection. `publish` returns what to wait for until the broker has it."""

    scenario: Scenario
    client: Client
    numbered: Numbered
    recent: deque[tuple[datetime, bytes]] = field(default_factory=lambda: deque(maxlen=64))
    connected: threading.Event = field(default_factory=threading.Event)

    @property
    def topic(self) -> str:
        return f"akiseki/v1/{self.scenario.sensor_id}/reading"

    def publish(self, at: datetime, *, occupied: bool) -> MQTTMessageInfo:
        topic, payload = native.encode(self.numbered.said(at, occupied=occupied, sent_at=at))
        self.recent.append((at, payload))
        return self.client.publish(topic, payload, qos=1)

    def on_connect(self, client: Client, _data: Any, _flags: Any, answer: ReasonCode, _more: Any) -> None:
        if answer.is_failure:
            return
        client.publish(f"akiseki/v1/{self.scenario.sensor_id}/status", "online", qos=1, retain=True)
        if self.recent:
            # A copy: this is paho's thread, and an exception here would end it.
            recent = list(self.recent)
            newest = recent[-1][0]
            for at, payload in recent:
                if newest - at <= LAST_MINUTE:
                    client.publish(self.topic, payload, qos=1)
        self.connected.set()


class Fleet:
    """All simulated sensors of an office, connected."""

    def __init__(
        self,
        scenarios: Mapping[str, Scenario],
        accounts: Mapping[str, Sequence[str]],
        *,
        host: str,
        port: int,
    ) -> None:
        self.devices = [
            _device(scenario, accounts[sensor_id], host, port) for sensor_id, scenario in scenarios.items()
        ]
        for device in self.devices:
            if not device.connected.wait(CONNECT_SECONDS):
                self.close()
                raise TimeoutError(f"{device.scenario.sensor_id} could not connect to {host}:{port}")

    def publish(self, after: datetime, until: datetime) -> int:
        """Publish what the fleet would have said in `(after, until]`; returns how many once the broker has them all.

        A device without a connection is not waited for: it says so again when it has one.
        """
        sent = [
            device.publish(at, occupied=occupied)
            for device in self.devices
            for at, occupied in device.scenario.readings(after, until)
        ]
        for info in sent:
            if info.rc is not MQTTErrorCode.MQTT_ERR_NO_CONN:
                info.wait_for_publish(CONNECT_SECONDS)
        return len(sent)

    def close(self) -> None:
        for device in self.devices:
            device.client.disconnect()
        for device in self.devices:
            device.client.loop_stop()


def _device(scenario: Scenario, account: Sequence[str], host: str, port: int) -> Device:
    client = Client(CallbackAPIVersion.VERSION2, client_id=scenario.sensor_id)
    user, password = account
    if user:
        client.username_pw_set(user, password)
    client.will_set(f"akiseki/v1/{scenario.sensor_id}/status", "offline", qos=1, retain=True)
    client.reconnect_delay_set(1, 30)
    device = Device(scenario, client, Numbered(scenario.sensor_id, secrets.token_hex(8)))
    client.on_connect = device.on_connect
    client.connect(host, port, keepalive=60)
    client.loop_start()
    return device
