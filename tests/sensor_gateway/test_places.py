"""Two devices of one name are not one sensor, and no sensor speaks in another's name."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.clock import SteppingClock
from app.database import create_engine, reading
from app.occupancy.models import DeadLetter
from sensor_gateway.decoders import Wires
from sensor_gateway.decoders.places import Places
from sensor_gateway.handler import Handler
from sensor_gateway.heard import Heard
from sensor_gateway.messages import Envelope, Undecodable
from tests.office import furnish_database

NOW = datetime(2026, 4, 1, 1, 0, tzinfo=UTC)
UP = {"uplink_message": {"decoded_payload": {"occupancy": True}, "f_port": 1}}
THERE, SHELLY = {"occupancy": True}, {"value": True}
Message = tuple[str, Any]


def heard(
    wires: Wires, topic: str, said: Any, after: timedelta = timedelta(0), *, retained: bool = False
) -> set[str]:
    content = said if isinstance(said, str) else json.dumps(said)
    return {one.sensor_id for one in wires.readings(Envelope(topic, content.encode(), NOW + after, retained))}


TWO: list[tuple[Message, Message]] = [
    (("zigbee2mqtt-4f/desk-1", THERE), ("zigbee2mqtt-5f/desk-1", THERE)),
    (("zigbee2mqtt-4f/desk-1", THERE), ("zigbee2mqtt-5f/desk-1/availability", "online")),
    (("v3/hq@ttn/devices/desk-1/up", UP), ("v3/annex@ttn/devices/desk-1/up", UP)),
    (("4f/desk-1/binary_sensor/presence/state", "ON"), ("5f/desk-1/binary_sensor/presence/state", "ON")),
    (("4f/desk-1/binary_sensor/presence/state", "ON"), ("desk-1/status", "online")),
    (("4f/desk-1/status/presencezone:200", SHELLY), ("5f/desk-1/online", "true")),
    (("4f/z2m/desk-1", THERE), ("5f/z2m/desk-1", THERE)),
    (("4f/homie/desk-1/seat/occupied", "true"), ("homie/desk-1/seat/occupied", "true")),
    (
        ("tele/zb-4f/SENSOR", {"ZbReceived": {"0x1": {"Name": "desk-1", "Occupancy": 1}}}),
        ("tele/zb-5f/SENSOR", {"ZbReceived": {"0x1": {"Name": "desk-1", "Occupancy": 1}}}),
    ),
    (("4f/tele/desk-1/SENSOR", {"Switch1": "ON"}), ("5f/tele/desk-1/SENSOR", {"Switch1": "ON"})),
    (("zigbee2mqtt/desk-1", THERE), ("tele/desk-1/LWT", "Online")),
]
PREFIXES = (
    ("4f/z2m", "zigbee2mqtt"),
    ("5f/z2m", "zigbee2mqtt"),
    ("4f/homie", "homie"),
    ("4f/tele", "tele"),
    ("5f/tele", "tele"),
    ("lamps", "tele"),
    ("lamp-answers", "stat"),
)


@pytest.mark.parametrize(("first", "second"), TWO)
def test_two_devices_of_one_name_are_not_one_sensor(first: Message, second: Message) -> None:
    wires = Wires(prefixes=PREFIXES)
    for one in (first, first):
        assert "desk-1" in heard(wires, *one)
        with pytest.raises(Undecodable, match="two_devices"):
            heard(wires, *second, timedelta(hours=23))


def test_what_the_second_of_a_name_says_is_kept_for_whoever_looks_after_sensors(database_url: str) -> None:
    furnish_database(database_url, ["desk-1"])
    engine, content = create_engine(database_url), json.dumps(THERE).encode()
    topics = ["zigbee2mqtt-4f/desk-1", "zigbee2mqtt-5f/desk-1"]
    counts = Handler(engine, SteppingClock(NOW)).handle([Envelope(one, content, NOW) for one in topics])
    assert (counts.stored, counts.dead) == (1, 1)
    with reading(engine) as session:
        told = session.execute(select(DeadLetter.topic, DeadLetter.reason)).all()
    engine.dispose()
    assert [tuple(one) for one in told] == [(topics[1], "two_devices")]


ONE: list[Sequence[Message]] = [
    [
        ("4f/desk-1/status/presencezone:200", SHELLY),
        (
            "4f/desk-1/events/rpc",
            {"src": "desk-1", "method": "NotifyStatus", "params": {"presencezone:200": SHELLY}},
        ),
        ("4f/desk-1/online", "true"),
    ],
    [("4f/desk-1/binary_sensor/presence/state", "ON"), ("4f/desk-1/status", "online")],
    [
        ("tele/desk-1/SENSOR", {"Switch1": "ON"}),
        ("stat/desk-1/SWITCH1", '{"STATE":"ON"}'),
        ("desk-1/tele/LWT", "Online"),
    ],
    [("lamps/desk-1/SENSOR", {"Switch1": "ON"}), ("lamp-answers/desk-1/SWITCH1", "ON")],
    [
        ("tele/zb/SENSOR", {"ZbReceived": {"0x1": {"Name": "desk-1", "Occupancy": 1}}}),
        ("tele/zb/desk-1/SENSOR", {"ZbReceived": {"Device": "0x4773", "Name": "desk-1", "Occupancy": 1}}),
        ("tele/zb/4773/SENSOR", {"ZbReceived": {"Device": "0x4773", "Name": "desk-1", "Occupancy": 1}}),
    ],
    [("homie/desk-1/seat/occupied", "true"), ("homie/5/desk-1/$state", "ready")],
    [("zigbee2mqtt/desk-1", THERE), ("zigbee2mqtt/desk-1/occupancy", "true")],
    # As The Things Stack posts it to the intake: without a tenant.
    [("v3/hq@ttn/devices/desk-1/up", UP), ("v3/hq/devices/desk-1/up", UP)],
    [
        (f"application/{one}/device/desk-1/event/up", {"deviceInfo": {"devEui": "desk-1"}, "object": THERE})
        for one in "ab"
    ],
]


@pytest.mark.parametrize("messages", ONE)
def test_several_topics_of_one_device_are_one(messages: Sequence[Message]) -> None:
    wires = Wires(prefixes=PREFIXES)
    for one in (*messages, *messages):
        assert "desk-1" in heard(wires, *one)


def test_a_bridge_that_was_renamed_is_believed_after_a_day_or_by_a_gateway_that_began_anew() -> None:
    wires, (old, new) = Wires(), ("zigbee2mqtt/desk-1", "zigbee2mqtt-4f/desk-1")
    heard(wires, old, THERE)
    assert heard(wires, new, THERE, timedelta(days=1))
    with pytest.raises(Undecodable, match="two_devices"):
        heard(wires, old, THERE, timedelta(days=1, hours=1))
    again = Wires()
    assert heard(again, old, THERE, retained=True)  # what it left at the broker takes nobody's place
    assert heard(again, new, THERE)


def test_what_could_not_be_stored_and_comes_again_takes_no_place() -> None:
    wires = Wires()
    heard(wires, "zigbee2mqtt-4f/desk-1", THERE, timedelta(seconds=9))
    with pytest.raises(Undecodable, match="two_devices"):
        heard(wires, "zigbee2mqtt-5f/desk-1", THERE)


@pytest.mark.parametrize(
    "topics",
    [
        ("zigbee2mqtt-{}/desk-1/presence", "zigbee2mqtt-{}/desk-1/occupancy"),
        ("{}/homie/desk-1/seat/occupied", "{}/homie/desk-1/seat/presence"),
    ],
)
def test_what_a_sense_of_the_second_says_does_not_hold_the_first_ones_seat(topics: tuple[str, str]) -> None:
    wires = Wires(prefixes=[("4f/homie", "homie"), ("5f/homie", "homie")])
    first, second = ([one.format(floor) for one in topics] for floor in ("4f", "5f"))
    heard(wires, first[0], "false")
    for one in second:
        with pytest.raises(Undecodable, match="two_devices"):
            heard(wires, one, "true")
    found = wires.readings(Envelope(first[0], b"false", NOW))
    assert {one.occupied for one in found if one.sensor_id == "desk-1"} == {False}


def test_messages_that_are_taken_in_side_by_side_keep_their_places() -> None:
    places, content = Places(), Envelope("", b"", NOW)
    places.enter("hq", content)
    with ThreadPoolExecutor(1) as other:
        other.submit(places.enter, "annex", content).result()
    assert places.own([Heard("desk-1", True)])
    places.enter("hq", content)
    assert not places.is_elsewhere("desk-1")


def test_of_one_message_what_is_of_others_is_heard() -> None:
    wires = Wires()
    heard(wires, "zigbee2mqtt/desk-1", THERE)
    two = {name: {"Device": name, "Occupancy": 1} for name in ("desk-1", "desk-2")}
    assert heard(wires, "tele/zb/SENSOR", {"ZbReceived": two}) == {"desk-2"}


def registered(*names: str) -> Wires:
    wires = Wires()
    wires.learn(dict.fromkeys(names, ""), NOW)
    return wires


def test_a_tasmota_that_is_a_sensor_speaks_for_no_other_one() -> None:
    said = {"ZbReceived": {"x": {"Device": "x", "Name": "desk-001", "Occupancy": 1}}}
    assert heard(registered("desk-001"), "tele/plug-7/SENSOR", said) == {"desk-001"}
    with pytest.raises(Undecodable, match="not_a_bridge"):
        heard(registered("desk-001", "plug-7"), "tele/plug-7/SENSOR", said)


def test_a_tasmota_bridge_may_leave_out_its_own_name() -> None:
    """By SetOption125: then the topic is of the device behind it, by its name or its short address of the moment."""
    said = {"ZbReceived": {"0x1234": {"Device": "0x1234", "Name": "desk-001", "Occupancy": 1}}}
    wires = registered("desk-001")
    assert heard(wires, "tele/desk-001/SENSOR", said) == {"desk-001"}
    wires = registered("desk-001")
    for address in ("4F01", "A0B2"):
        assert heard(wires, f"tele/{address}/SENSOR", said) == {"desk-001"}


def test_a_shelly_that_is_known_by_its_topic_speaks_as_no_other_one() -> None:
    said = {"src": "desk-001", "method": "NotifyStatus", "params": {"presencezone:200": SHELLY}}
    wires = registered("desk-001")
    assert "desk-001" in heard(wires, "shp/events/rpc", said)
    wires.learn({"desk-001": "", "shp": ""}, NOW)
    assert heard(wires, "shp/events/rpc", said) == {"shp", "shp:presencezone:200"}
    assert heard(wires, "shp/online", "true") == {"shp"}
