"""What the server tells the devices of the native wire, retained: how often to speak, and what they hold themselves."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from app.database import reading
from app.occupancy.gateways import sensor_times
from sensor_gateway.topics import is_native_id, native_topic

log = logging.getLogger(__name__)

TELL_EVERY = timedelta(minutes=1)


class Configs:
    """Each device's `…/config`, told when a gateway begins to work and when it differs from what was told.

    A hold is told only where one is registered: else the device's own stands.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._told: dict[str, str] = {}
        self._told_at = time.monotonic()

    def forget(self) -> None:
        """What was on its way when a connection was lost may never have come: all is told again."""
        self._told.clear()

    def tend(self, publish: Callable[[str, str], None]) -> None:
        """Tell what is new, where it is time to look; a database that does not answer is asked later."""
        if time.monotonic() - self._told_at < TELL_EVERY.total_seconds():
            return
        self._told_at = time.monotonic()
        try:
            with reading(self._engine) as session:
                times = sensor_times(session)
        except OperationalError as error:
            log.warning("the devices are told nothing: the database does not answer: %s", error.orig)
            return
        for sensor_id, (heartbeat_s, own_hold_s) in times.items():
            config = {"heartbeat_s": heartbeat_s} | ({"hold_s": own_hold_s} if own_hold_s else {})
            said = json.dumps(config)
            if is_native_id(sensor_id) and self._told.get(sensor_id) != said:
                publish(native_topic(sensor_id, "config"), said)
                self._told[sensor_id] = said
