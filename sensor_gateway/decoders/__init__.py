"""From a message to what it says: which decoder takes it is read off its topic."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial

from app.occupancy.readings import Reading
from sensor_gateway.decoders import discovery, disruptive, haltian, lorawan, native, plain
from sensor_gateway.decoders.sparkplug import PREFIX, Sparkplug
from sensor_gateway.heard import Heard, readings, zones_of
from sensor_gateway.messages import Envelope, Undecodable
from sensor_gateway.profiles import Profiles, built_in
from sensor_gateway.topics import NATIVE_FILTERS, NATIVE_PREFIX

Hear = Callable[[Envelope], Heard | Iterable[Heard]]
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

    def learn(self, models: Mapping[str, str], at: datetime) -> None:
        """Take in which sensors there are, with their models, as of an instant."""
        self.models.update(models)
        self.zones = zones_of(models)
        self.learnt_at = at

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
            yield from readings(one, envelope, self.zones.get(one.device_id, ()))

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


def posted(envelope: Envelope) -> Heard:
    """What came by the HTTP intake without a topic of its own."""
    return disruptive.decode(envelope)


_wires = Wires()


def decode(envelope: Envelope) -> Sequence[Reading]:
    """As `Wires.readings`, with the models of the package."""
    return list(_wires.readings(envelope))
