"""From a message to what it says: which decoder takes it is read off its topic."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from app.occupancy.readings import Reading
from sensor_gateway.decoders import discovery, disruptive, esphome, haltian, lorawan, native
from sensor_gateway.decoders.homie import Homie
from sensor_gateway.decoders.shelly import Shelly
from sensor_gateway.decoders.sparkplug import PREFIX, Sparkplug
from sensor_gateway.decoders.tasmota import TASMOTA, tasmota
from sensor_gateway.decoders.told_once import Key, ToldOnce
from sensor_gateway.decoders.zigbee2mqtt import zigbee2mqtt
from sensor_gateway.heard import MOST_ID, UNHEARD, Heard, readings, zone_id, zones_of
from sensor_gateway.messages import Envelope, Undecodable
from sensor_gateway.profiles import Profiles, built_in
from sensor_gateway.topics import NATIVE_FILTERS, NATIVE_PREFIX

Hear = Callable[[Envelope], Heard | Iterable[Heard]]
MOST_DEVICES, MOST_PARTS = 100_000, 64
# What the gateway asks the broker for, where nothing else is set.
FILTERS: tuple[str, ...] = NATIVE_FILTERS


class Wires:
    """The decoders of an office, which remember what a wire tells only once."""

    def __init__(
        self,
        profiles: Profiles | None = None,
        prefixes: Iterable[tuple[str, str]] = (),
        *,
        keeps: bool = True,
    ) -> None:
        """`prefixes`: what topics of the site begin with, and what those of that wire begin with by themselves.
        `keeps`: whether somebody keeps what is told once, and is told of it (`told_once.news`)."""
        known = profiles or built_in()
        # The models of sensors as they are registered, which a network server may not name; whoever knows fills it in.
        self.models: dict[str, str] = {}
        self.zones: dict[str, list[str]] = {}
        self.learnt_at: datetime | None = None
        self.told_once = ToldOnce(keeps=keeps)
        # Of which parts each device tells, one at a time; and which of that nobody has kept yet.
        self._parts: dict[str, set[str]] = {}
        self._unkept: dict[str, set[str]] = {}
        self._sparkplug = Sparkplug(self.told_once)
        self._shelly = Shelly(self.told_once).decode
        self._tasmota: Hear = partial(tasmota, profiles=known, models=self.models)
        # The longest first: one may begin with another.
        self._prefixes = sorted(prefixes, key=lambda one: -len(one[0]))
        # The first prefix that a topic begins with decides.
        self._by_prefix: tuple[tuple[str, Hear], ...] = (
            ("v3/", partial(lorawan.things_stack, profiles=known, models=self.models)),
            ("application/", partial(lorawan.chirpstack, profiles=known, models=self.models)),
            # Several bridges have a base each: zigbee2mqtt-4f/…
            ("zigbee2mqtt", partial(zigbee2mqtt, profiles=known, models=self.models)),
            ("tele/", self._tasmota),
            ("stat/", self._tasmota),
            ("homie/", Homie(self.told_once).decode),
            ("homeassistant/", discovery.home_assistant),
            ("haltian-iot/", haltian.haltian),
            ("disruptive/", disruptive.decode),
            (f"{PREFIX}/", self._sparkplug.decode),
        )

    def learn(
        self,
        models: Mapping[str, str],
        at: datetime,
        parts: Mapping[str, Iterable[str]] | None = None,
        told_once: Mapping[Key, Mapping[str, Any]] | None = None,
    ) -> None:
        """Take in which sensors there are, with their models, of which parts devices were heard to tell, and what was
        told once, as of an instant."""
        self.zones = zones_of(models)
        # A device of which only zones are registered is of their model.
        self.models.update({device: models[zones[0]] for device, zones in self.zones.items()})
        self.models.update(models)
        for device, told in (parts or {}).items():
            self._parts.setdefault(device, set()).update(told)
        self.told_once.learn(told_once or {})
        self.learnt_at = at

    def commands(self) -> list[tuple[str, bytes]]:
        """What devices are to be told for what they said, as topic and payload, each once."""
        return self._sparkplug.commands()

    def news(self) -> dict[str, set[str]]:
        """The parts of devices with several that were first heard since this was asked last."""
        news, self._unkept = self._unkept, {}
        return news

    def hear(self, envelope: Envelope) -> Sequence[Heard]:
        """What a message of any wire says; raises Undecodable where nobody can read it."""
        if envelope.topic.startswith(NATIVE_PREFIX):
            return [
                Heard(
                    one.sensor_id,
                    one.occupied,
                    ""
                    if one.occupied is not None
                    else "availability"
                    if one.online is not None
                    else "unknown",
                    one.observed_at if not one.is_undated else None,
                    one.battery_pct,
                    rssi=one.rssi,
                    boot=one.boot,
                    seq=one.seq,
                    online=one.online,
                )
                for one in native.decode(envelope)
            ]
        own = envelope._replace(topic=self._own_topic(envelope.topic)) if self._prefixes else envelope
        found = self._decoder_of(own.topic)(own)
        return [found] if isinstance(found, Heard) else list(found)

    def readings(self, envelope: Envelope) -> Iterator[Reading]:
        """The readings in a message, none where it says nothing; raises Undecodable."""
        if envelope.topic.startswith(NATIVE_PREFIX):  # by far the most, and strict
            yield from native.decode(envelope)
            return
        for one in self.hear(envelope):
            yield from readings(self._apart(one), envelope, self.zones.get(one.device_id, ()))

    def names(self, envelope: Envelope) -> list[tuple[str, str, bool | None]]:
        """As whom a message would be heard: (device, part, what it says); raises Undecodable."""
        found: list[tuple[str, str, bool | None]] = []
        for one in self.hear(envelope):
            if one.kind not in UNHEARD:
                own = {} if one.zones and one.occupied is None else {one.zone: one.occupied}
                told = own | dict(one.zones)
                found += [(one.device_id, part, occupied) for part, occupied in told.items()]
        return found

    def _apart(self, heard: Heard) -> Heard:
        """A device that tells of several parts, such as of two seats one at a time, says nothing by its own name: it
        would be one sensor that takes turns. Each part is a sensor of its own."""
        told = {part for part in (heard.zone, *heard.zones) if _is_seat(heard.device_id, part)}
        known = self._parts.get(heard.device_id, set())
        if told - known and len(self._parts) < MOST_DEVICES and len(known) < MOST_PARTS:
            known = self._parts[heard.device_id] = known | told
            if len(known) > 1:
                self._unkept.setdefault(heard.device_id, set()).update(known)
        if len(known) < 2 or not heard.zone:
            return heard
        return replace(heard, occupied=None, kind="zones", zone="", zones={heard.zone: heard.occupied})

    def prefixes_of(self, wire: str) -> list[str]:
        """What topics of a wire begin with, at this site too; `wire`: what they begin with by themselves."""
        return [wire, *(prefix for prefix, own in self._prefixes if own == wire)]

    def _own_topic(self, topic: str) -> str:
        """A topic as its wire has it by itself."""
        for prefix, own in self._prefixes:
            if topic.startswith(f"{prefix}/"):
                return own + topic.removeprefix(prefix)
        return topic

    def _decoder_of(self, topic: str) -> Hear:
        for prefix, decoder in self._by_prefix:
            if topic.startswith(prefix):
                return decoder
        # These begin with the device's own name, or with levels of the site's before it.
        if topic.split("/")[-2:-1] in ([one] for one in TASMOTA):
            return self._tasmota
        if esphome.TOPIC.fullmatch(topic):
            return esphome.esphome
        if topic.endswith(("/events/rpc", "/online")) or "/status/" in topic:
            return self._shelly
        if topic.endswith(("/state", "/status", "/debug", "/command")):
            return esphome.esphome
        raise Undecodable("topic")


def _is_seat(device: str, part: str) -> bool:
    """Whether a part of a device may be a sensor of its own."""
    named = bool(part) and part.isprintable() and len(zone_id(device, part)) <= MOST_ID
    return named and not esphome.PART_OF_A_SEAT.search(part)


def posted(envelope: Envelope) -> Heard:
    """What came by the HTTP intake without a topic of its own."""
    return disruptive.decode(envelope)


_wires = Wires()


def decode(envelope: Envelope) -> Sequence[Reading]:
    """As `Wires.readings`, with the models of the package."""
    return list(_wires.readings(envelope))
