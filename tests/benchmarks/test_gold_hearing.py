"""What the comparison takes for said is what the messages say."""

from dataclasses import replace
from datetime import timedelta

import pytest

from app.occupancy.readings import Reading
from firmware_stubs.simulator.faults import USUAL
from firmware_stubs.simulator.stream import Fleet, messages, sensor_ids
from firmware_stubs.simulator.wires import WIRES, id_on
from sensor_gateway.decoders import Wires
from sensor_gateway.messages import Envelope
from tests.benchmarks.gold import MONDAY
from tests.benchmarks.gold_hearing import heard

FAULTS = replace(USUAL, delay=0.5, skew=0.3, no_clock=0.3, duplicates=0.1, reordering=0.1, reboots=0.5)
FLEET = Fleet(sensor_ids(6), MONDAY, days=2, faults=FAULTS)
SECOND = timedelta(seconds=1)


def decoded(fleet: Fleet, sensor_id: str) -> list[Reading]:
    """What the gateway reads in the messages of one sensor of the whole fleet."""
    wires = Wires()
    return [
        reading
        for one in messages(fleet)
        for reading in wires.readings(Envelope(one.topic, one.payload, one.at))
        if reading.sensor_id == id_on(fleet.wire, sensor_id) and reading.occupied is not None
    ]


@pytest.mark.parametrize("wire", sorted(WIRES))
def test_what_is_heard_is_what_the_messages_say(wire: str) -> None:
    fleet = replace(FLEET, wire=wire)
    for sensor_id in fleet.sensors:
        told = decoded(fleet, sensor_id)
        if wire == "native":
            first: dict[object, Reading] = {}
            for one in told:
                first.setdefault((one.boot, one.seq), one)
            assert list(first) == list(heard(fleet, sensor_id))
            assert len(first) < len(told)
            told = [*first.values()]
        words = heard(fleet, sensor_id).values()
        assert [(one.received_at, one.occupied, one.history) for one in told] == [
            (one.received_at, one.occupied, one.history) for one in words
        ]
        assert all(abs(one.observed_at - word.at) < SECOND for one, word in zip(told, words, strict=True))
