"""A batch of messages becomes rows: what is good is stored once, what is bad is kept and stops nobody."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.exc import SQLAlchemyError

from app.clock import SteppingClock
from app.database import create_engine, reading, transaction
from app.occupancy.letters import DEAD_LETTER_BYTES
from app.occupancy.models import DeadLetter, OccupancyChange, SensorState, StoredReading
from app.occupancy.readings import Reading
from app.occupancy.rules import Occupancy
from app.spaces.models import Sensor
from sensor_gateway.decoders import Wires
from sensor_gateway.handler import Counts, Handler
from sensor_gateway.messages import Envelope
from sensor_gateway.profiles import load
from sensor_gateway.topics import native_topic
from tests.office import furnish_database

NOW = datetime(2026, 4, 1, 1, 0, tzinfo=UTC)
SENSOR = "desk-1"


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    furnish_database(database_url, [SENSOR, "desk-2"])
    engine = create_engine(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def handler(engine: Engine) -> Handler:
    return Handler(engine, SteppingClock(NOW))


def said(
    seq: int,
    *,
    occupied: bool | None = None,
    at: datetime | None = NOW,
    sensor: str = SENSOR,
    retained: bool = False,
    boot: str = "b",
) -> Envelope:
    fields = {"boot": boot, "seq": seq, "occupied": occupied, "observed_at": at and at.isoformat()}
    return Envelope(native_topic(sensor, "reading"), json.dumps(fields).encode(), NOW, retained)


def raw(payload: bytes, topic: str = native_topic(SENSOR, "reading")) -> Envelope:
    return Envelope(topic, payload, NOW)


def letters(engine: Engine) -> list[tuple[str, str, int]]:
    with reading(engine) as session:
        rows = session.execute(
            select(DeadLetter.topic, DeadLetter.reason, DeadLetter.size).order_by(DeadLetter.id)
        )
        return [(topic, reason, size) for topic, reason, size in rows]


def stored(engine: Engine) -> int:
    with reading(engine) as session:
        return session.scalar(select(func.count()).select_from(StoredReading)) or 0


def changes(engine: Engine) -> list[Occupancy]:
    with reading(engine) as session:
        return list(session.scalars(select(OccupancyChange.state).order_by(OccupancyChange.id)))


GOOD = said(7, occupied=True)
BAD = {
    "not_json": raw(b'{"boot": "b", "seq": 1'),
    "not_utf8": raw(b'{"boot": "\xff", "seq": 1}'),
    "not_an_object": raw(b"[]"),
    "too_large": raw(b'{"boot":"b","seq":1,"pad":"' + b"x" * 1_000_000 + b'"}'),
    "unknown_sensor": said(1, sensor="nobody"),
    "clock_ahead": said(1, at=NOW + timedelta(minutes=5, seconds=1)),
    "clock_behind": said(1, at=NOW - timedelta(days=30, seconds=1)),
    "sensor_id": raw(b"{}", "akiseki/v1/a b/reading"),
    "topic": raw(b"{}", "akiseki/v1/desk-1/elsewhere"),
    "status": raw(b"sleeping", native_topic(SENSOR, "status")),
}


@pytest.mark.parametrize("reason", BAD)
def test_a_bad_message_is_kept_as_a_dead_letter_and_the_next_is_processed(
    engine: Engine, handler: Handler, reason: str
) -> None:
    bad = BAD[reason]
    assert handler.handle([bad, GOOD]) == Counts(
        messages=2,
        stored=1,
        dead=1,
        unknown_sensors=frozenset({"nobody"} if reason == "unknown_sensor" else ()),
    )
    assert letters(engine) == [(bad.topic, reason, len(bad.payload))]
    assert stored(engine) == 1


def test_a_dead_letter_keeps_its_beginning_only(engine: Engine, handler: Handler) -> None:
    handler.handle([BAD["too_large"]])
    with reading(engine) as session:
        [payload] = session.scalars(select(DeadLetter.payload)).all()
    assert payload == BAD["too_large"].payload[:DEAD_LETTER_BYTES]


def test_a_topic_that_the_database_could_not_hold_is_kept_readable(engine: Engine, handler: Handler) -> None:
    handler.handle([raw(b"\x00\x01", "a\x00b/" + "x" * 1_000)])
    [(topic, reason, size)] = letters(engine)
    assert topic.startswith("a\N{REPLACEMENT CHARACTER}b/")
    assert (len(topic), reason, size) == (512, "topic", 2)


def test_a_clock_that_is_five_minutes_ahead_is_believed(engine: Engine, handler: Handler) -> None:
    assert handler.handle([said(1, at=NOW + timedelta(minutes=5))]).stored == 1


def test_a_repeated_reading_is_stored_once_in_the_same_batch_and_in_the_next(
    engine: Engine, handler: Handler
) -> None:
    other = said(7, boot="another")
    assert handler.handle([GOOD, GOOD, other]) == Counts(messages=3, stored=2, repeated=1)
    assert handler.handle([other, GOOD]) == Counts(messages=2, repeated=2)
    assert handler.handle([GOOD, said(8)]) == Counts(messages=2, stored=1, repeated=1)
    assert stored(engine) == 3


def test_repeating_does_not_confirm_what_was_said_once(engine: Engine, handler: Handler) -> None:
    handler.handle([GOOD, GOOD])
    handler.handle([GOOD])
    assert changes(engine) == []
    handler.handle([said(8, occupied=True, at=NOW + timedelta(seconds=30))])
    assert changes(engine) == [Occupancy.OCCUPIED]


def test_what_a_bridge_remembers_and_says_again_is_no_second_hit(engine: Engine) -> None:
    """zigbee2mqtt tells all that it knows with each message, such as of the light, a second later."""
    clock = SteppingClock(NOW)
    handler = Handler(engine, clock)
    for seconds in (0, 1, 50):
        clock.at = NOW + timedelta(seconds=seconds)
        handler.handle(
            [Envelope(f"zigbee2mqtt/{SENSOR}", b'{"occupancy": true, "illuminance": 12}', clock.at)]
        )
    assert changes(engine) == []
    assert stored(engine) == 3


def test_readings_of_a_batch_are_folded_in_the_order_in_which_they_were_made(
    engine: Engine, handler: Handler
) -> None:
    at = [NOW - timedelta(minutes=20) + timedelta(minutes=n) for n in range(16)]
    sitting = [said(n, occupied=n < 4, at=at[n]) for n in range(16)]
    handler.handle(list(reversed(sitting)))
    assert changes(engine) == [Occupancy.OCCUPIED, Occupancy.VACANT]


def test_a_late_reading_is_stored_and_moves_nothing(engine: Engine, handler: Handler) -> None:
    handler.handle([said(9, occupied=False)])
    for n in range(3):
        late = said(n, occupied=True, at=NOW - timedelta(minutes=3 - n))
        assert handler.handle([late]) == Counts(messages=1, stored=1)
    assert stored(engine) == 4
    assert changes(engine) == []
    with reading(engine) as session:
        assert session.get_one(SensorState, SENSOR).signal_at == NOW


def test_what_was_retained_is_history_and_undated_it_tells_nothing(engine: Engine, handler: Handler) -> None:
    undated = said(1, occupied=True, at=None, retained=True)
    assert handler.handle([undated]) == Counts(messages=1)
    dated = [said(n, occupied=True, at=NOW + timedelta(seconds=n), retained=True) for n in (2, 3)]
    assert handler.handle(dated).stored == 2
    assert changes(engine) == []


def test_a_last_will_turns_a_seat_offline_and_never_vacant(engine: Engine, handler: Handler) -> None:
    handler.handle([said(n, occupied=True, at=NOW - timedelta(minutes=3 - n)) for n in (1, 2)])
    handler.handle([raw(b"offline", native_topic(SENSOR, "status"))])
    assert changes(engine) == [Occupancy.OCCUPIED, Occupancy.OFFLINE]


def test_what_was_remembered_of_a_clock_that_was_an_hour_ahead_holds_up_nothing(engine: Engine) -> None:
    clock, wires = SteppingClock(NOW + timedelta(hours=1)), Wires()
    handler = Handler(engine, clock, wires=wires)
    of_another_wire = Envelope("zigbee2mqtt/x", b"{}", NOW)
    handler.handle([raw(b"[]"), of_another_wire])
    kept = len(letters(engine))
    clock.at = NOW
    with transaction(engine) as session:
        session.add(Sensor(id="fitted-now", model="WS202"))
    handler.handle([raw(b"[]"), of_another_wire])
    assert wires.models["fitted-now"] == "WS202"
    assert len(letters(engine)) == 2 * kept


def test_one_sensors_nonsense_does_not_touch_the_others(engine: Engine, handler: Handler) -> None:
    batch = [*BAD.values(), said(1, sensor="desk-2"), GOOD, raw(b"")]
    counts = handler.handle(batch)
    assert (counts.stored, counts.dead) == (2, len(BAD) + 1)


def test_when_the_database_refuses_nothing_of_the_batch_is_stored(engine: Engine, handler: Handler) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE dead_letters RENAME TO elsewhere")
    with pytest.raises(SQLAlchemyError):
        handler.handle([GOOD, BAD["not_json"]])
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE elsewhere RENAME TO dead_letters")
    assert stored(engine) == 0
    assert handler.handle([GOOD, BAD["not_json"]]).stored == 1


def test_of_a_stranger_one_message_an_hour_is_kept_and_every_one_counted(engine: Engine) -> None:
    clock = SteppingClock(NOW)
    handler = Handler(engine, clock)
    lamps = [raw(b'{"state": "ON"}', "zigbee2mqtt/lamp") for _ in range(3)]
    assert handler.handle([*lamps[:2], raw(b"{}", "zigbee2mqtt/other")]).dead == 3
    assert handler.handle(lamps[2:]).dead == 1
    assert len(letters(engine)) == 2
    clock.at = NOW + timedelta(hours=1)
    handler.handle(lamps[:1])
    assert [topic for topic, _reason, _size in letters(engine)].count("zigbee2mqtt/lamp") == 2


def test_of_what_nobody_can_read_one_an_hour_of_a_topic_and_reason_is_kept_and_every_one_counted(
    engine: Engine,
) -> None:
    clock = SteppingClock(NOW)
    handler = Handler(engine, clock)
    bad = BAD["not_json"]
    assert handler.handle([*[bad] * 300, BAD["not_an_object"], GOOD]).dead == 301
    assert handler.handle([bad] * 300).dead == 300
    once = [(bad.topic, "not_json", len(bad.payload)), (bad.topic, "not_an_object", 2)]
    assert letters(engine) == once
    clock.at = NOW + timedelta(hours=1)
    assert handler.handle([bad] * 2).dead == 2
    assert letters(engine) == [*once, once[0]]


def test_a_stranger_of_a_batch_that_was_rolled_back_is_kept_when_it_comes_again(engine: Engine) -> None:
    handler = Handler(engine, SteppingClock(NOW))
    stranger = BAD["unknown_sensor"]
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE dead_letters RENAME TO elsewhere")
    with pytest.raises(SQLAlchemyError):
        handler.handle([stranger])
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE elsewhere RENAME TO dead_letters")
    handler.handle([stranger])
    assert letters(engine) == [(stranger.topic, "unknown_sensor", len(stranger.payload))]


def uplink(session: str, seq: int, sensor: str = SENSOR) -> Envelope:
    """A frame that The Things Stack passes on, of a session that is called so."""
    up = {"session_key_id": session, "f_cnt": seq, "decoded_payload": {"occupancy": "occupied"}}
    said = {"end_device_ids": {"device_id": sensor}, "uplink_message": up}
    return Envelope(f"v3/office@ttn/devices/{sensor}/up", json.dumps(said).encode(), NOW)


@pytest.mark.parametrize("session", ["a\x00b", "\ud800", "a\nb"])
def test_a_counters_run_by_a_name_that_nothing_can_hold_has_none(
    engine: Engine, handler: Handler, session: str
) -> None:
    assert handler.handle([uplink(session, 1), GOOD]) == Counts(messages=2, stored=2)
    assert handler.handle([uplink(session, 1), GOOD]) == Counts(messages=2, stored=1, repeated=1)


class Careless(Wires):
    """Decoders with faults that nobody has thought of."""

    def readings(self, envelope: Envelope) -> Iterator[Reading]:
        if envelope.topic == "crash":
            raise ZeroDivisionError
        for one in super().readings(envelope):
            yield one._replace(boot="\x00") if envelope.topic.endswith("desk-2/reading") else one


def test_a_message_that_breaks_a_decoder_costs_nothing_but_itself(engine: Engine) -> None:
    careless = Handler(engine, SteppingClock(NOW), wires=Careless())
    assert careless.handle([said(1), raw(b"{}", "crash"), said(2)]) == Counts(messages=3, stored=2, dead=1)
    assert letters(engine) == [("crash", "decoder", 2)]


def test_a_reading_that_cannot_be_stored_is_kept_as_a_message_and_the_rest_of_its_batch_is_stored(
    postgresql_url: str,
) -> None:
    furnish_database(postgresql_url, [SENSOR, "desk-2"])
    engine = create_engine(postgresql_url)
    poison = said(1, sensor="desk-2")
    careless = Handler(engine, SteppingClock(NOW), wires=Careless())
    batch = [said(1), said(2), poison, said(3), BAD["not_json"]]
    assert careless.handle(batch) == Counts(messages=5, stored=3, dead=2)
    assert letters(engine)[0] == (poison.topic, "unstorable", len(poison.payload))
    assert stored(engine) == 3
    engine.dispose()


@pytest.mark.parametrize("together", [False, True])
@pytest.mark.parametrize("boot", ["b", None])
def test_what_follows_a_heartbeat_in_its_second_counts(
    engine: Engine, handler: Handler, boot: str | None, *, together: bool
) -> None:
    words = [None, True] if boot is None else [None, True, False]
    readings = [
        Reading(SENSOR, NOW, NOW, word, boot, None if boot is None else seq) for seq, word in enumerate(words)
    ]
    if boot is None:
        readings += [readings[1]._replace(occupied=False)]  # for all that is known a copy out of order
    envelope = said(0)
    for batch in [readings] if together else [[one] for one in readings * 2]:
        handler.store([(envelope, one) for one in batch], [])
    with reading(engine) as session:
        assert session.get_one(SensorState, SENSOR).level is (boot is None)


def test_what_is_registered_just_now_is_read_by_its_model_at_once(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "m.toml").write_text(
        'models = ["PAD-1"]\n[[occupancy]]\nfield = "occupancy"\nvalues = { true = false, false = true }\n'
    )
    clock = SteppingClock(NOW)
    handler = Handler(engine, clock, wires=Wires(load(tmp_path)))
    waved = Envelope("zigbee2mqtt/pad", b'{"occupancy": false}', NOW)
    assert handler.handle([waved]).dead == 1
    with transaction(engine) as session:
        session.add(Sensor(id="pad", model="PAD-1", heartbeat_s=600))
    clock.at += timedelta(seconds=1)
    assert handler.handle([waved]).stored == 1
    with transaction(engine) as session:
        assert session.get_one(SensorState, "pad").level is True
        session.get_one(Sensor, "pad").model = "another"
    clock.at += timedelta(seconds=1)
    handler.handle([waved._replace(received_at=clock.at)])
    with reading(engine) as session:
        assert session.get_one(SensorState, "pad").level is False
