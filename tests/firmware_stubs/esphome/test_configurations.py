"""Every configuration is valid to ESPHome, becomes a program, and speaks the native wire and nothing else."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.servers.esphome import find_or_install_esphome

FOLDER = Path(__file__).parents[3] / "firmware_stubs" / "esphome"
DESKS = sorted(file.name for file in FOLDER.glob("desk-*.yaml"))
# The first run installs ESPHome.
pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The configurations as somebody has them who filled in the secrets."""
    copy = tmp_path / "esphome"
    shutil.copytree(FOLDER, copy)
    (copy / "secrets.example.yaml").rename(copy / "secrets.yaml")
    return copy


def esphome(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [find_or_install_esphome(), *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_there_is_one_for_each_kind_of_hardware() -> None:
    assert DESKS == ["desk-ld2410.yaml", "desk-pir.yaml", "desk-pressure.yaml"]


@pytest.mark.parametrize("desk", DESKS)
def test_esphome_takes_it_and_makes_a_program_of_it(folder: Path, desk: str) -> None:
    read = esphome(folder, "config", desk)
    assert read.returncode == 0, read.stdout + read.stderr
    topics = set(re.findall(r"^ *-? *topic: (?!!)(.+)$", read.stdout, re.MULTILINE))
    assert topics == {f"akiseki/v1/desk-001/{leaf}" for leaf in ("reading", "status", "config")}
    assert "password: !secret 'desk_password'" in read.stdout
    for message, payload in (("birth", "online"), ("will", "offline"), ("shutdown", "offline")):
        assert (
            f"  {message}_message:\n    topic: akiseki/v1/desk-001/status\n    payload: {payload}\n"
            "    qos: 1\n    retain: true\n"
        ) in read.stdout
    made = esphome(folder, "compile", "--only-generate", desk)
    assert made.returncode == 0, made.stdout + made.stderr
    program = (folder / ".esphome" / "build" / "desk-001" / "src" / "main.cpp").read_text()
    assert 'root["seq"] = seq->value()++;' in program


def test_a_radar_that_falls_silent_is_told_as_nothing_known(folder: Path) -> None:
    read = esphome(folder, "config", "desk-ld2410.yaml")
    assert read.returncode == 0, read.stdout + read.stderr
    # No other filter: they drop a value that comes back unchanged.
    radar = "has_target:\n      id: radar\n      internal: true\n      filters:\n        - timeout: 5s\n"
    assert radar + "      on_state_change:" in read.stdout
    made = esphome(folder, "compile", "--only-generate", "desk-ld2410.yaml")
    assert made.returncode == 0, made.stdout + made.stderr
    program = (folder / ".esphome" / "build" / "desk-001" / "src" / "main.cpp").read_text()
    assert "radar->add_full_state_callback" in program  # which hears of silence too; `on_state` does not
    assert re.search(
        r"if \(seat->has_state\(\) && !is_stale->value\(\)\)\s+"
        r'root\["occupied"\] = seat->state;\s+else\s+root\["occupied"\] = nullptr;',
        program,
    )


def test_a_radar_that_comes_back_is_told_once_the_seat_is_what_it_sees(folder: Path) -> None:
    """Not the seat of before: its hold would tell as occupied what has been empty for as long as the radar was dead."""
    made = esphome(folder, "compile", "--only-generate", "desk-ld2410.yaml")
    assert made.returncode == 0, made.stdout + made.stderr
    program = re.sub(
        r"\s+", " ", (folder / ".esphome" / "build" / "desk-001" / "src" / "main.cpp").read_text()
    )
    assert (
        "if (x.has_value()) seat->publish_state(*x); bool was_stale = is_stale->value(); "
        "is_stale->value() = !x.has_value() || (was_stale && *x != seat->state); "
        "if (seat->has_state() && is_stale->value() != was_stale) tell->execute();"
    ) in program
    assert "if (radar->has_state() && radar->state == x) is_stale->value() = false;" in program


def test_the_sensors_name_is_its_user_and_stands_in_every_topic(folder: Path) -> None:
    read = esphome(folder, "-s", "sensor_id", "desk-4f-017", "config", "desk-pir.yaml")
    assert read.returncode == 0, read.stdout + read.stderr
    assert "desk-001" not in read.stdout
    assert "  username: desk-4f-017\n" in read.stdout
    assert "akiseki/v1/desk-4f-017/reading" in read.stdout


def test_a_missing_secret_is_named(folder: Path) -> None:
    (folder / "secrets.yaml").write_text("wifi_ssid: one\n")
    read = esphome(folder, "config", "desk-pir.yaml")
    assert read.returncode != 0
    assert "desk_password" in read.stdout + read.stderr or "wifi_password" in read.stdout + read.stderr


@pytest.mark.parametrize("name", ["common.yaml", *DESKS])
def test_no_password_stands_in_a_configuration(name: str) -> None:
    assert not re.findall(r"(?:password|ssid|broker): (?!!secret)", (FOLDER / name).read_text())
