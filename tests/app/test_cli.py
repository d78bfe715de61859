"""Every command as an operator types it: what it says, and one clear line where it cannot."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import text

from app.cli import main
from app.database import create_engine, reading
from app.orm import Base
from app.people.service import find_by_password, find_by_token
from app.settings import PREFIX
from sensor_gateway.servers import free_port
from tests.house import DAY, House, at


@dataclass(frozen=True)
class Done:
    """How a command ended and what it said."""

    status: int
    out: str
    err: str


Run = Callable[..., Done]
ADD = ["user", "add", "--name", "x", "--section", "soumu", "--password", "a long password"]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `akiseki` with settings, in this process: starting another each time would take a second."""
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        monkeypatch.delenv(name)
    monkeypatch.setenv(PREFIX + "DATA_DIR", str(tmp_path / "data"))

    def start(*command: str, **settings: str) -> Done:
        with monkeypatch.context() as patch:
            for name, value in settings.items():
                patch.setenv(PREFIX + name, value)
            with pytest.raises(SystemExit) as ended:
                main(command)
        said = capsys.readouterr()
        return Done(int(ended.value.code or 0), said.out, said.err)

    return start


def refused(done: Done) -> str:
    """The one line that a command ended with; it must not be a traceback."""
    assert done.status != 0
    assert "Traceback" not in done.err
    return done.err.strip().splitlines()[-1]


def url_of(house: House) -> str:
    return house.engine.url.render_as_string(hide_password=False)


def test_a_database_is_made_checked_and_taken_back(run: Run, tmp_path: Path) -> None:
    assert "db upgrade" in refused(run("db", "check"))
    assert run("db", "upgrade").status == 0
    assert run("db", "check").out.strip() == "The schema is current and every guard stands."
    assert run("db", "downgrade").status == 0
    assert "db upgrade" in refused(run("db", "check"))
    assert run("db", "upgrade").status == 0
    engine = create_engine(f"sqlite:///{tmp_path}/data/akiseki.db")
    with engine.begin() as connection:
        trigger = connection.scalar(text("SELECT name FROM sqlite_master WHERE type = 'trigger' LIMIT 1"))
        connection.execute(text(f"DROP TRIGGER {trigger}"))
    engine.dispose()
    assert str(trigger) in refused(run("db", "check"))


def test_somebody_is_added_and_gets_a_token(run: Run, house: House) -> None:
    url = url_of(house)
    environment = {**os.environ, PREFIX + "DATABASE_URL": url}
    add = [
        sys.executable,
        "-m",
        "app",
        "user",
        "add",
        "New@Example.jp",
        "--name",
        "新人",
        "--section",
        "soumu",
    ]

    def typing(password: str, *more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*add, *more],
            env=environment,
            input=f"{password}\n{password}\n",
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    added = typing("a long password", "--role", "chief")
    assert added.returncode == 0, added.stderr
    assert "a long password" not in added.stdout + added.stderr
    token = run("token", "issue", "--user", "new@example.jp", DATABASE_URL=url).out.strip()
    engine = create_engine(url)
    with reading(engine) as session:
        user = find_by_password(session, "new@example.jp", "a long password", at("09:00"))
        person = find_by_token(session, token, DAY, at("09:00"))
    engine.dispose()
    assert user
    assert person
    assert (person.id, person.role) == (user.id, "chief")
    again = typing("another password")
    assert again.returncode != 0
    assert "user.exists" in again.stderr.splitlines()[-1]


def test_policies_are_set_and_shown(run: Run, house: House) -> None:
    url = url_of(house)
    assert run("policy", "set", "booth", "no_show_grace=15m", "walk_in=off", DATABASE_URL=url).status == 0
    leading = run("policy", "set", "focus_seat", f"no_show_grace={'0' * 40}60m", DATABASE_URL=url)
    assert leading.status == 0, "as short in the database as it is meant"
    shown = run("policy", "show", DATABASE_URL=url).out
    assert ["focus_seat", "no_show_grace", "1h"] in [line.split() for line in shown.splitlines()]
    assert ["booth", "no_show_grace", "15m"] in [line.split() for line in shown.splitlines()]
    assert ["seat", "no_show_grace", "1h"] in [line.split() for line in shown.splitlines()]


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (["token", "issue", "--user", "nobody@example.jp"], "user.unknown"),
        (["policy", "set", "sofa", "no_show_grace=15m"], "sofa"),
        (["policy", "set", "booth", "no_show_grace"], "key=value"),
        (["policy", "set", "booth", "no_show_grace=soon"], "soon"),
        (["policy", "set", "booth", "colour=15m"], "colour"),
        (["user", "add", "a@example.jp", "--name", "x", "--section", "soumu", "--role", "king"], "king"),
        ([*ADD, "no address"], "no address"),
        ([*ADD, "@example.jp"], "@example.jp"),
        ([*ADD, ""], "EMAIL"),
        ([*ADD, "a@example.jp", "--name", ""], "--name"),
        ([*ADD, "a@example.jp", "--name", "n" * 81], "--name"),
        ([*ADD, "a@example.jp", "--name", "not UTF-8: \udcff"], "--name"),
        ([*ADD, "a@example.jp", "--section", "s" * 33], "--section"),
        ([*ADD, "a@example.jp", "--password", "short"], "--password"),
        (["token", "issue", "--user", "not-utf8-\udcff@example.jp"], "--user"),
        (["token", "issue", "--user", "aoki@example.jp", "--label", "l" * 81], "--label"),
        (["policy", "set", "booth", "max_duration=0m"], "max_duration"),
        (["db", "upgrade", "--revision", "nowhere"], "nowhere"),
        (["db", "downgrade", "--revision", "nowhere"], "nowhere"),
        (["db", "downgrade", "--revision=-99"], "-99"),
        (["replay", "no-such-file.jsonl"], "no-such-file.jsonl"),
        (["replay", "/"], "/"),
        (["replay", "/dev/null"], "empty"),
        (["replay", "no-such-file.jsonl", "--speed", "0"], "--speed"),
        (["serve", "--port", "many"], "many"),
        (["serve", "--port", "65536"], "65536"),
        (["serve", "--host", "no.such.host.invalid"], "no.such.host.invalid"),
        (["serve", "--host", "192.0.2.1"], "192.0.2.1"),
        (["serve", "--tls-cert", "no-such-file.pem"], "no-such-file.pem"),
        (["demo", "--port", "65536"], "65536"),
        (["demo", "--speed", "0"], "--speed"),
        (["demo", "--once", "--data", "tests"], "tests"),
        (["demo", "--once", "--mqtt", "nowhere"], "AKISEKI_MQTT_URL"),
        (["demo", "--once", "--database", "mysql://host/db"], "AKISEKI_DATABASE_URL"),
        (["dance"], "dance"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    run: Run, house: House, command: list[str], says: str
) -> None:
    assert says in refused(run(*command, DATABASE_URL=url_of(house)))


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"COLOUR": "blue"}, "AKISEKI_COLOUR"),
        ({"TIMEZONE": "Edo"}, "AKISEKI_TIMEZONE"),
        ({"SWEEP_SECONDS": "often"}, "AKISEKI_SWEEP_SECONDS"),
        ({"DATABASE_URL": "mysql://host/db"}, "AKISEKI_DATABASE_URL"),
        ({"DATABASE_URL": "sqlite://host/akiseki.db"}, "AKISEKI_DATABASE_URL"),
        ({"DATABASE_URL": "postgresql+psycopg://host:port/akiseki"}, "AKISEKI_DATABASE_URL"),
        ({"DATA_DIR": "/dev/null/akiseki"}, "AKISEKI_DATA_DIR"),
        ({"OFFICE_HOURS": "17:15-08:30"}, "AKISEKI_OFFICE_HOURS"),
    ],
)
def test_a_wrong_setting_names_itself(run: Run, settings: dict[str, str], says: str) -> None:
    for command in (["serve"], ["gateway"], ["jobs"], ["db", "check"]):
        assert says in refused(run(*command, **settings))


@pytest.mark.parametrize("command", [["policy", "show"], ["db", "check"], ["db", "upgrade"]])
def test_a_database_that_does_not_answer_is_said(run: Run, command: list[str]) -> None:
    nowhere = "postgresql+psycopg://akiseki:hidden@127.0.0.1:1/none"
    said = refused(run(*command, DATABASE_URL=nowhere))
    assert "database" in said
    assert "hidden" not in said


def test_an_empty_database_is_to_be_upgraded(run: Run, house: House) -> None:
    with house.engine.begin() as connection:
        Base.metadata.drop_all(connection)
    for command in (["policy", "show"], ["token", "issue", "--user", "aoki@example.jp"]):
        assert "akiseki db upgrade" in refused(run(*command, DATABASE_URL=url_of(house)))


@pytest.mark.parametrize("command", [["policy", "show"], ["db", "check"], ["db", "upgrade"]])
def test_a_file_that_is_no_database_is_said(run: Run, tmp_path: Path, command: list[str]) -> None:
    (tmp_path / "letter.txt").write_text("Dear reader, " * 400)
    assert "not a database" in refused(run(*command, DATABASE_URL=f"sqlite:///{tmp_path}/letter.txt"))


def test_a_database_of_a_later_version_is_left_alone(run: Run, house: House) -> None:
    with house.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'later'"))
    for command in ("upgrade", "downgrade"):
        assert "later" in refused(run("db", command, DATABASE_URL=url_of(house)))


def test_a_port_in_use_is_said(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        for command in ("serve", "demo"):
            assert port in refused(run(command, "--port", port))


def test_half_a_certificate_serves_nothing(run: Run, tmp_path: Path) -> None:
    """With one of the two, the server would start without TLS."""
    letter = tmp_path / "letter.pem"
    letter.write_text("Dear reader")
    port = str(free_port())
    for half in (["--tls-cert", str(letter)], ["--tls-key", str(letter)]):
        assert "go together" in refused(run("serve", "--port", port, *half))
    both = ["--tls-cert", str(letter), "--tls-key", str(letter)]
    assert "no certificate" in refused(run("serve", "--port", port, *both))


def test_the_demo_does_not_move_into_a_database_that_is_lived_in(run: Run, house: House) -> None:
    assert "empty" in refused(run("demo", "--once", "--database", url_of(house)))


def test_a_leaver_leaves_and_a_token_is_revoked_from_the_command_line(run: Run, house: House) -> None:
    url = url_of(house)
    token = run(
        "token", "issue", "--user", "aoki@example.jp", "--until", "2199-12-31", DATABASE_URL=url
    ).out.strip()
    (line,) = run("token", "list", "--user", "aoki@example.jp", DATABASE_URL=url).out.splitlines()
    assert line.split()[1:] == ["2199-12-31", "-"]
    assert run("token", "revoke", line.split()[0], DATABASE_URL=url).status == 0
    assert "token.unknown" in refused(run("token", "revoke", line.split()[0], DATABASE_URL=url))
    changed = run("user", "password", "aoki@example.jp", "--password", "a new password", DATABASE_URL=url)
    assert changed.status == 0
    would = run("user", "leave", "aoki@example.jp", "--dry-run", DATABASE_URL=url)
    assert would.out.strip() == "aoki@example.jp would leave; bookings freed: 0."
    with reading(house.engine) as session:
        assert find_by_token(session, token, DAY, at("09:00")) is None
        assert find_by_password(session, "aoki@example.jp", "a new password", at("09:00"))
    assert "has left" in run("user", "leave", "aoki@example.jp", DATABASE_URL=url).out
    assert "user.left" in refused(run("user", "leave", "aoki@example.jp", DATABASE_URL=url))
    with reading(house.engine) as session:
        assert find_by_password(session, "aoki@example.jp", "a new password", at("09:00")) is None
