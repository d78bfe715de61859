"""A message as it came off the wire, before anybody knows what it means."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Envelope:
    """What arrived, where, and when. `retained`: the broker's copy of something said before the gateway listened."""

    topic: str
    payload: bytes
    received_at: datetime
    retained: bool = False


class Undecodable(Exception):
    """A message that no decoder takes; `reason` is the short word it is counted and shown by."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
