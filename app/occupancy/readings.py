"""The one form in which every wire's message enters the house."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

# A device's clock that is further ahead is wrong; one further behind tells of what is erased already.
AHEAD_AT_MOST = timedelta(minutes=5)
BEHIND_AT_MOST = timedelta(days=30)


class Reading(NamedTuple):
    """What one sensor said at one instant.

    `occupied` None: alive, nothing known. `online` is set by status messages only: False is the device's last will.
    `boot` and `seq` name a reading once; wires without a sequence leave them None. `history`: told afterwards or
    retained; it may complete the log, never move the live state. `restarts`: its counter may begin anew under the
    same `boot`. `battery_fine`: its battery is not low; how much of it is left it does not say. `waited`: nothing
    dates it, and it waited for the gateway: it was said at `observed_at` or at any time before.
    """

    sensor_id: str
    observed_at: datetime
    received_at: datetime
    occupied: bool | None = None
    boot: str | None = None
    seq: int | None = None
    battery_pct: int | None = None
    rssi: int | None = None
    online: bool | None = None
    history: bool = False
    restarts: bool = False
    battery_fine: bool = False
    waited: bool = False

    @property
    def is_undated(self) -> bool:
        """Whether the sensor gave no time of its own, so that the time of arrival stands for it."""
        return self.observed_at == self.received_at

    def as_waited(self, came_at: datetime) -> Reading:
        """The same, where the broker kept it until the gateway came: what nothing dates was said by then."""
        if not self.is_undated:
            return self
        return self._replace(observed_at=came_at, received_at=came_at, waited=True)
