"""Sparkplug B: which metric of a node or a device is of a seat, and what it says."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from time import perf_counter
from typing import Any

import pytest

from sensor_gateway.decoders import Wires
from sensor_gateway.decoders.sparkplug import payload_class
from sensor_gateway.heard import Heard
from sensor_gateway.messages import Envelope

ARRIVED = datetime(2026, 11, 2, 9, tzinfo=UTC)


def test_what_sparkplug_names_once_is_known_by_its_number() -> None:
    wires = Wires()
    birth = bytes.fromhex("12180a0b4465736b2f4f6363757079100418e096d3da99347000")
    assert wires.hear(Envelope("spBv1.0/g/DBIRTH/n/d", birth, ARRIVED))[0].occupied is False
    two = bytes.fromhex("120b100518e096d3da99347000120b100418e096d3da99347001")
    assert wires.hear(Envelope("spBv1.0/g/DDATA/n/d", two, ARRIVED))[0].occupied is True
    gone = wires.hear(Envelope("spBv1.0/g/NDEATH/n", b"", ARRIVED))
    assert [(one.device_id, one.online) for one in gone] == [("g/n", False), ("g/n/d", False)]


class Edge:
    """A Sparkplug node with one device, and the decoder that hears it."""

    def __init__(self, *sensors: str, before: Edge | None = None) -> None:
        """`sensors`: the ids that are registered. `before`: the gateway that was there, whose memory was kept."""
        known = dict.fromkeys(sensors, "")
        self.wires = Wires()
        self.wires.learn(known, ARRIVED, told_once=before.wires.told_once.news(known) if before else None)

    def says(self, kind: str, *metrics: dict[str, Any]) -> Heard:
        found: Heard = self.wires.hear(self._envelope(kind, metrics))[0]
        return found

    def read(self, kind: str, *metrics: dict[str, Any]) -> dict[str, bool | None]:
        """What a message says of each sensor."""
        return {one.sensor_id: one.occupied for one in self.wires.readings(self._envelope(kind, metrics))}

    @staticmethod
    def _envelope(kind: str, metrics: Iterable[dict[str, Any]]) -> Envelope:
        payload = payload_class()(timestamp=1793607388000, metrics=metrics)
        topic = f"spBv1.0/g/{kind}/n" if kind.startswith("N") else f"spBv1.0/g/{kind}/n/d"
        return Envelope(topic, payload.SerializeToString(), ARRIVED)


OCCUPIED = {"name": "Desk/Occupied", "alias": 1}
TAMPERED = {"name": "Tamper", "alias": 2}


def test_a_metric_that_is_not_of_occupancy_says_nothing_of_it_where_another_is() -> None:
    edge = Edge()
    edge.says("DBIRTH", OCCUPIED | {"boolean_value": True}, TAMPERED | {"boolean_value": False})
    assert edge.says("DDATA", {"alias": 2, "boolean_value": True}).kind == "no_occupancy_field"
    assert edge.says("DDATA", {"alias": 1, "boolean_value": False}).occupied is False
    old = {"alias": 2, "boolean_value": True, "is_historical": True, "timestamp": 1793607300000}
    assert edge.says("DDATA", old).history == []


def test_a_node_that_offers_to_be_born_again_is_not_vacant() -> None:
    born = Edge().says("NBIRTH", {"name": "Node Control/Rebirth", "boolean_value": False})
    assert (born.occupied, born.online) == (None, True)


def test_a_number_says_it_too_and_two_seats_are_zones() -> None:
    edge = Edge()
    assert edge.says("DDATA", {"name": "Occupancy", "int_value": 1}).occupied is True
    assert edge.says("DDATA", {"name": "Motion Sensitivity", "int_value": 5}).occupied is None
    two = [{"name": f"Seat{n}/Occupied", "boolean_value": n == 1} for n in (1, 2)]
    assert dict(edge.says("DDATA", *two).zones) == {"Seat1/Occupied": True, "Seat2/Occupied": False}
    assert edge.says("DDATA", {"name": "Temperature", "is_null": True, "datatype": 9}).occupied is None


@pytest.mark.parametrize(
    "name",
    [
        *(
            "Unoccupied",
            "Seat/Vacant",
            "Occupancy/Empty",
            "NoMotion",
            "Occupancy Sensor Fault",
            "Presentation",
        ),
        *(
            "Fan/Present Value",
            "Emotion",
            "Promotion Screen",
            "Presentación",
            "Nessuna presenza",
            "Motionless",
        ),
        *("Occupancy Schedule", "Presence/Not Detected", "Inoccupé", "在席センサー電池低下", "Presence Lost"),
        *("Motion Sensor/Comm OK", "Occupied Setpoint", "PresenceSensor/Online", "Occupancy Override"),
    ],
)
def test_what_says_the_opposite_or_is_of_the_sensor_itself_is_no_seat_beside_one(name: str) -> None:
    other = {"name": name, "boolean_value": True}
    strangers = {"Presentation", "Fan/Present Value", "Emotion", "Promotion Screen", "Presentación"}
    assert Edge().says("DDATA", other).occupied is (True if name in strangers else None)
    beside = Edge().says("DDATA", other, {"name": "Occupied", "boolean_value": False})
    assert (beside.occupied, beside.kind) == (False, "")


def test_a_last_will_of_an_earlier_session_that_comes_late_changes_nothing() -> None:
    edge = Edge()
    edge.says("NBIRTH", {"name": "bdSeq", "long_value": 4})
    assert edge.says("NDEATH", {"name": "bdSeq", "long_value": 3}).kind == "ignored"
    assert edge.says("NDEATH", {"name": "bdSeq", "long_value": 4}).online is False


def boolean(name: str, value: bool, **more: Any) -> dict[str, Any]:
    return {"name": name, "datatype": 11, "boolean_value": value, **more}


A, B, OUT = (boolean(name, False) for name in ("Inputs/A", "Inputs/B", "Outputs/E"))
A_ON, B_ON = (boolean(name, True) for name in ("Inputs/A", "Inputs/B"))


def test_of_unnamed_booleans_each_that_is_registered_is_a_seat() -> None:
    first, second = "g/n/d:Inputs/A", "g/n/d:Inputs/B"
    edge = Edge(first, second)
    edge.says("DBIRTH", A, B, OUT)

    def read(*metrics: dict[str, Any]) -> tuple[bool | None, bool | None]:
        found = edge.read("DDATA", *metrics)
        return found[first], found[second]

    assert read(A_ON, B_ON) == (True, True)
    assert read(A, B) == (False, False)
    assert read(B_ON) == (None, True)
    assert read(boolean("Outputs/E", True)) == (None, None)
    assert Edge(second).read("DDATA", A, B_ON)[second] is True
    (past,) = edge.says("DDATA", B_ON | {"is_historical": True, "timestamp": 1793607300000}).history
    assert (past.zone, past.occupied) == ("Inputs/B", True)
    beside = Edge(second).read("DDATA", OCCUPIED | {"boolean_value": False}, B_ON)
    assert (beside["g/n/d:Desk/Occupied"], beside[second]) == (False, True)


@pytest.mark.parametrize("birth", [True, False])
def test_of_unnamed_booleans_a_devices_own_word_is_the_one_that_came_first(birth: bool) -> None:
    edge = Edge("g/n/d")
    edge.says("DBIRTH" if birth else "DDATA", A, B, OUT)

    def read(at: Edge, metric: dict[str, Any]) -> bool | None:
        return at.read("DDATA", metric)["g/n/d"]

    assert [read(edge, one) for one in (B_ON, A_ON, B, A, B_ON)] == [None, True, None, False, None]
    again = Edge("g/n/d", before=edge)
    assert [read(again, one) for one in (B_ON, A_ON)] == [None, True]
    edge.says("DBIRTH", B, A)
    assert edge.says("DDATA", B_ON).occupied is True


TEMPLATE = {"metrics": [{"name": "occupied", "boolean_value": True}, {"name": "lux", "int_value": 1}]}


def test_the_parts_of_a_template_are_metrics() -> None:
    whole = {"name": "Desk1", "alias": 4, "template_value": TEMPLATE, "timestamp": 1793607300000}
    edge = Edge("g/n/d")
    assert edge.says("DBIRTH", whole | {"template_value": {"is_definition": True, **TEMPLATE}}).zone == ""
    born = edge.says("DBIRTH", whole)
    assert (born.occupied, born.zone) == (True, "Desk1/occupied")
    assert born.observed_at == datetime.fromtimestamp(1793607300, UTC)
    assert edge.says("DDATA", {"alias": 4, "template_value": TEMPLATE}).zone == "Desk1/occupied"
    (past,) = edge.says("DDATA", whole | {"is_historical": True}).history
    assert (past.occupied, past.observed_at) == (True, born.observed_at)
    deep: dict[str, Any] = {"name": "occupied", "boolean_value": True}
    for _ in range(20):
        deep = {"name": "x", "template_value": {"metrics": [deep]}}
    assert edge.says("DDATA", deep).occupied is None


@pytest.mark.parametrize("field", ["float_value", "double_value", "int_value", "long_value"])
def test_a_number_of_any_kind_says_it_where_it_is_nought_or_one(field: str) -> None:
    said = [Edge().says("DDATA", {"name": "Occupancy", field: value}).occupied for value in (1, 0, 3)]
    assert said == [True, False, None]


@pytest.mark.parametrize(
    "other", ["Motion Energy", "Occupancy Rate", "Occupancy", "Occupants", "Motion Zone"]
)
@pytest.mark.parametrize(
    "value",
    [
        *({"float_value": 0.0}, {"double_value": 1.0}, {"is_null": True, "datatype": 9}),
        *({"int_value": 0}, {"long_value": 1}, {"is_null": True, "datatype": 3}),
    ],
)
def test_a_number_is_no_second_seat_beside_a_boolean(other: str, value: dict[str, Any]) -> None:
    edge, beside = Edge("g/n/d"), {"name": other, **value}
    edge.says("DBIRTH", boolean("Presence", False), beside)
    edge = Edge("g/n/d", before=edge)
    turns = [[boolean("Presence", True)], [beside], [boolean("Presence", False), beside]]
    assert [edge.read("DDATA", *one)["g/n/d"] for one in turns] == [True, None, False]


def test_a_number_beside_a_boolean_is_a_seat_where_it_is_registered() -> None:
    edge, number = Edge("g/n/d:Motion Zone"), {"name": "Motion Zone", "int_value": 1}
    edge.says("DBIRTH", boolean("Presence", False), number)
    assert edge.read("DDATA", number)["g/n/d:Motion Zone"] is True


def test_a_float_is_no_second_seat_beside_a_whole_number() -> None:
    edge = Edge("g/n/d")
    turns = [[{"name": "Occupied", "int_value": 1}, {"name": "Occupancy", "float_value": 0.0}]]
    turns += [[turns[0][1]], [turns[0][0]]]
    found = [edge.read("DBIRTH" if one is turns[0] else "DDATA", *one)["g/n/d"] for one in turns]
    assert found == [True, None, True]


def test_of_a_device_that_names_its_seat_the_other_way_round_no_other_boolean_is_it() -> None:
    edge = Edge("g/n/d")
    edge.says("DBIRTH", boolean("Tür", False), boolean("Frei", True))
    assert edge.read("DDATA", boolean("Tür", True))["g/n/d"] is None
    edge.says("DBIRTH", boolean("Inputs/A", False), {"name": "Free Memory", "int_value": 1})
    assert edge.read("DDATA", A_ON)["g/n/d"] is True


@pytest.mark.parametrize(
    ("name", "registered", "occupied"),
    [
        ("Desk/Occupied", "", True),
        ("PRESENCE", "", True),
        ("Occupancy Rate", "", None),
        ("Occupancy/Rate", "", None),
        ("Occupancy Rate", "g/n/d:Occupancy Rate", True),
        ("Inputs/A", "g/n/d:Inputs/A", True),
        ("Unoccupied", "g/n/d:Unoccupied", None),
    ],
)
def test_a_float_says_it_by_a_plain_word_alone_or_where_it_is_registered(
    name: str, registered: str, occupied: bool | None
) -> None:
    edge = Edge(registered or "g/n/d")
    assert edge.read("DDATA", {"name": name, "float_value": 1.0})[registered or "g/n/d"] is occupied


@pytest.mark.parametrize(
    ("name", "occupied"),
    [("Occupancy Sensor Status", True), ("Presence/Alarm", True), ("Not Occupied", None)],
)
def test_a_metric_that_is_registered_is_a_seat_unless_its_name_says_the_opposite(
    name: str, occupied: bool | None
) -> None:
    edge = Edge(sensor := f"g/n/d:{name}")
    edge.says("DBIRTH", boolean("Occupied", False), boolean(name, False))
    assert edge.read("DDATA", boolean(name, True))[sensor] is occupied
    assert edge.read("DDATA", boolean(name, True), boolean("Occupied", False))[sensor] is occupied


@pytest.mark.parametrize(
    ("other", "seat"),
    [
        ("Alarma", "Presencia"),
        ("Porta", "Presenza"),
        ("Tür", "Präsenz"),
        ("扉", "在席"),
        ("断線", "使用中"),
        ("Alarma", "Ocupado"),
        ("Störung", "Belegt"),
        ("Tür", "PRÄSENZ"),
        ("Tür", "Pra\u0308senz"),
        ("在席人数超過", "在席"),
        ("Door", "PIRMotion"),
        ("Fan/Present Value", "Desk Occupied/Present Value"),
        ("Door", "Room No A Occupied"),
        ("Door", "Free Address 3 Presence"),
    ],
)
def test_a_name_says_it_in_the_language_of_the_site(other: str, seat: str) -> None:
    edge = Edge("g/n/d")
    born = edge.says("DBIRTH", boolean(other, False), boolean(seat, True))
    assert (born.occupied, born.zone) == (True, seat)
    assert edge.read("DDATA", boolean(other, True))["g/n/d"] is None


@pytest.mark.parametrize(
    "name",
    [
        *("空席", "席A/空き", "未使用", "在席なし", "無人", "人感/設定値", "空室", "未利用", "非在席"),
        *("在席していない", "KEINE PRÄSENZ", "Nicht präsent", "Frei", "Platz frei", "Libre", "Libero"),
        *(
            "Desocupado",
            "Unbesetzt",
            "Abwesend",
            "Ausente",
            "Presence Not Detected",
            "Unoccupied/Present Value",
        ),
    ],
)
def test_what_is_true_of_an_empty_seat_says_nothing(name: str) -> None:
    assert Edge().says("DDATA", boolean(name, True)).occupied is None


@pytest.mark.parametrize("part", ["free_", "在席", "no_one_", "motion/", "presence_not"])
def test_a_name_without_end_is_read_in_no_time(part: str) -> None:
    began = perf_counter()
    Edge().says("DDATA", boolean(part * 20_000, True))
    assert perf_counter() - began < 1


def test_beside_a_text_that_says_nothing_a_float_says_it() -> None:
    edge, aside = Edge(), {"name": "Motion Direction", "string_value": "left"}
    edge.says("DBIRTH", aside, {"name": "Occupancy", "float_value": 0.0})
    assert edge.says("DDATA", {"name": "Occupancy", "float_value": 1.0}, aside).occupied is True


def test_what_says_nothing_of_a_seat_tells_what_stood_there() -> None:
    control = {"name": "Node Control/Rebirth", "boolean_value": False}
    found = Edge().says("DDATA", control, {"name": "Occupancy", "float_value": 0.4}, {"name": "Unoccupied"})
    assert found.why.endswith("whether somebody is there: Occupancy (float), Unoccupied (no value)")
    many = [{"name": f"Temperature/{n}", "double_value": 20} for n in range(20)]
    assert Edge().says("DDATA", *many).why.endswith("Temperature/11 (double) and 8 more")
