"""`akiseki sensors`: who is known, and what a message would mean."""

from __future__ import annotations

import json
from pathlib import Path

from tests.app.test_cli import Run, refused, run
from tests.house import House

__all__ = ["run"]
VECTORS = Path(__file__).parents[1] / "data" / "vectors"


def test_what_messages_would_mean_is_told_line_by_line(run: Run, tmp_path: Path) -> None:
    done = run("sensors", "try", str(VECTORS / "zigbee2mqtt.json"))
    lines = [json.loads(line) for line in done.out.splitlines()]
    assert done.status == 0
    assert lines[0] == {"id": "zigbee2mqtt-01", "device_id": "desk-4f-017", "occupied": True}
    assert lines[-1]["observed_at"] == "2026-11-02T07:15:29Z"
    hidden = tmp_path / "more.json"
    hidden.write_text('[{"id": 7, "topic": "nobody/knows", "payload": "x"}, {"id": 8, "payload_hex": "zz"}]')
    strange = [json.loads(line) for line in run("sensors", "try", str(hidden)).out.splitlines()]
    assert [(one["id"], one["kind"], one["reason"]) for one in strange] == [
        (7, "undecodable", "topic"),
        (8, "undecodable", "payload"),
    ]


def test_a_file_that_holds_no_messages_is_refused_in_one_line(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "no.json"
    for content in ("{}", "[1]", "not json"):
        file.write_text(content)
        assert str(file) in refused(run("sensors", "try", str(file)))


def test_a_model_is_added_in_the_data_folder(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "data" / "profiles"
    folder.mkdir(parents=True)
    profile = folder / "seat.toml"
    profile.write_text(
        'models = ["Seat"]\n[[occupancy]]\nfield = "taken"\nvalues = { yes = true, no = false }\n'
    )
    said = {"deviceInfo": {"devEui": "01", "deviceProfileName": "Seat 3"}, "object": {"taken": "yes"}}
    file = tmp_path / "one.json"
    file.write_text(json.dumps([{"id": 1, "topic": "application/a/device/01/event/up", "payload": said}]))
    assert json.loads(run("sensors", "try", str(file)).out)["occupied"] is True
    profile.write_text("models = 1")
    assert "seat.toml" in refused(run("sensors", "try", str(file)))


def test_the_sensors_are_listed(run: Run, sqlite_house: House) -> None:
    sqlite_house.hear("seat", ("08:50", False))
    done = run("sensors", "list", DATABASE_URL=sqlite_house.engine.url.render_as_string(hide_password=False))
    (seat,) = [line for line in done.out.splitlines() if line.startswith("sensor-seat")]
    assert "2026-11-24T08:50:00+09:00" in seat
    assert "never heard" in done.out
