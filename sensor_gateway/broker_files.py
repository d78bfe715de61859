"""A site's own Mosquitto: its configuration, access list and password file, made again as devices come and go.

Who has a password keeps it; who is new gets one, which is written down once, for whoever fits the sensor.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sensor_gateway.broker import GATEWAY_GRANTS, Grant, Tls, new_password, write_configuration

PASSWORDS, ACL, NEW = "passwords", "acl", "new-passwords.csv"


@dataclass(frozen=True, slots=True)
class Written:
    """What was written: the users that are known, those that are new, those that are known no more."""

    users: Sequence[str]
    added: Sequence[str]
    removed: Sequence[str]


def known_users(folder: Path) -> dict[str, str]:
    """The users in a folder's password file, each with its hash; none where there is no file."""
    path = folder / PASSWORDS
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return dict(line.split(":", 1) for line in lines if ":" in line)


def known_gateways(folder: Path) -> list[str]:
    """The gateways that a folder's access list lets in, none where there is no file."""
    path = folder / ACL
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    rights = {f"topic {grant.access} {grant.topic}" for grant in GATEWAY_GRANTS}
    users = (part.splitlines() for part in text.split("\nuser ")[1:])
    return [name for name, *granted in users if rights <= set(granted)]


def settle_users(folder: Path, users: Iterable[str]) -> dict[str, str]:
    """Each user's hash, or the password of a new one, which is appended to `new-passwords.csv` before anything else is
    written: a password that nobody knows would lock the device out."""
    known = known_users(folder)
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
    host: str,
    port: int,
    tls: Tls | None = None,
    plain: tuple[str, int] | None = None,
) -> Written:
    """Write all that a site's Mosquitto needs into `folder`; `grants`: what speaks for many devices at once, and what
    each may do; `plain` as of `mosquitto_conf`. Raises ValueError for a name that no user may have, or two
    would have, OSError where the folder cannot be written."""
    before, devices = known_users(folder), list(devices)
    if twice := sorted({*gateways, *grants} & set(devices)) or [one for one in grants if one in gateways]:
        raise ValueError(f"a sensor, or what is let in, is called as another user: {', '.join(twice)}")
    users = settle_users(folder, [*gateways, *grants, *devices])
    write_configuration(
        folder,
        credentials=users,
        grants={**dict.fromkeys(gateways, GATEWAY_GRANTS), **grants},
        host=host,
        port=port,
        tls=tls,
        plain=plain,
    )
    return Written(list(users), sorted(users.keys() - before), sorted(before.keys() - users))
