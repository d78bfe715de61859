"""A batch of messages becomes rows: decode, one transaction, nothing else."""

from __future__ import annotations

import logging
from collections.abc import Callable, Container, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from types import MappingProxyType
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.exc import DataError

from app.clock import Clock, has_passed
from app.database import reading, transaction
from app.occupancy.gateways import (
    keep_announcements,
    keep_parts,
    keep_told_once,
    registered,
    sensor_models,
    sensor_parts,
    told_once,
)
from app.occupancy.readings import Reading
from app.pipeline import keep_dead_letters, process_readings
from sensor_gateway.announcements import is_announcement, rows_of
from sensor_gateway.decoders import Wires
from sensor_gateway.messages import Envelope, Undecodable
from sensor_gateway.rates import age
from sensor_gateway.topics import NATIVE_PREFIX, parse_native
from sensor_gateway.whose_clock import RIGHT, Witnesses

log = logging.getLogger(__name__)

MODELS_EVERY, NEWCOMERS_EVERY = timedelta(minutes=1), timedelta(seconds=1)
# A smaller batch takes no longer than two transactions do.
MOST_PARTS, APART_FROM = 2, 200
LETTERS_EVERY, MOST_LETTERS = timedelta(hours=1), 100_000
# Of a value that the database cannot hold, such as a null character: a fault of the message, not of the office.
UNSTORABLE = (DataError, UnicodeError)

NOTHING: Mapping[tuple[str, str], Mapping[str, Any]] = MappingProxyType({})

# A message and what it says; (topic, payload, reason) of one that nobody can read.
Said = tuple[Envelope, Reading]
Letter = tuple[str, bytes, str]


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of messages. `stored` counts each reading once, `repeated` those that were stored before. `lag`: how
    old they were by then."""

    messages: int = 0
    stored: int = 0
    repeated: int = 0
    dead: int = 0
    changes: int = 0
    unknown_sensors: frozenset[str] = frozenset()
    lag: timedelta = field(default=timedelta(0), compare=False)

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.messages + other.messages,
            self.stored + other.stored,
            self.repeated + other.repeated,
            self.dead + other.dead,
            self.changes + other.changes,
            self.unknown_sensors | other.unknown_sensors,
            max(self.lag, other.lag),
        )


class Handler:
    """Takes messages in; when `handle` returns, all that they said is committed and they may be acknowledged."""

    def __init__(
        self,
        engine: Engine,
        clock: Clock,
        *,
        wires: Wires | None = None,
        kept: Container[tuple[str, str, int]] = frozenset(),
        kept_at: dict[tuple[str, str], datetime] | None = None,
        witnesses: Witnesses | None = None,
    ) -> None:
        """`kept`: (topic, reason, size) of dead letters that are not to be kept again. `kept_at`: when one of a topic
        and reason was kept last; shared by handlers that live for one message each. `witnesses`: of what is heard live,
        where the clock is this machine's."""
        self._engine = engine
        self._wires = wires or Wires()
        self._clock = clock
        self._kept = kept
        self._kept_at = {} if kept_at is None else kept_at
        self._witnesses = witnesses

    def commands(self) -> list[tuple[str, bytes]]:
        """What devices are to be told for what they said, as topic and payload, each once."""
        return self._wires.commands()

    def received_now(
        self, envelopes: Sequence[Envelope], came_by: Callable[[datetime], datetime]
    ) -> list[Envelope]:
        """Messages that arrived while the clock was wrong, as though they had come now. `came_by`: when their
        connection was made, by the clock as it is now: what waited was said by then."""
        now = self._clock()
        came_at = came_by(now)
        return [one._replace(received_at=now, came_at=one.came_at and came_at) for one in envelopes]

    def apart(self, envelopes: Sequence[Envelope]) -> list[list[Envelope]]:
        """A batch in parts that may be stored side by side, by a thread each: what a device says stays together in its
        order, and what is of another wire than the native one in the first part. SQLite has one writer."""
        count = 1 if self._engine.dialect.name == "sqlite" or len(envelopes) < APART_FROM else MOST_PARTS
        parts: list[list[Envelope]] = [[] for _ in range(count)]
        for one in envelopes:
            device = one.topic.rpartition("/")[0] if one.topic.startswith(NATIVE_PREFIX) else ""
            parts[hash(device) % count if device else 0].append(one)
        return [part for part in parts if part]

    def handle(self, envelopes: Sequence[Envelope]) -> Counts:
        """Process a batch in one transaction; raises what the database raises, or ClockBehind, with nothing stored.

        A batch with a message that cannot be stored is halved until that one stands alone: else it would come again
        and again, and everything behind it would wait for ever.
        """
        others = [one for one in envelopes if not one.topic.startswith(NATIVE_PREFIX)]
        if others:
            self._learn_models()
            self._keep_announcements(others)
        said, letters = self._decoded(envelopes)
        told = self._wires.told_once.news(self._wires.models) if others else {}
        try:
            return self.store(said, letters, messages=len(envelopes), told=told)
        except UNSTORABLE:
            if len(envelopes) > 1:
                middle = len(envelopes) // 2
                return self.handle(envelopes[:middle]) + self.handle(envelopes[middle:])
            (one,) = envelopes
            log.exception("a message of %s cannot be stored", one.topic)
            return self.store([], [(one.topic, one.payload, "unstorable")], messages=1)

    def store(
        self,
        said: Sequence[Said],
        letters: Sequence[Letter],
        *,
        messages: int | None = None,
        told: Mapping[tuple[str, str], Mapping[str, Any]] = NOTHING,
    ) -> Counts:
        """The same for messages that were read already, and those that nobody could read. `told`: what wires tell only
        once."""
        readings = [reading for _envelope, reading in said]
        now = self._clock()
        with transaction(self._engine) as session:
            keep_told_once(session, told)
            observed = process_readings(session, readings, now)
            strangers = self._strangers(said, observed.unknown_sensors) if observed.unknown_sensors else []
            dead = [*letters, *((one.topic, one.payload, "unknown_sensor") for one, _reading in strangers)]
            news = self._news(dead, now)
            readings = [one for one in readings if one.sensor_id not in observed.unknown_sensors]
            keep_dead_letters(session, [one for one in news.values() if not self._is_kept(one)], now=now)
        self._note_kept(news, now)
        if told:
            self._wires.told_once.kept(told)
        return Counts(
            messages=len(said) + len(letters) if messages is None else messages,
            stored=observed.stored,
            repeated=len(readings) - observed.stored,
            dead=len(dead),
            changes=len(observed.changes),
            unknown_sensors=frozenset(one.sensor_id for _envelope, one in strangers),
            lag=age(readings, self._clock()),
        )

    def _news(self, dead: Sequence[Letter], now: datetime) -> dict[tuple[str, str], Letter]:
        """The first of each topic and reason of which none was kept for an hour: a house's lamps speak all day on the
        topics of its sensors, and a broken device says the same each second."""
        news: dict[tuple[str, str], Letter] = {}
        for letter in dead:
            topic, _payload, reason = letter
            if has_passed(self._kept_at.get((topic, reason)), LETTERS_EVERY, now):
                news.setdefault((topic, reason), letter)
        return news

    def _note_kept(self, news: Iterable[tuple[str, str]], now: datetime) -> None:
        """They are kept by now: what was rolled back is news still when it comes again."""
        if len(self._kept_at) >= MOST_LETTERS:
            self._kept_at.clear()
        self._kept_at.update(dict.fromkeys(news, now))

    def _learn_models(self) -> None:
        """The models of the sensors as they are registered; of which parts devices tell, and what was told once. Once a
        minute, and as soon as a sensor came, went or is of another model: somebody waves a hand before it."""
        now = self._clock()
        if not has_passed(self._wires.learnt_at, MODELS_EVERY, now) and not self._has_newcomers(now):
            return
        if news := self._wires.news():
            with transaction(self._engine) as session:
                keep_parts(session, news)
        with reading(self._engine) as session:
            self._wires.learn(sensor_models(session), now, sensor_parts(session), told_once(session))

    def _has_newcomers(self, now: datetime) -> bool:
        """Whether other sensors are registered than were learnt; looked at once a second."""
        if not has_passed(self._wires.looked_at, NEWCOMERS_EVERY, now):
            return False
        self._wires.looked_at = now
        with reading(self._engine) as session:
            return not self._wires.has_learnt(sensor_models(session))

    def _keep_announcements(self, envelopes: Sequence[Envelope]) -> None:
        """Devices that tell what they are, for whoever fits sensors; the newest word of each topic counts."""
        announced = {
            one.topic: rows_of(one, self._wires)
            for one in envelopes
            if is_announcement(one.topic, self._wires)
        }
        if announced:
            with transaction(self._engine) as session:
                keep_announcements(session, announced, now=self._clock())

    def _is_kept(self, letter: Letter) -> bool:
        topic, payload, reason = letter
        return (topic, reason, len(payload)) in self._kept

    def _decoded(self, envelopes: Sequence[Envelope]) -> tuple[list[Said], list[Letter]]:
        said: list[Said] = []
        letters: list[Letter] = []
        ahead: dict[str, timedelta] = {}
        for envelope in envelopes:
            try:
                found = list(self._wires.readings(envelope))
                if envelope.came_at is not None:
                    found = [one.as_waited(envelope.came_at) for one in found]
                # What the broker retained and nobody dated was true once, nobody knows when: it tells nothing.
                said += [(envelope, one) for one in found if not (one.history and one.is_undated)]
            except Undecodable as refused:
                letters.append((envelope.topic, envelope.payload, refused.reason))
                if refused.ahead:
                    ahead[parse_native(envelope.topic).sensor_id] = refused.ahead
            except Exception:
                # A fault of a decoder, which must cost this message alone.
                log.exception("a decoder fails on a message of %s", envelope.topic)
                letters.append((envelope.topic, envelope.payload, "decoder"))
        if self._witnesses:
            dated = (one.sensor_id for _envelope, one in said if not one.is_undated)
            self._witnesses.hear(dict.fromkeys(dated, RIGHT) | self._registered(ahead), self._clock())
        return said, letters

    def _registered(self, said: Mapping[str, timedelta]) -> dict[str, timedelta]:
        """Of devices that somebody made known: anybody may invent others."""
        if not said:
            return {}
        with reading(self._engine) as session:
            return {one: said[one] for one in registered(session, said)}

    def _strangers(self, said: Sequence[Said], unknown: Set[str]) -> list[Said]:
        """The messages of devices of which nothing is known, each with its first reading; and those that say something
        clear of nothing but unknown zones, though others of their device are known: its zones may have been renamed."""
        found: list[Said] = []
        for _, message in groupby(said, key=lambda one: id(one[0])):
            of_one = [*message]
            clear = [one for one in of_one if one[1].occupied is not None]
            if all(one.sensor_id in unknown for _envelope, one in of_one):
                found.append(of_one[0])
            elif all(one.sensor_id in unknown for _envelope, one in clear):
                found += [one for one in clear if self._wires.is_unknown_zone(one[1].sensor_id)][:1]
        return found
