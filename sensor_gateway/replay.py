"""Readings from a file through the same pipeline, at the instants at which they were made.

The file holds one reading a line: a native reading (see `decoders.native`) with the sensor's id in it, as JSON.

    {"sensor_id": "desk-0001", "boot": "9c41e0d2a77b3f16", "seq": 42, "observed_at": "2026-11-24T00:01:02.345Z",
     "occupied": true, "battery_pct": 87, "rssi": -61}

`sensor_id`, `boot`, `seq` and `observed_at` are demanded. The lines stand in the order in which they arrived: the
shown clock is the newest `observed_at` so far, and an older line arrives late. A line that cannot be read becomes a
dead letter with `replay/FILE:LINE` as its topic. What is stored already, a reading or a dead letter, is not stored
again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path

from sqlalchemy import Engine

from app.clock import SteppingClock
from app.database import reading
from app.pipeline import kept_dead_letters
from sensor_gateway.decoders import native
from sensor_gateway.handler import Counts, Handler, Letter, Said
from sensor_gateway.messages import Envelope, Undecodable
from sensor_gateway.sweeps import START_OF_TIME, Sweeps
from sensor_gateway.topics import checked_sensor_id, native_topic

# A file that is something else is told by its first lines, before anything of it is stored.
BAD_LINES_AT_FIRST = 100
PROGRESS_SECONDS = 2.0


class NotReplayable(Exception):
    """The file does not hold readings; nothing of it was stored."""


@dataclass(frozen=True, slots=True)
class Telling:
    """Who is told what while it runs: a line that cannot be read, and how far it is."""

    bad_line: Callable[[int, str], None]
    progress: Callable[[int, datetime], None]


@dataclass(slots=True)
class _Lines:
    """The lines of one step, read."""

    until: datetime
    last: int = 0
    said: list[Said] = field(default_factory=list)
    letters: list[Letter] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Line:
    """`at`: what the shown clock shows when it arrives. One of `said` and `refused` is given."""

    number: int
    at: datetime
    said: Said | None = None
    refused: Letter | None = None


class Replay:
    """Plays a file into a database.

    `sweep` is called as the jobs would call it, at instants `every` apart; it answers how many changes it confirmed.
    """

    def __init__(
        self, engine: Engine, sweep: Callable[[datetime], int], *, every: timedelta, telling: Telling
    ) -> None:
        self._engine = engine
        self._sweeps = Sweeps(engine, sweep, every)
        self._telling = telling
        self._clock = SteppingClock(START_OF_TIME)

    def play(self, path: Path, *, speed: float | None = None) -> Counts:
        """Play all of it, `speed` times as fast as it happened, or as fast as can be.

        Raises NotReplayable, and OSError where the file cannot be read.
        """
        counts, pace = Counts(), None
        tell_at = time.monotonic() + PROGRESS_SECONDS
        with reading(self._engine) as session:
            handler = Handler(self._engine, self._clock, kept=kept_dead_letters(session, f"{_place(path)}:"))
        for lines in self._steps(_read(path, self._telling.bad_line)):
            slot = self._sweeps.slot(lines.until)
            if self._clock.at is START_OF_TIME:
                self._clock.at, pace = slot, _Pace(slot, speed) if speed else None
            # As live: what comes between two sweeps is taken together, after the sweeps that were due before.
            counts += Counts(changes=self._pass_time(slot, pace))
            if pace:
                pace.wait_for(lines.until)
            self._clock.at = lines.until
            counts += handler.store(lines.said, lines.letters)
            if time.monotonic() >= tell_at:
                self._telling.progress(lines.last, lines.until)
                tell_at = time.monotonic() + PROGRESS_SECONDS
        return counts + Counts(changes=self._pass_time(self._clock.at, pace))

    def _pass_time(self, until: datetime, pace: _Pace | None) -> int:
        return self._sweeps.pass_time(self._clock.at, until, before=pace.wait_for if pace else None)

    def _steps(self, lines: Iterator[_Line]) -> Iterator[_Lines]:
        for _slot, together in groupby(lines, key=lambda line: self._sweeps.slot(line.at)):
            step = _Lines(START_OF_TIME)
            for line in together:
                step.until, step.last = line.at, line.number
                if line.said:
                    step.said.append(line.said)
                if line.refused:
                    step.letters.append(line.refused)
            yield step


@dataclass(slots=True)
class _Pace:
    """Shown time at a fixed speed, from the first reading on."""

    shown_start: datetime
    speed: float
    started: float = field(default_factory=time.monotonic)

    def wait_for(self, shown: datetime) -> None:
        passed = (shown - self.shown_start).total_seconds() / self.speed
        time.sleep(max(0.0, self.started + passed - time.monotonic()))


def _place(path: Path) -> str:
    return f"replay/{path.name}"


def _read(path: Path, bad_line: Callable[[int, str], None]) -> Iterator[_Line]:
    """The lines in order; those before the first that can be read wait for it, so that they have a time."""
    shown: datetime | None = None
    waiting: list[tuple[int, Letter]] = []
    with path.open("rb") as file:
        for number, raw in enumerate(file, start=1):
            payload = raw.strip()
            if not payload:
                continue
            place = f"{_place(path)}:{number}"
            try:
                at, said = _message(place, payload, shown)
            except Undecodable as refused:
                letter = (place, payload, refused.reason)
                if shown is not None:
                    bad_line(number, refused.reason)
                    yield _Line(number, shown, refused=letter)
                    continue
                waiting.append((number, letter))
                if len(waiting) >= BAD_LINES_AT_FIRST:
                    break
                continue
            shown = at
            for early, letter in waiting:
                bad_line(early, letter[2])
                yield _Line(early, shown, refused=letter)
            waiting.clear()
            yield _Line(number, shown, said=said)
    if waiting:
        number, (_, _, reason) = waiting[0]
        raise NotReplayable(f"{path}: no reading in its first lines (line {number}: {reason})")
    if shown is None:
        raise NotReplayable(f"{path} is empty")


def _message(place: str, payload: bytes, shown: datetime | None) -> tuple[datetime, Said]:
    """When a line arrives, and what it says; raises Undecodable."""
    if len(payload) > native.MOST_BYTES:
        raise Undecodable("too_large")
    fields = native.json_object(payload)
    sensor_id = fields.get("sensor_id")
    if type(sensor_id) is not str:
        raise Undecodable("sensor_id")
    topic = native_topic(checked_sensor_id(sensor_id), "reading")
    at = native.instant(fields.get("observed_at"))
    at = max(at, shown or at)
    [said] = native.decode(Envelope(topic, payload, at))
    return at, (Envelope(place, payload, at), said)
