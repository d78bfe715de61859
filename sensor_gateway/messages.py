"""A message as it came off the wire, before anybody knows what it means."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple


class Envelope(NamedTuple):
    """What arrived, where, and when. `retained`: the broker's copy of something said before the gateway listened.
    `came_at`: the broker kept it while the gateway was away, until then: it was said by then, at any time before.

    A tuple, as a Reading is: a frozen dataclass takes three times as long to make, and there is one a message.
    """

    topic: str
    payload: bytes
    received_at: datetime
    retained: bool = False
    came_at: datetime | None = None


class Undecodable(Exception):
    """A message that no decoder takes; `reason` is the short word it is counted and shown by. `ahead`: how much later
    than it arrived it is dated, where that is why."""

    def __init__(self, reason: str, *, ahead: timedelta = timedelta(0)) -> None:
        super().__init__(reason)
        self.reason = reason
        self.ahead = ahead
