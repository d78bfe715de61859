"""From bytes to readings: the native wire clause by clause, and whatever else may come."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.occupancy.readings import Reading
from sensor_gateway.decoders import decode
from sensor_gateway.messages import Envelope, Undecodable
from sensor_gateway.topics import native_topic, parse_native

NOW = datetime(2026, 11, 24, 0, 2, tzinfo=UTC)
NATIVE = json.loads((Path(__file__).parents[1] / "data" / "native.json").read_text())
GOOD = {"boot": "9c41e0d2a77b3f16", "seq": 42, "observed_at": "2026-11-24T00:01:02.345Z", "occupied": True}
TOPIC = native_topic("desk-1", "reading")
STATUS = native_topic("desk-1", "status")


def meaning(fields: Mapping[str, object], *, retained: bool = False) -> Reading:
    """The one reading in a native message."""
    [found] = decode(Envelope(TOPIC, json.dumps(fields).encode(), NOW, retained))
    return found


def refusal(payload: bytes, topic: str = TOPIC) -> str:
    with pytest.raises(Undecodable) as refused:
        decode(Envelope(topic, payload, NOW))
    return refused.value.reason


@pytest.mark.parametrize("example", NATIVE, ids=lambda one: one["id"])
def test_an_example_means_what_it_says(example: dict[str, Any]) -> None:
    [found] = decode(Envelope(example["topic"], example["payload"].encode(), NOW))
    expected = dict(example["expect"])
    expected["observed_at"] = datetime.fromisoformat(expected["observed_at"])
    meant = {name: value for name, value in found._asdict().items() if value is not None or name in expected}
    said_not = dict.fromkeys(("history", "restarts", "battery_fine", "waited"), False)
    assert meant == {**expected, **said_not, "received_at": NOW}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("boot", None),
        ("boot", ""),
        ("boot", "x" * 33),
        ("boot", "a\x00b"),
        ("boot", "a\nb"),
        ("boot", "\ud800"),
        ("boot", 5),
        ("seq", None),
        ("seq", -1),
        ("seq", 2**53 + 1),
        ("seq", 1.0),
        ("seq", "1"),
        ("seq", True),
        ("occupied", 1),
        ("occupied", 0),
        ("occupied", "true"),
        ("battery_pct", -1),
        ("battery_pct", 101),
        ("battery_pct", 87.5),
        ("battery_pct", True),
        ("rssi", -201),
        ("rssi", 101),
        ("rssi", "strong"),
        ("observed_at", "2026-11-24T00:01:02"),
        ("observed_at", "2026-11-24 00:01:02Z"),
        ("observed_at", "2026-11-24"),
        ("observed_at", "2026-02-30T00:01:02Z"),
        ("observed_at", "2026-11-24T24:01:02Z"),
        ("observed_at", "2026-11-24T00:01:02+9:00"),
        ("observed_at", "2026-11-24T00:01:02+25:00"),
        ("observed_at", "٢026-11-24T00:01:02Z"),
        ("observed_at", "0001-01-01T00:00:00+14:00"),
        ("observed_at", 1_795_478_462),
        ("observed_at", True),
    ],
)
def test_a_field_that_is_not_as_the_contract_says_is_named(field: str, value: object) -> None:
    assert refusal(json.dumps({**GOOD, field: value}).encode()) == field


@pytest.mark.parametrize("field", ["boot", "seq"])
def test_what_names_a_reading_is_demanded(field: str) -> None:
    fields = {name: value for name, value in GOOD.items() if name != field}
    assert refusal(json.dumps(fields).encode()) == field


@pytest.mark.parametrize("field", ["occupied", "battery_pct", "rssi"])
def test_the_rest_may_be_absent_or_null(field: str) -> None:
    absent = {name: value for name, value in GOOD.items() if name != field}
    assert meaning(absent) == meaning({**GOOD, field: None})
    assert getattr(meaning(absent), field) is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("seq", 0),
        ("seq", 2**53),
        ("battery_pct", 0),
        ("battery_pct", 100),
        ("rssi", -200),
        ("rssi", 100),
        ("boot", "x" * 32),
        ("occupied", False),
    ],
)
def test_the_limits_belong_to_what_is_allowed(field: str, value: object) -> None:
    assert getattr(meaning({**GOOD, field: value}), field) == value


def test_fields_with_other_names_are_passed_over() -> None:
    assert meaning({**GOOD, "firmware": "1.2", "nested": {"a": [1]}}) == meaning(GOOD)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-11-24T00:01:02Z", datetime(2026, 11, 24, 0, 1, 2, tzinfo=UTC)),
        ("2026-11-24t00:01:02z", datetime(2026, 11, 24, 0, 1, 2, tzinfo=UTC)),
        ("2026-11-24T09:01:02.5+09:00", datetime(2026, 11, 24, 0, 1, 2, 500_000, tzinfo=UTC)),
        ("2026-11-23T20:31:02-03:30", datetime(2026, 11, 24, 0, 1, 2, tzinfo=UTC)),
        ("2026-11-24T00:01:02.123456789Z", datetime(2026, 11, 24, 0, 1, 2, 123_456, tzinfo=UTC)),
    ],
)
def test_an_instant_is_rfc_3339_with_an_offset(text: str, at: datetime) -> None:
    found = meaning({**GOOD, "observed_at": text}).observed_at
    assert found == at
    assert found.tzinfo is UTC


@pytest.mark.parametrize(
    ("off", "reason"),
    [
        (timedelta(minutes=5), None),
        (timedelta(minutes=5, microseconds=1), "clock_ahead"),
        (-timedelta(days=30), None),
        (-timedelta(days=30, microseconds=1), "clock_behind"),
    ],
)
def test_a_clock_may_be_off_by_so_much(off: timedelta, reason: str | None) -> None:
    text = (NOW + off).isoformat(timespec="microseconds")
    if reason is None:
        assert meaning({**GOOD, "observed_at": text}).observed_at == NOW + off
    else:
        assert refusal(json.dumps({**GOOD, "observed_at": text}).encode()) == reason


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "not_json"),
        (b"{", "not_json"),
        (b"\xef\xbb\xbf{}", "not_json"),
        (b'{"boot": NaN}', "not_json"),
        (b'{"seq": Infinity}', "not_json"),
        (b"[" * 4_000, "not_json"),
        (b"9" * 4_096, "not_an_object"),
        (b"\xff", "not_utf8"),
        (b"null", "not_an_object"),
        (b'"reading"', "not_an_object"),
        (b" " * 4_097, "too_large"),
    ],
)
def test_what_is_no_json_object_says_why(payload: bytes, reason: str) -> None:
    assert refusal(payload) == reason


@pytest.mark.parametrize("payload", [b"Online", b"1", b"\xff", b'"online"'])
def test_a_status_is_one_of_two_words(payload: bytes) -> None:
    assert refusal(payload, STATUS) == "status"


def test_an_empty_message_only_clears_what_was_retained() -> None:
    assert list(decode(Envelope(STATUS, b"", NOW))) == []
    assert list(decode(Envelope(TOPIC, b"", NOW, retained=True))) == []


def test_what_was_retained_is_history() -> None:
    assert meaning(GOOD, retained=True).history
    [online] = decode(Envelope(STATUS, b"online", NOW, retained=True))
    assert online.history


@pytest.mark.parametrize(
    ("topic", "reason"),
    [
        ("akiseki/v1/desk-1/config", "topic"),
        ("akiseki/v1/desk-1", "topic"),
        ("akiseki/v1/desk-1/reading/more", "topic"),
        ("akiseki/v2/desk-1/reading", "topic"),
        ("", "topic"),
        ("akiseki/v1//reading", "sensor_id"),
        ("akiseki/v1/a b/reading", "sensor_id"),
        ("akiseki/v1/席/reading", "sensor_id"),
        (f"akiseki/v1/{'x' * 65}/reading", "sensor_id"),
        ("akiseki/v1/desk-1\n/reading", "sensor_id"),
    ],
)
def test_a_topic_that_is_not_ours_is_refused(topic: str, reason: str) -> None:
    assert refusal(json.dumps(GOOD).encode(), topic) == reason


@given(st.from_regex(r"[A-Za-z0-9_.-]{1,64}", fullmatch=True), st.sampled_from(["reading", "status"]))
def test_a_topic_read_is_the_topic_written(sensor_id: str, leaf: str) -> None:
    parsed = parse_native(native_topic(sensor_id, leaf))
    assert (parsed.sensor_id, parsed.leaf) == (sensor_id, leaf)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
NEARLY = st.fixed_dictionaries(
    {},
    optional={
        name: st.just(value) | JSON for name, value in {**GOOD, "battery_pct": 87, "rssi": -61}.items()
    },
).map(lambda fields: json.dumps(fields).encode())
TOPICS = st.sampled_from([TOPIC, STATUS]) | st.text() | st.text().map(lambda id_: f"akiseki/v1/{id_}/reading")


@given(topic=TOPICS, payload=st.binary(max_size=64) | NEARLY, retained=st.booleans())
def test_whatever_comes_is_a_reading_or_refused_with_a_word(
    topic: str, payload: bytes, *, retained: bool
) -> None:
    try:
        found = decode(Envelope(topic, payload, NOW, retained))
    except Undecodable:
        return
    for one in found:
        assert one.sensor_id.isascii()
        assert one.occupied is None or isinstance(one.occupied, bool)
        assert one.observed_at.tzinfo is UTC
        assert NOW - timedelta(days=30) <= one.observed_at <= NOW + timedelta(minutes=5)
        assert one.history is retained
        if one.boot is not None:
            one.boot.encode()
            assert "\x00" not in one.boot
