"""Sparkplug B: protobuf, names told once at a birth and as numbers from then on.

`spBv1.0/{group}/{type}/{node}[/{device}]`. Which metric means occupancy is the site's choice: one whose name says so,
else the first boolean of a device that names none so. Several that say so are zones. The sequence runs from 0 to 255
and begins anew, so it names no message for good.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

from sensor_gateway.decoders.plain import word
from sensor_gateway.heard import Heard, Past, epoch
from sensor_gateway.messages import Envelope, Undecodable

MOST_BYTES = 262_144
MOST_NAMES = 100_000
PREFIX = "spBv1.0"
_OCCUPANCY = re.compile(r"occup|presen|motion", re.IGNORECASE)
# What every node has for its own sake, such as `Node Control/Rebirth`.
_CONTROL = re.compile(r"bdSeq$|(Node Control|Device Control|Properties)/")
_BOOLEAN = 11  # the specification's number of the data type
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
    ("string_value", 15, "STRING"),
)
# A metric's properties: names and values beside each other; its `Quality` alone matters here.
_PROPERTY = (("int_value", 3, "UINT32"), ("long_value", 4, "UINT64"))
_GOOD = 192
_PAYLOAD = (("timestamp", 1, "UINT64"), ("seq", 3, "UINT64"))


@cache
def payload_class() -> Any:
    """The message that the specification calls Payload, with the fields that a seat needs."""
    file = descriptor_pb2.FileDescriptorProto(
        name="akiseki/sparkplug.proto", package="akiseki", syntax="proto2"
    )
    field = descriptor_pb2.FieldDescriptorProto
    messages = {
        name: file.message_type.add(name=name) for name in ("Property", "Properties", "Metric", "Payload")
    }
    for of, fields in (("Property", _PROPERTY), ("Metric", _METRIC), ("Payload", _PAYLOAD)):
        for name, number, kind in fields:
            type_ = getattr(field, f"TYPE_{kind}")
            messages[of].field.add(name=name, number=number, type=type_, label=field.LABEL_OPTIONAL)
    messages["Properties"].field.add(
        name="keys", number=1, type=field.TYPE_STRING, label=field.LABEL_REPEATED
    )
    for of, name, number, type_name, label in (
        ("Properties", "values", 2, "Property", field.LABEL_REPEATED),
        ("Metric", "properties", 9, "Properties", field.LABEL_OPTIONAL),
        ("Payload", "metrics", 2, "Metric", field.LABEL_REPEATED),
    ):
        messages[of].field.add(
            name=name, number=number, type=field.TYPE_MESSAGE, type_name=f".akiseki.{type_name}", label=label
        )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("akiseki.Payload"))


class Sparkplug:
    """Reads messages in their order: what a birth names, later ones know by number."""

    def __init__(self) -> None:
        self._names: dict[tuple[str, int], str] = {}
        self._devices: dict[str, set[str]] = {}
        self._sessions: dict[str, int] = {}
        # Devices with a metric whose name says that it is of occupancy: no other of theirs is.
        self._plain: set[str] = set()

    def decode(self, envelope: Envelope) -> list[Heard]:
        """What a message says of a node or device; a node's death also of all its devices."""
        levels = envelope.topic.split("/")
        if levels[0] != PREFIX or len(levels) < 3 or (len(levels) < 4 and levels[1] != "STATE"):
            raise Undecodable("topic")
        if levels[1] == "STATE" or levels[2] in {"NCMD", "DCMD", "STATE"}:
            return [Heard("/".join(levels[1:])[:64], kind="ignored")]
        group, kind, node = levels[1:4]
        subject = "/".join((group, node, *levels[4:5]))
        edge = f"{group}/{node}"
        payload = self._read(envelope.payload)
        if kind == "NDEATH" and self._is_of_before(edge, payload):
            return [Heard(subject, kind="ignored")]
        if kind in {"NDEATH", "DDEATH"}:
            gone = {subject} | (self._devices.pop(edge, set()) if kind == "NDEATH" else set())
            return [Heard(one, kind="availability", online=False) for one in sorted(gone)]
        if kind not in {"NBIRTH", "DBIRTH", "NDATA", "DDATA"}:
            raise Undecodable("topic")
        if len(levels) > 4:
            self._devices.setdefault(edge, set()).add(subject)
        if kind.endswith("BIRTH"):
            self._learn(edge, subject, payload.metrics)
        return [self._heard(subject, edge, payload, online=True if kind.endswith("BIRTH") else None)]

    @staticmethod
    def _read(content: bytes) -> Any:
        if len(content) > MOST_BYTES:
            raise Undecodable("too_large")
        payload = payload_class()()
        try:
            payload.ParseFromString(content)
        except (DecodeError, ValueError):
            raise Undecodable("not_protobuf") from None
        # What should be text and is none, the library hands out as bytes.
        if any(isinstance(metric.name, bytes) for metric in payload.metrics):
            raise Undecodable("not_utf8")
        return payload

    def _is_of_before(self, edge: str, payload: Any) -> bool:
        """Whether a last will is of a session before the newest birth, and came late."""
        told = next((_count(one) for one in payload.metrics if one.name == "bdSeq"), None)
        return told is not None and self._sessions.get(edge, told) != told

    def _learn(self, edge: str, subject: str, metrics: Iterable[Any]) -> None:
        if len(self._names) + len(self._sessions) + len(self._plain) > MOST_NAMES:
            # A stranger who births without end; births come again.
            for kept in (self._names, self._sessions, self._plain):
                kept.clear()
        self._plain.discard(subject)
        for metric in metrics:
            if metric.HasField("alias") and metric.name:
                self._names[edge, metric.alias] = metric.name
            if metric.name == "bdSeq" and (session := _count(metric)) is not None:
                self._sessions[edge] = session
            elif _OCCUPANCY.search(metric.name):
                self._plain.add(subject)

    def _heard(self, subject: str, edge: str, payload: Any, *, online: bool | None) -> Heard:
        seq = payload.seq if payload.HasField("seq") and payload.seq < 256 else None
        told = [
            (self._names.get((edge, metric.alias), "") if not metric.name else metric.name, metric)
            for metric in payload.metrics
        ]
        past = self._of_occupancy(subject, [one for one in told if one[1].is_historical])
        live = self._of_occupancy(subject, [one for one in told if not one[1].is_historical])
        history = [
            Past(at, occupied)
            for _name, metric, occupied in past
            if (at := epoch(metric.timestamp)) is not None
        ]
        if not live:
            kind = "history" if history else "availability" if online else "no_occupancy_field"
            at = epoch(payload.timestamp)
            return Heard(subject, None, kind, at, seq=seq, online=online, history=history)
        name, metric, occupied = live[0]
        at = epoch(metric.timestamp) or epoch(payload.timestamp)
        if len(live) > 1:
            zones = {name: said for name, _metric, said in live}
            return Heard(subject, None, "zones", at, seq=seq, online=online, zones=zones, history=history)
        kind = "" if occupied is not None else "unknown"
        return Heard(subject, occupied, kind, at, seq=seq, online=online, history=history, zone=name)

    def _of_occupancy(
        self, subject: str, told: Iterable[tuple[str, Any]]
    ) -> list[tuple[str, Any, bool | None]]:
        """Which metrics are of occupancy, and what they say: all whose name says so, else the first boolean."""
        named, others = [], []
        for name, metric in told:
            if _CONTROL.match(name):
                continue
            if _OCCUPANCY.search(name):
                if (said := _said(metric, by_number=True)) is not ...:
                    named.append((name, metric, said))
            elif (said := _said(metric, by_number=False)) is not ...:
                others.append((name, metric, said))
        return named or ([] if subject in self._plain else others[:1])


def _said(metric: Any, *, by_number: bool) -> Any:
    """What a metric says: true, false, None where it is null; `...` where it says nothing of the kind. `by_number`: 0
    and 1 say it too, and words. Of a quality that is not good it is null: stale, or the input is broken."""
    if metric.HasField("boolean_value"):
        return bool(metric.boolean_value) if _is_good(metric) else None
    if by_number and metric.HasField("string_value"):
        said = word(metric.string_value) if isinstance(metric.string_value, str) else None
        return ... if said is None else said if _is_good(metric) else None
    if metric.is_null and (by_number or metric.datatype in {0, _BOOLEAN}):
        return None
    if not by_number or (count := _count(metric)) not in {0, 1}:
        return ...
    return bool(count) if _is_good(metric) else None


def _is_good(metric: Any) -> bool:
    """By the property `Quality`: 192 is good, 500 stale, 0 bad; good where it is not told."""
    told = zip(metric.properties.keys, metric.properties.values, strict=False)
    return next((_count(value) == _GOOD for name, value in told if name == "Quality"), True)


def _count(metric: Any) -> int | None:
    """A whole number that a metric says."""
    field = next((one for one in ("int_value", "long_value") if metric.HasField(one)), None)
    return None if field is None else int(getattr(metric, field))
