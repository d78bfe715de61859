"""Messages of the wires that offices buy: each means what its vector says, and no bytes break a decoder."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.occupancy.readings import Reading
from sensor_gateway.decoders import Wires, posted
from sensor_gateway.heard import Heard, readings
from sensor_gateway.messages import Envelope, Undecodable
from sensor_gateway.profiles import ProfileError, built_in, load

VECTORS = Path(__file__).parents[1] / "data" / "vectors"
ARRIVED = datetime(2026, 11, 2, 9, tzinfo=UTC)
SAID = ("device_id", "occupied", "battery_pct", "battery_v", "seq", "online")
# What the site configures, or what a seat has no use for.
ASIDE = {"metric", "people_count", "event_id", "observed_at_local", "ready", "zone", "off_delay_s", "note"}


def vectors() -> Iterator[Any]:
    for file in sorted(VECTORS.glob("*.json")):
        for vector in json.loads(file.read_text(encoding="utf-8")):
            yield pytest.param(vector, id=vector["id"])


def envelope(vector: dict[str, Any]) -> Envelope:
    said = vector.get("payload")
    content = said.encode() if isinstance(said, str) else json.dumps(said).encode()
    if vector.get("payload_hex"):
        content = bytes.fromhex(vector["payload_hex"])
    return Envelope(vector["topic"] or "", content, ARRIVED, bool(vector.get("retain")))


def heard(vector: dict[str, Any]) -> Heard:
    message = envelope(vector)
    return posted(message) if not message.topic else Wires().hear(message)[0]


@pytest.mark.parametrize("vector", list(vectors()))
def test_a_message_means_what_its_vector_says(vector: dict[str, Any]) -> None:
    found, expected = heard(vector), dict(vector["expect"])
    told = {name: getattr(found, name) for name in SAID if name in expected}
    assert told == {name: expected[name] for name in told}
    assert found.kind == expected.get("kind", "")
    if "observed_at" in expected:
        assert found.observed_at == datetime.fromisoformat(expected["observed_at"])
    assert dict(found.zones) == expected.get("zones", {})
    past = [(one.occupied, one.observed_at) for one in found.history]
    assert past == [
        (one["occupied"], datetime.fromisoformat(one["observed_at"])) for one in expected.get("history", ())
    ]
    about = {name: expected[name] for name in ("state_topic", "payload_on") if name in expected}
    assert {name: found.about[name] for name in about} == about
    assert expected.keys() <= {*SAID, *ASIDE, *about, "kind", "observed_at", "zones", "history"}


RAW = [one for one in vectors() if "lorawan" in one.values[0]]


@pytest.mark.parametrize("vector", RAW)
def test_bytes_that_nobody_decoded_mean_the_same_where_the_profile_reads_them(
    vector: dict[str, Any],
) -> None:
    profile = built_in().named(vector["lorawan"]["model"])
    assert profile is not None
    content = bytes.fromhex(vector["lorawan"]["frm_payload_hex"])
    fields = profile.fields_of(content, vector["lorawan"]["f_port"])
    if fields is None:
        # A profile that describes no bytes, such as of a sensor with regions; or what a device kept, which none does.
        assert not profile.layout or vector["expect"]["kind"] == "history"
        return
    told = built_in().read(fields, profile)
    assert told.occupied == vector["expect"]["occupied"]


def said_of(vector_id: str) -> list[Reading]:
    vector = next(one.values[0] for one in vectors() if one.id == vector_id)
    return list(readings(heard(vector), envelope(vector)))


def test_zones_are_sensors_of_their_own() -> None:
    found = {one.sensor_id: one.occupied for one in said_of("milesight_sensordecoders-15")}
    assert found["62886b5d17e47906"] is None
    assert found["62886b5d17e47906:region_1"] is True


def test_what_was_made_up_at_a_console_is_no_reading() -> None:
    assert said_of("tts_v3_envelope-03") == []


def test_a_clock_that_cannot_be_right_is_not_believed() -> None:
    (reading,) = said_of("haltian_thingsee-01")  # of January
    assert reading.observed_at == ARRIVED


def test_what_sparkplug_names_once_is_known_by_its_number() -> None:
    wires = Wires()
    birth = bytes.fromhex("12180a0b4465736b2f4f6363757079100418e096d3da99347000")
    assert wires.hear(Envelope("spBv1.0/g/DBIRTH/n/d", birth, ARRIVED))[0].occupied is False
    two = bytes.fromhex("120b100518e096d3da99347000120b100418e096d3da99347001")
    assert wires.hear(Envelope("spBv1.0/g/DDATA/n/d", two, ARRIVED))[0].occupied is True
    gone = wires.hear(Envelope("spBv1.0/g/NDEATH/n", b"", ARRIVED))
    assert [(one.device_id, one.online) for one in gone] == [("g/n", False), ("g/n/d", False)]


def test_a_new_model_needs_a_profile_only(tmp_path: Path) -> None:
    (tmp_path / "seat.toml").write_text(
        'models = ["Seat-O-Matic"]\n[[occupancy]]\nfield = "taken"\nvalues = { yes = true, no = false }\n'
    )
    wires = Wires(load(tmp_path))
    up = {"deviceInfo": {"devEui": "01", "deviceProfileName": "Seat-O-Matic 3"}, "object": {"taken": "yes"}}
    topic = "application/a/device/01/event/up"
    assert wires.hear(Envelope(topic, json.dumps(up).encode(), ARRIVED))[0].occupied is True


def test_a_wrong_profile_says_which_file_and_why(tmp_path: Path) -> None:
    (tmp_path / "broken.toml").write_text("models = 3\n")
    with pytest.raises(ProfileError, match=r"broken\.toml"):
        load(tmp_path)


TOPICS = sorted({envelope(one.values[0]).topic for one in vectors()} - {""})
PAYLOADS = [envelope(one.values[0]).payload for one in vectors()]


@st.composite
def mangled(draw: st.DrawFn) -> bytes:
    """A message as it is, with some of its bytes changed, or other bytes."""
    if draw(st.booleans()):
        return draw(st.binary(max_size=200))
    content = bytearray(draw(st.sampled_from(PAYLOADS)))
    for place, byte in draw(st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 255)), max_size=4)):
        if content:
            content[place % len(content)] = byte
    return bytes(content)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=8,
)


ANY_MESSAGE = (
    st.sampled_from(TOPICS) | st.text(max_size=60),
    mangled() | values.map(lambda one: json.dumps(one).encode()),
)


@given(*ANY_MESSAGE)
@example(
    "v3/a@b/devices/d/up", b'{"uplink_message": {"decoded_payload": {"history": [{"timestamp": 1e400}]}}}'
)
@example("application/a/device/01/event/up", b'{"object": {"region_1_count": NaN}}')
def test_no_message_raises_anything_but_that_nobody_can_read_it(topic: str, payload: bytes) -> None:
    read_by_all(topic, payload)


@pytest.mark.long
@pytest.mark.timeout(1800)
@settings(max_examples=100_000, deadline=None)
@given(*ANY_MESSAGE)
def test_nor_does_any_of_a_hundred_thousand(topic: str, payload: bytes) -> None:
    read_by_all(topic, payload)


def read_by_all(topic: str, payload: bytes) -> None:
    message = Envelope(topic, payload, ARRIVED)
    wires = Wires()
    for read in (wires.readings, lambda one: readings(posted(one), one)):
        try:
            for reading in read(message):
                assert isinstance(reading, Reading)
                assert reading.occupied in {True, False, None}
        except Undecodable:
            continue
