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
from sensor_gateway.broker import password_matches
from sensor_gateway.broker_files import known_users
from sensor_gateway.servers import free_port
from tests.app.test_cli import Run, refused, run
from tests.app.test_cli_broker import Authority, Talker, configure, mosquitto, passwords
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


def test_who_lost_a_password_gets_another_and_whoever_has_the_old_one_is_turned_away(
    run: Run, sqlite_house: House, folder: Path
) -> None:
    port = free_port()
    listens = ["--host", "127.0.0.1", "--port", str(port), "--grant", "bridge:write:zigbee2mqtt/#"]
    configure(run, sqlite_house, folder, *listens)
    before = passwords(folder)
    (folder / "new-passwords.csv").unlink()  # fitted, or lost
    with mosquitto(folder, account=ACCOUNT) as broker:
        thief = Talker(port, "sensor-seat", before["sensor-seat"])
        renewed = ["sensor-seat", "gateway", "bridge"]
        done = configure(run, sqlite_house, folder, *(f"--renew={user}" for user in renewed))
        assert "0 new users, 0 taken away" in done.out
        assert "Renewed: bridge, gateway, sensor-seat." in done.out
        assert str(folder / "new-passwords.csv") in done.out
        after = passwords(folder)
        assert after.keys() == set(renewed)
        broker.send_signal(signal.SIGHUP)
        wait_until(lambda: answer(port, "bridge", after["bridge"]) == "Success", seconds=SECONDS)
        for user in renewed:
            assert answer(port, user, after[user]) == "Success"
            assert answer(port, user, before[user]) == "Not authorized"
        wait_until(lambda: thief.is_cut_off, seconds=SECONDS)
        assert answer(port, "sensor-window", before["sensor-window"]) == "Success"
        thief.close()


def test_a_password_is_renewed_a_second_time_and_the_last_line_counts(
    run: Run, sqlite_house: House, folder: Path
) -> None:
    configure(run, sqlite_house, folder)
    first = passwords(folder)["sensor-seat"]
    configure(run, sqlite_house, folder, "--renew", "sensor-seat")
    hashed = known_users(folder)["sensor-seat"]
    assert password_matches(passwords(folder)["sensor-seat"], hashed)
    assert not password_matches(first, hashed)


def test_nothing_is_written_where_an_unknown_users_password_is_to_be_renewed(
    run: Run, sqlite_house: House, folder: Path
) -> None:
    configure(run, sqlite_house, folder)
    before = {one.name: one.read_text() for one in folder.iterdir()}
    said = refused(
        configure(run, sqlite_house, folder, "--renew", "sensor-seat", "--renew", "nobody", "--port", "1999")
    )
    assert "no password is renewed: nobody (" in said
    assert {one.name: one.read_text() for one in folder.iterdir()} == before


def test_where_all_show_certificates_it_is_said_what_to_do_instead(
    run: Run, sqlite_house: House, folder: Path, tmp_path: Path
) -> None:
    authority = Authority(tmp_path)
    cert, key = authority.issue("127.0.0.1")
    certified = ["--tls-cert", str(cert), "--tls-key", str(key), "--tls-ca", str(authority.cert)]
    configure(run, sqlite_house, folder, *certified)
    before = {one.name: one.read_text() for one in folder.iterdir()}
    said = refused(configure(run, sqlite_house, folder, "--renew", "sensor-seat"))
    assert "--tls-crl" in said
    assert {one.name: one.read_text() for one in folder.iterdir()} == before
    beside = configure(run, sqlite_house, folder, "--plain", "127.0.0.1", "--renew", "sensor-seat")
    assert "Renewed: sensor-seat." in beside.out  # there the password counts
