"""What arrived of a sensor's words, by the simulator's own text: what the house made or lost of it plays no part."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from firmware_stubs.simulator.stream import Fleet, deliveries
from firmware_stubs.simulator.wires import said as wires
from tests.benchmarks.gold_comparing import Said

NATIVE = "native"
# Who carries the message on says when; what was kept has its own time.
DATED_ON_THE_WAY = frozenset({"things_stack", "chirpstack", "zigbee2mqtt", "disruptive"})
UNDATED = frozenset({"tasmota", "esphome", "homie"})
KEPT_IS_HISTORY = frozenset({"things_stack", "chirpstack", "sparkplug"})

# The boot and the number; on wires whose messages have no name of their own, the boot and the place in the stream.
Name = tuple[str, int]


def heard(fleet: Fleet, sensor_id: str) -> dict[Name, Said]:
    """All that arrived of one sensor, in that order; a second copy of what has a name tells nothing (RULES 3). One
    sensor at a time, so that a large fleet's weeks need no memory."""
    found: dict[Name, Said] = {}
    for place, (received_at, word) in enumerate(deliveries(replace(fleet, sensors=[sensor_id]))):
        name = (word.boot, word.seq if fleet.wire == NATIVE else place)
        found.setdefault(
            name,
            Said(
                received_at,
                _told_at(fleet.wire, word) or received_at,
                word.occupied,
                word.kept and fleet.wire in KEPT_IS_HISTORY,
            ),
        )
    return found


def _told_at(wire: str, word: wires.Said) -> datetime | None:
    """Of when a message on the wire says that it tells."""
    if wire in UNDATED:
        return None
    if wire in DATED_ON_THE_WAY and not word.kept:
        return word.at or word.sent_at if wire == "disruptive" else word.sent_at
    return word.at
