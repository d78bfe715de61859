"""The gateway process: take a batch, store it, acknowledge it, until told to end."""

from __future__ import annotations

import gc
import logging
import random
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy.exc import OperationalError, SQLAlchemyError

from app.database import create_engine
from app.occupancy.gateways import Figures
from app.settings import Settings
from app.stopping import Stop, stop_signals
from sensor_gateway import announcements, queue_watch
from sensor_gateway.configs import Configs
from sensor_gateway.connection import BATCH, BrokerRefused, Disconnected, TakenOver, Wanted
from sensor_gateway.decoders import FILTERS, Wires
from sensor_gateway.handler import MOST_PARTS, Counts, Handler
from sensor_gateway.lease import BEAT_EVERY, LOOK_EVERY, Lease, LeaseLost, Overlapping, asked_of
from sensor_gateway.messages import Envelope
from sensor_gateway.mqtt import Batch, Link
from sensor_gateway.profiles import ProfileError, load
from sensor_gateway.rates import Rate
from sensor_gateway.trust import Trust
from sensor_gateway.whose_clock import ClockBehind, Witnesses

log = logging.getLogger(__name__)

# How soon a signal is heeded where nothing arrives.
GLANCE = timedelta(milliseconds=250)
REPORT_EVERY = timedelta(minutes=1)
# A database that restarts is back by then; one that is gone for longer is for the operator to see.
DATABASE_MAY_BE_AWAY = timedelta(minutes=1)
BROKER_MAY_BE_AWAY = timedelta(seconds=30)
FIRST_RETRY, LONGEST_RETRY = 0.1, 5.0
FIRST_DELAY, LONGEST_DELAY = 0.5, 30.0
# Two gateways of one name take each other's place for ever. MQTT 5 has a word for it, which Mosquitto 2.0.11 does not
# say, so it is told by the pattern: each connection is lost soon after, and the next one is had at once.
SOON, TAKEN_AT_MOST = timedelta(seconds=10), 5


class NotStored(Exception):
    """A batch could not be stored; it was not acknowledged, so the broker sends it again."""


def run(settings: Settings, *, batch: int = BATCH) -> int:
    """Run the gateway until SIGTERM or SIGINT; returns the exit status, with one log line where it is not 0."""
    with stop_signals() as stop:
        engine = create_engine(settings.database_url)
        lease = Lease(engine, settings.gateway_name, settings.clock, speed=settings.speed)
        try:
            wires = Wires(load(settings.data_dir / "profiles"), settings.mqtt_prefixes)
            wanted = Wanted(
                *(
                    settings.mqtt,
                    settings.mqtt_filters or FILTERS,
                    settings.clock,
                    settings.gateway_name,
                    batch,
                ),
                besides=(*queue_watch.FILTERS, *announcements.filters(wires)),
                trust=Trust.of(settings),
            )
            lost_soon, witnesses = _LostSoon(), Witnesses()
            asked = asked_of(wanted.host, wanted.port, wanted.filters)
            while not stop and lease.acquire(stop.wait, (*wanted.filters, *wanted.besides), asked):
                lost_soon.begin()
                try:
                    handler = Handler(engine, settings.clock, wires=wires, witnesses=witnesses)
                    link = Link(replace(wanted, unwanted=lease.unwanted))
                    _work(link, handler, Configs(engine), stop, lease)
                except TakenOver as lost:
                    # Who took our place in the database connects before we see it there.
                    if lost_soon.is_too_often():
                        raise
                    log.warning("%s", lost)
        except (BrokerRefused, NotStored, Overlapping, ProfileError) as failure:
            log.critical("the gateway ends: %s", failure)
            return 1
        finally:
            lease.leave()
            engine.dispose()
    log.info("the gateway ends as it was told")
    return 0


def _work(link: Link, handler: Handler, configs: Configs, stop: Stop, lease: Lease) -> None:
    """Be the gateway at work until told to end, or until the place is lost; raises as `Gateway.run`."""
    try:
        Gateway(link, handler, stop, lease, configs).run()
    except LeaseLost as lost:
        log.warning("%s: waiting to take its place", lost)
        stop.wait(2 * LOOK_EVERY.total_seconds())  # so that whoever waits is first
    finally:
        link.close()


class Gateway:
    """The loop between the broker and the handler."""

    def __init__(
        self,
        link: Link,
        handler: Handler,
        stop: Stop,
        lease: Lease | None = None,
        configs: Configs | None = None,
    ) -> None:
        """`lease`: the place to keep alive, where another gateway may wait for it. `configs`: what devices are told."""
        self._link = link
        self._handler = handler
        self._stop = stop
        self._lease = lease
        self._configs = configs
        self._queue = queue_watch.QueueWatch()
        self._report = _Report()
        self._all = Counts()
        self._rate = Rate()
        self._lag = timedelta(0)
        self._was_behind = False
        self._lost_soon = _LostSoon()

    def figures(self) -> Figures:
        """What went through until now."""
        return Figures(
            connected=bool(self._link.protocol),
            messages=self._all.messages,
            stored=self._all.stored,
            repeated=self._all.repeated,
            dead=self._all.dead,
            changes=self._all.changes,
            per_minute=self._rate.per_minute(self._all.messages, time.monotonic()),
            lag_ms=round(self._lag / timedelta(milliseconds=1)),
            broker_holds=self._queue.held,
            broker_dropped=self._queue.dropped or 0,
        )

    def run(self) -> None:
        """Until told to stop. Raises BrokerRefused or NotStored, and LeaseLost where there is a lease, else ClockBehind
        where that is so for too long."""
        # What was imported stays: else the collector walks all of it again and again, a tenth of the time.
        gc.collect()
        gc.freeze()
        while self._connected():
            self._lost_soon.begin()
            try:
                self._drain()
            except Disconnected as lost:
                log.warning("the connection to the broker is lost: %s", lost)
                if self._configs is not None:
                    self._configs.forget()
                if self._lost_soon.is_too_often():
                    raise BrokerRefused(
                        f"the broker ended {TAKEN_AT_MOST} connections soon after it had taken them: "
                        "is another gateway running with this name?"
                    ) from lost

    def _connected(self) -> bool:
        """Try to connect until it works or the process is to stop; whether it worked."""
        since = time.monotonic()
        for delay in reconnect_delays():
            if self._stop:
                return False
            try:
                self._link.connect()
            except Disconnected as failure:
                self._lost_soon = _LostSoon()
                log.warning("no connection to the broker, trying again in %.1f s: %s", delay, failure)
                self._stop.wait(delay)
                self._tend_lease()
                if self._lease is not None and time.monotonic() - since > BROKER_MAY_BE_AWAY.total_seconds():
                    # Perhaps it answers where another gateway waits.
                    self._lease.leave()
                    raise LeaseLost(f"the broker does not answer here: {failure}") from failure
            else:
                return True
        return False

    def _drain(self) -> None:
        """One batch after the other. While one is being stored, mostly the database's work, the next is gathered."""
        with ThreadPoolExecutor(MOST_PARTS, "store") as beside:
            storing: _Storing | None = None
            try:
                while not self._stop:
                    batch = self._link.take(GLANCE, busy=partial(self._is_storing, storing))
                    if storing:
                        self._finish(storing)
                    storing = self._begun(batch, beside) if batch.receipts or batch.envelopes else None
                    self._report.write_when_due()
                    self._tend_lease()
                    if self._configs is not None:
                        self._configs.tend(self._link.publish)
            finally:
                if storing:
                    self._finish(storing)

    def _begun(self, batch: Batch, beside: ThreadPoolExecutor) -> _Storing:
        envelopes, came_by = self._queue.sift(batch.envelopes), batch.connection.came_by
        if self._was_behind:
            # Gathered while the batch before waited for the clock: by the wrong one.
            envelopes = self._handler.received_now(envelopes, came_by)
            self._was_behind = False
        parts = self._handler.apart(envelopes)
        return _Storing(batch, [beside.submit(self._stored, part, came_by) for part in parts])

    def _finish(self, storing: _Storing) -> None:
        """Wait until a batch is stored, and acknowledge it; raises NotStored, and LeaseLost or ClockBehind."""
        while wait(storing.parts, BEAT_EVERY.total_seconds()).not_done:
            self._link.tend()
            self._tend_lease()
        try:
            counts = sum((part.result() for part in storing.parts), Counts())
        except ClockBehind as behind:
            if self._lease is None:
                raise
            self._lease.leave()
            raise LeaseLost(f"{behind}, perhaps it is right where another gateway waits") from behind
        self._link.acknowledge(storing.batch)
        for topic, payload in self._handler.commands():
            self._link.publish(topic, payload, retain=False)
        self._report.add(counts)
        self._all += counts
        if counts.stored or self._lag < timedelta(0):
            self._lag = counts.lag

    def _is_storing(self, storing: _Storing | None) -> bool:
        """Whether a batch is being stored still; asked again and again, so the place is kept alive meanwhile."""
        if storing is None or all(part.done() for part in storing.parts):
            return False
        self._tend_lease()
        return True

    def _tend_lease(self) -> None:
        if self._lease is not None:
            self._lease.tend(self.figures, self._link.silence)

    def _stored(self, envelopes: Sequence[Envelope], came_by: Callable[[datetime], datetime]) -> Counts:
        """Store a part of a batch, however long the database takes to come back, or this machine's clock to be right,
        within limits; raises NotStored, or ClockBehind. `came_by`: as of `Handler.received_now`."""
        give_up_at = time.monotonic() + DATABASE_MAY_BE_AWAY.total_seconds()
        delay, is_misdated = FIRST_RETRY, False
        while True:
            if is_misdated:
                envelopes = self._handler.received_now(envelopes, came_by)
            try:
                return self._handler.handle(envelopes)
            except OperationalError as error:
                if self._stop or time.monotonic() + delay > give_up_at:
                    raise NotStored(f"the database does not answer: {_first_line(error)}") from error
                log.warning("the database does not answer, trying again: %s", _first_line(error))
            except ClockBehind as behind:
                if not is_misdated:
                    log.critical("%s, as its sensors tell: nothing is acknowledged until it is right", behind)
                self._lag, is_misdated, self._was_behind = -behind.by, True, True
                if self._stop or time.monotonic() + delay > give_up_at:
                    raise
            except SQLAlchemyError as error:
                raise NotStored(f"the database refuses a batch: {_first_line(error)}") from error
            except Exception as error:
                raise NotStored(f"a batch cannot be processed: {error!r}") from error
            self._stop.wait(delay)
            delay = min(2 * delay, LONGEST_RETRY)


@dataclass(frozen=True, slots=True)
class _Storing:
    """A batch on its way into the database."""

    batch: Batch
    parts: Sequence[Future[Counts]]


class _LostSoon:
    """How often in a row what was had was lost soon after."""

    def __init__(self) -> None:
        self._since, self._times = 0.0, 0

    def begin(self) -> None:
        self._since = time.monotonic()

    def is_too_often(self) -> bool:
        """To be asked when it is lost once more."""
        is_soon = time.monotonic() - self._since < SOON.total_seconds()
        self._times = self._times + 1 if is_soon else 0
        return self._times >= TAKEN_AT_MOST


class _Report:
    """What went through, told once a minute."""

    def __init__(self) -> None:
        self._counts = Counts()
        self._since = time.monotonic()

    def add(self, counts: Counts) -> None:
        self._counts += counts

    def write_when_due(self) -> None:
        passed = time.monotonic() - self._since
        if passed < REPORT_EVERY.total_seconds():
            return
        counts = self._counts
        log.info(
            "%d messages (%.1f/s), %d readings stored, %d repeated, %d changes, %d dead letters",
            counts.messages,
            counts.messages / passed,
            counts.stored,
            counts.repeated,
            counts.changes,
            counts.dead,
        )
        self._counts, self._since = Counts(), time.monotonic()


def _first_line(error: Exception) -> str:
    cause = getattr(error, "orig", None) or error
    return f"{type(cause).__name__}: {str(cause).strip().splitlines()[0] if str(cause).strip() else ''}"


def reconnect_delays() -> Iterator[float]:
    """Seconds to wait before each further attempt: doubling, with an end, and not all gateways at once."""
    delay = FIRST_DELAY
    while True:
        yield delay * random.uniform(0.5, 1.0)  # noqa: S311 - spreads load, guards nothing
        delay = min(2 * delay, LONGEST_DELAY)
