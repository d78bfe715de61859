"""Time since the start."""

import time


class Uptime:
    """ms since the start; `ticks_ms` begins anew after some days, so look in more often than that."""

    def __init__(self):
        self._ticks = time.ticks_ms()
        self._ms = 0

    def ms(self):
        ticks = time.ticks_ms()
        self._ms += time.ticks_diff(ticks, self._ticks)
        self._ticks = ticks
        return self._ms
