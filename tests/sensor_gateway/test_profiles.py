"""Models as data: what their fields and bytes mean, and that a mistake in a file is told before it is used."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sensor_gateway.decoders import Wires
from sensor_gateway.heard import Heard, Past, readings
from sensor_gateway.messages import Envelope
from sensor_gateway.profiles import load

ARRIVED = datetime(2026, 11, 2, 9, tzinfo=UTC)


def hear(topic: str, said: Any, wires: Wires | None = None) -> Heard:
    (found,) = (wires or Wires()).hear(Envelope(topic, json.dumps(said).encode(), ARRIVED))
    return found


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_new_model_needs_a_profile_only(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "seat.toml").write_text(
        'models = ["Seat-O-Matic"]\n[[occupancy]]\nfield = "taken"\nvalues = { yes = true, no = false }\n',
        encoding,
    )
    wires = Wires(load(tmp_path))
    up = {"deviceInfo": {"devEui": "01", "deviceProfileName": "Seat-O-Matic 3"}, "object": {"taken": "yes"}}
    topic = "application/a/device/01/event/up"
    assert wires.hear(Envelope(topic, json.dumps(up).encode(), ARRIVED))[0].occupied is True


def chirp(model: str, *, fields: dict[str, Any] | None = None, raw: str = "", port: int = 85) -> Heard:
    """What a ChirpStack passes on of a device of this model."""
    said: dict[str, Any] = {"deviceInfo": {"devEui": "d", "deviceProfileName": model}, "fPort": port}
    said |= {"object": fields} if fields else {"data": base64.b64encode(bytes.fromhex(raw)).decode()}
    return hear("application/a/device/d/event/up", said)


@pytest.mark.parametrize(
    ("model", "fields", "raw", "occupied"),
    [
        ("VS121", {"people_count_all": 2, "region_count": 0}, "04c902000000", True),
        ("VS121", {"people_count_all": 0, "region_count": 0}, "04c900000000", False),
        ("VS330", {"occupancy": "occupied"}, "01756402a5010002000300040006a601000000038e01", True),
        ("VS373", {"detection_status": "vacant"}, "03f8010000000000", False),
        ("AM307", {"pir": "trigger", "co2": 936}, "0367ee0004687c05000106cb02077da803", True),
        ("AM307", {"pir": 0}, "050000", False),
        ("ERS Eye", {"motion": 4, "occupancy": 0}, "05041100", False),
        ("TBDW100", {"status": 1, "temperatureBoard": 20, "battery": 3.6}, "", None),
        ("MS10", {"motion": True}, "", True),
    ],
)
def test_other_models_are_read_by_their_fields_and_by_their_bytes(
    model: str, fields: dict[str, Any], raw: str, occupied: bool | None
) -> None:
    assert chirp(model, fields=fields).occupied is occupied
    if raw:
        assert chirp(model, raw=raw).occupied is occupied


def test_a_model_that_counts_the_other_way_round_has_values_of_its_own() -> None:
    words = {f"region_{n}_occupancy": "occupied" if n == 2 else "vacant" for n in range(1, 5)}
    by_fields, by_bytes = chirp("VS373", fields=words), chirp("VS373", raw="04f901000101")
    assert by_fields.zones == by_bytes.zones == {f"region_{n}": n == 2 for n in range(1, 5)}
    counts = chirp("VS133", raw="0fe302000709").zones
    assert counts == {"region_1": True, "region_2": False, "region_3": True, "region_4": True}


@pytest.mark.parametrize(
    ("model", "fields", "volts", "percent"),
    [
        ("TBMS100", {"status": 0, "battery": 2.88}, 2.88, 10),
        ("ERS", {"motion": 0, "vdd": 3600}, 3.6, 100),
        ("VS340", {"occupancy": "vacant", "battery": 9}, None, 9),
        ("nobody's", {"battery": 3.6, "co2": 400}, 3.6, None),
    ],
)
def test_a_battery_is_low_whatever_it_is_told_in(
    model: str, fields: dict[str, Any], volts: float | None, percent: int | None
) -> None:
    found = chirp(model, fields=fields)
    assert found.battery_v == volts
    (reading,) = readings(found, Envelope("", b"", ARRIVED))
    assert reading.battery_pct == percent


def test_the_times_of_a_model_are_in_its_profile(tmp_path: Path) -> None:
    (tmp_path / "m.toml").write_text('models = ["M1"]\n[timing]\nheartbeat_s = 120\nholds_itself = true\n')
    known = load(tmp_path)
    assert known.timing("m1-pro") == {"heartbeat_s": 120, "holds_itself": True}
    assert (known.timing("vs340")["heartbeat_s"], known.timing("nobody's")) == (3600, {})


PAD = """
models = ["PAD-1"]
[[occupancy]]
field = "pressure"
values = { true = true, false = false }
[[occupancy]]
field = "contact"
values = { true = false, false = true }
[[zones]]
field = "seat_{n}"
names = ["left", "right"]
values = { true = true, false = false }
"""


@pytest.fixture
def pads(tmp_path: Path) -> Wires:
    """Wires to which a model of Zigbee's is known by its profile, and two devices of it by their registration."""
    (tmp_path / "pad.toml").write_text(PAD)
    wires = Wires(load(tmp_path))
    wires.learn({"pad": "PAD-1", "bench:seat_left": "PAD-1"}, ARRIVED)
    return wires


@pytest.mark.parametrize(
    ("topic", "said", "occupied"),
    [
        ("zigbee2mqtt/pad", {"pressure": True, "battery": 90}, True),
        ("zigbee2mqtt/pad/pressure", False, False),
        ("zigbee2mqtt/pad", {"contact": False}, True),
        ("zigbee2mqtt/pad", {"occupancy": True}, True),  # which the profile does not know
        ("zigbee2mqtt/other", {"device": {"model": "PAD-1"}, "contact": True}, False),
        # The form of tasmota/docs, Zigbee.md; ModelId as the bridge hears it.
        ("tele/bridge/SENSOR", {"ZbReceived": {"pad": {"Device": "0x1", "contact": False}}}, True),
        ("tele/bridge/SENSOR", {"ZbReceived": {"x": {"ModelId": "PAD-1", "contact": True}}}, False),
    ],
)
def test_a_new_zigbee_model_needs_a_profile_only(pads: Wires, topic: str, said: Any, occupied: bool) -> None:
    assert hear(topic, said, pads).occupied is occupied


def test_two_seats_of_a_zigbee_device_are_zones(pads: Wires) -> None:
    found = hear("zigbee2mqtt/bench", {"seat_left": True, "seat_right": False, "battery": 80}, pads)
    assert (dict(found.zones), found.battery_pct) == ({"seat_left": True, "seat_right": False}, 80)
    assert found.about == {"profile": "pad"}
    # Without a profile, as zigbee2mqtt names what a device of several endpoints says.
    ends = hear("zigbee2mqtt/x", {"occupancy_l1": True, "occupancy_l2": False, "occupancy_timeout": 60})
    assert dict(ends.zones) == {"occupancy_l1": True, "occupancy_l2": False}


def test_a_field_inside_another_is_reached_by_a_path(tmp_path: Path) -> None:
    (tmp_path / "lpp.toml").write_text(
        'models = ["LPP"]\nrequires = ["sensor.there"]\n'
        '[[occupancy]]\nfield = "presenceSensor.3"\nvalues = { 1 = true, 0 = false }\n'
        '[[occupancy]]\nfield = "sensor.there"\nvalues = { yes = true }\n[battery]\nfield = "cell.left"'
    )
    wires = Wires(load(tmp_path))
    topic = "application/a/device/d/event/up"
    # As ChirpStack decodes Cayenne LPP: by type, then by channel; whole numbers may be written 1.0.
    lpp = {"deviceInfo": {"deviceProfileName": "LPP"}, "object": {"presenceSensor": {"3": 1.0}}}
    assert hear(topic, lpp, wires).occupied is True
    told = hear(topic, {"object": {"sensor": {"there": "yes"}, "cell": {"left": 40}}}, wires)
    assert (told.occupied, told.battery_pct, told.about) == (True, 40, {"profile": "lpp"})


def test_sensatives_strips_say_their_words_in_objects() -> None:
    # vendor/sensative/strips.js of TheThingsNetwork/lorawan-devices, frame 18.
    said = {"battery": 80, "historySeqNr": 1, "prevHistSeqNr": 1, "presence": {"value": True}}
    found = chirp("Strips", fields=said)
    assert (found.occupied, found.battery_pct) == (True, 80)
    assert chirp("nobody's", fields={"presence": {"value": False}}).occupied is False


@pytest.mark.parametrize(
    "fields",
    [
        # vendor/browan of TheThingsNetwork/lorawan-devices: tbhv110.js, tbwl100.js, tbpb100.js.
        {
            "status": 1,
            "tempHumidChanged": 1,
            "battery": 3.6,
            "temperatureBoard": 23,
            "humidity": 40,
            "eco2": 450,
        },
        {"status": 1, "battery": 3.6, "temperatureBoard": 23, "humidity": 40, "temperature": 22},
        {"status": 1, "battery": 3.6, "temperatureBoard": 23},
    ],
)
@pytest.mark.parametrize("model", ["TBHV110", "TBWL100", "TBPB100", "nobody's"])
def test_what_else_browan_sells_is_no_seat(model: str, fields: dict[str, Any]) -> None:
    found = chirp(model, fields=fields)
    assert (found.occupied, found.kind, found.battery_v) == (None, "battery", 3.6)


# Milesight-IoT/SensorDecoders, vs-series/vs121/README.md: regions 1, 6 and 8 of eight.
MASK = {f"region_{n}": n in {1, 6, 8} for n in range(1, 9)}


def test_a_mask_of_bits_is_a_zone_for_each() -> None:
    found = chirp("VS121", raw="04C9030800A106CD05")
    assert (found.occupied, dict(found.zones)) == (True, MASK)
    by_fields = {"people_count_all": 3, "region_count": 8} | {name: int(one) for name, one in MASK.items()}
    assert chirp("VS121", fields=by_fields).zones == MASK


def test_a_list_of_zones_is_read_unless_the_bytes_are_there_that_say_better() -> None:
    # vendor/milesight-iot/vs121.js of TheThingsNetwork/lorawan-devices, which compares the mask with a region's number.
    said = {
        "people_counter_all": 3,
        "region_count": 3,
        "regions": [{"index": n, "count": 1} for n in range(3)],
    }
    found = chirp("VS121", fields=said)
    assert (found.occupied, dict(found.zones)) == (True, {f"region_{n}": True for n in (1, 2, 3)})
    up = {"decoded_payload": said, "frm_payload": base64.b64encode(bytes.fromhex("04c903030004")).decode()}
    up["version_ids"] = {"model_id": "vs121"}
    both = hear("v3/a@t/devices/d/up", {"uplink_message": up})
    assert (both.occupied, dict(both.zones)) == (
        True,
        {"region_1": False, "region_2": False, "region_3": True},
    )


@pytest.mark.parametrize(
    ("model", "raw"),
    [
        # vendor/elsys/elsys.js of TheThingsNetwork/lorawan-devices: lengths of 0x10, 0x13, 0x0c, 0x09 and 0x1b.
        ("ERS Eye", "0100e2" + "1000e600fa" + "1102"),
        ("ERS Eye", "13" + "14" + "00" * 64 + "1102"),
        ("ERS Eye", "0c00fa" + "09" + "00" * 6 + "1b00000000" + "1102"),
        ("EMS Desk", "1201" + "0e0102" + "3d00000000" + "1102"),
    ],
)
def test_what_stands_before_the_occupancy_is_passed_over(model: str, raw: str) -> None:
    assert chirp(model, raw=raw, port=5).occupied is True


def test_lines_that_people_crossed_stand_before_the_regions() -> None:
    # vs-series/vs133 of Milesight-IoT/SensorDecoders: both forms, and an alarm that ended and children between.
    lines = "03D24800000004D2C800000005CC0000000011D20100000010E4010910112150FC000000"
    found = chirp("VS133", raw=lines + "0FE302000000")
    assert dict(found.zones) == {"region_1": True, "region_2": False, "region_3": False, "region_4": False}
    assert chirp("VS135", raw=lines).kind == "counter"


KEPT_AT = datetime(2023, 7, 6, 6, 14, 6, tzinfo=UTC)


def test_what_a_sensor_kept_is_read_from_its_bytes() -> None:
    # ws-series/ws203/README.md of Milesight-IoT/SensorDecoders.
    found = chirp("WS203", raw="20CEAE5BA6640400240165" + "20CE5C5CA6640301340165")
    assert (found.occupied, found.kind) == (None, "history")
    assert found.history == (
        Past(KEPT_AT, occupied=False),
        Past(datetime(2023, 7, 6, 6, 17, tzinfo=UTC), occupied=True),
    )


def test_what_was_kept_of_zones_is_of_zones() -> None:
    # vs-series/vs133/vs133-decoder.js, readHistory: the byte behind the time says of what; of a dwell less follows.
    at = 1793607000
    kept = at.to_bytes(4, "little").hex()
    raw = f"20ce{kept}10010203" + f"20ce{kept}0f01000002" + f"20ce{kept}0301000000"
    words = {"region_1": True, "region_2": False, "region_3": False, "region_4": True}
    past = tuple(Past(datetime.fromtimestamp(at, UTC), one, zone) for zone, one in words.items())
    found = chirp("VS133", raw=raw)
    assert (found.kind, found.history) == ("history", past)
    counts = {f"{zone}_count": int(one) for zone, one in words.items()}
    assert chirp("VS133", fields={"history": [{"timestamp": at, **counts}]}).history == past
    told = {one.sensor_id: one.occupied for one in readings(found, Envelope("", b"", ARRIVED)) if one.history}
    assert told == {f"d:{zone}": one for zone, one in words.items()}
    # vs-series/vs121/vs121-decoder.js, readHistoryData, of type 1.
    mask = chirp("VS121", raw=f"20ce{kept}010308" + "00a1")
    assert {one.zone: one.occupied for one in mask.history} == {"": True, **MASK}


def test_a_room_and_its_regions_are_told_of_together() -> None:
    # vs-series/vs373/README.md of Milesight-IoT/SensorDecoders: 0 is normal, and of a region 0 is occupied.
    found = chirp("VS373", raw="03F8000005000A0004F90101000105FA0000000000000000")
    assert (found.occupied, found.kind) == (True, "")
    assert dict(found.zones) == {f"region_{n}": n == 3 for n in range(1, 5)}
    said = {one.sensor_id: one.occupied for one in readings(found, Envelope("", b"", ARRIVED))}
    assert (said["d"], said["d:region_3"], said["d:region_1"]) == (True, True, False)


@pytest.mark.parametrize(
    ("fields", "occupied", "profile"),
    [
        ({"occupancy": True}, True, "plain"),
        ({"occupancy": 0}, False, "plain"),
        ({"occupancy": 1.0, "battery": 90.0}, True, "plain"),
        ({"occupied": 1}, True, "mclimate"),
        ({"occupancy": "occupied"}, True, "milesight"),
        ({"occupancy": "out of order"}, None, "milesight"),
        ({"motion": 3, "occupancy": 1}, None, "elsys_eye"),  # pending is clear: another must not guess
    ],
)
def test_plain_words_are_read_whatever_the_model(
    fields: dict[str, Any], occupied: bool | None, profile: str
) -> None:
    found = chirp("nobody's", fields=fields)
    assert (found.occupied, found.about) == (occupied, {"profile": profile})


def test_a_profile_that_only_looks_right_and_knows_nothing_lets_the_server_speak() -> None:
    up = {
        "decoded_payload": {"occupancy": "out of order"},
        "normalized_payload": [{"action": {"motion": {"detected": True}}}],
    }
    assert hear("v3/a@t/devices/d/up", {"uplink_message": up}).occupied is True
    up["version_ids"] = {"model_id": "vs340"}  # its own profile is asked, and believed
    assert hear("v3/a@t/devices/d/up", {"uplink_message": up}).kind == "unknown"
