"""Sparkplug B: which metric of a node or a device is of a seat, and what it says."""

from __future__ import annotations

from datetime import UTC, datetime
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

    def __init__(self) -> None:
        self.wires = Wires()

    def says(self, kind: str, *metrics: dict[str, Any]) -> Heard:
        payload = payload_class()(timestamp=1793607388000, metrics=metrics)
        topic = f"spBv1.0/g/{kind}/n" if kind.startswith("N") else f"spBv1.0/g/{kind}/n/d"
        found: Heard = self.wires.hear(Envelope(topic, payload.SerializeToString(), ARRIVED))[0]
        return found


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
        *("Motion Sensor/Comm OK", "Occupied Setpoint", "PresenceSensor/Online", "Occupancy Override"),
    ],
)
def test_what_says_the_opposite_or_is_of_the_sensor_itself_is_no_seat_beside_one(name: str) -> None:
    other = {"name": name, "boolean_value": True}
    assert Edge().says("DDATA", other).occupied is (True if name == "Presentation" else None)
    beside = Edge().says("DDATA", other, {"name": "Occupied", "boolean_value": False})
    assert (beside.occupied, beside.kind) == (False, "")


def test_a_last_will_of_an_earlier_session_that_comes_late_changes_nothing() -> None:
    edge = Edge()
    edge.says("NBIRTH", {"name": "bdSeq", "long_value": 4})
    assert edge.says("NDEATH", {"name": "bdSeq", "long_value": 3}).kind == "ignored"
    assert edge.says("NDEATH", {"name": "bdSeq", "long_value": 4}).online is False
