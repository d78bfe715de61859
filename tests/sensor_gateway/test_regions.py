"""A sensor of regions, some of them switched off: by its bytes and by both of its maker's codecs."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sensor_gateway.decoders import Wires
from sensor_gateway.heard import Past
from sensor_gateway.profiles import ProfileError, load
from tests.sensor_gateway.test_profiles import chirp, hear

# vs-series/vs321/vs321-decoder.js of Milesight-IoT/SensorDecoders: two bytes of which regions are on, two of which are
# occupied; regions 1 and 2 are on, and 2 is occupied.
TWO = "06fe03000200"
ZONES = {"region_1": False, "region_2": True}


def test_regions_that_are_switched_off_are_no_seats_by_the_bytes_either() -> None:
    found = chirp("VS321", raw="01755a" + "05fd0100" + TWO + "07ff01" + "08f40200")
    assert (found.kind, found.battery_pct, dict(found.zones)) == ("zones", 90, ZONES)


def test_the_last_of_ten_regions_stands_in_the_second_byte() -> None:
    assert dict(chirp("VS321", raw="06fe00020002").zones) == {"region_10": True}


def test_by_its_bytes_too_a_device_that_cannot_see_says_nothing() -> None:
    found = chirp("VS321", raw=TWO + "08f40201")
    assert (found.kind, dict(found.zones)) == ("fault", dict.fromkeys(ZONES))
    alone = chirp("VS321", raw="08f40201")
    assert (alone.occupied, alone.kind) == (None, "fault")


def test_what_was_kept_of_regions_and_of_people_is_told_apart() -> None:
    at = 1_793_607_000
    kept = f"20ce{at.to_bytes(4, 'little').hex()}"
    found = chirp("VS321", raw=f"{kept}000700" + f"{kept}0103000200" + TWO)
    then = datetime.fromtimestamp(at, UTC)
    assert found.history == tuple(Past(then, occupied, zone) for zone, occupied in ZONES.items())
    assert dict(found.zones) == ZONES


# vs-series/vs321_v102/vs321-decoder.js, of the bytes of `TWO`: it finds no region occupied, ever.
V102 = {
    "total_number": 1,
    "region_status": {"region1_enable": 1, "region2_enable": 1, "region3_enable": 0}
    | {f"region{n}_occupancy_status": 0 for n in range(1, 4)},
}


def test_the_bytes_are_believed_more_than_a_codec_that_reads_them_wrongly() -> None:
    up: dict[str, Any] = {
        "deviceInfo": {"devEui": "d", "deviceProfileName": "VS321"},
        "data": base64.b64encode(bytes.fromhex(TWO)).decode(),
        "object": V102,
    }
    assert dict(hear("application/a/device/d/event/up", up).zones) == ZONES


def test_without_the_bytes_that_codec_says_only_who_is_there() -> None:
    assert dict(chirp("VS321", fields=V102).zones) == {"region_1": None, "region_2": None}
    status = {"region1_enable": 1, "region1_occupancy_status": 1, "region2_enable": 0}
    status |= {"region2_occupancy_status": 1}
    assert dict(chirp("VS321", fields={"region_status": status}).zones) == {"region_1": True}


@pytest.mark.parametrize("off", [0, 0.0, False, "disable", "Disabled", "OFF", "0", "false"])
@pytest.mark.parametrize("on", [1, True, "enable", "on", None])
def test_a_zone_is_switched_off_in_whatever_word(tmp_path: Path, off: Any, on: Any) -> None:
    (tmp_path / "pad.toml").write_text(
        'models = ["PAD"]\n[zones]\nfield = "z{n}"\nenabled = "e{n}"\nname = "seat_{n}"\ncount = true\n'
    )
    wires = Wires(load(tmp_path))
    wires.learn({"pad": "PAD"}, datetime(2026, 11, 2, 9, tzinfo=UTC))
    said = {"z1": 1, "e1": on, "z2": 1, "e2": off, "z3": 0}
    assert dict(hear("zigbee2mqtt/pad", said, wires).zones) == {"seat_1": True, "seat_3": False}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('[zones]\nfield = "z{n}"\nname = "seat"\ncount = true', "{n} must stand in it"),
        ('[zones]\nlist = "z"\nfield = "c"\nname = "seat_{n}"\ncount = true', "not for a list"),
        ('[bytes]\nlayout = "fixed"\nfields = [{ bits = "b{n}", count = 0 }]', "a field's name or a whole"),
    ],
)
def test_a_wrong_name_or_number_of_zones_is_told(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "pad.toml").write_text(f'models = ["PAD"]\n{text}\n')
    with pytest.raises(ProfileError, match=why):
        load(tmp_path)
