"""From a message to what it says: which decoder takes it is read off its topic."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from app.occupancy.readings import Reading
from sensor_gateway.decoders import discovery, disruptive, haltian, lorawan, native, plain
from sensor_gateway.decoders.sparkplug import PREFIX, Sparkplug
from sensor_gateway.heard import MOST_ID, UNHEARD, Heard, readings, zone_id, zones_of
from sensor_gateway.messages import Envelope, Undecodable
from sensor_gateway.profiles import Profiles, built_in
from sensor_gateway.topics import NATIVE_FILTERS, NATIVE_PREFIX

Hear = Callable[[Envelope], Heard | Iterable[Heard]]
MOST_DEVICES, MOST_PARTS = 100_000, 64
# What the gateway asks the broker for, where nothing else is set.
FILTERS: tuple[str, ...] = NATIVE_FILTERS


class Wires:
    """The decoders of an office, which keep what a wire tells only once (the names of Sparkplug's births)."""

    def __init__(self, profiles: Profiles | None = None) -> None:
        known = profiles or built_in()
        # The models of sensors as they are registered, which a network server may not name; whoever knows fills it in.
        self.models: dict[str, str] = {}
        self.zones: dict[str, list[str]] = {}
        self.learnt_at: datetime | None = None
        # Of which parts each device tells, one at a time; and which of that nobody has kept yet.
        self._parts: dict[str, set[str]] = {}
        self._unkept: dict[str, set[str]] = {}
        # The first prefix that a topic begins with decides.
        self._by_prefix: tuple[tuple[str, Hear], ...] = (
            ("v3/", partial(lorawan.things_stack, profiles=known, models=self.models)),
            ("application/", partial(lorawan.chirpstack, profiles=known, models=self.models)),
            ("zigbee2mqtt", plain.zigbee2mqtt),  # several bridges have a base each: zigbee2mqtt-4f/…
            ("tele/", plain.tasmota),
            ("stat/", plain.tasmota),
            ("homie/", plain.homie),
            ("homeassistant/", discovery.home_assistant),
            ("haltian-iot/", haltian.haltian),
            ("disruptive/", disruptive.decode),
            (f"{PREFIX}/", Sparkplug().decode),
        )

    def learn(
        self, models: Mapping[str, str], at: datetime, parts: Mapping[str, Iterable[str]] | None = None
    ) -> None:
        """Take in which sensors there are, with their models, and of which parts devices were heard to tell, as of an
        instant."""
        self.models.update(models)
        self.zones = zones_of(models)
        for device, told in (parts or {}).items():
            self._parts.setdefault(device, set()).update(told)
        self.learnt_at = at

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
        found = self._decoder_of(envelope.topic)(envelope)
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
                told = one.zones or {one.zone: one.occupied}
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

    def _decoder_of(self, topic: str) -> Hear:
        for prefix, decoder in self._by_prefix:
            if topic.startswith(prefix):
                return decoder
        # These begin with the device's own name, or with levels of the site's before it.
        if topic.split("/")[-2:-1] in ([one] for one in plain.TASMOTA):
            return plain.tasmota
        if topic.endswith(("/events/rpc", "/online")) or "/status/" in topic:
            return plain.shelly
        if topic.endswith(("/state", "/status", "/debug", "/command")):
            return plain.esphome
        raise Undecodable("topic")


def _is_seat(device: str, part: str) -> bool:
    """Whether a part of a device may be a sensor of its own."""
    named = bool(part) and part.isprintable() and len(zone_id(device, part)) <= MOST_ID
    return named and not plain.PART_OF_A_SEAT.search(part)


def posted(envelope: Envelope) -> Heard:
    """What came by the HTTP intake without a topic of its own."""
    return disruptive.decode(envelope)


_wires = Wires()


def decode(envelope: Envelope) -> Sequence[Reading]:
    """As `Wires.readings`, with the models of the package."""
    return list(_wires.readings(envelope))
