"""Programs that a test needs and that no Python package brings."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

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


# Program → how to find it, and the Debian package that brings it.
PROGRAMS: dict[str, tuple[Callable[[], Path | None], str]] = {
    "mosquitto": (find_mosquitto, "mosquitto"),
    "postgresql": (find_postgresql, "postgresql"),
    "chromium": (find_chromium, "chromium"),
    "libatomic": (find_libatomic, "libatomic1"),
}


def in_ci() -> bool:
    """Whether this is the build that vouches for the product, where nothing may be left out."""
    return os.environ.get("CI") == "true"


def need(program: str) -> Path:
    """Where a program is. Without it the test is skipped, naming the package to install; in CI it fails."""
    find, package = PROGRAMS[program]
    found = find()
    if found is None:
        lacking = f"{program} is not installed: apt install {package}"
        if in_ci():
            pytest.fail(lacking, pytrace=False)
        pytest.skip(lacking)
    return found
