"""paho's client with two short ways, for what comes and goes by the thousand: messages and their acknowledgements.

paho reads the head of each packet byte by byte, makes a table of all properties for each message, and sends each
acknowledgement by itself. Every call of the socket lets other threads of the process run and then waits for them:
beside a thread that stores it would take more than all the rest. All else goes paho's own way.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import MessageType, MQTTErrorCode, MQTTProtocolVersion

PIECE = 65_536
MORE = 0x80  # of a byte of a length: another follows
QOS_1, QOS_2, RETAINED = 0x02, 0x04, 0x01  # of a PUBLISH's first byte
NOT_UTF_8 = "(not UTF-8)"
_PUBACK = struct.Struct("!BBH")


class Publication(NamedTuple):
    """A PUBLISH as it came (MQTT 5, 3.3), and the `mid` to acknowledge it by where `qos` is not 0."""

    topic: str
    payload: bytes
    retained: bool
    mid: int
    qos: int


class Buffered:
    """A socket without blocking that is read a large piece at a time, of paho's `SocketLike`."""

    def __init__(self, socket: Any) -> None:
        self._socket = socket
        self._read, self._at = b"", 0
        self.heard_at = time.monotonic()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)

    @property
    def holds(self) -> bool:
        """Whether something was read that nobody has asked for yet: the network need not be waited for."""
        return self._at < len(self._read)

    def recv(self, size: int) -> bytes:
        """Raises as the socket where nothing is there; empty where the other side hung up."""
        if self._at >= len(self._read):
            self._read, self._at = self._socket.recv(PIECE), 0
            self.heard_at = time.monotonic()
        found = self._read[self._at : self._at + size]
        self._at += size
        return found

    def publication(self, *, has_properties: bool) -> Publication | None:
        """The PUBLISH that what was read goes on with; None where it is another packet, is not all there, has
        properties, waits for a second handshake (QoS 2), or cannot be right: of these nothing is taken.

        `has_properties`: whether packets have a place for them (MQTT 5).
        """
        read, at = self._read, self._at
        try:
            head, length = read[at], read[at + 1]
            at += 2
            if length & MORE:
                more = read[at]
                at += 1
                if more & MORE:
                    return None
                length = (length & ~MORE) | more << 7
            end = at + length
            if head & 0xF0 != MessageType.PUBLISH or head & QOS_2 or end > len(read):
                return None
            topic_at = at + 2
            at = topic_at + (read[at] << 8 | read[at + 1])
            topic, mid = read[topic_at:at], 0
            if qos := head & QOS_1:
                mid = read[at] << 8 | read[at + 1]
                at += 2
            if has_properties:
                if read[at]:
                    return None
                at += 1
        except IndexError:
            return None
        if at > end or not topic:
            return None
        self._at = end
        return Publication(_text(topic), read[at:end], bool(head & RETAINED), mid, qos >> 1)


class BufferedClient(Client):
    """paho's client on such a socket, which hands over each message by `heard`."""

    heard: Callable[[Publication], None]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.on_message = self._on_message_of_paho

    def acknowledge(self, mids: Sequence[int]) -> None:
        """Acknowledge messages of QoS 1, in one piece; what the network does not take now goes out by `loop_write`."""
        packets = b"".join(_PUBACK.pack(MessageType.PUBACK, 2, mid) for mid in mids)
        self._packet_queue(MessageType.PUBACK, packets, 0, 1)

    def note_heard(self) -> None:
        """The broker lives: something of it waits to be read."""
        self._last_bytes_received = time.monotonic()
        self._ping_t = 0.0

    def _create_socket(self) -> Any:
        return Buffered(super()._create_socket())

    def _packet_read(self) -> MQTTErrorCode:
        if self._in_packet["command"] == 0 and isinstance(self._sock, Buffered):
            found = self._sock.publication(has_properties=self._protocol == MQTTProtocolVersion.MQTTv5)
            if found is not None:
                self._last_bytes_received = time.monotonic()
                self.heard(found)
                return MQTTErrorCode.MQTT_ERR_SUCCESS
        return super()._packet_read()

    def _on_message_of_paho(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = NOT_UTF_8
        self.heard(Publication(topic, bytes(message.payload), bool(message.retain), message.mid, message.qos))


def _text(topic: bytes) -> str:
    try:
        return topic.decode()
    except UnicodeDecodeError:
        return NOT_UTF_8
