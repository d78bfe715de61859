"""Many readings at once, as no device would send them."""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion

from sensor_gateway.broker import Broker, Grant
from sensor_gateway.topics import native_topic

FLOOD_USER = "flood"
FLOOD_GRANTS = (Grant("write", "#"),)
CHANGES = 10  # one reading in ten changes the level
_WINDOW = 1_000


def stream(
    sensors: Sequence[str], count: int, until: datetime, *, boot: str = "9c41e0d2a77b3f16"
) -> Iterator[tuple[str, bytes]]:
    """Readings in the order of time, each sensor in turn; every tenth of a sensor's readings turns its level."""
    first = until - timedelta(minutes=-(-count // len(sensors)))
    for number in range(count):
        seq, place = divmod(number, len(sensors))
        at = first + timedelta(minutes=seq, milliseconds=place)
        fields = {
            "boot": boot,
            "seq": seq,
            "observed_at": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "occupied": (seq + place) // CHANGES % 2 == 1,
            "battery_pct": 87,
            "rssi": -61,
        }
        yield native_topic(sensors[place], "reading"), json.dumps(fields, separators=(",", ":")).encode()


def publish_all(broker: Broker, messages: Iterable[tuple[str, bytes]]) -> int:
    """Publish with QoS 1, in order; returns how many once the broker has confirmed them all.

    `broker` must know the user `FLOOD_USER` with `FLOOD_GRANTS`.
    """
    client = Client(CallbackAPIVersion.VERSION2, client_id=FLOOD_USER, protocol=MQTTProtocolVersion.MQTTv5)
    client.username_pw_set(FLOOD_USER, broker.credentials[FLOOD_USER])
    client.max_inflight_messages_set(_WINDOW)
    confirmed = 0

    def on_publish(*_: object) -> None:
        nonlocal confirmed
        confirmed += 1

    client.on_publish = on_publish
    client.connect(broker.host, broker.port)
    while not client.is_connected():
        _turn(client)
    sent = 0
    for topic, payload in messages:
        client.publish(topic, payload, qos=1)
        sent += 1
        while sent - confirmed >= _WINDOW:
            _turn(client)
    while confirmed < sent:
        _turn(client)
    client.disconnect()
    return sent


def _turn(client: Client) -> None:
    if client.loop() is not MQTTErrorCode.MQTT_ERR_SUCCESS:
        raise ConnectionError("the broker hung up on the flood")
