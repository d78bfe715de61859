"""What a device says once, before a wire gives it its form."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class Said:
    """`occupied` None: a sign of life, which says nothing of the seat. `at`: what the device's own clock showed when it
    looked; None: it has none. `sent_at`: when it was sent, by the clock of whoever carries it on. `kept`: it was kept
    while nobody could be reached, and is told afterwards.

    `boot` names a run of the device, 16 hexadecimal digits; `seq` counts from 0 in each run.
    """

    sensor_id: str
    occupied: bool | None
    at: datetime | None
    sent_at: datetime
    boot: str
    seq: int
    battery_pct: int = 87
    kept: bool = False


Encode = Callable[[Said], tuple[str, bytes]]


def rfc_3339(at: datetime) -> str:
    """An instant in UTC, to the millisecond."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def compact(fields: dict[str, object]) -> bytes:
    """JSON without spaces; what is None is left out."""
    told = {name: value for name, value in fields.items() if value is not None}
    return json.dumps(told, separators=(",", ":")).encode()
