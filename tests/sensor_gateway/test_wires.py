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
from app.texts import is_line, is_storable
from sensor_gateway.decoders import Wires, posted
from sensor_gateway.decoders.sparkplug import payload_class
from sensor_gateway.heard import Heard, readings
from sensor_gateway.messages import Envelope, Undecodable
from sensor_gateway.profiles import built_in

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
        assert not profile.layout.kind  # a profile that describes no bytes
        return
    told = built_in().read(fields, profile)
    assert told.occupied == vector["expect"]["occupied"]
    assert len(told.history) == len(vector["expect"].get("history", ()))
    assert dict(told.zones) == vector["expect"].get("zones", {})


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


def hear(topic: str, said: Any) -> list[Heard]:
    content = (
        said if isinstance(said, bytes) else (said if isinstance(said, str) else json.dumps(said)).encode()
    )
    return list(Wires().hear(Envelope(topic, content, ARRIVED)))


@pytest.mark.parametrize(
    ("topic", "said", "device", "occupied", "kind"),
    [
        ("zigbee2mqtt/radar", {"presence_state": "small_movement"}, "radar", True, ""),
        ("zigbee2mqtt/radar", {"presence_state": "absence", "occupancy": False}, "radar", False, ""),
        ("zigbee2mqtt/two", {"occupancy": False, "presence": True}, "two", True, ""),
        ("zigbee2mqtt/two", {"presence": False, "motion": None}, "two", None, "unknown"),
        ("zigbee2mqtt/4f/desk/occupancy", "true", "4f/desk", True, ""),
        ("zigbee2mqtt/4f/desk/presence", "null", "4f/desk", None, "unknown"),
        ("zigbee2mqtt/4f/desk/linkquality", "78", "4f/desk", None, "no_occupancy_field"),
        ("zigbee2mqtt-floor4/desk", {"occupancy": False}, "desk", False, ""),
        ("zigbee2mqtt/gone", "", "gone", None, "removed"),
        ("zigbee2mqtt/door", {"contact": False, "battery": 50}, "door", None, "battery"),
        ("haltian-iot/events/i/k/measurements/occupantsCount/d", {"occupantsCount": 2}, "d", True, ""),
        (
            "haltian-iot/e/measurements/batteryVoltage/d",
            {"batteryVoltage": 3.1},
            "d",
            None,
            "no_occupancy_field",
        ),
        ("spBv1.0/STATE/scada", {"online": True}, "STATE/scada", None, "ignored"),
    ],
)
def test_what_other_models_say_on_these_wires(
    topic: str, said: Any, device: str, occupied: bool | None, kind: str
) -> None:
    (found,) = hear(topic, said)
    assert (found.device_id, found.occupied, found.kind) == (device, occupied, kind)


def test_a_discovery_tells_of_each_part_of_a_device() -> None:
    parts = {
        "seat": {"p": "binary_sensor", "dev_cla": "occupancy", "uniq_id": "occ1", "pl_on": True},
        "heat": {"p": "sensor", "unique_id": "x" * 65, "stat_t": "~/heat"},
    }
    said = {"~": "desk", "dev": {"name": "Desk 1", "mdl": "LD2410"}, "stat_t": "~/seat", "cmps": parts}
    seat, heat = hear("homeassistant/device/desk1/config", said)
    assert (seat.device_id, seat.kind) == ("occ1", "discovery")
    assert seat.about == {
        "state_topic": "desk/seat",
        "device_class": "occupancy",
        "payload_on": "true",
        "device_name": "Desk 1",
        "device_model": "LD2410",
    }
    assert (heat.device_id, heat.about["state_topic"]) == ("desk1", "desk/heat")


@pytest.mark.parametrize(
    ("heard_at", "observed_at"),
    [
        (["08:59:58", "08:59:57"], "08:59:57"),
        (["06:59:58", "08:59:57"], "08:59:57"),
        (["06:59:58"], "08:59:59"),
        (["09:30:00"], "08:59:59"),
        ([], "08:59:59"),
    ],
)
def test_a_radio_gateway_whose_clock_is_wrong_is_not_believed(heard_at: list[str], observed_at: str) -> None:
    times = [f"2026-11-02T{at}Z" for at in heard_at]
    at, served_at = (datetime.fromisoformat(f"2026-11-02T{one}Z") for one in (observed_at, "08:59:59"))
    up = {"received_at": served_at.isoformat(), "rx_metadata": [{"time": one} for one in times]}
    (found,) = hear("v3/a@t/devices/d/up", {"uplink_message": up})
    assert found.observed_at == at
    chirp = {"time": times[-1] if times else None, "rxInfo": [{"nsTime": served_at.isoformat()}]}
    (found,) = hear("application/a/device/d/event/up", chirp)
    assert found.observed_at == at


# Beside the vectors' own: what is told only once, and what a bridge or a gateway wraps.
MORE = {
    "homie/5/root/$description": b'{"children": ["a", "b"], "root": "c"}',
    "spBv1.0/g/DBIRTH/n/d": payload_class()(
        metrics=[{"name": "Desk/Occupied", "alias": 1, "boolean_value": True}, {"alias": 2, "is_null": True}]
    ).SerializeToString(),
    "spBv1.0/g/DDATA/n/d": payload_class()(
        metrics=[{"name": "Desk", "template_value": {"metrics": [{"name": "Occupied", "float_value": 1}]}}]
    ).SerializeToString(),
    "tele/bridge/SENSOR": b'{"ZbReceived": {"Device": "0x1", "Name": "Seat", "Occupancy": 1}}',
    # A GenericMessage of wirepas/backend-apis with a packet: source 11, endpoints 21, two bytes of CBOR.
    "haltian-iot/gw-event/received_data/gw/sink1/7/21/21": b"\x0a\x0c\x42\x0a\x10\x0b\x20\x15\x28\x15\x4a\x02\xa0\x00",
}
TOPICS = sorted({envelope(one.values[0]).topic for one in vectors()} - {""} | MORE.keys())
PAYLOADS = [envelope(one.values[0]).payload for one in vectors()] + list(MORE.values())


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=8,
)
ODD: st.SearchStrategy[Any] = st.sampled_from(
    (None, True, -1, 10**400, 2**64, 1e308, "", "x", "\ud800", "9" * 5000, [], [[]], {}, {"a": []})
)
Place = tuple[str | int, ...]


def places(said: Any, at: Place = ()) -> Iterator[Place]:
    """Where in a message something stands: each object, each list, each leaf."""
    yield at
    inner = said.items() if isinstance(said, dict) else enumerate(said) if isinstance(said, list) else ()
    for key, value in inner:
        yield from places(value, (*at, key))


def with_other(said: Any, at: Place, other: Any) -> Any:
    """A message with something else at one place."""
    if not at:
        return other
    changed = said.copy()
    changed[at[0]] = with_other(said[at[0]], at[1:], other)
    return changed


def as_objects() -> Iterator[tuple[str, Any, list[Place]]]:
    """Messages that are objects, with their topics and all their places."""
    own = [envelope(one.values[0]) for one in vectors()]
    told = {(one.topic, one.payload) for one in own} | set(MORE.items())
    for topic, content in sorted(told):
        if content[:1] in {b"{", b"["}:
            said = json.loads(content)
            yield topic, said, [*places(said)]


OBJECTS = [*as_objects()]


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


@st.composite
def one_place_changed(draw: st.DrawFn) -> tuple[str, bytes]:
    """A message on its own topic that holds something else at one place."""
    topic, said, at = draw(st.sampled_from(OBJECTS))
    changed = with_other(said, draw(st.sampled_from(at)), draw(ODD | values))
    return topic, json.dumps(changed).encode()


any_message = one_place_changed() | st.tuples(
    st.sampled_from(TOPICS) | st.text(max_size=60),
    mangled() | values.map(lambda one: json.dumps(one).encode()),
)
# In their order through the same decoders: what a message leaves there may harm another one.
any_messages = st.lists(any_message, min_size=1, max_size=3)
THINGSEE = "haltian-iot/wirepas/gw-event/received_data/gw/sink1/1/21/21"


@given(any_messages)
@example(
    [
        (
            "v3/a@b/devices/d/up",
            b'{"uplink_message": {"decoded_payload": {"history": [{"timestamp": 1e400}]}}}',
        )
    ]
)
@example([("application/a/device/01/event/up", b'{"object": {"region_1_count": NaN}}')])
@example([("spBv1.0/g/DDATA/n/d", b"\x12\x06\x0a\x02\x80a\x70\x01")])
@example([("x/events/rpc", b'{"src":"x","method":[],"params":{"ts":1}}')])
@example([(THINGSEE, b'{"tsmId":[],"tsmTuid":"T","state":1}')])
@example([(THINGSEE, b'[1],"all":5')])
@example(
    [
        (
            "x/events/rpc",
            '{"src": "\U000f0000", "method": "NotifyStatus", "params": {"presencezone:200": {"value": true}}}'.encode(),
        )
    ]
)
def test_no_message_raises_anything_but_that_nobody_can_read_it(messages: list[tuple[str, bytes]]) -> None:
    read_by_all(messages)


@pytest.mark.long
@pytest.mark.timeout(1800)
@settings(max_examples=50_000, deadline=None)
@given(any_messages)
def test_nor_does_any_of_a_hundred_thousand(messages: list[tuple[str, bytes]]) -> None:
    read_by_all(messages)


def read_by_all(messages: list[tuple[str, bytes]]) -> None:
    wires = Wires()
    for topic, payload in messages:
        message = Envelope(topic, payload, ARRIVED)
        for read in (wires.readings, lambda one: readings(posted(one), one)):
            try:
                for reading in read(message):
                    assert isinstance(reading, Reading)
                    assert reading.occupied in {True, False, None}
                    assert is_line(reading.sensor_id)  # as the office may write it, 外字 too
                    assert is_storable(reading.sensor_id)
                    assert (reading.boot or "").isprintable()
            except Undecodable:
                continue


def test_of_what_came_in_one_message_the_bad_part_alone_is_refused() -> None:
    good = [{"tsmId": 2100, "tsmTuid": f"T{n}", "state": 1} for n in range(3)]
    parts: list[Any] = [{"tsmId": [], "tsmTuid": "x" * 99}, 7, []]
    for bad in parts:
        found = hear(THINGSEE, [good[0], bad, *good[1:]])
        assert [(one.device_id, one.occupied) for one in found] == [(f"T{n}", True) for n in range(3)]
        with pytest.raises(Undecodable):
            hear(THINGSEE, [bad])
