"""Where devices are heard: two of one name under two bridges, applications or levels would be one sensor silently."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sensor_gateway.heard import UNHEARD, Heard
from sensor_gateway.messages import Envelope, Undecodable

# So long after the first was heard last another may be the same: its bridge was renamed, or it was moved.
LASTS = timedelta(days=1)
MOST_DEVICES = 100_000


class Places:
    """Under what each device was heard last, and when; a gateway that begins anew takes whoever speaks first."""

    def __init__(self) -> None:
        self._heard: dict[str, tuple[str, datetime]] = {}

    def own(self, heard: Iterable[Heard], place: str | None, envelope: Envelope) -> list[Heard]:
        """What a message says of devices that are heard there alone; raises Undecodable `two_devices` where each is
        heard elsewhere. `place`: None where a name is the same device's wherever it is heard."""
        told = list(heard)
        if place is None:
            return told
        own = [one for one in told if one.kind in UNHEARD or self._is_there(one.device_id, place, envelope)]
        if told and not own:
            raise Undecodable("two_devices")
        return own

    def _is_there(self, device: str, place: str, envelope: Envelope) -> bool:
        at = envelope.received_at
        place = place.removesuffix(f"/{device}")  # which may stand in some of its topics only
        known, heard_at = self._heard.get(device, (place, at))
        # Either way: what could not be stored comes again, and a clock may have been far ahead.
        if known != place and abs(at - heard_at) < LASTS:
            return False
        if not envelope.retained:  # a bridge that was renamed leaves its last words at the broker
            if len(self._heard) >= MOST_DEVICES and device not in self._heard:
                self._heard.clear()
            self._heard[device] = place, at
        return True
