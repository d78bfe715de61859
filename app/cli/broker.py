"""`akiseki broker config`: what a site's own Mosquitto needs."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import wraps
from ipaddress import ip_address
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from app.cli.common import PORT, Address, Failed, akiseki, reading_of, settings_of_env
from app.occupancy.gateways import is_at_work, list_gateways, sensor_models
from app.settings import NAME
from sensor_gateway.broker import Grant, Tls
from sensor_gateway.broker_files import NEW, Listening, Written, known_grants, known_listening, write_site
from sensor_gateway.topics import is_native_id

EVERYWHERE = "0.0.0.0"  # noqa: S104 - devices are elsewhere
PLAIN_PORT, TLS_PORT = 1883, 8883
NO_PASSWORDS = (
    "Here everybody signs in by a certificate, there are no passwords to renew. Let the authority revoke the "
    "certificate of what was lost and give its list (--tls-crl); then give the device another certificate."
)
ONE_CONNECTION = "A login is one connection: give each device, bridge and gateway its own."
# What a device publishes by itself as its maker has it, by what its model begins with.
OWN_TOPICS = {
    "tasmota": ("tele/{}/#", "stat/{}/#"),
    "esphome": ("{}/#",),
    "shelly": ("{}/#",),
    "homie": ("homie/{}/#", "homie/5/{}/#"),
}
SHOWN_AT_MOST = 5
FILE = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path, resolve_path=True)


class GrantText(click.ParamType[tuple[str, Grant]]):
    """What somebody may do who is no device: `zigbee2mqtt:write:zigbee2mqtt/#`."""

    name = "USER:read|write:FILTER"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, Grant]:
        user, _, rest = value.partition(":")
        access, _, topic = rest.partition(":")
        if not user or not topic or any(character.isspace() for character in value):
            self.fail(f"'{value}' is not of the form {self.name}", param, ctx)
        if access not in {"read", "write"}:
            self.fail(f"'{access}' is neither read nor write", param, ctx)
        return user, Grant("read" if access == "read" else "write", topic)


class GatewayName(click.ParamType[str]):
    """A gateway's name, as of AKISEKI_GATEWAY_NAME."""

    name = "NAME"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not NAME.fullmatch(value):
            self.fail(f"'{value}' is not a name of letters, digits, _ . and -, 64 at most", param, ctx)
        return value


class Listener(click.ParamType[tuple[str, int]]):
    """An address of this machine to listen on, and a port: `192.168.9.1`, `192.168.9.1:1884`, `[fd00::1]:1884`."""

    name = "ADDRESS[:PORT]"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, int]:
        try:
            parts = urlsplit(f"//{value}")
            return str(ip_address(parts.hostname or "")), parts.port or PLAIN_PORT
        except ValueError:
            self.fail(f"'{value}' is not an address such as 192.168.9.1 or 192.168.9.1:1884", param, ctx)


def by_user(granted: tuple[tuple[str, Grant], ...]) -> dict[str, list[Grant]]:
    """What each may do who was let in by `--grant`."""
    grants: dict[str, list[Grant]] = {}
    for user, grant in granted:
        grants.setdefault(user, []).append(grant)
    return grants


@dataclass(frozen=True, slots=True)
class Said:
    """What the command's options say of where to listen; None where they say nothing."""

    host: str | None
    port: int | None
    tls: Tls | None
    plain: tuple[str, int] | None
    crl: Path | None = None


def listening_of(before: Listening | None, said: Said) -> Listening:
    """Where to listen and by which certificate: as is said now, and where nothing is said as before. Raises Failed for
    a plain listener beside none."""
    tls, port = said.tls, said.port
    if before is None:
        before = Listening(EVERYWHERE, TLS_PORT if tls else PLAIN_PORT)
    if tls and before.tls:
        is_same = tls.ca in {None, before.tls.ca}  # another authority's list would turn everybody away
        tls = replace(tls, ca=tls.ca or before.tls.ca, crl=before.tls.crl if is_same else None)
    elif tls and not port:
        port = TLS_PORT
    found = Listening(
        said.host or before.host,
        port or before.port,
        _less_revoked(tls or before.tls, said.crl),
        said.plain or before.plain,
    )
    if found.plain and not found.tls:
        raise Failed(
            "--plain stands beside --tls-cert and --tls-key; without them the one listener is plain."
        )
    return found


def _less_revoked(tls: Tls | None, crl: Path | None) -> Tls | None:
    """The same without the certificates on a list, if there is one; raises Failed where it is none, or nobody signs in
    by a certificate."""
    if crl is None:
        return tls
    if tls is None or tls.ca is None:
        raise Failed(
            "--tls-crl lists revoked certificates of the authority that --tls-ca names: give that too."
        )
    held = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with suppress(ssl.SSLError):
        held.load_verify_locations(crl)
    if not held.cert_store_stats()["crl"]:
        raise Failed(f"{crl} holds no list of revoked certificates in PEM (-----BEGIN X509 CRL-----).")
    return replace(tls, crl=crl)


def told(listening: Listening, grants: Mapping[str, Sequence[Grant]]) -> str:
    """Where the broker listens, and what it lets in for many devices, in words."""
    by = "without TLS"
    if tls := listening.tls:
        by = f"by the certificate {tls.cert}" + (f", devices by those of {tls.ca}" if tls.ca else "")
        by += f" that {tls.crl} does not revoke" if tls.crl else ""
    beside = f" and on {_place(*listening.plain)} without TLS" if listening.plain else ""
    rights = [f"{user}:{one.access}:{one.topic}" for user, may in grants.items() for one in may]
    lets_in = f", and lets in {', '.join(rights)}" if rights else ""
    return f"It listens on {_place(listening.host, listening.port)} {by}{beside}{lets_in}."


def told_of_passwords(written: Written, folder: Path, listening: Listening) -> list[str]:
    """Who has another password and where the new ones stand, in words."""
    said = []
    if written.renewed:
        said.append(
            f"Renewed: {', '.join(written.renewed)}. Once Mosquitto has read them (SIGHUP) the old ones are worth "
            "nothing; a gateway's goes into its AKISEKI_MQTT_URL."
        )
    if written.renewed or (written.added and not by_certificate_alone(listening)):
        said.append(
            f"Passwords of the new ones: {folder / NEW} (of a user that stands there twice the last counts). Fit the "
            "sensors, then delete that file."
        )
    return said


def told_of_other_wires(models: Mapping[str, str], grants: Mapping[str, Sequence[Grant]]) -> list[str]:
    """Which sensors of these models, by their ids, could not be heard by what they may, in words; of many the first."""
    found = {
        sensor_id: topics
        for sensor_id, model in sorted(models.items())
        for begins, topics in OWN_TOPICS.items()
        if model.casefold().startswith(begins) and is_native_id(sensor_id) and sensor_id not in grants
    }
    if not found:
        return []
    said = [
        " ".join(f"--grant '{sensor_id}:write:{one.format(sensor_id)}'" for one in topics)
        for sensor_id, topics in islice(found.items(), SHOWN_AT_MOST)
    ]
    why = (
        f"{len(found)} sensors are of models that speak another wire than the native one, and may not yet. Where they "
        "sign in themselves, by topics as their makers have them:"
    )
    return [
        why,
        *(f"  {one}" for one in said),
        *(["  …"] if len(found) > len(said) else []),
    ]


def by_certificate_alone(listening: Listening) -> bool:
    """Whether nobody signs in by a password."""
    return listening.plain is None and listening.tls is not None and listening.tls.ca is not None


def _place(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def listening_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options of where to listen and of the certificate, which the command takes as one `said`."""

    @click.option("--host", type=Address(), help=f"where it listens; at first: {EVERYWHERE}")
    @click.option("--port", type=PORT, help=f"at first: {PLAIN_PORT}, with a certificate {TLS_PORT}")
    @click.option("--tls-cert", type=FILE, help="the broker's certificate")
    @click.option("--tls-key", type=FILE, help="and its key")
    @click.option(
        "--tls-ca", type=FILE, help="devices sign in by certificates of this authority, not by passwords"
    )
    @click.option(
        "--tls-crl",
        type=FILE,
        help="the authority's list of revoked certificates, as of devices that were lost, in PEM; Mosquitto reads it "
        "when it starts, and past the day that the list names for the next one it lets nobody in",
    )
    @click.option(
        "--plain",
        type=Listener(),
        help=f"beside TLS: where it listens without (default of PORT: {PLAIN_PORT}), for devices that do not speak "
        "it; whoever listens there reads their passwords",
    )
    @wraps(command)
    def with_listening(
        *,
        host: str | None,
        port: int | None,
        tls_cert: Path | None,
        tls_key: Path | None,
        tls_ca: Path | None,
        tls_crl: Path | None,
        plain: tuple[str, int] | None,
        **options: Any,
    ) -> None:
        if (tls_cert is None) != (tls_key is None):
            raise Failed("--tls-cert and --tls-key go together; with one of them nothing would be encrypted.")
        if tls_ca and not tls_cert:
            raise Failed(
                "--tls-ca needs --tls-cert and --tls-key: certificates are shown on an encrypted connection."
            )
        tls = Tls(tls_cert, tls_key, tls_ca) if tls_cert and tls_key else None
        command(said=Said(host, port, tls, plain, tls_crl), **options)

    return with_listening


@akiseki.group()
def broker() -> None:
    """The site's MQTT broker."""


@broker.command("config")
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@listening_options
@click.option(
    "--gateway",
    "gateways",
    multiple=True,
    type=GatewayName(),
    help="for each gateway of several sites; default: those let in already, those at work, and AKISEKI_GATEWAY_NAME",
)
@click.option(
    "--grant",
    "granted",
    multiple=True,
    type=GrantText(),
    help="may be given more than once; of a user that is let in already, instead of what it may; of a sensor's name, "
    "beside its native topics. A login is one connection: each device and bridge needs its own",
)
@click.option(
    "--revoke",
    multiple=True,
    metavar="USER",
    help="let in no more who was let in by --grant; may be given more than once",
)
@click.option(
    "--renew",
    multiple=True,
    metavar="USER",
    help="give them another password, as of a device that was lost; may be given more than once",
)
@click.option(
    "--anew",
    is_flag=True,
    help="forget what was said before: of listeners, certificate and grants only what is said now holds",
)
def config(
    *,
    folder: Path,
    said: Said,
    gateways: tuple[str, ...],
    granted: tuple[tuple[str, Grant], ...],
    revoke: tuple[str, ...],
    renew: tuple[str, ...],
    anew: bool,
) -> None:
    """Write Mosquitto's configuration, access list and password file for the sensors that are known.

    Made again, it keeps where the broker listens, its certificate, who is let in, and the passwords that are known
    (--renew makes another); gives new sensors and gateways one each, and takes away those of sensors that are gone, and
    of gateways where --gateway names others. What speaks for many devices, or a device that speaks another wire, is let
    in by --grant, until --revoke: zigbee2mqtt:write:zigbee2mqtt/# or plug-7:write:tele/plug-7/#
    """
    settings = settings_of_env()
    with reading_of(settings) as session:
        sensors = sensor_models(session)
        known = list_gateways(session)
    devices = sorted(one for one in sensors if is_native_id(one))
    try:
        before = None if anew else known_listening(folder)
        listening = listening_of(before, said)
        if renew and by_certificate_alone(listening):
            raise Failed(NO_PASSWORDS)
        gateways_before, grants_before = known_grants(folder)
        # One that was given up is not let in again; where nobody is let in yet, perhaps all begin anew.
        now, speed = settings.clock(), settings.speed
        others = [one.name for one in known if not gateways_before or is_at_work(one, now, speed)]
        names = list(dict.fromkeys(gateways or [settings.gateway_name, *others, *gateways_before]))
        kept = {} if anew else {user: may for user, may in grants_before.items() if user not in names}
        if strangers := sorted(set(revoke) - set(grants_before)):
            raise Failed(f"nobody is let in under the name, so nothing is revoked: {', '.join(strangers)}")
        grants = {user: may for user, may in kept.items() if user not in revoke} | by_user(granted)
        written = write_site(folder, devices, gateways=names, grants=grants, listening=listening, renew=renew)
    except (OSError, ValueError) as error:
        raise Failed(str(error)) from error
    elsewhere = len(sensors) - len(devices)
    click.echo(
        f"{len(devices)} sensors, {len(written.added)} new users, {len(written.removed)} taken away."
        + (
            f" {elsewhere} sensors speak other wires: let in what publishes for them by --grant."
            if elsewhere
            else ""
        )
    )
    for line in told_of_other_wires(sensors, grants):
        click.echo(line)
    click.echo(told(listening, grants))
    if grants or elsewhere:
        click.echo(ONE_CONNECTION)
    if before:
        click.echo("So it was before, where nothing else is said now; --anew forgets that.")
    if written.removed:
        click.echo(f"Taken away: {', '.join(written.removed)}")
    for line in told_of_passwords(written, folder, listening):
        click.echo(line)
    click.echo(
        f"The account that runs Mosquitto must own the folder. Start it: mosquitto -c {folder / 'mosquitto.conf'}"
    )
    click.echo("A running one reads passwords and access list again on SIGHUP.")
