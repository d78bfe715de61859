"""Which parts of a device are seats of their own: what is of no seat must neither be one nor silence one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, insert

from app.clock import SteppingClock
from app.database import create_engine, reading, transaction
from app.occupancy import fitting
from app.occupancy.fitting import Named
from app.occupancy.gateways import sensor_parts
from app.occupancy.models import SensorPart
from sensor_gateway.decoders import Wires
from sensor_gateway.handler import Handler
from sensor_gateway.messages import Envelope
from tests.office import furnish_database

NOW = datetime(2026, 4, 1, 1, 0, tzinfo=UTC)
# Of what else boards tell by a binary sensor.
ASIDE = (
    *("leak", "vibration", "running", "wifi_connected", "lid", "smoke", "touch", "boot", "lamp", "relay"),
    *("online", "water", "noise", "fault", "overheat", "connectivity", "sun_up", "static_ip", "desk_lamp"),
    *("seat_heater", "air_pressure", "gpio_4", "sensor_1"),
    # Of the sensor itself, and what says the opposite.
    *("presence_sensor_status", "presence_sensor_online", "presence_api_connected", "occupancy_sensor_fault"),
    *(
        "occupancy_sensor_problem",
        "motion_sensor_update_available",
        "motion_detection_active",
        "presentation",
    ),
    *("desk_unoccupied", "no_motion", "has_no_target", "not_occupied", "seat_vacant", "presence_absence"),
    *("not_currently_occupied", "no_longer_present", "nobody_present", "no_body_motion", "absence_of_motion"),
    *("occupancy_free", "seat_free", "sin_presencia", "keine_bewegung", "präsentation"),
    *(
        "空席",
        "不在",
        "無人",
        "未使用",
        "空き",
        "在席なし",
        "未着席",
        "人感センサー異常",
        "在席時間",
    ),
    *(
        "presence_not_detected",
        "target_lost",
        "radar_target_clear",
        "motionless",
        "inoccupied",
        "seat_unused",
    ),
    *("nessuna_presenza", "pas_de_présence", "aucune_présence", "nicht_präsent", "inoccupato", "inoccupé"),
    *("frei", "libre", "libero", "desocupado", "unbesetzt", "abwesend", "ausente", "assente", "nomotion"),
    *("空室", "未利用", "非在席", "在席していない", "使用中ではない", "不在室"),
    *(
        "人感未検知",
        "在席検知なし",
        "在室者なし",
        "人感検知なし",
        "人感反応なし",
        "在席未検知",
        "未検知_人感",
    ),
    *(
        "在席していません",
        "在席ではありません",
        "在室者がいない",
        "在席無",
        "人感無",
        "無在席",
        "検知なし_人感",
    ),
    *("presence_undetected", "motion_undetected", "undetected_motion", "no_desk_presence", "no_pir_motion"),
    *("no_radar_presence", "no_detected_motion", "no_more_presence", "not_yet_occupied", "never_occupied"),
    *("在席_なし", "未_在席", "在席ナシ", "在席せず", "在席していなかった", "検知しない_人感", "不検知_人感"),
    *("無人_人感", "不在検知_人感", "空席検知_在席", "presence_none", "occupied_off", "nobody_is_present"),
    *(
        "no_chair_occupied",
        "presence_no",
        "occupied_false",
        "none_present",
        "no_one_is_present",
        "zero_occupancy",
    ),
    *(
        "no_recent_motion",
        "niemand_anwesend",
        "nicht_mehr_besetzt",
        "kein_mensch_anwesend",
        "no_está_ocupado",
    ),
    *("não_está_ocupado", "nadie_presente", "ninguém_presente", "non_è_occupato"),
    *("noone_present", "não_ocupado", "nao_ocupado", "sem_presença", "no_hay_presencia", "inocupado"),
    # Of what is no seat, with the same letters.
    *("desk_present_value", "emotion", "promotion_screen", "presentazione", "presentación", "使用中止"),
    *("presence_schedule", "occupancy_command", "presence_alert", "presence_test", "number_of_occupants"),
    *("在席人数", "在席センサー断線", "在席センサー状態", "在席予約", "在席ランプ", "人感ｾﾝｻｰ異常"),
)
# In whose names the same letters stand for something else.
SEATS = (
    *(
        "node_presence",
        "unit_2_occupancy",
        "north_motion",
        "noise_presence",
        "presence_status",
        "presentSeat",
    ),
    *("motion_no_2", "seat_no_4_occupied", "out_pin_presence_status", "has_target", "human_presence"),
    # What a place is called says nothing of whether somebody is there.
    *("free_seat_3_occupied", "free_address_3_presence", "room_free_occupancy", "hands_free_presence"),
    *("room_no_a_occupied", "free_address_seat_3_presence", "empty_room_motion", "free_seat_2_has_target"),
    *("sensor_presencia", "presenza", "Präsenz", "praesenz", "présence", "bewegung"),
    *("ocupado", "sitzplatz_belegt", "besetzt", "anwesenheit", "raumpräsenz", "pirmotion", "zonemotion"),
    *("seat_number_4_occupied", "test_presence", "使用中", "利用中", "有人", "在席状態", "会議室_使用中"),
    *("無線_在席", "在席_無線", "在席_未来創造課", "在席_非常口側", "不動産課_在席", "使用中_不動産課"),
    *(
        "在席_電源なし",
        "在席（モニターなし）",
        "席12_在席_窓なし",
        "有人受付_モニターなし",
        "在席_無料相談窓口",
    ),
    *("使用中_飲食不可", "在席_不登校対策室", "在席_非正規雇用対策室", "人感_未収金対策室", "在席_ないとう"),
    *("在席", "人感", "在室", "着席センサー2", "時間貸しブース_在席", "空席管理_在席"),
)
Said = list[tuple[str, bool | None]]


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    furnish_database(database_url, ["b"])
    engine = create_engine(database_url)
    yield engine
    engine.dispose()


def message(topic: str, said: Any) -> Envelope:
    return Envelope(topic, (said if isinstance(said, str) else json.dumps(said)).encode(), NOW)


def part(name: str, said: str = "ON", board: str = "b") -> Envelope:
    return message(f"{board}/binary_sensor/{name}/state", said)


def told(wires: Wires, *messages: Envelope) -> Said:
    """What each message says of the device itself."""
    found = [one for envelope in messages for one in wires.readings(envelope)]
    return [(one.sensor_id, one.occupied) for one in found if ":" not in one.sensor_id]


@pytest.mark.parametrize("name", ASIDE)
def test_what_is_of_no_seat_neither_is_one_nor_silences_one(name: str) -> None:
    assert told(Wires(), part(name)) == [("b", None)]
    wires = Wires()
    both = told(wires, part(name), part("desk_presence"), part(name, "OFF"), part("desk_presence"))
    assert both == [("b", None), ("b", True), ("b", None), ("b", True)]


@pytest.mark.parametrize("name", SEATS)
def test_what_is_of_a_seat_is_one_whatever_stands_around_it(name: str) -> None:
    assert told(Wires(), part(name)) == [("b", True)]


@pytest.mark.parametrize(
    ("topic", "said"),
    [
        ("homie/b/seat/unoccupied", "true"),
        ("homie/b/seat/not-occupied", "true"),
        ("homie/b/seat/no-motion", "true"),
        ("homie/b/no-motion/state", "true"),
        ("homie/b/motion/motion-detection-active", "true"),
        ("homie/b/seat/motion-not-detected", "true"),
        ("homie/5/b/seat/presence-schedule", "true"),
        ("homie/5/b/inoccupied/value", "true"),
    ],
)
def test_a_name_that_says_the_opposite_or_is_of_the_sensor_itself_is_of_no_seat(
    topic: str, said: str
) -> None:
    assert told(Wires(), message(topic, said)) == [("b", None)]


@pytest.mark.parametrize("name", ["unoccupied", "seat_unused", "desk_not_used", "not_in_use", "motionless"])
def test_a_part_whose_name_says_the_opposite_is_no_seat_even_where_it_is_registered(name: str) -> None:
    wires = Wires()
    wires.learn({f"b:{name}": "esp"}, NOW)
    assert {one.occupied for one in wires.readings(part(name))} == {None}
    (heard,) = wires.hear(part(name))
    assert heard.why.startswith(f"{name} says that nobody is there")
    assert "register" not in heard.why


def test_a_part_that_is_called_a_free_seat_is_one_where_it_is_registered() -> None:
    wires = Wires()
    wires.learn({"b:free_seat_3_occupied": "esp", "b:free_address_3": "esp"}, NOW)
    for name in ("free_seat_3_occupied", "free_address_3"):
        assert (f"b:{name}", True) in [(one.sensor_id, one.occupied) for one in wires.readings(part(name))]


@pytest.mark.parametrize(
    "name", ["seat", "Seat", "left", "right-2", "seat_a", "pir", "mmwave", "pressure_mat", "desk4f", "zaseki"]
)
def test_known_words_are_a_seat_where_no_part_says_occupancy(name: str) -> None:
    assert told(Wires(), part(name)) == [("b", True)]
    wires = Wires()
    both = told(wires, part(name), part("presence", "OFF"), part(name), part("presence", "OFF"))
    assert both == [("b", True), ("b", False), ("b", None), ("b", False)]


def test_a_part_that_is_registered_is_a_seat_whatever_it_is_called() -> None:
    wires = Wires()
    wires.learn({"b": "esp", "b:gpio_4": "esp"}, NOW)
    found = {one.sensor_id: one.occupied for one in wires.readings(part("gpio_4"))}
    assert found == {"b": None, "b:gpio_4": True}
    assert told(wires, part("desk_presence")) == [("b", True)]


def test_the_pin_of_a_radar_is_no_second_seat_beside_its_target() -> None:
    assert told(Wires(), part("out_pin_presence_status", "OFF")) == [("b", False)]
    wires = Wires()
    both = told(wires, part("has_target"), part("out_pin_presence_status", "OFF"), part("has_target"))
    assert both == [("b", True), ("b", None), ("b", True)]


def test_a_board_that_was_taken_for_several_seats_has_its_word_again(engine: Engine) -> None:
    with transaction(engine) as session:
        rows = [{"sensor_id": "b", "part": name} for name in ("desk_presence", "wifi_connected")]
        session.execute(insert(SensorPart), rows)
    clock, wires = SteppingClock(NOW), Wires()
    handler = Handler(engine, clock, wires=wires)
    handler.handle([part("desk_presence")])
    assert told(wires, part("desk_presence")) == [("b", True)]
    clock.at += timedelta(minutes=1)
    handler.handle([part("desk_presence")])
    with reading(engine) as session:
        assert (sensor_parts(session), fitting.fitting(session, "b").parts) == ({"b": {"desk_presence"}}, [])


def test_which_part_is_the_seat_is_known_after_the_gateway_began_anew(engine: Engine) -> None:
    clock = SteppingClock(NOW)
    handler = Handler(engine, clock)
    handler.handle([part("pir"), part("presence")])
    clock.at += timedelta(minutes=1)
    handler.handle([part("presence")])
    wires = Wires()
    Handler(engine, clock, wires=wires).handle([message("b/status", "online")])
    assert told(wires, part("pir", "OFF")) == [("b", None)]
    with reading(engine) as session:
        assert (sensor_parts(session), fitting.fitting(session, "b").parts) == ({"b": {"presence"}}, [])
        assert not fitting.live(session, "b").has_parts


def test_the_seats_of_a_device_are_kept_once_it_is_registered() -> None:
    wires = Wires()
    wires.learn({}, NOW)
    told(wires, part("left"), part("right"))
    assert wires.news() == {}
    wires.learn({"b": "esp"}, NOW)
    assert wires.news() == {"b": {"left", "right"}}
    wires.learn({"b": "esp"}, NOW, {"b": {"left", "right"}})
    assert wires.news() == {}


SWITCH, OFF = (
    message("tele/b/SENSOR", {"Switch1": "ON"}),
    message("stat/b/RESULT", {"Switch1": {"Action": "OFF"}}),
)


@pytest.mark.parametrize(
    "again",
    [
        message("stat/b/SWITCH1", "ON"),
        message("stat/b/switch1", "ON"),
        message("stat/b/PIR1", "ON"),
        message("stat/b/MOTION", "1"),
        message("stat/b/PIR", {"State": "ON"}),
    ],
)
def test_a_switch_is_one_seat_however_it_is_called(again: Envelope) -> None:
    wires = Wires()
    assert told(wires, again, SWITCH, OFF, again) == [("b", True), ("b", True), ("b", False), ("b", True)]


@pytest.mark.parametrize(
    ("senses", "occupied"),
    [
        ({"Switch1": "OFF", "PIR1": "ON"}, True),
        ({"Switch1": "OFF", "PIR1": "OFF"}, False),
        ({"Switch1": "OFF", "PIR1": "?"}, None),
        ({"Switch1": "ON", "Switch2": "ON", "PIR1": "ON"}, None),
    ],
)
def test_of_a_switch_and_its_pir_one_is_enough(senses: dict[str, str], occupied: bool | None) -> None:
    assert told(Wires(), message("tele/b/SENSOR", senses)) == [("b", occupied)]


def test_a_second_switch_is_a_second_seat() -> None:
    wires = Wires()
    assert told(wires, SWITCH, message("stat/b/SWITCH2", "ON"), SWITCH) == [
        ("b", True),
        ("b", None),
        ("b", None),
    ]


@pytest.mark.parametrize(
    ("messages", "as_whom"),
    [
        ([part("pir"), part("presence", "OFF")], {("presence", False), ("", None)}),
        ([part("wifi_connected"), part("seat")], {("", None), ("seat", True)}),
        ([part("left"), part("right", "OFF")], {("left", True), ("right", False)}),
        ([message("stat/b/PIR1", "ON"), SWITCH], {("Switch1", True)}),
        ([message("tele/b/SENSOR", {"Switch1": "OFF", "PIR1": "ON"})], {("Switch1", True)}),
    ],
)
def test_whoever_fits_sensors_is_offered_seats_alone(
    messages: list[Envelope], as_whom: set[tuple[str, bool | None]]
) -> None:
    names = Wires().names(messages)
    assert {(name, occupied) for named in names for _device, name, occupied in named} == as_whom
    heard = [("t", NOW, [Named(*one) for one in named]) for named in names]
    strangers = [one.sensor_id for one in fitting.strangers_in(heard, [])]
    assert strangers == (["b:left", "b:right"] if ("left", True) in as_whom else ["b"])
