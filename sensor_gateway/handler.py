"""A batch of messages becomes rows: decode, one transaction, nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Engine

from app.clock import Clock
from app.database import transaction
from app.occupancy.readings import Reading
from app.pipeline import keep_dead_letters, process_readings
from sensor_gateway.decoders import decode
from sensor_gateway.messages import Envelope, Undecodable

Letter = tuple[str, bytes, str]


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of messages. `stored` counts each reading once, `repeated` those that were stored before."""

    messages: int = 0
    stored: int = 0
    repeated: int = 0
    dead: int = 0
    changes: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.messages + other.messages,
            self.stored + other.stored,
            self.repeated + other.repeated,
            self.dead + other.dead,
            self.changes + other.changes,
        )


class Handler:
    """Takes messages in; when `handle` returns, all that they said is committed and they may be acknowledged."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def handle(self, envelopes: Sequence[Envelope]) -> Counts:
        """Process a batch in one transaction; raises what the database raises, with nothing stored."""
        said, letters = _decoded(envelopes)
        readings = [reading for _envelope, reading in said]
        now = self._clock()
        with transaction(self._engine) as session:
            observed = process_readings(session, readings, now)
            if observed.unknown_sensors:
                strangers = [
                    envelope for envelope, reading in said if reading.sensor_id in observed.unknown_sensors
                ]
                letters += [(one.topic, one.payload, "unknown_sensor") for one in strangers]
                readings = [one for one in readings if one.sensor_id not in observed.unknown_sensors]
            keep_dead_letters(session, letters, now)
        return Counts(
            messages=len(envelopes),
            stored=observed.stored,
            repeated=len(readings) - observed.stored,
            dead=len(letters),
            changes=len(observed.changes),
        )


def _decoded(envelopes: Sequence[Envelope]) -> tuple[list[tuple[Envelope, Reading]], list[Letter]]:
    said: list[tuple[Envelope, Reading]] = []
    letters: list[Letter] = []
    for envelope in envelopes:
        try:
            # What the broker retained and nobody dated was true once, nobody knows when: it tells nothing.
            said += [(envelope, one) for one in decode(envelope) if not (one.history and one.is_undated)]
        except Undecodable as refused:
            letters.append((envelope.topic, envelope.payload, refused.reason))
    return said, letters
