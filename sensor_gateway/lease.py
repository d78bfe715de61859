"""The place of a gateway: one of a name is at work, another waits and takes over within ten seconds.

Losing it is harmless to what is stored, since a reading is stored once whoever takes it in, and the broker ends the
older of two connections of one name.
"""

from __future__ import annotations

import logging
import secrets
import socket
import time
from collections.abc import Callable, Collection, Sequence
from datetime import timedelta
from ipaddress import ip_address

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app.clock import Clock
from app.database import reading, transaction
from app.occupancy import gateways
from app.occupancy.gateways import AWAY_FROM, NOTHING, STILL_FOR, Asked, Beat, Figures

log = logging.getLogger(__name__)

BEAT_EVERY = timedelta(seconds=2)
LOOK_EVERY = timedelta(seconds=1)
AT_ONCE = timedelta(milliseconds=100)


class LeaseLost(Exception):
    """Another gateway works under this name now."""


class Overlapping(Exception):
    """Another gateway asks the same broker for some of the same."""


# Names that each network may give to a machine of its own.
OF_A_NETWORK = (".local", ".localdomain", ".lan", ".home", ".home.arpa", ".internal", ".intranet", ".private")


def asked_of(host: str, port: int, filters: Sequence[str]) -> Asked:
    """What is asked of a broker, by its place: `localhost`, or a name without a dot, is of one machine; a private
    address, or a name of one network, may be of another broker at another site."""
    place = f"{host}:{port}"
    try:
        address = ip_address(host)
    except ValueError:
        of_one_machine, surely = "." not in host, not host.lower().rstrip(".").endswith(OF_A_NETWORK)
    else:
        of_one_machine, surely = address.is_loopback, address.is_global or address.is_loopback
    return Asked(f"{place} on {socket.gethostname()[:64]}" if of_one_machine else place, filters, surely)


class Lease:
    """The place under a name. `holder`: who we are; a new one for every process."""

    def __init__(
        self, engine: Engine, name: str, clock: Clock, *, holder: str = "", speed: float = 1
    ) -> None:
        """`speed`: of the clock."""
        self.name = name
        self._speed = speed
        self.holder = holder or f"{socket.gethostname()[:40]}:{secrets.token_hex(8)}"
        # What was asked of the broker under this name before, and is not any more.
        self.unwanted: Sequence[str] = ()
        self._engine = engine
        self._clock = clock
        self._beat_at = 0.0
        # Rivals, with the beat that was seen first of each, and when.
        self._rivals: dict[str, tuple[int, float]] = {}
        self._heard_at: float | None = None
        self._is_back = False  # and the time of its absence is not kept yet

    def acquire(
        self, wait: Callable[[float], bool], filters: Collection[str] = (), asked: Asked = NOTHING
    ) -> bool:
        """Wait until the place is ours; False where `wait`, which sleeps for some seconds, says that we are to end.
        `filters`: all that we shall ask of the broker; `asked`: of it what is to be ours alone. Raises Overlapping
        where it is not."""
        self._rivals.clear()
        seen: Beat | None = None
        since = time.monotonic()
        told = False
        while True:
            try:
                now_seen = self._look()
                if now_seen != seen:
                    seen, since = now_seen, time.monotonic()
                free = seen is None or not seen.holder or seen.holder == self.holder
                is_still = time.monotonic() - since >= STILL_FOR.total_seconds()
                if (free or is_still) and self._take(seen, filters, asked):
                    return True
            except OperationalError as error:
                log.warning("the database does not answer: %s", error.orig)
                seen, since = None, time.monotonic()
            else:
                if not (free or told):
                    log.info("another gateway %r is at work: waiting to take its place", self.name)
                    told = True
            if wait(LOOK_EVERY.total_seconds()):
                return False

    def tend(
        self, figures: Callable[[], Figures], silence: Callable[[], timedelta | None] = lambda: None
    ) -> None:
        """Beat, where it is time; raises LeaseLost. A database that does not answer is for who stores readings.
        `silence`: for how long the broker has said nothing; None while it has nothing to say to us."""
        if time.monotonic() - self._beat_at < BEAT_EVERY.total_seconds():
            return
        self._beat_at = time.monotonic()
        silent = silence()
        if silent is not None:
            heard_at = self._beat_at - silent.total_seconds()
            # By a watch that nobody sets.
            away = None if self._heard_at is None else heard_at - self._heard_at
            self._is_back = self._is_back or away is None or away >= AWAY_FROM.total_seconds()
            self._heard_at = heard_at
        now = self._clock()
        heard = None if silent is None else now - silent
        try:
            with transaction(self._engine) as session:
                ours = gateways.beat(
                    session,
                    self.name,
                    self.holder,
                    figures(),
                    heard=heard,
                    is_back=self._is_back,
                    now=now,
                    speed=self._speed,
                )
        except OperationalError as error:
            log.warning("no beat: the database does not answer: %s", error.orig)
            return
        if not ours:
            raise LeaseLost(f"another gateway works as {self.name!r} now")
        if heard is not None:
            self._is_back = False

    def leave(self) -> None:
        """Let go of the place at once."""
        try:
            with transaction(self._engine) as session:
                gateways.leave(session, self.name, self.holder, now=self._clock())
        except OperationalError as error:
            log.warning("the place is not given back: %s", error.orig)

    def _look(self) -> Beat | None:
        with reading(self._engine) as session:
            return gateways.seen(session, self.name)

    def _is_alone(self, session: Session, asked: Asked) -> bool:
        """Whether no rival beats any more, by our own watch; raises Overlapping where one does."""
        found = gateways.rivals(session, self.name, asked)
        for name, number in found.items():
            first, since = self._rivals.setdefault(name, (number, time.monotonic()))
            if number != first:
                said = (
                    f"the gateway {name!r} asks {asked.broker} for the same messages, to be stored twice: give each "
                    "filters of its own (AKISEKI_MQTT_FILTERS), or both one AKISEKI_GATEWAY_NAME, so that one "
                    "waits for the other; where that is another broker, reach each by a name of its own"
                )
                if asked.surely:
                    raise Overlapping(said)
                log.warning("%s", said)
            elif time.monotonic() - since < STILL_FOR.total_seconds():
                return False
        return True

    def _take(self, seen: Beat | None, filters: Collection[str], asked: Asked) -> bool:
        asked_at = time.monotonic()
        with transaction(self._engine) as session:
            session.connection()
            if time.monotonic() - asked_at > AT_ONCE.total_seconds():
                return False  # SQLite had another writer: whoever is at work could not beat either
            if not self._is_alone(session, asked):
                return False
            now = self._clock()
            taken = gateways.take(
                session, self.name, self.holder, seen, filters=filters, asked=asked, now=now
            )
        self._beat_at = time.monotonic()
        self.unwanted = sorted({*(seen.filters if seen else ())} - {*filters})
        return taken
