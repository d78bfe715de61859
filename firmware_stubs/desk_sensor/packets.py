"""The packets of MQTT 3.1.1 that a device needs; pure. Numbers in brackets are the standard's sections."""

import struct

CONNACK, PUBLISH, PUBACK, SUBACK, PINGRESP = 2, 3, 4, 9, 13
PING = b"\xc0\x00"
_MOST_BYTES = 4_096
_MOST_ID = 65_535


class ProtocolError(OSError):
    """The other side speaks no MQTT 3.1.1."""


def _text(data):
    return struct.pack(">H", len(data)) + data


def _packet(first, body):
    """The fixed header [2.2] and the body."""
    length = len(body)
    header = bytearray((first,))
    while length > 127:
        header.append(length & 127 | 128)
        length >>= 7
    header.append(length)
    return bytes(header) + body


def connect(user, password, keepalive_s, will_topic, will):
    """CONNECT [3.1] that keeps the session; its last will is retained, QoS 1. The client's id is its user."""
    flags = 0b1110_1100
    body = b"\x00\x04MQTT\x04" + struct.pack(">BH", flags, keepalive_s)
    return _packet(0x10, body + b"".join(map(_text, (user, will_topic, will, user, password))))


def publish(topic, payload, packet_id, retain=False, is_again=False):
    """PUBLISH [3.3] with QoS 1."""
    first = 0x32 | (8 if is_again else 0) | (1 if retain else 0)
    return _packet(first, _text(topic) + struct.pack(">H", packet_id) + payload)


def puback(packet_id):
    """PUBACK [3.4]."""
    return b"\x40\x02" + struct.pack(">H", packet_id)


def subscribe(topic, packet_id):
    """SUBSCRIBE [3.8] to one topic with QoS 1."""
    return _packet(0x82, struct.pack(">H", packet_id) + _text(topic) + b"\x01")


def published(flags, body):
    """(topic, payload, packet id or None) of a PUBLISH that came."""
    (length,) = struct.unpack(">H", body[:2])
    start = 2 + length
    if not flags & 6:
        return body[2:start], body[start:], None
    return body[2:start], body[start + 2 :], packet_id(body[start : start + 2])


def packet_id(body):
    """The number that a body begins with."""
    return struct.unpack(">H", body[:2])[0]


def next_id(last, taken):
    """The packet id after `last`: 1 follows 65,535, and one under way is passed over [2.3.1]."""
    while True:
        last = last + 1 if last < _MOST_ID else 1
        if last not in taken:
            return last


class Incoming:
    """Cuts what arrives into packets; one that a device has no room for is passed over."""

    def __init__(self):
        self._data = b""
        self._passing = 0

    def add(self, data):
        """Take in bytes and return the packets that are whole now: (type, flags, body)."""
        self._data += data
        packets = []
        at = 0
        while True:
            passed = min(self._passing, len(self._data) - at)
            self._passing -= passed
            at += passed
            cut = self._cut(at)
            if cut is None:
                self._data = self._data[at:]
                return packets
            start, end = cut
            if end - start > _MOST_BYTES:
                self._passing = end - at
                continue
            if end > len(self._data):
                self._data = self._data[at:]
                return packets
            packets.append((self._data[at] >> 4, self._data[at] & 15, self._data[start:end]))
            at = end

    def _cut(self, at):
        """Where the body of the packet at `at` starts and will end; None: its length is not all there."""
        length = 0
        for place in range(4):
            if at + 1 + place >= len(self._data):
                return None
            digit = self._data[at + 1 + place]
            length |= (digit & 127) << 7 * place
            if digit < 128:
                break
        else:
            raise ProtocolError("length")
        start = at + 2 + place
        return start, start + length
