"""A test room with its true head count (tests/data/README.md), as native readings of one sensor."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from zoneinfo import ZoneInfo

EVENTS = Path(__file__).parent / "data" / "uci864_pir_events.jsonl"
ZONE = ZoneInfo("Asia/Kolkata")
SENSOR = "uci864-room"
# Where the rows of the original are not 30 s apart but days: nothing was recorded, so nothing is said.
RECORDER_OFF = (
    ("2017-12-24T09:10:50", "2017-12-25T09:11:42"),
    ("2017-12-26T09:10:01", "2018-01-10T15:25:48"),
)
# What a clerk would enter for this model from its sheet: the two elements are read every 30 s, so that its word
# stands for so long; it is heard every ten minutes at least. It does not hold by itself.
HEARTBEAT = timedelta(minutes=10)
OWN_HOLD = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Observation:
    """What was so from `at` on: which of the two elements saw movement, and how many people were there."""

    at: datetime
    moving: tuple[bool, bool]
    people: int


def observations(zone: ZoneInfo = ZONE) -> list[Observation]:
    """The file, in order."""
    return [
        Observation(
            _instant(one["t"], zone),
            (bool(one["s6_pir"]), bool(one["s7_pir"])),
            one["truth_count"],
        )
        for one in map(json.loads, EVENTS.read_text().splitlines())
    ]


def readings(zone: ZoneInfo = ZONE) -> Iterator[dict[str, object]]:
    """What a native sensor with two elements would have said: each change of either, and a heartbeat in silence."""
    seq = count(1)
    moving: tuple[bool, bool] | None = None
    silent_at: datetime | None = None
    for one in observations(zone):
        while silent_at and (silent_at := silent_at + HEARTBEAT) < one.at:
            if moving is not None and not _recorder_off(silent_at, zone):
                yield _reading(silent_at, any(moving), next(seq))
        if one.moving != moving:
            moving = one.moving
            yield _reading(one.at, any(moving), next(seq))
        silent_at = one.at
    for beat in (1, 2):
        yield _reading(one.at + beat * HEARTBEAT, any(one.moving), next(seq))


def write(path: Path) -> Path:
    """The readings as a file for `akiseki replay`."""
    path.write_text("".join(json.dumps(one) + "\n" for one in readings()))
    return path


def _reading(at: datetime, occupied: bool, seq: int) -> dict[str, object]:
    return {
        "sensor_id": SENSOR,
        "boot": "uci864",
        "seq": seq,
        "observed_at": at.isoformat(),
        "occupied": occupied,
    }


def _recorder_off(at: datetime, zone: ZoneInfo) -> bool:
    return any(_instant(start, zone) < at < _instant(end, zone) for start, end in RECORDER_OFF)


def _instant(local: str, zone: ZoneInfo) -> datetime:
    return datetime.fromisoformat(local).replace(tzinfo=zone).astimezone(UTC)
