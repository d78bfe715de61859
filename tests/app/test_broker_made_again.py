"""`broker config` made again while Mosquitto runs, which reads passwords and access list anew on SIGHUP."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.database import transaction
from app.spaces.models import Sensor
from sensor_gateway.servers import free_port
from tests.app.test_cli import Run, run
from tests.app.test_cli_broker import Talker, configure, mosquitto, passwords
from tests.house import House
from tests.servers.postgres import unprivileged_account
from tests.servers.waiting import wait_until

__all__ = ["run"]
SECONDS = 10.0
ACCOUNT = unprivileged_account() if os.geteuid() == 0 else None


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder of the account that runs Mosquitto: of root's tests another one, to whom root's folders are closed."""
    made = Path(tempfile.mkdtemp(prefix="akiseki-mqtt-"))
    if ACCOUNT:
        shutil.chown(made, user=ACCOUNT)
    yield made
    shutil.rmtree(made)


def answer(port: int, user: str, password: str) -> str:
    talker = Talker(port, user, password)
    talker.close()
    return talker.answer


def test_made_again_by_root_everybody_is_still_let_in_and_so_is_who_is_new(
    run: Run, sqlite_house: House, folder: Path
) -> None:
    port = free_port()
    configure(run, sqlite_house, folder, "--host", "127.0.0.1", "--port", str(port))
    owners = {file.name: file.stat().st_uid for file in folder.iterdir()}
    with mosquitto(folder, account=ACCOUNT) as broker:
        assert answer(port, "gateway", passwords(folder)["gateway"]) == "Success"
        with transaction(sqlite_house.engine) as session:
            session.add(Sensor(id="spare-1"))
        configure(run, sqlite_house, folder)
        broker.send_signal(signal.SIGHUP)
        known = passwords(folder)
        wait_until(lambda: answer(port, "spare-1", known["spare-1"]) == "Success", seconds=SECONDS)
        assert answer(port, "gateway", known["gateway"]) == "Success"
        assert answer(port, "sensor-seat", "wrong") == "Not authorized"
    # Mosquitto reads all but the passwords in clear, which are for whoever ran the command.
    assert owners.pop("new-passwords.csv") == os.geteuid()
    assert owners == dict.fromkeys(("passwords", "acl", "mosquitto.conf"), folder.stat().st_uid)
