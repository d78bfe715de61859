"""Settings that name something outside: addresses, files. A reader raises ValueError with what is wrong."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

Network = IPv4Network | IPv6Network
HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]*")


def url(*schemes: str, host_needed: bool = True) -> Callable[[str], str]:
    """What reads an address that begins with one of these schemes."""
    starts = tuple(f"{scheme}://" for scheme in schemes)

    def read(text: str) -> str:
        if not text.startswith(starts):
            raise ValueError(f"must begin with {' or '.join(starts)}")
        if host_needed and not _names_host(text):
            raise ValueError(
                "must name a host, and a port from 1 to 65535 where it names one; in a user or password write "
                "% # / ? @ : as %25 %23 %2F %3F %40 %3A"
            )
        return text

    return read


def _names_host(text: str) -> bool:
    """Whether an address names a host, with nothing behind that can only be the rest of a password."""
    try:
        parts = urlsplit(text)
        return bool(parts.hostname) and parts.port != 0 and not parts.fragment and "@" not in parts.path
    except ValueError:
        return False


def database_url(text: str) -> str:
    """The address of a database; a socket of PostgreSQL has no host."""
    url("sqlite", "postgresql+psycopg", host_needed=False)(text)
    try:
        parts = make_url(text)
    except (ArgumentError, ValueError):
        parts = None
    if parts is None or (parts.get_backend_name() == "sqlite" and (parts.host or not parts.database)):
        raise ValueError(
            "must be as in sqlite:////folder/akiseki.db or postgresql+psycopg://user:password@host:5432/name"
        )
    return text


def issuer(text: str) -> str:
    """As the provider writes itself, to the letter: it is compared with what the provider says."""
    url("https", "http")(text)
    host = urlsplit(text).hostname
    if text.startswith("http://") and host not in {"localhost", "127.0.0.1", "::1"}:
        raise ValueError("must be https: what comes over http can be anybody's")
    return text


def header(text: str) -> str:
    """The name of a header that a proxy sets and no browser does."""
    if not HEADER.fullmatch(text):
        raise ValueError(f"'{text}' is not the name of a header such as X-Remote-User")
    if text.lower() in {"authorization", "cookie", "host"}:
        raise ValueError(f"{text} is every browser's to send")
    return text


def networks(text: str) -> tuple[Network, ...]:
    """Addresses and networks, apart by commas."""
    try:
        found = tuple(ip_network(one.strip()) for one in text.split(","))
    except ValueError:
        raise ValueError(
            f"'{text}' are not addresses such as 192.0.2.10 or 192.0.2.0/28, 2001:db8::1"
        ) from None
    if any(one.prefixlen == 0 for one in found):
        raise ValueError("must not be everybody's address")
    return found


def file(text: str) -> Path:
    """A file that is there. Whether it can be read is asked by whoever needs it: a key is not every process's."""
    if not os.path.isfile(text):  # that of Path raises where a folder is closed
        raise ValueError(f"there is no file '{text}'")
    return Path(text).resolve()
