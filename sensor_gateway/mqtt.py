"""The broker as the gateway needs it: batches come out, acknowledgements go in. The sole user of paho.

There is no network thread: whoever takes a batch drives the client. So a slow database holds the broker back by
itself (it may send no more than the Receive Maximum ahead), and no thread can die unseen while the process looks
well, as paho's does when a callback raises. The price: nothing answers the broker while a batch is being stored,
which the keepalive must outlast; `tend` is for those who wait longer.
"""

from __future__ import annotations

import logging
import random
import select
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import SplitResult, unquote

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from app.clock import Clock
from sensor_gateway.messages import Envelope

log = logging.getLogger(__name__)

CLIENT_ID = "gateway"
BATCH = 1_000
LINGER = timedelta(milliseconds=20)
# A batch is stored within a minute or given up; the broker waits one and a half times as long for a sign of life.
KEEPALIVE = timedelta(minutes=1)
ANSWER = timedelta(seconds=10)
# As long as raw readings are kept, and as long as the product's own broker keeps a session.
SESSION = timedelta(days=30)
FIRST_DELAY, LONGEST_DELAY = 0.5, 30.0

_UNSUPPORTED_VERSION = {1, 132}
_TAKEN_OVER = 142
_NEVER_SENT_RETAINED = 2


class BrokerRefused(Exception):
    """The broker will not have us: trying again changes nothing until somebody mends the settings."""


class Disconnected(Exception):
    """There is no connection; one may come."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Messages that arrived together, and what to acknowledge them by, which holds for one connection only."""

    envelopes: Sequence[Envelope]
    receipts: Sequence[tuple[int, int]]
    connection: int


class Link:
    """A connection to the broker under a fixed name, so that the broker keeps what comes while we are away."""

    def __init__(
        self,
        url: SplitResult,
        filters: Sequence[str],
        clock: Clock,
        *,
        client_id: str = CLIENT_ID,
        batch: int = BATCH,
        keepalive: timedelta = KEEPALIVE,
    ) -> None:
        self._url = url
        self._filters = filters
        self._clock = clock
        self._client_id = client_id
        self._batch = batch
        self._keepalive = max(1, int(keepalive.total_seconds()))
        self._connection = 0
        self._client: Client | None = None
        self._forget()

    def _forget(self) -> None:
        self._envelopes: list[Envelope] = []
        self._receipts: list[tuple[int, int]] = []
        self._answer: ReasonCode | None = None
        self._granted: list[ReasonCode] | None = None
        self._lost: str | None = None
        self._taken_over = False

    @property
    def is_connected(self) -> bool:
        return self._client is not None and self._lost is None

    @property
    def protocol(self) -> str:
        """What was agreed on: `5` or `3.1.1`."""
        return "5" if self._client and self._client.protocol == MQTTProtocolVersion.MQTTv5 else "3.1.1"

    def connect(self) -> None:
        """Connect and subscribe, by MQTT 5 or, where the broker does not speak it, by 3.1.1.

        Raises Disconnected when nobody answers, BrokerRefused when the broker will not have us.
        """
        try:
            answer = self._open(MQTTProtocolVersion.MQTTv5)
            known = answer.value not in _UNSUPPORTED_VERSION
        except _NoAnswer:
            # Some brokers hang up on a version they do not speak instead of saying so.
            known = False
        if not known:
            try:
                answer = self._open(MQTTProtocolVersion.MQTTv311)
            except _NoAnswer as error:
                raise Disconnected(str(error)) from error
        if answer.is_failure:
            self._drop()
            raise BrokerRefused(f"the broker refuses the connection: {answer}")
        self._subscribe()
        log.info("connected to %s:%s by MQTT %s", self._url.hostname, self._client_port, self.protocol)

    def take(self, wait: timedelta) -> Batch:
        """What has arrived: nothing after `wait`, else what comes within a moment of the first, a batch at most.

        Raises Disconnected; but what arrived on a connection that broke since is handed out first, because a
        broker that died with it may never send it again.
        """
        deadline = time.monotonic() + wait.total_seconds()
        lingers = False
        while len(self._envelopes) < self._batch and self._lost is None:
            before = len(self._envelopes)
            self._read()
            if len(self._envelopes) >= self._batch:
                break
            if self._envelopes and not lingers:
                lingers, deadline = True, time.monotonic() + LINGER.total_seconds()
            left = deadline - time.monotonic()
            if left <= 0:
                break
            if len(self._envelopes) == before:
                self._wait(left)
        self._check()
        batch = Batch(self._envelopes, self._receipts, self._connection)
        self._envelopes, self._receipts = [], []
        return batch

    def acknowledge(self, batch: Batch) -> None:
        """Tell the broker that a batch is safe. After a reconnect it has no ear for it: it sends again."""
        if self._client is None or batch.connection != self._connection:
            return
        for mid, qos in batch.receipts:
            self._client.ack(mid, qos)
        self.tend()

    def tend(self) -> None:
        """Send what waits to be sent, and a sign of life where one is due."""
        if self._client is not None and self._lost is None:
            if self._client.want_write():
                self._client.loop_write()
            self._client.loop_misc()

    def close(self) -> None:
        """Leave politely. The broker keeps the session and what comes for it."""
        if self._client is not None and self._lost is None:
            self._client.disconnect()
            deadline = time.monotonic() + 1
            while self._client.want_write() and time.monotonic() < deadline:
                self._wait(0.1)
        self._drop()

    def _open(self, version: MQTTProtocolVersion) -> ReasonCode:
        """Ask for a connection of one version and return the broker's answer."""
        self._drop()
        self._forget()
        self._connection += 1
        is_5 = version == MQTTProtocolVersion.MQTTv5
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._client_id,
            protocol=version,
            # Else a restart would throw away what the broker kept.
            clean_session=None if is_5 else False,
            manual_ack=True,
            reconnect_on_failure=False,
        )
        self._client = client
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        client.on_disconnect = self._on_disconnect
        if self._url.username:
            client.username_pw_set(unquote(self._url.username), unquote(self._url.password or ""))
        if self._url.scheme == "mqtts":
            client.tls_set()
        host = self._url.hostname or "127.0.0.1"
        try:
            if is_5:
                wanted = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
                wanted.SessionExpiryInterval = int(SESSION.total_seconds())
                # Twice the batch: while one is being stored the next is already on its way.
                wanted.ReceiveMaximum = min(2 * self._batch, 65_535)
                client.connect(host, self._client_port, self._keepalive, clean_start=False, properties=wanted)
            else:
                client.connect(host, self._client_port, self._keepalive)
        except OSError as error:
            self._drop()
            raise Disconnected(f"{host}:{self._client_port}: {error}") from error
        self._until(lambda: self._answer is not None)
        if self._answer is None:
            said = self._lost or "no answer"
            self._drop()
            raise _NoAnswer(f"{host}:{self._client_port}: {said}")
        return self._answer

    def _subscribe(self) -> None:
        assert self._client is not None, "connected before"
        if self._client.protocol == MQTTProtocolVersion.MQTTv5:
            # What was said before we listened is of no use, and a thousand devices have said something.
            options = SubscribeOptions(qos=1, retainHandling=_NEVER_SENT_RETAINED)
            self._client.subscribe([(one, options) for one in self._filters])
        else:
            self._client.subscribe([(one, 1) for one in self._filters])
        self._until(lambda: self._granted is not None)
        if self._granted is None:
            raise Disconnected(self._lost or "the broker does not answer the subscription")
        if any(one.is_failure for one in self._granted):
            raise BrokerRefused("the broker refuses the subscription: its access list does not let us read")

    def _until(self, answered: Callable[[], bool]) -> None:
        deadline = time.monotonic() + ANSWER.total_seconds()
        while not answered() and self._lost is None and (left := deadline - time.monotonic()) > 0:
            self._wait(left)
            self._read()

    def _read(self) -> None:
        """Read messages until none is left or the batch is full. paho reads one packet a call."""
        assert self._client is not None, "connected before"
        arrived = -1
        while arrived < len(self._envelopes) < self._batch and self._lost is None:
            arrived = len(self._envelopes)
            failed = self._client.loop_read()
            if failed is not MQTTErrorCode.MQTT_ERR_SUCCESS:
                self._lost = self._lost or failed.name
        self.tend()

    def _wait(self, seconds: float) -> None:
        """Wait for the network, at most so long."""
        assert self._client is not None, "connected before"
        socket = self._client.socket()
        if socket is None:
            self._lost = self._lost or "the connection was closed"
            return
        writing = [socket] if self._client.want_write() else []
        _, writable, _ = select.select([socket], writing, [], seconds)
        if writable:
            self._client.loop_write()

    def _check(self) -> None:
        if self._taken_over:
            raise BrokerRefused(
                f"another gateway has connected as {self._client_id!r}: there can be only one"
            )
        if self._lost is not None and not self._envelopes:
            raise Disconnected(self._lost)

    def _drop(self) -> None:
        client, self._client = self._client, None
        if client is not None and (socket := client.socket()) is not None:
            socket.close()

    @property
    def _client_port(self) -> int:
        return self._url.port or (8883 if self._url.scheme == "mqtts" else 1883)

    def _on_connect(
        self,
        _client: Client,
        _data: object,
        _flags: ConnectFlags,
        answer: ReasonCode,
        _more: Properties | None,
    ) -> None:
        self._answer = answer

    def _on_subscribe(
        self, _client: Client, _data: object, _mid: int, granted: list[ReasonCode], _more: Properties | None
    ) -> None:
        self._granted = granted

    def _on_message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = "(not UTF-8)"
        self._envelopes.append(Envelope(topic, bytes(message.payload), self._clock(), bool(message.retain)))
        if message.qos:
            self._receipts.append((message.mid, message.qos))

    def _on_disconnect(
        self,
        _client: Client,
        _data: object,
        flags: DisconnectFlags,
        reason: ReasonCode,
        _more: Properties | None,
    ) -> None:
        self._lost = str(reason)
        self._taken_over = flags.is_disconnect_packet_from_server and reason.value == _TAKEN_OVER


class _NoAnswer(Exception):
    """The broker took the connection and said nothing."""


def reconnect_delays() -> Iterator[float]:
    """Seconds to wait before each further attempt: doubling, with an end, and not all gateways at once."""
    delay = FIRST_DELAY
    while True:
        yield delay * random.uniform(0.5, 1.0)  # noqa: S311 - spreads load, guards nothing
        delay = min(2 * delay, LONGEST_DELAY)
