"""Sparkplug B: each device behind one edge node. The first message of a run is its birth, which gives the metric's name
a number; later ones say the number. A payload is dated when it is sent, a metric when it was so; what was kept is
marked as historical.

Fields and their numbers: Eclipse Sparkplug 3.0, chapter 6 (protobuf, `Payload` and `Metric`).
"""

from __future__ import annotations

from datetime import datetime

from firmware_stubs.simulator.wires.said import Said

NODE = ("akiseki", "desks")
METRIC = b"Desk/Occupied"
ALIAS = 1
BOOLEAN = 11


def subject(sensor_id: str) -> str:
    """Group, node and device."""
    return "/".join((*NODE, sensor_id))


def encode(said: Said) -> tuple[str, bytes]:
    """`spBv1.0/{group}/DBIRTH|DDATA/{node}/{device}`."""
    group, node = NODE
    is_birth = said.seq == 0
    metric = b"".join(
        (
            _bytes(1, METRIC) if is_birth else b"",
            _number(2, ALIAS),
            _instant(3, said.at),
            _number(4, BOOLEAN) if is_birth else b"",
            _number(5, 1) if said.kept else b"",
            _number(14, bool(said.occupied)),
        )
    )
    metrics = b"" if said.occupied is None else _bytes(2, metric)
    # The count of a message runs from 0 to 255 and begins anew.
    payload = _instant(1, said.at and said.sent_at) + metrics + _number(3, said.seq % 256)
    return f"spBv1.0/{group}/{'DBIRTH' if is_birth else 'DDATA'}/{node}/{said.sensor_id}", payload


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _bytes(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _instant(field: int, at: datetime | None) -> bytes:
    """Milliseconds since 1970; without a clock nothing."""
    return _number(field, round(at.timestamp() * 1000)) if at else b""
