"""`akiseki sensors …`: the sensors that are known, and what a message would mean."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from app.cli.common import Failed, akiseki, reading_of, settings_of_env
from app.occupancy.gateways import sensor_models, sensor_parts, told_once
from app.occupancy.health import health
from app.settings import Settings
from sensor_gateway.connection import BrokerRefused, Disconnected
from sensor_gateway.decoders import Wires, posted
from sensor_gateway.finding import announced
from sensor_gateway.heard import Heard
from sensor_gateway.messages import Envelope, Undecodable
from sensor_gateway.profiles import ProfileError, load

WRONG = {
    "silent": "silent",
    "clock": "clock behind",
    "suspect": "stuck?",
    "flapping": "flapping",
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
        for one in health(session, settings.clock(), spares=True):
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


@sensors.command("find")
@click.option("--seconds", default=3, show_default=True, type=click.IntRange(1, 600), help="listen so long")
def find(seconds: int) -> None:
    """Devices that announce themselves at the broker (Home Assistant's discovery): the id by which each would be known
    here, what it is, and the topic that the gateway must listen to. A + before those that are not known yet."""
    settings = settings_of_env()
    try:
        wires = Wires(load(settings.data_dir / "profiles"), settings.mqtt_prefixes)
        found = announced(settings, wires, timedelta(seconds=seconds))
    except (BrokerRefused, Disconnected, ProfileError) as error:
        raise Failed(str(error)) from error
    with reading_of(settings) as session:
        known = sensor_models(session)
    for one in found:
        is_new = not {one.sensor_id, one.zone_id} & known.keys()
        name = one.sensor_id or "-"
        line = f"{'+' if is_new else ' '} {name:24} {one.device_class:10} {one.name:20} {one.model:16} {one.topic}"
        click.echo(line + (f"  (or {one.zone_id})" if one.zone_id else ""))
    click.echo(f"{len(found)} found.")


@sensors.command("try")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path))
def try_(file: Path) -> None:
    """What messages would mean, a JSON line for each; nothing is stored. `profile` is the one that was chosen, `why`
    what it looked for where nothing clear was said, `charge_pct` what a voltage leaves of the battery. FILE is a list
    of messages:

    [{"id": 1, "topic": "zigbee2mqtt/desk-1", "payload": {"occupancy": true}}], or with `payload_hex` for bytes.
    """
    settings = settings_of_env()
    now = datetime.fromtimestamp(settings.clock().timestamp(), UTC)
    try:
        messages = json.loads(file.read_text("utf-8-sig"))
        wires = Wires(load(settings.data_dir / "profiles"), settings.mqtt_prefixes)
    except (OSError, ValueError, RecursionError) as error:
        raise Failed(f"{file} cannot be read: {error}.") from error
    except ProfileError as error:
        raise Failed(str(error)) from error
    if not isinstance(messages, list) or not all(isinstance(one, dict) for one in messages):
        raise Failed(f"{file} must hold a list of messages, each an object.")
    _learn(wires, settings, now)
    for message in messages:
        for said in _meaning(message, wires, now):
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


def _meaning(message: dict[str, Any], wires: Wires, now: datetime) -> Iterator[dict[str, Any]]:
    name = {"id": message.get("id")}
    try:
        envelope = _envelope(message, now)
        found = wires.hear(envelope) if envelope.topic else [posted(envelope)]
    except Undecodable as refused:
        yield name | {"device_id": None, "occupied": None, "kind": "undecodable", "reason": refused.reason}
        return
    for heard in found:
        yield name | _shown(heard)
    if not found:
        yield name | {"device_id": None, "occupied": None, "kind": "ignored"}


def _envelope(message: dict[str, Any], now: datetime) -> Envelope:
    topic, payload, digits = message.get("topic"), message.get("payload"), message.get("payload_hex")
    if not (topic is None or isinstance(topic, str)):
        raise Undecodable("topic")
    try:
        content = (
            bytes.fromhex(digits)
            if isinstance(digits, str) and digits
            else (payload if isinstance(payload, str) else json.dumps(payload)).encode()
        )
    except ValueError:
        raise Undecodable("payload") from None
    return Envelope(topic or "", content, now, bool(message.get("retain")))


def _shown(heard: Heard) -> dict[str, Any]:
    shown: dict[str, Any] = {"device_id": heard.device_id, "occupied": heard.occupied}
    more = {
        "kind": heard.kind or None,
        "battery_pct": heard.battery_pct,
        "battery_v": heard.battery_v,
        "battery_low": heard.battery_low,
        "charge_pct": None if heard.charge_pct is None else round(heard.charge_pct),
        "observed_at": heard.observed_at and heard.observed_at.isoformat().replace("+00:00", "Z"),
        "seq": heard.seq,
        "online": heard.online,
        "zones": dict(heard.zones) or None,
        "zone": heard.zone or None,
        "history": [
            {"occupied": one.occupied, "observed_at": one.observed_at.isoformat().replace("+00:00", "Z")}
            | ({"zone": one.zone} if one.zone else {})
            for one in heard.history
        ]
        or None,
        **heard.about,
        "why": heard.why or None,
    }
    return shown | {name: value for name, value in more.items() if value is not None}
