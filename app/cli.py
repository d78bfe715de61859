"""`akiseki …`: every command; one clear line on bad input, never a traceback for it."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from ssl import SSLError

import click
from alembic.util import CommandError
from sqlalchemy import Engine
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from app import jobs as jobs_process
from app import logs, migrate
from app import serve as web
from app.bookings import guards
from app.clock import system_clock
from app.database import create_engine, reading, transaction
from app.demo import live, once, stage
from app.demo.folder import FolderError, demo_folder
from app.errors import DomainError
from app.fields import is_storable
from app.people import service as people
from app.people.models import Role
from app.settings import PREFIX, Settings, SettingsError
from app.spaces import service as spaces
from app.spaces.rules import Kind, Policy, duration_text
from app.telework.service import Office
from sensor_gateway.broker import BrokerError
from sensor_gateway.replay import NotReplayable, Replay, Telling
from sensor_gateway.run import run as run_gateway
from sensor_gateway.servers import can_listen


class Line(click.ParamType[str]):
    """One line of text that the database can hold; `most` characters at most, as the column has it."""

    name = "text"

    def __init__(self, most: int, least: int = 1) -> None:
        self.most, self.least = most, least

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        length = len(value) if value.strip() else 0
        if not is_storable(value) or not value.isprintable() or not self.least <= length <= self.most:
            self.fail(f"must be one line of {self.least} to {self.most} characters", param, ctx)
        return value


class Email(Line):
    """An address such as aoki@city.example.jp."""

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = super().convert(value, param, ctx)
        name, at, host = text.partition("@")
        if not (name and at and host) or "@" in host or " " in text:
            self.fail(f"'{text}' is not an address such as aoki@city.example.jp", param, ctx)
        return text


class Address(click.ParamType[str]):
    """An IP address of this machine to listen on."""

    name = "address"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            return str(ip_address(value))
        except ValueError:
            self.fail(f"'{value}' is not an IP address such as 127.0.0.1, 0.0.0.0 or ::", param, ctx)


PORT = click.IntRange(1, 65535)
EMAIL = Email(254)
# NIST SP 800-63B asks for eight characters at least; what argon2 is given has an end.
PASSWORD = Line(most=1024, least=8)


class Failed(click.ClickException):
    """A command that could not do what was asked; its message is the one line shown."""


def _settings() -> Settings:
    settings = Settings.from_env(os.environ)
    logs.configure(settings.log_format)
    return settings


@contextmanager
def _engine(settings: Settings) -> Iterator[Engine]:
    """The database for one command."""
    engine = create_engine(settings.database_url)
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def _reading(settings: Settings) -> Iterator[Session]:
    with _engine(settings) as engine, reading(engine) as session:
        yield session


@contextmanager
def _transaction(settings: Settings) -> Iterator[Session]:
    with _engine(settings) as engine, transaction(engine) as session:
        yield session


@click.group(help="Akiseki (空き席): an office without fixed desks.")
def akiseki() -> None:
    """The group of all commands."""


@akiseki.command()
def jobs() -> None:
    """Sweep and close days, until told to stop."""
    jobs_process.run(_settings())


@akiseki.command()
@click.option("--host", default="127.0.0.1", show_default=True, type=Address())
@click.option("--port", default=8000, show_default=True, type=PORT)
@click.option("--tls-cert", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--tls-key", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def serve(host: str, port: int, tls_cert: Path | None, tls_key: Path | None) -> None:
    """Answer HTTP: pages and API."""
    _settings()
    if (tls_cert is None) != (tls_key is None):
        raise Failed("--tls-cert and --tls-key go together; with one of them nothing would be encrypted.")
    if not can_listen(port, host):
        raise Failed(f"{host}, port {port}, cannot be listened on: it is in use, or not this machine's.")
    try:
        web.serve(host=host, port=port, tls_cert=tls_cert, tls_key=tls_key)
    except SSLError as error:
        raise Failed(f"--tls-cert and --tls-key are no certificate with its key: {error}") from error


@akiseki.command()
@click.option("--port", default=8000, show_default=True, type=PORT)
@click.option(
    "--data", type=click.Path(file_okay=False, path_type=Path), help="an empty folder; default: a new one"
)
@click.option("--speed", default=60.0, show_default=True, type=click.FloatRange(min=1, max=3600))
@click.option("--database", default="", help="an empty PostgreSQL database; default: SQLite in the folder")
@click.option("--mqtt", default="", help="a broker of your own; default: a private one")
@click.option("--once", "once_only", is_flag=True, help="play one day as fast as it can and print it")
def demo(*, port: int, data: Path | None, speed: float, database: str, mqtt: str, once_only: bool) -> None:
    """A sample city office with simulated sensors and a sped-up day."""
    if not once_only and not can_listen(port):
        raise Failed(f"Port {port} is in use. Choose another one: akiseki demo --port {port + 1}")
    try:
        with demo_folder(data) as folder:
            given = {"DATA_DIR": str(folder), "DATABASE_URL": database, "MQTT_URL": mqtt}
            settings = Settings.from_env({PREFIX + name: value for name, value in given.items() if value})
            logs.configure(settings.log_format, logging.WARNING)
            if once_only:
                demo_once(settings, mqtt)
            else:
                live.play(settings, port=port, speed=speed, mqtt_url=mqtt, tell=click.echo)
    except (
        FolderError,
        stage.NotEmptyError,
        once.NotCommittedError,
        live.ProcessEndedError,
        BrokerError,
    ) as error:
        raise Failed(str(error)) from error


def demo_once(settings: Settings, mqtt_url: str) -> None:
    """Play one day and print it as a table and as one JSON line."""
    opens = stage.opening(system_clock(), settings.timezone)
    day, figures = once.play(
        settings, opens, mqtt_url=mqtt_url, tell=lambda at: click.echo(f"… {at}", err=True)
    )
    click.echo(f"{day.on.isoformat()} 08:00-19:00")
    for name, value in figures.as_dict().items():
        click.echo(f"  {DAY_TABLE[name]:44} {value:>8}")
    click.echo(json.dumps({"date": day.on.isoformat(), **figures.as_dict()}))


DAY_TABLE = {
    "readings": "センサーの報告 / readings",
    "bookings": "予約 / bookings",
    "check_ins_by_sensor": "センサーによるチェックイン / check-ins by sensor",
    "check_ins_by_hand": "手動チェックイン / check-ins by hand",
    "no_shows_released": "来なかった予約の解放 / no-shows released",
    "booked_again_after_release": "解放後に再予約 / booked again after release",
    "hours_given_back": "返却された時間 / hours given back",
    "walk_ins": "予約なしの着席 / walk-ins",
    "sessions": "実際の利用 / sessions",
    "sessions_without_booking": "予約なしの利用 / sessions without a booking",
    "sensors_offline": "応答なしのセンサー / sensors offline",
    "kept_sensor_silent": "応答なしのため解放せず / kept: sensor silent",
    "left_early": "早めの退出 / left early",
    "telework_days": "在宅勤務日数 / telework days",
    "office_half_days": "出勤(半日) / half-days in the office",
    "unknown_half_days": "不明(半日) / half-days unknown",
}


@akiseki.command()
def gateway() -> None:
    """Take in what the sensors publish."""
    sys.exit(run_gateway(_settings()))


@akiseki.command(
    help="""Play readings from a file through the same pipeline, with the sweeps at their instants.

    FILE holds one native reading a line, in the order of arrival, as JSON with the sensor's id:

    \b
    {"sensor_id":"desk-0001","boot":"9c41e0d2a77b3f16","seq":42,
     "observed_at":"2026-11-24T00:01:02.345Z","occupied":true}

    (on one line; `battery_pct` and `rssi` may follow). Lines that cannot be read are kept as dead letters.
    """
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--speed", type=click.FloatRange(min=0, min_open=True), help="times real time; default: as fast as it can"
)
def replay(file: Path, speed: float | None) -> None:
    """Play readings from a file."""
    settings = _settings()
    office = Office.of(settings)
    telling = Telling(
        bad_line=lambda number, reason: click.echo(f"line {number}: {reason}", err=True),
        progress=lambda number, at: click.echo(
            f"… line {number}, {at.astimezone(settings.timezone):%Y-%m-%d %H:%M}", err=True
        ),
    )
    with _engine(settings) as engine:
        player = Replay(
            engine,
            lambda now: len(jobs_process.sweep_once(engine, now, office).observed.changes),
            every=timedelta(seconds=settings.sweep_seconds),
            telling=telling,
        )
        try:
            counts = player.play(file, speed=speed)
        except (NotReplayable, OSError) as error:
            raise Failed(str(error)) from error
    unknown = ", ".join(sorted(counts.unknown_sensors))
    click.echo(
        f"{counts.messages} lines: {counts.stored} readings stored, {counts.repeated} stored before, "
        f"{counts.changes} changes, {counts.dead} dead letters"
        + (f"; unknown sensors: {unknown}" if unknown else "")
    )


@akiseki.group()
def db() -> None:
    """The database: migrate and check."""


@db.command()
@click.option("--revision", default="head", show_default=True)
def upgrade(revision: str) -> None:
    """Bring the database up to the newest schema."""
    settings = _settings()
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    migrate.upgrade(settings.database_url, revision)
    click.echo("The database stands at the newest schema.")


@db.command()
@click.option("--revision", default="-1", show_default=True)
def downgrade(revision: str) -> None:
    """Take the database back by one schema, or to a revision."""
    migrate.downgrade(_settings().database_url, revision)
    click.echo(f"The database was taken back to {revision}.")


@db.command()
def check() -> None:
    """Whether the schema is current and the guards against double booking stand."""
    with _engine(_settings()) as engine:
        if not migrate.is_current(engine):
            raise Failed("The schema is not the newest. Run: akiseki db upgrade")
        with reading(engine) as session:
            missing = guards.missing(session)
    if missing:
        raise Failed(f"Guards against double booking are missing: {', '.join(missing)}. Restore a backup.")
    click.echo("The schema is current and every guard stands.")


@akiseki.group()
def user() -> None:
    """People with an account."""


@user.command("add")
@click.argument("email", type=EMAIL)
@click.option("--name", required=True, type=Line(80))
@click.option("--section", required=True, type=Line(32), help="the section's code")
@click.option("--role", type=click.Choice([role.value for role in Role]), default=Role.STAFF.value)
@click.option("--password", prompt=True, hide_input=True, confirmation_prompt=True, type=PASSWORD)
def user_add(email: str, name: str, section: str, role: str, password: str) -> None:
    """Add an account; the section is made where it is new."""
    settings = _settings()
    now = settings.clock()
    on = now.astimezone(settings.timezone).date()
    with _transaction(settings) as session:
        if section not in {one.code for one in people.list_sections(session)}:
            people.add_section(session, section, name=section)
        added = people.add_user(
            session, email, name=name, section_code=section, role=Role(role), now=now, on=on
        )
        people.set_password(added, password)
    click.echo(f"{email} can sign in.")


@akiseki.group()
def token() -> None:
    """Bearer tokens of the API."""


@token.command("issue")
@click.option("--user", "email", required=True, type=EMAIL)
@click.option("--label", default="", type=Line(80, least=0))
def token_issue(email: str, label: str) -> None:
    """Print a new token; it is shown this once."""
    settings = _settings()
    with _transaction(settings) as session:
        issued = people.issue_token(
            session, people.get_by_email(session, email), now=settings.clock(), label=label
        )
    click.echo(issued)


@akiseki.group()
def policy() -> None:
    """What holds for each kind of space."""


@policy.command("show")
def policy_show() -> None:
    """Every policy with its value."""
    with _reading(_settings()) as session:
        found = spaces.policies(session)
    for kind, values in found.items():
        for key in Policy.__dataclass_fields__:
            click.echo(f"{kind.value:14} {key:20} {duration_text(getattr(values, key))}")


@policy.command("set")
@click.argument("kind", type=click.Choice([kind.value for kind in Kind]))
@click.argument("values", nargs=-1, required=True, metavar="KEY=VALUE…")
def policy_set(kind: str, values: Sequence[str]) -> None:
    """Set policies of a kind, such as: akiseki policy set booth no_show_grace=15m"""
    settings = _settings()
    with _transaction(settings) as session:
        for pair in values:
            key, equals, value = pair.partition("=")
            if not equals:
                raise Failed(f"'{pair}' is not of the form key=value.")
            spaces.set_policy(session, Kind(kind), key, value, now=settings.clock(), actor_id=None)
    click.echo("Set.")


def main(argv: Sequence[str] | None = None) -> None:
    """Run a command; bad input ends with one line and a status that is not zero."""
    try:
        akiseki.main(args=list(argv) if argv is not None else None, prog_name="akiseki", standalone_mode=True)
    except SettingsError as error:
        _fail(str(error))
    except DomainError as error:
        _fail(f"{error.code}: {', '.join(f'{name} {value}' for name, value in error.facts.items())}")
    except CommandError as error:
        _fail(f"{error}. This version knows other schemas than the database, or none of that name.")
    except DatabaseError as error:
        _fail(
            f"The database does not answer, or needs `akiseki db upgrade`: {str(error.orig).splitlines()[0]}"
        )


def _fail(message: str) -> None:
    click.echo(f"akiseki: {message}", err=True)
    sys.exit(1)
