"""`akiseki up` as somebody runs it: an office without sample data, which stays up and lets new sensors in."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.request import urlopen

import pytest
from paho.mqtt import MQTTException, publish
from sqlalchemy import func, select

from app.clock import system_clock
from app.database import create_engine, reading, transaction
from app.occupancy.models import StoredReading
from app.settings import PREFIX
from app.spaces.models import Sensor
from sensor_gateway.servers import free_port, start_server
from tests.servers.waiting import wait_until

SECONDS = 60.0


@contextmanager
def office(folder: Path, port: int, mqtt_port: int) -> Iterator[subprocess.Popen[bytes]]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    command = [
        *(sys.executable, "-m", "app", "up", "--data", str(folder)),
        *("--port", str(port), "--mqtt-port", str(mqtt_port), "--grant", "bridge:write:zigbee2mqtt/#"),
    ]
    process = start_server(command, output=folder.parent / "up.log", environment=kept)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(SECONDS)


@pytest.mark.timeout(180)
def test_an_office_of_its_own_starts_empty_lets_a_new_sensor_in_and_starts_again_what_dies(
    tmp_path: Path,
) -> None:
    folder, port, mqtt_port = tmp_path / "data", free_port(), free_port()
    said = tmp_path / "up.log"
    with office(folder, port, mqtt_port) as process:
        wait_until(lambda: said.exists() and "akiseki user add" in said.read_text(), seconds=SECONDS)
        assert json.load(urlopen(f"http://127.0.0.1:{port}/readyz"))["status"] == "ready"
        engine = create_engine(f"sqlite:///{folder / 'akiseki.db'}")
        with transaction(engine) as session:
            session.add_all([Sensor(id="desk-1"), Sensor(id="gateway"), Sensor(id="bridge")])
        passwords = folder / "broker" / "new-passwords.csv"
        wait_until(lambda: passwords.exists() and "desk-1" in passwords.read_text(), seconds=SECONDS)
        known = {row[0]: row[1] for row in csv.reader(passwords.read_text().splitlines())}
        assert known.keys() == {"desk-1", "bridge"}
        assert "user bridge\ntopic write zigbee2mqtt/#\n" in (folder / "broker" / "acl").read_text()
        wait_until(lambda: "desk-1" in (folder / "broker" / "passwords").read_text(), seconds=SECONDS)

        def publish_one(seq: int) -> None:
            payload = {
                "boot": "b" * 16,
                "seq": seq,
                "observed_at": system_clock().isoformat(),
                "occupied": True,
            }
            publish.single(
                "akiseki/v1/desk-1/reading",
                json.dumps(payload),
                qos=1,
                port=mqtt_port,
                auth={"username": "desk-1", "password": known["desk-1"]},
            )

        def stored() -> int:
            with reading(engine) as session:
                return session.scalar(select(func.count()).select_from(StoredReading)) or 0

        wait_until(lambda: "connected to" in (folder / "gateway.log").read_text(), seconds=SECONDS)

        def is_let_in() -> bool:
            with suppress(MQTTException):  # the broker has yet to read the passwords; a device tries again
                publish_one(1)
                return True
            return False

        wait_until(is_let_in, seconds=SECONDS)
        wait_until(lambda: stored() == 1, seconds=SECONDS)
        gateway = next(
            int(path.name)
            for path in Path("/proc").glob("[0-9]*")
            if f"{folder}".encode() in _environment(path)
            and b"app\0gateway" in (path / "cmdline").read_bytes()
        )
        os.kill(gateway, signal.SIGKILL)
        publish_one(2)
        wait_until(lambda: stored() == 2, seconds=SECONDS)
        assert "gateway ended and is started again" in said.read_text()
        assert process.poll() is None
        engine.dispose()
    assert process.returncode == 0
    assert "Traceback" not in said.read_text()


def _environment(path: Path) -> bytes:
    try:
        return (path / "environ").read_bytes()
    except OSError:
        return b""
