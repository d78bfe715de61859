"""From a message to readings: which decoder takes it is read off its topic."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from app.occupancy.readings import Reading
from sensor_gateway.decoders import native
from sensor_gateway.messages import Envelope, Undecodable
from sensor_gateway.topics import NATIVE_FILTERS, NATIVE_PREFIX

Decoder = Callable[[Envelope], Sequence[Reading]]

# The first prefix that a topic begins with decides.
DECODERS: Mapping[str, Decoder] = {
    NATIVE_PREFIX: native.decode,
}
# What the gateway asks the broker for.
FILTERS: tuple[str, ...] = NATIVE_FILTERS


def decode(envelope: Envelope) -> Sequence[Reading]:
    """The readings in a message, none where it says nothing; raises Undecodable where nobody can read it."""
    for prefix, decoder in DECODERS.items():
        if envelope.topic.startswith(prefix):
            return decoder(envelope)
    raise Undecodable("topic")
