"""ESPHome: binary sensors of boards, each on a topic of its own."""

from __future__ import annotations

import re

from sensor_gateway.decoders.plain import availability, one_of, says_something_aside, text_of, word
from sensor_gateway.heard import Heard
from sensor_gateway.messages import Envelope, Undecodable

# Where ESPHome speaks of a part of a board; Shelly has no such levels.
TOPIC = re.compile(
    r".+/(binary_sensor|sensor|text_sensor|switch|light|number|select|text|button|event|fan|cover|valve|lock|climate"
    r"|update|date|time|datetime|alarm_control_panel|media_player|water_heater)/[^/]+/(state|command)"
)
# What else a desk's board tells by a binary sensor; and what a radar tells beside whether there is a target: nothing
# moves where somebody sits still, and nobody sits still who is just coming.
_NO_SEAT = re.compile(
    r"(^|_)(status|button|door|window|contact|tamper|charging|battery|power|problem|update)(_|$)"
)
_SEAT = re.compile(r"occup|presen|motion|target")
PART_OF_A_SEAT = re.compile(r"moving|still|static")


def esphome(envelope: Envelope) -> Heard:
    """`{prefix}/{device}/binary_sensor/{object}/state` and `…/status`; the prefix may have levels of its own."""
    levels = envelope.topic.split("/")
    if levels[-1] in {"status", "debug"} and len(levels) >= 2:
        device = levels[-2]
        return (
            availability(device, text_of(envelope))
            if levels[-1] == "status"
            else Heard(device, kind="ignored")
        )
    if len(levels) < 4 or levels[-1] not in {"state", "command"}:
        raise Undecodable("topic")
    device, component, name = levels[-4:-1]
    if levels[-1] == "command":
        return Heard(device, kind="ignored")
    is_aside = says_something_aside(name) or (_NO_SEAT.search(name) and not _SEAT.search(name))
    if component != "binary_sensor" or is_aside:
        return Heard(device, kind="no_occupancy_field")
    occupied = word(text_of(envelope))
    if occupied is False and PART_OF_A_SEAT.search(name):
        return Heard(device, kind="unknown")
    return one_of(device, {name: occupied})
