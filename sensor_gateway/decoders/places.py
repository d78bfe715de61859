"""Where devices are heard: two of one name under two bridges, applications or levels would be one sensor silently."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from threading import local

from sensor_gateway.heard import UNHEARD, Heard
from sensor_gateway.messages import Envelope, Undecodable

# So long after the first was heard last another may be the same: its bridge was renamed, or it was moved.
LASTS = timedelta(days=1)
MOST_DEVICES = 100_000


class Places:
    """Under what each device was heard last, and when; a gateway that begins anew takes whoever speaks first. What is
    asked is of the message that the same thread entered last: several take in what is posted."""

    def __init__(self) -> None:
        self._heard: dict[str, tuple[str, datetime]] = {}
        self._of_thread = local()

    @property
    def _message(self) -> tuple[str, Envelope] | None:
        return getattr(self._of_thread, "message", None)

    def enter(self, place: str | None, envelope: Envelope) -> None:
        """A message comes. `place`: None where a name is the same device's wherever it is heard."""
        self._of_thread.message = None if place is None else (place, envelope)

    def is_elsewhere(self, device: str) -> bool:
        """Whether a device of this name was heard within a day under another place than the message's."""
        if self._message is None or device not in self._heard:
            return False
        place, envelope = self._message
        known, heard_at = self._heard[device]
        # Either way: what could not be stored comes again, and a clock may have been far ahead.
        return known != _without(place, device) and abs(envelope.received_at - heard_at) < LASTS

    def own(self, heard: Iterable[Heard]) -> list[Heard]:
        """What the message says of devices that are heard there alone, which is remembered; raises Undecodable
        `two_devices` where each is heard elsewhere."""
        told = list(heard)
        own = [one for one in told if one.kind in UNHEARD or not self.is_elsewhere(one.device_id)]
        if told and not own:
            raise Undecodable("two_devices")
        for one in own:
            if one.kind not in UNHEARD:
                self._remember(one.device_id)
        return own

    def _remember(self, device: str) -> None:
        # A bridge that was renamed leaves its last words at the broker: they take nobody's place.
        if self._message is None or self._message[1].retained:
            return
        place, envelope = self._message
        if len(self._heard) >= MOST_DEVICES and device not in self._heard:
            self._heard.clear()
        self._heard[device] = _without(place, device), envelope.received_at


def _without(place: str, device: str) -> str:
    """A place without the device's own name, which stands in some of its topics only."""
    return place.removesuffix(f"/{device}")
