"""Sparkplug B: protobuf, names told once at a birth and as numbers from then on.

`spBv1.0/{group}/{type}/{node}[/{device}]`. Which metric means occupancy is the site's choice: one whose name says so,
or that is registered as a sensor, `{device}:{metric}`, and whose name does not say the opposite; else, of a device that
names nothing so or the other way round, the boolean that came first, at its birth or ever. Several are zones. The parts
of a template are metrics, `{template}/{part}`. The sequence runs from 0 to 255 and begins anew, so it names no message
for good; where it breaks, a birth may have been missed, and numbers may have other names by now. A number without its
name says nothing. Then, and for the first numbers after a start, the node is asked to be born again; until it is, they
have the names that are known, since not every node answers. Only of a device that was never born, a number alone is
taken for what the device is there for.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from itertools import islice
from typing import Any

from app.texts import is_line
from sensor_gateway.decoders.names import is_negated, says_occupancy, says_something_aside
from sensor_gateway.decoders.plain import word
from sensor_gateway.decoders.protobuf import message_class, parsed
from sensor_gateway.decoders.told_once import ToldOnce
from sensor_gateway.heard import Heard, Past, epoch, zone_id
from sensor_gateway.messages import Envelope, Undecodable

PREFIX = "spBv1.0"
MOST_NAMES, MOST_NODES = 2_000, 100_000
SEQUENCES = 256
REBIRTH_EVERY = timedelta(minutes=10)
REBIRTH = "Node Control/Rebirth"
# What every node has for its own sake, such as `Node Control/Rebirth`.
_CONTROL = re.compile(r"bdSeq$|(Node Control|Device Control|Properties)/")
# The specification's numbers of data types.
_BOOLEAN, _FLOATS, _WHOLE = 11, {9, 10}, range(1, 9)
# Of a float: others, such as `Motion Energy`, are at 0 or 1 by chance.
_A_PLAIN_WORD = re.compile(
    r"(.*/)?(occupancy|occupied|presence|present|motion|在席|在室|着席)", re.IGNORECASE
)
_GOOD = 192
# Of the specification's Payload what a seat needs: Eclipse Sparkplug 3.0, chapter 6. A metric's properties are names
# and values beside each other; its `Quality` alone matters here.
_SCHEMA = {
    "Property": (("int_value", 3, "UINT32"), ("long_value", 4, "UINT64")),
    "Properties": (("keys", 1, "*STRING"), ("values", 2, "*Property")),
    "Metric": (
        ("name", 1, "STRING"),
        ("alias", 2, "UINT64"),
        ("timestamp", 3, "UINT64"),
        ("datatype", 4, "UINT32"),
        ("is_historical", 5, "BOOL"),
        ("is_null", 7, "BOOL"),
        ("properties", 9, "Properties"),
        ("int_value", 10, "UINT32"),
        ("long_value", 11, "UINT64"),
        ("float_value", 12, "FLOAT"),
        ("double_value", 13, "DOUBLE"),
        ("boolean_value", 14, "BOOL"),
        ("string_value", 15, "STRING"),
        ("template_value", 18, "Template"),
    ),
    "Template": (("metrics", 2, "*Metric"), ("is_definition", 5, "BOOL")),
    "Payload": (("timestamp", 1, "UINT64"), ("metrics", 2, "*Metric"), ("seq", 3, "UINT64")),
}
WHOLE = ("int_value", "long_value")
FLOATS = ("float_value", "double_value")
NUMBERS = (*WHOLE, *FLOATS)
VALUES = (*NUMBERS, "boolean_value", "string_value")
MOST_DEEP, MOST_SHOWN, MOST_NAME = 8, 12, 80
# Under which the first boolean of a device is remembered.
FIRST = f"{PREFIX}-first"
Said = tuple[str, Any, bool | None]


@cache
def payload_class() -> Any:
    """The message that the specification calls Payload, with the fields that a seat needs."""
    return message_class("akiseki.sparkplug", _SCHEMA)


class Sparkplug:
    """Reads messages in their order: what a birth names, later ones know by number."""

    def __init__(self, told_once: ToldOnce, registered: Container[str] = ()) -> None:
        """`registered`: the ids of the sensors that are known."""
        self._births = told_once
        self._registered = registered
        self._devices: dict[str, set[str]] = {}
        self._sessions: dict[str, int] = {}
        self._last: dict[str, tuple[int, int]] = {}  # the number and the time of a node's last message
        self._sure: set[str] = set()
        self._asked: dict[str, datetime] = {}
        self._to_ask: dict[str, datetime] = {}

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
            gone = {subject} | (self._devices_of(edge) if kind == "NDEATH" else set())
            return [Heard(one, kind="availability", online=False) for one in sorted(gone)]
        if kind not in {"NBIRTH", "DBIRTH", "NDATA", "DDATA"}:
            raise Undecodable("topic")
        heard = Heard(subject)  # a name that no sensor can have is refused before anything is remembered
        if len(levels) > 4 and len(self._devices) < MOST_NODES:
            self._devices.setdefault(edge, set()).add(heard.device_id)
        self._follow(edge, kind, payload)
        if kind.endswith("BIRTH"):
            self._learn(edge, subject, payload.metrics)
        named = [*_with_parts(self._named(edge, subject, payload.metrics, envelope.received_at))]
        return [self._heard(subject, named, payload, online=True if kind.endswith("BIRTH") else None)]

    def commands(self) -> list[tuple[str, bytes]]:
        """What nodes are to be told, as topic and payload, each once: to be born again."""
        to_ask, self._to_ask = self._to_ask, {}
        return [(_command(edge), _rebirth(at)) for edge, at in to_ask.items()]

    @staticmethod
    def _read(content: bytes) -> Any:
        payload = parsed(payload_class(), content)
        # What should be text and is none, the library hands out as bytes.
        if any(isinstance(metric.name, bytes) for metric in payload.metrics):
            raise Undecodable("not_utf8")
        return payload

    def _devices_of(self, edge: str) -> set[str]:
        """The devices of a node, of those that were heard and those that were born."""
        born = {name for name, _said in self._births.of(PREFIX) if name.startswith(f"{edge}/")}
        return self._devices.pop(edge, set()) | born

    def _is_of_before(self, edge: str, payload: Any) -> bool:
        """Whether a last will is of a session before the newest birth, and came late."""
        told = next((_count(one) for one in payload.metrics if one.name == "bdSeq"), None)
        return told is not None and self._sessions.get(edge, told) != told

    def _follow(self, edge: str, kind: str, payload: Any) -> None:
        """Note whether each message of a node was heard since its birth. What is out of order and no later than the
        last one is told again, by a broker or after a batch that could not be stored: nothing was missed."""
        seq, before = payload.seq if payload.HasField("seq") else None, self._last.get(edge)
        if kind == "NBIRTH" and len(self._sure) < MOST_NODES:
            self._sure.add(edge)
        elif seq is not None and before is not None and seq != (before[0] + 1) % SEQUENCES:
            if 0 < payload.timestamp <= before[1]:
                return
            self._sure.discard(edge)
        self._last.pop(edge, None)
        if seq is not None and edge in self._sure:
            self._last[edge] = seq, payload.timestamp

    def _learn(self, edge: str, subject: str, metrics: Iterable[Any]) -> None:
        """Take in what a birth names, and whether a metric's name says that it is of occupancy, or a boolean's that
        it is of nobody's: then none without such a name is."""
        names = [one for one in metrics if is_line(one.name)]
        aliases = islice((one for one in names if one.name and one.HasField("alias")), MOST_NAMES)
        known = {str(one.alias): one.name for one in aliases}
        whole = [one for one in _with_parts((one.name, one) for one in names) if not _CONTROL.match(one[0])]
        plain = [metric for name, metric in whole if says_occupancy(name)]
        exact = max((_exactness(one) for one in plain if _said(one, by_number=True) is not ...), default=0)
        is_named = bool(plain) or any(
            is_negated(name) and _said(one, by_number=False) is not ... for name, one in whole
        )
        said = {"names": known, "plain": is_named, "exact": exact}
        self._births.tell(PREFIX, subject, said, (subject,), 1 + len(known))
        if first := next((name for name, _metric, _said in _booleans(whole) if name), ""):
            self._births.tell(FIRST, subject, {"name": first}, (subject,))
        session = next((_count(one) for one in names if one.name == "bdSeq"), None)
        if session is not None and len(self._sessions) < MOST_NODES:
            self._sessions[edge] = session

    def _named(
        self, edge: str, subject: str, metrics: Collection[Any], at: datetime
    ) -> list[tuple[str, Any]]:
        """The metrics whose names are known. Of a device that was never born one alone may have none."""
        if edge not in self._sure and any(not one.name and one.HasField("alias") for one in metrics):
            self._ask(edge, at)
        birth = self._births.get(PREFIX, subject)
        names: Mapping[str, str] = birth["names"] if birth else {}
        told = [
            (one.name or names.get(str(one.alias), None if one.HasField("alias") else ""), one)
            for one in metrics
        ]
        if all(name is not None for name, _metric in told):
            return told
        self._ask(edge, at)
        if birth is None and len(told) == 1:
            return [("", told[0][1])]
        return [(name, one) for name, one in told if name is not None]

    def _ask(self, edge: str, at: datetime) -> None:
        """Note that a node is to be asked to be born again, where it was not lately."""
        asked_at = self._asked.get(edge)
        if asked_at is not None and at - asked_at < REBIRTH_EVERY:
            return
        if len(self._asked) >= MOST_NODES:
            self._asked.clear()
        self._asked[edge] = self._to_ask[edge] = at

    def _heard(
        self, subject: str, told: list[tuple[str, Any]], payload: Any, *, online: bool | None
    ) -> Heard:
        seq = payload.seq if payload.HasField("seq") and payload.seq < SEQUENCES else None
        past = self._of_occupancy(subject, [one for one in told if one[1].is_historical])
        live = self._of_occupancy(subject, [one for one in told if not one[1].is_historical])
        zones = len({name for name, _metric, _said in past}) > 1
        history = [
            Past(at, occupied, name if zones or self._is_registered(subject, name) else "")
            for name, metric, occupied in past
            if (at := epoch(metric.timestamp)) is not None
        ]
        if not live:
            kind = "history" if history else "availability" if online else "no_occupancy_field"
            at = epoch(payload.timestamp)
            why = "" if history else _why(told)
            return Heard(subject, None, kind, at, seq=seq, online=online, history=history, why=why)
        name, metric, occupied = live[0]
        at = epoch(metric.timestamp) or epoch(payload.timestamp)
        if len(live) > 1:
            each = {name: said for name, _metric, said in live}
            return Heard(subject, None, "zones", at, seq=seq, online=online, zones=each, history=history)
        kind = "" if occupied is not None else "unknown"
        return Heard(subject, occupied, kind, at, seq=seq, online=online, history=history, zone=name)

    def _of_occupancy(self, subject: str, told: Collection[tuple[str, Any]]) -> list[Said]:
        """Which metrics are of occupancy, and what they say: all whose name says so or that are registered, else the
        first boolean. A number stands beside a boolean or a word, and one of floating point beside a whole one, at the
        birth or here, unless it is registered."""
        birth = self._births.get(PREFIX, subject) or {}
        found = [
            (name, metric, said)
            for name, metric in told
            if (_is_plain(name, metric) or self._is_registered(subject, name))
            and (said := _said(metric, by_number=True)) is not ...
        ]
        exact = max([birth.get("exact", 0), *(_exactness(metric) for _name, metric, _said in found)])
        found = [one for one in found if _exactness(one[1]) >= exact or self._is_registered(subject, one[0])]
        return found if found or birth.get("plain") else self._first(subject, [*_booleans(told)])

    def _is_registered(self, subject: str, name: str) -> bool:
        """Whether a metric is a sensor of its own: what it is called matters no more, unless that says the opposite."""
        return zone_id(subject, name) in self._registered and not is_negated(name)

    def _first(self, subject: str, others: Sequence[Said]) -> list[Said]:
        """The boolean that came first of a device, at its birth or ever: another one is of something else. A number
        without a name is what a device that was never born is there for."""
        first = self._births.get(FIRST, subject)
        if first is None and (name := next((one[0] for one in others if is_line(one[0])), "")):
            first = {"name": name}
            self._births.tell(FIRST, subject, first, (subject,))
        return [one for one in others if not one[0] or (first and one[0] == first["name"])][:1]


def _is_plain(name: str, metric: Any) -> bool:
    """Whether a metric's name says that it is of occupancy; a float's by nothing but a word for it."""
    if _CONTROL.match(name) or not says_occupancy(name):
        return False
    return _exactness(metric) > 0 or _A_PLAIN_WORD.fullmatch(name) is not None


def _exactness(metric: Any) -> int:
    """How surely a metric's kind is one of a sense: 0, it is of floating point; 1, a whole number; 2, a boolean or a
    word."""
    kinds = ((FLOATS, _FLOATS), (WHOLE, _WHOLE))
    for exactness, (fields, datatypes) in enumerate(kinds):
        if any(metric.HasField(one) for one in fields) or (metric.is_null and metric.datatype in datatypes):
            return exactness
    return 2


def _booleans(told: Iterable[tuple[str, Any]]) -> Iterator[Said]:
    """The metrics whose names say nothing, and which say true or false, or could."""
    for name, metric in told:
        if (said := _said(metric, by_number=False)) is ...:
            continue
        if not (_CONTROL.match(name) or says_occupancy(name) or says_something_aside(name)):
            yield name, metric, said


def _with_parts(told: Iterable[tuple[str, Any]], depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Metrics with the parts of each template in its place. A definition is of no device."""
    for name, metric in told:
        if not metric.HasField("template_value"):
            yield name, metric
        elif depth < MOST_DEEP and not metric.template_value.is_definition:
            parts = [one for one in metric.template_value.metrics if isinstance(one.name, str) and one.name]
            for one in parts:  # it was so when the whole was
                one.timestamp = one.timestamp or metric.timestamp
                one.is_historical = one.is_historical or metric.is_historical
            yield from _with_parts(((f"{name}/{one.name}", one) for one in parts), depth + 1)


def _why(told: Sequence[tuple[str, Any]]) -> str:
    """What stood there, where none of it said anything of a seat."""
    others = [(name, metric) for name, metric in told if is_line(name) and not _CONTROL.match(name)]
    shown = [f"{name[:MOST_NAME]} ({_kind_of(metric)})" for name, metric in others]
    more = f" and {len(shown) - MOST_SHOWN} more" if len(shown) > MOST_SHOWN else ""
    return (
        f"none of its metrics says whether somebody is there: {', '.join(shown[:MOST_SHOWN])}{more}"
        if shown
        else ""
    )


def _kind_of(metric: Any) -> str:
    """What kind of value a metric holds."""
    return next((one.removesuffix("_value") for one in VALUES if metric.HasField(one)), "no value")


def _command(edge: str) -> str:
    group, _slash, node = edge.partition("/")
    return f"{PREFIX}/{group}/NCMD/{node}"


def _rebirth(at: datetime) -> bytes:
    metric = {"name": REBIRTH, "datatype": _BOOLEAN, "boolean_value": True}
    said: bytes = payload_class()(timestamp=int(at.timestamp() * 1000), metrics=[metric]).SerializeToString()
    return said


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
    if not by_number or (count := _number(metric, NUMBERS)) not in {0, 1}:
        return ...
    return bool(count) if _is_good(metric) else None


def _is_good(metric: Any) -> bool:
    """By the property `Quality`: 192 is good, 500 stale, 0 bad; good where it is not told."""
    told = zip(metric.properties.keys, metric.properties.values, strict=False)
    return next((_count(value) == _GOOD for name, value in told if name == "Quality"), True)


def _count(metric: Any) -> int | None:
    """A whole number that a metric says."""
    found = _number(metric, WHOLE)
    return None if found is None else int(found)


def _number(metric: Any, fields: Iterable[str]) -> float | None:
    return next((getattr(metric, one) for one in fields if metric.HasField(one)), None)
