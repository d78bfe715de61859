"""Messages that the makers' documentation shows and no vector does: each means what it says there."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from sensor_gateway.decoders import Wires, cbor, posted
from sensor_gateway.decoders.sparkplug import payload_class
from sensor_gateway.heard import Heard
from sensor_gateway.messages import Envelope, Undecodable

ARRIVED = datetime(2026, 11, 2, 9, tzinfo=UTC)
THINGSEE = "haltian-iot/wirepas/gw-event/received_data/BS235200005/sink1/15056570/21/21"
TUID = "TSPR04TSC20205001"


def hear(topic: str, said: Any) -> list[Heard]:
    content = (
        said if isinstance(said, bytes) else (said if isinstance(said, str) else json.dumps(said)).encode()
    )
    return list(Wires().hear(Envelope(topic, content, ARRIVED)))


def measured(name: str, value: Any, field: str = "") -> Heard:
    topic = f"haltian-iot/events/i/k/measurements/{name}/d-1"
    (found,) = hear(topic, {"measured_at": "2026-01-28T08:52:11Z", field or name: value})
    assert found.observed_at == datetime(2026, 1, 28, 8, 52, 11, tzinfo=UTC)
    return found


@pytest.mark.parametrize(
    ("name", "field", "value", "occupied", "kind"),
    [
        ("occupancyStatus", "isOccupied", False, False, ""),
        ("occupancyStatus", "isOccupied", None, None, "unknown"),
        ("movementDetections", "", 7, True, "motion_count"),
        ("occupants_count", "", 3, True, ""),  # of a group of devices
        ("occupantsCount", "", 0, False, ""),
        ("occupancy_state", "", "vacant", False, ""),
        ("directionalMovement", "", {"in": 1, "out": 0}, None, "no_occupancy_field"),
    ],
)
def test_haltians_measurements(name: str, field: str, value: Any, occupied: bool | None, kind: str) -> None:
    found = measured(name, value, field)
    assert (found.device_id, found.occupied, found.kind) == ("d-1", occupied, kind)


def test_haltians_battery_and_notices() -> None:
    assert (measured("batteryPercentage", 85).battery_pct, measured("batteryVoltage", 3.1).battery_pct) == (
        85,
        None,
    )
    (gone,) = hear("haltian-iot/events/i/k/notifications/deviceOffline/d-1", {"whatever": 1})
    assert (gone.device_id, gone.online) == ("d-1", False)
    assert hear("haltian-iot/events/i/k/notifications/deviceOffline", "{}")[0].kind == "ignored"
    assert hear("haltian-iot/events/i/k/messages/rawData/d-1", b"\x00\x01")[0].kind == "undecoded"


# developer.haltian.io, CBOR Reference of Thingsee PRESENCE, and Thingsee CBOR to JSON Conversion.
MOVED, STATE, RADAR, NONE = "motion_count", "", "", "no_occupancy_field"
MESSAGES: list[tuple[dict[str, Any], str, bool | None, str, float | None]] = [
    ({"tsmId": 13100, "moveCount": 7}, "9fa30119332c020a182c07ff", True, MOVED, None),
    ({"tsmId": 13100, "moveCount": 0}, "a30119332c020a182c00", False, MOVED, None),
    ({"tsmId": 2100, "state": 1}, "a30119083402071826 01", True, STATE, None),
    ({"tsmId": 2100, "state": 0}, "bf01190834020a182600ff", False, STATE, None),
    ({"tsmId": 28009, "state": 1}, "9fa501196d6902071904ff19062118260118 2d190640ff", True, RADAR, None),
    ({"tsmId": 13102, "count": 12}, "a40119332e020a18710c18bf190708", None, "counter", None),
    ({"tsmId": 1110, "batl": 92}, "a301190456020a15190398", None, "battery", 92),
    ({"tsmId": 1202, "rssiDbm": -62}, "a4011904b2020a183d383d1841383d", None, NONE, None),
    ({"tsmId": 1100, "swVersion": "3.2.1"}, "a20119044c184665332e322e31", None, NONE, None),
]


@pytest.mark.parametrize(("fields", "content", "occupied", "kind", "battery"), MESSAGES)
def test_a_thingsee_message_means_the_same_as_json_and_as_cbor(
    fields: dict[str, Any], content: str, occupied: bool | None, kind: str, battery: float | None
) -> None:
    (named,) = hear(THINGSEE, {**fields, "tsmTs": 1755064655, "tsmTuid": TUID})
    assert (named.device_id, named.observed_at) == (TUID, datetime(2025, 8, 13, 5, 57, 35, tzinfo=UTC))
    # What came by radio names itself not: it is known by its address, which Wirepas' wrapping tells.
    (addressed,) = hear(THINGSEE, packet(bytes.fromhex(content)))
    assert (addressed.device_id, addressed.observed_at) == ("15056571", ARRIVED)
    for found in (named, addressed):
        assert (found.occupied, found.kind, found.battery_pct) == (occupied, kind, battery)


def test_several_thingsee_messages_come_in_one() -> None:
    both = [{"tsmId": 2100, "state": 1, "tsmTuid": TUID}, {"tsmId": 1110, "batl": 40, "tsmTuid": "other"}]
    first, second = hear(THINGSEE, both)
    assert (first.device_id, first.occupied) == (TUID, True)
    assert (second.device_id, second.battery_pct) == ("other", 40)


def varint(value: int) -> bytes:
    low, rest = value & 0x7F, value >> 7
    return bytes([low | 0x80]) + varint(rest) if rest else bytes([low])


def field(number: int, value: int | bytes) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def packet(content: bytes, source: int = 15056571, endpoint: int = 21) -> bytes:
    """A gateway's own form, by the field numbers of wirepas/backend-apis, gateway_to_backend: a GenericMessage with a
    PacketReceivedEvent, of which the header is passed over."""
    header = field(1, b"BS235200005") + field(2, b"sink1") + field(3, 123)
    arrived_ms = int(ARRIVED.timestamp() * 1000) + 500
    numbers: dict[int, int | bytes] = {
        1: header,
        2: source,
        3: 1,
        4: endpoint,
        5: endpoint,
        6: 500,
        7: arrived_ms,
        8: 0,
        9: content,
        10: 9,
    }
    return field(1, field(8, b"".join(field(number, value) for number, value in numbers.items())))


SEAT = bytes.fromhex("a3011908340207182601")


def test_sensors_of_one_mesh_are_told_apart_by_their_address() -> None:
    """The level before the endpoints is the network, which all of a mesh have in common."""
    both = [hear(THINGSEE, packet(SEAT, source))[0] for source in (11, 12)]
    assert [(one.device_id, one.occupied) for one in both] == [("11", True), ("12", True)]
    (bare,) = hear(THINGSEE, SEAT)
    assert (bare.device_id, bare.occupied, bare.kind) == ("BS235200005", None, "undecoded")
    (unnamed,) = hear(THINGSEE, {"tsmId": 2100, "state": 1})
    assert (unnamed.device_id, unnamed.kind) == ("BS235200005", "undecoded")


def test_wirepas_messages_without_a_seats_word() -> None:
    (other,) = hear(THINGSEE, packet(SEAT, 13, endpoint=5))
    assert (other.device_id, other.kind) == ("13", "undecoded")
    (status,) = hear(THINGSEE, field(1, field(1, b"")))  # a StatusEvent
    assert (status.device_id, status.kind) == ("BS235200005", "undecoded")
    single = field(1, b"sink1") + field(2, 14) + field(4, 21) + field(5, 21) + field(9, SEAT)
    (one,) = hear(THINGSEE, field(1, field(17, field(2, single))))  # a MultiPacketReceivedEvent
    assert (one.device_id, one.occupied) == ("14", True)


def wirepas(content: bytes, *, taken_ms: int, travelled_ms: int) -> bytes:
    """Wirepas' wrapping, by the field numbers of Cloud Binary Passthrough."""
    numbers = {1: 15056570, 2: 1, 3: 21, 4: 21, 5: travelled_ms, 6: 0, 8: taken_ms}
    wrapped = b"".join(varint(number << 3) + varint(value) for number, value in numbers.items())
    return wrapped + varint(7 << 3 | 2) + varint(len(content)) + content


def test_what_the_cloud_passes_on_is_of_the_device_in_its_topic() -> None:
    content = wirepas(bytes.fromhex("9fa3011908340207182601ff"), taken_ms=1793610000500, travelled_ms=500)
    for topic, device in (
        ("haltian-iot/events/s/k/payloads/wirepas/uuid-1", "uuid-1"),
        (THINGSEE, "15056570"),
    ):
        said: Any = content
        if device == "uuid-1":
            said = {"value": {"mqtt_topic": THINGSEE, "payload": base64.b64encode(content).decode()}}
        (found,) = hear(topic, said)
        assert (found.device_id, found.occupied) == (device, True)
        assert found.observed_at == datetime(2026, 11, 2, 9, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("topic", "content", "reason"),
    [
        (THINGSEE, b"", "not_cbor"),
        (THINGSEE, b"\xa1\x01", "not_cbor"),
        (THINGSEE, b"\xa0\xa0", "not_cbor"),
        (THINGSEE, b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff", "not_cbor"),
        (THINGSEE, b"\x81" * 5000 + b"\x01", "not_cbor"),
        (THINGSEE, b"\x81\x01", "not_an_object"),
        (THINGSEE, b"[1]", "not_an_object"),
        (THINGSEE, b"\x08\x80", "not_protobuf"),
        (THINGSEE, b"\x08\x01", "not_protobuf"),
        (THINGSEE, b"\x0a\x80", "not_protobuf"),
        ("haltian-iot/events/s/k/payloads/wirepas/u", b'{"value": {"payload": "?"}}', "payload"),
    ],
)
def test_what_is_broken_is_refused_with_a_word(topic: str, content: bytes, reason: str) -> None:
    with pytest.raises(Undecodable) as refused:
        hear(topic, content)
    assert refused.value.reason == reason


def test_another_endpoint_of_a_wirepas_gateway_is_not_read() -> None:
    assert hear(THINGSEE.replace("21/21", "238/238"), b"\x05\x01")[0].kind == "undecoded"


@pytest.mark.parametrize(
    ("content", "value"),
    [
        ("1903e8", 1000), ("3903e7", -1000), ("f93e00", 1.5), ("fb3ff199999999999a", 1.1), ("f6", None),
        ("83010203", [1, 2, 3]), ("7f657374726561646d696e67ff", "streaming"), ("c11a514b67b0", 1363896240),
        ("5f42010243030405ff", b"\x01\x02\x03\x04\x05"), ("bf6346756ef563416d7421ff", {"Fun": True, "Amt": -2}),
    ],
)  # fmt: skip
def test_cbor_is_read_as_rfc_8949_shows_it(content: str, value: object) -> None:
    assert cbor.loads(bytes.fromhex(content)) == value


@pytest.mark.parametrize(
    ("fields", "occupied"),
    [
        ({"presence": True, "motion_state": "large"}, True),
        ({"human_motion_state": "breathe"}, True),
        ({"motion_state": "small_move"}, True),
        ({"presence_state": "none", "human_motion_state": "none"}, False),
        ({"presence_state": "sensor_close"}, None),
    ],
)
def test_the_words_of_radars_by_zigbee2mqtt(fields: dict[str, Any], occupied: bool | None) -> None:
    assert hear("zigbee2mqtt/radar", fields)[0].occupied is occupied


def test_devices_behind_a_zigbee_bridge_of_tasmota_speak_for_themselves() -> None:
    said = {
        "ZbReceived": {
            "0x6841": {
                "Device": "0x6841",
                "0500?00": "00",
                "Occupancy": 0,
                "Endpoint": 1,
                "LinkQuality": 105,
            },
            "Desk 7": {"Device": "0x01F3", "Name": "Desk 7", "BatteryPercentage": 17},
        }
    }
    for topic in ("tele/zbbridge/SENSOR", "tele/Zigbee/5ADF/SENSOR", "zbbridge/tele/RESULT"):
        seat, desk = hear(topic, said)
        assert (seat.device_id, seat.occupied) == ("0x6841", False)
        assert (desk.device_id, desk.occupied, desk.battery_pct) == ("Desk 7", None, 17)


# arendst/Tasmota #10353 and #10355, and SetOption100: what may be left out of the same word.
ZIGBEE = {"Device": "0x4773", "Name": "Seat7", "Occupancy": 1, "Endpoint": 1}


@pytest.mark.parametrize(
    ("topic", "said", "device"),
    [
        ("tele/Zigbee/SENSOR", {"ZbReceived": {"0x4773": ZIGBEE}}, "Seat7"),
        ("tele/Zigbee/SENSOR", {"0x4773": ZIGBEE}, "Seat7"),  # SetOption100
        (
            "tele/Zigbee/ZbReceived",
            {"Seat7": {"Device": "0x4773", "Occupancy": 1}},
            "Seat7",
        ),  # SetOption118, 83
        ("tele/Zigbee/Seat7/SENSOR", {"ZbReceived": ZIGBEE}, "Seat7"),  # SetOption119
        ("tele/Zigbee/4773/SENSOR", {"ZbReceived": {"Device": "0x4773", "Occupancy": 1}}, "0x4773"),
        ("tele/Zigbee/Seat7/ZbReceived", ZIGBEE, "Seat7"),
    ],
)
def test_a_zigbee_device_speaks_for_itself_however_its_bridge_writes(
    topic: str, said: dict[str, Any], device: str
) -> None:
    (found,) = hear(topic, said)
    assert (found.device_id, found.occupied) == (device, True)


@pytest.mark.parametrize(
    ("known", "device"),
    [([], "Seat7"), (["0x4773"], "0x4773"), (["Seat7"], "Seat7"), (["0x4773", "Seat7"], "Seat7")],
)
def test_who_is_registered_by_a_short_address_keeps_it(known: list[str], device: str) -> None:
    wires = Wires()
    wires.learn(dict.fromkeys(known, "m"), ARRIVED)
    said = json.dumps({"ZbReceived": {"0x4773": ZIGBEE}}).encode()
    assert wires.hear(Envelope("tele/Zigbee/SENSOR", said, ARRIVED))[0].device_id == device


@pytest.mark.parametrize(
    ("topic", "said", "device", "occupied", "online"),
    [
        ("4f/desk/tele/SENSOR", {"Switch1": "OFF"}, "4f/desk", False, None),
        ("desk/stat/PIR1", "ON", "desk", True, None),
        ("desk/tele/LWT", "Offline", "desk", None, False),
    ],
)
def test_tasmotas_prefix_may_stand_behind_the_device(
    topic: str, said: Any, device: str, occupied: bool | None, online: bool | None
) -> None:
    (found,) = hear(topic, said)
    assert (found.device_id, found.occupied, found.online) == (device, occupied, online)


def status(**fields: Any) -> float | None:
    return hear("application/a/device/d/event/status", {"deviceInfo": {"devEui": "d"}, **fields})[
        0
    ].battery_pct


def test_a_device_on_mains_has_no_empty_battery() -> None:
    assert status(batteryLevel=12.5) == 12.5
    assert status(batteryLevel=0, externalPowerSource=True) is None
    assert status(batteryLevel=0, batteryLevelUnavailable=True) is None


def things(decoded: dict[str, Any], **up: Any) -> Heard:
    said = {"uplink_message": {"decoded_payload": decoded, "received_at": "2026-11-02T08:59:00Z", **up}}
    return hear("v3/a@t/devices/somebodys-own/up", said)[0]


def test_what_the_device_repository_normalized_is_read_where_no_profile_knows_the_model() -> None:
    motion = [{"time": "2026-11-02T08:00:00Z", "action": {"motion": {"detected": True}}}]
    assert things({"x": 1}, normalized_payload=motion).occupied is None  # of before
    motion.append({"action": {"motion": {"detected": False, "count": 0}}})
    assert things({"x": 1}, normalized_payload=motion).occupied is False
    counted = [{"action": {"motion": {"count": 3}}}]
    found = things({"x": 1}, normalized_payload=counted)
    assert (found.occupied, found.kind) == (True, "motion_count")
    assert things({"presence": False}, normalized_payload=counted).occupied is False
    assert things({"x": 1}, normalized_payload={"action": None}).occupied is None


def test_the_last_battery_of_a_device_that_does_not_tell_it_itself() -> None:
    last = {"f_cnt": 14, "value": 9.5, "received_at": "2026-11-01T08:00:00Z"}
    assert things({"presence": True}, last_battery_percentage=last).battery_pct == 9.5
    assert things({"presence": True, "battery": 80}, last_battery_percentage=last).battery_pct == 80


def sparkplug(**metric: Any) -> Heard:
    payload = payload_class()(metrics=[{"name": "Desk/Occupancy", **metric}])
    return hear("spBv1.0/g/DDATA/n/d", payload.SerializeToString())[0]


def test_sparkplugs_words_and_quality() -> None:
    stale = {"keys": ["Quality"], "values": [{"int_value": 500}]}
    good = {"keys": ["unit", "Quality"], "values": [{}, {"int_value": 192}]}
    assert sparkplug(string_value="OCCUPIED").occupied is True
    assert sparkplug(string_value="calibrating").kind == "no_occupancy_field"
    assert sparkplug(boolean_value=False, properties=good).occupied is False
    assert sparkplug(boolean_value=False, properties=stale).kind == "unknown"
    assert sparkplug(int_value=0, properties=stale).kind == "unknown"


def test_an_event_of_disruptives_stream_is_wrapped_twice() -> None:
    data = {"motion": {"state": "NO_MOTION_DETECTED", "updateTime": "2026-11-02T08:59:00Z"}}
    event = {"eventId": "e", "targetName": "projects/p/devices/d1", "eventType": "motion", "data": data}
    found = posted(Envelope("", json.dumps({"result": {"event": event}}).encode(), ARRIVED))
    assert (found.device_id, found.occupied) == ("d1", False)
