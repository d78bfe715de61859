"""A site's own Mosquitto: its configuration, access list and password file, made again as devices come and go.

Who has a password keeps it; who is new, or is to have another, gets one, which is written down once, for whoever fits
the sensor.
"""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sensor_gateway.broker import GATEWAY_GRANTS, Grant, Tls, new_password, write_configuration

CONF, PASSWORDS, ACL, NEW = "mosquitto.conf", "passwords", "acl", "new-passwords.csv"
_RIGHT = re.compile("topic (read|write) (.+)")


@dataclass(frozen=True, slots=True)
class Written:
    """What was written: the users that are known, those that are new, that have another password, that are known no
    more."""

    users: Sequence[str]
    added: Sequence[str]
    renewed: Sequence[str]
    removed: Sequence[str]


@dataclass(frozen=True, slots=True)
class Listening:
    """Where a broker listens, and by which certificate; `plain`: (address, port) without one, beside it."""

    host: str
    port: int
    tls: Tls | None = None
    plain: tuple[str, int] | None = None


def known_users(folder: Path) -> dict[str, str]:
    """The users in a folder's password file, each with its hash; none where there is no file."""
    lines = _text(folder / PASSWORDS).splitlines()
    return dict(line.split(":", 1) for line in lines if ":" in line)


def known_grants(folder: Path) -> tuple[list[str], dict[str, list[Grant]]]:
    """Who is let in by a folder's access list: gateways; and what speaks for many devices, with what each may do."""
    gateways: list[str] = []
    others: dict[str, list[Grant]] = {}
    for part in _text(folder / ACL).split("\nuser ")[1:]:
        name, *lines = part.splitlines()
        rights = [_RIGHT.fullmatch(line) for line in lines]
        granted = [Grant("read" if one[1] == "read" else "write", one[2]) for one in rights if one]
        if set(GATEWAY_GRANTS) <= set(granted):
            gateways.append(name)
        else:
            others[name] = granted
    return gateways, others


def known_listening(folder: Path) -> Listening | None:
    """Where the broker of a folder listens; None where there is none yet."""
    listeners: list[dict[str, str]] = []
    for line in _text(folder / CONF).splitlines():
        name, _, value = line.partition(" ")
        if name == "listener":
            listeners.append({})
        if listeners:
            listeners[-1].setdefault(name, value)
    if not listeners:
        return None
    (host, port), *beside = [_address(one["listener"]) for one in listeners]
    cert, key, ca, crl = (
        Path(told) if (told := listeners[0].get(name)) else None
        for name in ("certfile", "keyfile", "cafile", "crlfile")
    )
    tls = Tls(cert, key, ca, crl) if cert and key else None
    return Listening(host, port, tls, beside[0] if beside else None)


def _address(told: str) -> tuple[str, int]:
    """Of a listener's line, as it was written: the port, then the address."""
    port, _, host = told.partition(" ")
    return host or "0.0.0.0", int(port)  # noqa: S104 - as Mosquitto does where no address stands


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def settle_users(folder: Path, users: Iterable[str], *, renew: Container[str] = ()) -> dict[str, str]:
    """Each user's hash, or the password of one that is new or in `renew`, which is appended to `new-passwords.csv`
    before anything else is written: a password that nobody knows would lock the device out. The file is its writer's
    alone: Mosquitto needs the hashes only."""
    known = {user: hashed for user, hashed in known_users(folder).items() if user not in renew}
    settled = {user: known.get(user) or new_password() for user in users}
    fresh = [(user, password) for user, password in settled.items() if user not in known]
    if fresh:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(folder / NEW, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "a", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(fresh)
    return settled


def write_site(
    folder: Path,
    devices: Iterable[str],
    *,
    gateways: Sequence[str],
    grants: Mapping[str, Sequence[Grant]],
    listening: Listening,
    renew: Collection[str] = (),
) -> Written:
    """Write all that a site's Mosquitto needs into `folder`; `grants`: what speaks for many devices at once, or is a
    device of another wire, and what each may do, a device beside its native topics; `renew`: whose password is to be
    another. Raises ValueError for a name that no user may have, that a gateway and another would have, or none has
    whose password is to be renewed, OSError where the folder cannot be written."""
    before, devices = known_users(folder), [one for one in devices if one not in grants]
    if twice := sorted({*grants, *devices} & set(gateways)):
        raise ValueError(f"a sensor, or what is let in, is called as a gateway: {', '.join(twice)}")
    wanted = [*gateways, *grants, *devices]
    if strangers := sorted(set(renew) - set(wanted)):
        raise ValueError(
            f"no user of the broker has the name, so no password is renewed: {', '.join(strangers)} (users are "
            "gateways, what --grant lets in, and the sensors that speak for themselves)"
        )
    users = settle_users(folder, wanted, renew=renew)
    write_configuration(
        folder,
        credentials=users,
        grants={**dict.fromkeys(gateways, GATEWAY_GRANTS), **grants},
        host=listening.host,
        port=listening.port,
        tls=listening.tls,
        plain=listening.plain,
    )
    return Written(
        users=list(users),
        added=sorted(users.keys() - before),
        renewed=sorted(before.keys() & set(renew)),
        removed=sorted(before.keys() - users),
    )
