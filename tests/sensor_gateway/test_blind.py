"""A device that says it cannot see: what else it says is nobody's word, of nobody least."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sensor_gateway.decoders import Wires
from sensor_gateway.heard import Heard, Past, readings
from sensor_gateway.messages import Envelope
from sensor_gateway.profiles import ProfileError, load
from tests.sensor_gateway.test_profiles import chirp, hear

ARRIVED = datetime(2026, 11, 2, 9, tzinfo=UTC)
# As vs-series/vs321/vs321-decoder.js of Milesight-IoT/SensorDecoders says it.
REGIONS = {
    "battery": 90,
    "region_1_enable": "enable",
    "region_1": "vacant",
    "region_2_enable": "enable",
    "region_2": "occupied",
    "region_3_enable": "disable",
    "region_3": "vacant",
}


@pytest.mark.parametrize("model", ["VS321", "nobody's"])
@pytest.mark.parametrize(
    "said", [{"detection_status": "unavailable"}, {"detect_confidence": {"id": 2, "reliability": 1}}]
)
def test_regions_of_a_device_that_cannot_see_are_not_vacant(model: str, said: dict[str, Any]) -> None:
    found = chirp(model, fields=REGIONS | said)
    assert (found.occupied, found.kind, found.battery_pct) == (None, "fault", 90)
    assert dict(found.zones) == {"region_1": None, "region_2": None}
    told = {one.sensor_id: one.occupied for one in readings(found, Envelope("", b"", ARRIVED))}
    assert told == {"d": None, "d:region_1": None, "d:region_2": None}
    assert "what else it says is not believed" in found.why


def test_a_device_that_sees_again_is_believed() -> None:
    found = chirp("VS321", fields=REGIONS | {"detection_status": "normal"})
    assert (found.kind, dict(found.zones)) == ("zones", {"region_1": False, "region_2": True})


def test_behind_a_covered_lens_nobody_is_counted() -> None:
    # vs-series/vs133/vs133-decoder.js of Milesight-IoT/SensorDecoders; node 1 is another lens.
    counts = "0fe302000000"
    covered, other = chirp("VS133", raw="50fc000001" + counts), chirp("VS133", raw="50fc000101" + counts)
    assert (covered.kind, set(covered.zones.values())) == ("fault", {None})
    assert other.zones["region_1"] is True
    by_fields = chirp("VS133", fields={"region_1_count": 0, "master_occlusion_alarm": "alarm_triggered"})
    assert by_fields.zones == {"region_1": None}


PAD = (
    'models = ["PAD"]\nunclear = { state = ["Out", 3, true] }\n[[occupancy]]\nfield = "seat"\ncount = true\n'
)


@pytest.mark.parametrize(
    ("state", "occupied"),
    [("OUT", None), (3, None), (3.0, None), (True, None), (4, True), ("in", True), (None, True)],
)
def test_a_profile_says_by_which_values_nothing_is_clear(
    tmp_path: Path, state: Any, occupied: bool | None
) -> None:
    (tmp_path / "pad.toml").write_text(PAD)
    wires = Wires(load(tmp_path))
    wires.learn({"pad": "PAD"}, ARRIVED)
    found = hear("zigbee2mqtt/pad", {"seat": 1, "state": state}, wires)
    assert (found.occupied, found.kind) == (occupied, "motion_count" if occupied else "fault")


def test_what_a_blind_device_kept_is_unknown_of_then_alone(tmp_path: Path) -> None:
    (tmp_path / "pad.toml").write_text(PAD)
    at = 1_793_600_000
    past = [
        {"timestamp": at, "seat": 0, "state": 3},
        {"timestamp": at + 60, "seat": 0},
    ]
    up = {"deviceInfo": {"devEui": "d", "deviceProfileName": "PAD"}, "object": {"seat": 1, "history": past}}
    (found,) = Wires(load(tmp_path)).hear(
        Envelope("application/a/device/d/event/up", json.dumps(up).encode(), ARRIVED)
    )
    assert isinstance(found, Heard)
    assert found.occupied is True
    assert found.history == (
        Past(datetime.fromtimestamp(at, UTC), None),
        Past(datetime.fromtimestamp(at + 60, UTC), occupied=False),
    )


@pytest.mark.parametrize("said", ['"state"', "{ state = [] }", "{ a.b = 1 }", "{ state = [1.5] }"])
def test_a_wrong_word_of_doubt_is_told(tmp_path: Path, said: str) -> None:
    (tmp_path / "pad.toml").write_text(f'models = ["PAD"]\nunclear = {said}\n')
    with pytest.raises(ProfileError, match="unclear"):
        load(tmp_path)
