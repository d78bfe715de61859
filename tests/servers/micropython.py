"""A device's program in a real MicroPython, as a process of its own."""

import json
import os
import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sensor_gateway.servers import free_port, start_server
from tests.servers.requirements import need

FIRMWARE = Path(__file__).parents[2] / "firmware_stubs"
SCRIPTS = Path(__file__).parents[1] / "firmware_stubs" / "desk_sensor" / "on_device"


def micropython(script: str, *arguments: str) -> list[str]:
    """The command that runs one of the scripts for devices."""
    return [str(need("micropython")), str(SCRIPTS / script), *arguments]


def environment(modules: Path = FIRMWARE) -> dict[str, str]:
    """Where the interpreter finds the device's modules and the tests' own."""
    return {**os.environ, "MICROPYPATH": f"{modules}:{SCRIPTS}:.frozen"}


def run_script(script: str, *arguments: str, seconds: float = 60) -> subprocess.CompletedProcess[str]:
    """Run a script to its end, whatever that is."""
    return subprocess.run(
        micropython(script, *arguments),
        env=environment(),
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )


class Device:
    """A script of a device that takes its settings from a file and what it sees from UDP."""

    def __init__(self, script: str, folder: Path, settings: Mapping[str, Any], *arguments: str) -> None:
        self.folder = folder
        self.log_file = folder / "device.log"
        self._port = free_port()
        self._settings = folder / "settings.json"
        self._settings.write_text(json.dumps(settings))
        self._command = micropython(script, str(self._settings), *(arguments or [str(self._port)]))
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill9()

    @property
    def log(self) -> str:
        """All that it printed, whichever of its lives it was in."""
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        self._process = start_server(self._command, output=self.log_file, environment=environment())

    def kill9(self) -> None:
        """As a power cut does, but for the flash."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def ended(self, seconds: float = 60) -> int:
        """The exit status, once it has ended by itself."""
        assert self._process is not None
        return self._process.wait(seconds)

    def tell(self, **state: object) -> None:
        """What the hardware sees or says from now on."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            one.sendto(json.dumps(state).encode(), ("127.0.0.1", self._port))
