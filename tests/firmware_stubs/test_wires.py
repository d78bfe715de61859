"""Each wire of the simulator, read by the gateway's own decoders, means what was meant."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.occupancy.readings import Reading
from firmware_stubs.simulator.wires import WIRES, WITHOUT_SIGN, id_on
from firmware_stubs.simulator.wires.said import Said
from sensor_gateway.decoders import Wires
from sensor_gateway.messages import Envelope

NOON = datetime(2026, 11, 24, 3, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SAID = Said("desk-0001", True, NOON, NOON, "9c41e0d2a77b3f16", 2)
UNDATED = {"tasmota", "esphome", "homie"}
DATED_BY_THE_CARRIER = {"things_stack", "chirpstack", "zigbee2mqtt"}
NAMED = {"native", "things_stack", "chirpstack"}
TELL_HISTORY = {"things_stack", "chirpstack", "sparkplug"}
WITH_BATTERY = {"native", "things_stack", "chirpstack", "zigbee2mqtt"}


def heard(wire: str, *words: Said, after: timedelta = timedelta()) -> Sequence[Reading]:
    """What a gateway that listens from the beginning makes of the words, under the names that the devices have; a part
    of a device is heard under a name of its own besides."""
    wires = Wires()
    return [
        reading
        for said in words
        for reading in wires.readings(Envelope(*WIRES[wire](said), said.sent_at + after))
        if reading.sensor_id == id_on(wire, said.sensor_id)
    ]


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("occupied", [True, False])
def test_what_was_said_is_what_is_heard(wire: str, occupied: bool) -> None:
    [reading] = heard(wire, replace(SAID, occupied=occupied), after=MINUTE)
    assert reading.sensor_id == id_on(wire, "desk-0001")
    assert reading.occupied is occupied
    assert not reading.history
    assert reading.observed_at == (NOON + MINUTE if wire in UNDATED else NOON)
    assert reading.battery_pct == (87 if wire in WITH_BATTERY else None)


@pytest.mark.parametrize("wire", sorted(WIRES.keys() - WITHOUT_SIGN))
def test_a_sign_of_life_says_that_it_lives_and_nothing_of_the_seat(wire: str) -> None:
    *before, reading = heard(wire, replace(SAID, seq=0), replace(SAID, occupied=None), after=MINUTE)
    assert (reading.occupied, reading.history) == (None, False)
    assert reading.online is not False
    assert len(before) == 1


@pytest.mark.parametrize("wire", sorted(NAMED))
def test_a_message_has_one_name_for_good(wire: str) -> None:
    words = [replace(SAID, seq=1), SAID, replace(SAID, boot="0000000000000001", seq=1)]
    names = [(one.boot, one.seq) for one in heard(wire, *words)]
    assert len(set(names)) == 3
    assert None not in names[0]
    assert heard(wire, SAID)[0] == heard(wire, SAID)[0]


@pytest.mark.parametrize("wire", WIRES)
def test_without_a_clock_the_time_of_arrival_or_the_carriers_stands(wire: str) -> None:
    [reading] = heard(wire, replace(SAID, at=None), after=MINUTE)
    dated = wire in DATED_BY_THE_CARRIER | {"disruptive"}
    assert reading.observed_at == (NOON if dated else NOON + MINUTE)


@pytest.mark.parametrize("wire", sorted(TELL_HISTORY))
def test_what_was_kept_comes_as_history_where_the_wire_can_say_so(wire: str) -> None:
    found = heard(wire, replace(SAID, at=NOON - 20 * MINUTE, kept=True))
    assert [(one.observed_at, one.occupied) for one in found if one.history] == [(NOON - 20 * MINUTE, True)]
    assert [one.occupied for one in found if not one.history] == [None]


def test_a_sparkplug_device_is_born_once_and_then_known_by_a_number() -> None:
    birth, data = heard("sparkplug", replace(SAID, seq=0), replace(SAID, occupied=False))
    assert (birth.online, birth.occupied) == (True, True)
    assert (data.online, data.occupied) == (None, False)
    assert b"Occupied" not in WIRES["sparkplug"](SAID)[1]


@given(
    wire=st.sampled_from(sorted(WIRES)),
    occupied=st.booleans(),
    minutes=st.integers(-1000, 4),
    seq=st.integers(0, 2**31),
    battery=st.integers(0, 100),
)
def test_no_word_is_misread(wire: str, occupied: bool, minutes: int, seq: int, battery: int) -> None:
    at = NOON + minutes * MINUTE
    said = replace(SAID, occupied=occupied, at=at, seq=seq, battery_pct=battery)
    [reading] = heard(wire, said)
    assert reading.occupied is occupied
    assert reading.observed_at in {at, NOON}
    assert reading.battery_pct in {battery, None}
