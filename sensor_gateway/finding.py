"""Devices that announce themselves at the broker by Home Assistant's discovery, and what the gateway calls them."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import SplitResult

from app.clock import Clock
from sensor_gateway.decoders import Wires
from sensor_gateway.decoders.plain import FIELDS
from sensor_gateway.heard import Heard, zone_id
from sensor_gateway.messages import Envelope, Undecodable
from sensor_gateway.mqtt import Link, Wanted

HOME_ASSISTANT = "homeassistant"
CLASSES = frozenset({"occupancy", "presence", "motion", "moving"})
GLANCE = timedelta(milliseconds=250)


@dataclass(frozen=True, slots=True)
class Found:
    """A device that tells of somebody's presence. `sensor_id`: as which it would be heard; empty where it would not.
    `zone_id`: of one that watches several seats, the sensor that this seat is."""

    sensor_id: str
    zone_id: str
    device_class: str
    name: str
    model: str
    topic: str


def announced(url: SplitResult, clock: Clock, wires: Wires, listen_for: timedelta) -> list[Found]:
    """What the broker keeps of announcements and what is announced meanwhile, by topic. Raises BrokerRefused,
    Disconnected."""
    filters = [f"{one}/#" for one in wires.prefixes_of(HOME_ASSISTANT)]
    link = Link(Wanted(url, filters, clock, f"find-{secrets.token_hex(8)}", passing=True))
    link.connect()
    found: dict[str, Found] = {}
    until = time.monotonic() + listen_for.total_seconds()
    try:
        while time.monotonic() < until:
            batch = link.take(GLANCE)
            for envelope in batch.envelopes:
                found |= {one.topic: one for one in _found(envelope, wires)}
            link.acknowledge(batch)
    finally:
        link.close()
    return [found[topic] for topic in sorted(found)]


def _found(envelope: Envelope, wires: Wires) -> Iterator[Found]:
    try:
        told = wires.hear(envelope)
    except Undecodable:
        return
    for one in told:
        topic, kind = one.about.get("state_topic", ""), one.about.get("device_class", "")
        if one.kind != "discovery" or kind not in CLASSES or not topic:
            continue
        heard = _heard(topic, one, wires, envelope.received_at)
        yield Found(
            heard.device_id if heard else "",
            zone_id(heard.device_id, heard.zone) if heard and heard.zone else "",
            kind,
            one.about.get("device_name") or one.about.get("name", ""),
            one.about.get("device_model", ""),
            topic,
        )


def _heard(topic: str, told: Heard, wires: Wires, at: datetime) -> Heard | None:
    """What the gateway would hear on the topic when somebody is there."""
    plain = told.about.get("payload_on", "ON").encode()
    for payload in (plain, *(json.dumps({field: True}).encode() for field in FIELDS)):
        try:
            heard = wires.hear(Envelope(topic, payload, at))
        except Undecodable:
            continue
        if any(one.occupied for one in heard):
            return heard[0]
    return None
