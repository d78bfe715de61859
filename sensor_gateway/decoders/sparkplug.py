"""Sparkplug B: protobuf, names told once at a birth and as numbers from then on.

`spBv1.0/{group}/{type}/{node}[/{device}]`. Which metric means occupancy is the site's choice; one whose name says so
goes first, else the first boolean. The sequence runs from 0 to 255 and begins anew, so it names no message for good.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

from sensor_gateway.heard import Heard, Past, epoch
from sensor_gateway.messages import Envelope, Undecodable

MOST_BYTES = 262_144
MOST_NAMES = 100_000
PREFIX = "spBv1.0"
_OCCUPANCY = re.compile(r"occup|presen|motion", re.IGNORECASE)
# Of the specification's Payload what a seat needs: (name, number, type, repeated), Eclipse Sparkplug 3.0, chapter 6.
_METRIC = (
    ("name", 1, "STRING"),
    ("alias", 2, "UINT64"),
    ("timestamp", 3, "UINT64"),
    ("datatype", 4, "UINT32"),
    ("is_historical", 5, "BOOL"),
    ("is_null", 7, "BOOL"),
    ("int_value", 10, "UINT32"),
    ("long_value", 11, "UINT64"),
    ("boolean_value", 14, "BOOL"),
)
_PAYLOAD = (("timestamp", 1, "UINT64"), ("seq", 3, "UINT64"))


@cache
def _payload_class() -> Any:
    file = descriptor_pb2.FileDescriptorProto(
        name="akiseki/sparkplug.proto", package="akiseki", syntax="proto2"
    )
    metric, payload = file.message_type.add(name="Metric"), file.message_type.add(name="Payload")
    for message, fields in ((metric, _METRIC), (payload, _PAYLOAD)):
        for name, number, kind in fields:
            type_ = getattr(descriptor_pb2.FieldDescriptorProto, f"TYPE_{kind}")
            message.field.add(
                name=name, number=number, type=type_, label=descriptor_pb2.FieldDescriptorProto.LABEL_OPTIONAL
            )
    payload.field.add(
        name="metrics",
        number=2,
        type=descriptor_pb2.FieldDescriptorProto.TYPE_MESSAGE,
        type_name=".akiseki.Metric",
        label=descriptor_pb2.FieldDescriptorProto.LABEL_REPEATED,
    )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("akiseki.Payload"))


class Sparkplug:
    """Reads messages in their order: what a birth names, later ones know by number."""

    def __init__(self) -> None:
        self._names: dict[tuple[str, int], str] = {}
        self._devices: dict[str, set[str]] = {}

    def decode(self, envelope: Envelope) -> list[Heard]:
        """What a message says of a node or device; a node's death also of all its devices."""
        levels = envelope.topic.split("/")
        if len(levels) < 4 or levels[0] != PREFIX:
            raise Undecodable("topic")
        group, kind, node = levels[1:4]
        subject = "/".join((group, node, *levels[4:5]))
        edge = f"{group}/{node}"
        if kind in {"NCMD", "DCMD", "STATE"} or group == "STATE":
            return [Heard(subject[:64], kind="ignored")]
        payload = self._read(envelope.payload)
        if kind in {"NDEATH", "DDEATH"}:
            gone = {subject} | (self._devices.pop(edge, set()) if kind == "NDEATH" else set())
            return [Heard(one, kind="availability", online=False) for one in sorted(gone)]
        if kind not in {"NBIRTH", "DBIRTH", "NDATA", "DDATA"}:
            raise Undecodable("topic")
        if len(levels) > 4:
            self._devices.setdefault(edge, set()).add(subject)
        if kind.endswith("BIRTH"):
            self._learn(edge, payload.metrics)
        return [self._heard(subject, edge, payload, online=True if kind.endswith("BIRTH") else None)]

    @staticmethod
    def _read(content: bytes) -> Any:
        if len(content) > MOST_BYTES:
            raise Undecodable("too_large")
        payload = _payload_class()()
        try:
            payload.ParseFromString(content)
        except (DecodeError, ValueError):
            raise Undecodable("not_protobuf") from None
        return payload

    def _learn(self, edge: str, metrics: Iterable[Any]) -> None:
        if len(self._names) > MOST_NAMES:
            self._names.clear()  # a stranger who births without end; births come again
        for metric in metrics:
            if metric.HasField("alias") and metric.name:
                self._names[edge, metric.alias] = metric.name

    def _heard(self, subject: str, edge: str, payload: Any, *, online: bool | None) -> Heard:
        seq = payload.seq if payload.HasField("seq") and payload.seq < 256 else None
        past: list[tuple[bool, Any]] = []
        live: list[tuple[bool, Any]] = []
        for metric in payload.metrics:
            name = metric.name or self._names.get((edge, metric.alias), "")
            if not (metric.HasField("boolean_value") or metric.is_null):
                continue
            (past if metric.is_historical else live).append((not _OCCUPANCY.search(name), metric))
        history = [
            Past(at, metric.boolean_value if metric.HasField("boolean_value") else None)
            for _unnamed, metric in past
            if (at := epoch(metric.timestamp)) is not None
        ]
        if not live:
            kind = "history" if history else "availability" if online else "no_occupancy_field"
            at = epoch(payload.timestamp)
            return Heard(subject, None, kind, at, seq=seq, online=online, history=history)
        _unnamed, metric = min(live, key=lambda one: one[0])
        at = epoch(metric.timestamp) or epoch(payload.timestamp)
        occupied = None if metric.is_null else bool(metric.boolean_value)
        kind = "" if occupied is not None else "unknown"
        return Heard(subject, occupied, kind, at, seq=seq, online=online, history=history)
