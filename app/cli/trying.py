"""What messages in a file would mean, and what to do where that is nothing: for whoever fits a sensor."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

from app.spaces.models import Sensor
from sensor_gateway.decoders import Wires, posted
from sensor_gateway.heard import Heard, zone_id
from sensor_gateway.messages import Envelope, Undecodable
from sensor_gateway.profiles import Profiles
from sensor_gateway.profiles.models import plain

MESSAGE = '{"id": 1, "topic": "zigbee2mqtt/desk-1", "payload": {"occupancy": true}}'
CONTENTS = frozenset({"payload", "payload_hex"})
# One of each wire, as the README's table has them.
TOPICS = (
    "akiseki/v1/ID/reading",
    "v3/APPLICATION@TENANT/devices/ID/up",
    "application/APPLICATION/device/EUI/event/up",
    "zigbee2mqtt/NAME",
    "tele/NAME/SENSOR",
    "NAME/binary_sensor/PART/state",
    "homie/5/NAME/NODE/PROPERTY",
    "NAME/events/rpc",
    "NAME/status/COMPONENT",
    "spBv1.0/GROUP/DDATA/NODE/NAME",
    "haltian-iot/events/…",
    "homeassistant/binary_sensor/NAME/config",
)
WHY = {
    "topic": "no wire has such a topic; there are "
    + ", ".join(TOPICS)
    + ". Where the site's begin otherwise, "
    "AKISEKI_MQTT_PREFIXES says of which wire they are",
    "payload": f"a message is such as {MESSAGE}, or has its bytes as hexadecimal digits in payload_hex",
    "two_devices": "a device of this name was heard before at another bridge, application or place: to be two sensors "
    "each needs a name of its own",
    "not_a_bridge": "the device of this topic is registered as a sensor: it may not speak for another one",
}
NO_TOPIC = "without a topic it is read as what Disruptive Technologies post"
WHOLE_EVENT = "this is The Things Stack's whole event: the payload is `data` of it"
NEARLY = 0.7
MOST_NEAR = 5


class Asked(Profiles):
    """The profiles, which remember by which names one was looked for in vain."""

    def __init__(self, profiles: Iterable[Any]) -> None:
        super().__init__(profiles)
        self.missed: list[str] | None = None

    def named(self, *names: object) -> Any:
        """As `Profiles.named`."""
        found = super().named(*names)
        if found is None:
            self.missed = [one for one in names if isinstance(one, str)]
        return found


def messages_of(content: str) -> list[dict[str, Any]]:
    """The messages of a file: a list of them, one alone, or one a line. Raises ValueError in words."""
    try:
        found = json.loads(content)
    except json.JSONDecodeError:
        lines = [line for line in content.splitlines() if line.strip()]
        if len(lines) < 2 or not lines[0].rstrip().endswith("}"):
            raise
        found = [json.loads(line) for line in lines]
    listed = found if isinstance(found, list) else [found]
    if not all(isinstance(one, dict) for one in listed) or not (found is listed or CONTENTS & found.keys()):
        raise ValueError(
            f"it must hold a list of messages, one, or one a line, each such as {MESSAGE}; "
            "what a network server shows is the payload"
        )
    return listed


class Trial:
    """Messages against the profiles of the package and of a folder. `model`: of devices that are not registered."""

    def __init__(self, wires: Wires, profiles: Asked, folder: Path, now: datetime, model: str = "") -> None:
        self._wires, self._profiles, self._folder = wires, profiles, folder
        self._now, self._model = now, model

    def meaning(self, message: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """What a message would mean, a line for each device in it."""
        name = {"id": message.get("id")}
        self._profiles.missed = None
        try:
            envelope = _envelope(message, self._now)
            found = self._hear(envelope)
        except Undecodable as refused:
            why = WHY.get(refused.reason, "") if message.get("topic") or refused.reason != "topic" else ""
            told = {"reason": refused.reason, "why": why or (NO_TOPIC if not message.get("topic") else None)}
            yield name | {"device_id": None, "occupied": None, "kind": "undecodable"} | _given(told)
            return
        for heard in found:
            why = "; ".join(filter(None, (heard.why, _whole_event(message))))
            todo = self._todo(heard)
            yield name | self._shown(replace(heard, why=why)) | ({"todo": todo} if todo else {})
        if not found:
            yield name | {"device_id": None, "occupied": None, "kind": "ignored"}

    def _hear(self, envelope: Envelope) -> list[Heard]:
        if not envelope.topic:
            return [posted(envelope)]
        found = list(self._wires.hear_own(envelope))
        unknown = {one.device_id for one in found} - self._wires.models.keys()
        if not (self._model and unknown):
            return found
        self._wires.models.update(dict.fromkeys(unknown, self._model))
        self._profiles.missed = None
        return list(self._wires.hear_own(envelope))

    def _todo(self, heard: Heard) -> str:
        """What to do about a model that no profile is of, where nothing clear was said."""
        names = self._profiles.missed
        if names is None or not heard.why or "profile" in heard.about:
            return ""
        todo = [
            f"write a profile of its model into {self._folder} (how: README, 'A sensor that nobody knows yet')",
            "or, if there is one, register the sensor with its model, or try it with --model NAME",
        ]
        if near := self._near(names):
            todo.append(f"called nearly so: {', '.join(near)}")
        if others := self._passed_over():
            todo.append(f"not read, since its name does not end in .toml: {', '.join(others)}")
        return "; ".join(todo)

    def _near(self, names: Iterable[str]) -> list[str]:
        wanted = [folded for one in names if (folded := plain(one))]
        found = {
            f"{model} ({profile.name}.toml)": max(
                (_likeness(plain(model), one) for one in wanted), default=0.0
            )
            for profile in self._profiles
            for model in profile.models
        }
        near = sorted((one for one in found if found[one] >= NEARLY), key=lambda one: -found[one])
        return near[:MOST_NEAR]

    def _passed_over(self) -> list[str]:
        files = self._folder.iterdir() if self._folder.is_dir() else ()
        return sorted(one.name for one in files if one.is_file() and one.suffix != ".toml")[:MOST_NEAR]

    def _shown(self, heard: Heard) -> dict[str, Any]:
        shown: dict[str, Any] = {"device_id": heard.device_id, "occupied": heard.occupied}
        chosen = self._profiles.called(heard.about.get("profile", ""))
        own = [heard.device_id] if heard.occupied is not None else []
        more = {
            "kind": heard.kind or None,
            "battery_pct": heard.battery_pct,
            "battery_v": heard.battery_v,
            "battery_low": heard.battery_low,
            "charge_pct": None if heard.charge_pct is None else round(heard.charge_pct),
            "observed_at": heard.observed_at and _instant(heard.observed_at),
            "seq": heard.seq,
            "online": heard.online,
            "zones": dict(heard.zones) or None,
            "zone": heard.zone or None,
            "register": [*own, *(zone_id(heard.device_id, one) for one in heard.zones)]
            if heard.zones
            else None,
            "history": [
                {"occupied": one.occupied, "observed_at": _instant(one.observed_at)}
                | ({"zone": one.zone} if one.zone else {})
                for one in heard.history
            ]
            or None,
            **heard.about,
            "timing": {"heartbeat_s": _usual_heartbeat(), **chosen.timing} if chosen else None,
            "fields": dict(heard.fields) or None,
            "why": heard.why or None,
        }
        return shown | _given(more)


def _given(more: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in more.items() if value is not None}


def _likeness(model: str, name: str) -> float:
    """How much a name is like a model's: 1 where one stands in the other."""
    if min(len(model), len(name)) > 2 and (model in name or name in model):
        return 1.0
    return SequenceMatcher(None, model, name).ratio()


def _usual_heartbeat() -> int:
    """Of a sensor of which neither its profile nor anybody says otherwise."""
    default = Sensor.__table__.c.heartbeat_s.default
    return int(default.arg)


def _instant(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def _whole_event(message: dict[str, Any]) -> str:
    payload = message.get("payload")
    data = payload.get("data") if isinstance(payload, dict) else None
    return WHOLE_EVENT if isinstance(data, dict) and "end_device_ids" in data else ""


def _envelope(message: dict[str, Any], now: datetime) -> Envelope:
    topic, payload, digits = message.get("topic"), message.get("payload"), message.get("payload_hex")
    if not (topic is None or isinstance(topic, str)):
        raise Undecodable("topic")
    if not CONTENTS & message.keys():
        raise Undecodable("payload")
    try:
        content = (
            bytes.fromhex(digits)
            if isinstance(digits, str) and digits
            else (payload if isinstance(payload, str) else json.dumps(payload)).encode()
        )
    except ValueError:
        raise Undecodable("payload") from None
    return Envelope(topic or "", content, now, bool(message.get("retain")))
