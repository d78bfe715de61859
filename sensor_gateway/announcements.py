"""Devices that announce themselves by Home Assistant's discovery: what they are, and as whom they would be heard."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from app.occupancy.gateways import Announced
from app.texts import is_line
from sensor_gateway.decoders import Wires
from sensor_gateway.decoders.plain import FIELDS
from sensor_gateway.heard import MOST_ID, Heard
from sensor_gateway.messages import Envelope, Undecodable

WIRE = "homeassistant"
CLASSES = frozenset({"occupancy", "presence", "motion", "moving"})
MOST_TOPIC, MOST_NAME, MOST_SECONDS = 256, 120, 86_400


def filters(wires: Wires) -> list[str]:
    """The topics of announcements alone, with a node in them or without, at this site too."""
    return [f"{one}/{levels}/config" for one in wires.prefixes_of(WIRE) for levels in ("+/+", "+/+/+")]


def is_announcement(topic: str, wires: Wires) -> bool:
    """Whether a message tells what a device is, not what it sees; of one that could be kept."""
    is_one = topic.endswith("/config") and topic.startswith(
        tuple(f"{one}/" for one in wires.prefixes_of(WIRE))
    )
    return is_one and len(topic) <= MOST_TOPIC and is_line(topic)


def rows_of(envelope: Envelope, wires: Wires) -> list[Announced]:
    """What is kept of an announcement: of each device that tells of somebody's presence as whom the gateway would hear
    it, and, of one that watches several seats, of which part; nothing where it is taken back, cannot be read, or is of
    something else."""
    try:
        return [*_rows(wires.hear(envelope), wires, envelope)]
    except Undecodable:
        return []


def _rows(told: Iterable[Heard], wires: Wires, envelope: Envelope) -> Iterator[Announced]:
    for one in told:
        topic, kind = one.about.get("state_topic", ""), one.about.get("device_class", "")
        if one.kind != "discovery" or kind not in CLASSES or not topic:
            continue
        heard = _heard(topic, one, wires, envelope)
        if heard and is_line(heard.zone) and len(heard.zone) <= MOST_ID:
            yield Announced(
                heard.device_id,
                heard.zone,
                _plain(one.about.get("device_name") or one.about.get("name", ""), MOST_NAME),
                _plain(one.about.get("device_model", ""), MOST_ID),
                _plain(topic, MOST_TOPIC),
                _seconds(one.about.get("off_delay", "")),
            )


def _plain(told: str, most: int) -> str:
    """A device's words, such as can be kept and shown in one line."""
    return "".join(one for one in told if is_line(one))[:most]


def _heard(topic: str, told: Heard, wires: Wires, envelope: Envelope) -> Heard | None:
    """What the gateway would hear on the topic when somebody is there."""
    plain = told.about.get("payload_on", "ON").encode()
    for payload in (plain, *(json.dumps({field: True}).encode() for field in FIELDS)):
        try:
            heard = wires.hear(Envelope(topic, payload, envelope.received_at))
        except Undecodable:
            continue
        if any(one.occupied for one in heard):
            return heard[0]
    return None


def _seconds(told: str) -> int:
    """A delay in whole seconds, of a device that has one."""
    try:
        seconds = float(told)
    except ValueError:
        return 0
    return min(max(round(seconds), 1), MOST_SECONDS) if 0 < seconds < float("inf") else 0
