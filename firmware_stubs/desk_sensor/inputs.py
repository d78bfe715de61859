"""The hardware that sees whether somebody sits there. Each has `seen(now_ms)`: True, False, or None for a fault."""

from desk_sensor.debounce import BLIND_MS
from desk_sensor.ld2410 import Radar


class Level:
    """A PIR sensor, or the OUT pin of a radar: high while there is somebody. `pin` is called for its value.

    It notes by interrupt that it rose while nobody looked. Between timely looks that would be noise, not a person.
    """

    def __init__(self, pin):
        self._pin = pin
        self._rose = False
        self._looked_ms = 0
        pin.irq(self._note, pin.IRQ_RISING)

    def seen(self, now_ms):
        rose = self._rose and now_ms - self._looked_ms > BLIND_MS
        self._rose = False
        self._looked_ms = now_ms
        return rose or self._pin() == 1

    def _note(self, pin):
        self._rose = True


class RadarFrames:
    """A radar that says more than its pin does; `uart.read()` returns what has come, or None."""

    def __init__(self, uart):
        self._uart = uart
        self._radar = Radar()

    def seen(self, now_ms):
        data = self._uart.read()
        if data:
            self._radar.add(data, now_ms)
        return self._radar.present(now_ms)


class Pressure:
    """A mat in a voltage divider: occupied from `on_mv`, vacant below `off_mv`, in between as before."""

    def __init__(self, read_mv, on_mv, off_mv):
        self._read_mv = read_mv
        self._on_mv = on_mv
        self._off_mv = off_mv
        self._seen = False

    def seen(self, now_ms):
        mv = self._read_mv()
        if mv >= self._on_mv:
            self._seen = True
        elif mv < self._off_mv:
            self._seen = False
        return self._seen


# What is left in a lithium cell at rest, in mV; between two points on a straight line.
_CELL = ((3_300, 0), (3_600, 10), (3_700, 25), (3_800, 50), (3_950, 75), (4_150, 100))


def battery_pct(mv):
    """What is left in a lithium cell, in whole percent."""
    below_mv, below_pct = _CELL[0]
    if mv <= below_mv:
        return 0
    for above_mv, above_pct in _CELL[1:]:
        if mv <= above_mv:
            return below_pct + (above_pct - below_pct) * (mv - below_mv) // (above_mv - below_mv)
        below_mv, below_pct = above_mv, above_pct
    return 100
