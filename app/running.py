"""The office's processes side by side, each with a log of its own, none of which outlives this one."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from ssl import create_default_context
from urllib.error import URLError
from urllib.request import urlopen

from app.settings import PREFIX
from sensor_gateway.servers import start_server

READY_SECONDS = 60.0
STOP_SECONDS = 15.0
LOOK_SECONDS = 0.2


class ProcessEndedError(RuntimeError):
    """One of the processes ended; without it the office does not run."""


@dataclass(slots=True)
class Running:
    """A process of the office, where it writes, and how it is started again."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    process: subprocess.Popen[bytes]

    def start_again(self) -> None:
        """After it ended."""
        self.process = start_server(self.command, output=self.log, environment=self.environment)

    @property
    def has_ended(self) -> bool:
        return self.process.poll() is not None

    @property
    def last_words(self) -> str:
        """The last line that it wrote."""
        return (self.log.read_text(errors="replace").strip().splitlines() or ["it wrote nothing"])[-1]


@contextmanager
def running(
    name: str, command: Sequence[str], folder: Path, settings: Mapping[str, str]
) -> Iterator[Running]:
    """`python -m COMMAND` with these settings and no others, stopped at the end."""
    log = folder / f"{name}.log"
    kept = {key: value for key, value in os.environ.items() if not key.startswith(PREFIX)}
    environment = kept | dict(settings)
    whole = [sys.executable, "-m", *command]
    found = Running(name, whole, environment, log, start_server(whole, output=log, environment=environment))
    try:
        yield found
    finally:
        found.process.terminate()
        try:
            found.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            found.process.kill()
            found.process.wait()


def check(listed: Sequence[Running]) -> None:
    """Raises ProcessEndedError naming the first that ended, where its log is, and what it said last."""
    for one in listed:
        if one.has_ended:
            raise ProcessEndedError(f"{one.name} ended ({one.log}): {one.last_words}")


def wait_until_ready(base: str, listed: Sequence[Running]) -> None:
    """Until our own web process at `base` answers; raises ProcessEndedError."""
    trusting = create_default_context()
    # It is our own process on this machine, whose certificate names the office and not 127.0.0.1.
    trusting.check_hostname, trusting.verify_mode = False, 0  # type: ignore[assignment]
    limit = time.monotonic() + READY_SECONDS
    while time.monotonic() < limit:
        check(listed)
        with suppress(URLError, OSError):
            urlopen(base + "/readyz", timeout=2, context=trusting)  # noqa: S310 - our own server
            return
        time.sleep(LOOK_SECONDS)
    raise ProcessEndedError(f"the web process did not answer within {READY_SECONDS:g} s ({listed[0].log})")
