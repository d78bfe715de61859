"""The native topics, `akiseki/v1/{sensor_id}/reading` and `…/status`, and what a sensor may be called."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from sensor_gateway.messages import Undecodable

NATIVE_PREFIX = "akiseki/v1/"
NATIVE_FILTERS = ("akiseki/v1/+/reading", "akiseki/v1/+/status")
# A sensor's id is its user name at the broker too: nothing in it may mean something in a topic or a password file.
_SENSOR_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class NativeTopic:
    sensor_id: str
    leaf: str


def is_native_id(text: str) -> bool:
    """Whether a sensor of this id can speak the native wire, and be a user of the broker."""
    return _SENSOR_ID.fullmatch(text) is not None


def checked_sensor_id(text: str) -> str:
    """The id itself; raises Undecodable `sensor_id` for one that no sensor can have."""
    if not is_native_id(text):
        raise Undecodable("sensor_id")
    return text


# A house has a few thousand topics and hears each of them every minute.
@lru_cache(maxsize=16_384)
def parse_native(topic: str) -> NativeTopic:
    """The sensor and the last level of a native topic; raises Undecodable `topic` or `sensor_id`."""
    levels = topic.removeprefix(NATIVE_PREFIX).split("/")
    if not topic.startswith(NATIVE_PREFIX) or len(levels) != 2 or levels[1] not in {"reading", "status"}:
        raise Undecodable("topic")
    return NativeTopic(checked_sensor_id(levels[0]), levels[1])


def own_topic(gateway: str) -> str:
    """Where a gateway speaks to itself. No sensor can be called so, and a gateway may write there at every broker of
    the product: it is where it tells sensors what they are to know."""
    return f"{NATIVE_PREFIX}~{gateway}/config"


def native_topic(sensor_id: str, leaf: str) -> str:
    """The inverse of `parse_native`."""
    return f"{NATIVE_PREFIX}{sensor_id}/{leaf}"
