"""The broker as the gateway needs it: batches come out, acknowledgements go in."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sensor_gateway.connection import (
    ABOUT_BROKER,
    ANSWER,
    MQTT_3,
    MQTT_5,
    TAKES_NOBODY_NOW,
    UNSUPPORTED_VERSION,
    BrokerRefused,
    Connection,
    Disconnected,
    TakenOver,
    Version,
    Wanted,
)
from sensor_gateway.messages import Envelope
from sensor_gateway.trust import meaning

log = logging.getLogger(__name__)

LINGER = timedelta(milliseconds=20)
LOOK = 0.005  # seconds between two looks whether the batch before is stored
# amqtt reads MQTT 5's greeting as a shorter one of 3.1.1 and waits for the rest; we do not wait with it.
ANSWER_TO_5 = timedelta(seconds=3)


@dataclass(frozen=True, slots=True)
class Batch:
    """Messages that arrived together, and what to acknowledge them by, which holds for their connection only."""

    envelopes: Sequence[Envelope]
    receipts: Sequence[int]
    connection: Connection


class Link:
    """The gateway's place at the broker: connected or not, the broker keeps what comes for it."""

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._connection: Connection | None = None

    @property
    def protocol(self) -> str:
        """What was agreed on: `5` or `3.1.1`; empty while there is no connection."""
        return self._connection.protocol if self._connection else ""

    def silence(self) -> timedelta | None:
        """For how long the broker has said nothing; None while there is no connection on which it hands us messages."""
        connection = self._connection
        return connection.silence if connection is not None and connection.granted is not None else None

    def connect(self) -> None:
        """Connect, subscribe what is wanted and unsubscribe what is not any more, by MQTT 5 or, where the broker does
        not speak it, by 3.1.1.

        Raises Disconnected when nobody answers, BrokerRefused when the broker will not have us.
        """
        self._drop()
        connection = self._opened(MQTT_5)
        if connection is None:
            connection = self._opened(MQTT_3)
        if connection is None:
            wanted, secure = self._wanted, self._wanted.url.scheme == "mqtts"
            if secure and (objection := wanted.trust.objection(wanted.host, wanted.port)):
                raise BrokerRefused(objection)
            hint = "" if secure else "; where it speaks TLS, the address is mqtts://"
            raise Disconnected(f"{wanted.host}:{wanted.port} does not speak MQTT 5 or 3.1.1{hint}")
        self._connection = connection
        connection.subscribe(self._wanted.filters, self._wanted.besides)
        # Not before: what the old topics and the new have in common is missed by neither.
        connection.unsubscribe(self._wanted.unwanted)
        # Messages that waited for us come before the answer, and more of them than we asked for: Mosquitto 2.0.11 sends
        # a session that it resumes all that its numbers allow. So they are taken first, and the answer when it comes.
        connection.until(lambda: connection.granted is not None or connection.is_full)
        if connection.granted is None and not connection.is_full:
            raise Disconnected(connection.lost or "the broker does not answer the subscription")
        self._check_granted(connection)
        log.info("connected to %s:%s by MQTT %s", self._wanted.host, self._wanted.port, self.protocol)

    def take(self, wait: timedelta, *, busy: Callable[[], bool] = lambda: False) -> Batch:
        """What has arrived: nothing after `wait`, else what comes within a moment of the first, a batch at most.
        While whoever takes it is `busy` with another, what comes goes on being gathered.

        Raises Disconnected; but what arrived on a connection that broke since is handed out first, because a
        broker that died with it may never send it again. Raises BrokerRefused when another took our place.
        """
        connection = self._connection
        if connection is None:
            raise Disconnected("not connected")
        deadline = time.monotonic() + wait.total_seconds()
        lingers = False
        while not connection.is_full and not connection.lost:
            before = len(connection.envelopes)
            connection.read()
            if connection.envelopes and not lingers:
                lingers, deadline = True, time.monotonic() + LINGER.total_seconds()
            left = LOOK if busy() else deadline - time.monotonic()
            if left <= 0:
                break
            if len(connection.envelopes) == before:
                connection.wait(left)
        if connection.taken_over:
            raise TakenOver(f"another has connected as {self._wanted.client_id!r}: there can be only one")
        if connection.lost and not connection.envelopes:
            raise Disconnected(connection.lost)
        self._check_granted(connection)
        batch = Batch(connection.envelopes, connection.receipts, connection)
        connection.envelopes, connection.receipts = [], []
        return batch

    def acknowledge(self, batch: Batch) -> None:
        """Tell the broker that a batch is safe. After a reconnect it has no ear for it: it sends again."""
        if batch.connection is self._connection and not batch.connection.lost:
            batch.connection.acknowledge(batch.receipts)

    def publish(self, topic: str, payload: str | bytes, *, retain: bool = True) -> None:
        """As `Connection.publish`; nothing where there is no connection."""
        if self._connection is not None and not self._connection.lost:
            self._connection.publish(topic, payload, retain=retain)

    def tend(self) -> None:
        """A sign of life while a batch cannot be stored yet."""
        if self._connection is not None:
            self._connection.tend()

    def close(self) -> None:
        """Leave politely."""
        if self._connection is not None:
            self._connection.leave()
            self._connection = None

    def _check_granted(self, connection: Connection) -> None:
        refused = [
            one
            for one, answer in zip(self._wanted.filters, connection.granted or (), strict=False)
            if answer.is_failure and not one.startswith(ABOUT_BROKER)
        ]
        if refused:
            raise BrokerRefused(f"the broker's access list does not let us read {', '.join(refused)}")

    def _opened(self, version: Version) -> Connection | None:
        """A connection of one version that the broker accepted; None where it does not speak it."""
        connection = Connection(self._wanted, version)
        is_5 = version == MQTT_5
        connection.until(lambda: connection.answer is not None, ANSWER_TO_5 if is_5 else ANSWER)
        answer = connection.answer
        if answer is None and (distrust := meaning(*connection.failures)):
            raise BrokerRefused(distrust)
        if answer is None or answer.value in UNSUPPORTED_VERSION:
            # Some brokers hang up on a version that they do not speak, or say so in the language they do speak.
            connection.drop()
            return None
        if answer.is_failure:
            connection.drop()
            if answer.value in TAKES_NOBODY_NOW:
                raise Disconnected(f"the broker cannot take us now: {answer}")
            raise BrokerRefused(f"the broker refuses the connection: {answer}")
        return connection

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.drop()
            self._connection = None
