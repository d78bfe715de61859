"""From a message to what it says: which decoder takes it is read off its topic."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from itertools import chain
from typing import Any

from app.occupancy.readings import Reading
from app.texts import is_line
from sensor_gateway.decoders import (
    discovery,
    disruptive,
    esphome,
    haltian,
    lorawan,
    native,
    shelly,
    tasmota,
    zigbee2mqtt,
)
from sensor_gateway.decoders.homie import Homie
from sensor_gateway.decoders.parts import Parts, Seats, each_of
from sensor_gateway.decoders.places import Places
from sensor_gateway.decoders.senses import Senses
from sensor_gateway.decoders.shelly import Shelly
from sensor_gateway.decoders.sparkplug import PREFIX, Sparkplug
from sensor_gateway.decoders.told_once import Key, ToldOnce
from sensor_gateway.heard import MOST_ID, UNHEARD, Heard, readings, zone_id, zones_of
from sensor_gateway.messages import Envelope, Undecodable
from sensor_gateway.profiles import Profiles, built_in
from sensor_gateway.topics import NATIVE_FILTERS, NATIVE_PREFIX

Hear = Callable[[Envelope], Heard | Iterable[Heard]]
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
        self.looked_at: datetime | None = None
        self.told_once = ToldOnce(keeps=keeps)
        self._parts = Parts()
        self._registered: Collection[str] = frozenset()
        self._sparkplug = Sparkplug(self.told_once, self.models)
        self._shelly: Hear = Shelly(self.told_once, self.models).decode
        self._tasmota: Hear = partial(tasmota.tasmota, profiles=known, models=self.models)
        self._esphome: Hear = partial(esphome.esphome, models=self.models)
        # Where a part is not a seat of its own whatever it is called.
        self._seats: Mapping[Hear, Seats] = {self._tasmota: tasmota.seats, self._esphome: esphome.seats}
        # The longest first: one may begin with another.
        self._prefixes = sorted(prefixes, key=lambda one: -len(one[0]))
        self._places = Places()
        senses = Senses("zigbee2mqtt", self.told_once, self._places.is_elsewhere)
        things_stack: Hear = partial(lorawan.things_stack, profiles=known, models=self.models)
        zigbee: Hear = partial(zigbee2mqtt.zigbee2mqtt, profiles=known, models=self.models, senses=senses)
        homie: Hear = Homie(self.told_once, self._places.is_elsewhere).decode
        # Of the other wires a device's name is its maker's, or says where it is.
        self._place_of: Mapping[Hear, Callable[[str], str]] = {
            things_stack: lorawan.application,
            zigbee: zigbee2mqtt.bridge,
            homie: lambda _topic: "",
            self._tasmota: tasmota.place,
            self._esphome: esphome.place,
            self._shelly: shelly.place,
        }
        # The first prefix that a topic begins with decides.
        self._by_prefix: tuple[tuple[str, Hear], ...] = (
            ("v3/", things_stack),
            ("application/", partial(lorawan.chirpstack, profiles=known, models=self.models)),
            # Several bridges have a base each: zigbee2mqtt-4f/…
            ("zigbee2mqtt", zigbee),
            ("tele/", self._tasmota),
            ("stat/", self._tasmota),
            ("homie/", homie),
            ("homeassistant/", discovery.home_assistant),
            ("haltian-iot/", haltian.haltian),
            ("disruptive/", disruptive.decode),
            (f"{PREFIX}/", self._sparkplug.decode),
        )

    def learn(
        self,
        models: Mapping[str, str],
        at: datetime,
        parts: Mapping[str, Collection[str]] | None = None,
        told_once: Mapping[Key, Mapping[str, Any]] | None = None,
    ) -> None:
        """Take in which sensors there are, with their models, which parts of devices are seats, and what was told once,
        as of an instant."""
        self.zones = zones_of(models)
        # A device of which only zones are registered is of their model.
        self.models.update({device: models[zones[0]] for device, zones in self.zones.items()})
        self.models.update(models)
        self._registered = frozenset(models)
        self._parts.learn(parts or {})
        self.told_once.learn(told_once or {})
        self.learnt_at = self.looked_at = at

    def commands(self) -> list[tuple[str, bytes]]:
        """What devices are to be told for what they said, as topic and payload, each once."""
        return self._sparkplug.commands()

    def news(self) -> dict[str, set[str]]:
        """Which parts of registered devices are seats, where that is not kept so."""
        return self._parts.news(self._registered)

    def has_learnt(self, models: Mapping[str, str]) -> bool:
        """Whether these are the sensors, with their models, that were taken in last."""
        return len(models) == len(self._registered) and models.items() <= self.models.items()

    def is_unknown_zone(self, sensor_id: str) -> bool:
        """Whether this is a seat of a device of which nothing but other seats is registered; the names of both may hold
        a colon."""
        levels = sensor_id.split(":")
        names = ((":".join(levels[:count]), ":".join(levels[count:])) for count in range(1, len(levels)))
        return sensor_id not in self.zones and any(
            device in self.zones and device not in self._registered and not self._parts.is_aside(device, part)
            for device, part in names
        )

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
        return self._heard(envelope)[0]

    def hear_own(self, envelope: Envelope) -> Sequence[Heard]:
        """The same of devices that are not heard elsewhere; raises Undecodable `two_devices` where each is."""
        found = self.hear(envelope)
        if envelope.topic.startswith(NATIVE_PREFIX):
            return found
        return self._places.own(found)

    def _heard(self, envelope: Envelope) -> tuple[Sequence[Heard], Seats]:
        """What a message of another wire says, and which parts are seats there."""
        topic, prefix = self._own_topic(envelope.topic)
        decoder = self._decoder_of(topic)
        self._places.enter(self._place(decoder, topic, prefix), envelope)
        found = decoder(envelope._replace(topic=topic) if self._prefixes else envelope)
        return [found] if isinstance(found, Heard) else list(found), self._seats.get(decoder, each_of)

    def _place(self, decoder: Hear, topic: str, prefix: str) -> str | None:
        """What tells a device from another of its name: the bridge, application or levels under which it is heard; None
        where there is no other."""
        if (place_of := self._place_of.get(decoder)) is None:
            return None
        # A device speaks under both of Tasmota's prefixes, and each may have a name of the site's.
        site = prefix.rpartition("/")[0] if decoder is self._tasmota else prefix
        return f"{site} {place_of(topic)}"

    def readings(self, envelope: Envelope) -> Iterator[Reading]:
        """The readings in a message, none where it says nothing; raises Undecodable."""
        if envelope.topic.startswith(NATIVE_PREFIX):  # by far the most, and strict
            yield from native.decode(envelope)
            return
        found, seats = self._heard(envelope)
        for one in self._places.own(found):
            yield from readings(self._apart(one, seats), envelope, self.zones.get(one.device_id, ()))

    def names(self, envelopes: Iterable[Envelope]) -> list[list[tuple[str, str, bool | None]]]:
        """As whom each of these messages would be heard: (device, part, what it says); nobody where it cannot be read.
        Together they tell which parts are seats."""
        heard = [
            [one for one in self._told(envelope) if one[0].kind not in UNHEARD] for envelope in envelopes
        ]
        parts = Parts()
        for one, by in chain.from_iterable(heard):
            parts.seats(one.device_id, _parts_of(one), by)
        return [
            [said for one, by in told for said in _named(one, parts.seats(one.device_id, _parts_of(one), by))]
            for told in heard
        ]

    def _told(self, envelope: Envelope) -> list[tuple[Heard, Seats]]:
        try:
            if envelope.topic.startswith(NATIVE_PREFIX):
                return [(one, each_of) for one in self.hear(envelope)]
            found, seats = self._heard(envelope)
        except Undecodable:
            return []
        return [(one, seats) for one in found]

    def _apart(self, heard: Heard, by: Seats) -> Heard:
        """A device that tells of several seats, one at a time, says nothing by its own name: it would be one sensor
        that takes turns. Each is a sensor of its own, and so is a part that is of no seat, should somebody want it."""
        told = _parts_of(heard)
        if not told:
            return heard
        seats = self._parts.seats(heard.device_id, told, by)
        is_no_seat = heard.zone in told and heard.zone not in seats
        if not heard.zone or not (is_no_seat or len(set(seats.values())) > 1):
            return heard
        zones = {heard.zone: heard.occupied, **heard.zones}
        return replace(heard, occupied=None, kind="zones", zone="", zones=zones)

    def prefixes_of(self, wire: str) -> list[str]:
        """What topics of a wire begin with, at this site too; `wire`: what they begin with by themselves."""
        return [wire, *(prefix for prefix, own in self._prefixes if own == wire)]

    def _own_topic(self, topic: str) -> tuple[str, str]:
        """A topic as its wire has it by itself, and what it begins with at this site instead."""
        for prefix, own in self._prefixes:
            if topic.startswith(f"{prefix}/"):
                return own + topic.removeprefix(prefix), prefix
        return topic, ""

    def _decoder_of(self, topic: str) -> Hear:
        for prefix, decoder in self._by_prefix:
            if topic.startswith(prefix):
                return decoder
        # These begin with the device's own name, or with levels of the site's before it.
        if topic.split("/")[-2:-1] in ([one] for one in tasmota.TASMOTA):
            return self._tasmota
        if esphome.TOPIC.fullmatch(topic):
            return self._esphome
        if topic.endswith(("/events/rpc", "/online")) or "/status/" in topic:
            return self._shelly
        if topic.endswith(("/state", "/status", "/debug", "/command")):
            return self._esphome
        raise Undecodable("topic")


def _parts_of(heard: Heard) -> frozenset[str]:
    """The parts of a device that may be sensors of their own."""
    return frozenset(
        part
        for part in (heard.zone, *heard.zones)
        if part and is_line(part) and len(zone_id(heard.device_id, part)) <= MOST_ID
    )


def _named(heard: Heard, seats: Mapping[str, str]) -> list[tuple[str, str, bool | None]]:
    """A device's word as those of its seats; its own, without a part, where it is of none."""
    own = {} if heard.zones and heard.occupied is None else {heard.zone: heard.occupied}
    said: dict[str, bool | None] = {}
    able = _parts_of(heard)
    for part, occupied in (*own.items(), *heard.zones.items()):
        is_no_seat = part in able and part not in seats
        said.setdefault(seats.get(part, ""), None if is_no_seat else occupied)
    return [(heard.device_id, seat, occupied) for seat, occupied in said.items()]


def posted(envelope: Envelope) -> Heard:
    """What came by the HTTP intake without a topic of its own."""
    return disruptive.decode(envelope)


_wires = Wires()


def decode(envelope: Envelope) -> Sequence[Reading]:
    """As `Wires.readings`, with the models of the package."""
    return list(_wires.readings(envelope))
