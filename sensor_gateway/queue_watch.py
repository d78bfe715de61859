"""The broker's queue for the gateway: large, and watched, since a full one drops the newest readings silently."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from sensor_gateway.broker import MAX_QUEUED_MESSAGES
from sensor_gateway.messages import Envelope

log = logging.getLogger(__name__)

HELD = "$SYS/broker/store/messages/count"
DROPPED = "$SYS/broker/publish/messages/dropped"
# Mosquitto's words about itself, every ten seconds where they changed.
FILTERS = (HELD, DROPPED)
FULL_AT = 0.5


class QueueWatch:
    """Hears what the broker says about itself and tells when readings are, or soon will be, lost."""

    def __init__(self) -> None:
        self.held = 0
        self.dropped: int | None = None
        self._is_filling = False

    def sift(self, envelopes: Sequence[Envelope]) -> Sequence[Envelope]:
        """Take out what the broker says about itself; the rest is for the handler."""
        about_broker = [one for one in envelopes if one.topic in FILTERS]
        if not about_broker:
            return envelopes
        for envelope in about_broker:
            if envelope.payload.isdigit():
                self._note(envelope.topic, int(envelope.payload))
        return [one for one in envelopes if one.topic not in FILTERS]

    def _note(self, topic: str, count: int) -> None:
        if topic == DROPPED:
            lost = count - (self.dropped or 0)
            if lost > 0:
                log.error(
                    "the broker's queue was full, it dropped %d messages since %s; sequence gaps show whose",
                    lost,
                    "it started" if self.dropped is None else "we last heard",
                )
            self.dropped = count
            return
        self.held = count
        is_filling = count > FULL_AT * MAX_QUEUED_MESSAGES
        if is_filling and not self._is_filling:
            log.warning(
                "the broker holds %d messages and drops new ones beyond %d: the database or the gateway is too slow",
                count,
                MAX_QUEUED_MESSAGES,
            )
        self._is_filling = is_filling
