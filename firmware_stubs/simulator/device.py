"""What one simulated desk sensor would publish between two instants; pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from firmware_stubs.simulator.spans import Span, within
from firmware_stubs.simulator.wires.said import Said


@dataclass(frozen=True, slots=True)
class Scenario:
    """The hidden truth of one seat: when somebody sits there, and when its sensor is dead. Spans are half-open."""

    sensor_id: str
    heartbeat: timedelta = timedelta(minutes=10)
    presence: Sequence[Span] = ()
    dead: Sequence[Span] = ()

    @classmethod
    def parse(cls, sensor_id: str, data: dict[str, list[list[str]]]) -> Scenario:
        """From `{"presence": [[from, to], …], "dead": [[from, to], …]}`, instants in RFC 3339."""

        def spans(name: str) -> list[Span]:
            return [
                (datetime.fromisoformat(start), datetime.fromisoformat(end))
                for start, end in data.get(name, [])
            ]

        return cls(sensor_id, presence=spans("presence"), dead=spans("dead"))

    def is_occupied(self, at: datetime) -> bool:
        """Whether somebody sits there."""
        return within(self.presence, at)

    def readings(self, after: datetime, until: datetime) -> Iterator[tuple[datetime, bool]]:
        """(observed at, occupied) in `(after, until]`: each change, and a heartbeat at the sensor's own phase."""
        instants = {at for span in self.presence for at in span if after < at <= until}
        beat = self.heartbeat.total_seconds()
        phase = sum(map(ord, self.sensor_id)) * 37 % beat
        first = (after.timestamp() - phase) // beat + 1
        at = datetime.fromtimestamp(first * beat + phase, after.tzinfo)
        while at <= until:
            instants.add(at)
            at += self.heartbeat
        for instant in sorted(instants):
            if not within(self.dead, instant):
                yield instant, self.is_occupied(instant)


@dataclass(slots=True)
class Numbered:
    """The sequence of one device since its boot, `seq` the number of its next word; (sensor, boot, seq) names a reading
    once."""

    sensor_id: str
    boot: str
    seq: int = field(default=0)

    def said(
        self,
        at: datetime | None,
        *,
        occupied: bool | None,
        sent_at: datetime,
        battery_pct: int = 87,
        kept: bool = False,
    ) -> Said:
        """The next word of the device; see `Said`."""
        seq, self.seq = self.seq, self.seq + 1
        return Said(self.sensor_id, occupied, at, sent_at, self.boot, seq, battery_pct, kept)

    def reboot(self, boot: str) -> None:
        """Begin anew, under another name."""
        self.boot, self.seq = boot, 0
