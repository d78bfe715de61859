"""The pinned uv for a machine without uv, venv and pip: chosen from the lock file, checked, unpacked.

Standard library only.
"""

from __future__ import annotations

import hashlib
import http.client
import platform
import re
import ssl
import sys
import time
import tomllib
import urllib.error
import urllib.request
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TRIES = 3
TIMEOUT_SECONDS = 30
PIECE = 1 << 20


class WheelError(Exception):
    """There is no uv to be had; the text is one line that says why and what to do."""


@dataclass(frozen=True)
class Machine:
    """What decides which wheel runs: `system` is linux, musl or macos; `libc` the version of a glibc."""

    system: str
    arch: str
    libc: tuple[int, int] = (0, 0)

    @classmethod
    def this(cls) -> Machine:
        """The machine we are on."""
        arch = platform.machine().lower()
        if sys.platform == "darwin":
            return cls("macos", arch)
        name, version = platform.libc_ver()
        if name != "glibc":
            return cls("musl", arch)
        major, minor = version.split(".")[:2]
        return cls("linux", arch, (int(major), int(minor)))

    def takes(self, tag: str) -> bool:
        """Whether a wheel with this platform tag, as in manylinux_2_17_x86_64, runs here."""
        match = re.fullmatch(r"(manylinux|musllinux|macosx)_(\d+)_(\d+)_(\w+)", tag)
        if match is None or match[4] != self.arch:
            return False
        if match[1] == "manylinux":
            return self.system == "linux" and (int(match[2]), int(match[3])) <= self.libc
        return match[1] == {"musl": "musllinux", "macos": "macosx"}.get(self.system)


@dataclass(frozen=True)
class Wheel:
    """One wheel as the lock file names it; `sha256` in hexadecimal."""

    version: str
    url: str
    sha256: str
    size: int


def find_wheel(lock: Path, machine: Machine) -> Wheel:
    """The lock file's uv wheel for this machine; WheelError where there is none."""
    packages = tomllib.loads(lock.read_text(encoding="utf-8"))["package"]
    uv = next(package for package in packages if package["name"] == "uv")
    for wheel in uv["wheels"]:
        tags = wheel["url"].rpartition("-")[2].removesuffix(".whl").split(".")
        algorithm, _, digest = wheel["hash"].partition(":")
        if algorithm == "sha256" and any(machine.takes(tag) for tag in tags):
            return Wheel(version=uv["version"], url=wheel["url"], sha256=digest, size=wheel["size"])
    raise WheelError(
        f"There is no ready-made uv for {machine.system} on {machine.arch}: install Python's venv module"
        " (Debian, Ubuntu: apt install python3-venv) and start again."
    )


def fetch_uv(lock: Path, folder: Path, say: Callable[[str], None]) -> Path:
    """The pinned uv program, downloaded into `folder` unless it is there already."""
    wheel = find_wheel(lock, Machine.this())
    program = folder / f"uv-{wheel.version}" / "uv"
    if not program.exists():
        say(f"Downloading uv {wheel.version} ({wheel.size / 1e6:.0f} MB), which installs the packages …")
        archive = folder / "uv.whl"
        archive.write_bytes(verify(download(wheel.url, say), wheel))
        unpack(archive, program)
        archive.unlink()
    return program


def verify(data: bytes, wheel: Wheel) -> bytes:
    """The same bytes, if they are the ones the lock file pins; WheelError otherwise."""
    if hashlib.sha256(data).hexdigest() != wheel.sha256:
        raise WheelError(
            f"What came from {wheel.url} is not the file that uv.lock pins, so it is not used."
            " If a proxy answers in its place, set HTTPS_PROXY or ask the network's administrator."
        )
    return data


def unpack(archive: Path, program: Path) -> None:
    """Put the wheel's uv at `program`, whole or not at all."""
    program.parent.mkdir(parents=True, exist_ok=True)
    unfinished = program.with_suffix(".part")
    with zipfile.ZipFile(archive) as wheel:
        member = next(name for name in wheel.namelist() if name.endswith(".data/scripts/uv"))
        unfinished.write_bytes(wheel.read(member))
    unfinished.chmod(0o755)
    unfinished.rename(program)


def download(url: str, say: Callable[[str], None]) -> bytes:
    """The bytes at an https address, in at most three tries; WheelError says what stands in the way."""
    if not url.startswith("https://"):
        raise WheelError(f"uv.lock names an address that is not https: {url}")
    for tried in range(1, TRIES + 1):
        try:
            return read(url, say)
        except (OSError, http.client.HTTPException) as error:
            if tried == TRIES or is_certificate_error(error):
                raise WheelError(explain(error, url)) from error
            say(f"That failed ({getattr(error, 'reason', error)}); trying again …")
            time.sleep(2 * tried)
    raise AssertionError("the last try returns or raises")


def read(url: str, say: Callable[[str], None]) -> bytes:
    """The bytes at an https address, saying how far it is every 5 MB."""
    data = bytearray()
    with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310  download() checks the scheme
        while piece := answer.read(PIECE):
            data += piece
            if len(data) // (5 * PIECE) > (len(data) - len(piece)) // (5 * PIECE):
                say(f"  {len(data) / 1e6:.0f} MB")
    return bytes(data)


def reach(lock: Path) -> None:
    """Ask for the pinned wheel without taking it; WheelError says what stands in the way."""
    wheel = find_wheel(lock, Machine.this())
    try:
        question = urllib.request.Request(wheel.url, method="HEAD")  # noqa: S310  the lock's addresses are https
        urllib.request.urlopen(question, timeout=TIMEOUT_SECONDS).close()  # noqa: S310
    except (OSError, http.client.HTTPException) as error:
        raise WheelError(explain(error, wheel.url)) from error


def is_certificate_error(error: Exception) -> bool:
    """Whether the other side could not be trusted, which no second try mends."""
    return isinstance(getattr(error, "reason", error), ssl.SSLCertVerificationError)


def explain(error: Exception, url: str) -> str:
    """One line for a download that failed: what happened and what to do."""
    host = url.split("/")[2]
    if is_certificate_error(error):
        return (
            f"The certificate of {host} cannot be checked: install the authorities' certificates"
            " (Debian, Ubuntu: apt install ca-certificates), or name your network's own in SSL_CERT_FILE."
        )
    if isinstance(error, urllib.error.HTTPError):
        return (
            f"{host} answered {error.code} {error.reason}. Try later; set HTTPS_PROXY if a proxy is needed."
        )
    reason = getattr(error, "reason", error)
    return f"{host} cannot be reached ({reason}): connect to a network; set HTTPS_PROXY if a proxy is needed."
