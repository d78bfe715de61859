"""`akiseki sensors …`: the sensors that are known, and what a message would mean."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import click
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from app.cli.common import Failed, akiseki, reading_of, settings_of_env
from app.cli.trying import Asked, Trial, messages_of
from app.occupancy import announced
from app.occupancy.gateways import list_gateways, sensor_models, sensor_parts, told_once
from app.occupancy.health import health
from app.settings import Settings
from sensor_gateway.decoders import Wires
from sensor_gateway.heard import zone_id
from sensor_gateway.profiles import ProfileError, load

WRONG = {
    "silent": "silent",
    "clock": "clock behind",
    "suspect": "stuck?",
    "flapping": "flapping",
    "untold": "does not tell vacant",
    "battery": "battery low",
}


@akiseki.group()
def sensors() -> None:
    """Sensors and their messages."""


@sensors.command("list")
def list_() -> None:
    """Every sensor that is known, a spare without a space: what it says, when it was last heard, its battery, what is
    wrong, how often it restarted: what it said last before may be lost."""
    settings = settings_of_env()
    with reading_of(settings) as session:
        found = health(session, settings.clock(), spares=True)
        for one in found:
            seen = one.last_seen_at
            heard = (
                seen.astimezone(settings.timezone).isoformat(timespec="seconds") if seen else "never heard"
            )
            battery = "" if one.battery_pct is None else f"{one.battery_pct} %"
            spaces = ",".join(one.space_codes)
            told = [f"{one.missing} lost" if name == "gaps" else WRONG[name] for name in one.troubles]
            if one.restarts:
                told.append(f"restarts: {one.restarts}")
            wrong = ", ".join(told)
            line = f"{one.sensor_id:24} {one.model:16} {spaces:12} {one.state.value:9} {heard:26} {battery:6} {wrong}"
            click.echo(line.rstrip())
        if not found:
            click.echo("No sensor is known yet: akiseki import sensors FILE, or Manage → Sensors.")


@sensors.command("find")
def find() -> None:
    """Devices that announced themselves at the broker (Home Assistant's discovery), as the gateway heard it: the id by
    which each would be known here, what it is called, its model, and the topic that the gateway must listen to. A +
    before those that are not known yet."""
    with reading_of(settings_of_env()) as session:
        known, found = sensor_models(session), announced.heard(session)
        has_gateway = bool(list_gateways(session))
        session.expunge_all()
    for one in found:
        several = zone_id(one.device, one.part) if one.part else ""
        is_new = not {one.device, several} & known.keys()
        line = f"{'+' if is_new else ' '} {one.device:24} {one.name:20} {one.model:16} {one.speaks_on}"
        click.echo(line + (f"  (or {several})" if several else ""))
    click.echo(f"{len(found)} found.")
    if not has_gateway:
        click.echo("No gateway has run yet, which hears them: start one with akiseki gateway.")


@sensors.command("try")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path))
@click.option("--model", default="", metavar="NAME", help="the model of the devices that are not registered")
def try_(file: Path, model: str) -> None:
    """What messages would mean, a JSON line for each; nothing is stored. FILE is a list of messages, one, or one a
    line:

    [{"id": 1, "topic": "zigbee2mqtt/desk-1", "payload": {"occupancy": true}}], or with `payload_hex` for bytes.

    `profile` is the one that was chosen, `timing` what it says of times (in seconds), `fields` what it read from
    bytes, `register` the ids of several seats in one device, `charge_pct` what a voltage leaves of the battery. `why`
    tells what was looked for where nothing clear was said, and what looks wrong; `todo` what to do where no profile is
    of the model.
    """
    settings = settings_of_env()
    folder = settings.data_dir.resolve() / "profiles"
    now = datetime.fromtimestamp(settings.clock().timestamp(), UTC)
    try:
        messages = messages_of(file.read_text("utf-8-sig"))
        profiles = Asked(load(folder))
    except (OSError, ValueError, RecursionError) as error:
        raise Failed(f"{file} cannot be read: {str(error).removesuffix('.')}.") from error
    except ProfileError as error:
        raise Failed(str(error)) from error
    wires = Wires(profiles, settings.mqtt_prefixes)
    _learn(wires, settings, now)
    trial = Trial(wires, profiles, folder, now, model)
    for message in messages:
        for said in trial.meaning(message):
            click.echo(json.dumps(said, ensure_ascii=False))


def _learn(wires: Wires, settings: Settings, now: datetime) -> None:
    """Take in which sensors are registered, with their models, and what was told once, where a database answers: a
    message is tried before there is one, too."""
    url = make_url(settings.database_url)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        return
    try:
        with reading_of(settings) as session:
            wires.learn(sensor_models(session), now, sensor_parts(session), told_once(session))
    except SQLAlchemyError:
        click.echo("The database does not answer: registered models are not asked.", err=True)
