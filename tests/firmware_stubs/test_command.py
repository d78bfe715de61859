"""`python -m firmware_stubs.simulator fleet …`: what it publishes and writes, and what it says of bad input."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner

from app.cli import akiseki
from firmware_stubs.simulator import command, publishing
from firmware_stubs.simulator.__main__ import main
from firmware_stubs.simulator.publishing import CannotPublish, Pace, Published, publish
from firmware_stubs.simulator.stream import Fleet, Message, messages, sensor_ids
from sensor_gateway.broker import GATEWAY_USER
from tests.fixtures.brokers import StartBroker
from tests.office import furnish_database
from tests.servers.flood import FLOOD_GRANTS, FLOOD_USER
from tests.servers.mosquitto import MqttClient

TODAY = date(2026, 11, 17)
MONDAY = date(2026, 11, 16)
FLEET = Fleet(sensor_ids(2), MONDAY)
QUICKLY = Pace()


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Status, and what was written on either side."""
    status: int | str | None = 0
    try:
        command.main(arguments, today=TODAY)
    except SystemExit as end:
        status = end.code
    out, err = capsys.readouterr()
    assert isinstance(status, int)
    return status, out, err


def few(count: int = 20) -> Iterator[Message]:
    return (one for one, _ in zip(messages(FLEET), range(count), strict=False))


def test_what_it_publishes_is_the_stream_in_order(mosquitto_broker: StartBroker) -> None:
    broker = mosquitto_broker(grants={FLOOD_USER: FLOOD_GRANTS})
    with MqttClient(broker, GATEWAY_USER) as gateway:
        gateway.subscribe("akiseki/v1/+/reading")
        assert publish(urlsplit(broker.url(FLOOD_USER)), few(), QUICKLY) == Published(taken=20)
        found = [gateway.receive() for _ in range(20)]
    assert [(one.topic, one.payload) for one in found] == [(one.topic, one.payload) for one in few()]


def test_an_account_that_may_not_write_there_is_told_so(
    mosquitto_broker: StartBroker, capsys: pytest.CaptureFixture[str]
) -> None:
    broker = mosquitto_broker()
    status, out, err = run(capsys, "--sensors", "1", "--mqtt", broker.url(GATEWAY_USER))
    assert status == 1
    assert out.startswith("0 messages")
    assert "may not write their topics" in err


def test_a_wrong_password_is_one_plain_line(
    mosquitto_broker: StartBroker, capsys: pytest.CaptureFixture[str]
) -> None:
    broker = mosquitto_broker()
    url = f"mqtt://{GATEWAY_USER}:wrong@{broker.host}:{broker.port}"
    status, _out, err = run(capsys, "--mqtt", url)
    assert status == 1
    assert err.count("\n") == 1
    assert "refuses the account" in err


def test_no_broker_is_one_plain_line(capsys: pytest.CaptureFixture[str]) -> None:
    status, _out, err = run(capsys, "--mqtt", "mqtt://127.0.0.1:1")
    assert (status, err.count("\n")) == (1, 1)
    assert "127.0.0.1:1 cannot be reached" in err


def test_a_broker_that_answers_no_more_is_told(
    mosquitto_broker: StartBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publishing, "ANSWER_SECONDS", 0.3)
    broker = mosquitto_broker(grants={FLOOD_USER: FLOOD_GRANTS})

    def dying() -> Iterator[Message]:
        for number, message in enumerate(few()):
            if number == 10:
                broker.kill()
            yield message

    with pytest.raises(CannotPublish, match="answers no more"):
        publish(urlsplit(broker.url(FLOOD_USER)), dying(), QUICKLY)


def test_a_rate_is_kept(mosquitto_broker: StartBroker) -> None:
    broker = mosquitto_broker(grants={FLOOD_USER: FLOOD_GRANTS})
    begun = time.monotonic()
    publish(urlsplit(broker.url(FLOOD_USER)), few(), Pace(rate=40))
    assert time.monotonic() - begun >= 19 / 40


def test_a_speed_is_that_of_the_shown_time() -> None:
    first = next(messages(FLEET)).at
    later = first + timedelta(minutes=10)
    assert Pace(speed=60).waits(7, first, later) == 10
    assert Pace(rate=2).waits(7, first, later) == 3.5
    assert QUICKLY.waits(7, first, later) == 0


def test_what_it_writes_is_what_replay_reads(
    database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "fleet.jsonl"
    status, out, _err = run(capsys, "--to", str(file), "--sensors", "1", "--faults", "all")
    assert status == 0
    lines = file.read_text().splitlines()
    assert out.startswith(f"{len(lines)} readings of 1 sensors")
    furnish_database(database_url, sensor_ids(1))
    env = {"AKISEKI_DATABASE_URL": database_url, "AKISEKI_DATA_DIR": str(tmp_path)}
    replayed = CliRunner().invoke(akiseki, ["replay", str(file)], env=env)
    assert replayed.exit_code == 0, replayed.output
    named = {tuple(json.loads(line)[name] for name in ("sensor_id", "boot", "seq")) for line in lines}
    assert f"{len(named)} readings stored" in replayed.output
    assert ", 0 dead letters" in replayed.output


def test_without_a_clock_a_line_has_the_time_of_its_arrival(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "fleet.jsonl"
    run(capsys, "--to", str(file), "--sensors", "1", "--faults", "no_clock=1")
    assert all("observed_at" in json.loads(line) for line in file.read_text().splitlines())


def test_its_days_lie_before_today_unless_others_are_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "fleet.jsonl"
    run(capsys, "--to", str(file), "--sensors", "1", "--zone", "UTC")
    yesterday = file.read_text()
    assert f'"observed_at":"{MONDAY}T' in yesterday
    run(capsys, "--to", str(file), "--sensors", "1", "--zone", "UTC", "--first", str(MONDAY))
    assert file.read_text() == yesterday


def test_a_fleet_can_be_asked_to_say_its_state_on_change_only(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "fleet.jsonl"
    run(capsys, "--to", str(file), "--sensors", "1", "--on-change")
    said = [json.loads(line).get("occupied") for line in file.read_text().splitlines()]
    assert said[:3] == [False, None, None]
    assert said.count(None) > said.count(True) > 0


def test_it_says_what_the_sensors_are_called(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "--ids", "--sensors", "2", "--prefix", "seat.")[1] == "seat.0001\nseat.0002\n"
    assert run(capsys, "--ids", "--sensors", "1", "--wire", "sparkplug")[1] == "akiseki/desks/desk-0001\n"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "one of the arguments --mqtt --to --ids is required"),
        (("--mqtt", "broker"), "an address such as mqtt://"),
        (("--mqtt", "mqtt://h:99999"), "an address such as mqtt://"),
        (("--ids", "--sensors", "0"), "a whole number from 1 to 100000, not '0'"),
        (("--ids", "--days", "x"), "a whole number from 1 to 366, not 'x'"),
        (("--ids", "--first", "monday"), "a day such as 2026-11-24, not 'monday'"),
        (("--ids", "--zone", "Mars/Base"), "a zone such as Asia/Tokyo"),
        (("--ids", "--prefix", "a/b"), "letters, digits"),
        (("--ids", "--faults", "rust"), "'rust' is no fault"),
        (("--ids", "--wire", "morse"), "invalid choice"),
        (("--ids", "--rate", "0"), "a number above 0, not '0'"),
        (("--ids", "--speed", "nan"), "a number above 0, not 'nan'"),
        (("--ids", "--rate", "1", "--speed", "1"), "not allowed with"),
        (("--to", "f.jsonl", "--wire", "homie"), "does not go with another --wire"),
        (("--to", "f.jsonl", "--rate", "5"), "does not go with --rate"),
    ],
)
def test_bad_input_is_told_plainly(
    arguments: tuple[str, ...], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, _out, err = run(capsys, *arguments)
    assert status == 2
    assert says in err.splitlines()[-1]


def test_a_file_that_cannot_be_written_is_one_plain_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, _out, err = run(capsys, "--to", str(tmp_path / "missing" / "fleet.jsonl"))
    assert (status, err.count("\n")) == (1, 1)
    assert "No such file" in err


def test_its_help_names_every_fault(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _err = run(capsys, "--help")
    assert status == 0
    assert all(fault in out for fault in ("loss", "stuck", "reboots"))


def test_it_is_a_program_of_its_own_beside_the_scenario_file() -> None:
    arguments = [sys.executable, "-m", "firmware_stubs.simulator"]
    done = subprocess.run([*arguments, "fleet", "--ids", "--sensors", "1"], capture_output=True, check=True)
    assert done.stdout == b"desk-0001\n"
    with pytest.raises(SystemExit, match="fleet"):
        main([])
