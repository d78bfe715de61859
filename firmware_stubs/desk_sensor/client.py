"""MQTT over a socket that never waits: QoS 1 both ways, a bounded number under way, the session kept."""

import errno
import select
import socket

from desk_sensor import packets

_CLOSED, _CONNECTING, _GREETING, _OPEN = range(4)
_WINDOW = 8  # messages under way at once
_GREET_MS = 10_000
_ACK_MS = 30_000
_MOST_WAITING = 8_192


class _Flight:
    """A message that is published and not yet confirmed."""

    def __init__(self, topic, payload, retain, token):
        self.topic = topic
        self.payload = payload
        self.retain = retain
        self.token = token
        self.packet_id = 0
        self.sent_ms = 0


class Client:
    """One device's connection. All times are ms of uptime; `turn` does the work and reports to the two callbacks.

    `on_ack(token, now_ms)` for what the broker has confirmed; `on_message(topic, payload)`. What is under way when
    the connection is lost goes out again: as a repetition with its own id where the broker kept the session, else anew.
    """

    def __init__(self, server, login, topics, *, keepalive_s, uptime_ms, on_ack, on_message):
        self.heard_ms = 0
        self.why_closed = None
        self._server = server
        self._user, self._password = login
        self._keepalive_s = keepalive_s
        self._uptime_ms = uptime_ms
        self._status_topic, self._config_topic = topics
        self._on_ack = on_ack
        self._on_message = on_message
        self._state = _CLOSED
        self._flights = []
        self.last_id = 0  # packet ids go on from here
        self._socket = None
        self._pinged = False

    @property
    def is_open(self):
        return self._state == _OPEN

    @property
    def is_closed(self):
        return self._state == _CLOSED

    @property
    def has_room(self):
        """Whether another message may be published."""
        return self._state == _OPEN and len(self._flights) < _WINDOW and len(self._out) < _MOST_WAITING

    def open(self):
        """Begin to connect, once the name service has answered. Raises OSError where that cannot even begin."""
        family, kind, protocol, address = self._server.found()
        self._socket = socket.socket(family, kind, protocol)
        self._socket.setblocking(False)
        self._poll = select.poll()
        self._poll.register(self._socket, select.POLLIN | select.POLLOUT)
        self._incoming = packets.Incoming()
        self._out = b""
        self._began_ms = self._sent_ms = self.heard_ms = self._uptime_ms()
        self._pinged = False
        self._state = _CONNECTING
        try:
            self._socket.connect(address)
        except OSError as error:
            if error.errno != errno.EINPROGRESS:
                self.close(error)
                raise

    def close(self, why=None):
        """Hang up without a farewell, so that the last will is told."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        if self._state in (_CONNECTING, _GREETING):
            self._server.doubt()
        self._state = _CLOSED
        self.why_closed = why

    def publish(self, topic, payload, token, now_ms, retain=False):
        """Publish once there is room; `token` comes back with the confirmation."""
        flight = _Flight(topic, payload, retain, token)
        self._flights.append(flight)
        self._launch(flight, now_ms)

    def turn(self, now_ms):
        """Read, write and keep alive as far as that goes without waiting. A broken connection is closed."""
        if self._state == _CLOSED:
            return
        try:
            self._work(now_ms)
        except OSError as error:
            self.close(error)

    def _work(self, now_ms):
        self._poll.modify(self._socket, select.POLLIN | (select.POLLOUT if self._wants_to_write else 0))
        ready = self._poll.poll(0)
        flags = ready[0][1] if ready else 0
        if self._state == _CONNECTING and flags:
            if flags & (select.POLLERR | select.POLLHUP):
                raise OSError(errno.ECONNREFUSED)
            self._state = _GREETING
            self._out = packets.connect(
                self._user, self._password, self._keepalive_s, self._status_topic, b"offline"
            )
        elif flags & ~select.POLLOUT:
            self._read(now_ms)
        if self._state != _CONNECTING:
            self._check_alive(now_ms)
            self._write(now_ms)
        if self._state != _OPEN and now_ms - self._began_ms > _GREET_MS:
            raise OSError(errno.ETIMEDOUT)

    @property
    def _wants_to_write(self):
        return self._state == _CONNECTING or bool(self._out)

    def _read(self, now_ms):
        data = self._socket.read(1_024)
        if data is None:
            return
        if not data:
            raise OSError(errno.ECONNRESET)
        self.heard_ms = now_ms
        self._pinged = False
        for kind, flags, body in self._incoming.add(data):
            if self._state == _GREETING:
                self._greeted(kind, body, now_ms)
            elif kind == packets.PUBACK:
                self._confirmed(packets.packet_id(body), now_ms)
            elif kind == packets.PUBLISH:
                topic, payload, packet_id = packets.published(flags, body)
                if packet_id is not None:
                    self._out += packets.puback(packet_id)
                self._on_message(topic, payload)
            elif kind not in (packets.SUBACK, packets.PINGRESP):
                raise packets.ProtocolError("unexpected")

    def _greeted(self, kind, body, now_ms):
        if kind != packets.CONNACK or len(body) != 2 or body[1] != 0:
            raise packets.ProtocolError("refused")
        self._state = _OPEN
        self._server.answered()
        is_kept = bool(body[0] & 1)
        for flight in self._flights:
            self._launch(flight, now_ms, is_again=is_kept)
        self._out += packets.subscribe(self._config_topic, self._new_id())
        if not any(flight.topic == self._status_topic for flight in self._flights):
            self.publish(self._status_topic, b"online", None, now_ms, retain=True)

    def _launch(self, flight, now_ms, is_again=False):
        if not is_again:
            flight.packet_id = self._new_id()
        flight.sent_ms = now_ms
        self._out += packets.publish(
            flight.topic, flight.payload, flight.packet_id, flight.retain, is_again=is_again
        )

    def _new_id(self):
        self.last_id = packets.next_id(self.last_id, [flight.packet_id for flight in self._flights])
        return self.last_id

    def _confirmed(self, packet_id, now_ms):
        for place, flight in enumerate(self._flights):
            if flight.packet_id == packet_id:
                del self._flights[place]
                if flight.token is not None:
                    self._on_ack(flight.token, now_ms)
                return

    def _check_alive(self, now_ms):
        if self._state != _OPEN:
            return
        alive_ms = self._keepalive_s * 1000
        if now_ms - self.heard_ms > alive_ms or (
            self._flights and now_ms - self._flights[0].sent_ms > _ACK_MS
        ):
            raise OSError(errno.ETIMEDOUT)
        quiet_ms = now_ms - min(self.heard_ms, self._sent_ms)
        if not self._pinged and quiet_ms > alive_ms // 2:
            self._pinged = True
            self._out += packets.PING

    def _write(self, now_ms):
        if not self._out:
            return
        written = self._socket.write(self._out)
        if written:
            self._out = self._out[written:]
            self._sent_ms = now_ms
