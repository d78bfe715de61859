"""The short way of a message is paho's own way, however the network cuts what it brings."""

import socket
import struct
from contextlib import closing
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt._packet import decode_publish
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties, VariableByteIntegers

from sensor_gateway.buffered import NOT_UTF_8, Buffered, BufferedClient, Publication

V5, V3 = MQTTProtocolVersion.MQTTv5, MQTTProtocolVersion.MQTTv311
_Length: Any = VariableByteIntegers
PINGRESP = bytes([0xD0, 0])


@st.composite
def publishes(draw: st.DrawFn, version: MQTTProtocolVersion) -> bytes:
    """A PUBLISH of QoS 0 or 1, as MQTT 5, 3.3 and 3.1.1, 3.3 have it; some with properties."""
    qos, retained, again = draw(st.integers(0, 1)), draw(st.booleans()), draw(st.booleans())
    text = st.text(st.characters(codec="utf-8"), min_size=1, max_size=30).map(str.encode)
    topic = draw(st.one_of(text, st.just(b"a/\xff")))
    body = struct.pack("!H", len(topic)) + topic
    if qos:
        body += struct.pack("!H", draw(st.integers(1, 65_535)))
    if version == V5:
        properties: Any = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        if draw(st.integers(0, 4)) == 0:
            properties.MessageExpiryInterval = 60
        body += properties.pack()
    body += draw(st.binary(max_size=20)) * draw(st.sampled_from([1, 1, 1, 20, 2_000]))
    head = 0x30 | qos << 1 | int(retained) | int(again and qos) << 3
    return bytes([head]) + bytes(_Length.encode(len(body))) + body


def _as_paho_reads(packet: bytes, version: MQTTProtocolVersion) -> Publication:
    _length, width = _Length.decode(packet[1:])
    one = decode_publish(packet[0], packet[1 + width :], version)
    topic = NOT_UTF_8 if b"\xff" in one.topic else one.topic.decode()
    return Publication(topic, bytes(one.payload), one.retain, one.mid, one.qos)


class _Wired(BufferedClient):
    """A client whose network is a pair of sockets of this process."""

    def __init__(self, version: MQTTProtocolVersion) -> None:
        super().__init__(CallbackAPIVersion.VERSION2, protocol=version, manual_ack=True)
        ours, self.far = socket.socketpair()
        ours.setblocking(False)
        self._sock = Buffered(ours)
        self.found: list[Publication] = []
        self.heard = self.found.append

    def read(self) -> None:
        before = -1
        while before < len(self.found):
            before = len(self.found)
            assert self.loop_read() is MQTTErrorCode.MQTT_ERR_SUCCESS


@pytest.mark.parametrize("version", [V5, V3])
@given(data=st.data())
def test_what_the_network_cuts_is_heard_as_paho_hears_it(
    version: MQTTProtocolVersion, data: st.DataObject
) -> None:
    sent = data.draw(st.lists(publishes(version), min_size=1, max_size=8))
    cuts = data.draw(st.lists(st.integers(1, 400), min_size=1, max_size=8))
    stream = b"".join(sent)
    client = _Wired(version)
    with closing(client.far):
        at, number = 0, 0
        while at < len(stream):
            size = cuts[number % len(cuts)] if at < 2_000 else 30_000
            client.far.sendall(stream[at : at + size])
            client.read()
            at, number = at + size, number + 1
        # A packet that brings nothing must not hide what comes after it.
        client.far.sendall(PINGRESP + sent[0])
        client.read()
        client.read()

    assert client.found == [_as_paho_reads(one, version) for one in [*sent, sent[0]]]


@pytest.mark.parametrize(
    "packet",
    [
        pytest.param(bytes.fromhex("3400"), id="QoS 2, which has a second handshake"),
        pytest.param(bytes.fromhex("3005000374"), id="not all there"),
        pytest.param(bytes.fromhex("30020009"), id="a topic longer than the packet"),
        pytest.param(bytes.fromhex("3003000000"), id="no topic: an alias that nobody gave"),
        pytest.param(bytes.fromhex("30ffffff7f"), id="of 256 MB"),
        pytest.param(bytes.fromhex("d000"), id="another packet"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_of_what_it_does_not_understand_it_takes_nothing(packet: bytes) -> None:
    ours, far = socket.socketpair()
    with closing(ours), closing(far):
        read = Buffered(ours)
        if packet:
            far.sendall(b"." + packet)
            assert read.recv(1) == b"."

        assert read.publication(has_properties=True) is None
        assert read.holds == bool(packet)


def test_acknowledgements_are_those_that_paho_sends_one_by_one() -> None:
    one_by_one, together = _Wired(V5), _Wired(V5)
    with closing(one_by_one.far), closing(together.far):
        for mid in (1, 258, 65_535):
            one_by_one.ack(mid, 1)
        together.acknowledge([1, 258, 65_535])

        assert together.far.recv(100) == one_by_one.far.recv(100)
