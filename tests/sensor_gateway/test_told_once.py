"""What wires tell only once is remembered, also by a gateway that begins anew."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event, select

from app.clock import SteppingClock
from app.database import create_engine, reading
from app.occupancy.gateways import told_once
from app.occupancy.models import StoredReading
from sensor_gateway.decoders import Wires
from sensor_gateway.decoders.sparkplug import REBIRTH, payload_class
from sensor_gateway.handler import Handler
from sensor_gateway.heard import Heard
from sensor_gateway.messages import Envelope
from tests.office import furnish_database

NOW = datetime(2026, 4, 1, 1, 0, tzinfo=UTC)
DESK, SEAT, SHELLY = "g/n/d", "seat-1", "shellypresenceg4-a0"
Metric = dict[str, Any]


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    furnish_database(database_url, [DESK, SEAT, SHELLY, "bridge"])
    engine = create_engine(database_url)
    yield engine
    engine.dispose()


def message(topic: str, said: Any, at: datetime = NOW) -> Envelope:
    content = (
        said if isinstance(said, bytes) else (said if isinstance(said, str) else json.dumps(said)).encode()
    )
    return Envelope(topic, content, at)


def sparkplug(
    kind: str, *metrics: Metric, device: str = "d", seq: int | None = None, at: datetime = NOW
) -> Envelope:
    payload = payload_class()(timestamp=int(at.timestamp() * 1000), metrics=metrics, seq=seq)
    return message(f"spBv1.0/g/{kind}/n/{device}".removesuffix("/"), payload.SerializeToString(), at)


def stored(engine: Engine, sensor_id: str) -> list[tuple[bool | None, bool | None]]:
    with reading(engine) as session:
        query = select(StoredReading.occupied, StoredReading.online).where(
            StoredReading.sensor_id == sensor_id
        )
        return [(row.occupied, row.online) for row in session.execute(query.order_by(StoredReading.id))]


OCCUPANCY = {"name": "Desk/Occupancy", "alias": 1, "datatype": 11, "boolean_value": False}
BATTERY = {"name": "LowBattery", "alias": 2, "datatype": 11, "boolean_value": False}


def test_the_names_of_a_birth_are_known_after_the_gateway_began_anew(engine: Engine) -> None:
    clock = SteppingClock(NOW)
    Handler(engine, clock).handle([sparkplug("DBIRTH", OCCUPANCY, BATTERY)])
    again = Handler(engine, clock)
    again.handle([sparkplug("DDATA", {"alias": 2, "boolean_value": True})])
    again.handle([sparkplug("DDATA", {"alias": 1, "boolean_value": True})])
    assert [one[0] for one in stored(engine, DESK)] == [False, None, True]
    ((topic, _payload),) = again.commands()  # it may have been born anew meanwhile
    assert topic == "spBv1.0/g/NCMD/n"


def test_what_a_birth_named_before_another_one_is_forgotten(engine: Engine) -> None:
    clock = SteppingClock(NOW)
    Handler(engine, clock).handle([sparkplug("DBIRTH", OCCUPANCY)])
    handler = Handler(engine, clock)
    handler.handle(
        [sparkplug("DBIRTH", OCCUPANCY | {"alias": 7}), sparkplug("DBIRTH", OCCUPANCY | {"alias": 8})]
    )
    with reading(engine) as session:
        assert told_once(session)["spBv1.0", DESK]["names"] == {"8": "Desk/Occupancy"}


def test_what_was_told_in_a_batch_that_was_not_stored_is_kept_with_the_next(engine: Engine) -> None:
    handler = Handler(engine, SteppingClock(NOW))

    def refuse(*_: object) -> None:
        raise RuntimeError("no more room")

    event.listen(engine, "commit", refuse)
    with pytest.raises(RuntimeError):
        handler.handle([sparkplug("DBIRTH", OCCUPANCY)])
    event.remove(engine, "commit", refuse)
    handler.handle([sparkplug("DBIRTH", OCCUPANCY)])
    with reading(engine) as session:
        assert ("spBv1.0", DESK) in told_once(session)


def test_what_strangers_tell_is_not_kept_until_one_is_known(engine: Engine) -> None:
    clock = SteppingClock(NOW)
    handler = Handler(engine, clock)
    handler.handle(
        [sparkplug("DBIRTH", OCCUPANCY, device="new"), message("homie/5/x/$description", {"root": "y"})]
    )
    with reading(engine) as session:
        assert told_once(session) == {}
    wires = Wires()
    wires.told_once.tell("homie", "x", {"root": "y"}, ("x", "y"))
    assert wires.told_once.news({"y"}) == {("homie", "x"): {"root": "y"}}


def edge(*messages: Envelope) -> tuple[list[Heard], list[tuple[str, bytes]]]:
    wires = Wires()
    return [one for each in messages for one in wires.hear(each)], wires.commands()


def test_a_number_without_a_name_says_nothing_but_of_a_device_that_was_never_born() -> None:
    unknown = {"alias": 9, "datatype": 11, "boolean_value": True}
    (_birth, after), asked = edge(sparkplug("DBIRTH", OCCUPANCY), sparkplug("DDATA", unknown))
    assert (after.occupied, after.kind) == (None, "no_occupancy_field")
    assert [topic for topic, _payload in asked] == ["spBv1.0/g/NCMD/n"]
    (two,), _asked = edge(sparkplug("DDATA", unknown, unknown | {"alias": 3}))
    assert (two.occupied, two.kind) == (None, "no_occupancy_field")
    (alone,), asked = edge(sparkplug("DDATA", unknown))
    assert alone.occupied is True
    assert len(asked) == 1


def test_a_node_is_asked_for_its_names_once_in_ten_minutes() -> None:
    wires = Wires()

    def asked_after(minutes: int) -> int:
        wires.hear(
            sparkplug("DDATA", {"alias": 9, "boolean_value": True}, at=NOW + timedelta(minutes=minutes))
        )
        return len(wires.commands())

    assert [asked_after(minutes) for minutes in (0, 1, 9, 10, 11)] == [1, 0, 0, 1, 0]
    wires.hear(sparkplug("DDATA", {"alias": 9, "boolean_value": True}, at=NOW + timedelta(hours=1)))
    ((_topic, payload),) = wires.commands()
    (metric,) = payload_class().FromString(payload).metrics
    assert (metric.name, metric.boolean_value) == (REBIRTH, True)


@pytest.mark.parametrize(
    ("seqs", "asked"), [((0, 1, 2), 0), ((254, 255, 0), 0), ((0, 2, 3), 1), ((7, 0, 1), 1), ((0, 0, 1), 1)]
)
def test_a_node_of_which_a_message_was_missed_is_asked_to_be_born_again(
    seqs: tuple[int, int, int], asked: int
) -> None:
    wires = Wires()
    known = {"alias": 1, "boolean_value": True}
    born, *later = seqs
    wires.hear(sparkplug("NBIRTH", OCCUPANCY, device="", seq=born))
    for number, seq in enumerate(later, start=1):
        at = NOW + timedelta(seconds=number)
        assert wires.hear(sparkplug("NDATA", known, device="", seq=seq, at=at))[0].occupied
    assert len(wires.commands()) == asked
    wires.hear(sparkplug("NBIRTH", OCCUPANCY, device="", seq=0))
    wires.hear(sparkplug("NDATA", known, device="", seq=1, at=NOW + timedelta(hours=1)))
    assert wires.commands() == []


@pytest.mark.parametrize("step", [timedelta(0), timedelta(seconds=1)])
@pytest.mark.parametrize("again", [slice(0, 4), slice(1, 4), slice(1, 3), slice(3, 4)])
def test_of_a_node_whose_messages_are_told_again_none_was_missed(step: timedelta, again: slice) -> None:
    known = {"alias": 1, "boolean_value": True}

    def told(kind: str, seq: int) -> Envelope:
        return sparkplug(kind, known, device="", seq=seq, at=NOW + seq * step)

    wires = Wires()
    batch = [
        sparkplug("NBIRTH", OCCUPANCY, device="", seq=0),
        *(told("NDATA", seq) for seq in (1, 2, 3)),
    ]
    for each in [*batch, *batch[again], *batch[3:], told("NDATA", 4)]:
        wires.hear(each)
    assert wires.commands() == []
    wires.hear(sparkplug("NDATA", known, device="", seq=6, at=NOW + timedelta(minutes=1)))
    assert len(wires.commands()) == 1


def test_of_a_node_that_tells_no_time_every_break_counts() -> None:
    wires = Wires()
    wires.hear(sparkplug("NBIRTH", OCCUPANCY, device="", seq=0))
    for seq in (1, 1):
        payload = payload_class()(metrics=[{"alias": 1, "boolean_value": True}], seq=seq)
        wires.hear(message("spBv1.0/g/NDATA/n", payload.SerializeToString()))
    assert len(wires.commands()) == 1


def test_a_node_that_names_what_it_tells_is_not_asked() -> None:
    assert edge(sparkplug("DDATA", OCCUPANCY, seq=3), sparkplug("DDATA", OCCUPANCY, seq=9))[1] == []


def test_with_a_node_the_devices_are_gone_that_were_born_before_the_gateway_began(engine: Engine) -> None:
    clock = SteppingClock(NOW)
    Handler(engine, clock).handle([sparkplug("DBIRTH", OCCUPANCY)])
    Handler(engine, clock).handle([sparkplug("NDEATH", device="")])
    assert stored(engine, DESK)[-1] == (None, False)


# homieiot/convention, version 5: the description of a root names its children, a child's its root and its parent.
ROOT = {"homie": "5.0", "version": 1, "children": [SEAT], "nodes": {}}
CHILD = {"homie": "5.0", "version": 1, "root": "bridge", "parent": "bridge", "nodes": {}}


@pytest.mark.parametrize(("device", "described"), [("bridge", ROOT), (SEAT, CHILD)])
@pytest.mark.parametrize("state", ["lost", "disconnected"])
def test_with_a_root_its_children_are_gone(
    engine: Engine, device: str, described: dict[str, Any], state: str
) -> None:
    clock = SteppingClock(NOW)
    Handler(engine, clock).handle([message(f"homie/5/{device}/$description", described)])
    Handler(engine, clock).handle([message("homie/5/bridge/$state", state)])
    assert stored(engine, SEAT) == [(None, False)]
    assert stored(engine, "bridge") == [(None, False)]


def test_a_root_that_sleeps_or_has_no_such_child_any_more_takes_nobody_with_it() -> None:
    told = [message("homie/5/bridge/$description", ROOT), message("homie/5/bridge/$state", "sleeping")]
    heard, _asked = edge(*told)
    assert [one.device_id for one in heard] == ["bridge", "bridge"]
    told += [message("homie/5/bridge/$description", ""), message("homie/5/bridge/$state", "lost")]
    heard, _asked = edge(*told)
    assert [(one.device_id, one.online) for one in heard[-2:]] == [("bridge", None), ("bridge", False)]


def test_children_of_children_are_gone_too_and_a_ring_of_them_ends() -> None:
    told = [
        message("homie/5/a/$description", {"children": ["b"]}),
        message("homie/5/b/$description", {"children": ["c", "a"], "root": "a"}),
        message("homie/5/a/$state", "lost"),
    ]
    heard, _asked = edge(*told)
    assert [one.device_id for one in heard[2:]] == ["a", "b", "c"]


def test_a_shelly_under_a_prefix_of_the_sites_is_one_device(engine: Engine) -> None:
    """MQTT's `topic_prefix` of a Shelly: its notices alone name it, as `src`."""
    clock = SteppingClock(NOW)
    notice = {"src": SHELLY, "method": "NotifyStatus", "params": {"presencezone:200": {"value": True}}}
    Handler(engine, clock).handle([message("floor-4/desk-17/events/rpc", notice)])
    again = Handler(engine, clock)
    counts = again.handle(
        [
            message("floor-4/desk-17/online", "false"),
            message("floor-4/desk-17/status/presencezone:200", {"value": False}),
        ]
    )
    assert counts.dead == 0
    assert stored(engine, SHELLY) == [(True, None), (None, False), (False, None)]
