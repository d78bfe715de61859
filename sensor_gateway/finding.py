"""Asking the broker who announced itself, and what the gateway calls them."""

from __future__ import annotations

import secrets
import time
from dataclasses import replace
from datetime import timedelta

from app.settings import Settings
from sensor_gateway import announcements
from sensor_gateway.announcements import Found
from sensor_gateway.connection import Wanted
from sensor_gateway.decoders import Wires
from sensor_gateway.mqtt import Link
from sensor_gateway.trust import Trust

GLANCE = timedelta(milliseconds=250)


def announced(settings: Settings, wires: Wires, listen_for: timedelta) -> list[Found]:
    """What the broker keeps of announcements and what is announced meanwhile, by topic. Raises BrokerRefused,
    Disconnected."""
    name, filters = f"find-{secrets.token_hex(8)}", announcements.filters(wires)
    wanted = Wanted(settings.mqtt, filters, settings.clock, name, passing=True)
    link = Link(replace(wanted, trust=Trust.of(settings)))
    link.connect()
    found: dict[str, Found] = {}
    until = time.monotonic() + listen_for.total_seconds()
    try:
        while time.monotonic() < until:
            batch = link.take(GLANCE)
            for envelope in batch.envelopes:
                found |= {one.topic: one for one in announcements.found(envelope, wires)}
            link.acknowledge(batch)
    finally:
        link.close()
    return [found[topic] for topic in sorted(found)]
