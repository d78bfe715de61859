"""The product's own processes, started, killed and started again."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from app.settings import PREFIX
from sensor_gateway.servers import start_server

_STOP_SECONDS = 20.0


class Program:
    """`akiseki NAME` as a process of its own. `settings` are those of the environment, without their prefix."""

    def __init__(self, name: str, folder: Path, settings: Mapping[str, str]) -> None:
        self.name = name
        self.log_file = folder / f"{name}.log"
        clean = {key: value for key, value in os.environ.items() if not key.startswith(PREFIX)}
        own = {"DATA_DIR": str(folder), "SECRET_KEY": "a key that nobody signs in with", **settings}
        self._environment = clean | {PREFIX + key: value for key, value in own.items()}
        self._process: subprocess.Popen[bytes] | None = None
        self._earlier = 0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill9()

    @property
    def log(self) -> str:
        """All that it wrote, whichever of its lives it was in."""
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    @property
    def said(self) -> str:
        """What it wrote since it was last started."""
        return self.log[self._earlier :]

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        self._earlier = len(self.log)
        self._process = start_server(
            [sys.executable, "-m", "app", self.name], output=self.log_file, environment=self._environment
        )

    def kill9(self) -> None:
        """As a crash or the system's out-of-memory killer does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def stop(self) -> int:
        """As an operator does; returns the exit status."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self.ended()

    def ended(self, seconds: float = _STOP_SECONDS) -> int:
        """The exit status, once it has ended by itself."""
        assert self._process is not None
        return self._process.wait(seconds)
