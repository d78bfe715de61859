"""A reading, from the moment it is taken to the JSON of the native wire; pure."""

import json
import time
from binascii import hexlify
from collections import namedtuple

# boot: 8 bytes · at_ms: of Unix time where `is_dated`, else of the uptime in that boot · battery_pct, rssi: or None
Reading = namedtuple("Reading", ("boot", "seq", "at_ms", "is_dated", "occupied", "battery_pct", "rssi"))

# What is older than this needs a time: the server takes an undated reading as of its arrival.
FRESH_MS = 10_000
_SECONDS_1970_TO_2000 = 946_684_800


def rfc3339(unix_ms, gmtime=time.gmtime):
    """An instant of Unix time in RFC 3339. MicroPython's epoch is 2000 on some boards and 1970 on others."""
    epoch_s = _SECONDS_1970_TO_2000 if gmtime(0)[0] == 2000 else 0
    year, month, day, hour, minute, second = gmtime(unix_ms // 1000 - epoch_s)[:6]
    date = f"{year:04d}-{month:02d}-{day:02d}"
    return f"{date}T{hour:02d}:{minute:02d}:{second:02d}.{unix_ms % 1000:03d}Z"


def told(reading, boot, clock, now_ms, may_wait):
    """(occupied, observed at in Unix ms or None) as it may be told now, or None: wait until the clock is right.

    Old and never datable, it says that the sensor lived and nothing else: told as it is, it would count as of now.
    """
    if reading.is_dated:
        return reading.occupied, reading.at_ms
    if reading.boot == boot:
        if clock.is_right:
            return reading.occupied, clock.unix_ms(reading.at_ms)
        if now_ms - reading.at_ms <= FRESH_MS:
            return reading.occupied, None
        if may_wait:
            return None
    return None, None


def payload(reading, occupied, observed_ms, dropped):
    """The message's bytes; `dropped` counts readings lost in the device since its boot, and is left out at 0."""
    fields = {"boot": hexlify(reading.boot).decode(), "seq": reading.seq, "occupied": occupied}
    if observed_ms is not None:
        fields["observed_at"] = rfc3339(observed_ms)
    if reading.battery_pct is not None:
        fields["battery_pct"] = reading.battery_pct
    if reading.rssi is not None:
        fields["rssi"] = reading.rssi
    if dropped:
        fields["dropped"] = dropped
    return json.dumps(fields, separators=(",", ":")).encode()
