"""Devices that watch several seats: each zone is a sensor of its own, whichever of them a message tells of."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select

from app.clock import SteppingClock
from app.database import create_engine, reading
from app.occupancy.gateways import sensor_parts
from app.occupancy.models import DeadLetter, StoredReading
from sensor_gateway.decoders import Wires
from sensor_gateway.handler import Counts, Handler
from sensor_gateway.heard import zones_of
from sensor_gateway.messages import Envelope
from tests.office import furnish_database

NOW = datetime(2026, 4, 1, 1, 0, tzinfo=UTC)
SHELLY = "shellypresenceg4-1"
KNOWN = [
    f"{SHELLY}:presencezone:200",
    f"{SHELLY}:presencezone:201",
    "board:has_target",
    "vs121-1:region_2",
    "tasmota:Switch1",
    "tasmota:Switch2",
    "twin",
    "pair:left_seat",
    "pair:right_seat",
]
Stored = list[tuple[str, bool | None, bool | None, int | None]]


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    furnish_database(database_url, KNOWN)
    engine = create_engine(database_url)
    yield engine
    engine.dispose()


def message(topic: str, said: Any) -> Envelope:
    return Envelope(topic, (said if isinstance(said, str) else json.dumps(said)).encode(), NOW)


def counts(regions: dict[str, int], **more: Any) -> Envelope:
    up = {"session_key_id": "s", "f_cnt": 3, "decoded_payload": {**regions, **more}}
    return message("v3/a@t/devices/vs121-1/up", {"uplink_message": up})


def notified(**components: Any) -> Envelope:
    said = {"src": SHELLY, "method": "NotifyStatus", "params": components}
    return message(f"{SHELLY}/events/rpc", said)


def taken(engine: Engine, *messages: Envelope) -> Stored:
    """What was stored of each sensor: occupied, online, battery."""
    found = Handler(engine, SteppingClock(NOW)).handle(messages)
    with reading(engine) as session:
        assert not session.scalars(select(DeadLetter.topic)).all()
        rows = session.scalars(select(StoredReading).order_by(StoredReading.sensor_id, StoredReading.id))
        stored = [(one.sensor_id, one.occupied, one.online, one.battery_pct) for one in rows]
    assert (found.dead, found.unknown_sensors, found.stored) == (0, frozenset(), len(stored))
    return stored


def test_a_zone_that_is_told_of_alone_is_heard_and_the_others_live(engine: Engine) -> None:
    told = notified(**{"presencezone:201": {"value": True}})
    assert taken(engine, told) == [(KNOWN[0], None, None, None), (KNOWN[1], True, None, None)]


def test_all_zones_that_are_told_of_are_heard(engine: Engine) -> None:
    told = notified(**{"presencezone:200": {"value": False}, "presencezone:201": {"value": True}})
    assert taken(engine, told) == [(KNOWN[0], False, None, None), (KNOWN[1], True, None, None)]


def test_when_a_device_is_gone_its_zones_are_gone(engine: Engine) -> None:
    gone = message(f"{SHELLY}/online", "false")
    assert taken(engine, gone) == [(KNOWN[0], None, False, None), (KNOWN[1], None, False, None)]


def test_the_battery_of_a_device_is_that_of_its_zones(engine: Engine) -> None:
    low = notified(**{"devicepower:0": {"battery": {"percent": 9}}})
    assert taken(engine, low) == [(KNOWN[0], None, None, 9), (KNOWN[1], None, None, 9)]


def test_zones_that_nobody_registered_are_nobodys_and_no_dead_letters(engine: Engine) -> None:
    regions = {f"region_{n}_count": n % 3 for n in range(1, 17)}
    assert taken(engine, counts(regions, battery=80)) == [("vs121-1:region_2", True, None, 80)]


def test_a_frame_counts_once_for_each_zone(engine: Engine) -> None:
    regions = counts({"region_1_count": 0, "region_2_count": 0})
    handler = Handler(engine, SteppingClock(NOW))
    assert handler.handle([regions]) == Counts(messages=1, stored=1)
    assert handler.handle([regions]) == Counts(messages=1, repeated=1)


def test_a_device_of_which_nothing_is_known_is_one_dead_letter(engine: Engine) -> None:
    other = message(
        "other/events/rpc", {"method": "NotifyStatus", "params": {"presencezone:200": {"value": 1}}}
    )
    found = Handler(engine, SteppingClock(NOW)).handle([other])
    assert (found.dead, found.unknown_sensors) == (1, frozenset({"other"}))


def test_of_a_device_whose_zones_were_renamed_the_new_ones_are_strangers(engine: Engine) -> None:
    clock = SteppingClock(NOW)
    handler = Handler(engine, clock)
    for name in ("left_seat", "right_seat"):
        handler.handle([message(f"pair/binary_sensor/{name}/state", "OFF")])
    topics = [f"pair/binary_sensor/desk_{n}_presence/state" for n in (1, 2)]
    found = handler.handle([message(topic, "ON") for topic in topics] * 2)
    assert (found.dead, found.changes) == (4, 0)
    assert any(one.startswith("pair:desk_") for one in found.unknown_sensors)
    with reading(engine) as session:
        letters = session.scalars(select(DeadLetter.topic).order_by(DeadLetter.id)).all()
        heard = session.scalars(select(StoredReading).where(StoredReading.sensor_id == "pair:left_seat"))
        assert (letters, {one.occupied for one in heard}) == (topics, {None, False})


def test_of_a_board_with_a_radar_the_target_alone_is_the_seat(engine: Engine) -> None:
    parts = [
        ("has_target", "ON"),
        ("has_moving_target", "OFF"),
        ("button", "OFF"),
        ("has_still_target", "ON"),
    ]
    told = [message(f"board/binary_sensor/{name}/state", said) for name, said in parts]
    assert [one[1] for one in taken(engine, *told)] == [True, None, None, None]


def seat(board: str, part: str, said: str) -> Envelope:
    return message(f"{board}/binary_sensor/{part}/state", said)


def test_a_node_with_two_seats_is_two_sensors(engine: Engine) -> None:
    told = [
        seat("pair", "left_seat", "ON"),
        seat("pair", "right_seat", "OFF"),
        seat("pair", "left_seat", "OFF"),
    ]
    found = taken(engine, *told)
    assert [one[1] for one in found if one[0] == "pair:left_seat"] == [True, None, False]
    assert [one[1] for one in found if one[0] == "pair:right_seat"] == [None, False, None]


def test_by_its_own_name_a_node_with_two_seats_is_alive_and_does_not_take_turns(engine: Engine) -> None:
    turns = [seat("twin", part, said) for said in ("ON", "OFF") for part in ("left_seat", "right_seat")]
    assert [one[1] for one in taken(engine, *turns)] == [True, None, None, None]


def test_that_a_node_has_two_seats_is_known_after_the_gateway_began_anew(engine: Engine) -> None:
    clock = SteppingClock(NOW)
    handler = Handler(engine, clock)
    handler.handle([seat("twin", "left_seat", "ON"), seat("twin", "right_seat", "ON")])
    clock.at += timedelta(minutes=1)
    handler.handle([seat("stranger", "a_seat", "ON"), seat("stranger", "b_seat", "ON")])
    clock.at += timedelta(minutes=1)
    handler.handle([message("twin/status", "online")])
    with reading(engine) as session:
        assert sensor_parts(session) == {"twin": {"left_seat", "right_seat"}}
    again = Handler(engine, clock)
    again.handle([Envelope("twin/binary_sensor/left_seat/state", b"OFF", clock.at)])
    with reading(engine) as session:
        said = session.scalars(select(StoredReading.occupied).order_by(StoredReading.id)).all()
    assert said == [True, None, None, None]


def test_what_a_radar_tells_beside_its_target_makes_no_second_seat() -> None:
    wires = Wires()
    parts = ["has_moving_target", "has_target", "has_still_target", "has_target"]
    told = [one for part in parts for one in wires.readings(seat("twin", part, "ON"))]
    assert [one.occupied for one in told if one.sensor_id == "twin"] == [True] * 4


def test_as_whom_a_message_would_be_heard() -> None:
    wires = Wires()
    assert wires.names([seat("pair", "left_seat", "ON")]) == [[("pair", "left_seat", True)]]
    both = message("tele/tasmota/SENSOR", {"Switch1": "OFF", "Switch2": "ON"})
    assert wires.names([both]) == [[("tasmota", "Switch1", False), ("tasmota", "Switch2", True)]]
    unread = [message("v3/a@t/devices/d/join", {}), message("nobody/knows", {})]
    assert wires.names(unread) == [[], []]


def test_two_inputs_of_a_tasmota_are_two_seats(engine: Engine) -> None:
    both = message("tele/tasmota/SENSOR", {"Switch1": "OFF", "Switch2": "ON"})
    one = message("stat/tasmota/RESULT", {"Switch2": {"Action": "OFF"}})
    assert [found[:2] for found in taken(engine, both, one)] == [
        ("tasmota:Switch1", False),
        ("tasmota:Switch1", None),
        ("tasmota:Switch2", True),
        ("tasmota:Switch2", False),
    ]


@pytest.mark.parametrize(
    ("topic", "said", "occupied"),
    [
        ("desk/binary_sensor/moving_target/state", "OFF", None),
        ("desk/binary_sensor/moving_target/state", "ON", True),
        ("desk/binary_sensor/out_pin_presence_status/state", "OFF", False),
        ("desk/binary_sensor/desk_button/state", "ON", None),
        ("desk/binary_sensor/seat/state", "OFF", False),
        ("stat/desk/MOTION", {"State": "ON"}, True),
        ("homie/desk/motion-sensor/detected", "false", False),
        ("homie/desk/presence/low-battery", "true", None),
        ("homie/5/desk/presence/occupied/$target", "true", None),
        ("floor-4/desk/status/presencezone:200", {"value": True}, True),
        ("floor-4/desk/online", "true", None),
    ],
)
def test_what_a_part_of_a_device_says_of_it(topic: str, said: Any, occupied: bool | None) -> None:
    (found,) = Wires().hear(message(topic, said))
    assert (found.device_id, found.occupied) == ("desk", occupied)


def test_a_bluetooth_sensor_is_a_zone_of_its_gateway(engine: Engine) -> None:
    told = notified(**{"bthomesensor:200": {"value": 88}, "bthomesensor:202": {"value": True}})
    (found,) = Wires().hear(told)
    assert (found.occupied, dict(found.zones)) == (None, {"bthomesensor:202": True})


def test_a_device_may_have_colons_in_its_name_and_so_may_a_zone() -> None:
    assert zones_of(["a:b:1", "c"]) == {"a": ["a:b:1"], "a:b": ["a:b:1"]}
