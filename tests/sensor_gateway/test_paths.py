"""Fields inside lists and objects, and counters that only ever rise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sensor_gateway.decoders import Wires
from sensor_gateway.heard import Heard
from sensor_gateway.profiles import load
from sensor_gateway.profiles.meanings import ABSENT, find
from sensor_gateway.profiles.unread import MOST_PATHS, of_fields
from tests.sensor_gateway.test_profiles import hear


def counted(folder: Path, field: str, said: dict[str, Any]) -> Heard:
    """What is heard of a device that is counted by this field."""
    (folder / "c.toml").write_text(f'models = ["COUNTS"]\n[[occupancy]]\nfield = "{field}"\ncount = true\n')
    up = {"deviceInfo": {"devEui": "d", "deviceProfileName": "COUNTS"}, "object": said}
    return hear("application/a/device/d/event/up", up, Wires(load(folder)))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("a.0", 4),
        ("a.1.b", 5),
        ("a.2", ABSENT),
        ("a.-1", ABSENT),
        ("a.x", ABSENT),
        ("a.0.b", ABSENT),
        ("a.2.0", ABSENT),
        ("a", [4, {"b": 5}]),
        ("n.0.0", 7),
    ],
)
def test_a_path_enters_lists_by_number(path: str, value: Any) -> None:
    assert find({"a": [4, {"b": 5}], "n": [[7]]}, path) == value


def test_a_sensor_is_read_by_a_place_in_a_list(tmp_path: Path) -> None:
    # The form of Adeunis' codec of Motion: a list of counts.
    found = counted(tmp_path, "bytes.counterValues.0", {"bytes": {"counterValues": [2, 0, 0]}})
    assert (found.occupied, found.kind, found.why) == (True, "motion_count", "")


@pytest.mark.parametrize(
    ("field", "value", "is_doubted"),
    [("globalCounterValue", 1, True), ("n", 4711, True), ("n", 999, False), ("total", 0, False)],
)
def test_a_counter_that_only_ever_rises_is_doubted(
    tmp_path: Path, field: str, value: int, is_doubted: bool
) -> None:
    found = counted(tmp_path, field, {field: value})
    assert found.occupied is (value > 0)
    assert ("somebody is there for ever" in found.why) is is_doubted


def test_the_fields_of_a_message_are_listed_as_a_profile_names_them_and_not_without_end() -> None:
    deep: dict[str, Any] = {"end": 1}
    for _ in range(200):
        deep = {"in": [deep]}
    said = {"deep": deep, "flat": {f"n{n}": n for n in range(200)}}
    told = of_fields(None, [], said)
    assert told.startswith("no name tells the model; its fields are deep.in.0.in.")
    assert "flat.n0, flat.n1" in told
    assert told.endswith(", …")
    assert told.count(", ") == MOST_PATHS
