"""The processes, the demo, and the player of readings."""

from __future__ import annotations

import json
import logging
import os
import sys
from datetime import timedelta
from pathlib import Path
from ssl import SSLError

import click

from app import jobs as jobs_process
from app import logs, up
from app import serve as web
from app.cli.broker import GrantText, by_user
from app.cli.common import PORT, Address, Failed, akiseki, engine_of, settings_of_env
from app.clock import system_clock
from app.demo import live, once, stage
from app.demo.folder import FolderError, demo_folder
from app.running import ProcessEndedError
from app.settings import PREFIX, Settings
from app.telework.service import Office
from sensor_gateway.broker import BrokerError, Grant
from sensor_gateway.replay import NotReplayable, Replay, Telling
from sensor_gateway.run import run as run_gateway
from sensor_gateway.servers import can_listen


@akiseki.command()
def jobs() -> None:
    """Sweep and close days, until told to stop."""
    jobs_process.run(settings_of_env())


@akiseki.command()
@click.option("--host", default="127.0.0.1", show_default=True, type=Address())
@click.option("--port", default=8000, show_default=True, type=PORT)
@click.option("--tls-cert", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--tls-key", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def serve(host: str, port: int, tls_cert: Path | None, tls_key: Path | None) -> None:
    """Answer HTTP: pages and API."""
    settings_of_env()
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
        ProcessEndedError,
        BrokerError,
    ) as error:
        raise Failed(str(error)) from error


@akiseki.command("up")
@click.option("--host", default="127.0.0.1", show_default=True, type=Address(), help="0.0.0.0: for everybody")
@click.option("--port", default=8000, show_default=True, type=PORT)
@click.option("--mqtt-port", default=1883, show_default=True, type=PORT)
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), help="default: AKISEKI_DATA_DIR")
@click.option(
    "--grant",
    "granted",
    multiple=True,
    type=GrantText(),
    help="let in at the broker what speaks for many, such as zigbee2mqtt:write:zigbee2mqtt/#, or a device of another "
    "wire (plug-7:write:tele/plug-7/#); a login is one connection: each needs its own",
)
@click.option("--tls-cert", type=click.Path(exists=True, dir_okay=False, path_type=Path, resolve_path=True))
@click.option("--tls-key", type=click.Path(exists=True, dir_okay=False, path_type=Path, resolve_path=True))
def up_(
    *,
    host: str,
    port: int,
    mqtt_port: int,
    data: Path | None,
    granted: tuple[tuple[str, Grant], ...],
    tls_cert: Path | None,
    tls_key: Path | None,
) -> None:
    """A real small office on one machine: broker, gateway, jobs and web, in real time, without sample data."""
    if (tls_cert is None) != (tls_key is None):
        raise Failed("--tls-cert and --tls-key go together; with one of them nothing would be encrypted.")
    given = {name: value for name, value in os.environ.items() if name.startswith(PREFIX)}
    if data is not None:
        given[PREFIX + "DATA_DIR"] = str(data)
    settings = Settings.from_env(given)
    logs.configure(settings.log_format)
    tls = (tls_cert, tls_key) if tls_cert and tls_key else ()
    for one in (port, mqtt_port):
        if not can_listen(one, host):
            raise Failed(f"{host}, port {one}, cannot be listened on: it is in use, or not this machine's.")
    wanted = up.Wanted(settings, given, host, port, mqtt_port, tls, by_user(granted))
    try:
        up.run(wanted, click.echo)
    except (ProcessEndedError, BrokerError, OSError, ValueError) as error:
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
    sys.exit(run_gateway(settings_of_env()))


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
    settings = settings_of_env()
    office = Office.of(settings)
    telling = Telling(
        bad_line=lambda number, reason: click.echo(f"line {number}: {reason}", err=True),
        progress=lambda number, at: click.echo(
            f"… line {number}, {at.astimezone(settings.timezone):%Y-%m-%d %H:%M}", err=True
        ),
    )
    with engine_of(settings) as engine:
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
