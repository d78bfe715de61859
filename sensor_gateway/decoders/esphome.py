"""ESPHome: binary sensors of boards, each on a topic of its own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from sensor_gateway.decoders.names import has_a_sense, is_negated, says_something_aside
from sensor_gateway.decoders.plain import availability, one_of, text_of, word
from sensor_gateway.heard import Heard, zone_id
from sensor_gateway.messages import Envelope, Undecodable

# Where ESPHome speaks of a part of a board; Shelly has no such levels.
TOPIC = re.compile(
    r".+/(binary_sensor|sensor|text_sensor|switch|light|number|select|text|button|event|fan|cover|valve|lock|climate"
    r"|update|date|time|datetime|alarm_control_panel|media_player|water_heater)/[^/]+/(state|command)"
)
# A board tells anything by a binary sensor: its Wi-Fi, a lamp, a leak. What is of a seat says so, or is called by
# nothing but the words for a seat, its place and its sense.
_A_RADARS_PIN = re.compile(r"out_?pin")
_WORD = re.compile(r"[a-z]+|\d+")
_OF_A_SEAT = re.compile(
    r"seats?|seated|sit|sitting|chair|desks?|hotdesk|table|sofa|bench|booth|place|spot|workplace|workspace|workstation"
    r"|room|zone|area|person|people|human|body|somebody|someone|left|right|front|back|rear|middle|center|centre|top"
    r"|bottom|north|south|east|west|pir|radar|mm|mmwave|ld|pressure|mat|pad|cushion|moving|still|static"
    r"|zaseki|seki|isu|tsukue"
)
_BESIDE = re.compile(
    r"has|is|in|at|of|the|on|side|sensor|detector|detected|input|wave|hot|hlk|taken|used|[a-z]|\d+"
)
INVERTED = "filters: invert, under a name such as presence"
# What a radar tells beside whether there is a target: nothing moves where somebody sits still, and nobody sits still
# who is just coming.
_OF_A_WHOLE = re.compile(r"moving|still|static")


@lru_cache(maxsize=4096)
def _strength(name: str) -> int:
    """How plainly a part's name is of a seat: 2, it says occupancy; 1, by known words alone; 0, it is of none."""
    if says_something_aside(name):
        return 0
    is_plain, name = has_a_sense(name), name.lower()
    if is_plain or "target" in name:
        return 1 if _A_RADARS_PIN.search(name) else 2
    words = _WORD.findall(name)
    telling = [one for one in words if _OF_A_SEAT.fullmatch(one)]
    return int(bool(telling) and all(one in telling or _BESIDE.fullmatch(one) for one in words))


def seats(parts: Iterable[str]) -> Mapping[str, str]:
    """Where a part's name says occupancy the others are no seats. What is only of a radar's target is the seat's own
    where there is one."""
    strong = {part: _strength(part) for part in parts}
    whole = [part for part in strong if not _OF_A_WHOLE.search(part)]
    best = max((strong[part] for part in whole), default=0)
    found = {part: part for part in whole if best and strong[part] == best}
    if len(found) < 2:
        rest = sorted(part for part in strong if strong[part] and _OF_A_WHOLE.search(part))
        found |= dict.fromkeys(rest, next(iter([*found, *rest]), ""))
    return found


def place(topic: str) -> str:
    """The levels of a board: all before what it tells of."""
    return topic.rsplit("/", 1 if topic.endswith(("/status", "/debug")) else 3)[0]


def esphome(envelope: Envelope, models: Mapping[str, str]) -> Heard:
    """`{prefix}/{device}/binary_sensor/{object}/state` and `…/status`; the prefix may have levels of its own. `models`:
    a part that is registered is a seat whatever it is called, unless its name says the opposite."""
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
    if component != "binary_sensor":
        return Heard(device, kind="no_occupancy_field")
    if is_negated(name):
        why = f"{name} says that nobody is there: let the board turn it round, as {INVERTED}"
        return Heard(device, kind="no_occupancy_field", why=why)
    if not _strength(name):
        if zone_id(device, name) in models:
            return Heard(device, kind="zones", zones={name: word(text_of(envelope))})
        why = (
            f"{name} is no name of a seat: call the part seat, seat_2, left_seat or presence, or register "
            f"{device}:{name} (without a model, or any)"
        )
        return Heard(device, kind="no_occupancy_field", why=why)
    occupied = word(text_of(envelope))
    if occupied is False and _OF_A_WHOLE.search(name):
        return Heard(device, kind="unknown")
    return one_of(device, {name: occupied})
