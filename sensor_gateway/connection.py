"""A connection to the broker, by paho; nobody else knows it.

There is no network thread: whoever takes a batch drives the client. So a slow database holds the broker back by
itself (it may send no more than the Receive Maximum ahead), and no thread can die unseen while the process looks
well, as paho's does when a callback raises. Whoever waits for something else meanwhile gives a sign of life by `tend`.
"""

from __future__ import annotations

import logging
import secrets
import select
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import cast
from urllib.parse import SplitResult, unquote

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from app.clock import Clock
from sensor_gateway.buffered import Buffered, BufferedClient, Publication
from sensor_gateway.messages import Envelope
from sensor_gateway.topics import own_topic
from sensor_gateway.trust import PUBLIC, Trust, hint_of, meaning

log = logging.getLogger(__name__)

CLIENT_ID = "gateway"
BATCH = 5_000
# How soon it is noticed on either side that the other is away: we are within twice as long, the broker within one and
# a half times. While a batch is stored `tend` is called.
KEEPALIVE = timedelta(seconds=30)
ANSWER = timedelta(seconds=10)
# As long as raw readings are kept, and as long as the product's own broker keeps a session.
SESSION = timedelta(days=30)
# Where a broker does not let us hear ourselves, after the last batch that was full.
WAITED_AT_MOST = timedelta(minutes=2)
# By how much more the clock goes than time has passed where somebody set it.
CLOCK_SET = timedelta(seconds=30)

Version = MQTTProtocolVersion
MQTT_5, MQTT_3 = MQTTProtocolVersion.MQTTv5, MQTTProtocolVersion.MQTTv311
# MQTT 5's reason codes, into which paho translates 3.1.1's.
UNSUPPORTED_VERSION = {1, 132}
TAKES_NOBODY_NOW = {136, 137, 151, 159}
_TAKEN_OVER = 142
ABOUT_BROKER = "$SYS/"
# What was said before we listened is of no use, and a thousand devices have said something.
_ONCE_HEARD = SubscribeOptions(qos=1, retainHandling=SubscribeOptions.RETAIN_DO_NOT_SEND)

_ALSO_HEARD = SubscribeOptions(qos=1)


class BrokerRefused(Exception):
    """The broker will not have us: trying again changes nothing until somebody mends the settings."""


class TakenOver(BrokerRefused):
    """Another has connected under our name."""


class Disconnected(Exception):
    """There is no connection; one may come."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Where to connect, as whom, and for which topics. `batch`: how many messages are taken at once at most. `besides`:
    topics that are welcome, what is retained of them too, but that no broker need let us hear. `unwanted`: topics of
    before, which the broker may still keep for us."""

    url: SplitResult
    filters: Sequence[str]
    clock: Clock
    client_id: str = CLIENT_ID
    batch: int = BATCH
    keepalive: timedelta = KEEPALIVE
    besides: Sequence[str] = ()
    unwanted: Sequence[str] = ()
    trust: Trust = PUBLIC

    @property
    def host(self) -> str:
        return self.url.hostname or "127.0.0.1"

    @property
    def port(self) -> int:
        return self.url.port or (8883 if self.url.scheme == "mqtts" else 1883)


class Connection:
    """One connection, from its opening to its loss, and what arrived on it and waits to be taken.

    Raises Disconnected where nobody answers, BrokerRefused where the broker and we do not trust each other.
    """

    def __init__(self, wanted: Wanted, version: Version) -> None:
        self.envelopes: list[Envelope] = []
        self.receipts: list[int] = []
        self.answer: ReasonCode | None = None
        self.granted: list[ReasonCode] | None = None
        self.lost = ""
        self.taken_over = False
        self.failures: list[str] = []
        self._clock = wanted.clock
        self._came_at, self._came, self._came_lock = wanted.clock(), time.monotonic(), Lock()
        # Until all that waited for us is here. A broker keeps the order, so that is where it hands us the word that we
        # say to ourselves.
        self._is_waited_for, self._waited_until, self._was_full = False, 0.0, False
        self._own_topic, self._own_word = own_topic(wanted.client_id), secrets.token_bytes(8)
        self._most = wanted.batch
        self._is_5 = version == MQTT_5
        self._client = BufferedClient(
            CallbackAPIVersion.VERSION2,
            client_id=wanted.client_id,
            protocol=version,
            # Else a restart would throw away what the broker kept.
            clean_session=None if self._is_5 else False,
            manual_ack=True,
            reconnect_on_failure=False,
        )
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.heard = self._heard
        self._client.on_disconnect = self._on_disconnect
        if wanted.url.username:
            self._client.username_pw_set(unquote(wanted.url.username), unquote(wanted.url.password or ""))
        if wanted.url.scheme == "mqtts":
            self._secure(wanted.trust)
        keepalive = max(1, int(wanted.keepalive.total_seconds()))
        try:
            if self._is_5:
                properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
                properties.SessionExpiryInterval = int(SESSION.total_seconds())
                # Twice the batch: while one is being stored the next is already on its way.
                properties.ReceiveMaximum = min(2 * self._most, 65_535)
                self._client.connect(
                    wanted.host, wanted.port, keepalive, clean_start=False, properties=properties
                )
            else:
                self._client.connect(wanted.host, wanted.port, keepalive)
        except OSError as error:
            if meant := meaning(str(error)):
                raise BrokerRefused(meant) from error
            hint = hint_of(error) if wanted.url.scheme == "mqtts" else ""
            raise Disconnected(f"{wanted.host}:{wanted.port}: {error}{hint}") from error

    def _secure(self, trust: Trust) -> None:
        try:
            self._client.tls_set_context(trust.context())
        except ValueError as error:
            raise BrokerRefused(str(error)) from error
        # paho tells why a connection broke in its log alone, which costs something for each packet.
        self._client.on_log = lambda _client, _data, _level, words: self.failures.append(words)

    @property
    def protocol(self) -> str:
        return "5" if self._is_5 else "3.1.1"

    @property
    def is_full(self) -> bool:
        return len(self.envelopes) >= self._most

    def subscribe(self, filters: Sequence[str], besides: Sequence[str]) -> None:
        """Ask for the messages under some topics, and where some may have waited for our own word behind them;
        `granted` is the answer, in this order."""
        # What the broker says of itself need not wait for us while we are away; its last word is welcome.
        options = [
            (one, SubscribeOptions(qos=0))
            if one.startswith(ABOUT_BROKER)
            else (one, _ALSO_HEARD if one in besides else _ONCE_HEARD)
            for one in (*filters, *besides)
        ]
        if self._is_waited_for:
            options.append((self._own_topic, _ALSO_HEARD))
        if self._is_5:
            self._client.subscribe(options)
        else:
            self._client.subscribe([(one, option.QoS) for one, option in options])
        if self._is_waited_for:
            self._client.publish(self._own_topic, self._own_word, qos=1)

    def unsubscribe(self, filters: Sequence[str]) -> None:
        """Ask for the messages under some topics no more; what the broker kept of them so far still comes."""
        if filters:
            self._client.unsubscribe(list(filters))

    def read(self) -> None:
        """Read messages until none is left or the batch is full. paho reads one packet a call."""
        if self._is_waited_for:
            self._wait_no_longer()
        arrived = -1
        while arrived < len(self.envelopes) < self._most and not self.lost:
            arrived = len(self.envelopes)
            failed = self._client.loop_read()
            if failed is not MQTTErrorCode.MQTT_ERR_SUCCESS and not self.lost:
                self.lost = failed.name
        self._was_full = self.is_full
        self.tend()

    def tend(self) -> None:
        """Send what waits to be sent, and a sign of life where one is due."""
        if not self.lost:
            if self._client.want_write():
                self._client.loop_write()
            socket = self._socket()
            if socket is not None and _waits(socket):
                self._client.note_heard()  # else it would hang up on a broker that has answered
            self._client.loop_misc()

    def wait(self, seconds: float) -> None:
        """Wait for the network, at most so long."""
        socket = self._socket()
        if socket is None:
            self.lost = self.lost or "the connection was closed"
            return
        if socket.holds:
            return
        writing = [socket] if self._client.want_write() else []
        _, writable, _ = select.select([socket], writing, [], seconds)
        if writable:
            self._client.loop_write()

    @property
    def silence(self) -> timedelta | None:
        """For how long the broker has said nothing, not even that it lives; what waits to be read was said just now.
        None where it is lost."""
        socket = self._socket()
        if socket is None or self.lost:
            return None
        return timedelta(0) if _waits(socket) else timedelta(seconds=time.monotonic() - socket.heard_at)

    def until(self, answered: Callable[[], bool], within: timedelta = ANSWER) -> None:
        """Drive the connection until something is so, it is lost, or the broker has had time enough."""
        deadline = time.monotonic() + within.total_seconds()
        while not answered() and not self.lost and (left := deadline - time.monotonic()) > 0:
            self.wait(left)
            self.read()

    def acknowledge(self, receipts: Sequence[int]) -> None:
        """Tell the broker that messages are safe."""
        if receipts and not self.lost:
            self._client.acknowledge(receipts)
        self.tend()

    def publish(self, topic: str, payload: str | bytes, *, retain: bool = True) -> None:
        """Say something that the broker is to keep for whoever comes later, or (`retain` False) to whoever listens."""
        self._client.publish(topic, payload, qos=int(retain), retain=retain)
        self.tend()

    def leave(self) -> None:
        """Say goodbye where there is somebody to say it to. The broker keeps the session."""
        if not self.lost:
            self._client.disconnect()
            self.until(lambda: not self._client.want_write())
        self.drop()

    def _socket(self) -> Buffered | None:
        return cast("Buffered | None", self._client.socket())

    def drop(self) -> None:
        socket = self._client.socket()
        if socket is not None:
            socket.close()

    def _on_connect(
        self,
        _client: Client,
        _data: object,
        flags: ConnectFlags,
        answer: ReasonCode,
        _more: Properties | None,
    ) -> None:
        self.answer = answer
        self._client.on_log = None
        self._came_at, self._came = self._clock(), time.monotonic()
        self._is_waited_for = flags.session_present
        self._waited_until = self._came + WAITED_AT_MOST.total_seconds()

    def _on_subscribe(
        self, _client: Client, _data: object, _mid: int, granted: list[ReasonCode], _more: Properties | None
    ) -> None:
        self.granted = granted

    def _heard(self, one: Publication) -> None:
        if one.qos:
            self.receipts.append(one.mid)
        if one.topic == self._own_topic:
            if self._is_waited_for and one.payload == self._own_word:
                log.info("all that waited is here; what nothing dates counts as said by %s", self._came_at)
                self._is_waited_for = False
            return
        now = self._clock()
        came_at = self.came_by(now) if self._is_waited_for else None
        self.envelopes.append(Envelope(one.topic, one.payload, now, one.retained, came_at))

    def came_by(self, now: datetime) -> datetime:
        """When we came, by a clock that may have been set since; the same instant as long as it was not. For several
        threads."""
        with self._came_lock:
            came_at = now - timedelta(seconds=time.monotonic() - self._came)
            if abs(came_at - self._came_at) > CLOCK_SET:
                self._came_at = came_at
            return self._came_at

    def _wait_no_longer(self) -> None:
        """Take what comes as said now, where our own word has not come though all that waited must have."""
        now = time.monotonic()
        if self._was_full:
            self._waited_until = now + WAITED_AT_MOST.total_seconds()
        elif now > self._waited_until:
            log.warning("the broker does not hand us %s back: what comes counts as said now", self._own_topic)
            self._is_waited_for = False

    def _on_disconnect(
        self,
        _client: Client,
        _data: object,
        flags: DisconnectFlags,
        reason: ReasonCode,
        _more: Properties | None,
    ) -> None:
        self.lost = str(reason)
        self.taken_over = flags.is_disconnect_packet_from_server and reason.value == _TAKEN_OVER


def _waits(socket: Buffered) -> bool:
    """Whether something waits to be read."""
    return socket.holds or bool(select.select([socket], [], [], 0)[0])
